//! Chains as text, each with the expected verdict.

use serde::Deserialize;
use serde_json::Value;

use crate::data;

/// A `conv_chain!` item as text.
#[derive(Clone, Debug, Deserialize)]
pub struct ChainCase {
    /// Its origin: a bug report, a published model, a line of the golden shapes.
    pub id: String,
    /// The text, one `conv_chain! { .. }` item.
    pub source: String,
    /// Whether it must compile.
    pub expect: Expect,
    /// For bugs: what went wrong, such as `roundtrip` or `flatten_linear`.
    pub kind: Option<String>,
    /// The correct output `[C, spatial...]`, if it is known.
    pub output: Option<Vec<i64>>,
    /// For bugs: the repaired chain, which compiles.
    pub fixed: Option<String>,
    /// For shapes: the golden record that it comes from.
    pub record: Option<Value>,
}

/// Whether a chain must compile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// It is correct.
    Accept,
    /// It is wrong.
    Reject,
}

impl ChainCase {
    /// The dialect of its header; torch without one.
    #[must_use]
    pub fn dialect(&self) -> &str {
        let header = self.source.lines().find_map(|line| line.trim().strip_prefix("dialect: "));
        header.map_or("torch", |word| word.trim_end_matches(';'))
    }
}

/// The seven PyTorch models; [`crate::models`] has them as items.
#[must_use]
pub fn torch_models() -> Vec<ChainCase> {
    data::json_lines("chains/models.jsonl.gz")
}

/// Chains from bug reports. Some are correct: the framework, a converter or the user was wrong.
#[must_use]
pub fn bugs() -> Vec<ChainCase> {
    data::json_lines("chains/bugs.jsonl.gz")
}

/// Published models, all correct.
#[must_use]
pub fn positives() -> Vec<ChainCase> {
    data::json_lines("chains/positives.jsonl.gz")
}

/// A sample of the golden shapes: one layer each, every operation of every framework, right and wrong ones.
#[must_use]
pub fn shapes() -> Vec<ChainCase> {
    data::json_lines("chains/shapes.jsonl.gz")
}

/// A chain from a public thread, as its author wrote it or as a reader ported it.
#[derive(Clone, Debug, Deserialize)]
pub struct FieldCase {
    /// The thread, and which of its variants.
    pub id: String,
    /// The text. If it does not begin with `conv_chain!`, it says what was done with a weight file.
    pub source: String,
    /// `accept` or `reject`; anything else is not settled.
    pub expected: String,
    /// The correct answer, in words.
    pub right_fix: String,
}

/// Cases whose recorded verdict contradicts their framework: PyTorch runs the first, ONNX Runtime 1.31 rejects the
/// negative pads of the second.
const UNSETTLED: [&str; 2] = ["audiodec-36", "tract-991"];

impl FieldCase {
    /// Whether it must compile, if that is settled and the case is a chain.
    #[must_use]
    pub fn expect(&self) -> Option<Expect> {
        let is_chain = self.source.trim_start().starts_with("conv_chain!");
        if !is_chain || UNSETTLED.contains(&self.id.as_str()) {
            return None;
        }
        match self.expected.split_whitespace().next() {
            Some("accept") => Some(Expect::Accept),
            Some("reject" | "reject?") => Some(Expect::Reject),
            _ => None,
        }
    }
}

/// A program of the SFData set as a chain, with the patch that its author accepted.
#[derive(Clone, Debug, Deserialize)]
pub struct SfDataCase {
    /// The question's number.
    pub id: String,
    /// The model reading the data it was given; `None` if the language cannot express it.
    pub chain: Option<String>,
    /// The model with the input that the program declares, if the data has a different shape.
    pub chain_declared: Option<String>,
    /// The model giving the shape of the labels.
    pub chain_label: Option<String>,
    /// The program after the patch.
    pub fixed: Option<String>,
    /// The patch in words.
    pub first_patch: String,
    /// What was wrong: `model`, `features`, `labels`, or one `call` with a different array.
    pub flaw: String,
    /// The shape of the array that the program used.
    pub fed: Vec<usize>,
    /// The shape of its labels.
    pub target: Option<Vec<usize>>,
    /// The loss it was trained with.
    pub loss: Option<String>,
}

