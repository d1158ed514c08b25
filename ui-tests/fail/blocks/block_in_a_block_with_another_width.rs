convshape::conv_chain! {
    struct Model {
        block Double(from, to) { Conv2d(from -> to, kernel: 3, padding: 1); Conv2d(to -> to, kernel: 3, padding: 1); }
        block Down(from, to) { MaxPool2d(2); Double(to, to); }
        input: [16, 64, 64];
        Down(16, 32);
        Down(32, 64);
        output: [64, 16, 16];
    }
}

fn main() {}
