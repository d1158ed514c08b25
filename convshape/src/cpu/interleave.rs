//! Interleaves a convolution with the depthwise one after it: some rows of the first, then of the second, so that the
//! values between them are still in the cache when they are read.

use convshape_arith::graph::Node;
use convshape_arith::op::Op;

use super::buffer::Grid;
use super::job::{Job, Ready};
use super::memory::RunMemory;
use super::plan::{Method, Step, Work};
use super::threads::Threads;
use super::tuning::{INTERLEAVED, INTERLEAVED_BLOCK, RESIDENT_WEIGHTS};

/// How the rows of two steps depend on each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interleave {
    /// Output rows of the second step in a block, per thread.
    rows: usize,
    /// The rows of the value between the two that the output needs: the first output row needs those below `first`,
    /// each further one `step` more.
    step: usize,
    first: usize,
}

impl Interleave {
    /// For a step and the one after it; `None` if they run one after the other.
    pub(super) fn new(nodes: &[Node], grids: &[Grid], steps: &[Step]) -> Option<Interleave> {
        let [first, second, ..] = steps else { return None };
        let Work::Sum { node, axes, method: Method::Direct { .. }, .. } = &first.work else { return None };
        let Work::Sum { node: depthwise, axes: reach, method: Method::Direct { .. }, .. } = &second.work else {
            return None;
        };
        let Op::Conv(conv) = nodes[*depthwise].op else { return None };
        let (between, to) = (&grids[first.output], &grids[second.output]);
        let one_each = [between, to].iter().all(|grid| Ok(conv.groups) == i64::try_from(grid.channels));
        let flat = [between, to].iter().all(|grid| grid.size[0] == 1 && grid.size[1] > 1 && grid.size[2] > 1);
        let simple = [&axes[1], &reach[1]].iter().all(|axis| axis.phases.len() == 1 && axis.modulus == 1);
        let weights = nodes[*node].macs / u64::try_from(between.positions().max(1)).ok()?;
        let is_small = weights <= RESIDENT_WEIGHTS as u64;
        let follows = second.inputs == [first.output] && between.elements() >= INTERLEAVED;
        if !(one_each && flat && simple && is_small && follows) {
            return None;
        }
        let last = reach[1].phases[0].taps.iter().map(|(_, row)| *row).max()?;
        let step = reach[1].step;
        let rows = INTERLEAVED_BLOCK / (between.channels * between.size[2]) / step.max(1);
        Some(Interleave { rows: rows.max(1), step, first: usize::try_from(last + 1).unwrap_or(0) })
    }

    /// How many rows of the value between the two the first `end` output rows need.
    fn needed(&self, end: usize) -> usize {
        self.first + (end - 1) * self.step
    }

    /// Runs both on one sample.
    pub(super) fn run(&self, threads: Threads, steps: [&Ready; 2], memory: &mut RunMemory<'_, '_>) -> Option<()> {
        let [(first, from, between), (second, _, to)] =
            [steps[0], steps[1]].map(|step| (step, step.inputs[0], step.output));
        let (Job::Conv(first), Job::Conv(second), between, to) = (&first.job, &second.job, between?, to?) else {
            return None;
        };
        let (rows, end) = (first.units(), second.units());
        let mut done = 0;
        for start in (0..end).step_by(self.rows * threads.count()) {
            let block_end = end.min(start + self.rows * threads.count());
            let needed = if block_end == end { rows } else { rows.min(self.needed(block_end)) };
            if needed > done {
                let (x, y) = memory.pair(&from, &between);
                first.run_rows(threads, done..needed, x, y);
                done = needed;
            }
            let (x, y) = memory.pair(&between, &to);
            second.run_rows(threads, start..block_end, x, y);
        }
        Some(())
    }
}
