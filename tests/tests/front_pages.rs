//! The messages shown in the README, the book and the library's first page are the actual ones.

use std::fs;
use std::path::Path;

use convshape_tests::compile::Scratch;

/// A chain that fails, and the messages shown below it.
struct Shown {
    source: String,
    messages: Vec<String>,
}

/// The failing examples of a text that are followed by the compiler's answer.
fn examples(text: &str) -> Vec<Shown> {
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(kind) => {
                open = true;
                blocks.push((kind, Vec::new()));
            }
            None if open => blocks.last_mut().expect("a block").1.push(line),
            None => {}
        }
    }
    let pairs = blocks.windows(2).filter(|pair| pair[0].0.contains("compile_fail") && pair[1].0 == "text");
    // The scratch crate has it in scope already.
    let source = |lines: &[&str]| lines.join("\n").replace("use convshape::conv_chain;", "");
    pairs.map(|pair| Shown { source: source(&pair[0].1), messages: messages(pair[1].1.iter().copied()) }).collect()
}

/// Each message without rustc's excerpt of the line, which begins with `-->`.
fn messages<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines {
        if line.starts_with("error") {
            open = true;
            messages.push(String::new());
        } else if line.trim_start().starts_with("-->") {
            open = false;
        }
        if let Some(message) = messages.last_mut().filter(|_| open) {
            *message += line.trim_end();
            message.push('\n');
        }
    }
    messages
}

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).expect("a page")
}

/// The chapters in the book's table of contents.
fn chapters() -> Vec<String> {
    let summary = read("convshape/book/src/SUMMARY.md");
    summary
        .lines()
        .filter_map(|line| line.split_once("]("))
        .map(|(_, rest)| rest.trim_end_matches(')').into())
        .collect()
}

#[test]
fn the_readme_is_short() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 200, "{lines} lines");
}

/// A chapter with code is among the pages whose snippets the library's doctests run.
#[test]
fn each_chapter_is_tested() {
    let library = read("convshape/src/lib.rs");
    let chapters = chapters();
    assert!(chapters.len() >= 9, "{chapters:?}");
    for chapter in chapters {
        let has_code = read(&format!("convshape/book/src/{chapter}")).contains("```rust");
        let tested = library.contains(&format!("include_str!(\"../book/src/{chapter}\")"));
        assert_eq!(has_code, tested, "{chapter}");
    }
}

/// Each example is in the table of the chapter "Getting started".
#[test]
fn each_example_is_listed() {
    let table = read("convshape/book/src/start.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files = fs::read_dir(folder).expect("the examples").map(|entry| entry.expect("an entry").path());
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(table.contains(&format!("| `{name}` |")), "{name} is not in the table of examples");
    }
}

/// The lines of the book for other workspaces are those that are compiled there, between two comments.
#[test]
fn lines_for_other_workspaces_are_compiled_there() {
    let page = read("convshape/book/src/running.md");
    for file in ["convshape/burn/tests/all/page.rs", "convshape/mpi/tests/page.rs"] {
        let source = read(file);
        let (_, lines) = source.split_once("    // from here\n").expect("a first line");
        let (lines, _) = lines.split_once("    // to here\n").expect("a last line");
        let lines: String =
            lines.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
        assert!(page.contains(&lines), "{file}: {lines}");
    }
}

#[test]
fn messages_are_those_of_today() {
    let docs: String = read("convshape/src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let book = chapters().into_iter().map(|chapter| read(&format!("convshape/book/src/{chapter}")));
    let pages = [read("README.md"), docs].into_iter().chain(book);
    let shown: Vec<Shown> = pages.flat_map(|page| examples(&page)).collect();
    assert!(shown.len() >= 4, "{} examples", shown.len());
    let scratch = Scratch::new(env!("CARGO_TARGET_TMPDIR"), "front-pages");
    for (shown, verdict) in shown.iter().zip(scratch.check(shown.iter().map(|shown| &shown.source))) {
        let found: Vec<String> = verdict.errors.iter().flat_map(|error| messages(error.rendered.lines())).collect();
        assert_eq!(found, shown.messages, "{}", shown.source);
    }
}
