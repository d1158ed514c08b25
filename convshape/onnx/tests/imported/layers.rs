convshape::conv_chain! {
    pub struct Net {
        block Layer() {
            norm1: LayerNorm([8]);
            self_attn: Linear(8 -> 24);
            self_attn_slice: Slice(0..8, axis: 1);
            self_attn_slice_2: Slice(8..16, axis: 1) from self_attn;
            self_attn_slice_3: Slice(16..24, axis: 1) from self_attn;
            Attention(self_attn_slice, self_attn_slice_2, self_attn_slice_3, heads: 2);
            #[name = "self_attn.out_proj"] out_proj: Linear(8 -> 8);
            add: Add(input, out_proj);
            norm2: LayerNorm([8]);
            linear1: Linear(8 -> 16, activation: Gelu);
            linear2: Linear(16 -> 8);
            Add(add, linear2);
        }

        input: x0 [6, 8];

        _565: repeat 3 { #[name = "layers.{#}"] Layer; }

        output: _565 [6, 8];
    }
}
