//! Compiles chains given as text.
//!
//! They all become modules of one crate, so that one `cargo check` judges hundreds. Errors of macros hide later ones
//! (types, borrows, constants), so sources without errors are checked again by themselves until nothing new appears: an
//! accepted source has passed every stage of the compiler.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// What the compiler said about one source.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The errors in the order of their lines; none if it compiles.
    pub errors: Vec<Message>,
    /// The warnings.
    pub warnings: Vec<Message>,
}

impl Verdict {
    /// Whether it compiles.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.errors.is_empty()
    }
}

/// An error or a warning.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Message {
    /// The line of its token, counted from 1.
    pub line: usize,
    /// Column of the token, from 1.
    pub column: usize,
    /// The message itself, without rustc's frame.
    pub text: String,
    /// The message as a user sees it.
    pub rendered: String,
}

impl Message {
    /// The code in brackets at its start: `CS0201`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        let text = self.text.strip_prefix("evaluation panicked: ").unwrap_or(&self.text);
        text.strip_prefix('[')?.split_once(']').map(|(code, _)| code)
    }

    /// What follows `help: ` in each line that starts so.
    pub fn helps(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter_map(|line| line.trim_start().strip_prefix("help: "))
    }
}

/// A scratch crate that depends on convshape.
pub struct Scratch {
    crate_dir: PathBuf,
    target_dir: PathBuf,
}

impl Scratch {
    /// A crate `name` under `tmp`, which is `env!("CARGO_TARGET_TMPDIR")` in a test. Its build results are reused.
    /// They are where trybuild has its own: the macro is compiled once for both.
    #[must_use]
    pub fn new(tmp: impl AsRef<Path>, name: &str) -> Self {
        let tmp = tmp.as_ref();
        Self { crate_dir: tmp.join(name), target_dir: tmp.join("../tests/trybuild") }
    }

    /// The verdict on each source, in the same order. A source is the text of one or more items; `conv_chain!` is in
    /// scope.
    ///
    /// # Panics
    /// If cargo cannot be run, or something other than the sources does not compile.
    pub fn check<S: AsRef<str>>(&self, sources: impl IntoIterator<Item = S>) -> Vec<Verdict> {
        let sources: Vec<S> = sources.into_iter().collect();
        let mut verdicts = vec![Verdict::default(); sources.len()];
        let mut remaining: Vec<usize> = (0..sources.len()).collect();
        while !remaining.is_empty() {
            let round: Vec<(usize, &str)> = remaining.iter().map(|&i| (i, sources[i].as_ref())).collect();
            self.write(&round).unwrap_or_else(|e| panic!("{}: {e}", self.crate_dir.display()));
            let found = self.cargo_check();
            remaining.retain(|i| found.get(i).is_none_or(Verdict::accepted));
            let clean = found.values().all(Verdict::accepted);
            for (i, verdict) in found {
                verdicts[i] = verdict;
            }
            if clean {
                break;
            }
        }
        verdicts
    }

