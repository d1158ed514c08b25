convshape::conv_chain! {
    pub struct Net {
        input: x0 [4, 3, 6, 8];

        Permute(1, 0, 2, 3);
        c: Conv3d(3 -> 4, kernel: (1, 3, 3), padding: (0, 1, 1), activation: Relu);
        Reshape([16, 6, 8]);
        MaxPool2d(2, stride: 2);
        Reshape([4, 4, 3, 4]);
        p: Prelu(4);
        Reshape([16, 3, 4]);
        Upsample(2, mode: nearest);
        Reshape([4, 4, 6, 8]);
        Mean(axis: (2, 3));
        f: Linear(4 -> 1);
        _54: Flatten;

        output: _54 [4];
    }
}
