//! The messages that the README and the library's first page show are those that one gets today.

use std::fs;
use std::path::Path;

use convshape_tests::compile::Scratch;

/// A chain that fails, and the messages shown below it.
struct Shown {
    source: String,
    messages: Vec<String>,
}

/// The examples of a text that fail to compile and have the compiler's answer below them.
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

/// Each message without rustc's picture of the line, which begins with `-->`.
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

#[test]
fn messages_are_those_of_today() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(workspace.join(path)).expect("a page");
    let docs: String = read("convshape/src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let shown: Vec<Shown> = examples(&read("README.md")).into_iter().chain(examples(&docs)).collect();
    assert!(shown.len() >= 3, "{} examples", shown.len());
    let scratch = Scratch::new(env!("CARGO_TARGET_TMPDIR"), "front-pages");
    for (shown, verdict) in shown.iter().zip(scratch.check(shown.iter().map(|shown| &shown.source))) {
        let found: Vec<String> = verdict.errors.iter().flat_map(|error| messages(error.rendered.lines())).collect();
        assert_eq!(found, shown.messages, "{}", shown.source);
    }
}
