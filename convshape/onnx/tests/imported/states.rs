convshape::conv_chain! {
    pub struct Net {
        input: x0 [9, 5];

        m: Lstm(5 -> 7);
        Slice(channels: 8..9);
        flatten: Flatten;
        flatten_2: Flatten from m.h_n;
        flatten_3: Flatten from m.c_n;
        _89: Concat(flatten, flatten_2, flatten_3);

        output: _89 [21];
    }
}
