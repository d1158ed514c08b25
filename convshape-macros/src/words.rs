//! The words of the language: one table of the layers and their fields, in every dialect.
//!
//! The parser reads it to rewrite Python, the resolver to bind names, the expansion to show docs.

mod fields;
mod grammar;
mod layers;
mod markers;
mod nearest;
#[cfg(test)]
mod tests;
mod values;

use convshape_arith::op::Dialect;

pub(crate) use grammar::{GRAMMAR, HEADERS, LOSSY, dialect_from_name, dialect_names};
pub(crate) use layers::LAYERS;
pub(crate) use markers::markers;
pub(crate) use nearest::nearest;

/// The dialects that have a word.
pub(crate) type Dialects = &'static [Dialect];

/// Which layer a row of [`LAYERS`] describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Conv,
    ConvTranspose,
    ConvGeneralDilated,
    DepthwiseConv,
    SeparableConv,
    MaxPool,
    AvgPool,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    GlobalAvgPool,
    Upsample,
    PixelShuffle,
    PixelUnshuffle,
    DepthToSpace,
    Pad,
    Crop,
    Slice,
    Linear,
    Flatten,
    Reshape,
    Concat,
    Add,
    Mul,
    Scale,
    Chain,
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Relu,
    Relu6,
    LeakyRelu,
    Elu,
    Gelu,
    Silu,
    Sigmoid,
    Tanh,
    Softplus,
    Hardswish,
    Hardsigmoid,
    Clamp,
    Prelu,
    Snake,
    Softmax,
    Exp,
    Dropout,
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
    /// The canonical name; `#` stands for the number of spatial axes.
    pub(crate) name: &'static str,
    /// The numbers of spatial axes that `#` takes; empty where the name has none.
    pub(crate) ranks: &'static [usize],
    /// How unnamed layers of the kind are called: `conv` gives `conv1`, `conv2`.
    pub(crate) snake: &'static str,
    /// The frameworks' own names.
    pub(crate) aliases: &'static [Alias],
    /// The dialects that have the layer.
    pub(crate) dialects: Dialects,
    /// What the leading part fills.
    pub(crate) positional: Positional,
    pub(crate) fields: &'static [FieldWords],
    /// The order in which Python takes the arguments, per dialect. A word that is no field of the
    /// layer has no meaning here and is dropped.
    pub(crate) python: &'static [(Dialects, &'static [&'static str])],
    /// One line, shown on hover.
    pub(crate) doc: &'static str,
}

/// A name that some dialects know; in a layer's name `#` stands for the number of spatial axes.
pub(crate) struct Alias {
    pub(crate) name: &'static str,
    pub(crate) dialects: Dialects,
}

/// What the leading part of a layer's arguments fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Positional {
    /// Nothing: every value has its field's name.
    None,
    /// `1 -> 16` or `16`: the fields `in_channels` and `out_channels`; or `undo name`.
    Channels,
    /// Names of statements.
    Names,
    /// The type of another chain.
    Path,
    /// This field.
    Field(&'static str),
}

/// One field of a layer.
#[derive(Clone, Copy)]
pub(crate) struct FieldWords {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [Alias],
    pub(crate) takes: Takes,
    /// Whether `_` may stand for the value.
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
    Float,
    /// A factor for all axes, or one per axis in parentheses.
    FloatPerAxis,
    Bool,
    /// One of these words.
    Word(&'static [Word]),
    Shape,
    /// `0..16`
    Range,
    /// The name of a statement.
    Name,
    /// A layer of [`Group::Activation`], with its fields in parentheses.
    Activation,
    /// The name of a dialect.
    Dialect,
}

/// A word that stands as a value.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) dialects: Dialects,
    /// What it means, in half a sentence.
    pub(crate) doc: &'static str,
}

/// What a name means in a dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Lookup<T> {
    Found(T),
    /// A word of these other dialects only.
    Elsewhere {
        words: T,
        dialects: Dialects,
    },
    Unknown {
        /// What was probably meant.
        nearest: Option<String>,
    },
}

/// A layer's row, and the number of spatial axes that its name gives.
#[derive(Clone, Copy)]
pub(crate) struct LayerName {
    pub(crate) words: &'static LayerWords,
    pub(crate) rank: Option<usize>,
}

impl<T> Lookup<T> {
    /// The row, whichever dialect it is in.
    pub(crate) fn any(self) -> Option<T> {
        match self {
            Lookup::Found(words) | Lookup::Elsewhere { words, .. } => Some(words),
            Lookup::Unknown { .. } => None,
        }
    }

    fn map<U>(self, f: impl FnOnce(T) -> U) -> Lookup<U> {
        match self {
            Lookup::Found(words) => Lookup::Found(f(words)),
            Lookup::Elsewhere { words, dialects } => Lookup::Elsewhere { words: f(words), dialects },
            Lookup::Unknown { nearest } => Lookup::Unknown { nearest },
        }
    }
}

impl LayerWords {
    /// The canonical name: `Conv2d`, or `Conv` where the rank is open.
    pub(crate) fn name(&self, rank: Option<usize>) -> String {
        spell(self.name, rank)
    }

