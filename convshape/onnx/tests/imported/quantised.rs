convshape::conv_chain! {
    pub struct Net {
        input: x0 [3, 6, 8];

        e: Conv2d(3 -> 4, kernel: 2, stride: 2);
        Permute(1, 2, 0);
        reshape: Reshape([12, 4]);
        Square;
        sum: Sum(axis: 1, keep: true);
        parameter: Parameter([1, 6]);
        add: Add(sum, parameter);
        Scale(2.0) from reshape;
        linear: Linear(4 -> 6, bias: false);
        Sub(add, linear);
        scale: Scale(-1.0);
        max: Max(axis: 1, keep: true);
        Sub(scale, max);
        Scale(1e38);
        Clamp(min: -1.0, max: 0.0);
        add_scalar: AddScalar(1.0);
        places: Parameter([1, 6], train: false);
        Mul(add_scalar, places);
        Max(axis: 1, keep: true);
        Scale(-1.0);
        add_scalar_2: AddScalar(6.0);
        arange: Arange(6);
        reshape_2: Reshape([1, 6]) from arange;
        Sub(add_scalar_2, reshape_2, activation: Abs);
        Scale(-1.0);
        AddScalar(1.0);
        codes_relu: Relu;
        MatMul(codes_relu, linear.weight);
        Reshape([3, 4, 4]);
        Permute(2, 0, 1);
        #[name = "d"] _48: ConvTranspose2d(4 -> 3, kernel: 2, stride: 2);

        output: _48 [3, 6, 8];
    }
}
