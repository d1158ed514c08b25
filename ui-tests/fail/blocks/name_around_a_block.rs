convshape::conv_chain! {
    pub struct Net {
        block Gate() { g: Conv2d(8, kernel: 1); Mul(g, skip); }
        input: [8, 32, 32];
        skip: Conv2d(8, kernel: 3, padding: 1);
        Gate;
        output: [8, 32, 32];
    }
}

fn main() {}
