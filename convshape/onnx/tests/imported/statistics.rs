convshape::conv_chain! {
    pub struct Net {
        input: x0 [4, 11];

        global_avg_pool: GlobalAvgPool;
        Square from x0;
        global_avg_pool_2: GlobalAvgPool(activation: Sqrt);
        global_max_pool: GlobalMaxPool from x0;
        min: Min(axis: 1) from x0;
        sum: Sum(axis: 1) from x0;
        Slice(0..1, axis: 1) from x0;
        flatten: Flatten;
        Square;
        Sum(keep: true, activation: Sqrt);
        clamp: Clamp(min: 1e-12, max: 3.4028235e38);
        div: Div(flatten, clamp);
        _20: Concat(global_avg_pool, global_avg_pool_2, global_max_pool, min, sum, div);

        output: _20 [24];
    }
}
