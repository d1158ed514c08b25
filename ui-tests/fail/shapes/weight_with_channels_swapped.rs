convshape::conv_chain! {
    pub struct Standardised {
        input: [3, 32, 32];
        w: Parameter([3, 16, 3, 3], init: normal(0.1));
        mean: Mean(axis: (1, 2, 3), keep: true) from w;
        centred: Sub(w, mean);
        conv: Conv2d(3 -> 16, kernel: 3, padding: 1) from (input, centred);
        output: [16, 32, 32];
    }
}

fn main() {}
