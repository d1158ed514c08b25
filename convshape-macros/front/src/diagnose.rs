//! Puts faults into words; messages are worded nowhere else. A report is one mistake. The sink collects reports and
//! turns them into compile errors, each on the token that must change.

mod data;
mod fields;
mod names;
mod shapes;
mod sizes;
mod weights;

use std::collections::{HashMap, HashSet};

use convshape_arith::code::{self, Code};
use convshape_arith::op::Dialect;
use convshape_arith::text::Text;
use proc_macro2::{Ident, LineColumn, Span, TokenStream};
use quote::{quote, quote_spanned};

pub(crate) use data::{brief, data, named};
pub(crate) use fields::*;
pub(crate) use names::*;
pub(crate) use shapes::describe;
pub(crate) use sizes::*;
pub(crate) use weights::{unreadable, weights};

use crate::fault::{self, SyntaxFault};
use crate::graph::NodeId;
use crate::words::Dialects;

/// One mistake.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// `None` if another report covers it.
    code: Option<&'static str>,
    span: Span,
    message: String,
    /// The formula, then notes, then helps.
    lines: Vec<String>,
    /// The word of another framework that caused it.
    foreign: Option<ForeignWord>,
    /// Whether an equal message elsewhere is the same mistake, as with a misspelt word.
    once: Option<String>,
    /// The field that a layer lacks, and whether it is its leading value.
    needed: Option<(String, bool)>,
    /// What may be written as the leading part here, with `None` for a number to be found.
    leading: Vec<Vec<Option<String>>>,
    /// Whether one of its helps is a likely edit, in a form that a tool can apply.
    has_edit: bool,
    /// Whether the word here is spelled as it should be.
    is_spelled: bool,
}

/// A word from other dialects.
#[derive(Clone, Debug)]
pub(crate) struct ForeignWord {
    word: String,
    dialects: Dialects,
    /// Its counterpart in the chain's dialect, if there is one.
    here: Option<String>,
}

impl Report {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Report {
        let message = message.into();
        Report { code: Some(code.id), span, message, ..Report::silent() }
    }

    /// A message with its lines, worded where const evaluation can word it too.
    fn of_text(code: Code, span: Span, text: &Text) -> Report {
        let mut lines = text.as_str().lines();
        let report = Report::new(code, span, lines.next().unwrap_or_default());
        lines.fold(report, Report::line)
    }

    /// A mistake that was already reported: nothing is shown, but the statement counts as unreadable.
    pub(crate) fn silent() -> Report {
        Report {
            code: None,
            span: Span::call_site(),
            message: String::new(),
            lines: Vec::new(),
            foreign: None,
            once: None,
            needed: None,
            leading: Vec::new(),
            has_edit: false,
            is_spelled: false,
        }
    }

    /// Records that the word here is spelled as it should be.
    pub(crate) fn spelled(self) -> Report {
        Report { is_spelled: true, ..self }
    }

    pub(crate) fn is_spelled(&self) -> bool {
        self.is_spelled
    }

    /// Records the missing field, and whether it is the value that a layer begins with.
    pub(crate) fn of_needed(mut self, field: impl Into<String>, leads: bool) -> Report {
        self.needed = Some((field.into(), leads));
        self
    }

    pub(crate) fn needed(&self) -> Option<(&str, bool)> {
        self.needed.as_ref().map(|(field, leads)| (field.as_str(), *leads))
    }

    /// Records what may be written as the leading part here.
    pub(crate) fn of_leading(self, leading: Vec<Vec<Option<String>>>) -> Report {
        Report { leading, ..self }
    }

    pub(crate) fn leading(&self) -> &[Vec<Option<String>>] {
        &self.leading
    }

    /// The dialects that have the word that caused it.
    pub(crate) fn dialects(&self) -> Option<Dialects> {
        self.foreign.as_ref().map(|foreign| foreign.dialects)
    }

