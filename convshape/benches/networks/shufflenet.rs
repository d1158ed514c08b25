//! ShuffleNet V2, which a test of its parameters reads too.

use convshape::conv_chain;

conv_chain! {
    /// Ma et al., "ShuffleNet V2" (2018), width 1.0.
    pub struct ShuffleNetV2 {
        block Down(from, to) {
            a: Conv2d(from, kernel: 3, stride: 2, padding: 1, groups: from, bias: false);
            BatchNorm;
            a2: Conv2d(to / 2, kernel: 1, bias: false);
            BatchNorm(activation: Relu);
            left: Identity;
            b: Conv2d(to / 2, kernel: 1, bias: false) from input;
            BatchNorm(activation: Relu);
            b2: Conv2d(to / 2, kernel: 3, stride: 2, padding: 1, groups: to / 2, bias: false);
            BatchNorm;
            b3: Conv2d(to / 2, kernel: 1, bias: false);
            BatchNorm(activation: Relu);
            Concat(left, _);
            ChannelShuffle(2);
        }
        block Keep(channels) {
            left: Slice(channels: 0..channels / 2);
            Slice(channels: channels / 2..channels) from input;
            b: Conv2d(channels / 2, kernel: 1, bias: false);
            BatchNorm(activation: Relu);
            b2: Conv2d(channels / 2, kernel: 3, padding: 1, groups: channels / 2, bias: false);
            BatchNorm;
            b3: Conv2d(channels / 2, kernel: 1, bias: false);
            BatchNorm(activation: Relu);
            Concat(left, _);
            ChannelShuffle(2);
        }
        input: [3, 224, 224];
        conv1: Conv2d(3 -> 24, kernel: 3, stride: 2, padding: 1, bias: false);
        BatchNorm(activation: Relu);
        MaxPool2d(3, stride: 2, padding: 1);
        Down(24, 116);
        repeat 3 { Keep(116); }
        Down(116, 232);
        repeat 7 { Keep(232); }
        Down(232, 464);
        repeat 3 { Keep(464); }
        conv5: Conv2d(464 -> 1024, kernel: 1, bias: false);
        BatchNorm(activation: Relu);
        GlobalAvgPool;
        fc: Linear(1024 -> 1000);
        output: [1000];
    }
}
