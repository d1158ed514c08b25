convshape::conv_chain! {
    pub struct Net {
        block Layer(inputs) {
            #[name = "0"] conv_0: Conv2d(inputs -> 4, kernel: 1, activation: Relu);
            #[name = "2"] conv_2: Conv2d(4 -> 2, kernel: 3, padding: 1);
            #[name = "3"] prelu_3: Prelu(2);
            Concat(input, prelu_3);
        }

        input: x0 [2, 5, 6];

        #[name = "layers.0"] layers_0: Layer(2);
        #[name = "layers.1"] layers_1: Layer(4);
        #[name = "layers.2"] layers_2: Layer(6);
        #[name = "layers.3"] _48: Layer(8);

        output: _48 [10, 5, 6];
    }
}
