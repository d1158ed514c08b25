//! Names from elsewhere for things that have another name here; used in messages only.

use super::spell;

/// Layers, with `#` for the number of spatial axes in either case, compared ignoring case and `_`.
const LAYERS: &[(&str, &str)] = &[
    ("cat", "Concat"),
    ("concatenate", "Concat"),
    ("join", "Concat"),
    ("merge", "Concat"),
    ("plus", "Add"),
    ("skip", "Add"),
    ("residual", "Add"),
    ("shortcut", "Add"),
    ("interpolate", "Upsample"),
    ("resize", "Upsample"),
    ("upsampling", "Upsample"),
    ("upsampling#d", "Upsample"),
    ("upsample#d", "Upsample"),
    ("view", "Reshape"),
    ("viewas", "Reshape"),
    ("reshapeas", "Reshape"),
    ("matmul", "MatMul"),
    ("mm", "MatMul"),
    ("bmm", "MatMul"),
    ("baddbmm", "MatMul"),
    ("mv", "MatMul"),
    ("dot", "MatMul"),
    ("outer", "MatMul"),
    ("scaleddotproductattention", "Attention"),
    ("dotproductattention", "Attention"),
    ("selfattention", "MultiHeadAttention"),
    ("reducemean", "Mean"),
    ("reducesum", "Sum"),
    ("reducemax", "Max"),
    ("reducemin", "Min"),
    ("amax", "Max"),
    ("amin", "Min"),
    ("range", "Arange"),
    ("clip", "Clamp"),
    ("normalize", "LpNorm"),
    ("l#normalize", "LpNorm"),
    ("unitnormalization", "LpNorm"),
    ("crossmaplrn#d", "LocalResponseNorm"),
    ("lrn", "LocalResponseNorm"),
    ("droppath", "StochasticDepth"),
    ("centercrop", "Crop"),
    ("spacetodepth", "PixelUnshuffle"),
    ("resizing", "Upsample"),
    ("syncbatchnorm", "BatchNorm"),
    ("fc", "Linear"),
    ("dense", "Linear"),
    ("fullyconnected", "Linear"),
    ("affine", "Linear"),
    ("lin", "Linear"),
    ("addmm", "Linear"),
    ("densegeneral", "Linear"),
    ("bn", "BatchNorm"),
    ("bn#d", "BatchNorm"),
    ("gn", "GroupNorm"),
    ("ln", "LayerNorm"),
    ("in", "InstanceNorm"),
    ("batchnormalisation", "BatchNorm"),
    ("deconv", "ConvTranspose2d"),
    ("deconv#d", "ConvTranspose#d"),
    ("deconvolution#d", "ConvTranspose#d"),
    ("upconv", "ConvTranspose2d"),
    ("upconv#d", "ConvTranspose#d"),
    ("transposedconv#d", "ConvTranspose#d"),
    ("transposeconv#d", "ConvTranspose#d"),
    ("transposeconvolution#d", "ConvTranspose#d"),
    ("convtransposed#d", "ConvTranspose#d"),
    ("conv#dtranspose", "ConvTranspose#d"),
    ("convolution#d", "Conv#d"),
    ("atrousconvolution#d", "Conv#d"),
    ("cudnnlstm", "Lstm"),
    ("cudnngru", "Gru"),
    ("convolution", "Conv2d"),
    ("conv", "Conv2d"),
    ("convwithgeneralpadding", "Conv2d"),
    ("pool", "MaxPool2d"),
    ("pool#d", "MaxPool#d"),
    ("pooling", "MaxPool2d"),
    ("maxpool", "MaxPool2d"),
    ("avgpool", "AvgPool2d"),
    ("meanpool#d", "AvgPool#d"),
    ("gap", "GlobalAvgPool"),
    ("globalpool", "GlobalAvgPool"),
    ("globalavgpooling", "GlobalAvgPool"),
    ("swish", "Silu"),
    ("logistic", "Sigmoid"),
    ("drop", "Dropout"),
    ("subpixel", "PixelShuffle"),
    ("hardsilu", "Hardswish"),
];

/// Fields.
const FIELDS: &[(&str, &str)] = &[
    ("k", "kernel"),
    ("ks", "kernel"),
    ("ksize", "kernel"),
    ("filter_size", "kernel"),
    ("window", "kernel"),
    ("s", "stride"),
    ("step", "stride"),
    ("subsample", "stride"),
    ("p", "padding"),
    ("pad", "padding"),
    ("border", "padding"),
    ("d", "dilation"),
    ("rate", "dilation"),
    ("g", "groups"),
    ("b", "bias"),
    ("in", "in_channels"),
    ("inputs", "in_channels"),
    ("input_channels", "in_channels"),
    ("nin", "in_channels"),
    ("cin", "in_channels"),
    ("out", "out_channels"),
    ("outputs", "out_channels"),
    ("output_channels", "out_channels"),
    ("nout", "out_channels"),
    ("cout", "out_channels"),
    ("channels", "out_channels"),
    ("features", "out_channels"),
    ("filters", "out_channels"),
    ("units", "out_channels"),
    ("act", "activation"),
    ("nonlinearity", "activation"),
    ("opad", "output_padding"),
    ("adj", "output_padding"),
    ("factor", "scale"),
    ("scale", "factor"),
    ("rate", "p"),
    ("prob", "p"),
    ("negative_slope", "slope"),
    ("alpha", "slope"),
    ("size", "shape"),
    ("ratio", "factor"),
];

/// What Keras 1 called its fields, which the dialect keras takes like its present words.
const KERAS_1: &[(&str, &str)] = &[
    ("nb_filter", "out_channels"),
    ("output_dim", "out_channels"),
    ("filter_length", "kernel"),
    ("pool_length", "kernel"),
    ("subsample", "stride"),
    ("subsample_length", "stride"),
    ("border_mode", "padding"),
];

/// The field that Keras 1 called this.
pub(super) fn of_keras_1(name: &str) -> Option<&'static str> {
    KERAS_1.iter().find(|(old, _)| *old == name).map(|(_, field)| *field)
}

/// What this language calls the layer that a name from elsewhere means.
pub(super) fn other_name(name: &str) -> Option<String> {
    let plain = name.replace('_', "").to_ascii_lowercase();
    LAYERS.iter().find_map(|(pattern, layer)| {
        let rank = match pattern.contains('#') {
            true => Some((1..=3).find(|rank| spell(pattern, Some(*rank)) == plain)?),
            false if *pattern == plain => None,
            false => return None,
        };
        Some(spell(layer, rank))
    })
}

/// Whether a name means the input or output channels: `in_channels` or `out_channels`.
pub(crate) fn means_channels(name: &str) -> Option<&'static str> {
    let own = ["in_channels", "out_channels"];
    own.into_iter().find(|own| name == *own).or_else(|| other_fields(name).find(|field| own.contains(field)))
}

/// The fields that a name from elsewhere means, most likely first.
pub(super) fn other_fields(name: &str) -> impl Iterator<Item = &'static str> {
    let plain = name.replace('_', "").to_ascii_lowercase();
    FIELDS.iter().filter(move |(other, _)| other.replace('_', "") == plain).map(|(_, field)| *field)
}
