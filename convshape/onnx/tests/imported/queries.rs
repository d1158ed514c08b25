convshape::conv_chain! {
    pub struct Net {
        input: x0 [5, 8];

        #[name = "d.multihead_attn"] multihead_attn: Linear(8 -> 16);
        multihead_attn_slice: Slice(0..8, axis: 1);
        multihead_attn_slice_2: Slice(8..16, axis: 1) from multihead_attn;
        reshape: Reshape([5, 2, 4]) from multihead_attn_slice;
        Reshape([5, 2, 4]) from multihead_attn_slice_2;
        multihead_attn_permute: Permute(1, 0, 2);
        Scale(0.70710677) from reshape;
        permute: Permute(1, 2, 0);
        parameter: Parameter([2, 3, 4]);
        MatMul(parameter, permute);
        multihead_attn_softmax: Softmax(axis: -1);
        MatMul(multihead_attn_softmax, multihead_attn_permute);
        Permute(1, 0, 2);
        Reshape([3, 8]);
        #[name = "d.multihead_attn.out_proj"] out_proj: Linear(8 -> 8);
        reshape_2: Reshape([1, 3, 8]);
        parameter_2: Parameter([1, 3, 8]);
        Add(parameter_2, reshape_2);
        #[name = "d.norm2"] norm2: LayerNorm([8]);
        #[name = "d.linear1"] linear1: Linear(8 -> 16, activation: Relu);
        #[name = "d.linear2"] linear2: Linear(16 -> 8);
        Add(norm2, linear2);
        #[name = "d.norm3"] norm3: LayerNorm([8]);
        _397: Reshape([3, 8]);

        output: _397 [3, 8];
    }
}
