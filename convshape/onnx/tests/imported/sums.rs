convshape::conv_chain! {
    pub struct Net {
        input: x0 [5], x1 [6];

        w: Parameter([4, 5, 1, 1]);
        sum: Sum(axis: (2, 3)) from w;
        reshape: Reshape([1, 5]) from x0;
        reshape_2: Reshape([5, 1]) from x0;
        mat_mul: MatMul(sum, reshape_2);
        v: Parameter([4, 5, 6]);
        Permute(1, 0, 2) from v;
        reshape_3: Reshape([5, 24]);
        MatMul(reshape, reshape_3);
        reshape_4: Reshape([4, 6]);
        reshape_5: Reshape([6, 1]) from x1;
        MatMul(reshape_4, reshape_5);
        _5: Flatten;
        reshape_6: Reshape([1, 6]) from x1;
        Mul(reshape_2, reshape_6);
        _11: Sum(axis: channels);
        scale: Scale(200.0) from x0;
        max: Max(keep: true);
        max_2: Max from scale;
        Sub(scale, max, activation: Exp);
        sum_2: Sum(activation: Log);
        _14: Add(sum_2, max_2);
        _4: Flatten from mat_mul;

        output: _4 [4], _5 [4], _11 [6], _14 [1];
    }
}
