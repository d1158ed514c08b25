//! The plan: a graph with its sizes as steps over buffers.
//!
//! Elementwise layers after a convolution are fused into it: normalisation by stored statistics goes into its weights,
//! an activation becomes its epilogue, and rows that a `Slice` cuts off are not computed. Parallel convolutions that are
//! added up are one (`branches`). If a following `Add` is the last reader of its other operand, the convolution adds to
//! that operand's memory. The operands of a `Concat` are written directly into the joined buffer, and a `Slice` of
//! channels is read in place. Buffers whose lifetimes do not overlap share memory.

pub(super) mod branches;
mod lower;
mod place;

use std::boxed::Box;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::graph::{Graph, Node, Port};
use convshape_arith::op::{Activation, AxisOrder, Conv, Op, PoolKind, WeightFrom};
use convshape_arith::shape::Shape;

use self::branches::Branch;
use self::lower::Lowering;
use super::attention::Attention;
use super::buffer::View;
use super::elementwise::Binary;
use super::interleave::Interleave;
use super::rearrange::Moves;
use super::resample::Resample;
use super::simd::Level;
use super::taps::Axis;
use super::winograd::Tiling;
use crate::model::param::Param;

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The layers that it runs; none if it only moves data.
    #[cfg_attr(not(feature = "ndarray"), expect(dead_code, reason = "profiles read it"))]
    pub(super) nodes: Vec<usize>,
    pub(super) work: Work,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Work {
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
pub(super) enum Method {
    /// By [`super::conv`], which can read planes.
    Direct { planar: bool },
    /// By [`super::winograd`].
    Winograd(Box<Tiling>),
    /// By [`super::planes`].
    Planes,
    /// By [`super::slide`].
    Slide,
}

/// A plan.
pub(super) struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shape>,
    pub(super) steps: Vec<Step>,
    /// The view of each value that is stored.
    pub(super) views: Vec<Option<View>>,
    /// Whether a step is the first to write to its buffer and so clears its border. Imported planes get their border
    /// while they are copied.
    pub(super) clears: Vec<bool>,
    /// How a step is interleaved with those after it, if it is.
    pub(super) interleaved: Vec<Option<Interleave>>,
    /// Elements of workspace per sample, without those that may be read after its end.
    pub(super) elements: usize,
    pub(super) order: AxisOrder,
    pub(super) inputs: Vec<Shape>,
    pub(super) outputs: Vec<Shape>,
}

impl Plan {
    /// The plan of a lowered graph; `None` if a size is a symbol.
    pub(super) fn new(graph: &Graph, level: Level) -> Option<Plan> {
        let shapes = |ports: &[Port]| ports.iter().map(|port| *graph.shape(port.value)).collect();
        let lowered = Lowering::new(level, graph)?;
        let mut plan = Plan {
            nodes: lowered.nodes,
            shapes: lowered.shapes,
            steps: lowered.steps,
            views: Vec::new(),
            clears: Vec::new(),
            interleaved: Vec::new(),
            elements: 0,
            order: graph.order(),
            inputs: shapes(graph.inputs()),
            outputs: shapes(graph.outputs()),
        };
        plan.place(&lowered.grids, &lowered.layouts, &lowered.inside);
        Some(plan)
    }

    /// How many steps run together from one on.
    pub(super) fn together(&self, step: usize) -> usize {
        self.interleaved[step].as_ref().map_or(1, Interleave::steps)
    }

    /// The number of weights of a convolution or matrix.
    pub(super) fn weights_of(&self, node: &Node, params: &[&Param]) -> usize {
        match node.op {
            Op::Conv(Conv { weight: WeightFrom::Input, .. }) => {
                let count = self.shapes[node.inputs[1]].elements().ok().and_then(|count| count.number());
                count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
            }
            _ => params[node.params[0]].as_slice().len(),
        }
    }
}
