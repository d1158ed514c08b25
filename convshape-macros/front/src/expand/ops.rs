//! A layer as tokens: the constant in the program.

use convshape_arith::op::{
    Activation, Amount, Attention, AutoPad, Axes, Axis, Cell, Conv, Custom, Dialect, Interpolation, MAX_SPATIAL,
    MultiHead, Op, Padding, PaddingMode, PerAxis, Pieces, Pool, PoolKind, Projection, Recurrent, ResizeTo,
    SeparableConv, Source, WeightFrom,
};
use convshape_arith::param::Init;
use convshape_arith::shape::Shape;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::Expansion;

/// A unit variant, written as its name, which `Debug` prints.
fn variant(value: impl std::fmt::Debug) -> Ident {
    Ident::new(&format!("{value:?}"), Span::call_site())
}

impl Expansion<'_> {
    /// A number, or the expression that it is a placeholder for.
    pub(super) fn int(&self, value: i64) -> TokenStream {
        if let Some(expr) = self.graph.unseen.get(value) {
            return expr.value;
        }
        let value = Literal::i64_unsuffixed(value);
        quote!(#value)
    }

    /// A real number, or the expression that it is a placeholder for. Infinity has no literal.
    fn float(&self, value: f64) -> TokenStream {
        if let Some(expr) = self.graph.unseen.get_real(value) {
            return expr.value;
        }
        if value.is_finite() {
            let value = Literal::f64_suffixed(value);
            quote!(#value)
        } else {
            let sign = if value < 0.0 { quote!(-) } else { quote!() };
            quote!((#sign 1.0_f64 / 0.0_f64))
        }
    }

    fn floats(&self, values: &PerAxis<f64>) -> TokenStream {
        let values = values.map(|value| self.float(value));
        quote!([#(#values),*])
    }

    pub(super) fn ints(&self, values: &PerAxis<i64>) -> TokenStream {
        let values = values.map(|value| self.int(value));
        quote!([#(#values),*])
    }

    fn pairs(&self, values: &PerAxis<(i64, i64)>) -> TokenStream {
        let (lo, hi) = (values.map(|pair| self.int(pair.0)), values.map(|pair| self.int(pair.1)));
        quote!([#((#lo, #hi)),*])
    }

    pub(super) fn option<T>(&self, value: Option<T>, tokens: impl Fn(T) -> TokenStream) -> TokenStream {
        let krate = &self.krate;
        match value {
            Some(value) => {
                let value = tokens(value);
                quote!(#krate::__private::core::option::Option::Some(#value))
            }
            None => quote!(#krate::__private::core::option::Option::None),
        }
    }

    fn count(&self, value: Option<i64>) -> TokenStream {
        self.option(value, |value| {
            let value = self.int(value);
            quote!(#value)
        })
    }

    /// A user-defined layer.
    fn custom(&self, layer: &Custom) -> TokenStream {
        let (krate, path) = (&self.krate, self.graph.unseen.custom(layer));
        quote!(#krate::__private::arith::op::Custom::of(#krate::__private::custom_type::<#path>()))
    }

    fn border(&self, mode: PaddingMode) -> TokenStream {
        let (krate, mode) = (&self.krate, variant(mode));
        quote!(#krate::__private::arith::op::PaddingMode::#mode)
    }

    pub(super) fn padding(&self, padding: &Padding) -> TokenStream {
        let krate = &self.krate;
        let padding = match padding {
            Padding::Symmetric(values) => {
                let values = self.ints(values);
                quote!(Symmetric(#values))
            }
            Padding::Pairs(values) => {
                let values = self.pairs(values);
                quote!(Pairs(#values))
            }
            word => {
                let word = variant(word);
                quote!(#word)
            }
        };
        quote!(#krate::__private::arith::op::Padding::#padding)
    }

    fn pool_kind(&self, kind: PoolKind) -> TokenStream {
        let (krate, kind) = (&self.krate, variant(kind));
        quote!(#krate::__private::arith::op::PoolKind::#kind)
    }

    fn amount(&self, amount: &Amount) -> TokenStream {
        let krate = &self.krate;
        let amount = match amount {
            Amount::Pairs { rank, pairs: values } => {
                let rank = self.option(*rank, |rank| quote!(#rank));
                let values = self.pairs(values);
                quote!(Pairs { rank: #rank, pairs: #values })
            }
            Amount::Like { start } => quote!(Like { start: #start }),
        };
        quote!(#krate::__private::arith::op::Amount::#amount)
    }

    fn dialect(&self, dialect: Dialect) -> TokenStream {
        let (krate, dialect) = (&self.krate, variant(dialect));
        quote!(#krate::__private::arith::op::Dialect::#dialect)
    }

    fn auto_pad(&self, auto_pad: AutoPad) -> TokenStream {
        let (krate, auto_pad) = (&self.krate, variant(auto_pad));
        quote!(#krate::__private::arith::op::AutoPad::#auto_pad)
    }

    pub(super) fn weight_from(&self, weight: WeightFrom) -> TokenStream {
        let (krate, weight) = (&self.krate, variant(weight));
        quote!(#krate::__private::arith::op::WeightFrom::#weight)
    }

    fn conv(&self, conv: &Conv) -> TokenStream {
        let krate = &self.krate;
        let (dialect, direction) = (self.dialect(conv.dialect), variant(conv.direction));
        let (depth_multiplier, auto_pad) = (self.count(conv.depth_multiplier), self.auto_pad(conv.auto_pad));
        let (rank, groups, bias) = (conv.rank, self.int(conv.groups), conv.bias);
        let (inputs, outputs) = (self.count(conv.inputs), self.int(conv.outputs));
        let (kernel, stride, dilation) = (self.ints(&conv.kernel), self.ints(&conv.stride), self.ints(&conv.dilation));
        let (input_dilation, padding) = (self.ints(&conv.input_dilation), self.padding(&conv.padding));
        let padding_mode = self.border(conv.padding_mode);
        let output_padding = self.option(conv.output_padding, |values| self.ints(&values));
        let output_size = self.option(conv.output_size, |values| self.ints(&values));
        let (transpose_kernel, consistent_padding) = (conv.transpose_kernel, conv.consistent_padding);
        let weight = self.weight_from(conv.weight);
        let mask = self.option(conv.mask, |mask| {
            let mask = variant(mask);
            quote!(#krate::__private::arith::op::Mask::#mask)
        });
        quote!(#krate::__private::arith::op::Conv {
            dialect: #dialect,
            direction: #krate::__private::arith::op::Direction::#direction,
            rank: #rank,
            inputs: #inputs,
            outputs: #outputs,
            depth_multiplier: #depth_multiplier,
            kernel: #kernel,
            stride: #stride,
            dilation: #dilation,
            input_dilation: #input_dilation,
            groups: #groups,
            bias: #bias,
            padding: #padding,
            auto_pad: #auto_pad,
            padding_mode: #padding_mode,
            output_padding: #output_padding,
            output_size: #output_size,
            transpose_kernel: #transpose_kernel,
            consistent_padding: #consistent_padding,
            weight: #weight,
            mask: #mask,
        })
    }

    fn pool(&self, pool: &Pool, variant: &TokenStream) -> TokenStream {
        let krate = &self.krate;
        let (dialect, kind, rank) = (self.dialect(pool.dialect), self.pool_kind(pool.kind), pool.rank);
        let (kernel, stride, dilation) = (self.ints(&pool.kernel), self.ints(&pool.stride), self.ints(&pool.dilation));
        let (padding, ceil_mode) = (self.padding(&pool.padding), pool.ceil_mode);
        let (auto_pad, count_include_pad) = (self.auto_pad(pool.auto_pad), pool.count_include_pad);
        quote!(#variant(#krate::__private::arith::op::Pool {
            dialect: #dialect,
            kind: #kind,
            rank: #rank,
            kernel: #kernel,
            stride: #stride,
            dilation: #dilation,
            padding: #padding,
            auto_pad: #auto_pad,
            ceil_mode: #ceil_mode,
            count_include_pad: #count_include_pad,
        }))
    }

    fn axis(&self, axis: Axis) -> TokenStream {
        let krate = &self.krate;
        let axis = match axis {
            Axis::At(at) => {
                let at = self.int(at);
                quote!(At(#at))
            }
            named => {
                let named = variant(named);
                quote!(#named)
            }
        };
        quote!(#krate::__private::arith::op::Axis::#axis)
    }

    fn axes(&self, axes: &Axes) -> TokenStream {
        let krate = &self.krate;
        let op = quote!(#krate::__private::arith::op);
        let list = axes.list.iter().map(|axis| self.axis(*axis));
        let count = axes.count;
        quote!(#op::Axes { list: [#(#list),*], count: #count })
    }

    fn recurrent(&self, layer: &Recurrent) -> TokenStream {
        let krate = &self.krate;
        let (dialect, inputs, hidden) = (self.dialect(layer.dialect), self.count(layer.inputs), self.int(layer.hidden));
        let (layers, dropout) = (self.int(layer.layers), self.float(layer.dropout));
        let (bidirectional, bias) = (layer.bidirectional, layer.bias);
        let cell = match layer.cell {
            Cell::Lstm => quote!(Lstm),
            Cell::Gru { reset_after } => quote!(Gru { reset_after: #reset_after }),
            Cell::Rnn { relu } => quote!(Rnn { relu: #relu }),
        };
        quote!(#krate::__private::arith::op::Recurrent {
            cell: #krate::__private::arith::op::Cell::#cell,
            dialect: #dialect,
            inputs: #inputs,
            hidden: #hidden,
            layers: #layers,
            bidirectional: #bidirectional,
            bias: #bias,
            dropout: #dropout,
        })
    }

    fn attention(&self, layer: &Attention) -> TokenStream {
        let (krate, dialect, heads) = (&self.krate, self.dialect(layer.dialect), self.int(layer.heads));
        let (causal, dropout) = (layer.causal, self.float(layer.dropout));
        let scale = self.option(layer.scale, |scale| self.float(scale));
        quote!(#krate::__private::arith::op::Attention {
            dialect: #dialect,
            heads: #heads,
            causal: #causal,
            scale: #scale,
            dropout: #dropout,
        })
    }

    fn multi_head(&self, layer: &MultiHead) -> TokenStream {
        let (krate, dialect, heads) = (&self.krate, self.dialect(layer.dialect), self.int(layer.heads));
        let [features, key_features, value_features] =
            [layer.features, layer.key_features, layer.value_features].map(|count| self.count(count));
        let [key_dim, value_dim, qkv_features, out_features] =
            [layer.key_dim, layer.value_dim, layer.qkv_features, layer.out_features].map(|count| self.count(count));
        let (bias, dropout, causal) = (layer.bias, self.float(layer.dropout), layer.causal);
        quote!(#krate::__private::arith::op::MultiHead {
            dialect: #dialect,
            features: #features,
            heads: #heads,
            key_features: #key_features,
            value_features: #value_features,
            key_dim: #key_dim,
            value_dim: #value_dim,
            qkv_features: #qkv_features,
            out_features: #out_features,
            bias: #bias,
            dropout: #dropout,
            causal: #causal,
        })
    }

    fn activation(&self, activation: &Activation) -> TokenStream {
        let krate = &self.krate;
        let activation = match *activation {
            Activation::LeakyRelu { slope } => {
                let slope = self.float(slope);
                quote!(LeakyRelu { slope: #slope })
            }
            Activation::Elu { alpha } => {
                let alpha = self.float(alpha);
                quote!(Elu { alpha: #alpha })
            }
            Activation::Hardsigmoid { alpha } => {
                let alpha = self.float(alpha);
                quote!(Hardsigmoid { alpha: #alpha })
            }
            Activation::Gelu { tanh } => quote!(Gelu { tanh: #tanh }),
            Activation::Clamp { min, max } => {
                let (min, max) = (self.float(min), self.float(max));
                quote!(Clamp { min: #min, max: #max })
            }
            Activation::Hardtanh { min, max } => {
                let (min, max) = (self.float(min), self.float(max));
                quote!(Hardtanh { min: #min, max: #max })
            }
            Activation::Celu { alpha } => {
                let alpha = self.float(alpha);
                quote!(Celu { alpha: #alpha })
            }
            Activation::Pow { exponent } => {
                let exponent = self.float(exponent);
                quote!(Pow { exponent: #exponent })
            }
            Activation::AddScalar { by } => {
                let by = self.float(by);
                quote!(AddScalar { by: #by })
            }
            plain => {
                let plain = variant(plain);
                quote!(#plain)
            }
        };
        quote!(Activation(#krate::__private::arith::op::Activation::#activation))
    }

    fn upsample(&self, to: &ResizeTo, rank: Option<usize>, mode: Interpolation, align: Option<bool>) -> TokenStream {
        let krate = &self.krate;
        let to = match to {
            ResizeTo::Scale(values) => {
                let values = self.floats(values);
                quote!(Scale(#values))
            }
            ResizeTo::Size(values) => {
                let values = self.ints(values);
                quote!(Size(#values))
            }
            ResizeTo::Like => quote!(Like),
        };
        let mode = variant(mode);
        let rank = self.option(rank, |rank| quote!(#rank));
        let align = self.option(align, |align| quote!(#align));
        quote!(Upsample(#krate::__private::arith::op::Upsample {
            rank: #rank,
            to: #krate::__private::arith::op::ResizeTo::#to,
            mode: #krate::__private::arith::op::Interpolation::#mode,
            align_corners: #align,
        }))
    }

    fn init(&self, init: Init) -> TokenStream {
        let krate = &self.krate;
        let (name, number) = match init {
            Init::Constant(value) => {
                let value = self.float(value);
                return quote!(#krate::__private::arith::param::Init::Constant(#value));
            }
            Init::Uniform { bound } => (quote!(Uniform), (quote!(bound), bound)),
            Init::Normal { deviation } => (quote!(Normal), (quote!(deviation), deviation)),
            Init::TruncatedNormal { deviation } => (quote!(TruncatedNormal), (quote!(deviation), deviation)),
            Init::Orthogonal => return quote!(#krate::__private::arith::param::Init::Orthogonal),
            Init::ForgetBias { hidden } => {
                return quote!(#krate::__private::arith::param::Init::ForgetBias { hidden: #hidden });
            }
        };
        let (field, number) = (number.0, self.float(number.1));
        quote!(#krate::__private::arith::param::Init::#name { #field: #number })
    }

    /// A layer.
    pub(super) fn op_value(&self, op: &Op) -> TokenStream {
        let krate = &self.krate;
        let op = match op {
            Op::Conv(conv) => {
                let conv = self.conv(conv);
                quote!(Conv(#conv))
            }
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                let (depthwise, pointwise) = (self.conv(depthwise), self.conv(pointwise));
                quote!(SeparableConv(#krate::__private::arith::op::SeparableConv {
                    depthwise: #depthwise,
                    pointwise: #pointwise,
                }))
            }
            Op::Pool(pool) => self.pool(pool, &quote!(Pool)),
            Op::MaxUnpool(pool) => self.pool(pool, &quote!(MaxUnpool)),
            Op::AdaptivePool { kind, rank, size } => {
                let (kind, size) = (self.pool_kind(*kind), self.ints(size));
                quote!(AdaptivePool { kind: #kind, rank: #rank, size: #size })
            }
            Op::GlobalPool { kind, keep_axes } => {
                let kind = self.pool_kind(*kind);
                quote!(GlobalPool { kind: #kind, keep_axes: #keep_axes })
            }
            Op::Upsample(upsample) => self.upsample(&upsample.to, upsample.rank, upsample.mode, upsample.align_corners),
            Op::PixelShuffle { factor } => {
                let factor = self.int(*factor);
                quote!(PixelShuffle { factor: #factor })
            }
            Op::PixelUnshuffle { factor } => {
                let factor = self.int(*factor);
                quote!(PixelUnshuffle { factor: #factor })
            }
            Op::DepthToSpace { factor, order } => {
                let (factor, order) = (self.int(*factor), variant(order));
                quote!(DepthToSpace { factor: #factor, order: #krate::__private::arith::op::DepthOrder::#order })
            }
            Op::ChannelShuffle { groups } => {
                let groups = self.int(*groups);
                quote!(ChannelShuffle { groups: #groups })
            }
            Op::Pad { amount, mode, value } => {
                let (amount, mode, value) = (self.amount(amount), self.border(*mode), self.float(*value));
                quote!(Pad { amount: #amount, mode: #mode, value: #value })
            }
            Op::Crop { amount } => {
                let amount = self.amount(amount);
                quote!(Crop { amount: #amount })
            }
            Op::Slice { axis, start, end } => {
                let (axis, start, end) = (self.axis(*axis), self.int(*start), self.int(*end));
                quote!(Slice { axis: #axis, start: #start, end: #end })
            }
            Op::Flatten { from, to } => {
                let (from, to) = (self.axis(*from), self.axis(*to));
                quote!(Flatten { from: #from, to: #to })
            }
            Op::Unflatten { axis, sizes } => {
                let (axis, sizes) = (self.axis(*axis), self.shape_value(sizes));
                quote!(Unflatten { axis: #axis, sizes: #sizes })
            }
            Op::Concat { axis } => {
                let axis = self.axis(*axis);
                quote!(Concat { axis: #axis })
            }
            Op::Stack { axis } => {
                let axis = self.axis(*axis);
                quote!(Stack { axis: #axis })
            }
            Op::Glu { axis } => {
                let axis = self.axis(*axis);
                quote!(Glu { axis: #axis })
            }
            Op::MatMul { transpose_a, transpose_b } => {
                quote!(MatMul { transpose_a: #transpose_a, transpose_b: #transpose_b })
            }
            Op::Attention(layer) => {
                let layer = self.attention(layer);
                quote!(Attention(#layer))
            }
            Op::MultiHead(layer) => {
                let layer = self.multi_head(layer);
                quote!(MultiHead(#layer))
            }
            // Never in a chain, only in a lowered graph.
            Op::Projection(Projection { inputs, outputs, rows, bias }) => {
                let [inputs, outputs] = [inputs, outputs].map(|count| self.int(*count));
                let pair = |(first, count): (i64, i64)| {
                    let [first, count] = [first, count].map(|number| self.int(number));
                    quote!((#first, #count))
                };
                let (rows, bias) = (pair(*rows), self.option(*bias, pair));
                quote!(Projection(#krate::__private::arith::op::Projection {
                    inputs: #inputs,
                    outputs: #outputs,
                    rows: #rows,
                    bias: #bias,
                }))
            }
            Op::Softmax { axis, log } => {
                let axis = self.axis(*axis);
                quote!(Softmax { axis: #axis, log: #log })
            }
            Op::Split { axis, index, pieces } => {
                let axis = self.axis(*axis);
                let pieces = match pieces {
                    Pieces::Equal { count } => {
                        let count = self.int(*count);
                        quote!(Equal { count: #count })
                    }
                    Pieces::Sized { start, end, total } => {
                        let [start, end, total] = [start, end, total].map(|number| self.int(*number));
                        quote!(Sized { start: #start, end: #end, total: #total })
                    }
                };
                let index = Literal::i64_unsuffixed(*index);
                quote!(Split { axis: #axis, index: #index, pieces: #krate::__private::arith::op::Pieces::#pieces })
            }
            Op::Linear { dialect, inputs, outputs, bias } => {
                let (dialect, inputs, outputs) = (self.dialect(*dialect), self.count(*inputs), self.int(*outputs));
                quote!(Linear { dialect: #dialect, inputs: #inputs, outputs: #outputs, bias: #bias })
            }
            Op::Recurrent(layer) => {
                let layer = self.recurrent(layer);
                quote!(Recurrent(#layer))
            }
            Op::Custom { layer, count, shape } => {
                let (layer, shape) = (self.custom(layer), self.shape_value(shape));
                quote!(Custom { layer: #layer, count: #count, shape: #shape })
            }
            Op::CustomOutput { layer, index, shape } => {
                let (layer, shape) = (self.custom(layer), self.shape_value(shape));
                quote!(CustomOutput { layer: #layer, index: #index, shape: #shape })
            }
            Op::RecurrentOutput { layer, output } => {
                let (layer, output) = (self.recurrent(layer), variant(output));
                let output = quote!(#krate::__private::arith::op::RecurrentOutput::#output);
                quote!(RecurrentOutput { layer: #layer, output: #output })
            }
            Op::Permute { axes, swap } => {
                let axes = self.axes(axes);
                quote!(Permute { axes: #axes, swap: #swap })
            }
            Op::Reduce { kind, axes, keep } => {
                let kind = variant(kind);
                let axes = self.option(axes.as_ref(), |axes| self.axes(axes));
                quote!(Reduce { kind: #krate::__private::arith::op::Reduction::#kind, axes: #axes, keep: #keep })
            }
            Op::Reshape { shape } => {
                let shape = self.shape_value(shape);
                quote!(Reshape { shape: #shape })
            }
            Op::Scale { by } => {
                let by = self.float(*by);
                quote!(Scale { by: #by })
            }
            Op::BatchNorm { dialect, channels, eps, affine, momentum } => {
                let dialect = self.dialect(*dialect);
                let (channels, eps, momentum) = (self.count(*channels), self.float(*eps), self.float(*momentum));
                quote!(BatchNorm { dialect: #dialect, channels: #channels, eps: #eps, affine: #affine, momentum: #momentum })
            }
            Op::GroupNorm { dialect, channels, groups, eps } => {
                let dialect = self.dialect(*dialect);
                let (channels, groups, eps) = (self.count(*channels), self.int(*groups), self.float(*eps));
                quote!(GroupNorm { dialect: #dialect, channels: #channels, groups: #groups, eps: #eps })
            }
            Op::InstanceNorm { dialect, channels, eps, affine } => {
                let (dialect, channels, eps) = (self.dialect(*dialect), self.count(*channels), self.float(*eps));
                quote!(InstanceNorm { dialect: #dialect, channels: #channels, eps: #eps, affine: #affine })
            }
            Op::LayerNorm { dialect, size, eps } => {
                let dialect = self.dialect(*dialect);
                let (size, eps) = (self.option(*size, |size: Shape| self.shape_value(&size)), self.float(*eps));
                quote!(LayerNorm { dialect: #dialect, size: #size, eps: #eps })
            }
            Op::RmsNorm { dialect, size, eps } => {
                let dialect = self.dialect(*dialect);
                let (size, eps) = (self.option(*size, |size: Shape| self.shape_value(&size)), self.float(*eps));
                quote!(RmsNorm { dialect: #dialect, size: #size, eps: #eps })
            }
            Op::LocalResponseNorm { dialect, size, alpha, beta, k } => {
                let (dialect, size) = (self.dialect(*dialect), self.int(*size));
                let (alpha, beta, k) = (self.float(*alpha), self.float(*beta), self.float(*k));
                quote!(LocalResponseNorm { dialect: #dialect, size: #size, alpha: #alpha, beta: #beta, k: #k })
            }
            Op::LpNorm { p, axes, eps } => {
                let (p, axes, eps) = (self.float(*p), self.axes(axes), self.float(*eps));
                quote!(LpNorm { p: #p, axes: #axes, eps: #eps })
            }
            Op::Activation(activation) => self.activation(activation),
            Op::Prelu { channels } => {
                let channels = self.int(*channels);
                quote!(Prelu { channels: #channels })
            }
            Op::Snake { channels } => {
                let channels = self.count(*channels);
                quote!(Snake { channels: #channels })
            }
            Op::Dropout { p, together } => {
                let (p, together) = (self.float(*p), variant(together));
                quote!(Dropout { p: #p, together: #krate::__private::arith::op::DropTogether::#together })
            }
            Op::Source { of, shape } => {
                let shape = self.shape_value(shape);
                let of = match of {
                    Source::Arange => quote!(Arange),
                    Source::Shared { param, trained } => quote!(Shared { param: #param, trained: #trained }),
                    Source::Constant(constant) => {
                        let path = self.graph.unseen.array(constant);
                        quote!(Constant(#krate::__private::arith::op::Constant::of(&#path)))
                    }
                    Source::Parameter { init, trained } => {
                        let init = self.init(*init);
                        quote!(Parameter { init: #init, trained: #trained })
                    }
                };
                quote!(Source { of: #krate::__private::arith::op::Source::#of, shape: #shape })
            }
            plain @ (Op::ReshapeLike
            | Op::Add
            | Op::Mul
            | Op::Sub
            | Op::Div
            | Op::Maximum
            | Op::Minimum
            | Op::Identity) => {
                let plain = variant(plain);
                quote!(#plain)
            }
        };
        quote!(#krate::__private::arith::op::Op::#op)
    }
}

/// A bound on array lengths that `quote!` repeats over.
const _: () = assert!(MAX_SPATIAL == 3);
