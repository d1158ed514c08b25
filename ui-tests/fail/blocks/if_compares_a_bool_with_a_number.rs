convshape::conv_chain! {
    pub struct Resnet {
        block Stem(pool: bool) { if pool == 1 { MaxPool2d(2); } }
        input: [8, 28, 28];
        Stem(true);
        output: [8, 14, 14];
    }
}

fn main() {}
