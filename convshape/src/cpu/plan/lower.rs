//! Lowers layers to steps: chooses a tensor layout for each value, and fuses layers into one step where possible.

mod branches;

use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::graph::{Graph, Node};
use convshape_arith::op::{Activation, AxisOrder, Conv, Direction, Op, PaddingMode, PerAxis, WeightFrom};
use convshape_arith::shape::Shape;

use super::place::{Inside, join, root};
use super::step::{Branch, Method, Step, Work};
use crate::cpu::attention::Attention;
use crate::cpu::buffer::{Grid, View};
use crate::cpu::elementwise::Binary;
use crate::cpu::norm::GroupNorm;
use crate::cpu::order::{has_channels, is_reshape};
use crate::cpu::rearrange::Moves;
use crate::cpu::reduce::Reduce;
use crate::cpu::resample::{Resample, border};
use crate::cpu::simd::{Level, MOST_LANES};
use crate::cpu::taps::{Axis, Reach};
use crate::cpu::winograd::Tiling;
use crate::cpu::{conv, planes, slide};
use crate::model::error::PlanError;

/// The state of lowering a graph.
pub(super) struct Lowering {
    level: Level,
    /// The chain's order of axes.
    pub(super) order: AxisOrder,
    inputs: usize,
    pub(super) outputs: Vec<usize>,
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shape>,
    /// The tensor layout of each value: with [`AxisOrder::ChannelsLast`], its last axis is innermost, as
    /// in the caller's arrays; with [`AxisOrder::ChannelsFirst`], its first.
    pub(super) layouts: Vec<AxisOrder>,
    /// The layout that the readers of each value need, if they need one.
    wanted: Vec<Option<AxisOrder>>,
    pub(super) grids: Vec<Grid>,
    /// How many nodes and outputs read each value.
    pub(super) readers: Vec<usize>,
    /// Whether each value depends on parameters alone.
    constants: Vec<bool>,
    /// Whether a node is fused into another step, and the nodes of the current step.
    pub(super) done: Vec<bool>,
    fused: Vec<usize>,
    pub(super) inside: Vec<Inside>,
    /// Values that were converted to another layout: the value, the layout, the new value.
    converted: Vec<(usize, AxisOrder, usize)>,
    padded: Vec<Padded>,
    pub(super) steps: Vec<Step>,
}

/// A convolution that alone reads a padded value. It reads the value before the padding, and adds the border itself.
#[derive(Clone, Copy)]
struct Padded {
    conv: usize,
    pad: usize,
    /// The padded value, and the rows of border before the input.
    value: usize,
    low: PerAxis<usize>,
}

impl Lowering {
    /// The steps of a graph.
    ///
    /// # Errors
    /// If a size is a symbol, or the planner does not know a layer.
    pub(super) fn new(level: Level, graph: &Graph) -> Result<Self, PlanError> {
        let (order, count) = (graph.order(), graph.values().len());
        let shapes: Vec<Shape> = graph.values().iter().map(|value| value.shape).collect();
        let mut lowering = Lowering {
            level,
            order,
            inputs: graph.inputs().len(),
            outputs: graph.outputs().iter().map(|port| port.value).collect(),
            done: vec![false; graph.nodes().len()],
            fused: Vec::new(),
            nodes: graph.nodes().to_vec(),
            grids: shapes
                .iter()
                .map(|shape| Grid::new(shape, order))
                .collect::<Option<_>>()
                .ok_or(PlanError::Symbols)?,
            shapes,
            layouts: vec![order; count],
            wanted: vec![None; count],
            readers: graph.readers(),
            constants: graph.constants(),
            inside: vec![None; count],
            converted: Vec::new(),
            padded: Vec::new(),
            steps: Vec::new(),
        };
        lowering.wanted = lowering.wanted();
        for value in 0..lowering.inputs {
            lowering.lay(value, lowering.wanted[value].unwrap_or(AxisOrder::ChannelsLast)).ok_or(PlanError::Symbols)?;
            lowering.steps.push(Step {
                nodes: Vec::new(),
                work: Work::Import(value),
                inputs: [].into(),
                output: value,
            });
        }
        for index in 0..lowering.nodes.len() {
            if !lowering.done[index] {
                let unplanned = || PlanError::Unplanned { layer: graph.nodes()[index].name.clone() };
                lowering.lower(index).ok_or_else(unplanned)?;
            }
        }
        lowering.drop_unread();
        lowering.close_gaps();
        for port in 0..lowering.outputs.len() {
            let value = lowering.outputs[port];
            lowering.steps.push(Step {
                nodes: Vec::new(),
                work: Work::Export(port),
                inputs: [value].into(),
                output: value,
            });
        }
        Ok(lowering)
    }

