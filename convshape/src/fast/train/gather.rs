//! Numbers moved to other places, by a table.

use std::vec::Vec;

/// Where nothing is moved to.
pub(super) const NOTHING: u32 = u32::MAX;
/// Neighbours that are moved together: a line of the cache.
const LINE: usize = crate::workspace::LINE;
/// Elements of a piece, which one thread takes.
const PIECE: usize = 1 << 14;

/// A table: for each element the place of the one that comes there.
///
/// Lines that take their elements from the same place follow one another, so that they find it in the
/// cache.
pub(super) struct Gather {
    /// For each piece the lines that are filled, and where from.
    pieces: Vec<Vec<(u32, [u32; LINE])>>,
}

impl Gather {
    pub(super) fn new(table: &[u32]) -> Gather {
        let piece = |table: &[u32]| {
            let lines = table.chunks(LINE).zip(0..).filter(|(line, _)| line.iter().any(|place| *place != NOTHING));
            let mut lines: Vec<(u32, [u32; LINE])> = lines
                .map(|(line, at)| {
                    let mut places = [NOTHING; LINE];
                    places[..line.len()].copy_from_slice(line);
                    (at, places)
                })
                .collect();
            lines.sort_by_key(|(_, places)| *places.iter().min().unwrap_or(&NOTHING));
            lines
        };
        Gather { pieces: table.chunks(PIECE).map(piece).collect() }
    }

    /// Calls `f` with each element to which something is moved, and the place of that.
    pub(super) fn run(&self, to: &mut [f32], f: impl Fn(&mut f32, usize) + Sync) {
        // A move that misses the nearest cache takes as long as several multiply-adds.
        let work = 16 * to.len();
        crate::fast::threads::pieces(to, work, &|at| at / PIECE * PIECE, &|first, to| {
            let pieces = &self.pieces[first / PIECE..][..to.len().div_ceil(PIECE)];
            for (piece, to) in pieces.iter().zip(to.chunks_mut(PIECE)) {
                for (at, places) in piece {
                    let first = *at as usize * LINE;
                    let (true, Some(line)) = (!places.contains(&NOTHING), to.get_mut(first..first + LINE)) else {
                        for (place, to) in places.iter().zip(&mut to[first..]).filter(|(place, _)| **place != NOTHING) {
                            f(to, *place as usize);
                        }
                        continue;
                    };
                    for (to, place) in line.iter_mut().zip(places) {
                        f(to, *place as usize);
                    }
                }
            }
        });
    }
}
