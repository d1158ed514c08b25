convshape::conv_chain! {
    pub struct Net {
        block Act(f: bool) { if f { Relu; } elif !f { Tanh; } }
        input: [8, 32, 32];
        Act(true);
        output: [8, 32, 32];
    }
}

fn main() {}
