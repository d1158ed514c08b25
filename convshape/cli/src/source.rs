//! The chains of a source file, and the positions of their tokens.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use convshape_front::Inspection;
use proc_macro2::{Span, TokenStream, TokenTree};

use crate::report::Unusable;

/// Macros whose arguments are code for later: a chain in them may contain placeholders.
const TEMPLATES: [&str; 5] = ["macro_rules", "quote", "quote_spanned", "parse_quote", "stringify"];

/// A source file and its chains.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) chains: Vec<Chain>,
}

/// The front end's result for one `conv_chain!`.
pub(crate) struct Chain {
    pub(crate) tokens: TokenStream,
    pub(crate) inspection: Inspection,
    /// The bytes of the whole macro call's brackets.
    pub(crate) range: Range<usize>,
}

/// A range of bytes of a text, and its replacement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Source {
    /// Reads a file and checks its chains.
    pub(crate) fn open(path: &Path) -> Result<Source, Unusable> {
        let text = fs::read_to_string(path).map_err(|error| Unusable::new(path, error))?;
        Source::read(path, text)
    }

    /// Checks the chains of a text; `path` locates the files that they name.
    pub(crate) fn read(path: &Path, text: String) -> Result<Source, Unusable> {
        // Byte by byte, so that positions stay those of the text.
        let readable = text.replacen('\u{feff}', "   ", usize::from(text.starts_with('\u{feff}')));
        let shebang = readable.starts_with("#!") && !readable.starts_with("#![");
        let first_line = if shebang { readable.find('\n').unwrap_or(readable.len()) } else { 0 };
        let readable = " ".repeat(first_line) + &readable[first_line..];
        let tokens: TokenStream = readable.parse().map_err(|error: proc_macro2::LexError| {
            let range = error.span().byte_range();
            let at = Place::of(&text, range.clone());
            let why = single_quotes(text.get(range.start..).unwrap_or_default());
            Unusable::new(path, format!("line {}, column {}: this is not Rust{why}", at.line, at.column))
        })?;
        let folder = crate_folder(path);
        let mut found = Vec::new();
        chains(tokens, &mut found);
        let chains = found.into_iter().map(|(tokens, range)| Chain {
            inspection: convshape_front::inspect(tokens.clone(), &folder),
            tokens,
            range,
        });
        Ok(Source { path: path.to_owned(), chains: chains.collect(), text })
    }

    /// The bytes of a span in a chain; those of the chain's name if the span has no position.
    pub(crate) fn range(&self, chain: &Chain, span: Span) -> Range<usize> {
        let range = span.byte_range();
        if !range.is_empty() {
            return range;
        }
        chain.inspection.name.as_ref().map_or(chain.range.clone(), |name| name.span().byte_range())
    }
}

/// What to write for a text between Python's single quotes.
fn single_quotes(text: &str) -> String {
    let word = text.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map(|(word, _)| word);
    match word.filter(|word| !word.contains('\n')) {
        Some(word) => format!(": write `{word:?}`, in double quotes"),
        None => String::new(),
    }
}

/// A range of a text as editors show it.
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: usize,
    /// In characters from 1.
    pub(crate) column: usize,
    pub(crate) end_line: usize,
    /// The one after the last character.
    pub(crate) end_column: usize,
}

impl Place {
    pub(crate) fn of(text: &str, range: Range<usize>) -> Place {
        let position = |byte: usize| {
            let before = &text[..byte.min(text.len())];
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
        };
        let ((line, column), (end_line, end_column)) = (position(range.start), position(range.end));
        Place { line, column, end_line, end_column }
    }
}

/// The arguments of every `conv_chain!`, at any depth.
fn chains(tokens: TokenStream, found: &mut Vec<(TokenStream, Range<usize>)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        match called(&tokens[..at]).as_deref() {
            Some("conv_chain") => found.push((group.stream(), group.span().byte_range())),
            Some(name) if TEMPLATES.contains(&name) => {}
            _ => chains(group.stream(), found),
        }
    }
}

/// The macro that the following tokens belong to: `name!`, or `macro_rules! name`.
fn called(before: &[TokenTree]) -> Option<String> {
    let is_bang = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '!');
    match before {
        [.., TokenTree::Ident(name), bang] | [.., TokenTree::Ident(name), bang, TokenTree::Ident(_)]
            if is_bang(bang) =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}

/// The folder of the Cargo.toml that a file belongs to, or else the file's own folder.
pub(crate) fn crate_folder(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders = || path.ancestors().skip(1);
    let with_manifest = folders().find(|folder| folder.join("Cargo.toml").is_file());
    with_manifest.or_else(|| folders().next()).unwrap_or(Path::new("")).to_owned()
}
