//! ShuffleNet V2, which a test of its values reads too.

use convshape::conv_chain;

conv_chain! {
    /// Ma et al., "ShuffleNet V2" (2018), width 1.0, with torchvision's names.
    pub struct ShuffleNetV2 {
        block Branch(to, stride) {
            #[name = "0"] a: Conv2d(to, kernel: 1, bias: false);
            #[name = "1"] BatchNorm(activation: Relu);
            #[name = "3"] b: Conv2d(to, kernel: 3, stride: stride, padding: 1, groups: to, bias: false);
            #[name = "4"] BatchNorm;
            #[name = "5"] c: Conv2d(to, kernel: 1, bias: false);
            #[name = "6"] BatchNorm(activation: Relu);
        }
        block Down(from, to) {
            #[name = "branch1.0"] a: Conv2d(from, kernel: 3, stride: 2, padding: 1, groups: from, bias: false);
            #[name = "branch1.1"] BatchNorm;
            #[name = "branch1.2"] a2: Conv2d(to / 2, kernel: 1, bias: false);
            #[name = "branch1.3"] left: BatchNorm(activation: Relu);
            branch2: Branch(to / 2, 2) from input;
            Concat(left, _);
            ChannelShuffle(2);
        }
        block Keep(channels) {
            left: Split(2);
            branch2: Branch(channels / 2, 1) from left.1;
            Concat(left, _);
            ChannelShuffle(2);
        }
        input: [3, 224, 224];
        #[name = "conv1.0"] conv1: Conv2d(3 -> 24, kernel: 3, stride: 2, padding: 1, bias: false);
        #[name = "conv1.1"] BatchNorm(activation: Relu);
        MaxPool2d(3, stride: 2, padding: 1);
        #[name(transparent)]
        stages: repeat (stage, from, to, depth) in [(2, 24, 116, 4), (3, 116, 232, 8), (4, 232, 464, 4)] {
            #[name = "stage{stage}.0"] Down(from, to);
            #[name(transparent)] repeat i in 1..depth { #[name = "stage{stage}.{i}"] Keep(to); }
        }
        #[name = "conv5.0"] conv5: Conv2d(464 -> 1024, kernel: 1, bias: false);
        #[name = "conv5.1"] BatchNorm(activation: Relu);
        GlobalAvgPool;
        fc: Linear(1024 -> 1000);
        output: [1000];
    }
}
