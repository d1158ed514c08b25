convshape::conv_chain! {
    pub struct Net {
        input: x0 [2, 5, 6], x1 [1];

        parameter: Parameter([3]);
        mul: Mul(x1, parameter);
        c: Conv2d(2 -> 4, kernel: 3, activation: Silu) from x0;
        sin: Sin from mul;
        cos: Cos from mul;
        Concat(sin, cos);
        t: Linear(6 -> 4);
        reshape: Reshape([4, 1, 1]);
        _21: Add(c, reshape);

        output: _21 [4, 3, 4];
    }
}
