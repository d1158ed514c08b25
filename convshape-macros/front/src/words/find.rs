//! Finds the meaning of a name in a dialect.

use convshape_arith::op::Dialect;

use super::other_names::{of_keras_1, other_fields, other_name};
use super::{Dialects, FieldWords, Group, LayerWords, Word, difference, layers, nearest, spell};

/// The meaning of a name in a dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Lookup<T> {
    Found(T),
    /// A word that only these other dialects have.
    Elsewhere {
        words: T,
        dialects: Dialects,
    },
    Unknown {
        /// What was probably meant.
        nearest: Option<String>,
    },
}

/// A layer's row, and the number of spatial axes in its name.
#[derive(Clone, Copy)]
pub(crate) struct LayerName {
    pub(crate) words: &'static LayerWords,
    pub(crate) rank: Option<usize>,
}

impl<T> Lookup<T> {
    /// The row, in whatever dialect it is.
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

/// The layer named `name`.
pub(crate) fn find_layer(name: &str, dialect: Dialect) -> Lookup<LayerName> {
    match find_among(layers(), name, dialect) {
        Lookup::Unknown { nearest } => {
            if let (Dialect::Flax | Dialect::Jax, Some(words)) = (dialect, activation_function(name)) {
                return Lookup::Found(LayerName { words, rank: None });
            }
            let other = other_layer(name, dialect).map(|found| found.words.name(found.rank));
            Lookup::Unknown { nearest: other.or(nearest).or_else(|| nearest_of_any_rank(name, dialect)) }
        }
        found => found,
    }
}

/// The layer for images whose name without its number of axes is spelled almost like `name`.
fn nearest_of_any_rank(name: &str, dialect: Dialect) -> Option<String> {
    let ranked = layers().filter(|words| words.ranks.contains(&2) && words.dialects.contains(&dialect));
    let near = nearest(name, ranked.clone().map(|words| words.name(None)))?;
    ranked.map(|words| (words.name(None), words.name(Some(2)))).find(|(any, _)| *any == near).map(|(_, name)| name)
}

/// The layer that a misspelt name must mean: `near` is spelled almost like it, and no other layer of the dialect is. The
/// beginning of a name is not misspelt: it is being typed.
pub(crate) fn misspelt_layer(name: &str, near: &str, dialect: Dialect) -> Option<LayerName> {
    let Lookup::Found(meant) = find_layer(near, dialect) else { return None };
    let any_rank = !name.contains(|letter: char| letter.is_ascii_digit());
    let away = match any_rank {
        true => difference(name, near).min(difference(name, &meant.words.name(None))),
        false => difference(name, near),
    };
    let same = |other: &str| {
        let other = find_layer(other, dialect).any();
        other.is_some_and(|other| std::ptr::eq(other.words, meant.words) && (any_rank || other.rank == meant.rank))
    };
    let as_near = |other: &String| difference(name, other) <= away && !same(other);
    let is_other = |other: String| other.starts_with(name) || as_near(&other);
    (away <= MOST_MISSPELT && !names_in(layers(), dialect).any(is_other)).then_some(meant)
}

/// In how many letters a name may differ from the one that is taken in its place.
const MOST_MISSPELT: usize = 2;

/// The layer named `name` in any dialect. Does not look for similar names.
pub(crate) fn named_layer(name: &str, dialect: Dialect) -> Option<LayerName> {
    if is_layer(name) { find_layer(name, dialect).any() } else { None }
}

/// The layer that a name from elsewhere means.
pub(crate) fn other_layer(name: &str, dialect: Dialect) -> Option<LayerName> {
    find_layer(&other_name(name)?, dialect).any()
}

/// Whether some dialect has a layer of this name.
pub(crate) fn is_layer(name: &str) -> bool {
    layers().any(|words| words.names().any(|(pattern, _)| words.rank_of(pattern, name).is_some()))
}

/// The activation with this name, as a layer (`Relu`) or as a word (`relu`).
pub(crate) fn find_activation(name: &str, dialect: Dialect) -> Lookup<LayerName> {
    match activation_function(name) {
        Some(words) => Lookup::Found(LayerName { words, rank: None }),
        None => find_among(layers().filter(|words| words.group == Group::Activation), name, dialect),
    }
}

/// The activation with this function name: `relu`. Flax and JAX have no other name for it.
fn activation_function(name: &str) -> Option<&'static LayerWords> {
    layers().find(|words| words.group == Group::Activation && words.snake == name)
}

