convshape::conv_chain! {
    pub struct Net {
        block Classes(outputs) {
            #[name = "conv.0"] conv_0: Conv2d(4 -> 4, kernel: 3, padding: 1);
            #[name = "conv.1"] conv_1: GroupNorm(4, groups: 2, activation: Relu);
            #[name = "conv.3"] conv_3: Conv2d(4 -> 4, kernel: 3, padding: 1);
            #[name = "conv.4"] conv_4: GroupNorm(4, groups: 2, activation: Relu);
            out: Conv2d(4 -> outputs, kernel: 1);
        }

        input: x0 [3, 8, 12];

        a: Conv2d(3 -> 4, kernel: 3, stride: 2, padding: 1, activation: Tanh);
        b: Conv2d(4 -> 4, kernel: 3, stride: 2, padding: 1, activation: Tanh);
        classes: Classes(3) from a;
        reshape: Reshape([3, 24]);
        classes_2: reuse classes from b;
        reshape_2: Reshape([3, 6]);
        _107: Concat(reshape, reshape_2, axis: 1);
        boxes: Classes(4) from a;
        reshape_3: Reshape([4, 24]);
        boxes_2: reuse boxes from b;
        reshape_4: Reshape([4, 6]);
        _186: Concat(reshape_3, reshape_4, axis: 1);

        output: _107 [3, 30], _186 [4, 30];
    }
}
