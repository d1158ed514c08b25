convshape::conv_chain! {
    pub struct Net {
        input: x0 [6, 8];

        qkv: Linear(8 -> 24);
        slice: Slice(0..8, axis: 1);
        slice_2: Slice(8..16, axis: 1) from qkv;
        slice_3: Slice(16..24, axis: 1) from qkv;
        _118: Attention(slice, slice_2, slice_3, heads: 2, causal: true);

        output: _118 [6, 8];
    }
}
