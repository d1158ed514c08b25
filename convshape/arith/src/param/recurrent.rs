//! The parameters of recurrent layers.
//!
//! - torch, also used for onnx: for each layer and direction `weight_ih_l0` `[gates * hidden, inputs]`,
//!   `weight_hh_l0` `[gates * hidden, hidden]`, `bias_ih_l0`, `bias_hh_l0`; the second direction adds `_reverse`. All
//!   are uniform within `1 / sqrt(hidden)`.
//! - keras: `kernel` `[inputs, gates * hidden]`, `recurrent_kernel` `[hidden, gates * hidden]`, and one `bias`, which
//!   has a row per product in a `GRU` with `reset_after`. The kernel is `glorot_uniform`, the recurrent kernel
//!   orthogonal, the bias zero, except one for the forget gate of an `LSTM`.
//! - flax: a `kernel` `[features, hidden]` for each product and gate, named after both (`ii`, `hf`), and a `bias` where
//!   the cell has one. The kernels of the input are `lecun_normal`, the others orthogonal, biases zero.

use super::{ParamSpec, Params, inits};
use crate::op::init::{positive, sqrt};
use crate::op::{Cell, Dialect, Init, Recurrent, Role, size};
use crate::shape::Shape;
use crate::size::Size;

/// The names for one direction of one layer.
type Names = [&'static str; 4];

macro_rules! torch_names {
    ($($layer:literal)*) => {
        [$([
            [
                concat!(".weight_ih_l", $layer),
                concat!(".weight_hh_l", $layer),
                concat!(".bias_ih_l", $layer),
                concat!(".bias_hh_l", $layer),
            ],
            [
                concat!(".weight_ih_l", $layer, "_reverse"),
                concat!(".weight_hh_l", $layer, "_reverse"),
                concat!(".bias_ih_l", $layer, "_reverse"),
                concat!(".bias_hh_l", $layer, "_reverse"),
            ],
        ]),*]
    };
}

/// Indexed by layer and direction.
const TORCH: [[Names; 2]; 16] = torch_names!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);

macro_rules! keras_names {
    ($($cell:literal)*) => {
        [$([concat!($cell, "/kernel"), concat!($cell, "/recurrent_kernel"), concat!($cell, "/bias"), ""]),*]
    };
}

/// Indexed by cell: alone, and the two directions of a `Bidirectional` layer.
const KERAS: [[Names; 3]; 3] = [
    keras_names!("/lstm_cell" "/forward_lstm/lstm_cell" "/backward_lstm/lstm_cell"),
    keras_names!("/gru_cell" "/forward_gru/gru_cell" "/backward_gru/gru_cell"),
    keras_names!("/simple_rnn_cell" "/forward_simple_rnn/simple_rnn_cell" "/backward_simple_rnn/simple_rnn_cell"),
];

const KERAS_FIELDS: [Names; 2] =
    [["kernel", "recurrent_kernel", "bias", ""], ["backward_kernel", "backward_recurrent_kernel", "backward_bias", ""]];

