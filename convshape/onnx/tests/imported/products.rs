convshape::conv_chain! {
    pub struct Net {
        input: x0 [5, 4];

        a: Parameter([4, 5]);
        mat_mul: MatMul(a, x0);
        Permute(1, 0) from x0;
        linear: Linear(5 -> 4, bias: false);
        _6: Add(mat_mul, linear);

        output: _6 [4, 4];
    }
}
