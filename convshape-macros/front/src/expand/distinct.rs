//! Tables whose rows are written once each.

use convshape_arith::shape::Shape;
use proc_macro2::{Literal, TokenStream};

use super::Expansion;
use crate::graph::ValueId;

impl Expansion<'_> {
    /// The place of a value's shape in a table.
    pub(super) fn place_of(&self, value: ValueId, shapes: &mut Shapes) -> usize {
        shapes.place((self.deferred().then_some(value), self.shape(value)))
    }

    pub(super) fn shape_table(&self, shapes: &Shapes) -> Vec<TokenStream> {
        let shape = |(constant, shape): &(Option<ValueId>, Shape)| match constant {
            Some(value) => self.shape_of(*value),
            None => self.shape_value(shape),
        };
        shapes.all.iter().map(shape).collect()
    }
}

/// Values of which each is written once, so far as it came up lately: long chains repeat themselves.
pub(super) struct Distinct<T> {
    pub(super) all: Vec<T>,
}

/// Shapes, or the values whose shape is a constant of the type.
pub(super) type Shapes = Distinct<(Option<ValueId>, Shape)>;

/// How many of the last distinct values are looked at.
const LATELY: usize = 32;

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<T: PartialEq> Distinct<T> {
    /// The place of a value.
    pub(super) fn place(&mut self, value: T) -> usize {
        let lately = self.all.len().saturating_sub(LATELY);
        match self.all[lately..].iter().position(|known| *known == value) {
            Some(place) => lately + place,
            None => {
                self.all.push(value);
                self.all.len() - 1
            }
        }
    }
}

/// A place or a count: without a suffix it is one short token.
pub(super) fn plain(number: usize) -> Literal {
    Literal::usize_unsuffixed(number)
}
