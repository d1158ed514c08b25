//! Imported chains are compared with another engine before anything is written.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A file of PyTorch with the inputs and outputs that were recorded, of 3 samples.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../onnx/tests/imported/layers");

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A program that answers with this output, as Python with onnxruntime would.
fn engine(folder: &Path, outputs: &[u8]) -> PathBuf {
    let bytes = fs::read(format!("{MODEL}.bin")).expect("a file");
    let inputs = bytes.len() - outputs.len();
    let port = r#"[{"name": "y", "shape": [2, 6, 8]}]"#;
    let answer = [format!("[{port}, {port}]\n").as_bytes(), &bytes[..inputs], outputs].concat();
    fs::write(folder.join("answer"), answer).expect("a file");
    let program = folder.join("python");
    let answer = folder.join("answer");
    fs::write(&program, format!("#!/bin/sh\n[ $# = 2 ] || cat '{}'\n", answer.display())).expect("a file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    program
}

fn verify(folder: &Path, python: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-convshape"));
    command.args(["import", &format!("{MODEL}.onnx"), "--name", "Net", "--verify", "--out"]).arg(folder);
    command.env("CONVSHAPE_PYTHON", python).output().expect("the command runs")
}

fn recorded() -> Vec<u8> {
    let bytes = fs::read(format!("{MODEL}.bin")).expect("a file");
    bytes[bytes.len() / 2..].to_vec()
}

#[test]
fn an_equal_chain_is_written() {
    let folder = folder("verify-equal");
    let found = verify(&folder, &engine(&folder, &recorded()));
    let text = String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success(), "{found:?}");
    assert!(text.starts_with("output `y`: differs from onnxruntime by ") && text.contains("e-7 "), "{text}");
    assert!(folder.join("net.rs").exists() && folder.join("net.safetensors").exists());
}

#[test]
fn a_different_chain_is_not_written() {
    let folder = folder("verify-different");
    let mut outputs = recorded();
    outputs[3] ^= 0x80;
    let found = verify(&folder, &engine(&folder, &outputs));
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    assert!(String::from_utf8_lossy(&found.stdout).contains(", more than 1e-4"), "{found:?}");
    outputs[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    let found = verify(&folder, &engine(&folder, &outputs));
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    assert!(!folder.join("net.rs").exists() && !folder.join("net.safetensors").exists());
}

#[test]
fn an_engine_that_is_not_there_is_named() {
    let folder = folder("verify-without");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-convshape"));
    command.args(["import", &format!("{MODEL}.onnx"), "--name", "Net", "--verify", "--out"]).arg(&folder);
    let found = command.env("CONVSHAPE_PYTHON", "/nowhere").env("PATH", "/nowhere").output().expect("the command runs");
    let text = String::from_utf8_lossy(&found.stderr);
    assert_eq!(found.status.code(), Some(2), "{found:?}");
    assert!(text.contains("needs a Python with onnxruntime") && text.contains("CONVSHAPE_PYTHON"), "{text}");
    assert!(!folder.join("net.rs").exists());
}

#[test]
fn a_closed_pipe_ends_a_command() {
    let folder = folder("closed-pipe");
    let source = folder.join("chain.rs");
    fs::write(&source, "conv_chain! { struct Net { input: [1, 4]; Conv1d(2 -> 2, kernel: 1); output: [2, 4]; } }")
        .expect("a file");
    let weights = folder.join("weights.safetensors");
    fs::write(&weights, b"\x02\0\0\0\0\0\0\0{}").expect("a file");
    let model = PathBuf::from(format!("{MODEL}.onnx"));
    let import = ["import", "--name", "Net", "--out", &folder.display().to_string()].map(str::to_owned);
    let commands: [(&[String], &Path); 6] = [
        (&["check".to_owned()], &source),
        (&["check".to_owned(), "--json".to_owned()], &source),
        (&["fix".to_owned(), "--dry-run".to_owned()], &source),
        (&["summary".to_owned()], &source),
        (&["weights".to_owned()], &weights),
        (&import, &model),
    ];
    for (arguments, file) in commands {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-convshape"));
        // Closed before the command starts, so that nothing can be written first.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let command = command.args(arguments).arg(file).stdout(writer).stderr(Stdio::piped());
        let found = command.spawn().and_then(|child| child.wait_with_output()).expect("the command runs");
        let text = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.success() && !text.contains("panicked"), "{arguments:?}: {text}");
    }
}
