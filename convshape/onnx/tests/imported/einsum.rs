convshape::conv_chain! {
    pub struct Net {
        input: x0 [5, 2, 4];

        permute: Permute(1, 0, 2);
        permute_2: Permute(1, 2, 0) from x0;
        MatMul(permute, permute_2);
        softmax: Softmax(axis: -1);
        MatMul(softmax, permute);
        _3: Permute(1, 0, 2);

        output: _3 [5, 2, 4];
    }
}