/// Whether some layer has a field of this name in some dialect.
pub(crate) fn is_field(name: &str) -> bool {
    layers().flat_map(LayerWords::all_fields).flat_map(FieldWords::names).any(|(known, _)| known == name)
}

/// A field of any layer that begins with what was typed, or is spelled almost like it.
pub(crate) fn nearest_field(typed: &str) -> Option<&'static str> {
    let names = || layers().flat_map(LayerWords::all_fields).map(|field| field.name);
    let near = || {
        let near = nearest(typed, names().map(str::to_owned))?;
        names().find(|name| *name == near)
    };
    names().find(|name| name.starts_with(typed)).or_else(near)
}

/// The layer equivalent to a framework's function: `relu`, `max_pool2d`, `conv_transpose2d`.
pub(crate) fn find_function(name: &str, dialect: Dialect) -> Option<LayerName> {
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let wanted = plain(name);
    let row = |words: &'static LayerWords| {
        let spelled = words.names().flat_map(|(pattern, _)| spellings(pattern, words.ranks));
        spelled.into_iter().find(|spelled| plain(spelled) == wanted).and_then(|name| find_layer(&name, dialect).any())
    };
    layers().find_map(row).or_else(|| other_layer(name, dialect))
}

fn find_among(
    rows: impl Iterator<Item = &'static LayerWords> + Clone,
    name: &str,
    dialect: Dialect,
) -> Lookup<LayerName> {
    let spelled = rows.clone().flat_map(|words| {
        words.names().filter_map(move |(pattern, dialects)| {
            let rank = words.rank_of(pattern, name)?;
            Some((LayerName { words, rank }, dialects))
        })
    });
    choose(spelled, dialect, || nearest(name, names_in(rows, dialect)))
}

/// The names of layers in a dialect.
fn names_in(rows: impl Iterator<Item = &'static LayerWords>, dialect: Dialect) -> impl Iterator<Item = String> {
    rows.flat_map(move |words| {
        let known = words.names().filter(move |(_, dialects)| dialects.contains(&dialect));
        known.flat_map(|(pattern, _)| spellings(pattern, words.ranks))
    })
}

/// The field of a layer with this name.
pub(crate) fn find_field(layer: &LayerWords, name: &str, dialect: Dialect) -> Lookup<&'static FieldWords> {
    let name = of_keras_1(name).filter(|_| dialect == Dialect::Keras).unwrap_or(name);
    let spelled = layer
        .all_fields()
        .flat_map(|field| field.names().map(move |(known, dialects)| (known, (field, dialects))))
        .filter_map(|(known, found)| (known == name).then_some(found));
    choose(spelled, dialect, || {
        let has = |field: &&str| layer.all_fields().any(|own| own.name == *field && own.dialects.contains(&dialect));
        let names = layer.all_fields().flat_map(FieldWords::names);
        let known = names.filter(|(_, dialects)| dialects.contains(&dialect)).map(|(known, _)| known.to_owned());
        other_fields(name).find(has).map(str::to_owned).or_else(|| nearest(name, known))
    })
}

/// The word in `words` that `name` means. Frameworks write these words as strings, in either case and with hyphens;
/// `SAME`, `same` and `Same` are one word.
pub(crate) fn find_word(words: &'static [Word], name: &str, dialect: Dialect) -> Lookup<&'static str> {
    let plain = name.to_ascii_lowercase().replace('-', "_");
    let spelled = words.iter().filter(|word| word.name == plain).map(|word| (word, word.dialects));
    let found = choose(spelled, dialect, || {
        let known = words.iter().filter(|word| word.dialects.contains(&dialect));
        nearest(&plain, known.map(|word| word.name.to_owned()))
    });
    found.map(|word| word.name)
}

/// Of the rows with this spelling, the dialect's own.
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

fn spellings(pattern: &'static str, ranks: &'static [usize]) -> Vec<String> {
    match pattern.contains('#') {
        true if ranks.is_empty() => (1..=3).map(|rank| spell(pattern, Some(rank))).collect(),
        true => ranks.iter().map(|rank| spell(pattern, Some(*rank))).collect(),
        false => vec![pattern.to_owned()],
    }
}
