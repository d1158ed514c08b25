convshape::conv_chain! {
    pub struct Net {
        input: x0 [5, 4];

        reshape: Reshape([5, 1, 4]);
        codes: Parameter([1, 6, 4]);
        Sub(reshape, codes, activation: Square);
        _8: Sum(axis: 2);

        output: _8 [5, 6];
    }
}
