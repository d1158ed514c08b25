//! The parameters of multi-head attention.

use super::{ParamSpec, Params, inits};
use crate::op::init::{positive, sqrt};
use crate::op::{Dialect, Init, MultiHead, Role, WeightLayout, size};
use crate::shape::Shape;
use crate::size::Size;

/// What follows the layer's name in files: weight, then bias, for queries, keys, values and output.
const FLAX: [[&str; 2]; 4] = [
    [".query.kernel", ".query.bias"],
    [".key.kernel", ".key.bias"],
    [".value.kernel", ".value.bias"],
    [".out.kernel", ".out.bias"],
];
const KERAS: [[&str; 2]; 4] = [
    ["/query/kernel", "/query/bias"],
    ["/key/kernel", "/key/bias"],
    ["/value/kernel", "/value/bias"],
    ["/attention_output/kernel", "/attention_output/bias"],
];
/// The fields for them, with PyTorch's names if it has them.
const FIELDS: [[&str; 2]; 4] = [
    ["q_proj_weight", "q_proj_bias"],
    ["k_proj_weight", "k_proj_bias"],
    ["v_proj_weight", "v_proj_bias"],
    ["out_proj_weight", "out_proj_bias"],
];

impl MultiHead {
    /// All parameters. Sizes are unknown if the features are omitted.
    pub(super) const fn params(&self) -> Params {
        let (mut inputs, mut width, mut values) = ([Size::Unknown; 3], Size::Unknown, Size::Unknown);
        if let Some([query, key, value]) = self.inputs() {
            inputs = [Size::Number(query), Size::Number(key), Size::Number(value)];
        }
        if let Some([query, value]) = self.widths() {
            (width, values) = (Size::Number(query), Size::Number(value));
        }
        let outputs = size(self.outputs());
        match self.dialect {
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => self.torch(inputs, width, outputs),
            Dialect::Flax | Dialect::Keras => self.split(inputs, [width, values], outputs),
        }
    }

    /// PyTorch: one weight with the rows of queries, keys and values, or three weights if their inputs differ in
    /// features.
    const fn torch(&self, inputs: [Size; 3], width: Size, outputs: Size) -> Params {
        let packed = match width {
            Size::Number(width) => Size::Number(width.saturating_mul(3)),
            _ => Size::Unknown,
        };
        let mut params = Params::NONE;
        if self.is_packed() {
            let shape = Shape::new(&[packed, inputs[0]], &[]);
            params = params.push_spec(matrix(["in_proj_weight", ".in_proj_weight"], shape, xavier(&shape)));
        } else {
            let mut at = 0;
            while at < 3 {
                let shape = Shape::new(&[width, inputs[at]], &[]);
                let names = [FIELDS[at][0], [".q_proj_weight", ".k_proj_weight", ".v_proj_weight"][at]];
                params = params.push_spec(matrix(names, shape, xavier(&shape)));
                at += 1;
            }
        }
        if self.bias {
            let shape = Shape::new(&[packed], &[]);
            params = params.push_spec(bias(["in_proj_bias", ".in_proj_bias"], shape));
        }
        let shape = Shape::new(&[outputs, width], &[]);
        let (init, _) = inits(Dialect::Torch, number(width), 1);
        params = params.push_spec(matrix([FIELDS[3][0], ".out_proj.weight"], shape, init));
        if self.bias {
            params = params.push_spec(bias([FIELDS[3][1], ".out_proj.bias"], Shape::new(&[outputs], &[])));
        }
        params
    }

    /// flax and keras: three kernels `[features, heads, features per head]`, and `[heads, features per head, outputs]`.
    const fn split(&self, inputs: [Size; 3], [width, values]: [Size; 2], outputs: Size) -> Params {
        let names = if matches!(self.dialect, Dialect::Keras) { &KERAS } else { &FLAX };
        let heads = Size::Number(self.heads);
        let mut params = Params::NONE;
        let mut at = 0;
        while at < 4 {
            let all = if at < 2 { width } else { values };
            let head = match all {
                Size::Number(all) if self.heads > 0 => Size::Number(all / self.heads),
                _ => Size::Unknown,
            };
            let (kernel, own, fans) = if at < 3 {
                let shape = Shape::new(&[inputs[at], heads, head], &[]);
                (shape, Shape::new(&[heads, head], &[]), self.fans(&shape, number(all)))
            } else {
                let shape = Shape::new(&[heads, head, outputs], &[]);
                (shape, Shape::new(&[outputs], &[]), self.output_fans(&shape, number(all)))
            };
            let (init, _) = inits(self.dialect, fans[0], fans[1]);
            params = params.push_spec(matrix([FIELDS[at][0], names[at][0]], kernel, init));
            if self.bias {
                params = params.push_spec(bias([FIELDS[at][1], names[at][1]], own));
            }
            at += 1;
        }
        params
    }

    /// The fans of a kernel `[features, heads, features per head]`: flax treats it as a matrix, keras as a convolution
    /// over the first axis.
    const fn fans(&self, kernel: &Shape, width: i64) -> [i64; 2] {
        match self.dialect {
            Dialect::Keras => convolved(kernel),
            Dialect::Torch | Dialect::Onnx | Dialect::Jax | Dialect::Flax => [number(kernel.size(0)), width],
        }
    }

    const fn output_fans(&self, kernel: &Shape, width: i64) -> [i64; 2] {
        match self.dialect {
            Dialect::Keras => convolved(kernel),
            Dialect::Torch | Dialect::Onnx | Dialect::Jax | Dialect::Flax => [width, number(kernel.size(2))],
        }
    }
}

const fn convolved(kernel: &Shape) -> [i64; 2] {
    let [first, second, third] = [number(kernel.size(0)), number(kernel.size(1)), number(kernel.size(2))];
    [first.saturating_mul(second), first.saturating_mul(third)]
}

const fn number(size: Size) -> i64 {
    match size {
        Size::Number(number) => number,
        _ => 1,
    }
}

/// `xavier_uniform_`: within `sqrt(6 / (fan_in + fan_out))`.
const fn xavier(shape: &Shape) -> Init {
    let fans = number(shape.size(0)).saturating_add(number(shape.size(1)));
    Init::Uniform { bound: sqrt(6.0 / positive(fans)) }
}

const fn matrix([field, suffix]: [&'static str; 2], shape: Shape, init: Init) -> ParamSpec {
    let layout = if shape.rank() == 2 { Some(WeightLayout::linear(Dialect::Torch)) } else { None };
    ParamSpec { role: Role::Kernel, field, suffix, shape, layout, init }
}

const fn bias([field, suffix]: [&'static str; 2], shape: Shape) -> ParamSpec {
    ParamSpec { role: Role::Bias, field, suffix, shape, layout: None, init: Init::Constant(0.0) }
}
