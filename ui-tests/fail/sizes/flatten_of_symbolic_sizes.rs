convshape::conv_chain! {
    pub struct Classifier {
        for h in 1.., w in 1..;
        input: [3, 4*h, 4*w];
        conv: Conv2d(3 -> 8, kernel: 4, stride: 4);
        Flatten;
        Linear(10);
        output: [10];
    }
}

fn main() {}
