convshape::conv_chain! {
    pub struct Net {
        input: x0 [3, 8, 12];

        c: Conv2d(3 -> 8, kernel: 4, stride: 4);
        Reshape([8, 6]);
        permute: Permute(1, 0);
        parameter: Parameter([1, 8]);
        concat: Concat(parameter, permute);
        places: Parameter([7, 8]);
        _36: Add(concat, places);

        output: _36 [7, 8];
    }
}
