//! The plan: a graph with its sizes as steps over buffers.
//!
//! Elementwise layers after a convolution are fused into it: normalisation by stored statistics goes into its weights,
//! an activation becomes its epilogue, and rows that a `Slice` cuts off are not computed. Parallel convolutions that are
//! added up are one (`branches`). If a following `Add` is the last reader of its other operand, the convolution adds to
//! that operand's memory. The operands of a `Concat` are written directly into the joined buffer, and a `Slice` of
//! channels is read in place. Buffers whose lifetimes do not overlap share memory.

pub(super) mod interleave;
mod lower;
mod place;
pub(super) mod step;

use std::vec::Vec;

use convshape_arith::graph::{Graph, Node, Port};
use convshape_arith::op::{AxisOrder, Conv, Op, WeightFrom};
use convshape_arith::shape::Shape;

use self::interleave::Interleave;
use self::lower::Lowering;
use self::step::Step;
use super::buffer::View;
use super::simd::Level;
use crate::model::error::PlanError;
use crate::model::param::Param;

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
    /// The plan of a lowered graph.
    ///
    /// # Errors
    /// If a size is a symbol, or the planner does not know a layer.
    pub(super) fn new(graph: &Graph, level: Level) -> Result<Plan, PlanError> {
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
        Ok(plan)
    }

    /// How many steps run together from one on.
    pub(super) fn together(&self, step: usize) -> usize {
        self.interleaved[step].as_ref().map_or(1, Interleave::steps)
    }

    /// The error for a step that no kernel can run.
    pub(super) fn unplanned(&self, step: &Step) -> PlanError {
        let name = |node: &usize| self.nodes[*node].name.clone();
        PlanError::Unplanned { layer: step.nodes.first().map(name).unwrap_or_default() }
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
