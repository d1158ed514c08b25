//! Runs interleaved steps.

use std::array;
use std::iter;
use std::ops::Range;
use std::slice::ChunksMut;
use std::sync::Mutex;

use super::{Interleave, Link, MOST_LINKS, MOST_STRIPS};
use crate::cpu::buffer::{Place, View};
use crate::cpu::conv::Conv;
use crate::cpu::memory::RunMemory;
use crate::cpu::threads::{Threads, take};

/// The memory of the values between the steps, or a strip's part of it.
type Between<'a> = [&'a mut [f32]; MOST_LINKS];

/// A step that is interleaved.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct ConvStep<'a> {
    pub(in crate::cpu) conv: &'a Conv,
    pub(in crate::cpu) input: &'a View,
    pub(in crate::cpu) output: &'a View,
}

impl Interleave {
    /// Runs all steps. `step` gives each of them.
    pub(in crate::cpu) fn run<'a>(
        &self,
        threads: Threads,
        step: impl Fn(usize) -> ConvStep<'a>,
        memory: &mut RunMemory<'_, '_>,
    ) {
        let all: [ConvStep<'_>; MOST_LINKS + 1] = array::from_fn(|index| step(index.min(self.links.len())));
        let (from, to) = (all[0].input, all[self.links.len()].output);
        let convs = all.map(|step| step.conv);
        let chain = Interleaved { on: self, convs: &convs[..self.steps()] };
        let (samples, x_sample, y_sample) = (memory.count, from.buffer.sample(), to.buffer.sample());
        let input = match from.buffer.place {
            Place::Input(port) => Some(&memory.inputs[port][memory.first * x_sample..]),
            Place::Workspace(_) | Place::Output(_) => None,
        };
        let mut views = [None; MOST_LINKS + 2];
        views[0] = Some(from).filter(|from| from.buffer.place != to.buffer.place);
        views[1] = Some(to);
        for (view, step) in views[2..].iter_mut().zip(&all[..self.links.len()]) {
            *view = Some(step.output);
        }
        let [x, y, mut between @ ..] = memory.several_mut(views).expect("interleaved steps have memory of their own");
        let x = input.or(views[0].map(|_| &*x));
        for sample in 0..samples {
            let x = x.map(|x| &x[sample * x_sample..]);
            chain.sample(threads, x, &mut y[sample * y_sample..], &mut between, sample);
        }
    }

    /// The rooms of the strips for each value between the steps of a sample.
    fn rooms<'a>(&self, between: &'a mut Between<'_>, sample: usize) -> [ChunksMut<'a, f32>; MOST_LINKS] {
        let mut links = self.links.iter();
        between.each_mut().map(|all| {
            let Some(link) = links.next() else { return all.chunks_mut(1) };
            let size = self.kept(link) * link.row;
            all[sample * size..][..size].chunks_mut(link.room * link.row)
        })
    }

    /// Copies rows that were read ahead, of those after the strip's `end`, to their places.
    fn use_ahead(&self, link: &Link, room: &mut [f32], (rows, end): (Range<usize>, usize), read: usize) {
        if !rows.is_empty() {
            let from = (self.ahead(link) + rows.start - end) * link.row;
            room.copy_within(from..from + rows.len() * link.row, link.place(rows.start, read) + link.border());
        }
    }

    /// The row of a strip's room for the first value from which on it keeps what other strips overwrite.
    fn ahead(&self, link: &Link) -> usize {
        link.room - self.links.iter().map(Link::beyond).sum::<usize>()
    }
}

/// Interleaved steps and their convolutions.
#[derive(Clone, Copy)]
struct Interleaved<'a> {
    on: &'a Interleave,
    convs: &'a [&'a Conv],
}

/// The output rows of the last step that one thread computes, and its memory.
struct OutputStrip<'a> {
    rows: Range<usize>,
    /// The output from its rows on. They are `base` elements after the start of the sample, less the rows before them.
    own: &'a mut [f32],
    base: usize,
    kept: Between<'a>,
}

