convshape::conv_chain! {
    pub struct Net {
        input: x0 [3, 6, 5];

        qkv: Linear(5 -> 15);
        slice: Slice(0..5, axis: 2);
        slice_2: Slice(5..10, axis: 2) from qkv;
        slice_3: Slice(10..15, axis: 2) from qkv;
        _28: Attention(slice, slice_2, slice_3, heads: 1);

        output: _28 [3, 6, 5];
    }
}
