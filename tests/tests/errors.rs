//! The codes, their pages in `convshape::errors` and the ui-tests belong together, and what they show is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use convshape_arith::code;
use convshape_tests::compile::{Scratch, Verdict};
use convshape_tests::fix;

/// The files that some pages name.
const FILES: [&str; 2] = ["src/docs/errors/examples.safetensors", "src/docs/errors/examples.npz"];

/// The codes of warnings that appear when a chain is trained. Their pages have two chains that compile, and no ui-test
/// shows them.
const AT_RUN_TIME: [&str; 1] = [code::LAST_LAYER.id];

/// A page: the code, the failing chain and the fixed one.
struct Page {
    code: String,
    examples: Vec<Example>,
}

struct Example {
    fails: bool,
    source: String,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files under a folder, with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The pages, read from the documentation of the constants.
fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for path in files(&workspace().join("convshape/src/docs/errors"), "rs") {
        let mut examples: Vec<Example> = Vec::new();
        let mut open = false;
        for line in read(&path).lines() {
            if let Some(declared) = line.strip_prefix("pub const ") {
                let code = declared.split(':').next().unwrap_or_default().to_owned();
                pages.push(Page { code, examples: std::mem::take(&mut examples) });
                continue;
            }
            let Some(doc) = line.strip_prefix("///") else { continue };
            let doc = doc.strip_prefix(' ').unwrap_or(doc);
            match doc.strip_prefix("```") {
                Some(_) if open => open = false,
                Some("text") => {}
                Some(kind) => {
                    open = true;
                    examples.push(Example { fails: kind == "compile_fail", source: String::new() });
                }
                None => {
                    if let Some(example) = examples.last_mut().filter(|_| open) {
                        example.source += doc;
                        example.source.push('\n');
                    }
                }
            }
        }
    }
    pages
}

fn ui_tests() -> PathBuf {
    workspace().join("ui-tests/fail")
}

/// The codes that begin a message of some ui-test.
fn codes_of_ui_tests() -> BTreeSet<String> {
    let messages: String = files(&ui_tests(), "stderr").iter().map(|path| read(path)).collect();
    let codes = messages.split('[').filter_map(|rest| rest.split_once(']'));
    codes.map(|(code, _)| code.to_owned()).filter(|code| is_code(code)).collect()
}

fn is_code(word: &str) -> bool {
    word.strip_prefix("CS").is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn codes_pages_and_ui_tests_are_the_same() {
    let codes: BTreeSet<String> = code::ALL.iter().map(|code| code.id.to_owned()).collect();
    let pages: BTreeSet<String> = pages().into_iter().map(|page| page.code).collect();
    assert_eq!(pages, codes, "left: pages, right: codes");
    let compiled: BTreeSet<String> = codes.into_iter().filter(|code| !AT_RUN_TIME.contains(&code.as_str())).collect();
    assert_eq!(codes_of_ui_tests(), compiled, "left: ui-tests, right: codes");
}

#[test]
fn pages_show_what_they_say() {
    let pages = pages();
    let examples: Vec<(&str, &Example)> =
        pages.iter().flat_map(|page| page.examples.iter().map(|example| (page.code.as_str(), example))).collect();
    for page in &pages {
        let kinds: Vec<bool> = page.examples.iter().map(|example| example.fails).collect();
        let fails = !AT_RUN_TIME.contains(&page.code.as_str());
        assert_eq!(kinds, [fails, false], "{}: an example that fails, then one that does not", page.code);
    }
    let name = "errors-pages";
    for file in FILES {
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).join(file);
        fs::create_dir_all(copy.with_file_name("")).expect("a folder");
        fs::copy(workspace().join("convshape").join(file), &copy).expect("a file");
    }
    let scratch = Scratch::new(env!("CARGO_TARGET_TMPDIR"), name);
    let verdicts = scratch.check(examples.iter().map(|(_, example)| &example.source));
    let wrong: Vec<String> = examples
        .into_iter()
        .zip(&verdicts)
        .filter(
            |((code, example), verdict)| {
                if example.fails { codes(verdict) != [*code] } else { !verdict.accepted() }
            },
        )
        .map(|((code, example), verdict)| format!("{code}:\n{}{}", example.source, rendered(verdict)))
        .collect();
    assert!(wrong.is_empty(), "{} examples:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The codes of the errors; for a denied warning, rustc's own text comes first.
fn codes(verdict: &Verdict) -> Vec<&str> {
    let code = |text| str::split_once(text, '[').and_then(|(_, rest)| rest.split_once(']')).map(|(code, _)| code);
    verdict.errors.iter().map(|error| code(&error.text).unwrap_or("no code")).collect()
}

fn rendered(verdict: &Verdict) -> String {
    verdict.errors.iter().map(|error| format!("\n{}", error.rendered)).collect()
}

#[test]
fn every_ui_test_is_short_and_has_its_message() {
    let sources = files(&ui_tests(), "rs");
    for path in &sources {
        let lines = read(path).lines().count();
        assert!(lines <= 15, "{} has {lines} lines", path.display());
    }
    let messages: Vec<PathBuf> = sources.iter().map(|path| path.with_extension("stderr")).collect();
    let found = files(&ui_tests(), "stderr");
    let apart: Vec<&PathBuf> = messages
        .iter()
        .filter(|path| !found.contains(path))
        .chain(found.iter().filter(|path| !messages.contains(path)))
        .collect();
    assert!(apart.is_empty(), "a source without its message, or a message without its source: {apart:#?}");
}

/// The first help of each message that a tool can apply, with the first line of the message.
fn fixes(messages: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut title = String::new();
    for line in messages.lines() {
        if line.starts_with("error") || line.starts_with("warning") {
            title = line.split_once('[').map_or(line, |(_, rest)| rest).to_owned();
        } else if let Some(help) = line.trim_start().strip_prefix("help: in `")
            && found.last().is_none_or(|(last, _)| *last != title)
        {
            found.push((title.clone(), format!("in `{help}")));
        }
    }
    found
}

#[test]
fn fixes_of_ui_tests_make_their_error_go_away() {
    let mut cases: Vec<(PathBuf, String, String)> = Vec::new();
    let mut fixed = Vec::new();
    for path in files(&ui_tests(), "rs") {
        let source = read(&path).replace("#![deny(deprecated)]", "").replace("fn main() {}", "");
        for (title, help) in fixes(&read(&path.with_extension("stderr"))) {
            let applied = fix::apply(&source, &help);
            fixed.push(applied.unwrap_or_else(|| panic!("{}: not applied: {help}", path.display())));
            cases.push((path.clone(), title, help));
        }
    }
    let verdicts = Scratch::new(env!("CARGO_TARGET_TMPDIR"), "errors-fixes").check(&fixed);
    let mut mistakes: BTreeMap<&Path, usize> = BTreeMap::new();
    for (path, ..) in &cases {
        let errors = read(&path.with_extension("stderr")).lines().filter(|line| line.starts_with("error")).count();
        mistakes.insert(path, errors);
    }
    let failures: Vec<String> = cases
        .iter()
        .zip(&verdicts)
        .filter(|((path, title, _), verdict)| {
            let again = verdict.errors.iter().any(|error| error.text.contains(title.as_str()));
            again || !verdict.accepted() && mistakes[path.as_path()] == 1
        })
        .map(|((path, _, help), verdict)| format!("{}: {help}{}", path.display(), rendered(verdict)))
        .collect();
    assert!(failures.is_empty(), "{} of {} fixes:\n{}", failures.len(), cases.len(), failures.join("\n\n"));
}
