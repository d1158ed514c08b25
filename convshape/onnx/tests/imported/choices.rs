convshape::conv_chain! {
    pub struct Net {
        input: x0 [4, 5], x1 [4, 5];

        AddScalar(-0.2);
        Scale(1e38);
        clamp: Clamp(min: 0.0, max: 1.0);
        AddScalar(-0.5) from x1;
        Scale(1e38);
        Clamp(min: 0.0, max: 1.0);
        Scale(-1.0);
        add_scalar: AddScalar(1.0);
        mul: Mul(clamp, add_scalar);
        Scale(-1.0) from x0;
        AddScalar(-1.0);
        Scale(1e38);
        clamp_2: Clamp(min: 0.0, max: 1.0);
        maximum: Maximum(mul, clamp_2);
        Sub(x0, x1);
        Scale(1e38);
        clamp_3: Clamp(min: 0.0, max: 1.0);
        sub: Sub(x0, x1);
        scale: Scale(2.0) from x1;
        Scale(-1.0) from clamp_3;
        add_scalar_2: AddScalar(1.0);
        mul_2: Mul(clamp_3, sub);
        mul_3: Mul(add_scalar_2, scale);
        add: Add(mul_2, mul_3);
        mask: Parameter([4, 5], train: false);
        mul_4: Mul(mask, x0);
        Scale(1e38) from x0;
        clamp_4: Clamp(min: -1.0, max: 1.0);
        Scale(-1.0) from maximum;
        add_scalar_3: AddScalar(1.0);
        Scale(-1.0) from x1;
        AddScalar(0.3);
        Scale(1e38);
        clamp_5: Clamp(min: 0.0, max: 1.0);
        Scale(-1.0);
        AddScalar(1.0);
        scale_2: Scale(-1e9);
        mul_5: Mul(clamp_5, x0);
        Add(scale_2, mul_5);
        softmax: Softmax(axis: -1);
        concat: Concat(x0, x0);
        mean: Mean(axis: channels, keep: true) from x0;
        expand: Parameter([3, 5], train: false);
        add_2: Add(mean, expand);
        Scale(1.0986123) from x0;
        exp: Exp;
        _40: Concat(add, mul_4, clamp_4, add_scalar_3, softmax, concat, add_2, exp);

        output: _40 [35, 5];
    }
}
