//! Chains that are written in the words of a dialect which they do not name: one mistake, however many words it has.

use convshape_arith::op::Dialect;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::{Rewrite, changed, is_punct, is_word};
use crate::diagnose::{self, Report};
use crate::fault::SyntaxFault;
use crate::words::Dialects;

/// A text as it was read.
pub(crate) struct ReadBack {
    pub(crate) faults: Vec<SyntaxFault>,
    /// Whether all its words and names are right.
    pub(crate) named: bool,
    /// Whether it then has no error.
    pub(crate) right: bool,
}

/// A word and the dialects that have it.
pub(crate) type DialectWord = (Ident, Dialects);

/// The report for a chain with several words of one other dialect, if naming that dialect leaves no other error than
/// lines of Python. The words are in the order of the text; `settled` says that the chain is right without it, as those
/// lines are read.
pub(crate) fn spoken(
    text: &TokenStream,
    words: &[DialectWord],
    settled: bool,
    own: Dialect,
    read: &dyn Fn(TokenStream) -> ReadBack,
) -> Option<Report> {
    let [(first, first_dialects), _, ..] = words else { return None };
    let common = |dialect: &&Dialect| words.iter().all(|(_, dialects)| dialects.contains(dialect));
    let tokens: Vec<TokenTree> = text.clone().into_iter().collect();
    let named =
        || first_dialects.iter().filter(common).filter_map(|dialect| Some((*dialect, in_dialect(&tokens, *dialect)?)));
    let reads = |rewrite: &Rewrite| read(rewrite.text.iter().cloned().collect());
    let lines = |read: &ReadBack| read.faults.iter().all(|fault| fault.is_python() && !fault.is_of_forward());
    let read_so = |(dialect, rewrite): (Dialect, Rewrite)| {
        let read = reads(&rewrite);
        lines(&read).then_some((dialect, rewrite, read))
    };
    let right = |found: &(Dialect, Rewrite, ReadBack)| found.2.right;
    let last = |(dialect, rewrite): (Dialect, Rewrite)| Some((dialect, channels_last(&rewrite)?));
    let mut found = named().filter_map(read_so).find(right);
    let lines_of = |(word, _): &DialectWord| word.span().start().line;
    let in_lines = words.iter().any(|word| lines_of(word) != first.span().start().line);
    if found.is_none() && !settled && in_lines {
        // The other mistakes show once the words are right.
        let words_right = |found: &(Dialect, Rewrite, ReadBack)| found.2.named && !found.2.faults.is_empty();
        found = named().filter_map(last).filter_map(read_so).find(right);
        found = found.or_else(|| named().filter_map(read_so).find(words_right));
    }
    let (dialect, rewrite, read) = found?;
    let words: Vec<String> = words.iter().map(|(word, _)| word.to_string()).collect();
    let report = diagnose::spoken(&words, dialect, own, first.span());
    if read.faults.is_empty() {
        return Some(report.edit(rewrite.help));
    }
    // The lines belong to it.
    let report = report.help(format_args!("in the words of {}: {}", dialect.name(), rewrite.help));
    Some(read.faults.iter().fold(report, diagnose::kept_lines))
}

/// The text with the header of a dialect, if it names none.
pub(super) fn in_dialect(text: &[TokenTree], dialect: Dialect) -> Option<Rewrite> {
    let body = text.iter().rposition(|token| matches!(token, TokenTree::Group(_)))?;
    let TokenTree::Group(group) = &text[body] else { return None };
    let mut inside: Vec<TokenTree> = group.stream().into_iter().collect();
    let at = |word: &str| inside.iter().position(|token| is_word(token, word));
    if at("dialect").is_some() {
        return None;
    }
    // Headers come before blocks.
    let (place, before) = match at("block") {
        Some(block) => (block, format!("block {}", inside.get(block + 1)?)),
        None => (at("input")?, "input".to_owned()),
    };
    let header = [super::ident("dialect"), super::punct(':'), super::ident(dialect.name()), super::punct(';')];
    inside.splice(place..place, header);
    let mut text = text.to_vec();
    text[body] = TokenTree::Group(Group::new(Delimiter::Brace, inside.into_iter().collect()));
    Some(Rewrite { text, help: format!("insert `dialect: {};` before `{before}`", dialect.name()), at: None })
}

/// The text with the channels of its one input and of an image that it gives at the end.
fn channels_last(rewrite: &Rewrite) -> Option<Rewrite> {
    let body = rewrite.text.iter().rposition(|token| matches!(token, TokenTree::Group(_)))?;
    let TokenTree::Group(group) = &rewrite.text[body] else { return None };
    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut text = rewrite.text.clone();
    let mut written = Vec::new();
    for port in ["input", "output"] {
        let at = inside.windows(3).position(|three| is_word(&three[0], port) && is_punct(&three[1], ':'))? + 2;
        let TokenTree::Group(shape) = &inside[at] else { return None };
        let mut sizes: Vec<String> = shape.stream().to_string().split(',').map(|size| size.trim().to_owned()).collect();
        if shape.delimiter() != Delimiter::Bracket || port == "input" && sizes.len() < 2 {
            return None;
        }
        if sizes.len() < 2 {
            continue;
        }
        sizes.rotate_left(1);
        let shape = format!("[{}]", sizes.join(", "));
        let tokens: TokenStream = shape.parse().ok()?;
        text = changed(&text, &[body, at], &|around, at| around.splice(at..=at, tokens.clone()).for_each(drop));
        written.push(format!("`{shape}` in `{port}`"));
    }
    Some(Rewrite { text, help: format!("{}, and write {}", rewrite.help, written.join(" and ")), at: None })
}
