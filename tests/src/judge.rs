//! Judges a chain given as text in this process: the front end's findings, and what is left after each suggestion.
//!
//! Much faster than [`crate::compile`], which asks rustc. It does not see what only const evaluation can (constants,
//! generics, other chains): [`needs_rustc`].

use std::str::FromStr;

use convshape_front::{Finding, Level};
use proc_macro2::{TokenStream, TokenTree};

use crate::fix;

/// The findings in a chain, and the effect of its suggestions.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The errors, as rustc would show them.
    pub errors: Vec<Finding>,
    /// Every suggestion that a tool can apply, in order.
    pub helps: Vec<Help>,
}

/// A suggestion that a tool can apply.
#[derive(Clone, Debug)]
pub struct Help {
    /// The line without `help: `.
    pub text: String,
    /// Which error it belongs to.
    pub error: usize,
    /// The chain afterwards; `None` if the suggestion could not be applied.
    pub fixed: Option<String>,
    /// The remaining errors.
    pub left: Vec<Finding>,
}

impl Judgement {
    /// Whether the chain compiles, as far as can be seen here.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether the first suggestion leaves no error.
    #[must_use]
    pub fn first_repairs(&self) -> bool {
        self.helps.first().is_some_and(Help::repairs)
    }

    /// Whether one of the suggestions leaves no error.
    #[must_use]
    pub fn repairs(&self) -> bool {
        self.helps.iter().any(Help::repairs)
    }
}

impl Help {
    /// Whether it could be applied and leaves no error.
    #[must_use]
    pub fn repairs(&self) -> bool {
        self.fixed.is_some() && self.left.is_empty()
    }
}

/// Judges every `conv_chain!` in a text.
#[must_use]
pub fn judge(source: &str) -> Judgement {
    let errors = errors(source);
    let mut helps = Vec::new();
    for (error, finding) in errors.iter().enumerate() {
        for text in finding.lines.iter().flat_map(|line| line.lines()) {
            let Some(text) = text.trim_start().strip_prefix("help: ") else { continue };
            let fixed = match fix::help::meant(text) {
                Some(word) => instead(source, finding, word),
                None if text.ends_with(fix::READ_BELOW) && text.starts_with("write") => renamed(source, finding),
                None if fix::is_edit(text) => fix::apply(source, text),
                None => continue,
            };
            let left = fixed.as_deref().map_or_else(Vec::new, self::errors);
            helps.push(Help { text: text.to_owned(), error, fixed, left });
        }
    }
    Judgement { errors, helps }
}

/// The text with another word in place of the one that a finding points at.
fn instead(source: &str, finding: &Finding, word: &str) -> Option<String> {
    let at = finding.span.byte_range();
    let mut fixed = source.to_owned();
    source.get(at.clone()).filter(|now| !now.is_empty() && !now.contains(char::is_whitespace))?;
    fixed.replace_range(at, word);
    Some(fixed)
}

/// The text with other names for the statements of a finding, the last one first: what comes before keeps its place.
fn renamed(source: &str, finding: &Finding) -> Option<String> {
    let helps: Vec<&str> = finding.lines.iter().filter_map(|line| line.strip_prefix("help: ")).collect();
    helps.iter().rev().try_fold(source.to_owned(), |source, help| {
        let Some((line, help)) = help.strip_prefix("on line ").and_then(|rest| rest.split_once(", ")) else {
            return fix::renamed(&source, finding.span.byte_range().start, help);
        };
        let before: usize = source.split_inclusive('\n').take(line.parse::<usize>().ok()? - 1).map(str::len).sum();
        let indent = source[before..].len() - source[before..].trim_start().len();
        fix::renamed(&source, before + indent, help)
    })
}

/// The findings in every `conv_chain!` of a text: errors, then warnings.
///
/// # Panics
/// If the text does not consist of Rust tokens.
#[must_use]
pub fn findings(source: &str) -> Vec<Finding> {
    let tokens = TokenStream::from_str(source).unwrap_or_else(|e| panic!("not tokens: {e}\n{source}"));
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found
}

/// The errors among them.
#[must_use]
pub fn errors(source: &str) -> Vec<Finding> {
    findings(source).into_iter().filter(|finding| finding.level == Level::Error).collect()
}

/// A finding as rustc shows it, without the lines of the source.
#[must_use]
pub fn rendered(finding: &Finding) -> String {
    let level = if finding.level == Level::Error { "error" } else { "warning" };
    let start = finding.span.start();
    let mut text = format!("{level}: [{}] {} (line {})", finding.code, finding.message, start.line);
    for line in finding.lines.iter().flat_map(|line| line.lines()) {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text
}

/// Whether a text contains more than chains of literals, so that only rustc can judge it.
#[must_use]
pub fn needs_rustc(source: &str) -> bool {
    let outside = source.trim_start().strip_prefix("conv_chain!").is_none();
    outside || source.contains("::") || source.contains("Chain(") || source.contains("const ")
}

fn collect(tokens: TokenStream, found: &mut Vec<Finding>) {
    let mut before: [Option<String>; 2] = [None, None];
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            if before.each_ref().map(Option::as_deref) == [Some("conv_chain"), Some("!")] {
                found.extend(convshape_front::findings(group.stream()));
            } else {
                collect(group.stream(), found);
            }
        }
        before = [before[1].take(), Some(token.to_string())];
    }
}
