//! Parallel convolutions of one value that are added up are one convolution: its weight is the sum of theirs. Networks
//! have such branches in training (RepVGG, MobileOne), and many are exported as they were trained.

use std::vec::Vec;

use convshape_arith::axis::Window;
use convshape_arith::graph::Node;
use convshape_arith::op::{Conv, Direction, Op, PaddingMode, PerAxis, WeightFrom};

use super::Lowering;
use crate::cpu::plan::step::Branch;

/// Branches that are one convolution.
pub(super) struct Branches {
    /// The convolution with the most taps.
    pub(super) main: usize,
    pub(super) all: Vec<Branch>,
    /// All nodes, and the sum.
    pub(super) nodes: Vec<usize>,
    pub(super) output: usize,
}

/// Whether two convolutions are equal but for kernel, padding and bias.
fn alike(a: &Conv, b: &Conv) -> bool {
    (a.rank, a.groups, a.outputs, a.depth_multiplier) == (b.rank, b.groups, b.outputs, b.depth_multiplier)
}

/// The tap of `all` that the first tap of `one` is, if all taps of `one` are taps of `all`.
fn first_tap(all: &Window, one: &Window) -> Option<usize> {
    let (offset, step) = (all.lo - one.lo, all.dilation);
    let alike = all.stride == one.stride && all.input_dilation == one.input_dilation;
    let even = offset % step == 0 && (one.kernel == 1 || one.dilation == step);
    let first = offset / step;
    (alike && even && first >= 0 && first + one.kernel <= all.kernel).then(|| usize::try_from(first).ok()).flatten()
}

impl Lowering {
    /// The largest sum of branches whose first layer is this one.
    pub(super) fn branches(&self, index: usize) -> Option<Branches> {
        let node = &self.nodes[index];
        let mut first = match node.op {
            Op::Conv(_) if self.padded(index).is_none() => Branch { conv: Some(index), ..Branch::default() },
            Op::BatchNorm { .. } => Branch { norm: Some(index), ..Branch::default() },
            _ => return None,
        };
        let (x, mut value, mut nodes) = (node.inputs[0], node.outputs[0], Vec::from([index]));
        let is_norm = |next: &usize| matches!(self.nodes[*next].op, Op::BatchNorm { .. });
        if let (None, Some(norm)) = (first.norm, self.reader(value).filter(is_norm)) {
            first.norm = Some(norm);
            value = self.nodes[norm].outputs[0];
            nodes.push(norm);
        }
        let mut found = Vec::from([first]);
        let mut best = None;
        while let Some(add) = self.reader(value).filter(|&next| self.adds_two(&self.nodes[next])) {
            let node = &self.nodes[add];
            let other = *node.inputs.iter().find(|&&input| input != value)?;
            if !self.collect(other, (index, x), &mut found, &mut nodes) {
                break;
            }
            nodes.push(add);
            value = node.outputs[0];
            match self.main(x, &mut found) {
                Some(main) => best = Some(Branches { main, all: found.clone(), nodes: nodes.clone(), output: value }),
                None if found.iter().all(|branch| branch.conv.is_none()) => {}
                None => break,
            }
        }
        best
    }

    /// The node that reads a value, if nothing else does.
    fn reader(&self, value: usize) -> Option<usize> {
        let reader = self.nodes.iter().position(|node| node.inputs.contains(&value))?;
        (self.readers[value] == 1 && !self.outputs.contains(&value)).then_some(reader)
    }

    fn adds_two(&self, node: &Node) -> bool {
        matches!(node.op, Op::Add) && node.inputs.len() == 2 && self.is_even(node)
    }

    /// Collects the branches of `x` that a value is the sum of; `false` if it is anything else, or if one comes before
    /// the first layer: its step exists already.
    fn collect(
        &self,
        value: usize,
        (start, x): (usize, usize),
        found: &mut Vec<Branch>,
        nodes: &mut Vec<usize>,
    ) -> bool {
        let Some(index) = self.nodes.iter().position(|node| node.outputs == [value]) else { return false };
        let node = &self.nodes[index];
        if self.reader(value).is_none() || self.done[index] || index < start {
            return false;
        }
        nodes.push(index);
        match node.op {
            Op::Conv(_) if node.inputs[0] == x && self.padded(index).is_none() => {
                found.push(Branch { conv: Some(index), ..Branch::default() })
            }
            Op::BatchNorm { .. } if node.inputs == [x] => {
                found.push(Branch { norm: Some(index), ..Branch::default() });
            }
            Op::BatchNorm { .. } => {
                let before = found.len();
                if !self.collect(node.inputs[0], (start, x), found, nodes) {
                    return false;
                }
                match &mut found[before..] {
                    [only] if only.norm.is_none() => only.norm = Some(index),
                    _ => return false,
                }
            }
            Op::Add if self.adds_two(node) => {
                return node.inputs.iter().all(|&input| self.collect(input, (start, x), found, nodes));
            }
            _ => return false,
        }
        true
    }

    /// The convolution of `x` with the most taps, if it has those of all branches; they are set to start there.
    fn main(&self, x: usize, found: &mut [Branch]) -> Option<usize> {
        let conv = |branch: &Branch| match self.nodes[branch.conv?].op {
            Op::Conv(conv) => Some(conv),
            _ => None,
        };
        let taps = |conv: &Conv| conv.kernel[..conv.rank].iter().product::<i64>();
        let main = found.iter().max_by_key(|branch| conv(branch).map(|conv| taps(&conv)))?.conv?;
        let Op::Conv(own) = self.nodes[main].op else { return None };
        let all = self.plain_windows(&own, x)?;
        for branch in found {
            let one = match conv(branch) {
                Some(conv) => self.plain_windows(&conv, x).filter(|_| alike(&conv, &own))?,
                None => [Window::new(1); 3],
            };
            for axis in 0..own.rank {
                branch.first[3 - own.rank + axis] = first_tap(&all[axis], &one[axis])?;
            }
        }
        Some(main)
    }

    /// The windows of a convolution of `x` that is a plain sum over taps.
    fn plain_windows(&self, conv: &Conv, x: usize) -> Option<PerAxis<Window>> {
        let plain = conv.border() == PaddingMode::Zeros
            && conv.direction == Direction::Forward
            && conv.weight != WeightFrom::Input
            && conv.mask.is_none();
        conv.windows(&self.shapes[x], self.order).ok().filter(|_| plain)
    }
}
