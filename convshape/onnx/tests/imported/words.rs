convshape::conv_chain! {
    pub struct Net {
        input: x0 [5];

        reshape: Reshape([5, 1]);
        arange: Arange(9);
        reshape_2: Reshape([1, 9]) from arange;
        Sub(reshape, reshape_2, activation: Abs);
        Scale(-1.0);
        AddScalar(1.0);
        e_relu: Relu;
        #[name = "e.weight"] weight: Parameter([9, 4]);
        e_mat_mul: MatMul(e_relu, weight);
        p: Parameter([5, 4]);
        Add(e_mat_mul, p);
        f: Linear(4 -> 3);
        _10: Flatten;

        output: _10 [15];
    }
}
