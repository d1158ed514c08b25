//! Wrong chains as people write them, and those of public threads: classifiers, autoencoders, U-Nets, generators, audio,
//! volumes, attention. Each mistake gets one error, whose first suggestion is the one recorded, and no suggestion leaves
//! an error but those of other mistakes. The right ones compile.

use convshape_front::Finding;
use convshape_tests::chains::{self, Expected};
use convshape_tests::judge::{self, Help};

/// The difference from the recorded errors and helps, if there is one.
fn difference(id: &str, source: &str, wrong: &[Expected]) -> Option<String> {
    let judged = judge::judge(source);
    let first = |error: usize| {
        let help = judged.helps.iter().find(|help| help.error == error);
        help.map_or("none", |help| help.text.as_str()).to_owned()
    };
    let errors = judged.errors.iter().enumerate();
    let found: Vec<Expected> =
        errors.map(|(at, error)| Expected { code: error.code.to_owned(), help: first(at) }).collect();
    // What other mistakes leave may be worded with the numbers of the suggestion.
    let helps = |help: &Help| {
        let of_another = |left: &Finding| {
            let mut others = judged.errors.iter().enumerate().filter(|(other, _)| *other != help.error);
            others.any(|(_, other)| other.code == left.code) && left.message != judged.errors[help.error].message
        };
        help.fixed.is_some() && help.left.iter().all(of_another)
    };
    let as_recorded = found == wrong && judged.helps.iter().all(helps);
    let errors: Vec<String> = judged.errors.iter().map(judge::rendered).collect();
    let wanted: Vec<&str> = wrong.iter().map(|expected| expected.help.as_str()).collect();
    (!as_recorded).then(|| format!("{id}: wanted `{}`\n{}", wanted.join("`, `"), errors.join("\n")))
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} chains:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn one_error_with_the_fix_that_was_meant() {
    let cases = chains::everyday().into_iter();
    let wrong = cases.filter_map(|case| difference(&case.id, &case.source, &case.wrong));
    assert_none(&wrong.collect::<Vec<String>>());
}

#[test]
fn chains_of_public_threads() {
    let cases = chains::threads().into_iter();
    let wrong = cases.filter_map(|case| difference(&case.id, &case.source, &case.wrong));
    assert_none(&wrong.collect::<Vec<String>>());
}
