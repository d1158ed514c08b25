convshape::conv_chain! {
    pub struct Net {
        input: x0 [1, 8, 8], x1 [1];

        conv: Conv2d(1 -> 3, kernel: 3, stride: 2, padding: 1);
        Tanh;
        flatten: Flatten;
        code: Linear(48 -> 5);
        Scale(-1.0) from flatten;
        reshape: Reshape([1, 48]);
        twin_mat_mul: MatMul(reshape, code.weight, transpose_b: true);
        #[name = "twin.bias"] twin_bias: Parameter([1, 5]);
        Add(twin_mat_mul, twin_bias);
        flatten_2: Flatten(activation: Tanh);
        add: Add(code, flatten_2);
        reshape_2: Reshape([1, 1]) from x1;
        arange: Arange(6);
        reshape_3: Reshape([1, 6]) from arange;
        Sub(reshape_2, reshape_3, activation: Abs);
        Scale(-1.0);
        AddScalar(1.0);
        words_relu: Relu;
        #[name = "words.weight"] weight: Parameter([6, 5]);
        MatMul(words_relu, weight);
        flatten_3: Flatten;
        add_2: Add(add, flatten_3);
        reshape_4: Reshape([1, 5]);
        MatMul(reshape_4, code.weight);
        flatten_4: Flatten;
        Add(flatten, flatten_4);
        reshape_5: Reshape([3, 4, 4]);
        #[name = "up"] _24: ConvTranspose2d(3 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1) from (reshape_5, conv.weight);
        Tanh from add_2;
        reshape_6: Reshape([1, 5]);
        next_mat_mul: MatMul(reshape_6, weight, transpose_b: true);
        #[name = "next.bias"] next_bias: Parameter([1, 6]);
        Add(next_mat_mul, next_bias);
        _26: Flatten;

        output: _24 [1, 8, 8], _26 [6];
    }
}
