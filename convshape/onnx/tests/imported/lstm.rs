convshape::conv_chain! {
    pub struct Net {
        input: x0 [9, 5];

        m: Lstm(5 -> 7, bidirectional: true);
        m_2: Lstm(14 -> 7, bidirectional: true);
        _302: Identity;

        output: _302 [9, 14];
    }
}
