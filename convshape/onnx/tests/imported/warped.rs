convshape::conv_chain! {
    pub struct Net {
        block Block(size) {
            reshape: Reshape([30, 1]);
            arange: Arange(size);
            reshape_2: Reshape([1, size]) from arange;
            Sub(reshape, reshape_2, activation: Abs);
            Scale(-1.0);
            AddScalar(1.0);
            Relu;
        }

        input: x0 [2, 6, 5], x1 [2, 6, 5];

        Scale(0.3) from x1;
        permute: Permute(1, 2, 0);
        parameter: Parameter([6, 5, 2]);
        add: Add(parameter, permute);
        Slice(0..1, axis: 2);
        Flatten;
        Scale(2.0);
        AddScalar(2.0);
        block: Block(5);
        Slice(1..2, axis: 2) from add;
        Flatten;
        Scale(2.5);
        AddScalar(2.5);
        block_2: Block(6);
        reshape: Reshape([30, 1, 5]) from block;
        reshape_2: Reshape([30, 6, 1]) from block_2;
        Mul(reshape_2, reshape);
        reshape_3: Reshape([30, 30]);
        reshape_4: Reshape([2, 30]) from x0;
        MatMul(reshape_4, reshape_3, transpose_b: true);
        _9: Reshape([2, 6, 5]);
        Flatten from x0;
        f: Linear(60 -> 160);
        Reshape([8, 5, 4]);
        _16: ConvTranspose2d(8 -> 2, kernel: 2, groups: 2, bias: false);

        output: _9 [2, 6, 5], _16 [2, 6, 5];
    }
}
