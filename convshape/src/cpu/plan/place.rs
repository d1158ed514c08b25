//! The memory planner: assigns each value a buffer of its own or a part of another's. Buffers whose lifetimes do not
//! overlap share memory.

use std::vec;
use std::vec::Vec;

use convshape_arith::graph::Node;
use convshape_arith::op::{AxisOrder, Op};

use super::Plan;
use super::interleave::{Interleave, Values};
use super::step::{Method, Step, Work};
use crate::cpu::buffer::{Buffer, Grid, Place, SLACK, View};

/// For a value without a buffer of its own: the value whose buffer it shares, and its first channel there.
pub(super) type Inside = Option<(usize, usize)>;

/// The value whose buffer a value is stored in, and its first channel there.
pub(super) fn root(inside: &[Inside], mut value: usize) -> (usize, usize) {
    let mut channel = 0;
    while let Some((outer, first)) = inside[value] {
        value = outer;
        channel += first;
    }
    (value, channel)
}

/// Joins values along the channels: an operand whose steps can write directly into the joined buffer is stored there,
/// the others are copied. An operand may be a join itself.
pub(super) fn join(
    inside: &mut [Inside],
    steps: &mut Vec<Step>,
    (index, node): (usize, &Node),
    grids: &[Grid],
    layouts: &[AxisOrder],
) {
    let mut next = 0;
    // A conversion to the caller's order writes a contiguous array, and so does a normalisation over several axes.
    let is_array = |step: &Step| match step.work {
        Work::Convert => layouts[step.output] == AxisOrder::ChannelsLast,
        Work::Along { size, .. } => size != grids[step.output].channels,
        _ => false,
    };
    for &operand in &node.inputs {
        let channel = next;
        next += grids[operand].channels;
        let mut writers = steps.iter().filter(|step| root(inside, step.output).0 == operand).peekable();
        let written = writers.peek().is_some() && !writers.any(is_array);
        // Values that are joined twice or in part are copied too: one of them would have to be copied within the
        // buffer.
        let others = node.inputs.iter().filter(|&&other| root(inside, other).0 == operand).count();
        if written && others == 1 && inside[operand].is_none() {
            inside[operand] = Some((node.outputs[0], channel));
            // A step cannot read and write one buffer.
            let root = |value: usize| root(inside, value).0;
            if steps.iter().all(|step| step.inputs.iter().all(|&input| root(input) != root(step.output))) {
                continue;
            }
            inside[operand] = None;
        }
        steps.push(Step {
            nodes: [index].into(),
            work: Work::Copy(channel),
            inputs: [operand].into(),
            output: node.outputs[0],
        });
    }
}

