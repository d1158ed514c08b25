//! Correct chains with one edit that a person might make by mistake: outside and inside of blocks, repeats and
//! symbolic chains, in every dialect. What is refused gets one error whose first fix a tool can apply, and what messages
//! print is true. `SLIPS=1 cargo test -p convshape-tests --test slips -- --nocapture` prints what fails, `SEED=7` draws
//! other edits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use convshape_tests::chains;
use convshape_tests::judge::{self, Judgement};
use convshape_tests::slips::{SLIPS, Text};
use convshape_tests::truth::equations;
use proc_macro2::TokenStream;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How many edits of each kind are tried.
const EACH: usize = 30;

/// Of a hundred refused chains, how many must get exactly one error, and how many a first help that repairs them.
const SINGLE: usize = 96;
const REPAIRED: usize = 85;

/// The time limit for checking a chain with all its fixes, on a busy machine.
const LONGEST: Duration = Duration::from_secs(8);

/// Longer chains take long in a debug build.
const MOST_BYTES: usize = 3_000;

/// The chains in some files: those of the documentation, and the ui-tests that pass.
fn written() -> Vec<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["convshape/book/src", "convshape/src/docs", "ui-tests/pass"];
    let files = folders.into_iter().flat_map(|folder| {
        let entries = fs::read_dir(workspace.join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
        entries.flatten().map(|entry| entry.path()).collect::<Vec<PathBuf>>()
    });
    let texts = files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).expect("a text"));
    texts.flat_map(|text| in_text(&text)).collect()
}

/// The chains in a text, whose lines may be documentation comments.
fn in_text(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches("//!").trim_start_matches("///"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (start, _) in text.match_indices("conv_chain! {") {
        let mut depth = 0_usize;
        let end = text[start..].char_indices().find(|(_, letter)| {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && *letter == '}'
        });
        found.extend(end.map(|(end, _)| text[start..=start + end].to_owned()));
    }
    found
}

/// Correct chains of every kind.
fn right_chains() -> Vec<String> {
    let models = chains::torch_models().into_iter().chain(chains::positives()).map(|case| case.source);
    let mended = chains::bugs().into_iter().filter_map(|case| case.fixed);
    let layers = chains::shapes().into_iter().map(|case| case.source);
    let field = chains::field().into_iter().map(|case| case.source);
    let mut all: Vec<String> = models.chain(mended).chain(layers).chain(field).chain(written()).collect();
    all.retain(|source| {
        // In a file of Rust, a comment within the chain is no documentation.
        let tokens = source.parse::<TokenStream>().is_ok();
        tokens
            && source.len() <= MOST_BYTES
            && !source.contains('$')
            && !judge::needs_rustc(source)
            && judge::errors(source).is_empty()
    });
    all
}

/// The equations in the messages that do not hold.
fn false_equations(judged: &Judgement) -> Vec<String> {
    let lines = judged.errors.iter().flat_map(|error| std::iter::once(&error.message).chain(&error.lines));
    let all = lines.flat_map(|line| line.lines()).flat_map(equations);
    all.filter(|equation| !equation.holds()).map(|equation| equation.text).collect()
}

#[test]
fn one_slip_gets_one_error_with_a_fix() {
    let chains = right_chains();
    assert!(chains.len() > 400, "{} chains", chains.len());
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(5);
    let shown = std::env::var("SLIPS").is_ok();
    let mut random = StdRng::seed_from_u64(seed);
    let mut draw = |most: usize| random.random_range(0..most);
    let (mut refused, mut single, mut repaired) = (0, 0, 0);
    for (name, slip) in SLIPS {
        let (mut of_kind, mut tries) = ([0; 3], 0);
        while tries < EACH {
            let Some(source) = slip(&Text::new(&chains[draw(chains.len())]), &mut draw) else { continue };
            tries += 1;
            let start = Instant::now();
            let judged = judge::judge(&source);
            assert!(start.elapsed() < LONGEST, "{:?}: {source}", start.elapsed());
            let wrong = false_equations(&judged);
            assert!(wrong.is_empty(), "{wrong:?} in\n{source}");
            if judged.accepted() {
                continue;
            }
            let good = [true, judged.errors.len() == 1, judged.first_repairs()];
            of_kind.iter_mut().zip(good).for_each(|(count, good)| *count += usize::from(good));
            if shown && good.contains(&false) {
                let errors: Vec<String> = judged.errors.iter().map(judge::rendered).collect();
                eprintln!("==== {name}\n{source}\n{}", errors.join("\n"));
            }
        }
        let [of, one, fixed] = of_kind;
        eprintln!("{name:<34} refused {of:>3} of {tries}, one error {one:>3}, the first help repairs {fixed:>3}");
        refused += of;
        single += one;
        repaired += fixed;
    }
    eprintln!("one error: {single}, the first help repairs: {repaired}, of {refused}");
    assert!(single * 100 >= refused * SINGLE, "one error in {single} of {refused}");
    assert!(repaired * 100 >= refused * REPAIRED, "the first help repairs {repaired} of {refused}");
}
