convshape::conv_chain! {
    pub struct Net {
        input: x [8, 12, 3];

        Permute(2, 0, 1);
        conv2d: Conv2d(3 -> 4, kernel: 3, stride: 2, padding: [(0, 1), (0, 1)], activation: Relu);
        GlobalAvgPool;
        Reshape([4, 1, 1]);
        conv2d_2: Conv2d(4 -> 4, kernel: 1, bias: false);
        Reshape([1, 1, 4], activation: Sigmoid);
        reshape: Reshape([4, 1, 1]);
        mul: Mul(conv2d, reshape);
        const_4: Parameter([4, 1, 1]);
        mul_2: Mul(conv2d, const_4);
        concat: Concat(mul, mul_2);
        max_pool2d: MaxPool2d(2, stride: 2);
        resize: Parameter([4, 2], train: false);
        mat_mul: MatMul(resize, max_pool2d);
        resize_2: Parameter([3, 6], train: false);
        mat_mul_2: MatMul(mat_mul, resize_2);
        add: Add(concat, mat_mul_2);
        permute: Permute(1, 2, 0);
        mean: Mean(axis: 2) from add;
        Slice(3..4, axis: 1);
        reshape_2: Reshape([1, 8]);
        Slice(2..3, axis: 1) from mean;
        reshape_3: Reshape([1, 8]);
        Slice(1..2, axis: 1) from mean;
        reshape_4: Reshape([1, 8]);
        Slice(0..1, axis: 1) from mean;
        reshape_5: Reshape([1, 8]);
        Concat(reshape_2, reshape_3, reshape_4, reshape_5, axis: 0);
        gru: Gru(8 -> 5, dialect: onnx);
        Slice(3..4, axis: 0);
        reshape_6: Reshape([1, 1, 5]);
        Slice(2..3, axis: 0) from gru;
        reshape_7: Reshape([1, 1, 5]);
        Slice(1..2, axis: 0) from gru;
        reshape_8: Reshape([1, 1, 5]);
        Slice(0..1, axis: 0) from gru;
        reshape_9: Reshape([1, 1, 5]);
        Concat(reshape_6, reshape_7, reshape_8, reshape_9, axis: 0);
        model_Transpose_30_0: Reshape([4, 5], activation: Tanh);
        model_Softmax_29_0: Softmax(axis: -1) from permute;

        output: model_Softmax_29_0 [4, 6, 8], model_Transpose_30_0 [4, 5];
    }
}