    /// The fields, with those that many layers take.
    pub(crate) fn all_fields(&self) -> impl Iterator<Item = &'static FieldWords> {
        let activation = (self.group != Group::Activation).then_some(&fields::ACTIVATION);
        self.fields.iter().chain(activation).chain([&fields::DIALECT])
    }

    /// The order in which the framework's Python takes the arguments.
    pub(crate) fn python_order(&self, dialect: Dialect) -> &'static [&'static str] {
        self.python.iter().find(|(dialects, _)| dialects.contains(&dialect)).map_or(&[], |(_, order)| order)
    }

    /// Every name, with the dialects that know it.
    fn names(&self) -> impl Iterator<Item = (&'static str, Dialects)> {
        [(self.name, self.dialects)].into_iter().chain(self.aliases.iter().map(|alias| (alias.name, alias.dialects)))
    }

    /// The rank that `name` gives if it is spelled as `pattern`.
    fn rank_of(&self, pattern: &str, name: &str) -> Option<Option<usize>> {
        if !pattern.contains('#') {
            return (pattern == name).then_some(None);
        }
        let ranks = if self.ranks.is_empty() { &[1, 2, 3] } else { self.ranks };
        ranks.iter().copied().find(|rank| spell(pattern, Some(*rank)) == name).map(Some)
    }
}

impl FieldWords {
    fn names(&self) -> impl Iterator<Item = (&'static str, Dialects)> {
        [(self.name, self.dialects)].into_iter().chain(self.aliases.iter().map(|alias| (alias.name, alias.dialects)))
    }
}

/// The layer that `name` means.
pub(crate) fn find_layer(name: &str, dialect: Dialect) -> Lookup<LayerName> {
    find_among(LAYERS.iter(), name, dialect)
}

/// The activation that `name` means, as a layer's name (`Relu`) or as a word (`relu`).
pub(crate) fn find_activation(name: &str, dialect: Dialect) -> Lookup<LayerName> {
    let activations = || LAYERS.iter().filter(|words| words.group == Group::Activation);
    match activations().find(|words| words.snake == name) {
        Some(words) => Lookup::Found(LayerName { words, rank: None }),
        None => find_among(activations(), name, dialect),
    }
}

fn find_among(
    layers: impl Iterator<Item = &'static LayerWords> + Clone,
    name: &str,
    dialect: Dialect,
) -> Lookup<LayerName> {
    let spelled = layers.clone().flat_map(|words| {
        words.names().filter_map(move |(pattern, dialects)| {
            let rank = words.rank_of(pattern, name)?;
            Some((LayerName { words, rank }, dialects))
        })
    });
    choose(spelled, dialect, || {
        let names = layers.flat_map(|words| {
            let known = words.names().filter(move |(_, dialects)| dialects.contains(&dialect));
            known.flat_map(|(pattern, _)| spellings(pattern, words.ranks))
        });
        nearest(name, names)
    })
}

/// The field of a layer that `name` means.
pub(crate) fn find_field(layer: &LayerWords, name: &str, dialect: Dialect) -> Lookup<&'static FieldWords> {
    let spelled = layer
        .all_fields()
        .flat_map(|field| field.names().map(move |(known, dialects)| (known, (field, dialects))))
        .filter_map(|(known, found)| (known == name).then_some(found));
    choose(spelled, dialect, || {
        let names = layer.all_fields().flat_map(FieldWords::names);
        nearest(name, names.filter(|(_, dialects)| dialects.contains(&dialect)).map(|(known, _)| known.to_owned()))
    })
}

/// The word of `words` that `name` means. Frameworks write these words in strings, in either case
/// and with hyphens; `SAME`, `same` and `Same` are one word.
pub(crate) fn find_word(words: &'static [Word], name: &str, dialect: Dialect) -> Lookup<&'static str> {
    let plain = name.to_ascii_lowercase().replace('-', "_");
    let spelled = words.iter().filter(|word| word.name == plain).map(|word| (word, word.dialects));
    let found = choose(spelled, dialect, || {
        let known = words.iter().filter(|word| word.dialects.contains(&dialect));
        nearest(&plain, known.map(|word| word.name.to_owned()))
    });
    found.map(|word| word.name)
}

/// Of the rows that are spelled so, the one the dialect has.
fn choose<T>(
    spelled: impl Iterator<Item = (T, Dialects)>,
    dialect: Dialect,
    nearest: impl FnOnce() -> Option<String>,
) -> Lookup<T> {
    let mut elsewhere = None;
    for (words, dialects) in spelled {
        if dialects.contains(&dialect) {
            return Lookup::Found(words);
        }
        elsewhere.get_or_insert((words, dialects));
    }
    match elsewhere {
        Some((words, dialects)) => Lookup::Elsewhere { words, dialects },
        None => Lookup::Unknown { nearest: nearest() },
    }
}

/// A pattern with its rank filled in: `Conv#d` is `Conv2d`, or `Conv` where the rank is open.
fn spell(pattern: &str, rank: Option<usize>) -> String {
    match rank {
        Some(rank) => pattern.replace('#', &rank.to_string()),
        None => pattern.replace("#d", "").replace("#D", ""),
    }
}

fn spellings(pattern: &'static str, ranks: &'static [usize]) -> Vec<String> {
    match pattern.contains('#') {
        true if ranks.is_empty() => (1..=3).map(|rank| spell(pattern, Some(rank))).collect(),
        true => ranks.iter().map(|rank| spell(pattern, Some(*rank))).collect(),
        false => vec![pattern.to_owned()],
    }
}

/// Names as words of code: `` `a`, `b` ``.
pub(crate) fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ")
}
