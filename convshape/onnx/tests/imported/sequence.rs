convshape::conv_chain! {
    pub struct Net {
        input: x0 [9, 5];

        m: Gru(5 -> 7);
        m_2: Gru(7 -> 7);
        _156: Identity;

        output: _156 [9, 7];
    }
}
