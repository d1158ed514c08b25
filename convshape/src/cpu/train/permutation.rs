//! Permutations of elements between the order of a parameter and a packed order.

use std::vec::Vec;

/// The index of an element that the other order does not have.
pub(super) const NOTHING: u32 = u32::MAX;
/// The most contiguous elements that are moved together: a cache line.
const LINE: usize = crate::model::workspace::LINE;

/// Contiguous elements of one order that have a constant stride in the other.
#[derive(Clone, Copy, Debug)]
struct Move {
    line: usize,
    count: usize,
    place: u32,
    step: i32,
}

/// All moves of a permutation. Moves that touch the same cache lines follow one another.
#[derive(Clone, Debug)]
pub(super) struct Permutation(Vec<Move>);

impl Permutation {
    /// `places` has, for each element of one order, its index in the other.
    pub(super) fn new(places: &[u32]) -> Permutation {
        let mut moves = Vec::new();
        for (first, places) in (0..).step_by(LINE).zip(places.chunks(LINE)) {
            let mut rest = places;
            while let [place, ..] = *rest {
                let step = |pair: &[u32]| i64::from(pair[1]) - i64::from(pair[0]);
                let alike = rest.windows(2).take_while(|pair| pair[1] != NOTHING && step(pair) == step(rest)).count();
                let step = if alike > 0 { i32::try_from(step(rest)).ok() } else { None };
                let count = 1 + step.map_or(0, |_| alike);
                if place != NOTHING {
                    moves.push(Move { line: first + places.len() - rest.len(), count, place, step: step.unwrap_or(0) });
                }
                rest = &rest[count..];
            }
        }
        moves.sort_by_key(|moved| moved.place);
        Permutation(moves)
    }

    /// Copies from the other order to the first.
    pub(super) fn pull(&self, to: &mut [f32], from: &[f32]) {
        for moved in &self.0 {
            let line = &mut to[moved.line..][..moved.count];
            if let Ok(line) = <&mut [f32; LINE]>::try_from(&mut *line) {
                moved.each(line.iter_mut(), |to, place| *to = from[place]);
            } else {
                moved.each(line.iter_mut(), |to, place| *to = from[place]);
            }
        }
    }

    /// Adds the elements of the first order to the other.
    pub(super) fn push(&self, from: &[f32], to: &mut [f32]) {
        for moved in &self.0 {
            let line = &from[moved.line..][..moved.count];
            if let Ok(line) = <&[f32; LINE]>::try_from(line) {
                moved.each(line.iter(), |from, place| to[place] += from);
            } else {
                moved.each(line.iter(), |from, place| to[place] += from);
            }
        }
    }
}

impl Move {
    #[inline(always)]
    fn each<T>(&self, line: impl Iterator<Item = T>, mut f: impl FnMut(T, usize)) {
        let mut place = self.place as usize;
        for element in line {
            f(element, place);
            place = place.wrapping_add_signed(self.step as isize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pulled_is_pushed_back() {
        // Increasing, decreasing and zero strides, gaps, and runs that end within a cache line.
        let places = [0, 3, 6, 9, 8, 7, NOTHING, 1, NOTHING, 2, 5, 4, 4_000_000_000];
        let table = &places[..12];
        let from: Vec<f32> = (0..10_u8).map(f32::from).collect();
        let moves = Permutation::new(table);
        let mut to = [-1.0; 12];
        moves.pull(&mut to, &from);
        for (to, place) in to.iter().zip(table) {
            assert_eq!(*to, if *place == NOTHING { -1.0 } else { from[*place as usize] });
        }
        let mut back = [1.0; 10];
        moves.push(&to, &mut back);
        assert!(back.iter().zip(&from).all(|(back, from)| *back == from + 1.0));
        // A stride too large for a move.
        assert_eq!(Permutation::new(&places[11..]).0.len(), 2);
    }
}
