//! The words of the language: one table of the layers and their fields, in every dialect.
//!
//! The parser uses it to rewrite Python, the resolver to bind names, the expansion to write docs.

mod defaults;
mod fields;
mod find;
mod grammar;
mod instead;
mod layers;
mod markers;
mod nearest;
mod neutral;
mod other_names;
#[cfg(test)]
mod reference;
#[cfg_attr(not(test), allow(dead_code, reason = "a test writes the reference from it"))]
mod rules;
#[cfg(test)]
mod tests;
mod values;

use convshape_arith::op::{Dialect, Op};

pub(crate) use find::{
    LayerName, Lookup, find_activation, find_field, find_function, find_layer, find_word, is_field, is_layer,
    misspelt_layer, named_layer, nearest_field, other_layer,
};
pub(crate) use grammar::{GRAMMAR, HEADERS, LINTS, LOSSY, dialect_from_name, dialect_names, nearest_dialect};
pub(crate) use instead::{instead, instead_of_field};
pub(crate) use layers::layers;
pub(crate) use markers::markers;
pub(crate) use nearest::{difference, nearest};
pub(crate) use neutral::{Elsewhere, Neutral, neutral};
pub(crate) use other_names::means_channels;
use rules::Rule;

/// The field that silences lints for a layer.
pub(crate) const LINT: &str = "lint";

/// The dialects that have a word.
pub(crate) type Dialects = &'static [Dialect];

const ALL: Dialects = &[Dialect::Torch, Dialect::Onnx, Dialect::Jax, Dialect::Flax, Dialect::Keras];
const TORCH: Dialects = &[Dialect::Torch];
const ONNX: Dialects = &[Dialect::Onnx];
const JAX: Dialects = &[Dialect::Jax];
const FLAX: Dialects = &[Dialect::Flax];
const KERAS: Dialects = &[Dialect::Keras];

/// A layer that the front end treats in a way that its row does not describe. Most layers are plain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Plain,
    Conv,
    ConvTranspose,
    ConvGeneralDilated,
    DepthwiseConv,
    MaxPool,
    MaxUnpool,
    Upsample,
    Lstm,
    Gru,
    Rnn,
    Linear,
    Flatten,
    Reshape,
    Scale,
    Attention,
    MultiHead,
    Permute,
    Chain,
    Custom,
    Parameter,
    Arange,
    Constant,
    OneHot,
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    RmsNorm,
    Dropout,
    Activation,
    Input,
}

/// Layers that belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Group {
    Convolution,
    Pooling,
    Resizing,
    Dense,
    Normalisation,
    Activation,
}

