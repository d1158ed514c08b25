//! How the language's words relate, as far as a fix needs it.

/// Names of layers that frameworks spell differently.
const LAYER_NAMES: [(&str, &str); 39] = [
    ("Conv2DTranspose", "ConvTranspose"),
    ("Conv1DTranspose", "ConvTranspose"),
    ("Conv3DTranspose", "ConvTranspose"),
    ("MaxPooling", "MaxPool"),
    ("AveragePooling", "AvgPool"),
    ("GlobalAveragePooling", "GlobalAvgPool"),
    ("GlobalMaxPooling", "GlobalMaxPool"),
    ("UpSampling", "Upsample"),
    ("Dense", "Linear"),
    ("BatchNormalization", "BatchNorm"),
    ("ReLU", "Relu"),
    ("LeakyReLU", "LeakyRelu"),
    ("PReLU", "Prelu"),
    ("ELU", "Elu"),
    ("GELU", "Gelu"),
    ("Gemm", "Linear"),
    ("LSTM", "Lstm"),
    ("GRU", "Gru"),
    ("SimpleRNN", "Rnn"),
    ("Concatenate", "Concat"),
    ("concatenate", "Concat"),
    ("add", "Add"),
    ("multiply", "Mul"),
    ("Multiply", "Mul"),
    ("subtract", "Sub"),
    ("Convolution", "Conv"),
    ("AveragePool", "AvgPool"),
    ("GlobalAveragePool", "GlobalAvgPool"),
    ("ReflectionPad", "Pad"),
    ("ReplicationPad", "Pad"),
    ("ZeroPad", "Pad"),
    ("ZeroPadding", "Pad"),
    ("Cropping", "Crop"),
    ("GroupNormalization", "GroupNorm"),
    ("InstanceNormalization", "InstanceNorm"),
    ("LayerNormalization", "LayerNorm"),
    ("SpatialDropout", "Dropout"),
    ("MultiheadAttention", "MultiHeadAttention"),
    ("MultiHeadDotProductAttention", "MultiHeadAttention"),
];

/// Words that stand for the same field.
const SYNONYMS: [&[&str]; 9] = [
    &["kernel", "kernel_size", "kernel_shape", "pool_size"],
    &["stride", "strides", "window_strides"],
    &["padding", "pads"],
    &["dilation", "dilations", "dilation_rate", "kernel_dilation", "rhs_dilation"],
    &["groups", "group", "feature_group_count", "num_groups"],
    &["slope", "negative_slope"],
    &["output_size", "output_shape"],
    &["scale", "scale_factor"],
    &["heads", "num_heads"],
];

/// The language's name of a layer, without its rank: `Conv2d` is `Conv`, `Dense` is `Linear`.
pub(crate) fn kind(op: &str) -> &str {
    let rankless = ["1d", "2d", "3d", "1D", "2D", "3D"].iter().find_map(|rank| op.strip_suffix(rank)).unwrap_or(op);
    LAYER_NAMES.iter().find(|(name, _)| *name == rankless).map_or(rankless, |(_, own)| own)
}

/// The name of an unnamed layer without the number: `ConvTranspose` gives `conv_transpose`.
pub(crate) fn snake(kind: &str) -> String {
    let mut name = String::new();
    for c in kind.chars() {
        if c.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name
}

/// The field that the positional part of a layer sets.
pub(crate) fn positional_field(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "MaxPool" | "AvgPool" => "kernel",
        "AdaptiveAvgPool" | "AdaptiveMaxPool" | "LayerNorm" => "size",
        "Upsample" => "scale",
        "PixelShuffle" | "PixelUnshuffle" | "DepthToSpace" => "factor",
        "Pad" | "Crop" => "amount",
        "Scale" => "by",
        "Reshape" => "shape",
        "BatchNorm" | "GroupNorm" | "InstanceNorm" | "Prelu" | "Snake" => "channels",
        "LeakyRelu" => "slope",
        "Elu" => "alpha",
        "Dropout" => "p",
        _ => return None,
    })
}

/// Whether two words stand for the same field.
pub(crate) fn same_field(a: &str, b: &str) -> bool {
    a == b || SYNONYMS.iter().any(|words| words.contains(&a) && words.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_no_rank() {
        assert_eq!(
            ["Conv2d", "Conv2D", "MaxPooling2D", "ReLU", "BatchNorm2d"].map(kind),
            ["Conv", "Conv", "MaxPool", "Relu", "BatchNorm"]
        );
    }

    #[test]
    fn names_are_snake_case() {
        assert_eq!(snake(kind("ConvTranspose3d")), "conv_transpose");
        assert_eq!(snake(kind("GlobalAvgPool")), "global_avg_pool");
        assert_eq!(snake(kind("Relu6")), "relu6");
    }
}
