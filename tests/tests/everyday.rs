//! Wrong chains as people write them: classifiers, autoencoders, U-Nets, generators, audio, volumes, attention. Each has
//! one mistake, so it gets one error, whose first suggestion is the one recorded, and no suggestion leaves an error.

use convshape_tests::chains;
use convshape_tests::judge::{self, Help};

#[test]
fn one_error_with_the_fix_that_was_meant() {
    let mut wrong = Vec::new();
    for case in chains::everyday() {
        let judged = judge::judge(&case.source);
        let codes: Vec<&str> = judged.errors.iter().map(|error| error.code).collect();
        let first = judged.helps.first().map_or("none", |help| help.text.as_str());
        if codes != [case.code.as_str()] || first != case.help || !judged.helps.iter().all(Help::repairs) {
            let errors: Vec<String> = judged.errors.iter().map(judge::rendered).collect();
            wrong.push(format!("{}: wanted `{}`\n{}", case.id, case.help, errors.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{} chains:\n{}", wrong.len(), wrong.join("\n\n"));
}
