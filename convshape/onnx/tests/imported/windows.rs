convshape::conv_chain! {
    pub struct Net {
        input: x0 [4, 4, 8];

        slice: Slice(channels: 1..4);
        slice_2: Slice(channels: 0..1) from x0;
        concat: Concat(slice, slice_2);
        slice_3: Slice(1..4, axis: 1);
        slice_4: Slice(0..1, axis: 1) from concat;
        Concat(slice_3, slice_4, axis: 1);
        Reshape([2, 2, 2, 2, 8]);
        Permute(0, 2, 1, 3, 4);
        Reshape([4, 4, 8]);
        qkv: Linear(8 -> 24);
        slice_5: Slice(0..8, axis: 2);
        slice_6: Slice(8..16, axis: 2) from qkv;
        slice_7: Slice(16..24, axis: 2) from qkv;
        bias: Parameter([1, 2, 4, 4]);
        parameter: Parameter([4, 1, 4, 4]);
        add: Add(parameter, bias);
        Attention(slice_5, slice_6, slice_7, add, heads: 2);
        Reshape([2, 2, 2, 2, 8]);
        Permute(0, 2, 1, 3, 4);
        reshape: Reshape([4, 4, 8]);
        slice_8: Slice(channels: 3..4);
        slice_9: Slice(channels: 0..3) from reshape;
        concat_2: Concat(slice_8, slice_9);
        slice_10: Slice(3..4, axis: 1);
        slice_11: Slice(0..3, axis: 1) from concat_2;
        _79: Concat(slice_10, slice_11, axis: 1);

        output: _79 [4, 4, 8];
    }
}
