convshape::conv_chain! {
    pub struct Net {
        block Block(channels) {
            conv1: Conv2d(channels -> channels, kernel: 3, padding: 1, activation: Relu);
            conv2: Conv2d(channels -> channels, kernel: 3, padding: 1);
            Add(conv2, input, activation: Relu);
        }

        input: x0 [3, 12, 16];

        #[name = "0.0.conv1"] conv1_0_0: Conv2d(3 -> 4, kernel: 3, stride: 2, padding: 1, activation: Relu);
        #[name = "0.0.conv2"] conv2_0_0: Conv2d(4 -> 4, kernel: 3, padding: 1);
        #[name = "0.0.down"] down_0_0: Conv2d(3 -> 4, kernel: 1, stride: 2) from x0;
        Add(conv2_0_0, down_0_0, activation: Relu);
        block: repeat i in 1..4 { #[name = "0.{i}"] Block(4); }
        #[name = "1.0.conv1"] conv1_1_0: Conv2d(4 -> 8, kernel: 3, stride: 2, padding: 1, activation: Relu);
        #[name = "1.0.conv2"] conv2_1_0: Conv2d(8 -> 8, kernel: 3, padding: 1);
        #[name = "1.0.down"] down_1_0: Conv2d(4 -> 8, kernel: 1, stride: 2) from block;
        Add(conv2_1_0, down_1_0, activation: Relu);
        block_2: repeat i in 1..3 { #[name = "1.{i}"] Block(8); }
        AdaptiveAvgPool2d(1);
        Flatten;
        #[name = "4"] _116: Linear(8 -> 5);

        output: _116 [5];
    }
}
