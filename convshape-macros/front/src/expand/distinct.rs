//! Tables in which each distinct row is written once.

use convshape_arith::shape::Shape;
use proc_macro2::{Literal, TokenStream};

use super::Expansion;
use crate::graph::ValueId;

impl Expansion<'_> {
    /// The index of a value's shape in a table.
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

/// Distinct values. Only recent ones are compared, because long chains repeat what came shortly before.
pub(super) struct Distinct<T> {
    pub(super) all: Vec<T>,
}

/// Shapes, or values whose shape is a constant of the type.
pub(super) type Shapes = Distinct<(Option<ValueId>, Shape)>;

/// How many of the last distinct values are compared.
const LATELY: usize = 32;

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<T: PartialEq> Distinct<T> {
    /// The index of a value.
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

/// An index or a count, without a suffix so that it is one short token.
pub(super) fn plain(number: usize) -> Literal {
    Literal::usize_unsuffixed(number)
}
