//! Interleaves convolutions that follow each other: some rows of the first, then of the second, and so on, so that the
//! values between them are still in the cache when they are read. Of these values only the rows that will still be read
//! are kept.

mod run;

use std::vec::Vec;

use convshape_arith::graph::Node;

use super::buffer::{Buffer, Place};
use super::plan::step::{Method, Step, Work};
use super::taps::Axis;
use super::threads;
use super::tuning::{INTERLEAVED, INTERLEAVED_BLOCK, RESIDENT_WEIGHTS};

/// Steps whose rows are interleaved.
#[derive(Debug)]
pub(super) struct Interleave {
    /// Output rows of the last step in a block, per thread and at most.
    rows: usize,
    most: usize,
    /// The values between the steps.
    links: Vec<Link>,
}

/// A value between two steps.
#[derive(Debug)]
struct Link {
    /// Its rows, and the border before them.
    rows: usize,
    low: usize,
    /// The elements of a row.
    row: usize,
    /// The first output row of the second step reads the first `reach` rows, including those of the border. Each
    /// further one reads rows that are `step` later.
    step: usize,
    reach: usize,
}

/// The values of a plan.
pub(super) struct Values<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) buffers: &'a mut [Buffer],
    /// The buffer that a value is stored in.
    pub(super) root: &'a dyn Fn(usize) -> usize,
    /// Whether a single step reads a value, and nothing else shares its memory.
    pub(super) is_passed_on: &'a dyn Fn(usize) -> bool,
}

impl Values<'_> {
    /// How the rows of a step depend on those that it reads, if it can run row by row.
    fn reach<'a>(&self, step: &'a Step) -> Option<&'a Axis> {
        let Work::Sum { node, axes, method: Method::Direct { .. }, .. } = &step.work else { return None };
        let [depth, height, width] = self.buffers[(self.root)(step.output)].size;
        let weights = self.nodes[*node].macs / u64::try_from(height * width).ok()?;
        let is_flat = depth == 1 && height > 1 && width > 1;
        let is_simple = axes[1].phases.len() == 1 && axes[1].modulus == 1;
        (is_flat && is_simple && weights <= RESIDENT_WEIGHTS as u64).then_some(&axes[1])
    }

    /// The value between two steps, if they can be interleaved.
    fn link(&self, first: &Step, second: &Step) -> Option<Link> {
        let reach = self.reach(second)?;
        let buffer = &self.buffers[first.output];
        let elements = buffer.width * buffer.size[1] * buffer.size[2];
        let follows = second.inputs == [first.output] && (self.is_passed_on)(first.output);
        let is_own = matches!(buffer.place, Place::Workspace(_));
        let last = reach.phases[0].taps.iter().map(|(_, row)| *row).max()?;
        let new = usize::try_from(last + 1).ok()?;
        // Neighbouring output rows leave no row out.
        (follows && is_own && elements >= INTERLEAVED && new >= reach.step).then_some(Link {
            rows: buffer.size[1],
            low: buffer.low[1],
            row: buffer.strides()[1],
            step: reach.step,
            reach: buffer.low[1] + new,
        })
    }

    /// The values between the first of these steps and those that can be interleaved with it.
    fn links(&self, steps: &[Step]) -> Option<Vec<Link>> {
        let reach = self.reach(steps.first()?)?;
        let mut links: Vec<Link> = steps.windows(2).map_while(|pair| self.link(&pair[0], &pair[1])).collect();
        // A step that writes to the value that the first one reads must stay behind it.
        let writes = |link: &usize| (self.root)(steps[link + 1].output) == (self.root)(steps[0].inputs[0]);
        let stays_behind = reach.low == 0 && reach.step == 1 && links.iter().all(|link| link.step == 1);
        let end = (0..links.len()).find(writes).filter(|_| !stays_behind);
        links.truncate(end.unwrap_or(links.len()));
        Some(links)
    }
}

