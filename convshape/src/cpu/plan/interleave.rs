//! Interleaves convolutions that follow each other: some rows of the first, then of the second, and so on, so that the
//! values between them are still in the cache when they are read. Of these values only the rows that will still be read
//! are kept.
//!
//! Each thread has a strip of the output's rows to itself, and its own rows of the values between. The rows that two
//! strips read are computed twice.

mod run;

use std::vec::Vec;

use convshape_arith::graph::Node;
use convshape_arith::op::Op;

pub(in crate::cpu) use self::run::ConvStep;
use super::step::{Method, Step, Work};
use crate::cpu::buffer::{Buffer, Place, SLACK};
use crate::cpu::taps::Axis;
use crate::cpu::threads;
use crate::cpu::tuning::{INTERLEAVED, INTERLEAVED_BLOCK, INTERLEAVED_ROWS, RESIDENT_WEIGHTS};

/// The most values between interleaved steps, and the most strips: a run lists them in arrays, since it must not
/// allocate.
const MOST_LINKS: usize = 6;
const MOST_STRIPS: usize = 64;

/// Steps whose rows are interleaved.
#[derive(Debug)]
pub(in crate::cpu) struct Interleave {
    /// The most strips. With one, the threads divide the rows of each step.
    strips: usize,
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
    /// The rows of each strip's room. Its first `low` rows are left free: a step writes its rows after a border.
    room: usize,
}

/// The values of a plan.
pub(super) struct Values<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) buffers: &'a mut [Buffer],
    /// The buffer that a value is stored in.
    pub(super) root: &'a dyn Fn(usize) -> usize,
    /// Whether two values share memory.
    pub(super) shares: &'a dyn Fn(usize, usize) -> bool,
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

    /// Whether a step reads vectors of several groups.
    fn is_grouped(&self, step: &Step) -> bool {
        let Work::Sum { node, .. } = step.work else { return false };
        matches!(&self.nodes[node].op, Op::Conv(conv) if conv.groups > 1)
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
            // A vector of groups may begin in the last row.
            room: if self.is_grouped(second) { SLACK.div_ceil(buffer.strides()[1]) } else { 0 },
        })
    }

    /// The values between the first of these steps and those that can be interleaved with it.
    fn links(&self, steps: &[Step]) -> Option<Vec<Link>> {
        let reach = self.reach(steps.first()?)?;
        let pairs = steps.windows(2).take(MOST_LINKS);
        let mut links: Vec<Link> = pairs.map_while(|pair| self.link(&pair[0], &pair[1])).collect();
        // A step that writes to the value that the first one reads must stay behind it.
        let writes = |link: &usize| (self.shares)(steps[link + 1].output, steps[0].inputs[0]);
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
            let (x, y) = (steps[0].inputs[0], steps[links.len()].output);
            let (in_place, [x, y]) = ((values.shares)(x, y), [x, y].map(root));
            // A strip may overwrite its own rows of the input, if nothing else is read with them.
            let is_narrow = values.reach(&steps[0])?.phases[0].taps.len() == 1
                && values.buffers[x].low == [0; 3]
                && !values.is_grouped(&steps[0]);
            let (x, y) = (&values.buffers[x], &values.buffers[y]);
            let interleave = Interleave::of(links, y.size[1], in_place, is_narrow);
            // Together they take no more memory than one after the other.
            let sum = interleave.links.iter().map(|link| link.row * interleave.kept(link)).sum::<usize>();
            let between = [0, interleave.links.len() - 1].map(|index| values.buffers[steps[index].output].sample());
            if y.sample() + sum <= between[0] || x.sample() + sum <= between[1] {
                for (step, link) in steps.iter().zip(&interleave.links) {
                    let buffer = &mut values.buffers[step.output];
                    (buffer.size[1], buffer.high[1]) = (interleave.kept(link) - link.low, 0);
                }
                return Some(interleave);
            }
            links = interleave.links;
            links.pop();
        }
        None
    }

    /// Steps with these values between them. The last one has `all` output rows. `in_place` says whether they overwrite
    /// the input of the first one, `is_narrow` whether that reads only its own row.
    fn of(mut links: Vec<Link>, all: usize, in_place: bool, is_narrow: bool) -> Interleave {
        // The elements between the steps for a row of the output.
        let each = links.iter().rev().scan(1, |rows, link| {
            *rows *= link.step;
            Some(*rows * link.row)
        });
        let rows = (INTERLEAVED_BLOCK / each.sum::<usize>()).max(1);
        let threads = threads::threads(usize::MAX).count();
        let strips =
            if in_place && !is_narrow { 1 } else { threads.min(MOST_STRIPS).min(all.div_ceil(INTERLEAVED_ROWS)) };
        let most = if strips > 1 { rows } else { all.min(rows * threads) };
        let mut read = most;
        for link in links.iter_mut().rev() {
            // A buffer of one row would be divided among threads along its other axis.
            link.room += link.low + link.span(read).max(2);
            read = link.span(read).min(link.rows);
        }
        if in_place && strips > 1 {
            links[0].room += links.iter().map(Link::beyond).sum::<usize>();
        }
        Interleave { strips, rows, most, links }
    }

    /// The rows of a value that all strips together keep.
    fn kept(&self, link: &Link) -> usize {
        self.strips * link.room
    }

    /// How many steps it has.
    pub(in crate::cpu) fn steps(&self) -> usize {
        self.links.len() + 1
    }

    /// How many output rows of a step the first `rows` output rows of the last one need.
    fn needed(&self, step: usize, rows: usize) -> usize {
        self.links[step..].iter().rev().fold(rows, |rows, link| link.needed(rows))
    }

    /// The first output row of a step that the output row `row` of the last one needs.
    fn first(&self, step: usize, row: usize) -> usize {
        self.links[step..].iter().rev().fold(row, |row, link| (row * link.step).saturating_sub(link.low))
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

    /// With a step of 1, how many rows of the value the second step reads beyond its own last row.
    fn beyond(&self) -> usize {
        self.reach - self.low - 1
    }

    /// Drops the rows that no later output row reads, and fills the border before and after the value where the next
    /// output rows read it. `read` has the first output row of the block before, the first of the next block, and the
    /// end of that. `done` rows of the value are computed.
    fn keep(&self, read: [usize; 3], done: usize, kept: &mut [f32]) {
        let [before, first] = [read[0] * self.step, read[1] * self.step];
        let at = |row: usize, start: usize| (self.low + row - start) * self.row;
        let computed = self.low + done;
        if first > before && computed > first {
            kept.copy_within(at(first, before)..at(computed, before), at(first, first));
        }
        if read[2] > read[1] {
            let (after, end) = (self.low + self.rows, first + self.span(read[2] - read[1]));
            if first < self.low {
                kept[at(first, first)..at(self.low, first)].fill(0.0);
            }
            if end > first.max(after) {
                kept[at(first.max(after), first)..at(end, first)].fill(0.0);
            }
        }
    }

    /// The elements of the border before the value.
    fn border(&self) -> usize {
        self.low * self.row
    }

    /// The offset into the room at which the first step writes its output row `row`, if the second step's output row
    /// `read` is next.
    fn place(&self, row: usize, read: usize) -> usize {
        (row + self.low - read * self.step) * self.row
    }
}
