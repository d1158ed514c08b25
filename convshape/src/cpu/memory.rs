//! The memory that the steps of a run read and write.

use std::ops::Range;

use super::buffer::{Place, SLACK, View};

/// The memory of a run: `count` samples from `first` on.
pub(super) struct RunMemory<'a, 'b> {
    pub(super) workspace: &'a mut [f32],
    pub(super) inputs: &'a [&'a [f32]],
    pub(super) outputs: &'a mut [&'b mut [f32]],
    pub(super) first: usize,
    pub(super) count: usize,
}

impl<'b> RunMemory<'_, 'b> {
    /// The range of a buffer in the workspace, with the elements after it that a reader may read.
    fn range(&self, view: &View, at: usize) -> Range<usize> {
        let start = at * self.count;
        start..start + view.buffer.sample() * self.count + SLACK
    }

    /// The elements of a buffer to write.
    pub(super) fn output(&mut self, view: &View) -> &mut [f32] {
        match view.buffer.place {
            Place::Workspace(at) => {
                let range = self.range(view, at);
                &mut self.workspace[range]
            }
            Place::Output(port) => {
                let sample = view.buffer.sample();
                &mut self.outputs[port][self.first * sample..][..self.count * sample]
            }
            Place::Input(_) => &mut [],
        }
    }

    /// The elements of a buffer to read, and the caller's outputs to write.
    pub(super) fn read(&mut self, view: &View) -> (&[f32], &mut [&'b mut [f32]]) {
        let sample = view.buffer.sample();
        match view.buffer.place {
            Place::Workspace(at) => {
                let range = self.range(view, at);
                (&self.workspace[range], self.outputs)
            }
            Place::Input(port) => (&self.inputs[port][self.first * sample..][..self.count * sample], self.outputs),
            Place::Output(_) => (&[], self.outputs),
        }
    }

    /// A buffer to read and another to write.
    pub(super) fn pair(&mut self, from: &View, to: &View) -> (&[f32], &mut [f32]) {
        let (first, count) = (self.first, self.count);
        match (from.buffer.place, to.buffer.place) {
            (Place::Workspace(x), Place::Workspace(y)) => {
                let (x, y) = (self.range(from, x), self.range(to, y));
                two(self.workspace, x, y)
            }
            (Place::Workspace(_), _) => {
                let sample = to.buffer.sample();
                let Place::Output(port) = to.buffer.place else { return (&[], &mut []) };
                let (x, outputs) = self.read(from);
                (x, &mut outputs[port][first * sample..][..count * sample])
            }
            (Place::Input(port), Place::Workspace(at)) => {
                let sample = from.buffer.sample();
                let range = self.range(to, at);
                (&self.inputs[port][first * sample..][..count * sample], &mut self.workspace[range])
            }
            (Place::Input(x), Place::Output(y)) => {
                let (from, to) = (from.buffer.sample(), to.buffer.sample());
                let x = &self.inputs[x][first * from..][..count * from];
                (x, &mut self.outputs[y][first * to..][..count * to])
            }
            _ => (&[], &mut []),
        }
    }

    /// Several buffers to read and another to write.
    pub(super) fn several<const N: usize>(&mut self, from: [&View; N], to: &View) -> ([&[f32]; N], &mut [f32]) {
        let (others, y) = self.split(to);
        (from.map(|view| others.get(view)), y)
    }

    /// Several buffers to write, of which at most one is an output of the caller; the inputs are empty. `None` if two
    /// overlap.
    pub(super) fn several_mut<const N: usize>(&mut self, views: [Option<&View>; N]) -> Option<[&mut [f32]; N]> {
        let ranges = views.map(|view| match view.map(|view| (view, view.buffer.place)) {
            Some((view, Place::Workspace(at))) => self.range(view, at),
            Some((_, Place::Input(_) | Place::Output(_))) | None => 0..0,
        });
        let mut all = self.workspace.get_disjoint_mut(ranges).ok()?;
        let port = |view: &View| if let Place::Output(port) = view.buffer.place { Some(port) } else { None };
        let mut outputs =
            views.iter().enumerate().filter_map(|(index, view)| view.and_then(port).map(|at| (index, at)));
        if let Some((index, port)) = outputs.next() {
            let sample = views[index].map_or(0, |view| view.buffer.sample());
            all[index] = &mut self.outputs[port][self.first * sample..][..self.count * sample];
        }
        Some(all)
    }

    /// A buffer to write, and all others to read.
    pub(super) fn split(&mut self, to: &View) -> (Others<'_>, &mut [f32]) {
        let (first, count) = (self.first, self.count);
        let own = match to.buffer.place {
            Place::Workspace(at) => self.range(to, at),
            Place::Input(_) | Place::Output(_) => 0..0,
        };
        let (below, rest) = self.workspace.split_at_mut(own.start);
        let (y, above) = rest.split_at_mut(own.len());
        let others = Others { inputs: self.inputs, first, count, below, above, end: own.end };
        let y = match to.buffer.place {
            Place::Output(port) => &mut self.outputs[port][first * to.buffer.sample()..][..count * to.buffer.sample()],
            Place::Workspace(_) | Place::Input(_) => y,
        };
        (others, y)
    }

    /// A buffer to read, and some of the workspace to write.
    pub(super) fn with_room(&mut self, from: &View, room: Range<usize>, f: impl FnOnce(&[f32], &mut [f32])) {
        if let Place::Workspace(at) = from.buffer.place {
            let range = self.range(from, at);
            let (x, room) = two(self.workspace, range, room);
            f(x, room);
        } else if let Place::Input(port) = from.buffer.place {
            f(&self.inputs[port][self.first * from.buffer.sample()..], &mut self.workspace[room]);
        }
    }
}

/// The memory that a step can read while it writes a buffer.
pub(super) struct Others<'a> {
    inputs: &'a [&'a [f32]],
    first: usize,
    count: usize,
    /// The workspace before the buffer and after its end.
    below: &'a [f32],
    above: &'a [f32],
    end: usize,
}

impl<'a> Others<'a> {
    /// The elements of a buffer.
    pub(super) fn get(&self, view: &View) -> &'a [f32] {
        let sample = view.buffer.sample();
        let (below, count) = (self.below.len(), self.count * sample);
        match view.buffer.place {
            Place::Input(port) => &self.inputs[port][self.first * sample..][..count],
            Place::Workspace(at) if at * self.count < below => {
                &self.below[at * self.count..below.min(at * self.count + count + SLACK)]
            }
            Place::Workspace(at) => &self.above[at * self.count - self.end..][..count + SLACK],
            Place::Output(_) => &[],
        }
    }
}

/// Two disjoint ranges, the second to write.
fn two(memory: &mut [f32], x: Range<usize>, y: Range<usize>) -> (&[f32], &mut [f32]) {
    if x.start < y.start {
        let (low, high) = memory.split_at_mut(y.start);
        (&low[x.start..x.end.min(y.start)], &mut high[..y.end - y.start])
    } else {
        let (low, high) = memory.split_at_mut(x.start);
        let end = y.end.min(x.start);
        (&high[..x.end - x.start], &mut low[y.start..end])
    }
}