impl Plan {
    /// Assigns every value its buffer, and every buffer its memory.
    pub(super) fn place(&mut self, grids: &[Grid], layouts: &[AxisOrder], inside: &[Inside]) {
        let root = |value: usize| root(inside, value);
        let mut buffers: Vec<Buffer> = grids.iter().map(Buffer::new).collect();
        for step in &self.steps {
            if let Work::Resample { planar, .. } = step.work {
                buffers[root(step.output).0].planar |= planar;
            }
            if let Work::Sum { axes, method, .. } = &step.work {
                let planar = matches!(method, Method::Planes | Method::Slide);
                buffers[root(step.output).0].planar |= planar;
                buffers[root(step.inputs[0]).0].planar |= planar || matches!(method, Method::Direct { planar: true });
                if matches!(method, Method::Slide) {
                    continue;
                }
                let buffer = &mut buffers[root(step.inputs[0]).0];
                for (axis, reach) in axes.iter().enumerate() {
                    buffer.low[axis] = buffer.low[axis].max(reach.low);
                    buffer.high[axis] = buffer.high[axis].max(reach.high);
                }
            }
        }
        self.borrow(grids, layouts, inside, &mut buffers);
        let memory = self.reuse(grids, layouts, inside, &buffers);
        // When each buffer is first written and last read.
        let mut lives: Vec<Option<(usize, usize)>> = vec![None; grids.len()];
        for (time, step) in self.steps.iter().enumerate() {
            for &value in step.inputs.iter().chain([&step.output]) {
                let life = &mut lives[memory[root(value).0]];
                *life = Some((life.map_or(time, |(start, _)| start), time));
            }
        }
        let starts: Vec<Option<usize>> = lives.iter().map(|life| life.map(|(start, _)| start)).collect();
        self.interleave(&mut buffers, &memory, inside);
        for first in 0..self.steps.len() {
            // Buffers of interleaved steps live as long as all of them run.
            let last = first + self.together(first) - 1;
            for (start, end) in lives.iter_mut().flatten() {
                *start = if (first..=last).contains(start) { first } else { *start };
                *end = if (first..=last).contains(end) { last } else { *end };
            }
        }
        let mut taken: Vec<(usize, usize, usize, usize)> = Vec::new();
        let mut allocate = |size: usize, start: usize, end: usize| {
            let size = size.next_multiple_of(SLACK) + SLACK;
            let mut at = 0;
            for &(place, length, first, last) in &taken {
                if start <= last && first <= end && at < place + length && place < at + size {
                    at = place + length;
                }
            }
            // In the order of their offsets.
            let index = taken.partition_point(|&(place, ..)| place <= at);
            taken.insert(index, (at, size, start, end));
            at
        };
        // The largest first: small buffers then fit into the gaps.
        let mut order: Vec<usize> = Vec::new();
        for value in (0..buffers.len()).filter(|&value| lives[value].is_some()) {
            let size = buffers[value].sample();
            order.insert(order.partition_point(|&other| buffers[other].sample() >= size), value);
        }
        for value in order {
            if let (Some((start, end)), Place::Workspace(_)) = (lives[value], buffers[value].place) {
                buffers[value].place = Place::Workspace(allocate(buffers[value].sample(), start, end));
            }
        }
        for value in 0..buffers.len() {
            buffers[value].place = buffers[memory[value]].place;
        }
        let view = |value: usize| {
            let ((index, channel), order) = (root(value), layouts[value]);
            View { order, buffer: buffers[index], channel, channels: grids[value].channels }
        };
        for (time, step) in self.steps.iter_mut().enumerate() {
            if let Work::Reference { room, .. } = &mut step.work {
                for (place, &value) in room.iter_mut().zip(step.inputs.iter().chain([&step.output])) {
                    // An array is used where it is.
                    *place = if view(value).is_array() { 0 } else { allocate(*place, time, time) };
                }
            }
            if let Work::Groups { room, .. } | Work::Attention { room, .. } = &mut step.work {
                *room = allocate(*room, time, time);
            }
        }
        self.elements = taken.iter().map(|(at, size, ..)| at + size).max().unwrap_or(0);
        self.clears = self
            .steps
            .iter()
            .enumerate()
            .map(|(time, step)| {
                let buffer = root(step.output).0;
                let first = starts[memory[buffer]] == Some(time);
                first && !(buffers[buffer].planar && matches!(step.work, Work::Import(_)))
            })
            .collect();
        self.views = (0..grids.len()).map(|value| lives[memory[root(value).0]].map(|_| view(value))).collect();
    }

    /// Finds the steps that run row by row, and shortens the buffers of the values between them.
    fn interleave(&mut self, buffers: &mut [Buffer], memory: &[usize], inside: &[Inside]) {
        let root = |value: usize| root(inside, value).0;
        let steps = &self.steps;
        let is_passed_on = |value: usize| {
            let shared = (0..memory.len()).filter(|&other| memory[root(other)] == value).count();
            let reads = steps.iter().flat_map(|step| &step.inputs).filter(|input| **input == value).count();
            shared == 1 && reads == 1 && inside[value].is_none()
        };
        let shares = |a: usize, b: usize| memory[root(a)] == memory[root(b)];
        let mut values =
            Values { nodes: &self.nodes, buffers, root: &root, shares: &shares, is_passed_on: &is_passed_on };
        let mut interleaved = Vec::new();
        while interleaved.len() < steps.len() {
            let found = Interleave::new(&steps[interleaved.len()..], &mut values);
            let more = found.as_ref().map_or(0, |found| found.steps() - 1);
            interleaved.push(found);
            interleaved.extend((0..more).map(|_| None));
        }
        self.interleaved = interleaved;
    }