impl Interleaved<'_> {
    /// Runs a sample. `x` is `None` if the output `y` is stored in the input's place.
    fn sample(self, threads: Threads, x: Option<&[f32]>, y: &mut [f32], between: &mut Between<'_>, sample: usize) {
        let Interleaved { on, convs } = self;
        let last = convs[convs.len() - 1];
        let (all, strips) = (last.units(), on.strips.min(threads.count()));
        if strips < 2 {
            let kept = on.rooms(between, sample).map(|mut rooms| rooms.next().unwrap_or_default());
            // The threads divide the rows of each step.
            let block = on.most.min(on.rows * threads.count());
            return self.strip(threads, block, x, OutputStrip { rows: 0..all, own: y, base: 0, kept });
        }
        let (share, rows) = (all.div_ceil(strips), last.output_rows());
        if x.is_none() {
            let rooms = on.rooms(between, sample);
            let nothing = iter::repeat_with(Default::default);
            each_strip(threads, all, share, (nothing, rows.start), rooms, &|strip| self.read_ahead(y, strip));
        }
        let rooms = on.rooms(between, sample);
        let own = y[rows.clone()].chunks_mut(share * last.row_steps()[1]);
        each_strip(threads, all, share, (own, rows.start), rooms, &|strip| {
            self.strip(Threads::ONE, on.rows, x, strip);
        });
    }

    /// Computes the outputs of the first step that a strip needs of the rows which other strips overwrite.
    fn read_ahead(self, x: &[f32], strip: OutputStrip<'_>) {
        let Interleaved { on, convs } = self;
        let (link, Range { start, end }, [room, ..]) = (&on.links[0], strip.rows, strip.kept);
        let (before, after) = (on.first(0, start), on.needed(0, end));
        let at = [link.place(before, on.first(1, start)), (on.ahead(link) - link.low) * link.row];
        for (rows, at) in [before..start, end..after].into_iter().zip(at).filter(|(rows, _)| !rows.is_empty()) {
            let x = &x[rows.start * convs[0].row_steps()[0]..];
            convs[0].run_rows(Threads::ONE, rows.len(), x, (&mut room[at..], 0));
        }
    }

    /// Runs a strip, `block` output rows at a time.
    fn strip(self, threads: Threads, block: usize, x: Option<&[f32]>, strip: OutputStrip<'_>) {
        let Interleaved { on, convs } = self;
        let OutputStrip { rows: Range { start, end }, own, base, mut kept } = strip;
        // The output rows of a step before those that are new for this output row of the last one.
        let done = |step: usize, row: usize| if row == start { on.first(step, row) } else { on.needed(step, row) };
        for row in (start..end).step_by(block) {
            let (before, next) = (row.saturating_sub(block).max(start), end.min(row + block));
            for (index, conv) in convs.iter().enumerate() {
                let [x_row, y_row] = conv.row_steps();
                let mut rows = done(index, row)..on.needed(index, next);
                let (read, room) = kept.split_at_mut(index);
                let Some(link) = on.links.get(index) else {
                    // The last step.
                    let x = &read[index - 1][on.links[index - 1].border()..];
                    conv.run_rows(threads, rows.len(), x, (&mut own[(rows.start - start) * y_row..], base));
                    continue;
                };
                let (room, first) = (&mut *room[0], done(index + 1, row));
                link.keep([done(index + 1, before), first, on.needed(index + 1, next)], rows.start, room);
                let x = match (index.checked_sub(1), x) {
                    (Some(before), _) => &read[before][on.links[before].border()..],
                    (None, Some(x)) => &x[rows.start * x_row..],
                    (None, None) => {
                        if threads == Threads::ONE && on.strips > 1 {
                            on.use_ahead(link, room, (rows.start.max(end)..rows.end, end), first);
                            rows = rows.start.clamp(start, end)..rows.end.clamp(start, end);
                        }
                        &own[(rows.start - start) * x_row..]
                    }
                };
                if !rows.is_empty() {
                    conv.run_rows(threads, rows.len(), x, (&mut room[link.place(rows.start, first)..], 0));
                }
            }
        }
    }
}

/// Calls `f` with each strip of `share` rows. `own` are the outputs of the strips, see [`OutputStrip::base`].
fn each_strip<'a>(
    threads: Threads,
    all: usize,
    share: usize,
    (mut own, base): (impl Iterator<Item = &'a mut [f32]>, usize),
    mut rooms: [ChunksMut<'a, f32>; MOST_LINKS],
    f: &(dyn Fn(OutputStrip<'a>) + Sync),
) {
    // An array, since a run must not allocate.
    let strips: [Mutex<Option<OutputStrip<'a>>>; MOST_STRIPS] = array::from_fn(|index| {
        let rows = index * share..all.min((index + 1) * share);
        let kept = rooms.each_mut().map(|rooms| rooms.next().unwrap_or_default());
        Mutex::new(own.next().filter(|_| !rows.is_empty()).map(|own| OutputStrip { rows, own, base, kept }))
    });
    threads.share(all.div_ceil(share), &|index| take(&strips[index]).into_iter().for_each(f));
}
