//! The cost of the search for fixes: the front end's time for a chain with a mistake, minus that for the same chain
//! without it, in this process. `cargo bench -p convshape-tests --bench fixes`; lengths may be given after `--`.
//!
//! The search has a budget that grows with the chain, so the last column, time per layer, must not grow much from row
//! to row. Debug builds of the macro, which most users have, take about ten times as long.
#![expect(clippy::print_stdout, reason = "prints a table")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use convshape_tests::judge;

/// How many runs are timed. The fastest counts.
const RUNS: usize = 3;

/// A mistake, as a change of a chain's lines.
type Mistake = (&'static str, fn(&mut Vec<String>));

const MISTAKES: [Mistake; 6] = [
    ("a wrong kernel", |lines| replace(lines, "kernel: 3, padding: 1", "kernel: 5, padding: 1")),
    ("a wrong number of channels", |lines| replace(lines, "Conv2d(16 -> 16", "Conv2d(24 -> 16")),
    ("a hole that nothing fills", |lines| replace(lines, "kernel: 3, padding: 1", "kernel: 2, padding: _")),
    ("a name misspelt in a sum", |lines| replace(lines, "Add(c", "Add(d")),
    ("every layer misspelt", |lines| {
        for (number, line) in lines.iter_mut().enumerate() {
            *line = line.replace("Conv2d(", &format!("Covn{number}d("));
        }
    }),
    ("no output padding anywhere", |lines| {
        for line in lines {
            *line = line.replace(", output_padding: 1", "");
        }
    }),
];

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let lengths = if given.is_empty() { vec![100, 1_000, 2_000] } else { given };
    for (name, spoil) in MISTAKES {
        println!("{name}\nlayers   right        beyond       per layer");
        for length in &lengths {
            let right = lines(*length);
            let mut wrong = right.clone();
            spoil(&mut wrong);
            assert!(wrong != right, "{name}: nothing is wrong");
            let (of_right, none) = fastest(&chain(&right));
            assert_eq!(none, 0, "the chain without a mistake has one");
            let (of_wrong, errors) = fastest(&chain(&wrong));
            assert!(errors > 0, "{name}: the mistake is not found");
            let beyond = of_wrong.saturating_sub(of_right);
            let layers = u32::try_from(*length).unwrap_or(u32::MAX);
            println!("{length:>6}   {of_right:<10.2?}   {beyond:<10.2?}   {:.2?}", beyond / layers.max(1));
        }
        println!();
    }
}

/// The statements of a network with sums and levels down and up.
fn lines(length: usize) -> Vec<String> {
    let statement = |layer: usize| match layer % 6 {
        0 => format!("c{layer}: Conv2d(16 -> 16, kernel: 3, padding: 1);"),
        1 => "BatchNorm(16);".to_owned(),
        2 => "Relu;".to_owned(),
        3 => format!("Add(c{}, _);", layer - 3),
        4 => format!("d{layer}: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1);"),
        _ => format!("u{layer}: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1);"),
    };
    // It ends where it began.
    (0..length.div_ceil(6) * 6).map(statement).collect()
}

fn chain(lines: &[String]) -> String {
    let mut text = "conv_chain! { struct Long {\ninput: [16, 64, 64];\n".to_owned();
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text + "output: [16, 64, 64];\n} }\n"
}

/// Replaces the text in the line, nearest to the middle, that contains it.
fn replace(lines: &mut [String], from: &str, to: &str) {
    let middle = lines.len() / 2;
    let found = (0..lines.len()).filter(|at| lines[*at].contains(from)).min_by_key(|at| at.abs_diff(middle));
    if let Some(at) = found {
        lines[at] = lines[at].replace(from, to);
    }
}

/// The time for a chain, and its number of errors.
fn fastest(source: &str) -> (Duration, usize) {
    let run = || {
        let start = Instant::now();
        let errors = judge::errors(source).len();
        (start.elapsed(), errors)
    };
    (0..RUNS).map(|_| run()).min().unwrap_or_default()
}
