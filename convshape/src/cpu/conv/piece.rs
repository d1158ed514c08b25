//! A panel of output channels over some positions.

use super::super::math::Epilogue;
use super::super::simd::Simd;
use super::super::tile::{EACH, PartialProducts, Products, Tile};
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
}

impl<'a> Piece<'a> {
    #[inline(always)]
    pub(super) fn products<S: Simd>(self, simd: S) {
        let Panel { vectors, channels, alone, begins, ends, .. } = *self.panel;
        let most = S::POSITIONS[vectors - 1];
        let onto = self.conv.onto || !begins;
        let epilogue = if ends { self.conv.epilogue } else { Epilogue::None };
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
            let products =
                Products { tile, vectors, shift, inputs: EACH, onto, epilogue, y: &mut *self.y, places, channels };
            if alone {
                simd.call(PartialProducts(products));
            } else {
                simd.call(products);
            }
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
