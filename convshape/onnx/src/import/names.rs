//! Names of the file as names of the language.

use std::collections::{HashMap, HashSet};

/// Words that cannot be the name of a struct or a statement.
const RESERVED: [&str; 60] = [
    "abstract", "as", "async", "await", "become", "block", "box", "break", "const", "continue", "crate", "data",
    "dialect", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "from", "gen", "if", "impl", "in",
    "input", "let", "lint", "loop", "lossy", "macro", "match", "mod", "move", "mut", "output", "override", "priv",
    "pub", "reads", "ref", "repeat", "restores", "return", "reuse", "self", "Self", "static", "struct", "super",
    "trait", "true", "try", "type", "undo", "unsafe", "use", "weights",
];

pub(super) fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    first
        && name != "_"
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !RESERVED.contains(&name)
}

/// A name of the file as an identifier.
pub(super) fn identifier(name: &str) -> String {
    let mut word: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if word.is_empty() || word.starts_with(|letter: char| letter.is_ascii_digit()) {
        word.insert(0, '_');
    }
    while !is_identifier(&word)
        || matches!(word.as_str(), "while" | "where" | "virtual" | "unsized" | "yield" | "typeof")
    {
        word.push('_');
    }
    word
}

/// `DoubleConv` as `double_conv`.
pub(super) fn snake(word: &str) -> String {
    let mut text = String::new();
    for (place, letter) in word.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// `encoder_layer` as `EncoderLayer`.
pub(super) fn camel(word: &str) -> String {
    let parts = word.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts
        .flat_map(|part| part.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(part.chars().skip(1)))
        .collect()
}

/// Unused names.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut count = 1;
        while !self.0.insert(unique.clone()) {
            count += 1;
            unique = format!("{}_{count}", name.trim_end_matches('_'));
        }
        unique
    }

    /// A unique name for parameters with these fields; a parameter without a field has the name itself.
    pub(super) fn of_parameters<'a>(&mut self, name: &str, fields: impl Iterator<Item = &'a str> + Clone) -> String {
        let full = |name: &str, field: &str| if field.is_empty() { name.to_owned() } else { format!("{name}.{field}") };
        let mut unique = name.to_owned();
        let mut count = 1;
        while fields.clone().any(|field| self.0.contains(&full(&unique, field))) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        self.0.extend(fields.map(|field| full(&unique, field)));
        unique
    }
}

/// Shortens module paths to the last parts that still tell them apart.
pub(super) struct Shortened(HashMap<String, usize>);

impl Shortened {
    /// For the paths of one body.
    pub(super) fn of<'a>(paths: impl Iterator<Item = &'a str>) -> Shortened {
        let mut counts = HashMap::new();
        for path in paths {
            ends(path).for_each(|end| *counts.entry(end.to_owned()).or_insert(0) += 1);
        }
        Shortened(counts)
    }

    /// `layer1.0.conv1` as `conv1`, or `layer1_0_conv1` if there are several. A leading number moves to the end: `0.conv1`
    /// is `conv1_0`, and `0.1`, which has none, gets the word of its `kind`.
    pub(super) fn name(&self, path: &str, kind: &str) -> String {
        let is_clear = |end: &&str| !is_number(end.split('.').next().unwrap_or("")) && self.0.get(*end) == Some(&1);
        let mut parts: Vec<&str> = ends(path).find(is_clear).unwrap_or(path).split('.').collect();
        let word = parts.iter().position(|part| !is_number(part));
        match word {
            Some(word) => parts[..=word].rotate_right(1),
            None => parts.insert(0, without_rank(kind)),
        }
        field(&parts.join("_"))
    }
}

/// A name of the file as that of a field: in lower case, without two underscores in a row.
pub(super) fn field(name: &str) -> String {
    let word = identifier(&name.to_ascii_lowercase());
    let parts: Vec<&str> = word.split('_').collect();
    let middle = |at: &usize| *at == 0 || at + 1 == parts.len() || !parts[*at].is_empty();
    identifier(&(0..parts.len()).filter(middle).map(|at| parts[at]).collect::<Vec<_>>().join("_"))
}

/// `conv2d` as `conv`.
pub(super) fn without_rank(kind: &str) -> &str {
    ["1d", "2d", "3d"].iter().find_map(|rank| kind.strip_suffix(rank)).unwrap_or(kind)
}

/// The last part, the last two, ..
fn ends(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('.').map(|(at, _)| &path[at + 1..]).chain([path])
}

fn is_number(part: &str) -> bool {
    part.chars().all(|letter| letter.is_ascii_digit())
}

/// The last part of a path, numbers left out: `features` of `features.0`.
pub(super) fn last_word(path: &str) -> &str {
    path.rsplit('.').find(|part| !is_number(part)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_are_clear() {
        let paths = ["layer1.0.conv1", "layer2.0.conv1", "fc", "mlp.0", "mlp.3", "a.ln", "1.0", "0.conv2.a"];
        let short = Shortened::of(paths.into_iter());
        let names = paths.map(|path| short.name(path, "conv2d"));
        let expected = ["layer1_0_conv1", "layer2_0_conv1", "fc", "mlp_0", "mlp_3", "ln", "conv_1_0", "a"];
        assert_eq!(names, expected);
        let short = Shortened::of(["0.conv1", "1.conv1"].into_iter());
        assert_eq!(short.name("1.conv1", "conv2d"), "conv1_1");
    }

    #[test]
    fn words_of_the_language_are_no_names() {
        assert_eq!(["input", "0.x", "a-b", "", "while"].map(identifier), ["input_", "_0_x", "a_b", "__", "while_"]);
        assert_eq!(["Conv_1", "a..b", "0.x", "a--_"].map(field), ["conv_1", "a_b", "_0_x", "a_"]);
        let mut names = Names::default();
        assert_eq!(["block_", "block_", "block_2"].map(|name| names.unique(name)), ["block_", "block_2", "block_2_2"]);
        assert_eq!(camel("encoder_layer"), "EncoderLayer");
        assert_eq!((last_word("features.0.1"), last_word("3")), ("features", ""));
    }
}
