// A small image is halved once too often.
convshape::conv_chain! {
    struct Small {
        input: [3, 4, 4];
        Conv2d(3 -> 16, kernel: 3, padding: 1);
        MaxPool2d(2);
        MaxPool2d(2);
        MaxPool2d(2);
        Flatten;
        Linear(16 -> 10);
        output: [10];
    }
}

fn main() {}
