convshape::conv_chain! {
    pub struct Net {
        input: x0 [2, 6, 5], x1 [2, 6, 5];

        Scale(0.3) from x1;
        permute: Permute(1, 2, 0);
        parameter: Parameter([6, 5, 2]);
        add: Add(parameter, permute);
        Slice(0..1, axis: 2);
        Flatten;
        Scale(2.0);
        AddScalar(2.0);
        reshape: Reshape([30, 1]);
        places: Parameter([1, 5], train: false);
        Sub(reshape, places, activation: Abs);
        Scale(-1.0);
        AddScalar(1.0);
        relu: Relu;
        Slice(1..2, axis: 2) from add;
        Flatten;
        Scale(2.5);
        AddScalar(2.5);
        reshape_2: Reshape([30, 1]);
        places_2: Parameter([1, 6], train: false);
        Sub(reshape_2, places_2, activation: Abs);
        Scale(-1.0);
        AddScalar(1.0);
        relu_2: Relu;
        reshape_3: Reshape([30, 1, 5]) from relu;
        reshape_4: Reshape([30, 6, 1]) from relu_2;
        Mul(reshape_4, reshape_3);
        reshape_5: Reshape([30, 30]);
        reshape_6: Reshape([2, 30]) from x0;
        MatMul(reshape_6, reshape_5, transpose_b: true);
        _9: Reshape([2, 6, 5]);
        Flatten from x0;
        f: Linear(60 -> 160);
        Reshape([8, 5, 4]);
        _16: ConvTranspose2d(8 -> 2, kernel: 2, groups: 2, bias: false);

        output: _9 [2, 6, 5], _16 [2, 6, 5];
    }
}