    /// Drops constants that were fused into the layers that read them.
    fn drop_unread(&mut self) {
        let mut read = self.outputs.clone();
        read.extend(self.steps.iter().flat_map(|step| step.inputs.iter().copied()));
        read.extend(self.inside.iter().flatten().map(|(whole, _)| *whole));
        let inside = &self.inside;
        self.steps.retain(|step| match step.work {
            Work::Constant { .. } => read.contains(&step.output) || inside[step.output].is_some(),
            _ => true,
        });
    }

    /// Copies parts of wider values that are read as arrays in the caller's order, since those must be contiguous.
    fn close_gaps(&mut self) {
        for step in core::mem::take(&mut self.steps) {
            let is_array = match step.work {
                Work::Reshape => true,
                Work::Convert => self.layouts[step.output] == AxisOrder::ChannelsFirst,
                Work::Along { size, .. } => size != self.grids[step.output].channels,
                _ => false,
            };
            let mut step = step;
            if is_array && self.is_dense() {
                let value = step.inputs[0];
                let (whole, _) = root(&self.inside, value);
                if self.grids[whole].channels != self.grids[value].channels {
                    let copy = self.add_value(value, self.layouts[value], self.grids[value]);
                    let (work, inputs) = (Work::Convert, [value].into());
                    self.steps.push(Step { nodes: Vec::new(), work, inputs, output: copy });
                    step.inputs = [copy].into();
                }
            }
            self.steps.push(step);
        }
    }

    /// Adds a value with the elements of another.
    fn add_value(&mut self, like: usize, layout: AxisOrder, grid: Grid) -> usize {
        self.shapes.push(self.shapes[like]);
        self.layouts.push(layout);
        self.grids.push(grid);
        self.inside.push(None);
        self.readers.push(0);
        self.shapes.len() - 1
    }

    /// The layout that the readers of each value need: the chain's order, if one of them needs that.
    fn wanted(&self) -> Vec<Option<AxisOrder>> {
        let mut wanted = vec![None; self.shapes.len()];
        let reads = |node: &&Node| !matches!(node.op, Op::Source { .. });
        for node in self.nodes.iter().rev().filter(reads) {
            if let Op::Permute { .. } | Op::Reduce { .. } = node.op {
                continue;
            }
            let layout = self.needed(node).or(wanted[node.outputs[0]]);
            for &value in &node.inputs {
                wanted[value] = if layout == Some(self.order) { layout } else { wanted[value].or(layout) };
            }
        }
        wanted
    }

