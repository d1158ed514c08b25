//! What the steps of a plan do.

use std::boxed::Box;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::op::{Activation, PerAxis, PoolKind};

use crate::cpu::attention::Attention;
use crate::cpu::elementwise::Binary;
use crate::cpu::rearrange::Moves;
use crate::cpu::resample::Resample;
use crate::cpu::taps::Axis;
use crate::cpu::winograd::Tiling;

/// One step.
#[derive(Clone, Debug)]
pub(in crate::cpu) struct Step {
    /// The layers that it runs; none if it only moves data.
    pub(in crate::cpu) nodes: Vec<usize>,
    pub(in crate::cpu) work: Work,
    pub(in crate::cpu) inputs: Vec<usize>,
    pub(in crate::cpu) output: usize,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(in crate::cpu) enum Work {
    /// Copies an input of the chain into the workspace.
    Import(usize),
    /// Copies a value to an output of the chain.
    Export(usize),
    /// A convolution or matrix and the layers that are fused into it. With `onto`, its result is added to the old
    /// values of the output.
    Sum {
        node: usize,
        /// The branches that are one convolution, with `node` among them; empty for a single layer.
        branches: Vec<Branch>,
        axes: Box<[Axis; 3]>,
        norm: Option<usize>,
        onto: bool,
        activation: Option<Activation>,
        method: Method,
    },
    /// A normalisation by stored statistics, if there is one, and an activation.
    Each { norm: Option<usize>, activation: Option<Activation>, by: f64 },
    /// Copies a value into a joined one, from this channel on.
    Copy(usize),
    /// A `Prelu`: negative elements times the slope of their channel.
    Slopes { node: usize },
    /// A pooling layer over windows.
    Pool { node: usize, windows: [Window; 3] },
    /// Values combined element by element, which broadcast over axes of size 1.
    Combine { by: Binary, activation: Option<Activation> },
    /// Copies a value to another tensor layout.
    Convert,
    /// Copies a value to another shape, in the caller's order of elements.
    Reshape,
    /// Copies the elements of input `index` of a node to their places. With `keeps`, they keep their order.
    Move { node: usize, index: usize, moves: Box<Moves>, keeps: bool },
    /// Reduces the elements along some axes.
    Reduce { node: usize },
    /// Pooling to a given size.
    Adaptive(PoolKind),
    /// Output rows that are rows of the input, or weighted sums of a few. With `planar`, the output has planes, as the
    /// caller's arrays do.
    Resample { rows: Box<Resample>, planar: bool },
    /// Normalisation over `groups` groups of channels. `room` is the size of its scratch buffer, and its offset once
    /// memory is assigned.
    Groups { node: usize, groups: usize, eps: f64, activation: Option<Activation>, room: usize },
    /// Normalisation or softmax over runs of `size` contiguous elements.
    Along { node: usize, size: usize, activation: Option<Activation> },
    /// Attention. `room` is the size of its scratch buffer for packed keys and values, and its offset once memory is
    /// assigned.
    Attention { layer: Attention, room: usize },
    /// A value that depends on parameters alone, the same for every sample.
    Constant { node: usize },
    /// A layer that runs by the reference implementation. `room` has the sizes of its inputs and output in the caller's
    /// order, and their offsets once memory is assigned.
    Reference { node: usize, room: Vec<usize> },
}

/// How a sum is computed.
#[derive(Clone, Debug)]
pub(in crate::cpu) enum Method {
    /// By [`crate::cpu::conv`], which can read planes.
    Direct { planar: bool },
    /// By [`crate::cpu::winograd`].
    Winograd(Box<Tiling>),
    /// By [`crate::cpu::planes`].
    Planes,
    /// By [`crate::cpu::slide`].
    Slide,
}

/// One branch: a convolution, or the value itself, and a normalisation by stored statistics.
#[derive(Clone, Debug, Default)]
pub(in crate::cpu) struct Branch {
    pub(in crate::cpu) conv: Option<usize>,
    pub(in crate::cpu) norm: Option<usize>,
    /// The tap of the sum that its first tap is.
    pub(in crate::cpu) first: PerAxis<usize>,
}
