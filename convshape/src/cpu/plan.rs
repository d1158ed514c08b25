//! A graph with its sizes, as steps over buffers.
//!
//! What follows a convolution and belongs to each element alone is done with it: normalisation by
//! stored statistics becomes part of its weights, an activation its end. Where an `Add` is the last
//! reader of its other operand, the convolution adds to that one's memory. A `Concat`'s operands are
//! written where they are joined, a `Slice` is read where it lies. Buffers share memory where their
//! lives do not meet.

mod lower;
mod place;

use std::boxed::Box;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::graph::{Graph, Node, Port};
use convshape_arith::op::{Activation, AxisOrder, PoolKind};
use convshape_arith::shape::Shape;

use self::lower::Lowering;
use super::attention::Attention;
use super::buffer::View;
use super::interleave::Interleave;
use super::rows::Rows;
use super::simd::Level;
use super::taps::Axis;
use super::winograd::Tiling;

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The layers that are done together; none where data is moved only.
    #[cfg_attr(not(feature = "ndarray"), expect(dead_code, reason = "profiles read it"))]
    pub(super) nodes: Vec<usize>,
    pub(super) work: Work,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Takes an input of the chain.
    Import(usize),
    /// Gives an output of the chain.
    Export(usize),
    /// A convolution or matrix with what is folded into it.
    /// With `onto`, its result is added to what is in the output's memory.
    Sum {
        node: usize,
        axes: Box<[Axis; 3]>,
        norm: Option<usize>,
        onto: bool,
        activation: Option<Activation>,
        method: Method,
    },
    /// A normalisation by stored statistics, if there is one, and an activation.
    Each { norm: Option<usize>, activation: Option<Activation>, by: f64 },
    /// Copies a value to its place in a joined one, from that channel on.
    Copy(usize),
    /// A pooling layer over windows.
    Pool { node: usize, windows: [Window; 3] },
    /// A sum or product of values, which broadcast over axes of size 1.
    Combine { multiply: bool, activation: Option<Activation> },
    /// Copies a value to another tensor layout.
    Convert,
    /// Copies a value to another shape, in the caller's order of elements.
    Reshape,
    /// Pooling to a given size.
    Adaptive(PoolKind),
    /// Rows taken from the input, or summed of a few.
    Rows(Box<Rows>),
    /// Normalisation over groups of channels, as many as said, with elements of scratch memory.
    Groups { node: usize, groups: usize, eps: f64, activation: Option<Activation>, room: usize },
    /// Normalisation or softmax over that many neighbours each.
    Along { node: usize, size: usize, activation: Option<Activation> },
    /// Attention, with elements of scratch memory for keys and values.
    Attention { layer: Attention, room: usize },
    /// Numbers that are there for every sample alike.
    Source { node: usize },
    /// A layer by its definition.
    Reference { node: usize, room: Vec<usize> },
}

/// How a sum is computed.
#[derive(Clone, Debug)]
pub(super) enum Method {
    /// By [`super::conv`], perhaps from planes.
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
    /// Where each value lies, if it is ever stored.
    pub(super) views: Vec<Option<View>>,
    /// The steps that write to a buffer first, and thus clear its border; planes that are brought in
    /// get it in passing.
    pub(super) clears: Vec<bool>,
    /// How each step is interleaved with the one after it, if it is.
    pub(super) interleaved: Vec<Option<Interleave>>,
    /// Elements of workspace for one sample, without what is read behind the end.
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
}
