convshape::conv_chain! {
    pub struct Net {
        for h in 1.., w in 1..;

        input: x0 [3, 2*h, 2*w];

        a: Conv2d(3 -> 4, kernel: 3, padding: 1);
        Relu;
        MaxPool2d(2, stride: 2);
        b: Conv2d(4 -> 4, kernel: 3, padding: 1, activation: Relu);
        AdaptiveAvgPool2d(1);
        g: Conv2d(4 -> 4, kernel: 1, activation: Sigmoid);
        Mul(b, g);
        upsample: Upsample(2, mode: bilinear);
        _37: Add(a, upsample);
        _38: Flatten from g;

        output: _37 [4, 2*h, 2*w], _38 [4];
    }
}
