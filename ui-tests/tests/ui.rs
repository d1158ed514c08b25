//! Every file in `fail` is refused with the message in the file next to it, every file in `pass` compiles and runs.

mod files;

#[test]
fn fail() {
    files::write();
    trybuild::TestCases::new().compile_fail("fail/**/*.rs");
}

#[test]
fn pass() {
    files::write();
    trybuild::TestCases::new().pass("pass/*.rs");
}
