//! Runs interleaved steps.

use super::Interleave;
use crate::cpu::conv::Conv;
use crate::cpu::job::{Job, Ready};
use crate::cpu::memory::RunMemory;
use crate::cpu::threads::Threads;

impl Interleave {
    /// Runs all steps.
    pub(in crate::cpu) fn run(&self, threads: Threads, steps: &[Ready], memory: &mut RunMemory<'_, '_>) -> Option<()> {
        let (all, block) = (conv(steps.last()?)?.units(), self.most.min(self.rows * threads.count()));
        for sample in 0..memory.count {
            for start in (0..all).step_by(block) {
                // The ends of the block before and of this one, in rows of the last output.
                let ends = [start, all.min(start + block)];
                for (index, step) in steps.iter().enumerate() {
                    let (conv, from, to) = (conv(step)?, &step.inputs[0], step.output.as_ref()?);
                    let [first, end] = ends.map(|rows| self.needed(index, rows));
                    let [x_row, y_row] = conv.row_steps();
                    // The kept part of a value begins with the first row that is still read.
                    let x_first = if index == 0 { first * x_row } else { 0 };
                    let y_first = match self.links.get(index) {
                        None => first * y_row,
                        Some(link) => {
                            let read = [start.saturating_sub(block), ends[0], ends[1]];
                            let kept = &mut memory.output(to)[sample * to.buffer.sample()..];
                            link.keep(read.map(|rows| self.needed(index + 1, rows)), first, kept)
                        }
                    };
                    let (x, y) = memory.pair(from, to);
                    let (x, y) = (&x[sample * from.buffer.sample()..], &mut y[sample * to.buffer.sample()..]);
                    if end > first {
                        conv.run_rows(threads, end - first, &x[x_first..], &mut y[y_first..]);
                    }
                }
            }
        }
        Some(())
    }
}

/// The convolution of a step.
fn conv(step: &Ready) -> Option<&Conv> {
    if let Job::Conv(conv) = &step.job { Some(conv) } else { None }
}
