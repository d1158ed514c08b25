convshape::conv_chain! {
    pub struct Net {
        input: x [3, 32, 32];
        y: Relu;
        output: a [1], b [1], c [1], d [1], e [1], f [1], g [1], h [1], i [1], j [1], k [1], l [1], m [1];
    }
}

fn main() {}
