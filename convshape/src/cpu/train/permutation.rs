//! Permutations of elements between the order of a parameter and a packed order.

use std::vec::Vec;

use crate::cpu::simd::{Kernel, Level, MOST_LANES, Simd};
use crate::cpu::tuning::TRANSPOSED_MOVES as LEAST;

/// The index of an element that the other order does not have.
pub(super) const NOTHING: u32 = u32::MAX;
/// The most contiguous elements that are moved together: a cache line.
const LINE: usize = crate::model::workspace::LINE;
const _: () = assert!(LINE <= MOST_LANES, "a line and its neighbours are transposed together");

/// Contiguous elements of one order that have a constant stride in the other.
#[derive(Clone, Copy, Debug)]
struct Move {
    line: usize,
    count: usize,
    place: u32,
    step: i32,
    /// The number of moves from this one on that go to neighbouring places: they are transposed together.
    together: usize,
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
                    let line = first + places.len() - rest.len();
                    moves.push(Move { line, count, place, step: step.unwrap_or(0), together: 1 });
                }
                rest = &rest[count..];
            }
        }
        moves.sort_by_key(|moved| moved.place);
        let mut rest = &mut moves[..];
        while let [first, others @ ..] = rest {
            let follows = |(at, other): &(u32, &Move)| {
                (other.place, other.step, other.count) == (first.place + at, first.step, first.count)
            };
            let most = LINE.min(usize::try_from(first.step).unwrap_or(0));
            let together = 1 + (1..).zip(&*others).take(LINE - 1).take_while(follows).count();
            if together.min(most) >= LEAST {
                first.together = together.min(most);
            }
            let next = first.together;
            rest = &mut rest[next..];
        }
        Permutation(moves)
    }

    /// Copies from the other order to the first.
    pub(super) fn pull(&self, level: Level, to: &mut [f32], from: &[f32]) {
        level.run(Pull { moves: &self.0, to, from });
    }

    /// Adds the elements of the first order to the other.
    pub(super) fn push(&self, level: Level, from: &[f32], to: &mut [f32]) {
        level.run(Push { moves: &self.0, from, to });
    }
}

/// The moves of each group in turn.
#[inline(always)]
fn groups(mut moves: &[Move]) -> impl Iterator<Item = &[Move]> {
    std::iter::from_fn(move || {
        let (group, rest) = moves.split_at(moves.first()?.together);
        moves = rest;
        Some(group)
    })
}

struct Pull<'a> {
    moves: &'a [Move],
    to: &'a mut [f32],
    from: &'a [f32],
}

impl Kernel for Pull<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Pull { moves, to, from } = self;
        let mut block = [0.0; LINE * LINE];
        for group in groups(moves) {
            let Move { line, count, place, step, .. } = group[0];
            let place = place as usize;
            match (group, usize::try_from(step)) {
                (_, Ok(1)) => to[line..][..count].copy_from_slice(&from[place..][..count]),
                ([_, _, ..], Ok(step)) => {
                    simd.transpose(&from[place..], step, &mut block, LINE, [count, group.len()]);
                    for (moved, column) in group.iter().zip(block.chunks_exact(LINE)) {
                        to[moved.line..][..count].copy_from_slice(&column[..count]);
                    }
                }
                (_, Ok(step @ 2..)) => {
                    let from = from[place..].iter().step_by(step);
                    to[line..][..count].iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                }
                _ => group[0].each(to[line..][..count].iter_mut(), |to, place| *to = from[place]),
            }
        }
    }
}

struct Push<'a> {
    moves: &'a [Move],
    from: &'a [f32],
    to: &'a mut [f32],
}

impl Kernel for Push<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Push { moves, from, to } = self;
        let mut blocks = [[0.0; LINE * LINE]; 2];
        for group in groups(moves) {
            let Move { line, count, place, step, .. } = group[0];
            let place = place as usize;
            match (group, usize::try_from(step)) {
                (_, Ok(1)) => add(&from[line..][..count], &mut to[place..]),
                ([_, _, ..], Ok(step)) => {
                    let [columns, rows] = &mut blocks;
                    for (moved, column) in group.iter().zip(columns.chunks_exact_mut(LINE)) {
                        column[..count].copy_from_slice(&from[moved.line..][..count]);
                    }
                    simd.transpose(columns, LINE, rows, LINE, [group.len(), count]);
                    for (row, to) in rows.chunks_exact(LINE).zip(to[place..].chunks_mut(step)).take(count) {
                        add(&row[..group.len()], to);
                    }
                }
                (_, Ok(step @ 2..)) => {
                    let to = to[place..].iter_mut().step_by(step);
                    from[line..][..count].iter().zip(to).for_each(|(from, to)| *to += from);
                }
                _ => group[0].each(from[line..][..count].iter(), |from, place| to[place] += from),
            }
        }
    }
}

#[inline(always)]
fn add(from: &[f32], to: &mut [f32]) {
    from.iter().zip(&mut to[..from.len()]).for_each(|(from, to)| *to += from);
}

/// Makes an empty gradient one of `count` zeros. New zeros cost less than memory that is filled with them.
pub(super) fn zeros(gradient: &mut Vec<f32>, count: usize) {
    if gradient.is_empty() {
        *gradient = std::vec![0.0; count];
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
        moves.pull(Level::best(), &mut to, &from);
        for (to, place) in to.iter().zip(table) {
            assert_eq!(*to, if *place == NOTHING { -1.0 } else { from[*place as usize] });
        }
        let mut back = [1.0; 10];
        moves.push(Level::best(), &to, &mut back);
        assert!(back.iter().zip(&from).all(|(back, from)| *back == from + 1.0));
        // A stride too large for a move.
        assert_eq!(Permutation::new(&places[11..]).0.len(), 2);
    }

    #[test]
    fn neighbouring_moves_are_transposed_together() {
        for (rows, columns) in [(16, 16), (40, 9), (5, 33), (17, 4), (3, 3)] {
            // The first order has the columns of a matrix, some of them apart, and in two orders.
            for backwards in [false, true] {
                let step = u32::try_from(columns + 2).expect("a small number");
                let column = |at: u32| (0..rows).map(move |row| row * step + at);
                let all = 0..u32::try_from(columns).expect("a small number");
                let order: Vec<u32> = if backwards { all.rev().collect() } else { all.collect() };
                let places: Vec<u32> =
                    order.into_iter().flat_map(|at| column(at).chain([NOTHING; 32].into_iter().take(16))).collect();
                let from: Vec<f32> = (0..rows * step).map(|number| number as f32).collect();
                let moves = Permutation::new(&places);
                for level in Level::all() {
                    let mut to = std::vec![-1.0; places.len()];
                    moves.pull(level, &mut to, &from);
                    let expected = |place: &u32| from.get(*place as usize).copied().unwrap_or(-1.0);
                    assert!(to.iter().zip(&places).all(|(to, place)| *to == expected(place)));
                    let mut back = std::vec![1.0; from.len()];
                    moves.push(level, &to, &mut back);
                    let is_moved = |number: usize| number % (columns + 2) < columns;
                    let expected = |number: usize| 1.0 + if is_moved(number) { number as f32 } else { 0.0 };
                    assert!(back.iter().enumerate().all(|(number, back)| *back == expected(number)));
                }
            }
        }
    }
}