    pub(crate) fn code(&self) -> Option<&'static str> {
        self.code
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    fn helps(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| line.strip_prefix("help: "))
    }

    /// Whether it has a likely help that a tool can apply.
    pub(crate) fn has_edit(&self) -> bool {
        self.has_edit
    }

    /// The word that is suggested in place of the one here, and the help that suggests it.
    pub(crate) fn word_meant(&self) -> Option<(&str, &str)> {
        self.helps().find_map(|help| Some((meant(help)?, help)))
    }

    pub(crate) fn line(mut self, text: impl Into<String>) -> Report {
        self.lines.push(text.into());
        self
    }

    pub(crate) fn note(self, text: impl std::fmt::Display) -> Report {
        self.line(format!("note: {text}"))
    }

    /// Leaves out the lines that an earlier message has, and records the others.
    pub(crate) fn without(mut self, said: &mut HashSet<String>) -> Report {
        self.lines.retain(|line| said.insert(line.clone()));
        self
    }

    /// Adds a note before the helps.
    pub(crate) fn note_first(mut self, text: impl std::fmt::Display) -> Report {
        let helps = self.lines.iter().position(|line| line.starts_with("help: ")).unwrap_or(self.lines.len());
        self.lines.insert(helps, format!("note: {text}"));
        self
    }

    /// Adds a `help:` line, unless it is already there.
    pub(crate) fn help(self, text: impl std::fmt::Display) -> Report {
        let line = format!("help: {text}");
        if self.lines.contains(&line) { self } else { self.line(line) }
    }

    /// Adds a likely `help:` line that a tool can apply.
    pub(crate) fn edit(self, text: impl std::fmt::Display) -> Report {
        Report { has_edit: true, ..self.help(text) }
    }

    fn help_unless(self, not: bool, text: impl std::fmt::Display) -> Report {
        if not { self } else { self.help(text) }
    }

    fn without_helps(mut self) -> Report {
        self.lines.retain(|line| !line.starts_with("help: "));
        self.has_edit = false;
        self
    }

    /// ``did you mean `stride`?``
    pub(crate) fn meant(self, nearest: Option<String>) -> Report {
        match nearest {
            Some(nearest) => self.help(format_args!("did you mean `{nearest}`?")),
            None => self,
        }
    }

    pub(crate) fn at(mut self, span: Span) -> Report {
        self.span = span;
        self
    }

    /// An equal message elsewhere is the same mistake.
    pub(crate) fn once(self) -> Report {
        let message = self.message.clone();
        self.once_as(message)
    }

    /// Reports with one key are the same mistake.
    pub(crate) fn once_as(mut self, key: String) -> Report {
        self.once = Some(key);
        self
    }

    /// Records that the cause is a word from other dialects.
    pub(crate) fn of_foreign_word(mut self, word: &str, dialects: Dialects, here: Option<String>) -> Report {
        self.foreign = Some(ForeignWord { word: word.to_owned(), dialects, here });
        self
    }

    fn text(&self, code: &str) -> String {
        let mut text = format!("[{code}] {}", self.message);
        for line in &self.lines {
            text.push('\n');
            text.push_str(line);
        }
        text
    }
}

impl From<&SyntaxFault> for Report {
    fn from(fault: &SyntaxFault) -> Report {
        let report =
            Report { code: Some(fault.code()), span: fault.span(), message: fault.message(), ..Report::silent() };
        fault.helps().into_iter().fold(report, Report::help)
    }
}

/// The reports of syntax errors. All lines kept from Python are one mistake.
pub(crate) fn syntax(faults: &[SyntaxFault]) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    let mut python: Option<usize> = None;
    for fault in faults {
        match python.filter(|_| fault.is_python()) {
            Some(at) => reports[at] = kept_lines(reports[at].clone(), fault),
            None => {
                python = python.or(fault.is_python().then_some(reports.len()));
                reports.push(Report::from(fault));
            }
        }
    }
    reports
}

/// A report that also says how the lines of a fault must be written.
pub(crate) fn kept_lines(report: Report, fault: &SyntaxFault) -> Report {
    fault.helps_by_line().into_iter().fold(report.note_first(fault.note()), Report::help)
}

/// The severity of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The chain does not compile.
    Error,
    /// The chain compiles; rustc shows a warning.
    Warning,
}

/// The word that a help suggests in place of the one that its finding points at, as in ``did you mean `stride`?`` and
/// ``here it is `stride` ``. `None` for a help of another form.
pub fn meant(help: &str) -> Option<&str> {
    let meant = help.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"));
    let word = meant.or_else(|| help.strip_prefix("here it is `")?.strip_suffix('`'))?;
    (!word.contains('`')).then_some(word)
}

