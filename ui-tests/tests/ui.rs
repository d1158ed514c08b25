//! Every file in `fail` is refused with the message in the file next to it, every file in `pass` compiles and runs: it
//! is a test by itself.

use std::fs;
use std::path::Path;

mod files;

#[test]
fn fail() {
    files::write();
    trybuild::TestCases::new().compile_fail("fail/**/*.rs");
}

#[test]
fn every_file_in_pass_is_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest");
    for file in fs::read_dir(folder.join("pass")).expect("a folder") {
        let name = file.expect("a file").file_name().into_string().expect("plain letters");
        let listed = manifest.contains(&format!("path = \"pass/{name}\"\nharness = false\n"));
        assert!(listed || !name.ends_with(".rs"), "{name} is not in Cargo.toml");
    }
}
