convshape::conv_chain! {
    pub struct Net {
        input: x0 [6, 8];

        #[name = "layers.0.self_attn"] layers_0_self_attn: Linear(8 -> 24);
        layers_0_self_attn_2: Slice(0..8, axis: 1);
        layers_0_self_attn_3: Slice(8..16, axis: 1) from layers_0_self_attn;
        layers_0_self_attn_4: Slice(16..24, axis: 1) from layers_0_self_attn;
        Attention(layers_0_self_attn_2, layers_0_self_attn_3, layers_0_self_attn_4, heads: 2);
        #[name = "layers.0.self_attn.out_proj"] layers_0_self_attn_out_proj: Linear(8 -> 8);
        Add(x0, layers_0_self_attn_out_proj);
        #[name = "layers.0.norm1"] layers_0_norm1: LayerNorm([8]);
        #[name = "layers.0.linear1"] layers_0_linear1: Linear(8 -> 16, activation: Gelu);
        #[name = "layers.0.linear2"] layers_0_linear2: Linear(16 -> 8);
        Add(layers_0_norm1, layers_0_linear2);
        #[name = "layers.0.norm2"] _191: LayerNorm([8]);

        output: _191 [6, 8];
    }
}
