//! A tokenizer for the text of a chain; it only has to keep words, brackets and separators apart.

use std::ops::Range;

/// A token's text and its position.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Range<usize>,
}

impl Token<'_> {
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// All tokens of the source, without comments.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(first) = source[start..].chars().next() {
        let rest = &source[start..];
        let length = match first {
            c if c.is_whitespace() => c.len_utf8(),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => string_length(rest),
            c if c.is_alphanumeric() || c == '_' => word_length(rest),
            '-' if rest.starts_with("->") => 2,
            ':' if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        let text = &rest[..length];
        if !first.is_whitespace() && !text.starts_with("//") && !text.starts_with("/*") {
            found.push(Token { text, span: start..start + length });
        }
        start += length;
    }
    found
}

/// The length of the string literal that `text` starts with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the word or number that `text` starts with; `0.5` is one number, `0..5` are two.
fn word_length(text: &str) -> usize {
    let end = |t: &str| t.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(t.len());
    let whole = end(text);
    let fraction = text[whole..].strip_prefix('.').filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
    match fraction {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => whole + 1 + end(digits),
        _ => whole,
    }
}

/// The index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

/// The parts of a comma-separated list; the part after a trailing comma is left out.
pub(crate) fn split_commas<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (i, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                parts.push(&tokens[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_numbers_and_arrows() {
        let expected = ["Conv2d", "(", "_", "->", "16", ",", "p", ":", "0.5", ",", "c", ":", "0", ".", ".", "5", ")"];
        assert_eq!(texts("Conv2d(_ -> 16, p: 0.5, c: 0..5)"), expected);
    }

    #[test]
    fn comments_are_left_out_and_strings_are_whole() {
        assert_eq!(texts("a // b: c;\n/* d */ \"e; \\\" f\" g::h"), ["a", "\"e; \\\" f\"", "g", "::", "h"]);
    }

    #[test]
    fn brackets_close() {
        let found = tokens("a(b[1], (2)) c");
        assert_eq!(closing(&found, 1), Some(10));
        assert_eq!(split_commas(&found[2..10]).len(), 2);
    }
}
