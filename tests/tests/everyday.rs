//! Wrong chains as people write them, and those of public threads: classifiers, autoencoders, U-Nets, generators, audio,
//! volumes, attention. Each has one mistake, so it gets one error, whose first suggestion is the one recorded, and no
//! suggestion leaves an error. The right ones compile.

use convshape_tests::chains;
use convshape_tests::judge::{self, Help};

/// The difference from the recorded help, if there is one.
fn difference(id: &str, source: &str, code: &str, help: &str) -> Option<String> {
    let judged = judge::judge(source);
    let codes: Vec<&str> = judged.errors.iter().map(|error| error.code).collect();
    let first = judged.helps.first().map_or("none", |help| help.text.as_str());
    let as_recorded = codes == [code] && first == help && judged.helps.iter().all(Help::repairs);
    let errors: Vec<String> = judged.errors.iter().map(judge::rendered).collect();
    (!as_recorded).then(|| format!("{id}: wanted `{help}`\n{}", errors.join("\n")))
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} chains:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn one_error_with_the_fix_that_was_meant() {
    let cases = chains::everyday().into_iter();
    let wrong = cases.filter_map(|case| difference(&case.id, &case.source, &case.code, &case.help));
    assert_none(&wrong.collect::<Vec<String>>());
}

#[test]
fn chains_of_public_threads() {
    let cases = chains::threads().into_iter();
    let wrong = cases.filter_map(|case| match &case.wrong {
        Some((code, help)) => difference(&case.id, &case.source, code, help),
        None => {
            let errors: Vec<String> = judge::errors(&case.source).iter().map(judge::rendered).collect();
            (!errors.is_empty()).then(|| format!("{}: is right\n{}", case.id, errors.join("\n")))
        }
    });
    assert_none(&wrong.collect::<Vec<String>>());
}
