convshape::conv_chain! {
    pub struct Net {
        input: x0 [4, 5];

        m: Rnn(5 -> 7, nonlinearity: relu, bidirectional: true);
        _46: Identity;

        output: _46 [4, 14];
    }
}
