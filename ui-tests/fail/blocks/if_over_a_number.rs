convshape::conv_chain! {
    pub struct Resnet {
        block Stem(pools) { if pools { MaxPool2d(2); } }
        input: [8, 28, 28];
        Stem(2);
        output: [8, 14, 14];
    }
}

fn main() {}
