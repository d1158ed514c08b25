convshape::conv_chain! {
    pub struct Net {
        input: x0 [3, 6, 5];

        p: Parameter([1, 6, 5]);
        maximum: Maximum(x0, p);
        scale: Scale(2.0) from x0;
        parameter: Parameter([1, 1, 1]);
        minimum: Minimum(scale, parameter);
        Abs from x0;
        add_scalar: AddScalar(1.0);
        div: Div(minimum, add_scalar);
        sub: Sub(maximum, div);
        Scale(-1.0) from x0;
        add_scalar_2: AddScalar(1.0);
        sub_2: Sub(sub, add_scalar_2);
        Exp from x0;
        AddScalar(3.0);
        Pow(-1.0);
        scale_2: Scale(2.0);
        add: Add(sub_2, scale_2);
        Clamp(min: 0.5, max: 2.0) from x0;
        sqrt: Sqrt;
        parameter_2: Parameter([1, 1, 1]);
        div_2: Div(parameter_2, sqrt);
        add_2: Add(add, div_2);
        gelu: Gelu from x0;
        add_3: Add(add_2, gelu);
        silu: Silu from x0;
        _42: Add(add_3, silu);

        output: _42 [3, 6, 5];
    }
}
