convshape::conv_chain! {
    pub struct Tagger {
        dialect: keras;
        input: [100, 64];
        Bidirectional(LSTM(64, return_sequences: true));
        TimeDistributed(Dense(9));
        output: [100, 9];
    }
}

fn main() {}