/// One layer of the language.
pub(crate) struct LayerWords {
    pub(crate) kind: Kind,
    pub(crate) group: Group,
    /// The canonical name; `#` is the number of spatial axes.
    pub(crate) name: &'static str,
    /// The numbers of spatial axes that `#` can be; empty if the name has none.
    pub(crate) ranks: &'static [usize],
    /// The name of unnamed layers of this kind: `conv` gives `conv1`, `conv2`.
    pub(crate) snake: &'static str,
    /// The frameworks' own names.
    pub(crate) aliases: &'static [Alias],
    /// The dialects that have the layer.
    pub(crate) dialects: Dialects,
    /// What the positional part means.
    pub(crate) positional: Positional,
    pub(crate) fields: &'static [FieldWords],
    /// The fields that must be written, with the dialects that require them; of several in one entry, at least one.
    pub(crate) required: &'static [(&'static [&'static str], Dialects)],
    /// Fields that exclude each other.
    pub(crate) exclusive: &'static [&'static str],
    /// The order of Python's arguments, per dialect. A word that is not a field of the layer has no meaning here and is
    /// dropped.
    pub(crate) python: &'static [(Dialects, &'static [&'static str])],
    pub(crate) op: Defaults,
    /// Its shapes and an example, for the reference.
    pub(crate) rule: Rule,
    /// One line, shown on hover.
    pub(crate) doc: &'static str,
}

/// A layer with the defaults of a dialect's framework.
#[derive(Clone, Copy)]
pub(crate) enum Defaults {
    /// The same in every dialect.
    Op(Op),
    /// For a dialect and a number of spatial axes.
    Of(fn(Dialect, usize) -> Op),
    /// The layer exists only as a word.
    None,
}

/// A name in some dialects; in a layer's name `#` is the number of spatial axes.
pub(crate) struct Alias {
    pub(crate) name: &'static str,
    pub(crate) dialects: Dialects,
}

/// The meaning of the positional part of a layer's arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Positional {
    /// None: every value has its field's name.
    None,
    /// `1 -> 16` or `16`: the fields `in_channels` and `out_channels`; or `undo name`.
    Channels,
    /// `undo name`.
    Undo,
    /// Names of statements.
    Names,
    /// The type of another chain.
    Path,
    /// Numbers or names of axes: the field `axes`.
    Axes,
    /// These two fields.
    Two(&'static str, &'static str),
    /// This field.
    Field(&'static str),
}

/// One field of a layer.
#[derive(Clone, Copy)]
pub(crate) struct FieldWords {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [Alias],
    pub(crate) takes: Takes,
    /// Whether the value may be `_`.
    pub(crate) hole: bool,
    /// The dialects that have the field.
    pub(crate) dialects: Dialects,
    /// One line, shown on hover.
    pub(crate) doc: &'static str,
}

/// The kind of value that a field takes.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    /// One size.
    Size,
    /// A size for all axes, or one per axis in parentheses.
    SizePerAxis,
    /// The same, or one of these words.
    SizePerAxisOr(&'static [Word]),
    /// Sizes per axis, pairs per axis and side, or one of these words.
    Padding(&'static [Word]),
    /// Sizes per axis, or pairs per axis and side.
    Amount,
    /// The same, or both sides of each axis in one row, the last axis first, as in PyTorch's layers.
    Sides,
    /// ONNX: all low sides, then all high ones; or as [`Takes::Padding`].
    Pads(&'static [Word]),
    Float,
    /// A factor for all axes, or one per axis in parentheses.
    FloatPerAxis,
    /// An integer factor for all axes, or one per axis.
    FactorPerAxis,
    Bool,
    /// One of these words.
    Word(&'static [Word]),
    Shape,
    /// `0..16`
    Range,
    /// The number of equal pieces, or the sizes of all pieces.
    Pieces,
    /// One axis or several.
    Axes,
    /// The same, counting the batch as axis 0.
    AxesWithBatch,
    /// The name of a statement.
    Name,
    /// A layer of [`Group::Activation`], with its fields in parentheses.
    Activation,
    /// How a parameter is initialised: a number, `normal(0.02)` or `uniform(0.1)`.
    Init,
    /// The path of a `const` or `static` array.
    Array,
    /// The name of a dialect.
    Dialect,
}

/// A word that is a value.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) dialects: Dialects,
    /// Its meaning, in half a sentence.
    pub(crate) doc: &'static str,
}

impl Kind {
    /// Whether it is a recurrent layer.
    pub(crate) fn is_recurrent(self) -> bool {
        matches!(self, Kind::Lstm | Kind::Gru | Kind::Rnn)
    }

    /// Whether it can read its weight: `from (x, w)`.
    pub(crate) fn reads_weight(self) -> bool {
        matches!(self, Kind::Conv | Kind::ConvTranspose | Kind::ConvGeneralDilated | Kind::DepthwiseConv)
    }
}

impl LayerWords {
    /// Whether the layer itself takes a number of spatial axes, and so checks it.
    pub(crate) fn is_spatial(&self) -> bool {
        matches!(self.group, Group::Convolution | Group::Pooling) && !self.ranks.is_empty()
    }

    /// The canonical name: `Conv2d`, or `Conv` if the number of axes is open.
    pub(crate) fn name(&self, rank: Option<usize>) -> String {
        spell(self.name, rank)
    }

    /// The fields, including those that many layers share.
    pub(crate) fn all_fields(&self) -> impl Iterator<Item = &'static FieldWords> {
        let activation = (self.group != Group::Activation).then_some(&fields::ACTIVATION);
        self.fields.iter().chain(activation).chain([&fields::DIALECT, &fields::LINT])
    }

    /// The framework's own word for a field, if it differs from the language's.
    pub(crate) fn own_word(&self, field: &str, dialect: Dialect) -> Option<&'static str> {
        let field = self.fields.iter().find(|known| known.name == field && known.dialects.contains(&dialect))?;
        field.aliases.iter().find(|alias| alias.dialects.contains(&dialect)).map(|alias| alias.name)
    }

    /// The layer with all defaults. `None` for layers that exist only as words.
    pub(crate) fn default_op(&self, dialect: Dialect, rank: usize) -> Option<Op> {
        match self.op {
            Defaults::Op(op) => Some(op),
            Defaults::Of(op) => Some(op(dialect, rank)),
            Defaults::None => None,
        }
    }

    /// Whether it is a function of one value, which `activation` takes.
    pub(crate) fn is_function(&self) -> bool {
        let default = || self.default_op(Dialect::Torch, 0);
        self.group == Group::Activation
            && self.kind != Kind::Dropout
            && default().is_none_or(|op| op.params().is_empty())
    }

    /// The fields that a dialect requires; of several in one entry, at least one.
    pub(crate) fn required(&self, dialect: Dialect) -> impl Iterator<Item = &'static [&'static str]> {
        self.required.iter().filter(move |(_, dialects)| dialects.contains(&dialect)).map(|(names, _)| *names)
    }

