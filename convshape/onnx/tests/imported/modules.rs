convshape::conv_chain! {
    pub struct Net {
        block Block() {
            norm: LayerNorm([6]);
            up: Linear(6 -> 12, activation: Gelu);
            down: Linear(12 -> 6);
            Add(input, down);
        }

        input: x [5, 4];

        #[name = "0"] linear_0: Linear(4 -> 6);
        block: repeat 3 { #[name = "1.{#}"] Block; }
        #[name = "2"] linear_7: Linear(6 -> 3);

        output: linear_7 [5, 3];
    }
}
