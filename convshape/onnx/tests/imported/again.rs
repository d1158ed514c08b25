convshape::conv_chain! {
    pub struct Net {
        block Layer() {
            self_attn: Linear(8 -> 24);
            self_attn_slice: Slice(0..8, axis: 1);
            self_attn_slice_2: Slice(8..16, axis: 1) from self_attn;
            self_attn_slice_3: Slice(16..24, axis: 1) from self_attn;
            Attention(self_attn_slice, self_attn_slice_2, self_attn_slice_3, heads: 2);
            #[name = "self_attn.out_proj"] out_proj: Linear(8 -> 8);
            Add(input, out_proj);
            norm1: LayerNorm([8]);
            linear1: Linear(8 -> 12, activation: Gelu);
            linear2: Linear(12 -> 8);
            Add(norm1, linear2);
            norm2: LayerNorm([8]);
        }

        block Block() {
            up: Linear(8 -> 8, activation: Tanh);
            down: Linear(8 -> 8, activation: Tanh);
            reuse up;
            down_2: reuse down;
            Add(input, down_2);
        }

        input: x0 [5, 8];

        layer: Layer;
        layer_2: repeat 3 { reuse layer; }
        _779: repeat 3 { #[name = "blocks.{#}"] Block; }

        output: _779 [5, 8];
    }
}
