// Exchanging two statements is enough.
convshape::conv_chain! {
    struct Classifier {
        input: [8, 4, 4];
        flat: Flatten;
        pool: MaxPool2d(2);
        Linear(32 -> 10);
        output: [10];
    }
}

fn main() {}
