convshape::conv_chain! {
    pub struct Net {
        input: x0 [9, 5];

        m: Gru(5 -> 7);
        m_2: Gru(7 -> 7);
        Slice(channels: 8..9);
        _160: Flatten;

        output: _160 [7];
    }
}
