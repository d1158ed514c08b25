//! Every file in `fail` is refused with the message beside it, every file in `pass` compiles and runs.

mod weights;

#[test]
fn fail() {
    weights::write();
    trybuild::TestCases::new().compile_fail("fail/**/*.rs");
}

#[test]
fn pass() {
    weights::write();
    trybuild::TestCases::new().pass("pass/*.rs");
}