/// One mistake in a chain, as the compiler shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Whether it is an error and not a warning.
    pub level: Level,
    /// Its code, such as `CS0201`.
    pub code: &'static str,
    /// The token that must change.
    pub span: Span,
    /// What is wrong, in one line without the code.
    pub message: String,
    /// The formula with its numbers, then lines that begin with `note: ` and `help: `.
    pub lines: Vec<String>,
}

/// Collects reports.
#[derive(Default)]
pub(crate) struct Sink {
    errors: Vec<Report>,
    warnings: Vec<Report>,
    /// Layers read as their own help suggests; the reading is confirmed later.
    guesses: Vec<(NodeId, Report)>,
    /// While muted, it collects nothing.
    muted: bool,
    /// The place and the text of each error that was added.
    added: HashSet<(LineColumn, LineColumn, String)>,
}

impl Sink {
    /// Adds an error, unless it was added before: a statement of a block or a repeat is read for each use and turn.
    pub(crate) fn push(&mut self, report: Report) {
        if self.muted {
            return;
        }
        let text = report.code.map(|code| report.text(code));
        if text.is_none_or(|text| self.added.insert((report.span.start(), report.span.end(), text))) {
            self.errors.push(report);
        }
    }

    /// The report about a layer that was read as its help suggests.
    pub(crate) fn guess(&mut self, node: NodeId, report: Report) {
        if !self.muted {
            self.guesses.push((node, report));
        }
    }

    /// The layers read as their help suggests.
    pub(crate) fn guessed(&self) -> Vec<NodeId> {
        self.guesses.iter().map(|(node, _)| *node).collect()
    }

    /// Reports these layers, with helps only for those in `right`.
    pub(crate) fn settle_guesses(&mut self, right: bool) {
        let reports = std::mem::take(&mut self.guesses).into_iter();
        self.errors.extend(reports.map(|(_, report)| if right { report } else { report.without_helps() }));
    }

    pub(crate) fn warn(&mut self, report: Report) {
        if !self.muted {
            self.warnings.push(report);
        }
    }

    /// The words of other dialects, and where they are known.
    pub(crate) fn foreign_words(&self) -> Vec<(Ident, Dialects)> {
        let foreign = |report: &Report| {
            let ForeignWord { word, dialects, .. } = report.foreign.clone()?;
            Some((Ident::new(&word, report.span), dialects))
        };
        self.errors.iter().filter_map(foreign).collect()
    }

    /// Several words of one other framework are one mistake: the chain does not name its dialect.
    pub(crate) fn merge_foreign_words(&mut self, dialect: Dialect) {
        let foreign = |report: &Report| report.foreign.clone();
        let words: Vec<ForeignWord> = self.errors.iter().filter_map(foreign).collect();
        let Some(first) = words.first().filter(|_| words.len() > 1) else { return };
        let all_have = |dialect: &&Dialect| words.iter().all(|word| word.dialects.contains(*dialect));
        let Some(meant) = first.dialects.iter().find(all_have) else { return };
        let at = self.errors.iter().position(|report| report.foreign.is_some()).unwrap_or(0);
        let span = self.errors[at].span;
        self.errors.retain(|report| report.foreign.is_none());
        self.errors.insert(at, words_elsewhere(&words, *meant, dialect, span));
    }

