convshape::conv_chain! {
    pub struct Net {
        lint: allow;
        input: x [4, 3];

        slice: Slice(channels: 2..4);
        tanh: Tanh;
        tanh_2: Tanh;
        leaky_relu: LeakyRelu(0.25) from tanh;
        mul: Mul(tanh_2, leaky_relu);
        leaky_relu_2: LeakyRelu(0.125) from slice;
        y: Mul(mul, leaky_relu_2);

        output: y [2, 3];
    }
}