/// Chains from public threads.
#[must_use]
pub fn field() -> Vec<FieldCase> {
    data::json_lines("bugs/field.jsonl.gz")
}

/// An error that a wrong chain gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// Its code.
    pub code: String,
    /// The first suggestion, without `help: `.
    pub help: String,
}

/// A wrong chain as people write it, with the suggestions that fix it.
#[derive(Clone, Debug)]
pub struct EverydayCase {
    /// What it is: `unet-concat-channels`.
    pub id: String,
    /// The text, one `conv_chain! { .. }` item.
    pub source: String,
    /// One error for each mistake.
    pub wrong: Vec<Expected>,
}

/// A chain from a public thread, as its author would port it.
#[derive(Clone, Debug)]
pub struct ThreadCase {
    /// The project and number: `vaal-21`.
    pub id: String,
    /// The thread.
    pub url: String,
    /// The text, one `conv_chain! { .. }` item.
    pub source: String,
    /// One error for each mistake; none if it is right.
    pub wrong: Vec<Expected>,
}

/// Wrong chains as people write them.
///
/// # Panics
/// If the file is not made of cases.
#[must_use]
pub fn everyday() -> Vec<EverydayCase> {
    let text = data::text("bugs/everyday.txt");
    let cases = text.split("### ").skip(1).map(|case| {
        let (title, rest) = case.split_once('\n').expect("a title");
        let (id, codes) = title.split_once(' ').expect("an id and codes");
        let (source, wrong) = source_and_errors(id, codes, rest);
        EverydayCase { id: id.to_owned(), source, wrong }
    });
    cases.collect()
}

/// Chains from public threads that no other corpus has.
///
/// # Panics
/// If the file is not made of cases.
#[must_use]
pub fn threads() -> Vec<ThreadCase> {
    let text = data::text("bugs/threads.txt");
    let cases = text.split("### ").skip(1).map(|case| {
        let (title, rest) = case.split_once('\n').expect("a title");
        let (url, rest) = rest.split_once('\n').expect("a thread");
        let (id, codes) = title.split_once(' ').expect("an id and a verdict");
        let (source, wrong) = source_and_errors(id, if codes == "right" { "" } else { codes }, rest);
        ThreadCase { id: id.to_owned(), url: url.to_owned(), source, wrong }
    });
    cases.collect()
}

/// The text of a case: statements, then a line `=> help` for each code.
fn source_and_errors(id: &str, codes: &str, text: &str) -> (String, Vec<Expected>) {
    let mut parts = text.split("\n=> ");
    let body = parts.next().unwrap_or_default();
    let helps: Vec<&str> = parts.map(str::trim).collect();
    let codes: Vec<&str> = codes.split_whitespace().collect();
    assert_eq!(codes.len(), helps.len(), "{id}");
    let expected = |(code, help): (&str, &str)| Expected { code: code.to_owned(), help: help.to_owned() };
    (format!("conv_chain! {{ struct M {{\n{body}\n}} }}"), codes.into_iter().zip(helps).map(expected).collect())
}

/// Programs of the SFData set.
#[must_use]
pub fn sfdata() -> Vec<SfDataCase> {
    data::json_lines("bugs/sfdata.jsonl.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        assert_eq!(torch_models().len(), 7);
        assert_eq!(positives().len(), 32);
        assert_eq!(shapes().len(), 442);
        assert_eq!(field().len(), 76);
        assert_eq!(sfdata().len(), 22);
        assert!(everyday().len() > 200);
        assert!(threads().iter().all(|case| case.url.starts_with("http")));
        let bugs = bugs();
        assert_eq!(bugs.iter().filter(|c| c.expect == Expect::Reject).count(), 77);
        assert!(bugs.iter().all(|c| c.fixed.is_some() == (c.expect == Expect::Reject)));
    }

    #[test]
    fn dialects_are_read_from_the_header() {
        let dialects: std::collections::BTreeSet<String> = shapes().iter().map(|c| c.dialect().to_owned()).collect();
        assert_eq!(dialects.into_iter().collect::<Vec<_>>(), ["flax", "jax", "keras", "onnx", "torch"]);
    }
}
