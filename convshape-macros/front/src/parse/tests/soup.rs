//! Arbitrary tokens: the parser ends and never panics.

use super::{parse, read};

const WORDS: &[&str] = &[
    "input",
    "output",
    ":",
    ";",
    ",",
    "->",
    "=",
    "..",
    "..=",
    "::",
    ".",
    "<",
    ">",
    "#",
    "-",
    "+",
    "*",
    "/",
    "_",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "1",
    "0.5",
    "\"same\"",
    "99999999999999999999",
    "3px",
    "Conv2d",
    "Relu",
    "Concat",
    "enc1",
    "undo",
    "from",
    "restores",
    "repeat",
    "in",
    "block",
    "for",
    "dialect",
    "keras",
    "weights",
    "lossy",
    "struct",
    "pub",
    "self",
    "nn",
    "True",
    "None",
    "kernel",
    "name",
    "doc",
    "'a",
    "'c'",
    "?",
    "!",
    "$",
    "activation",
    "LeakyRelu",
];

/// Words in a random order, with matching brackets.
fn soup(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
    let mut open = Vec::new();
    let mut text = String::new();
    for _ in 0..length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(state >> 33).unwrap_or(0) % WORDS.len();
        let word = match WORDS[pick] {
            bracket @ ("(" | "[" | "{") => {
                open.push(match bracket {
                    "(" => ")",
                    "[" => "]",
                    _ => "}",
                });
                bracket
            }
            ")" | "]" | "}" => open.pop().unwrap_or(";"),
            word => word,
        };
        text.push_str(word);
        text.push(' ');
    }
    open.into_iter().rev().for_each(|close| text.push_str(close));
    text
}

#[test]
fn random_tokens() {
    for seed in 0..1_000 {
        let text = soup(seed, 60);
        read(&text);
        read(&format!("struct M {{ {text} }}"));
        read(&format!("struct M {{ input: [1]; a: Conv2d({text}); b: {text}; output: [1]; }}"));
    }
}

/// A chain with any one token missing, doubled or replaced.
#[test]
fn one_token_off() {
    let source = "struct M { dialect : torch ; for h in 1 .. ; block B ( c ) { Relu ; } input : [ 1 , h ] ; \
                  a : Conv1d ( 1 -> 2 , kernel : 3 , activation : LeakyRelu ( 0.2 ) ) from input -> [ 2 , _ ] restores a ; \
                  r : repeat 2 { Add ( input ) ; } output : [ 2 , h ] ; }";
    let words: Vec<&str> = source.split_whitespace().collect();
    for at in 0..words.len() {
        for other in ["", ";", ":", "x", "7", "->", "( 1 )", "{ }"] {
            for keep in [false, true] {
                let mut changed = words.clone();
                if keep {
                    changed.insert(at, other);
                } else {
                    changed[at] = other;
                }
                // If brackets do not match, rustc itself rejects the text.
                if let Ok(tokens) = changed.join(" ").parse() {
                    parse(tokens);
                }
            }
        }
    }
}
