convshape::conv_chain! {
    pub struct Classifier {
        block Res(c) {
            Conv2D(c, kernel_size: 3, padding: "same", activation: "relu");
            Add(input);
        }
        input: [28, 28, 1];
        Conv2D(16, kernel_size: 3);
        Res(16);
        output: [26, 26, 16];
    }
}
fn main() {}
