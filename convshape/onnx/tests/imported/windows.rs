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
        Slice(0..8, axis: 2);
        Reshape([4, 4, 2, 4]);
        permute: Permute(0, 2, 1, 3);
        Slice(8..16, axis: 2) from qkv;
        reshape: Reshape([4, 4, 2, 4]);
        Slice(16..24, axis: 2) from qkv;
        Reshape([4, 4, 2, 4]);
        permute_2: Permute(0, 2, 1, 3);
        permute_3: Permute(0, 2, 3, 1) from reshape;
        MatMul(permute, permute_3);
        scale: Scale(0.5);
        bias: Parameter([1, 2, 4, 4]);
        Add(scale, bias);
        softmax: Softmax(axis: -1);
        MatMul(softmax, permute_2);
        Permute(0, 2, 1, 3);
        Reshape([2, 2, 2, 2, 8]);
        Permute(0, 2, 1, 3, 4);
        reshape_2: Reshape([4, 4, 8]);
        slice_5: Slice(channels: 3..4);
        slice_6: Slice(channels: 0..3) from reshape_2;
        concat_2: Concat(slice_5, slice_6);
        slice_7: Slice(3..4, axis: 1);
        slice_8: Slice(0..3, axis: 1) from concat_2;
        _73: Concat(slice_7, slice_8, axis: 1);

        output: _73 [4, 4, 8];
    }
}
