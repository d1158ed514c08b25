convshape::conv_chain! {
    pub struct Net {
        input: x0 [5, 5];

        Slice(channels: 2..4);
        Slice(1..3, axis: 1);
        scale: Scale(2.0);
        Slice(channels: 1..3) from x0;
        slice: Slice(2..5, axis: 1);
        concat: Concat(scale, slice, axis: 1);
        slice_2: Slice(channels: 0..1) from x0;
        slice_3: Slice(channels: 3..5) from x0;
        concat_2: Concat(slice_2, concat, slice_3);
        #[name = "slice"] slice_4: Parameter([5, 5], train: false);
        mat_mul: MatMul(slice_4, x0);
        mat_mul_2: MatMul(x0, slice_4);
        cum_sum: Parameter([5, 5], train: false);
        mat_mul_3: MatMul(cum_sum, x0);
        mul: Mul(x0, cum_sum);
        triangle: Parameter([5, 5], train: false);
        mul_2: Mul(x0, triangle);
        Slice(channels: 0..3) from x0;
        Slice(1..5, axis: 1);
        Pad([(2, 0)], axis: channels);
        pad: Pad([(0, 1)], axis: 1);
        slice_5: Slice(2..3, axis: 1) from x0;
        slice_6: Slice(0..2, axis: 1) from x0;
        slice_7: Slice(3..4, axis: 1) from x0;
        Concat(slice_5, slice_6, slice_7, slice_7, axis: 1);
        scale_2: Scale(3.1415927410125732);
        _172: Concat(mat_mul, mat_mul_2, mat_mul_3, mul, mul_2, pad, concat_2, scale_2);

        output: _172 [40, 5];
    }
}
