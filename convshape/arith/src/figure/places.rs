//! Which parts of a chain are drawn.

use super::{Drawn, MOST_BOXES};

/// The longest piece that is recognised as repeated.
const LONGEST_PERIOD: usize = 16;

/// What is drawn at one position of the picture.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// A layer. The first layer of a repeated piece has the piece's length and count.
    Layer { index: usize, repeated: Option<(usize, usize)> },
    /// This many layers are left out.
    Left(usize),
}

/// The positions from left to right.
pub(super) struct Places {
    places: [Place; MOST_BOXES + 1],
    pub(super) count: usize,
}

impl Places {
    pub(super) fn new(drawn: &[Drawn<'_>]) -> Places {
        let mut boxes: usize = 0;
        each(drawn, |_, _| boxes += 1);
        let left = boxes.saturating_sub(MOST_BOXES);
        let head = if left == 0 { boxes } else { MOST_BOXES / 2 };
        let mut places = Places { places: [Place::Left(0); MOST_BOXES + 1], count: 0 };
        let mut seen = 0;
        let mut resume = 0;
        each(drawn, |index, repeated| {
            if seen < head || seen >= head + left {
                if seen == head + left && left > 0 {
                    places.push(Place::Left(index - resume));
                }
                places.push(Place::Layer { index, repeated });
                resume = index + 1;
            }
            seen += 1;
        });
        places
    }

    fn push(&mut self, place: Place) {
        if let Some(free) = self.places.get_mut(self.count) {
            *free = place;
            self.count += 1;
        }
    }

    pub(super) fn get(&self, at: usize) -> Place {
        self.places[at]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.places[..self.count].iter().copied()
    }
}

/// Calls `f` with every layer that deserves a box: all layers, unless there are too many.
fn each(drawn: &[Drawn<'_>], mut f: impl FnMut(usize, Option<(usize, usize)>)) {
    let mut at = 0;
    while at < drawn.len() {
        let (period, times) = if drawn.len() > MOST_BOXES { repetition(&drawn[at..]) } else { (1, 1) };
        for offset in 0..period {
            f(at + offset, (offset == 0 && times > 1).then_some((period, times)));
        }
        at += period * times;
    }
}

/// The repeated piece at the front that covers the most layers: its length and count.
fn repetition(drawn: &[Drawn<'_>]) -> (usize, usize) {
    let mut best = (1, 1);
    for period in 1..=LONGEST_PERIOD.min(drawn.len() / 2) {
        let alike = drawn.iter().zip(&drawn[period..]).take_while(|(a, b)| same(a, b)).count();
        let times = 1 + alike / period;
        if times > 1 && period * times > best.0 * best.1 {
            best = (period, times);
        }
    }
    best
}

fn same(a: &Drawn<'_>, b: &Drawn<'_>) -> bool {
    a.op == b.op && a.params == b.params && a.output == b.output
}
