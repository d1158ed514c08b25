//! Shape bugs that people had: rejected, with a suggestion that repairs them. Their repaired forms, reports that blamed
//! a correct chain, and published models compile.

use convshape_tests::chains::{self, ChainCase, Expect};
use convshape_tests::compile::{Message, Scratch, Verdict};
use convshape_tests::fix;

/// How many suggestions may be applied until a chain compiles.
const ROUNDS: usize = 3;
/// How many partly repaired forms of a chain are followed.
const BREADTH: usize = 6;
/// The percentage of wrong chains that suggestions must repair.
const REPAIRED: usize = 98;

fn scratch(name: &str) -> Scratch {
    Scratch::new(env!("CARGO_TARGET_TMPDIR"), name)
}

fn wrong() -> Vec<ChainCase> {
    chains::bugs().into_iter().filter(|case| case.expect == Expect::Reject).collect()
}

/// All messages, one after the other.
fn rendered(verdict: &Verdict) -> String {
    verdict.errors.iter().map(|error| error.rendered.as_str()).collect()
}

/// Asserts that every source compiles.
fn assert_accepted(scratch: &Scratch, sources: &[(&str, &str)]) {
    let verdicts = scratch.check(sources.iter().map(|(_, source)| source));
    let refused = sources.iter().zip(&verdicts).filter(|(_, verdict)| !verdict.accepted());
    let refused: Vec<String> =
        refused.map(|((id, source), verdict)| format!("{id}\n{source}\n{}", rendered(verdict))).collect();
    assert!(refused.is_empty(), "{} of {} refused:\n{}", refused.len(), sources.len(), refused.join("\n"));
}

#[test]
fn wrong_chains_are_refused() {
    let cases = wrong();
    let verdicts = scratch("bugs-wrong").check(cases.iter().map(|case| &case.source));
    let accepted: Vec<&str> = cases
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| verdict.accepted())
        .map(|(case, _)| case.id.as_str())
        .collect();
    assert!(accepted.is_empty(), "these compile: {accepted:?}");
    for (case, verdict) in cases.iter().zip(&verdicts) {
        for error in &verdict.errors {
            assert!(error.code().is_some(), "{}: no code in brackets:\n{}", case.id, error.rendered);
        }
        // Some reports contain two mistakes, so this is for the reader of the log.
        if verdict.errors.len() > 1 {
            eprintln!("{} ({:?}): {} errors\n{}", case.id, case.kind, verdict.errors.len(), rendered(verdict));
        }
    }
}

#[test]
fn right_chains_are_accepted() {
    let (bugs, positives) = (chains::bugs(), chains::positives());
    let right = bugs.iter().filter(|case| case.expect == Expect::Accept).chain(&positives);
    let sources: Vec<(&str, &str)> = right.map(|case| (case.id.as_str(), case.source.as_str())).collect();
    assert_accepted(&scratch("bugs-right"), &sources);
}

#[test]
fn repaired_chains_are_accepted() {
    let cases = wrong();
    let repaired = cases.iter().filter_map(|case| Some((case.id.as_str(), case.fixed.as_deref()?)));
    assert_accepted(&scratch("bugs-repaired"), &repaired.collect::<Vec<_>>());
}

/// A form of a chain that still has to be compiled.
struct Attempt {
    source: String,
    /// The error that the suggestion applied last must have removed.
    removed: Option<Message>,
}

/// The repair of one chain.
struct Repair<'a> {
    case: &'a ChainCase,
    attempts: Vec<Attempt>,
    repaired: bool,
}

#[test]
fn suggestions_repair_wrong_chains() {
    let cases = wrong();
    let start = |case| {
        let original = Attempt { source: ChainCase::clone(case).source, removed: None };
        Repair { case, attempts: vec![original], repaired: false }
    };
    let mut repairs: Vec<Repair<'_>> = cases.iter().map(start).collect();
    let scratch = scratch("bugs-suggestions");
    let mut complaints = Vec::new();
    for _ in 0..=ROUNDS {
        let mut open: Vec<&mut Repair<'_>> = repairs.iter_mut().filter(|repair| !repair.repaired).collect();
        let sources = open.iter().flat_map(|repair| repair.attempts.iter().map(|attempt| attempt.source.clone()));
        let mut verdicts = scratch.check(sources.collect::<Vec<_>>()).into_iter();
        for repair in &mut open {
            let judged: Vec<(Attempt, Verdict)> = repair.attempts.drain(..).zip(&mut verdicts).collect();
            for (attempt, verdict) in &judged {
                complaints.extend(still_there(attempt, verdict).map(|error| format!("{}: {error}", repair.case.id)));
            }
            let is_repaired = |(attempt, verdict): &(Attempt, Verdict)| attempt.removed.is_some() && verdict.accepted();
            repair.repaired = judged.iter().any(is_repaired);
            if !repair.repaired {
                let next = judged.iter().flat_map(|(attempt, verdict)| follow(attempt, verdict, &mut complaints));
                repair.attempts = next.take(BREADTH).collect();
            }
        }
    }
    assert!(complaints.is_empty(), "suggestions that do not do what they say:\n{}", complaints.join("\n"));
    let open: Vec<&str> = repairs.iter().filter(|r| !r.repaired).map(|r| r.case.id.as_str()).collect();
    let repaired = repairs.len() - open.len();
    eprintln!("{repaired} of {} chains repaired, not: {open:?}", repairs.len());
    assert!(repaired * 100 >= repairs.len() * REPAIRED, "only {repaired} of {} repaired, not: {open:?}", repairs.len());
}

/// The error that the suggestion should have removed and did not.
fn still_there(attempt: &Attempt, verdict: &Verdict) -> Option<String> {
    let removed = attempt.removed.as_ref()?;
    let first_line = |message: &Message| message.text.lines().next().map(str::to_owned);
    let same = verdict.errors.iter().find(|error| first_line(error) == first_line(removed))?;
    Some(format!("the error stays:\n{}\nin\n{}", same.rendered, attempt.source))
}

/// The forms that the suggestions of an error lead to, those of the first error first.
fn follow(attempt: &Attempt, verdict: &Verdict, complaints: &mut Vec<String>) -> Vec<Attempt> {
    let mut next: Vec<Attempt> = Vec::new();
    for error in &verdict.errors {
        for help in error.helps().filter(|help| fix::is_edit(help)) {
            match fix::apply(&attempt.source, help) {
                Some(source) if source == attempt.source => {
                    complaints.push(format!("changes nothing: {help}\n{source}"))
                }
                Some(source) => next.push(Attempt { source, removed: Some(error.clone()) }),
                None => complaints.push(format!("cannot be applied: {help}\n{}", attempt.source)),
            }
        }
    }
    next
}
