convshape::conv_chain! {
    pub struct Net {
        input: x0 [5];

        reshape: Reshape([5, 1]);
        places: Parameter([1, 9], train: false);
        Sub(reshape, places, activation: Abs);
        Scale(-1.0);
        AddScalar(1.0);
        Relu;
        e: Linear(9 -> 4, bias: false);
        p: Parameter([5, 4]);
        Add(e, p);
        f: Linear(4 -> 3);
        _10: Flatten;

        output: _10 [15];
    }
}
