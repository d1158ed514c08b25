//! `compile` finds the errors of every stage, each at its source and line.

use convshape_tests::compile::Scratch;

#[test]
fn every_source_gets_its_own_verdict() {
    let right = "conv_chain! {\n    pub struct Model {\n        input: [1, 4];\n        Relu;\n        output: [1, 4];\n    }\n}\n";
    let wrong = right.replace("output: [1, 4]", "output: [1, 5]");
    let type_error = format!("{right}\npub const ZERO: usize = \"zero\";\n");
    let scratch = Scratch::new(env!("CARGO_TARGET_TMPDIR"), "compile");
    let verdicts = scratch.check([right, &wrong, &type_error, "pub fn unused() { let x = 1; }"]);
    assert!(verdicts[0].accepted(), "{:?}", verdicts[0]);
    assert_eq!(verdicts[1].errors.len(), 1, "{:?}", verdicts[1]);
    assert_eq!(verdicts[1].errors[0].line, 5);
    assert!(verdicts[1].errors[0].code().is_some(), "{:?}", verdicts[1]);
    assert_eq!(verdicts[2].errors.len(), 1, "{:?}", verdicts[2]);
    assert_eq!((verdicts[2].errors[0].text.as_str(), verdicts[2].errors[0].line), ("mismatched types", 9));
    assert!(verdicts[3].accepted());
    assert_eq!((verdicts[3].warnings[0].line, verdicts[3].warnings[0].column), (1, 23));
}