    fn write(&self, sources: &[(usize, &str)]) -> io::Result<()> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let src = self.crate_dir.join("src");
        fs::create_dir_all(&src)?;
        fs::copy(workspace.join("Cargo.lock"), self.crate_dir.join("Cargo.lock"))?;
        let convshape = workspace.join("convshape").canonicalize()?;
        // A workspace of its own, so that cargo does not look for one above it, and a name of its own, because tests
        // that run at the same time share the target directory.
        let name = self.crate_dir.file_name().and_then(|name| name.to_str()).unwrap_or("scratch");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             convshape = {{ path = {convshape:?} }}\n"
        );
        write_if_changed(&self.crate_dir.join("Cargo.toml"), &manifest)?;
        let modules: String = sources.iter().map(|(i, _)| format!("pub mod {};\n", module(*i))).collect();
        write_if_changed(&src.join("lib.rs"), &modules)?;
        for (i, source) in sources {
            // On the first line, so that line numbers are those of the source.
            write_if_changed(&src.join(module(*i)).with_extension("rs"), &format!("{PRELUDE}{source}"))?;
        }
        Ok(())
    }

    /// The verdicts on the sources that the compiler complains about.
    fn cargo_check(&self) -> BTreeMap<usize, Verdict> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["check", "--quiet", "--offline", "--message-format=json"])
            .current_dir(&self.crate_dir)
            .env("CARGO_TARGET_DIR", &self.target_dir)
            .output()
            .unwrap_or_else(|e| panic!("cargo: {e}"));
        let mut verdicts: BTreeMap<usize, Verdict> = BTreeMap::new();
        let mut elsewhere = String::new();
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let report: Report = serde_json::from_slice(line).expect("a line of cargo's JSON");
            let Some(diagnostic) = report.message else { continue };
            let Some((source, message)) = diagnostic.locate() else {
                elsewhere += diagnostic.rendered.as_deref().unwrap_or_default();
                continue;
            };
            let verdict = verdicts.entry(source).or_default();
            match diagnostic.level.as_str() {
                "warning" => verdict.warnings.push(message),
                // Other places where a wrong constant was used.
                "note" => {}
                _ => verdict.errors.push(message),
            }
        }
        let refused = verdicts.values().any(|verdict| !verdict.accepted());
        if !output.status.success() && !refused {
            panic!("the scratch crate does not compile:\n{elsewhere}{}", String::from_utf8_lossy(&output.stderr));
        }
        for verdict in verdicts.values_mut() {
            verdict.errors.sort();
            verdict.warnings.sort();
        }
        verdicts
    }
}

/// Comes before a source, on its first line.
const PRELUDE: &str = "#[allow(unused_imports)] use convshape::conv_chain; ";

/// The module of a source.
fn module(index: usize) -> String {
    format!("case_{index}")
}

/// Cargo goes by modification time, so an unchanged file is not touched.
fn write_if_changed(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) { Ok(()) } else { fs::write(path, text) }
}

#[derive(Deserialize)]
struct Report {
    #[serde(default, deserialize_with = "diagnostic_or_nothing")]
    message: Option<Diagnostic>,
}

/// Other kinds of reports have no `message`, or a different one.
fn diagnostic_or_nothing<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Diagnostic>, D::Error> {
    let value = serde_json::Value::deserialize(input)?;
    Ok(Diagnostic::deserialize(value).ok())
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    column_start: usize,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

impl Diagnostic {
    /// The source that the diagnostic is about, and the message.
    fn locate(&self) -> Option<(usize, Message)> {
        let primary = self.spans.iter().filter(|span| span.is_primary).chain(&self.spans);
        let (source, span) = primary.into_iter().find_map(Span::in_source)?;
        let shift = if span.line_start == 1 { PRELUDE.len() } else { 0 };
        let message = Message {
            line: span.line_start,
            column: span.column_start.saturating_sub(shift),
            text: self.message.clone(),
            rendered: self.rendered.clone().unwrap_or_default(),
        };
        Some((source, message))
    }
}

impl Span {
    /// The index of the source that contains the span. A span inside a macro counts where the macro is used.
    fn in_source(&self) -> Option<(usize, &Self)> {
        let file = Path::new(&self.file_name).file_stem()?.to_str()?;
        match file.strip_prefix("case_").and_then(|index| index.parse().ok()) {
            Some(index) => Some((index, self)),
            None => self.expansion.as_ref()?.span.in_source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_helps_are_read_from_the_text() {
        let text = "[CS0201] `a` is wrong\nheight: 1\nhelp: in `a`, set `stride: 1`\nhelp: in `a`, set `kernel: 2`";
        let message = Message { line: 1, column: 1, text: text.to_owned(), rendered: String::new() };
        assert_eq!(message.code(), Some("CS0201"));
        assert_eq!(message.helps().collect::<Vec<_>>(), ["in `a`, set `stride: 1`", "in `a`, set `kernel: 2`"]);
    }

    #[test]
    fn a_constant_that_panics_has_its_code_too() {
        let text = "evaluation panicked: [CS0102] `a` is wrong".to_owned();
        let message = Message { line: 1, column: 1, text, rendered: String::new() };
        assert_eq!(message.code(), Some("CS0102"));
    }
}
