//! A panel of output channels over some positions.

use super::super::math::Epilogue;
use super::super::simd::{MOST_LANES, Simd};
use super::super::tile::{EACH, MOST_VECTORS, PartialProducts, Products, Tile, UNLIMITED, rows};
use super::{Conv, Panel};

pub(super) struct Piece<'a> {
    pub(super) conv: &'a Conv,
    pub(super) panel: &'a Panel,
    pub(super) x: &'a [f32],
    /// The output, from the panel's first channel on.
    pub(super) y: &'a mut [f32],
    /// The offset of each position in `x` and in `y`.
    pub(super) starts: &'a [usize],
    pub(super) places: &'a [usize],
    /// The weights that are needed next, to prefetch.
    pub(super) ahead: &'a [f32],
    /// Scratch space for a tile.
    pub(super) sums: &'a mut [f32; MOST_VECTORS * MOST_LANES],
}

impl<'a> Piece<'a> {
    #[inline(always)]
    pub(super) fn products<S: Simd>(mut self, simd: S) {
        let Panel { vectors, channels, alone, .. } = *self.panel;
        let most = S::POSITIONS[vectors - 1];
        let row = vectors * S::LANES;
        let epilogue = self.conv.epilogue;
        let limits = epilogue.limits().filter(|_| channels == row);
        let onto = self.conv.onto;
        let rows = rows(row);
        // Tiles of nearly equal size, rather than a small last one.
        let tiles = self.starts.len().div_ceil(most);
        let (least, more) = (self.starts.len() / tiles, self.starts.len() % tiles);
        let mut first = 0;
        for index in 0..tiles {
            let count = least + usize::from(index < more);
            let (starts, places) = (&self.starts[first..][..count], &self.places[first..][..count]);
            first += count;
            let (mut tile, shift) = self.tile(starts);
            if !alone {
                let ahead = [index, index + 1].map(|index| index * self.ahead.len() / tiles);
                tile.ahead = &self.ahead[ahead[0]..ahead[1]];
            }
            let whole = limits.is_some();
            let (y, to) = if whole { (&mut *self.y, places) } else { (&mut self.sums[..], &rows[..count]) };
            let products = Products {
                tile,
                vectors,
                shift,
                inputs: EACH,
                onto: onto && whole,
                limits: limits.unwrap_or(UNLIMITED),
                y,
                places: to,
            };
            if alone {
                simd.call(PartialProducts(products));
            } else {
                simd.call(products);
            }
            if !whole {
                self.store(simd, row, places);
            }
        }
    }

    /// Applies the epilogue to the sums of some positions and stores them.
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, row: usize, places: &[usize]) {
        let (epilogue, channels) = (self.conv.epilogue, self.panel.channels);
        let sums = &mut self.sums[..row * places.len()];
        if self.conv.onto {
            for (sums, place) in sums.chunks_exact_mut(row).zip(places) {
                sums.iter_mut().zip(&self.y[*place..][..channels]).for_each(|(sum, y)| *sum += y);
            }
        }
        // The whole tile at once: one sum after the other would wait for each result.
        epilogue.rest(simd, sums);
        macro_rules! each {
            ($epilogue:expr) => {
                for (sums, place) in sums.chunks_exact(row).zip(places) {
                    let y = &mut self.y[*place..][..channels];
                    for (sum, y) in sums.chunks_exact(S::LANES).zip(y.chunks_mut(S::LANES)) {
                        let count = y.len();
                        simd.store_some($epilogue.apply(simd, simd.load(sum)), y, count);
                    }
                }
            };
        }
        match epilogue {
            Epilogue::None | Epilogue::Other(_) => each!(Epilogue::None),
            Epilogue::Relu => each!(Epilogue::Relu),
            Epilogue::Leaky(slope) => each!(Epilogue::Leaky(slope)),
            Epilogue::Clamp(low, high) => each!(Epilogue::Clamp(low, high)),
        }
    }

    /// The inputs, weights and initial sums of a tile.
    #[inline(always)]
    fn tile<'b>(&self, starts: &'b [usize]) -> (Tile<'b>, &'b [f32])
    where
        'a: 'b,
    {
        let (packed, panel) = (self.conv.weights.get(), self.panel);
        let tile = Tile { x: self.x, starts, runs: &panel.runs, weights: &packed[panel.weights.clone()], ahead: &[] };
        (tile, &packed[panel.shift..])
    }
}
