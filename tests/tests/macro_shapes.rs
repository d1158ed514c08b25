//! A sample of the golden shapes through the macro, in every dialect: it accepts what the framework accepts, with
//! exactly the framework's output shape, and rejects what the framework rejects.

use convshape_tests::chains::{self, ChainCase, Expect};
use convshape_tests::compile::Scratch;

/// A chain, and whether it must compile.
struct Question {
    id: String,
    source: String,
    expect: Expect,
}

fn questions(case: &ChainCase) -> Vec<Question> {
    let as_recorded = Question { id: case.id.clone(), source: case.source.clone(), expect: case.expect };
    let off_by_one = case.output.as_ref().map(|_| {
        let (before, output) = case.source.rsplit_once("output: [").expect("an output");
        let (sizes, after) = output.split_once(']').expect("an output");
        let (rest, last) = sizes.rsplit_once(", ").expect("two axes");
        let last: i64 = last.parse().expect("a size");
        let source = format!("{before}output: [{rest}, {}]{after}", last + 1);
        Question { id: format!("{} with a wrong output", case.id), source, expect: Expect::Reject }
    });
    [as_recorded].into_iter().chain(off_by_one).collect()
}

#[test]
fn the_macro_agrees_with_the_frameworks() {
    let sample = chains::shapes();
    let questions: Vec<Question> = sample.iter().flat_map(questions).collect();
    let scratch = Scratch::new(env!("CARGO_TARGET_TMPDIR"), "macro-shapes");
    let verdicts = scratch.check(questions.iter().map(|question| &question.source));
    let mut disagreements = Vec::new();
    for (question, verdict) in questions.iter().zip(&verdicts) {
        if verdict.accepted() != (question.expect == Expect::Accept) {
            let said: String = verdict.errors.iter().map(|error| error.rendered.as_str()).collect();
            disagreements.push(format!("{}: must be {:?}\n{}{said}", question.id, question.expect, question.source));
        }
        for error in &verdict.errors {
            assert!(error.code().is_some(), "{}: no code in brackets:\n{}", question.id, error.rendered);
        }
    }
    let (wrong, all) = (disagreements.len(), questions.len());
    assert!(disagreements.is_empty(), "{wrong} of {all} differ:\n{}", disagreements.join("\n"));
}