/// A field, and what follows the layer's name in files.
type Name = [&'static str; 2];

/// The kernel and the bias of each gate of both products.
type GateNames = [[[Name; 2]; 4]; 2];

macro_rules! flax_names {
    ($prefix:literal, $suffix:literal, $([$($gate:literal)*])*) => {
        [$([$([
            [concat!("weight_", $gate, $suffix), concat!(".", $prefix, $gate, ".kernel")],
            [concat!("bias_", $gate, $suffix), concat!(".", $prefix, $gate, ".bias")],
        ]),*]),*]
    };
}

macro_rules! flax_cell {
    ($($gates:tt)*) => {
        [
            flax_names!("", "", $($gates)*),
            flax_names!("forward_rnn.cell.", "", $($gates)*),
            flax_names!("backward_rnn.cell.", "_reverse", $($gates)*),
        ]
    };
}

/// Indexed by cell, in the order of [`KERAS`], and alone or the two directions of a `Bidirectional` layer. A cell with
/// fewer gates has the first ones.
const FLAX: [[GateNames; 3]; 3] = [
    flax_cell!(["ii" "if" "ig" "io"] ["hi" "hf" "hg" "ho"]),
    flax_cell!(["ir" "iz" "in" ""] ["hr" "hz" "hn" ""]),
    flax_cell!(["i" "" "" ""] ["h" "" "" ""]),
];

impl Recurrent {
    /// How many parameters one direction of one layer has.
    pub(crate) const fn set(&self) -> usize {
        match (self.dialect, self.bias) {
            (Dialect::Flax, _) => self.gate_param(2, 0),
            (_, false) => 2,
            (Dialect::Keras, true) => 3,
            (Dialect::Torch | Dialect::Onnx | Dialect::Jax, true) => 4,
        }
    }

    /// flax: whether a gate of a product has a bias.
    pub(crate) const fn gate_has_bias(&self, product: usize, gate: usize) -> bool {
        self.bias
            && match self.cell {
                Cell::Lstm => product == 1,
                Cell::Gru { .. } => product == 0 || gate == 2,
                Cell::Rnn { .. } => product == 0,
            }
    }

    /// flax: the index of a gate's kernel among the parameters of one direction. Its bias, if it has one, comes next.
    pub(crate) const fn gate_param(&self, product: usize, gate: usize) -> usize {
        let (mut index, mut before) = (0, (0, 0));
        while before.0 < product || before.0 == product && before.1 < gate {
            index += if self.gate_has_bias(before.0, before.1) { 2 } else { 1 };
            before = if before.1 as i64 + 1 < self.cell.gates() { (before.0, before.1 + 1) } else { (before.0 + 1, 0) };
        }
        index
    }

    const fn cell_index(&self) -> usize {
        match self.cell {
            Cell::Lstm => 0,
            Cell::Gru { .. } => 1,
            Cell::Rnn { .. } => 2,
        }
    }

    /// How many parameters it has.
    #[expect(clippy::cast_possible_truncation, reason = "at most 32 sets")]
    pub(super) const fn param_count(&self) -> usize {
        let most = TORCH.len() as i64;
        if self.layers < 1 || self.layers > most {
            return 0;
        }
        (self.layers * self.directions()).cast_unsigned() as usize * self.set()
    }

    /// The parameter at an index.
    pub(super) const fn param(&self, index: usize) -> Option<ParamSpec> {
        if index >= self.param_count() {
            return None;
        }
        let (set, which) = (index / self.set(), index % self.set());
        let directions = if self.bidirectional { 2 } else { 1 };
        let (layer, direction) = (set / directions, set % directions);
        let inputs = size(self.inputs_of(layer as i64));
        let gates = self.cell.gates().saturating_mul(self.hidden);
        Some(match self.dialect {
            Dialect::Keras => self.keras(inputs, gates, direction, which),
            Dialect::Flax => self.flax(inputs, direction, which),
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => {
                let suffix = TORCH[layer][direction][which];
                let (role, shape) = match which {
                    0 => (Role::InputKernel, Shape::new(&[Size::Number(gates), inputs], &[])),
                    1 => (Role::RecurrentKernel, Shape::of(&[gates, self.hidden])),
                    _ => (Role::Bias, Shape::of(&[gates])),
                };
                let init = Init::Uniform { bound: 1.0 / sqrt(positive(self.hidden)) };
                ParamSpec { role, field: suffix.split_at(1).1, suffix, shape, layout: None, init }
            }
        })
    }

    const fn flax(&self, inputs: Size, direction: usize, which: usize) -> ParamSpec {
        let (mut product, mut gate) = (0, 0);
        let mut kernel = 0;
        while which > kernel + self.gate_has_bias(product, gate) as usize {
            (product, gate) = if gate as i64 + 1 < self.cell.gates() { (product, gate + 1) } else { (product + 1, 0) };
            kernel = self.gate_param(product, gate);
        }
        let names = FLAX[self.cell_index()][if self.bidirectional { direction + 1 } else { 0 }][product][gate];
        let [field, suffix] = names[which - kernel];
        let (role, shape, init) = match (which == kernel, product) {
            (false, _) => (Role::Bias, Shape::of(&[self.hidden]), Init::Constant(0.0)),
            (true, 0) => {
                let shape = Shape::new(&[inputs, Size::Number(self.hidden)], &[]);
                (Role::InputKernel, shape, inits(Dialect::Flax, number(inputs), self.hidden).0)
            }
            (true, _) => (Role::RecurrentKernel, Shape::of(&[self.hidden, self.hidden]), Init::Orthogonal),
        };
        ParamSpec { role, field, suffix, shape, layout: None, init }
    }

    const fn keras(&self, inputs: Size, gates: i64, direction: usize, which: usize) -> ParamSpec {
        let suffix = KERAS[self.cell_index()][if self.bidirectional { direction + 1 } else { 0 }][which];
        let (role, shape, init) = match which {
            0 => {
                let shape = Shape::new(&[inputs, Size::Number(gates)], &[]);
                (Role::InputKernel, shape, inits(Dialect::Keras, number(inputs), gates).0)
            }
            1 => (Role::RecurrentKernel, Shape::of(&[self.hidden, gates]), Init::Orthogonal),
            _ => {
                let init = match self.cell {
                    Cell::Lstm => Init::ForgetBias { hidden: self.hidden },
                    Cell::Gru { .. } | Cell::Rnn { .. } => Init::Constant(0.0),
                };
                let shape = match self.cell {
                    Cell::Gru { reset_after: true } => Shape::of(&[2, gates]),
                    _ => Shape::of(&[gates]),
                };
                (Role::Bias, shape, init)
            }
        };
        ParamSpec { role, field: KERAS_FIELDS[direction][which], suffix, shape, layout: None, init }
    }

    /// All parameters.
    pub(super) const fn params(&self) -> Params {
        Params { recurrent: Some(*self), ..Params::NONE }
    }
}

/// A number of features; 1 if it is open.
const fn number(size: Size) -> i64 {
    match size {
        Size::Number(number) => number,
        _ => 1,
    }
}
