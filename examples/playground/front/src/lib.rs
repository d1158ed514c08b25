//! The macro's front end as a WebAssembly module: takes the text of a chain, returns findings, fixes and layers as
//! JSON; takes lines of Python, returns a chain.
//!
//! The page reserves memory for its text with [`reserve`], writes it, calls [`inspect`] or [`port`], and reads
//! [`result_length`] bytes at [`result`].

// Text is read and fixes are applied by the code of the command `cargo convshape`.
#[path = "../../../../convshape/cli/src/edit.rs"]
#[allow(dead_code)]
mod edit;
#[path = "../../../../convshape/cli/src/help.rs"]
#[allow(dead_code)]
mod help;
#[path = "../../../../convshape/cli/src/lines.rs"]
mod lines;
#[path = "../../../../convshape/cli/src/report.rs"]
#[allow(dead_code)]
mod report;
#[path = "../../../../convshape/cli/src/source.rs"]
#[allow(dead_code)]
mod source;

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use convshape_front::Finding;
use serde::Serialize;

use crate::source::{Chain, Source};

/// The result for a text.
#[derive(Default, Serialize)]
struct Inspected {
    /// Why the text cannot be read at all.
    unusable: Option<String>,
    chains: Vec<Inspection>,
}

#[derive(Serialize)]
struct Inspection {
    name: String,
    findings: Vec<Found>,
    rows: Vec<Row>,
    /// What is left to const evaluation.
    deferred: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    is_error: bool,
    code: &'static str,
    message: String,
    lines: Vec<String>,
    /// As the compiler shows it.
    text: String,
    place: Place,
    fixes: Vec<Fix>,
}

#[derive(Serialize)]
struct Fix {
    help: String,
    /// The whole text after the fix.
    text: String,
}

/// A row of the table: a layer, input or output.
#[derive(Serialize)]
struct Row {
    name: String,
    op: String,
    input: Option<String>,
    output: Option<String>,
    parameters: Option<u64>,
    macs: Option<u64>,
    place: Place,
}

/// A part of the text in JavaScript's units: UTF-16 code units from 0.
#[derive(Serialize)]
struct Place {
    start: usize,
    end: usize,
}

impl Place {
    fn of(text: &str, range: Range<usize>) -> Place {
        let units = |byte: usize| text[..byte.min(text.len())].encode_utf16().count();
        Place { start: units(range.start), end: units(range.end) }
    }
}

fn inspected(text: &str) -> Inspected {
    // Otherwise every text would be kept for its spans.
    proc_macro2::extra::invalidate_current_thread_spans();
    match Source::read(Path::new("chain.rs"), text.to_owned()) {
        Ok(source) => {
            let chains = source.chains.iter().map(|chain| inspection(&source, chain)).collect();
            Inspected { unusable: None, chains }
        }
        Err(unusable) => Inspected { unusable: Some(unusable.to_string()), chains: Vec::new() },
    }
}

fn inspection(source: &Source, chain: &Chain) -> Inspection {
    let inspection = &chain.inspection;
    let place = |span| Place::of(&source.text, source.range(chain, span));
    let port = |op: &str, port: &convshape_front::InspectedPort| Row {
        name: port.name.clone(),
        op: op.to_owned(),
        input: None,
        output: Some(port.shape.to_string()),
        parameters: Some(0),
        macs: Some(0),
        place: place(port.span),
    };
    let inputs = inspection.inputs.iter().map(|input| port("input", input));
    let layers = inspection.layers.iter().map(|layer| Row {
        name: layer.name.clone(),
        op: layer.op.clone(),
        input: layer.input.map(|shape| shape.to_string()),
        output: layer.output.map(|shape| shape.to_string()),
        parameters: layer.costs.map(|(parameters, _)| parameters),
        macs: layer.costs.map(|(_, macs)| macs),
        place: place(layer.span),
    });
    let findings = inspection.findings.iter().map(|finding| Found {
        is_error: is_error(finding),
        code: finding.code,
        message: finding.message.clone(),
        lines: finding.lines.clone(),
        text: rendered(source, chain, finding),
        place: place(finding.span),
        fixes: edit::fixes(chain, finding)
            .into_iter()
            .map(|fix| Fix { text: edit::apply(&source.text, &fix.edits), help: fix.help })
            .collect(),
    });
    Inspection {
        name: inspection.name.as_ref().map_or_else(String::new, ToString::to_string),
        findings: findings.collect(),
        rows: inputs.chain(layers).collect(),
        deferred: inspection.deferred.iter().map(|open| format!("{}: {}", open.name, open.reason)).collect(),
    }
}

/// A chain from lines of Python, or what cannot be read.
#[derive(Serialize)]
struct Ported {
    source: Option<String>,
    notes: Vec<String>,
    faults: Vec<Fault>,
}

/// A line that cannot be read.
#[derive(Serialize)]
struct Fault {
    line: usize,
    reason: String,
}

fn ported(text: &str) -> Ported {
    proc_macro2::extra::invalidate_current_thread_spans();
    match convshape_front::port(text, "Net") {
        Ok(ported) => Ported { source: Some(ported.source), notes: ported.notes, faults: Vec::new() },
        Err(faults) => Ported {
            source: None,
            notes: Vec::new(),
            faults: faults.into_iter().map(|fault| Fault { line: fault.line, reason: fault.reason }).collect(),
        },
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.level == convshape_front::Level::Error
}

/// A finding as rustc shows it.
fn rendered(source: &Source, chain: &Chain, finding: &Finding) -> String {
    let level = if is_error(finding) { Level::ERROR } else { Level::WARNING };
    let title = format!("[{}] {}", finding.code, finding.message);
    let text = std::iter::once(&title).chain(&finding.lines).map(String::as_str).collect::<Vec<_>>().join("\n");
    let range = source.range(chain, finding.span);
    let snippet = Snippet::source(&source.text).path("chain.rs").annotation(AnnotationKind::Primary.span(range));
    Renderer::plain().render(&[level.primary_title(&text).element(snippet)])
}

thread_local! {
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static RESULT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Memory for a text of this many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(length: usize) -> *mut u8 {
    TEXT.with_borrow_mut(|text| {
        text.resize(length, 0);
        text.as_mut_ptr()
    })
}

/// Answers for the text, which is UTF-8.
fn answer<T: Serialize>(about: impl FnOnce(&str) -> T) {
    let answer = TEXT.with_borrow(|text| about(&String::from_utf8_lossy(text)));
    let json = serde_json::to_string(&answer).expect("names and numbers");
    RESULT.with_borrow_mut(|result| *result = json);
}

/// Checks the chains of the text.
#[unsafe(no_mangle)]
pub extern "C" fn inspect() {
    answer(inspected);
}

/// Makes a chain of the text, which is Python.
#[unsafe(no_mangle)]
pub extern "C" fn port() {
    answer(ported);
}

/// The address of the JSON for the last text.
#[unsafe(no_mangle)]
pub extern "C" fn result() -> *const u8 {
    RESULT.with_borrow(|result| result.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn result_length() -> usize {
    RESULT.with_borrow(String::len)
}
