//! `check`: the findings about chains, for people and for tools.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use convshape_front::Finding;
use serde::Serialize;

use crate::Outcome;
use crate::edit;
use crate::source::{Chain, Place, Source};

/// Prints the findings as rustc would, then what only const evaluation can check.
pub(crate) fn print(out: &mut impl Write, files: &[PathBuf]) -> Outcome {
    let mut count = Count::default();
    for file in files {
        let source = Source::open(file)?;
        for chain in &source.chains {
            count.chains += 1;
            for finding in &chain.inspection.findings {
                count.add(finding);
                writeln!(out, "{}\n", rendered(&source, chain, finding))?;
            }
            for open in &chain.inspection.deferred {
                count.deferred += 1;
                let at = Place::of(&source.text, source.range(chain, open.span));
                let place = format!("{}:{}:{}", source.path.display(), at.line, at.column);
                writeln!(out, "{place}: `{}` is checked by const evaluation: {}", open.name, open.reason)?;
            }
        }
    }
    writeln!(out, "{}", count.line())?;
    Ok(count.errors == 0)
}

/// Prints the findings as one JSON document.
pub(crate) fn print_json(out: &mut impl Write, files: &[PathBuf]) -> Outcome {
    let mut document = Document::default();
    let mut errors = 0;
    for file in files {
        let source = Source::open(file)?;
        for chain in &source.chains {
            errors += chain.inspection.findings.iter().filter(|finding| is_error(finding)).count();
            document.add(&source, chain);
        }
    }
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(errors == 0)
}

pub(crate) fn is_error(finding: &Finding) -> bool {
    finding.level == convshape_front::Level::Error
}

/// A finding as rustc shows it.
fn rendered(source: &Source, chain: &Chain, finding: &Finding) -> String {
    let level = if is_error(finding) { Level::ERROR } else { Level::WARNING };
    let text = text(finding);
    let path = source.path.display().to_string();
    let range = source.range(chain, finding.span);
    let snippet = Snippet::source(&source.text).path(&path).annotation(AnnotationKind::Primary.span(range));
    Renderer::plain().render(&[level.primary_title(&text).element(snippet)])
}

/// The whole message, as the compiler has it.
fn text(finding: &Finding) -> String {
    let title = format!("[{}] {}", finding.code, finding.message);
    std::iter::once(&title).chain(&finding.lines).map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The findings.
#[derive(Default)]
struct Count {
    chains: usize,
    errors: usize,
    warnings: usize,
    deferred: usize,
}

impl Count {
    fn add(&mut self, finding: &Finding) {
        match is_error(finding) {
            true => self.errors += 1,
            false => self.warnings += 1,
        }
    }

    /// `2 chains: 1 error, 0 warnings`
    fn line(&self) -> String {
        let number = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let (chains, errors, warnings) =
            (number(self.chains, "chain"), number(self.errors, "error"), number(self.warnings, "warning"));
        match self.deferred {
            0 => format!("{chains}: {errors}, {warnings}"),
            count => format!("{chains}: {errors}, {warnings}; {count} left to const evaluation (`cargo check`)"),
        }
    }
}

#[derive(Default, Serialize)]
struct Document {
    /// The findings, by file and chain in order.
    findings: Vec<JsonFinding>,
    /// What only `cargo check` can find.
    const_evaluation: Vec<JsonDeferred>,
}

#[derive(Serialize)]
struct JsonFinding {
    file: String,
    chain: Option<String>,
    /// `error` or `warning`.
    level: &'static str,
    code: &'static str,
    /// The first line, without the code.
    message: String,
    /// The formula, `note: ` and `help: ` lines.
    lines: Vec<String>,
    /// The whole message, as the compiler prints it.
    text: String,
    span: JsonSpan,
    /// The fixes that a tool can apply, the most likely first.
    fixes: Vec<JsonFix>,
}

#[derive(Serialize)]
struct JsonFix {
    help: String,
    edits: Vec<JsonEdit>,
}

/// The text of a span is replaced.
#[derive(Serialize)]
struct JsonEdit {
    span: JsonSpan,
    text: String,
}

#[derive(Serialize)]
struct JsonDeferred {
    file: String,
    chain: Option<String>,
    /// The layer or output.
    name: String,
    reason: String,
    span: JsonSpan,
}

/// Lines and columns count from 1, columns in characters; `end_column` is the one after the last. Bytes count from 0.
#[derive(Serialize)]
struct JsonSpan {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    byte_start: usize,
    byte_end: usize,
}

impl Document {
    fn add(&mut self, source: &Source, chain: &Chain) {
        let file = source.path.display().to_string();
        let name = chain.inspection.name.as_ref().map(ToString::to_string);
        let span = |range: Range<usize>| JsonSpan::of(&source.text, range);
        for finding in &chain.inspection.findings {
            let fixes = edit::fixes(chain, finding).into_iter().map(|fix| JsonFix {
                help: fix.help,
                edits: fix.edits.into_iter().map(|edit| JsonEdit { span: span(edit.range), text: edit.text }).collect(),
            });
            self.findings.push(JsonFinding {
                file: file.clone(),
                chain: name.clone(),
                level: if is_error(finding) { "error" } else { "warning" },
                code: finding.code,
                message: finding.message.clone(),
                lines: finding.lines.clone(),
                text: text(finding),
                span: span(source.range(chain, finding.span)),
                fixes: fixes.collect(),
            });
        }
        self.const_evaluation.extend(chain.inspection.deferred.iter().map(|open| JsonDeferred {
            file: file.clone(),
            chain: name.clone(),
            name: open.name.clone(),
            reason: open.reason.clone(),
            span: span(source.range(chain, open.span)),
        }));
    }
}

impl JsonSpan {
    fn of(text: &str, range: Range<usize>) -> JsonSpan {
        let Place { line, column, end_line, end_column } = Place::of(text, range.clone());
        JsonSpan { line, column, end_line, end_column, byte_start: range.start, byte_end: range.end }
    }
}