    /// The order of the framework's arguments in Python.
    pub(crate) fn python_order(&self, dialect: Dialect) -> &'static [&'static str] {
        self.python.iter().find(|(dialects, _)| dialects.contains(&dialect)).map_or(&[], |(_, order)| order)
    }

    /// Every name, with the dialects that have it.
    fn names(&self) -> impl Iterator<Item = (&'static str, Dialects)> {
        [(self.name, self.dialects)].into_iter().chain(self.aliases.iter().map(|alias| (alias.name, alias.dialects)))
    }

    /// The number of axes in `name`, if it is spelled like `pattern`.
    fn rank_of(&self, pattern: &str, name: &str) -> Option<Option<usize>> {
        let Some((before, after)) = pattern.split_once('#') else {
            return (pattern == name).then_some(None);
        };
        let written = name.strip_prefix(before)?.strip_suffix(after)?;
        let ranks = if self.ranks.is_empty() { &[1, 2, 3] } else { self.ranks };
        ranks.iter().copied().find(|rank| rank.to_string() == written).map(Some)
    }
}

impl FieldWords {
    /// The kind of value of a field under a given name, in a dialect.
    pub(crate) fn takes_as(&self, name: &str, dialect: Dialect) -> Takes {
        match self.takes {
            Takes::Padding(words) if name == "pads" => Takes::Pads(words),
            // PyTorch counts the batch.
            Takes::Axes if matches!(name, "dim" | "dims" | "start_dim" | "end_dim") && dialect == Dialect::Torch => {
                Takes::AxesWithBatch
            }
            // keras resizes by whole factors.
            Takes::FloatPerAxis if self.name == "scale" && dialect == Dialect::Keras => Takes::FactorPerAxis,
            takes => takes,
        }
    }

    fn names(&self) -> impl Iterator<Item = (&'static str, Dialects)> {
        [(self.name, self.dialects)].into_iter().chain(self.aliases.iter().map(|alias| (alias.name, alias.dialects)))
    }
}

/// A pattern with its number of axes filled in: `Conv#d` is `Conv2d`, or `Conv` if the number is open.
fn spell(pattern: &str, rank: Option<usize>) -> String {
    match rank {
        Some(rank) => pattern.replace('#', &rank.to_string()),
        None => pattern.replace("#d", "").replace("#D", ""),
    }
}

/// The name for a different number of axes.
pub(crate) fn with_rank(word: &str, rank: usize) -> String {
    word.replacen(|letter: char| letter.is_ascii_digit(), &rank.to_string(), 1)
}

/// Names as code: `` `a`, `b` ``.
pub(crate) fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}
