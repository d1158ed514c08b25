convshape::conv_chain! {
    pub struct Net {
        block Block() {
            #[name = "0"] conv_0: Conv2d(4 -> 2, kernel: 3, padding: 1, activation: Tanh);
            #[name = "2"] conv_2: Conv2d(2 -> 3, kernel: 1, activation: Sigmoid);
            #[name = "4"] conv_4: Conv2d(3 -> 4, kernel: 1, activation: Relu);
        }

        input: x0 [4, 5, 6];

        #[name = "blocks.0"] blocks_0: Block;
        #[name = "blocks.1"] blocks_1: Block;
        #[name = "blocks.2"] blocks_2: Block;
        concat: Concat(blocks_0, blocks_1, blocks_2);
        parameter: Parameter([1, 6, 108]);
        Reshape([6, 108]) from parameter;
        instance_norm: InstanceNorm(6, eps: 1e-6);
        gain: Parameter([6, 1]);
        Mul(instance_norm, gain);
        reshape: Reshape([6, 12, 3, 3]);
        #[name = "root"] _57: Conv2d(12 -> 6, kernel: 3) from (concat, reshape);

        output: _57 [6, 3, 4];
    }
}