    /// The buffer whose memory each buffer uses: another's if a step would only copy it. Such steps are removed.
    fn reuse(&mut self, grids: &[Grid], layouts: &[AxisOrder], inside: &[Inside], buffers: &[Buffer]) -> Vec<usize> {
        let mut memory: Vec<usize> = (0..grids.len()).collect();
        let whole = |value: usize| {
            let (buffer, parts) = (&buffers[value], inside.iter().flatten().any(|(outer, _)| *outer == value));
            inside[value].is_none() && !parts && !buffer.planar && buffer.low == [0; 3] && buffer.high == [0; 3]
        };
        let steps = std::mem::take(&mut self.steps);
        let written = |value: usize| steps.iter().filter(|step| step.output == value).count();
        let dropped: Vec<bool> = steps
            .iter()
            .map(|step| {
                let same = match step.work {
                    Work::Reshape => true,
                    Work::Move { keeps, .. } => keeps,
                    Work::Convert => {
                        let (from, to) = (step.inputs[0], step.output);
                        let apart = if layouts[from] == AxisOrder::ChannelsFirst { &grids[from] } else { &grids[to] };
                        layouts[from] == layouts[to] || apart.channels == 1 || apart.positions() == 1
                    }
                    _ => false,
                };
                let (from, to) = (step.inputs.first().copied().unwrap_or(step.output), step.output);
                let own = |value: usize| matches!(buffers[value].place, Place::Workspace(_));
                let inner = own(to) && (own(memory[from]) || !self.overreads(inside, to));
                let free = same && inner && whole(from) && whole(to) && written(to) == 1;
                if free {
                    memory[to] = memory[from];
                }
                free
            })
            .collect();
        self.steps = steps.into_iter().zip(dropped).filter(|(_, dropped)| !dropped).map(|(step, _)| step).collect();
        memory
    }

    /// Whether a layer reads beyond the end of a value: a vector of channels may start at the last channel.
    fn overreads(&self, inside: &[Inside], value: usize) -> bool {
        let grouped = |op: &Op| matches!(op, Op::Conv(conv) if conv.groups > 1);
        self.nodes.iter().any(|node| grouped(&node.op) && root(inside, node.inputs[0]).0 == value)
    }

    /// The values that are outputs of the chain.
    fn outputs_of(&self) -> Vec<usize> {
        let export = |step: &Step| matches!(step.work, Work::Export(_)).then_some(step.output);
        self.steps.iter().filter_map(export).collect()
    }

    /// Uses the caller's memory for inputs and outputs whose layout is the caller's.
    fn borrow(&mut self, grids: &[Grid], layouts: &[AxisOrder], inside: &[Inside], buffers: &mut [Buffer]) {
        let same = |value: usize, buffer: &Buffer| {
            let grid = &grids[value];
            let plain = layouts[value] == AxisOrder::ChannelsLast || grid.channels == 1 || grid.positions() == 1;
            (plain || buffer.planar) && buffer.low == [0; 3] && buffer.high == [0; 3] && inside[value].is_none()
        };
        let whole = |value: usize| !inside.iter().flatten().any(|(outer, _)| *outer == value);
        let nodes = &self.nodes;
        let overread: Vec<bool> = (0..grids.len()).map(|value| self.overreads(inside, value)).collect();
        let exported: Vec<usize> = self.outputs_of();
        self.steps.retain(|step| match step.work {
            Work::Import(port) => {
                let direct = same(step.output, &buffers[step.output]);
                let direct = direct && (buffers[step.output].planar || !overread[step.output]);
                if direct {
                    buffers[step.output].place = Place::Input(port);
                }
                !direct
            }
            Work::Export(port) => {
                let value = step.inputs[0];
                let written = nodes.iter().any(|node| node.outputs == [value]) && whole(value);
                let read = nodes.iter().any(|node| node.inputs.contains(&value));
                let direct = same(value, &buffers[value]) && written && !read;
                let once = exported.iter().filter(|&&other| other == value).count() == 1;
                let direct = direct && once;
                if direct {
                    buffers[value].place = Place::Output(port);
                }
                !direct
            }
            _ => true,
        });
    }
}