    /// The layout that a layer needs for its operands; `None` if any will do.
    fn needed(&self, node: &Node) -> Option<AxisOrder> {
        match node.op {
            Op::Activation(_) | Op::Scale { .. } | Op::Dropout { .. } | Op::Permute { .. } => None,
            _ if Binary::of(&node.op).is_some() && (self.is_even(node) || self.is_aligned(node)) => None,
            _ if Binary::of(&node.op).is_some() && self.is_over_channels(node) => Some(self.order),
            _ if self.free_moves(node).is_some() => None,
            _ if self.is_last(node) => Some(AxisOrder::ChannelsLast),
            Op::Slice { .. } | Op::Split { .. } | Op::Concat { .. } => None,
            Op::Conv(conv) if !self.packs_weight(node, &conv) => Some(AxisOrder::ChannelsLast),
            op if has_channels(&op) => Some(self.order),
            Op::Prelu { .. }
            | Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. }
            | Op::ChannelShuffle { .. }
            | Op::LocalResponseNorm { .. } => Some(self.order),
            // Matrices, normalisation along the last axis, and all that runs on arrays in the caller's order.
            _ => Some(AxisOrder::ChannelsLast),
        }
    }

    /// Whether the weight of a convolution is the same in every run.
    fn packs_weight(&self, node: &Node, conv: &Conv) -> bool {
        conv.weight != WeightFrom::Input || self.constants[node.inputs[1]]
    }

    /// Whether a value is stored: not if only other constants read it, or convolutions whose weight it is.
    fn is_stored(&self, value: usize) -> bool {
        let reads = |node: &Node| match node.op {
            _ if self.constants[node.outputs[0]] => false,
            Op::Conv(Conv { weight: WeightFrom::Input, .. }) => node.inputs[0] == value,
            _ => node.inputs.contains(&value),
        };
        self.outputs.contains(&value) || self.nodes.iter().any(reads)
    }

    /// Whether all operands have the output's shape.
    pub(super) fn is_even(&self, node: &Node) -> bool {
        node.inputs.iter().all(|&value| self.shapes[value] == self.shapes[node.outputs[0]])
    }

    /// Whether the axes of all operands correspond in either layout: a value with channels alone belongs to the
    /// channels.
    fn is_aligned(&self, node: &Node) -> bool {
        let rank = self.shapes[node.outputs[0]].rank();
        rank <= 4 && node.inputs.iter().all(|&value| self.shapes[value].rank() == rank)
    }

    /// Whether all operands have the axes of the output, or those of its channels alone.
    fn is_over_channels(&self, node: &Node) -> bool {
        let output = &self.shapes[node.outputs[0]];
        let has_axes = |shape: &Shape| shape.rank() == output.rank() || shape.is_over_channels(output, self.order);
        output.rank() <= 4 && node.inputs.iter().all(|&value| has_axes(&self.shapes[value]))
    }

    /// Whether a layer works along the last axis of what it reads.
    fn is_last(&self, node: &Node) -> bool {
        self.is_channels(node, AxisOrder::ChannelsLast)
    }

    /// Whether a layer works along the axis that is innermost in a layout.
    fn is_channels(&self, node: &Node, layout: AxisOrder) -> bool {
        let rank = self.shapes[node.inputs[0]].rank();
        let stacks = matches!(node.op, Op::Stack { .. } | Op::Unflatten { .. });
        let axis = if let Op::Split { axis, .. } = node.op { Some(axis) } else { node.op.axis() };
        let at = axis.and_then(|axis| axis.index(rank, self.order));
        !stacks && at == Some(layout.channel(rank))
    }

    /// Gives a value its layout.
    fn lay(&mut self, value: usize, layout: AxisOrder) -> Option<()> {
        self.layouts[value] = layout;
        self.grids[value] = Grid::new(&self.shapes[value], layout)?;
        Some(())
    }

    /// A value converted to a layout; if `dense`, one that is not part of a wider value.
    fn operand(&mut self, value: usize, layout: AxisOrder, dense: bool) -> Option<usize> {
        if !dense && (layout == self.layouts[value] || self.shapes[value].rank() <= 1) {
            return Some(value);
        }
        let grid = Grid::new(&self.shapes[value], layout)?;
        let known = self.converted.iter().find(|(from, to, _)| (*from, *to) == (value, layout));
        if let Some((.., found)) = known {
            return Some(*found);
        }
        let output = self.add_value(value, layout, grid);
        self.converted.push((value, layout, output));
        self.steps.push(Step { nodes: Vec::new(), work: Work::Convert, inputs: [value].into(), output });
        Some(output)
    }

    /// The node that reads a value, if it is the only reader.
    fn next(&self, value: usize) -> Option<usize> {
        let only = self.nodes.iter().position(|node| node.inputs == [value])?;
        (self.readers[value] == 1 && !self.outputs.contains(&value)).then_some(only)
    }

    /// Fuses the activation that follows `value`, if there is one; `value` is then its output.
    fn activation(&mut self, value: &mut usize) -> Option<Activation> {
        let next = self.next(*value)?;
        let Op::Activation(activation) = self.nodes[next].op else { return None };
        self.done[next] = true;
        self.fused.push(next);
        *value = self.nodes[next].outputs[0];
        Some(activation)
    }

    /// The value that a layer gives a constant scale and shift for each of the innermost elements in a layout: a
    /// normalisation by stored statistics, or arithmetic with a parameter.
    fn scaled(&self, node: &Node, layout: AxisOrder) -> Option<usize> {
        let output = &self.shapes[node.outputs[0]];
        let channel = layout.channel(output.rank());
        if let Op::BatchNorm { .. } = node.op {
            return (channel == self.order.channel(output.rank())).then_some(node.inputs[0]);
        }
        let (Op::Add | Op::Sub | Op::Mul | Op::Div, [first, second]) = (node.op, &node.inputs[..]) else { return None };
        let (value, constant) = match [first, second].map(|value| self.constants[*value]) {
            [false, true] => (*first, *second),
            [true, false] if !matches!(node.op, Op::Sub | Op::Div) => (*second, *first),
            _ => return None,
        };
        let shape = &self.shapes[constant];
        let mut others = (0..shape.rank()).filter(|axis| *axis != channel);
        let is_along = shape.rank() == output.rank() && others.all(|axis| shape.size(axis).number() == Some(1));
        let is_whole = is_along && shape.size(channel) == output.size(channel);
        (is_whole && self.shapes[value] == *output).then_some(value)
    }

    /// Fuses the scale and shift that follow, in the same way.
    fn norm(&mut self, value: &mut usize, layout: AxisOrder) -> Option<usize> {
        let next = self.nodes.iter().position(|node| node.inputs.contains(value))?;
        let is_only = self.readers[*value] == 1 && !self.outputs.contains(value);
        if !is_only || self.scaled(&self.nodes[next], layout) != Some(*value) {
            return None;
        }
        self.done[next] = true;
        self.fused.push(next);
        *value = self.nodes[next].outputs[0];
        Some(next)
    }

    /// Fuses the slices of rows that follow a convolution, which then computes those rows alone. Adds to the first row
    /// of each axis.
    fn slices(&mut self, value: &mut usize, layout: AxisOrder, first: &mut PerAxis<usize>) -> Option<()> {
        while let Some(next) = self.next(*value)
            && let Op::Slice { axis, start, .. } = self.nodes[next].op
            && !self.is_channels(&self.nodes[next], layout)
        {
            let rank = self.shapes[*value].rank();
            let at = (0..rank - 1).find(|&at| axis.index(rank, self.order) == Some(layout.spatial(at)))?;
            first[4 - rank + at] += usize::try_from(start).ok()?;
            self.done[next] = true;
            self.fused.push(next);
            *value = self.nodes[next].outputs[0];
        }
        Some(())
    }

    /// Fuses the branches that a layer is added to, if they are one convolution: that with all taps, and the branches.
    fn merge(&mut self, index: usize, value: &mut usize) -> (usize, Vec<Branch>) {
        let Some(branches) = self.branches(index) else { return (index, Vec::new()) };
        for node in branches.nodes.into_iter().filter(|node| *node != index) {
            self.done[node] = true;
            self.fused.push(node);
        }
        *value = branches.output;
        (branches.main, branches.all)
    }

    /// Fuses the `Add` that follows a sum if nothing else reads its other operand's memory later: the sum is then added
    /// to that operand in place. Returns the operand.
    fn residual(
        &mut self,
        index: usize,
        groups: usize,
        (from, to, layout): (Grid, Grid, AxisOrder),
        value: &mut usize,
    ) -> Option<usize> {
        let adds = |node: &Node| matches!(node.op, Op::Add) && node.inputs.len() == 2 && self.is_even(node);
        let next =
            self.nodes.iter().position(|node| node.inputs.contains(value)).filter(|&next| {
                self.readers[*value] == 1 && !self.outputs.contains(value) && adds(&self.nodes[next])
            })?;
        let node = &self.nodes[next];
        let other = *node.inputs.iter().find(|&input| input != value)?;
        let sum = node.outputs[0];
        let buffer = root(&self.inside, other).0;
        let is_done = |node: usize| node < index || self.done[node];
        let is_known = self.nodes.iter().position(|node| node.outputs.contains(&other)).is_some_and(is_done);
        let mut values = 0..self.shapes.len();
        let is_own = values.all(|value| {
            let is_free = value >= self.inputs && !self.outputs.contains(&value);
            root(&self.inside, value).0 != buffer || is_free && self.grids[value] == to && self.layouts[value] == layout
        });
        let is_last = self.nodes.iter().enumerate().all(|(reader, node)| {
            reader == next || is_done(reader) || node.inputs.iter().all(|&input| root(&self.inside, input).0 != buffer)
        });
        if !(is_known && is_own && is_last && conv::adds(self.level, groups, from.channels, to.channels)) {
            return None;
        }
        self.done[next] = true;
        self.fused.push(next);
        *value = sum;
        Some(buffer)
    }

    /// Adds the step of a node, unless its output is part of another value. `None` if the planner does not know the
    /// layer.
    fn lower(&mut self, index: usize) -> Option<()> {
        let mut node = self.nodes[index].clone();
        if self.constants[node.outputs[0]] {
            let output = node.outputs[0];
            if self.is_stored(output) {
                self.lay(output, self.wanted[output].unwrap_or(self.order))?;
                let work = Work::Constant { node: index };
                self.steps.push(Step { nodes: [index].into(), work, inputs: Vec::new(), output });
            }
            return Some(());
        }
        if let Op::Reduce { .. } = node.op {
            return self.reduce(index, &node);
        }
        if let Some(moves) = self.free_moves(&node) {
            return self.rearrange(index, &node, moves);
        }
        // As few elements as possible are converted.
        let in_layout = |layout: AxisOrder| {
            let inputs = node.inputs.iter().filter(|value| self.layouts[**value] == layout);
            inputs.map(|&value| self.grids[value].elements()).sum::<usize>()
        };
        let last = in_layout(AxisOrder::ChannelsLast) > in_layout(AxisOrder::ChannelsFirst);
        let free = if last { AxisOrder::ChannelsLast } else { self.order };
        let layout = self.needed(&node).unwrap_or(free);
        self.shorten(index, &mut node, layout);
        let mut output = node.outputs[0];
        // A value that is reshaped must not have a border.
        let dense = is_reshape(&node.op) && !self.is_dense();
        self.lay(output, layout)?;
        if is_reshape(&node.op)
            && self.grids[node.inputs[0]] == self.grids[output]
            && self.grids[output].positions() == 1
        {
            self.inside[output] = Some((node.inputs[0], 0));
            return Some(());
        }
        if let Op::Conv(conv) = node.op
            && self.packs_weight(&node, &conv)
        {
            node.inputs.truncate(1);
        }
        let scaled = self.scaled(&node, layout);
        if let Some(value) = scaled {
            node.inputs = [value].into();
        }
        self.fused.extend(self.padded(index).map(|padded| padded.pad));
        for value in &mut node.inputs {
            *value = self.operand(*value, layout, dense)?;
        }
        let Some(work) = self.work(index, &node, &mut output, layout, scaled.is_some())? else { return Some(()) };
        self.lay(output, layout)?;
        let mut nodes: Vec<usize> = [index].into();
        nodes.append(&mut self.fused);
        self.steps.push(Step { nodes, work, inputs: node.inputs, output });
        Some(())
    }

    /// The work of a node whose operands are in a layout, and what is fused into it; `None` inside if its output is part
    /// of another value. `is_scaled`: it gives its only operand a constant scale and shift.
    fn work(
        &mut self,
        index: usize,
        node: &Node,
        output: &mut usize,
        layout: AxisOrder,
        is_scaled: bool,
    ) -> Option<Option<Work>> {
        let inputs = &node.inputs;
        let (from, to) = (self.grids[inputs[0]], self.grids[*output]);
        let shape = self.shapes[inputs[0]];
        let (rank, binary) = (shape.rank().saturating_sub(1), Binary::of(&node.op));
        let (main, branches) = self.merge(index, output);
        Some(Some(match self.nodes[main].op {
            Op::Conv(conv) if conv.border() == PaddingMode::Zeros && inputs.len() == 1 => {
                self.convolution(index, (main, branches), &conv, inputs[0], layout, output)?
            }
            Op::Attention(layer) => {
                let shapes: Vec<Shape> = inputs.iter().map(|&value| self.shapes[value]).collect();
                let layer = Attention::new(self.level, &layer, &shapes)?;
                Work::Attention { layer, room: layer.room() }
            }
            Op::Linear { .. } | Op::Projection(_) => self.matrix(index, inputs[0], layout, output)?,
            _ if is_scaled => Work::Each { norm: Some(index), activation: self.activation(output), by: 1.0 },
            Op::Activation(activation) => Work::Each { norm: None, activation: Some(activation), by: 1.0 },
            Op::Prelu { .. } => Work::Slopes { node: index },
            Op::Scale { by } => Work::Each { norm: None, activation: self.activation(output), by },
            Op::Dropout { .. } => {
                self.inside[*output] = Some((inputs[0], 0));
                return Some(None);
            }
            Op::Slice { start, .. } if self.is_channels(node, layout) => {
                self.inside[*output] = Some((inputs[0], usize::try_from(start).ok()?));
                return Some(None);
            }
            Op::Split { .. } if self.is_channels(node, layout) => {
                let (_, start) = node.op.piece_start(&shape, self.order)?;
                self.inside[*output] = Some((inputs[0], usize::try_from(start).ok()?));
                return Some(None);
            }
            _ if is_reshape(&node.op) => Work::Reshape,
            Op::Concat { .. } if self.is_channels(node, layout) => {
                join(&mut self.inside, &mut self.steps, (index, node), &self.grids, &self.layouts);
                return Some(None);
            }
            Op::Slice { .. }
            | Op::Split { .. }
            | Op::Concat { .. }
            | Op::PixelShuffle { .. }
            | Op::PixelUnshuffle { .. } => {
                for operand in 0..inputs.len() {
                    let moves = self.moves(node, operand)?;
                    let work = Work::Move { node: index, index: operand, moves: Box::new(moves), keeps: false };
                    let (nodes, inputs) = ([index].into(), [inputs[operand]].into());
                    self.steps.push(Step { nodes, work, inputs, output: *output });
                }
                return Some(None);
            }
            Op::Pool(pool) => {
                let mut windows = [Window::new(1); 3];
                windows[3 - pool.rank..].copy_from_slice(&pool.windows(&shape, self.order).ok()?[..pool.rank]);
                Work::Pool { node: index, windows }
            }
            _ if binary.is_some() && (self.is_even(node) || self.is_over_channels(node)) => {
                Work::Combine { by: binary?, activation: self.activation(output) }
            }
            Op::AdaptivePool { kind, .. } if shape.rank() <= 4 => Work::Adaptive(kind),
            Op::GlobalPool { kind, .. } => Work::Adaptive(kind),
            Op::Upsample(upsample) if (1..=3).contains(&rank) => {
                let planar = self.outputs.contains(output) && self.is_planar(*output) && to.channels > 1;
                Work::Resample { rows: Box::new(Resample::resize(&upsample, rank, &from, &to)), planar }
            }
            Op::Pad { amount, mode, value, axis: None } if (1..=3).contains(&rank) => {
                let low = border(amount, rank, &from, &to);
                let is_wider =
                    |axis: usize| low[axis] >= 0 && from.size[axis] as i64 + low[axis] <= to.size[axis] as i64;
                if mode == PaddingMode::Zeros
                    && value == 0.0
                    && (0..3).all(is_wider)
                    && self.takes_border(self.nodes[index].inputs[0])
                    && let Some(conv) = self.convolution_of(*output)
                {
                    self.nodes[conv].inputs[0] = self.nodes[index].inputs[0];
                    let low = low.map(|rows| usize::try_from(rows).unwrap_or(0));
                    self.padded.push(Padded { conv, pad: index, value: *output, low });
                    return Some(None);
                }
                Work::Resample { rows: Box::new(Resample::pad(low, mode, value, &from, &to)), planar: false }
            }
            Op::Crop { amount } if (1..=3).contains(&rank) => {
                let low = border(amount, rank, &from, &to).map(|low| -low);
                let rows = Box::new(Resample::pad(low, PaddingMode::Zeros, 0.0, &from, &to));
                Work::Resample { rows, planar: false }
            }
            Op::GroupNorm { groups, eps, .. } => {
                let (groups, room) = (usize::try_from(groups).ok()?, GroupNorm::room(&from));
                Work::Groups { node: index, groups, eps, activation: self.activation(output), room }
            }
            Op::InstanceNorm { eps, .. } => {
                let (groups, room) = (from.channels, GroupNorm::room(&from));
                Work::Groups { node: index, groups, eps, activation: self.activation(output), room }
            }
            // Normalisation over several axes, if these are contiguous.
            Op::LayerNorm { size, .. } | Op::RmsNorm { size, .. }
                if size.unwrap_or(shape).rank() == 1 || self.is_dense() =>
            {
                let axes = size.unwrap_or(shape).elements().ok().and_then(|size| usize::try_from(size.number()?).ok());
                Work::Along { node: index, size: axes?, activation: self.activation(output) }
            }
            Op::Softmax { .. } if self.is_channels(node, layout) => {
                Work::Along { node: index, size: from.channels, activation: None }
            }
            Op::ChannelShuffle { .. } | Op::LocalResponseNorm { .. } => {
                Work::Along { node: index, size: from.channels, activation: self.activation(output) }
            }
            _ => {
                let values = inputs.iter().chain([&*output]);
                Work::Reference { node: index, room: values.map(|&value| self.grids[value].elements()).collect() }
            }
        }))
    }

    /// A convolution with its branches, and the layers that are fused into it.
    fn convolution(
        &mut self,
        index: usize,
        (main, branches): (usize, Vec<Branch>),
        conv: &Conv,
        x: usize,
        layout: AxisOrder,
        output: &mut usize,
    ) -> Option<Work> {
        let from = self.grids[x];
        let mut first = [0; 3];
        self.slices(output, layout, &mut first)?;
        let groups = usize::try_from(conv.groups).ok()?;
        let norm = if branches.is_empty() { self.norm(output, layout) } else { None };
        self.slices(output, layout, &mut first)?;
        let to = Grid::new(&self.shapes[*output], layout)?;
        let (shape, low) = match self.padded(index) {
            Some(Padded { value, low, .. }) => (self.shapes[value], low),
            None => (self.shapes[x], [0; 3]),
        };
        let axes = Box::new(conv_axes(conv, &shape, self.order, (&from, &to), (low, first))?);
        let onto = self.residual(index, groups, (from, to, layout), output);
        let activation = self.activation(output);
        self.inside[*output] = onto.map(|buffer| (buffer, 0));
        let onto = onto.is_some();
        let (axes, method) = self.method(axes, groups, onto, (x, from), (*output, to));
        Some(Work::Sum { node: main, branches, axes, norm, onto, activation, method })
    }

    /// The convolution that reads a value, if nothing else does and the value's border can be its own.
    fn convolution_of(&self, value: usize) -> Option<usize> {
        let next = self.next(value)?;
        let Op::Conv(conv) = self.nodes[next].op else { return None };
        let is_plain = conv.direction == Direction::Forward && conv.border() == PaddingMode::Zeros;
        is_plain.then_some(next)
    }

    /// Whether a border makes only this value's memory larger: it is not, and will not be, part of a wider one.
    fn takes_border(&self, value: usize) -> bool {
        let whole = root(&self.inside, value).0;
        let readers = self.nodes.iter().filter(|node| node.inputs.contains(&value));
        self.grids[whole].channels == self.grids[value].channels
            && readers.into_iter().all(|node| matches!(node.op, Op::Pad { .. } | Op::Conv(_) | Op::Add))
    }

    /// The border that was made part of a convolution.
    fn padded(&self, conv: usize) -> Option<Padded> {
        self.padded.iter().find(|padded| padded.conv == conv).copied()
    }

    /// A linear layer, and the layers that are fused into it.
    fn matrix(&mut self, index: usize, x: usize, layout: AxisOrder, output: &mut usize) -> Option<Work> {
        let (from, to) = (self.grids[x], self.grids[*output]);
        let whole = |axis: usize| Axis::new(Window::new(1).into(), from.size[axis], from.size[axis]);
        let axes = Box::new([whole(0)?, whole(1)?, whole(2)?]);
        let norm = self.norm(output, layout);
        let onto = self.residual(index, 1, (from, to, layout), output);
        let activation = self.activation(output);
        self.inside[*output] = onto.map(|buffer| (buffer, 0));
        let (onto, method) = (onto.is_some(), Method::Direct { planar: false });
        Some(Work::Sum { node: index, branches: Vec::new(), axes, norm, onto, activation, method })
    }

    /// What a node copies of one of its operands.
    fn moves(&self, node: &Node, operand: usize) -> Option<Moves> {
        let shapes: Vec<Shape> = node.inputs.iter().map(|&value| self.shapes[value]).collect();
        Moves::new(&node.op, &shapes, operand, &self.shapes[node.outputs[0]], self.order)
    }

    /// What a layer copies, if it can from any layout to any: a permutation, or a reshape that leaves the channels.
    fn free_moves(&self, node: &Node) -> Option<Moves> {
        let [from, to] = [node.inputs[0], node.outputs[0]].map(|value| &self.shapes[value]);
        let channels = |shape: &Shape| shape.size(self.order.channel(shape.rank()));
        let leaves = || from.rank().min(to.rank()) > 1 && channels(from) == channels(to);
        match node.op {
            Op::Permute { .. } => self.moves(node, 0),
            _ if is_reshape(&node.op) && self.is_dense() && leaves() => self.moves(node, 0),
            _ => None,
        }
    }

    /// Adds the step of such a layer. It writes the layout that its readers need, or else the one in which the elements
    /// keep their order.
    fn rearrange(&mut self, index: usize, node: &Node, moves: Moves) -> Option<()> {
        let (input, output) = (node.inputs[0], node.outputs[0]);
        let keeps = |layout: AxisOrder| {
            let grid = Grid::new(&self.shapes[output], layout)?;
            let [from, to] = [View::dense(&self.grids[input], self.layouts[input]), View::dense(&grid, layout)];
            Some(moves.keep([(&from, &self.shapes[input]), (&to, &self.shapes[output])]))
        };
        let kept = [AxisOrder::ChannelsLast, self.order].into_iter().find(|layout| keeps(*layout) == Some(true));
        let layout = self.wanted[output].or(kept).unwrap_or(AxisOrder::ChannelsLast);
        let keeps = keeps(layout)?;
        self.lay(output, layout)?;
        let work = Work::Move { node: index, index: 0, moves: Box::new(moves), keeps };
        self.steps.push(Step { nodes: [index].into(), work, inputs: [input].into(), output });
        Some(())
    }

    /// Adds the step of a `Reduce`, which reads any layout, and writes one in which the elements keep their order.
    fn reduce(&mut self, index: usize, node: &Node) -> Option<()> {
        let (input, output) = (node.inputs[0], node.outputs[0]);
        let keeps = |layout: AxisOrder| {
            let grid = Grid::new(&self.shapes[output], layout)?;
            let [from, to] = [View::dense(&self.grids[input], self.layouts[input]), View::dense(&grid, layout)];
            let reduce =
                Reduce::new(&node.op, self.order, [(&from, &self.shapes[input]), (&to, &self.shapes[output])])?;
            Some(reduce.keeps_order())
        };
        let wanted = self.wanted[output].unwrap_or(self.layouts[input]);
        let layouts = [wanted, AxisOrder::ChannelsLast, self.order];
        let kept = layouts.into_iter().find(|layout| keeps(*layout) == Some(true));
        self.lay(output, kept.unwrap_or(wanted))?;
        let (nodes, work) = ([index].into(), Work::Reduce { node: index });
        self.steps.push(Step { nodes, work, inputs: [input].into(), output });
        Some(())
    }

    /// Puts an earlier join in the place of the operands that it has joined, if there is one: in a dense block each
    /// layer joins all values before it. The earlier one must still have its value, and not be the caller's memory.
    fn shorten(&self, index: usize, node: &mut Node, layout: AxisOrder) {
        if !matches!(node.op, Op::Concat { .. }) || !self.is_channels(node, layout) {
            return;
        }
        let is_kept = |value: usize| {
            let replaced =
                |inner: usize| self.inside[inner] == Some((value, 0)) && self.grids[inner] == self.grids[value];
            !self.outputs.contains(&value) && !(0..self.inside.len()).any(replaced)
        };
        let begins = |earlier: &&Node| {
            let count = earlier.inputs.len();
            let value = earlier.outputs[0];
            earlier.op == node.op
                && (2..node.inputs.len()).contains(&count)
                && earlier.inputs == node.inputs[..count]
                && self.layouts[value] == layout
                && is_kept(value)
        };
        if let Some(earlier) = self.nodes[..index].iter().filter(begins).max_by_key(|earlier| earlier.inputs.len()) {
            node.inputs.splice(..earlier.inputs.len(), [earlier.outputs[0]]);
        }
    }

    /// Whether values in the caller's order never have a border.
    fn is_dense(&self) -> bool {
        self.order == AxisOrder::ChannelsFirst
    }

    /// Whether a value, if it is the caller's, has planes that nothing else reads or writes.
    fn is_planar(&self, value: usize) -> bool {
        self.order == AxisOrder::ChannelsFirst && self.readers[value] == 1
    }

    /// How a convolution is computed, and its axes then.
    fn method(
        &self,
        mut axes: Box<[Axis; 3]>,
        groups: usize,
        onto: bool,
        (input, from): (usize, Grid),
        (output, to): (usize, Grid),
    ) -> (Box<[Axis; 3]>, Method) {
        // The first layer can read planes; a single layer can also write them.
        let first = input < self.inputs && self.is_planar(input);
        let alone = first && !onto && self.outputs.contains(&output) && self.is_planar(output);
        let few = groups == 1 && (2..MOST_LANES).contains(&from.channels);
        let tiling = Tiling::new(&axes, groups, [from.channels, to.channels], (1, false));
        let method = if self.level.is_portable() {
            Method::Direct { planar: first && few }
        } else if let Some(tiling) = tiling {
            tiling.widen(&mut axes);
            Method::Winograd(tiling.into())
        } else if alone && slide::fits(&axes, groups, &from, &to) {
            Method::Slide
        } else if alone && planes::fits(&axes, &from, &to, groups) {
            Method::Planes
        } else {
            Method::Direct { planar: first && few }
        };
        (axes, method)
    }
}

/// The axes of a convolution whose input has `low` rows of border before it, and whose output has the rows from `first`
/// on.
fn conv_axes(
    conv: &Conv,
    shape: &Shape,
    order: AxisOrder,
    (from, to): (&Grid, &Grid),
    (low, first): (PerAxis<usize>, PerAxis<usize>),
) -> Option<[Axis; 3]> {
    let mut axes = [Axis::single(), Axis::single(), Axis::single()];
    let skip = 3 - conv.rank;
    for axis in 0..conv.rank {
        let (input, output) = (from.size[skip + axis], to.size[skip + axis]);
        let reach: Reach = match conv.direction {
            Direction::Forward => conv.windows(shape, order).ok()?[axis].into(),
            Direction::Transposed => conv.scatters(shape, order).ok()?[axis].into(),
        };
        let reach = reach.starting_at(first[skip + axis]).without(low[skip + axis]);
        axes[skip + axis] = Axis::new(reach, input, output)?;
    }
    Some(axes)
}
