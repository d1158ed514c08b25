convshape::conv_chain! {
    pub struct TextDirection {
        block Block(channels, channels_2) {
            conv2d: Conv2d(channels -> 4 * channels_2, kernel: 1, bias: false);
            batch_norm: BatchNorm(4 * channels_2, activation: Hardswish);
            conv2d_2: Conv2d(4 * channels_2 -> 4 * channels_2, kernel: 5, padding: 2, groups: 4 * channels_2, bias: false);
            batch_norm_2: BatchNorm(4 * channels_2, activation: Hardswish);
            AdaptiveAvgPool2d(1);
            conv2d_3: Conv2d(4 * channels_2 -> channels_2, kernel: 1, activation: Relu);
            conv2d_4: Conv2d(channels_2 -> 4 * channels_2, kernel: 1, activation: Hardsigmoid(dialect: onnx));
            Mul(batch_norm_2, conv2d_4);
            conv2d_5: Conv2d(4 * channels_2 -> channels, kernel: 1, bias: false);
            batch_norm_3: BatchNorm(channels);
            Add(input, batch_norm_3);
        }

        block Block2(channels, outputs) {
            AdaptiveAvgPool2d(1);
            conv2d: Conv2d(4 * channels -> channels, kernel: 1, activation: Relu);
            conv2d_2: Conv2d(channels -> 4 * channels, kernel: 1, activation: Hardsigmoid(dialect: onnx));
            Mul(input, conv2d_2);
            conv2d_3: Conv2d(4 * channels -> outputs, kernel: 1, bias: false);
            batch_norm: BatchNorm(outputs);
        }

        input: x [3, 48, 192];

        conv2d: Conv2d(3 -> 8, kernel: 3, stride: 2, padding: 1, bias: false);
        batch_norm: BatchNorm(8, activation: Hardswish);
        conv2d_2: Conv2d(8 -> 8, kernel: 1, bias: false);
        batch_norm_2: BatchNorm(8, activation: Relu);
        conv2d_3: Conv2d(8 -> 8, kernel: 3, stride: (2, 1), padding: 1, groups: 8, bias: false);
        batch_norm_3: BatchNorm(8, activation: Relu);
        #[name = "block2.0"] block2_0: Block2(2, 8);
        conv2d_4: Conv2d(8 -> 24, kernel: 1, bias: false);
        batch_norm_4: BatchNorm(24, activation: Relu);
        conv2d_5: Conv2d(24 -> 24, kernel: 3, stride: (2, 1), padding: 1, groups: 24, bias: false);
        batch_norm_5: BatchNorm(24, activation: Relu);
        conv2d_6: Conv2d(24 -> 8, kernel: 1, bias: false);
        batch_norm_6: BatchNorm(8);
        conv2d_7: Conv2d(8 -> 32, kernel: 1, bias: false);
        batch_norm_7: BatchNorm(32, activation: Relu);
        conv2d_8: Conv2d(32 -> 32, kernel: 3, padding: 1, groups: 32, bias: false);
        batch_norm_8: BatchNorm(32, activation: Relu);
        conv2d_9: Conv2d(32 -> 8, kernel: 1, bias: false);
        batch_norm_9: BatchNorm(8);
        Add(batch_norm_6, batch_norm_9);
        conv2d_10: Conv2d(8 -> 32, kernel: 1, bias: false);
        batch_norm_10: BatchNorm(32, activation: Hardswish);
        conv2d_11: Conv2d(32 -> 32, kernel: 5, stride: (2, 1), padding: 2, groups: 32, bias: false);
        batch_norm_11: BatchNorm(32, activation: Hardswish);
        #[name = "block2.1"] block2_1: Block2(8, 16);
        block_: repeat 2 { #[name = "block.{#}"] Block(16, 22); }
        #[name = "block.2"] block_2: Block(16, 10);
        #[name = "block.3"] block_3: Block(16, 12);
        conv2d_12: Conv2d(16 -> 104, kernel: 1, bias: false);
        batch_norm_12: BatchNorm(104, activation: Hardswish);
        conv2d_13: Conv2d(104 -> 104, kernel: 5, stride: (2, 1), padding: 2, groups: 104, bias: false);
        batch_norm_13: BatchNorm(104, activation: Hardswish);
        #[name = "block2.2"] block2_2: Block2(26, 32);
        block_4: repeat i in 4..6 { #[name = "block.{i}"] Block(32, 50); }
        conv2d_14: Conv2d(32 -> 200, kernel: 1, bias: false);
        batch_norm_14: BatchNorm(200, activation: Hardswish);
        MaxPool2d(2, stride: 2);
        AdaptiveAvgPool2d(1);
        Flatten;
        linear: Linear(200 -> 2);
        save_infer_model_scale_0_tmp_1: Softmax;

        output: save_infer_model_scale_0_tmp_1 [2];
    }
}
