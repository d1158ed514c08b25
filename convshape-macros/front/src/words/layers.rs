//! The layers: one row each. A row has everything that the front end knows about a layer; [`Kind`] marks the few that
//! the grammar treats in a way of their own.

mod activation;
mod convolution;
mod dense;
mod normalisation;
mod pooling;
mod recurrent;
mod resizing;

use super::fields::*;
use super::rules::{
    CHANNEL_SIZES, CONV_SIZES, DENSE_SIZES, Definition, Example, ExampleInput, IMAGE, IMAGE_SIZES, PAIR, Rule, SAME,
    STEPS_IN, TOKEN_SIZES, elementwise, leading, of_two, plain, rule,
};
use super::{
    ALL, Alias, Defaults, Dialects, FLAX, FieldWords, Group, JAX, KERAS, Kind, LayerWords, ONNX, Positional, TORCH,
};

const RANKS: &[usize] = &[1, 2, 3];

/// A row with a name in every dialect, no other names and no fields.
const fn layer(
    group: Group,
    name: &'static str,
    snake: &'static str,
    doc: &'static str,
    op: Defaults,
    rule: Rule,
) -> LayerWords {
    LayerWords {
        kind: Kind::Plain,
        group,
        name,
        ranks: &[],
        snake,
        aliases: &[],
        dialects: ALL,
        positional: Positional::None,
        fields: &[],
        required: &[],
        exclusive: &[],
        python: &[],
        op,
        rule,
        doc,
    }
}

/// Every layer of the language.
pub(crate) fn layers() -> impl Iterator<Item = &'static LayerWords> + Clone {
    let groups = [
        convolution::ROWS,
        pooling::ROWS,
        resizing::ROWS,
        recurrent::ROWS,
        dense::ROWS,
        normalisation::ROWS,
        activation::ROWS,
    ];
    groups.into_iter().flatten()
}
