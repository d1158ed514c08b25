//! How long a chain takes to compile: `cargo check` of a crate with one chain of 10, 100, 1,000 and 10,000 layers,
//! minus that of an empty crate. `cargo bench -p convshape-tests --bench expand`; lengths may be given after `--`.
#![expect(clippy::print_stdout, reason = "prints a table")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How many runs are timed. The fastest counts.
const RUNS: usize = 3;

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let lengths = if given.is_empty() { vec![10, 100, 1_000, 10_000] } else { given };
    let dir = scratch();
    let empty = fastest(&dir, "//! Nothing.\n");
    println!("an empty crate: {:.2} s\n", empty.as_secs_f64());
    println!("layers   beyond that   per layer");
    for length in lengths {
        let beyond = fastest(&dir, &chain(length)).saturating_sub(empty);
        let each = beyond.as_secs_f64() / f64::from(u32::try_from(length).unwrap_or(u32::MAX));
        println!("{length:>6}   {:>9.2} s   {:>6.0} us", beyond.as_secs_f64(), each * 1e6);
    }
}

fn scratch() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("expand");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let convshape = workspace.join("convshape").canonicalize().expect("the library");
    fs::create_dir_all(dir.join("src")).expect("a directory");
    fs::copy(workspace.join("Cargo.lock"), dir.join("Cargo.lock")).expect("the lock file");
    let manifest = format!(
        "[package]\nname = \"expand\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         convshape = {{ path = {convshape:?} }}\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).expect("the manifest");
    dir
}

/// A network as people write it: named and unnamed layers, skip connections, occasional changes of resolution.
fn chain(length: usize) -> String {
    let mut text = "//! One chain.\nconvshape::conv_chain! {\npub struct Long {\ninput: [16, 64, 64];\n".to_owned();
    for layer in 0..length {
        // Writing to a string cannot fail.
        let _ = match layer % 10 {
            0 => writeln!(text, "c{layer}: Conv2d(16 -> 16, kernel: 3, padding: 1, bias: false);"),
            1 | 4 => writeln!(text, "BatchNorm(16);"),
            2 => writeln!(text, "Relu;"),
            3 => writeln!(text, "c{layer}: Conv2d(16, kernel: 3, padding: 1, activation: LeakyRelu(0.2));"),
            5 => writeln!(text, "Add(c{}, _);", layer - 5),
            6 => writeln!(text, "d{layer}: Conv2d(16 -> 32, kernel: 4, stride: 2, padding: 1);"),
            7 => writeln!(text, "Silu;"),
            8 => writeln!(text, "u{layer}: ConvTranspose2d(undo d{0}) restores d{0};", layer - 2),
            _ => writeln!(text, "Dropout(0.1);"),
        };
    }
    // A chain may end at a lower resolution.
    let output = if matches!(length % 10, 7 | 8) { "[32, 32, 32]" } else { "[16, 64, 64]" };
    text + &format!("output: {output};\n}}\n}}\n")
}

fn fastest(dir: &Path, source: &str) -> Duration {
    let check = || {
        fs::write(dir.join("src/lib.rs"), source).expect("the source");
        let start = Instant::now();
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["check", "--quiet", "--offline"])
            .current_dir(dir)
            .env("CARGO_TARGET_DIR", dir.with_extension("target"))
            // An identical chain would come from the cache.
            .env("CARGO_INCREMENTAL", "0")
            .output()
            .unwrap_or_else(|e| panic!("cargo: {e}"));
        let time = start.elapsed();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        time
    };
    // The first run builds what the crate depends on.
    check();
    (0..RUNS).map(|_| check()).min().unwrap_or_default()
}
