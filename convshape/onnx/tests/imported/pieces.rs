convshape::conv_chain! {
    pub struct Net {
        input: x0 [9, 4, 6];

        slice: Slice(channels: 0..2);
        slice_2: Slice(channels: 2..5) from x0;
        slice_3: Slice(channels: 5..9) from x0;
        reshape: Reshape([4, 2, 2, 6]);
        Slice(0..1, axis: 2);
        Reshape([4, 2, 3, 2]);
        Slice(0..1, axis: 3);
        reshape_2: Reshape([4, 2, 3]);
        Slice(1..2, axis: 2) from reshape;
        Reshape([4, 2, 3, 2]);
        Slice(1..2, axis: 3);
        reshape_3: Reshape([4, 2, 3]);
        concat: Concat(reshape_2, reshape_3);
        sum: Sum(axis: channels, keep: true) from slice_2;
        mul: Mul(slice, sum);
        slice_4: Slice(channels: 0..2) from slice_3;
        _61: Add(mul, slice_4);
        c: Conv2d(8 -> 3, kernel: 2) from concat;
        _63: Flatten;

        output: _61 [2, 4, 6], _63 [6];
    }
}
