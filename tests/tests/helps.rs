//! Applying a `help:` line by machine gives a chain that compiles: for the ui-tests, the corpora, and correct chains
//! with one number changed. `HELPS=1 cargo test -p convshape-tests --test helps -- --nocapture` prints what fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use convshape_tests::chains::{self, Expect};
use convshape_tests::judge::{self, Judgement};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Of a hundred chains with one wrong number, how many must get exactly one error, and how many a first help that
/// repairs the chain.
const SINGLE: usize = 98;
const REPAIRED: usize = 90;

/// How many chains with one wrong number are tried.
const BROKEN: usize = 600;

/// The time limit for checking a wrong chain, including its fixes, on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

/// Helps that leave an error which the chain did not have before.
fn harmful(source: &str, judged: &Judgement) -> Vec<String> {
    let mut found = Vec::new();
    // Another spelling may uncover a mistake that could not be seen before.
    let spelling = |help: &&judge::Help| help.text.starts_with("did you mean") || help.text.starts_with("here it is");
    for help in judged.helps.iter().filter(|help| !spelling(help)) {
        let mended = &judged.errors[help.error];
        let known = |left: &convshape_front::Finding| {
            judged.errors.iter().any(|error| error.code == left.code && error.message != mended.message)
        };
        let new: Vec<String> = help.left.iter().filter(|left| !known(left)).map(judge::rendered).collect();
        if help.fixed.is_none() {
            found.push(format!("{source}\n{}\n-- {} cannot be applied", judge::rendered(mended), help.text));
        } else if !new.is_empty() {
            found.push(format!("{source}\n{}\n-- {} leaves\n{}", judge::rendered(mended), help.text, new.join("\n")));
        }
    }
    found
}

#[track_caller]
fn assert_harmless(sources: impl IntoIterator<Item = (String, String)>, least: usize) {
    let (mut helps, mut wrong) = (0, Vec::new());
    for (id, source) in sources {
        let judged = judge::judge(&source);
        helps += judged.helps.len();
        wrong.extend(harmful(&source, &judged).into_iter().map(|text| format!("{id}\n{text}")));
    }
    assert!(wrong.is_empty(), "{} of {helps} helps:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(helps >= least, "only {helps} helps");
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn helps_of_the_ui_tests_leave_no_error() {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui-tests/fail"), &mut paths);
    let sources = paths.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).expect("a ui-test")));
    assert_harmless(sources, 100);
}

#[test]
fn helps_of_the_corpora_leave_no_error() {
    let bugs = chains::bugs().into_iter().map(|case| (case.id, case.source));
    let shapes = chains::shapes().into_iter().map(|case| (case.id, case.source));
    let field = chains::field().into_iter().map(|case| (case.id, case.source));
    let sfdata = chains::sfdata().into_iter().flat_map(|case| {
        let forms = [case.chain, case.chain_declared, case.chain_label];
        forms.into_iter().flatten().map(move |form| (case.id.clone(), form))
    });
    assert_harmless(bugs.chain(shapes).chain(field).chain(sfdata), 100);
}

/// Correct chains with more than one layer.
fn right_chains() -> Vec<(String, String)> {
    let models = chains::torch_models().into_iter().chain(chains::positives()).map(|case| (case.id, case.source));
    let mended = chains::bugs().into_iter().filter_map(|case| Some((case.id, case.fixed?)));
    let field = chains::field().into_iter().filter(|case| case.expect() == Some(Expect::Accept));
    let all = models.chain(mended).chain(field.map(|case| (case.id, case.source)));
    all.filter(|(_, source)| !judge::needs_rustc(source) && judge::errors(source).is_empty()).collect()
}

/// The positions of the numbers in a chain's layers, ports and fields.
fn numbers(source: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = source.find('{').unwrap_or(0);
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    let bytes = source.as_bytes();
    while at < bytes.len() {
        let end = (at..bytes.len()).find(|end| !is_word(bytes[*end])).unwrap_or(bytes.len());
        if bytes[at].is_ascii_digit() && source[at..end].bytes().all(|byte| byte.is_ascii_digit()) {
            found.push(at..end);
        }
        at = end.max(at + 1);
    }
    found
}

/// A chain with one number changed as by a slip: off by one, doubled, halved, or replaced by its neighbour.
fn broken(source: &str, random: &mut StdRng) -> Option<String> {
    let numbers = numbers(source);
    let at = numbers.get(random.random_range(0..numbers.len().max(1)))?.clone();
    let now: i64 = source[at.clone()].parse().ok()?;
    let other = match random.random_range(0..6) {
        0 => now + 1,
        1 => now - 1,
        2 => now * 2,
        3 => now / 2,
        4 => now + 2,
        _ => {
            let near = numbers.iter().position(|range| *range == at)?;
            source[numbers.get(near + 1).or(numbers.first())?.clone()].parse().ok()?
        }
    };
    if other == now || other < 0 {
        return None;
    }
    let mut text = source.to_owned();
    text.replace_range(at, &other.to_string());
    Some(text)
}

#[test]
fn helps_of_chains_with_one_wrong_number() {
    let chains = right_chains();
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(11);
    let mut random = StdRng::seed_from_u64(seed);
    let (mut refused, mut single, mut repaired, mut harmless) = (0, 0, 0, Vec::new());
    let shown = std::env::var("HELPS").is_ok();
    while refused < BROKEN {
        let (id, chain) = &chains[random.random_range(0..chains.len())];
        let Some(source) = broken(chain, &mut random) else { continue };
        let start = Instant::now();
        let judged = judge::judge(&source);
        assert!(start.elapsed() < LONGEST, "{:?}: {source}", start.elapsed());
        if judged.accepted() {
            continue;
        }
        refused += 1;
        single += usize::from(judged.errors.len() == 1);
        repaired += usize::from(judged.first_repairs());
        let harmful = harmful(&source, &judged);
        if shown && (judged.errors.len() > 1 || !judged.first_repairs()) {
            let errors: Vec<String> = judged.errors.iter().map(judge::rendered).collect();
            let what = if judged.errors.len() > 1 { "SEVERAL" } else { "NO FIX" };
            let changed = chain.lines().zip(source.lines()).find(|(before, after)| before != after);
            eprintln!("==== {what} {id}\n{source}\n{changed:?}\n{}", errors.join("\n"));
        }
        harmless.extend(harmful);
    }
    eprintln!(
        "one error: {single}, the first help repairs: {repaired}, of {refused}; harmful helps: {}",
        harmless.len()
    );
    assert!(harmless.is_empty(), "{} helps:\n{}", harmless.len(), harmless.join("\n\n"));
    assert!(single * 100 >= refused * SINGLE, "one error in {single} of {refused}");
    assert!(repaired * 100 >= refused * REPAIRED, "the first help repairs {repaired} of {refused}");
}