impl Interleave {
    /// The first of these steps with those that can be interleaved with it; `None` if there are none. The buffers of
    /// the values between them are shortened.
    pub(super) fn new(steps: &[Step], values: &mut Values<'_>) -> Option<Interleave> {
        let mut links = values.links(steps)?;
        while !links.is_empty() {
            let root = values.root;
            let [x, y] = [steps[0].inputs[0], steps[links.len()].output].map(|value| &values.buffers[root(value)]);
            let interleave = Interleave::of(links, y.size[1]);
            let kept = interleave.kept();
            // Together they take no more memory than one after the other.
            let sum = |index: usize| interleave.links[index].row * kept[index];
            let sum = (0..kept.len()).map(sum).sum::<usize>();
            let between = [0, kept.len() - 1].map(|index| values.buffers[steps[index].output].sample());
            if y.sample() + sum <= between[0] || x.sample() + sum <= between[1] {
                for (step, (link, rows)) in steps.iter().zip(interleave.links.iter().zip(kept)) {
                    let buffer = &mut values.buffers[step.output];
                    (buffer.size[1], buffer.high[1]) = (rows - link.low, 0);
                }
                return Some(interleave);
            }
            links = interleave.links;
            links.pop();
        }
        None
    }

    /// Steps with these values between them. The last one has `rows` output rows.
    fn of(links: Vec<Link>, rows: usize) -> Interleave {
        // The elements between the steps for a row of the output.
        let each = links.iter().rev().scan(1, |rows, link| {
            *rows *= link.step;
            Some(*rows * link.row)
        });
        let block = (INTERLEAVED_BLOCK / each.sum::<usize>()).max(1);
        Interleave { rows: block, most: rows.min(block * threads::threads(usize::MAX).count()), links }
    }

    /// How many rows of each value between the steps are kept, including those of the border.
    fn kept(&self) -> Vec<usize> {
        let mut rows = self.most;
        let kept = self.links.iter().rev().map(|link| {
            // A buffer of one row would be divided among threads along its other axis.
            let kept = link.span(rows).max(link.low + 2);
            rows = link.needed(rows).max(rows * link.step).min(link.rows);
            kept
        });
        let mut kept: Vec<usize> = kept.collect();
        kept.reverse();
        kept
    }

    /// How many steps it has.
    pub(super) fn steps(&self) -> usize {
        self.links.len() + 1
    }

    /// How many output rows of a step the first `rows` output rows of the last one need.
    fn needed(&self, step: usize, rows: usize) -> usize {
        self.links[step..].iter().rev().fold(rows, |rows, link| link.needed(rows))
    }
}

impl Link {
    /// How many rows of the value the first `rows` output rows read.
    fn needed(&self, rows: usize) -> usize {
        if rows == 0 { 0 } else { self.rows.min(self.span(rows) - self.low) }
    }

    /// How many rows `rows` neighbouring output rows read, including those of the border.
    fn span(&self, rows: usize) -> usize {
        (rows - 1) * self.step + self.reach
    }

    /// Drops the rows that no later output row reads, and fills the border after the value where the next output rows
    /// read it. `read` has the first output row of the block before, the first of the next block, and the end of that.
    /// `done` rows of the value are computed. Returns the offset for the next one.
    fn keep(&self, read: [usize; 3], done: usize, kept: &mut [f32]) -> usize {
        let [before, first] = [read[0] * self.step, read[1] * self.step];
        let computed = self.low + done;
        if first > before && computed > first {
            kept.copy_within((first - before) * self.row..(computed - before) * self.row, 0);
        }
        if read[2] > read[1] {
            let (border, end) = (first.max(self.low + self.rows), first + self.span(read[2] - read[1]));
            if end > border {
                kept[(border - first) * self.row..(end - first) * self.row].fill(0.0);
            }
        }
        done.saturating_sub(first) * self.row
    }
}
