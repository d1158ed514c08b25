//! Chains from public threads and the programs of SFData, judged in process. With `--nocapture` each test prints a
//! table; `FIELD=torch-1606 cargo test -p convshape-tests --test field -- --nocapture` prints all of one case.

use convshape_tests::chains::{self, Expect, FieldCase, SfDataCase};
use convshape_tests::judge::{self, Judgement};

/// Percentages that must be reached; raise them when they improve.
const VERDICTS: usize = 100;
const SINGLE: usize = 100;
const REPAIRED: usize = 97;
const PATCHED: usize = 100;

/// Whether everything about a case is printed.
fn shown(id: &str) -> bool {
    std::env::var("FIELD").is_ok_and(|wanted| id.contains(&wanted))
}

fn print(id: &str, source: &str, judged: &Judgement) {
    if !shown(id) {
        return;
    }
    eprintln!("{id}\n{source}");
    for error in &judged.errors {
        eprintln!("{}", judge::rendered(error));
    }
    for help in &judged.helps {
        let left: Vec<String> = help.left.iter().map(judge::rendered).collect();
        let result = if help.fixed.is_none() { "cannot be applied".to_owned() } else { left.join("\n") };
        eprintln!("-- {} -> {}", help.text, if help.repairs() { "no error" } else { &result });
    }
    eprintln!();
}

/// A line of the table: errors, and suggestions with what each leaves, or `-` if it cannot be applied.
fn line(judged: &Judgement) -> String {
    let left = |help: &judge::Help| help.fixed.as_ref().map_or("-".to_owned(), |_| help.left.len().to_string());
    let helps: Vec<String> = judged.helps.iter().map(left).collect();
    let codes: Vec<&str> = judged.errors.iter().map(|error| error.code).collect();
    format!("{:<16} left after each help: [{}]", codes.join(" "), helps.join(" "))
}

/// A percentage that must be reached.
#[track_caller]
fn at_least(percent: usize, what: &str, good: usize, of: usize) {
    eprintln!("{what}: {good} of {of}");
    assert!(good * 100 >= of * percent, "{what}: only {good} of {of}, {percent} % are wanted");
}

#[test]
fn chains_of_public_threads() {
    let cases: Vec<(FieldCase, Expect)> =
        chains::field().into_iter().filter_map(|case| case.expect().map(|expect| (case, expect))).collect();
    let (mut right, mut refused, mut single, mut first, mut repaired, mut harmless) = (0, 0, 0, 0, 0, 0);
    for (case, expect) in &cases {
        let judged = judge::judge(&case.source);
        print(&case.id, &case.source, &judged);
        let verdict = judged.accepted() == (*expect == Expect::Accept);
        right += usize::from(verdict);
        let expected = if *expect == Expect::Accept { "accept" } else { "reject" };
        let mark = if verdict { ' ' } else { '!' };
        let rustc = if judge::needs_rustc(&case.source) { "rustc " } else { "" };
        eprintln!("{mark} {:<28} {rustc}{expected} {}", case.id, line(&judged));
        if *expect == Expect::Reject && !judged.accepted() {
            refused += 1;
            single += usize::from(judged.errors.len() == 1);
            first += usize::from(judged.first_repairs());
            repaired += usize::from(judged.repairs());
            harmless += usize::from(judged.helps.iter().all(judge::Help::repairs));
        }
    }
    eprintln!("the first help repairs: {first} of {refused}; no help leaves an error: {harmless} of {refused}");
    at_least(VERDICTS, "right verdicts", right, cases.len());
    at_least(SINGLE, "one error for one mistake", single, refused);
    at_least(REPAIRED, "a help repairs", repaired, refused);
}

/// The form of a program that does not fit, and its form after the patch.
fn wrong_and_right(case: &SfDataCase) -> Option<(&str, &str, Judgement)> {
    let forms = [&case.chain, &case.chain_declared, &case.chain_label];
    let wrong = forms.into_iter().flatten().find_map(|form| {
        let judged = judge::judge(form);
        (!judged.accepted()).then_some((form, judged))
    })?;
    let right = case.fixed.as_deref().filter(|fixed| *fixed != wrong.0).or(case.chain.as_deref())?;
    Some((wrong.0, right, wrong.1))
}

#[test]
fn programs_of_sfdata() {
    let (mut refused, mut patched, mut repaired) = (0, 0, 0);
    for case in chains::sfdata() {
        let Some((wrong, right, judged)) = wrong_and_right(&case) else { continue };
        print(&case.id, wrong, &judged);
        assert!(judge::errors(right).is_empty(), "{}: the patched chain is refused", case.id);
        refused += 1;
        let first = judged.helps.first();
        let equal = first.and_then(|help| help.fixed.as_deref()).is_some_and(|fixed| same(fixed, right));
        patched += usize::from(equal);
        repaired += usize::from(judged.first_repairs());
        let mark = match (equal, judged.first_repairs()) {
            (true, _) => '=',
            (false, true) => '~',
            (false, false) => '!',
        };
        eprintln!("{mark} {:<18} {}", case.id, line(&judged));
        eprintln!("    patch: {}", case.first_patch);
        eprintln!("    first: {}", first.map_or("none", |help| help.text.as_str()));
    }
    eprintln!("the first help is the patch: {patched}, the first help repairs: {repaired} of {refused}");
    at_least(PATCHED, "the first help repairs", repaired, refused);
}

/// Whether two texts are the same chain, with products multiplied out and spaces ignored.
fn same(a: &str, b: &str) -> bool {
    let canonical = |text: &str| {
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').collect();
        words.concat().replace(['(', ')'], " ").split(' ').map(products).collect::<Vec<_>>()
    };
    canonical(a) == canonical(b)
}

/// The text with products of numbers multiplied out: `[97*48*64]` becomes `[297984]`.
fn products(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '*').unwrap_or(rest.len());
        let product: Option<u64> = rest[..end].split('*').map(|factor| factor.parse::<u64>().ok()).product();
        out.push_str(&product.map_or_else(|| rest[..end].to_owned(), |product| product.to_string()));
        rest = &rest[end..];
    }
    out + rest
}
