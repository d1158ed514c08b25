convshape::conv_chain! {
    pub struct Net {
        input: x0 [4, 4, 2, 4];

        slice: Slice(1..4, axis: 1);
        slice_2: Slice(0..1, axis: 1) from x0;
        concat: Concat(slice, slice_2, axis: 1);
        slice_3: Slice(1..2, axis: 2);
        slice_4: Slice(0..1, axis: 2) from concat;
        Concat(slice_3, slice_4, axis: 2);
        Reshape([2, 2, 2, 16]);
        Permute(0, 2, 1, 3);
        Reshape([4, 8, 4]);
        f: Linear(4 -> 4);
        Reshape([2, 2, 2, 16]);
        Permute(0, 2, 1, 3);
        Reshape([4, 4, 2, 2, 2]);
        Permute(3, 4, 0, 1, 2);
        Reshape([4, 4, 4, 2]);
        c: Conv3d(4 -> 4, kernel: 3, padding: 1, groups: 4);
        _46: Reshape([4, 32]);

        output: _46 [4, 32];
    }
}
