//! Generated code in other kinds of crates: under another name of the library, without `std`, under clippy's lints.
//! What does not need its own crate is a ui-test: `shadowed_names`, `functions_and_modules`, `odd_names`,
//! `strict_lints`.

use std::fs;
use std::path::Path;
use std::process::Command;

const CHAIN: &str = "
    /// A chain.
    pub struct Autoencoder {
        block Res(c) { Conv2d(c, kernel: 3, padding: 1); Add(input); }
        input: [1, 28, 28];
        enc: Conv2d(1 -> 8, kernel: 5, stride: 2, activation: Relu);
        repeat 2 { Res(8); BatchNorm; }
        ConvTranspose2d(undo enc, activation: Sigmoid) restores enc;
        output: [1, 28, 28];
    }
";

/// Runs a cargo command in a library crate with this dependency and source; it must pass.
fn passes(name: &str, dependency: &str, source: &str, command: &[&str]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let library = workspace.join("convshape").canonicalize().expect("the library");
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file");
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\ndescription = \"a test\"\n\n[workspace]\n\n\
         [dependencies]\n{}\n",
        dependency.replace("PATH", &format!("path = {library:?}"))
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("the manifest");
    fs::write(folder.join("src/lib.rs"), source).expect("the source");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(command)
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild"))
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_library_may_have_another_name() {
    let source = format!(
        "//! A test.\n#![deny(warnings)]\nuse shapes::Chain;\nshapes::conv_chain! {{{CHAIN}}}\n\
         const _: () = assert!(Autoencoder::LAYERS.len() == 8);\n"
    );
    passes("hygiene-renamed", "shapes = { package = \"convshape\", PATH }", &source, &["check", "--offline"]);
}

#[test]
fn shapes_are_constants_without_std() {
    let source = format!(
        "//! A test.\n#![no_std]\n#![deny(warnings)]\nuse convshape::Chain;\nconvshape::conv_chain! {{{CHAIN}}}\n\
         const _: () = assert!(Autoencoder::LAYERS[0].params == 8 * 25 + 8);\n\
         /// The bytes of an output.\npub const BYTES: usize = 4 * Autoencoder::INPUTS.len();\n"
    );
    let dependency = "convshape = { PATH, default-features = false }";
    passes("hygiene-no-std", dependency, &source, &["check", "--offline"]);
}

#[test]
fn clippy_has_nothing_to_say() {
    let found = Command::new("cargo").args(["clippy", "--version"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no clippy here");
        return;
    }
    let source = format!(
        "//! A test.\n#![deny(warnings, missing_docs, clippy::all, clippy::pedantic, clippy::nursery, clippy::unwrap_used, \
         clippy::indexing_slicing, clippy::print_stdout, clippy::arithmetic_side_effects)]\n\
         convshape::conv_chain! {{{CHAIN}}}\n\
         convshape::conv_chain! {{ struct Private {{ input: [2]; Relu; output: [2]; }} }}\n\
         /// Uses it.\n#[must_use]\npub fn params() -> u64 {{ Private::summary().params() }}\n"
    );
    passes("hygiene-clippy", "convshape = { PATH }", &source, &["clippy", "--offline"]);
}