    /// Merges mistakes of the same kind into one report that lists the other lines.
    pub(crate) fn merge_repeated(&mut self) {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut lines: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut helps: HashMap<usize, Vec<String>> = HashMap::new();
        let mut kept: Vec<Report> = Vec::new();
        let mut seen: HashSet<(String, LineColumn)> = HashSet::new();
        for report in std::mem::take(&mut self.errors) {
            // Another pass of a repeat, or another use of a block.
            if report.code.is_some() && !seen.insert((report.message.clone(), report.span.start())) {
                continue;
            }
            match report.once.as_ref().and_then(|key| first.get(key)) {
                Some(at) => {
                    let (line, others) = (report.span.start().line, lines.entry(*at).or_default());
                    if line != kept[*at].span.start().line && others.last() != Some(&line) {
                        others.push(line);
                    }
                    let other_help = report.lines.iter().find(|help| !kept[*at].lines.contains(help));
                    if let Some(help) = other_help.and_then(|line| line.strip_prefix("help: ")) {
                        helps.entry(*at).or_default().push(format!("on line {line}, {help}"));
                    }
                }
                None => {
                    if let Some(key) = &report.once {
                        first.insert(key.clone(), kept.len());
                    }
                    kept.push(report);
                }
            }
        }
        for (at, lines) in lines.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            let report = std::mem::replace(&mut kept[at], Report::silent());
            let help = report.lines.len();
            kept[at] = report.note(format_args!("the same on {}", fault::line_numbers(&lines)));
            // Helps come last.
            kept[at].lines.swap(0, help);
            let others = helps.remove(&at).unwrap_or_default();
            kept[at].lines.extend(others.into_iter().map(|help| format!("help: {help}")));
        }
        self.errors = kept;
    }

    /// A line in another language with an unknown layer is one mistake: the line is rewritten anyway.
    pub(crate) fn merge_lines(&mut self) {
        let line = |report: &Report| report.span.start().line;
        let unknown = self.errors.iter().filter(|report| report.code == Some(code::UNKNOWN_LAYER.id)).map(line);
        let unknown: Vec<usize> = unknown.collect();
        self.errors.retain(|report| {
            let rewritten = report.code == Some(code::PYTHON.id) && report.lines.len() == 1;
            !(rewritten && unknown.contains(&line(report)))
        });
    }

    /// Mutes the sink or turns it on again. Returns whether it was muted before.
    pub(crate) fn mute(&mut self, muted: bool) -> bool {
        std::mem::replace(&mut self.muted, muted)
    }

    /// Whether its errors are no more than these.
    pub(crate) fn has_only(&self, reports: usize) -> bool {
        self.errors.len() == reports && self.guesses.is_empty()
    }

    /// Reports this instead of all other errors.
    pub(crate) fn replace(&mut self, report: Report) {
        self.errors = vec![report];
    }

    /// The errors.
    pub(crate) fn reports(&self) -> Vec<Report> {
        self.errors.iter().filter(|report| report.code.is_some()).cloned().collect()
    }

    /// Reports only the first error, with this help: what it says leaves no error. `at` is the token that it changes.
    pub(crate) fn keep_first(&mut self, help: &str, at: Option<Span>) {
        self.errors = self.reports().into_iter().take(1).collect();
        for first in &mut self.errors {
            // What only looks so is not the cause.
            first.lines.retain(|line| !line.starts_with("help: ") && !line.contains(" look "));
            first.lines.push(format!("help: {help}"));
            first.span = at.unwrap_or(first.span);
        }
    }

    /// Puts an edit before the helps of the first error.
    pub(crate) fn edit_first(&mut self, help: &str) {
        if let Some(first) = self.errors.iter_mut().find(|report| report.code.is_some()) {
            let helps = first.lines.iter().position(|line| line.starts_with("help: ")).unwrap_or(first.lines.len());
            first.lines.insert(helps, format!("help: {help}"));
            first.has_edit = true;
        }
    }

    /// Whether there are errors.
    pub(crate) fn refused(&self) -> bool {
        self.errors.iter().any(|report| report.code.is_some())
    }

    /// The findings as data.
    pub(crate) fn into_findings(self) -> Vec<Finding> {
        let findings = |level, reports: Vec<Report>| {
            reports.into_iter().filter_map(move |report| {
                let Report { code, span, message, lines, .. } = report;
                Some(Finding { level, code: code?, span, message, lines })
            })
        };
        findings(Level::Error, self.errors).chain(findings(Level::Warning, self.warnings)).collect()
    }

    /// The reports as code: `compile_error!` for errors, and uses of deprecated constants for warnings, which is the
    /// only way to warn from a macro on stable Rust.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let errors = self.errors.iter().filter_map(|report| {
            let text = report.text(report.code?);
            // Both the path and the text need the span, or rustc shows the whole macro call.
            Some(syn::Error::new(report.span, text).into_compile_error())
        });
        let warnings = self.warnings.iter().filter_map(|report| {
            let text = report.text(report.code?);
            let use_it = quote_spanned!(report.span=> let _ = CONVSHAPE;);
            Some(quote! {
                const _: () = {
                    #[deprecated(note = #text)]
                    const CONVSHAPE: &str = "";
                    #use_it
                };
            })
        });
        quote!(#(#errors)* #(#warnings)*)
    }
}
