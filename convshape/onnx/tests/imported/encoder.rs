convshape::conv_chain! {
    pub struct Net {
        input: x0 [6, 8];

        #[name = "layers.0.self_attn"] self_attn: Linear(8 -> 24);
        self_attn_slice: Slice(0..8, axis: 1);
        self_attn_slice_2: Slice(8..16, axis: 1) from self_attn;
        self_attn_slice_3: Slice(16..24, axis: 1) from self_attn;
        Attention(self_attn_slice, self_attn_slice_2, self_attn_slice_3, heads: 2);
        #[name = "layers.0.self_attn.out_proj"] out_proj: Linear(8 -> 8);
        Add(x0, out_proj);
        #[name = "layers.0.norm1"] norm1: LayerNorm([8]);
        #[name = "layers.0.linear1"] linear1: Linear(8 -> 16, activation: Gelu);
        #[name = "layers.0.linear2"] linear2: Linear(16 -> 8);
        Add(norm1, linear2);
        #[name = "layers.0.norm2"] _191: LayerNorm([8]);

        output: _191 [6, 8];
    }
}
