//! Every file in `fail` is refused with the message beside it, every file in `pass` compiles and runs.

#[test]
fn fail() {
    trybuild::TestCases::new().compile_fail("fail/**/*.rs");
}

#[test]
fn pass() {
    trybuild::TestCases::new().pass("pass/*.rs");
}
