//! Lines of Python become a chain that `check` accepts.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn command(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-convshape"));
    command.args(arguments).output().expect("the command runs")
}

#[test]
fn a_sequence_becomes_a_chain() {
    let file = |name: &str| Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).display().to_string();
    let (python, chain) = (file("port.py"), file("ported.rs"));
    fs::write(&python, "net = nn.Sequential(nn.Conv2d(1, 16, 3), nn.Flatten(),\n    nn.Linear(16 * 26 * 26, 10))")
        .expect("a file");
    let found = command(&["port", &python, "--name", "Digits"]);
    assert!(found.status.success(), "{found:?}");
    let text = String::from_utf8_lossy(&found.stdout);
    assert!(text.contains("pub struct Digits {\n        input: [1, 28, 28];"), "{text}");
    let note = String::from_utf8_lossy(&found.stderr);
    assert!(note.ends_with("the lines do not say the size of the input: `[1, 28, 28]` is a guess\n"), "{note}");
    fs::write(&chain, &found.stdout).expect("a file");
    assert!(command(&["check", &chain]).status.success());
}

#[test]
fn lines_that_cannot_be_read_are_listed() {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unread.py").display().to_string();
    fs::write(&python, "net = nn.Sequential(\n    nn.Conv2d(1, 16, 3),\n    *blocks)").expect("a file");
    let found = command(&["port", &python]);
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let text = String::from_utf8_lossy(&found.stderr);
    assert!(text.ends_with("unread.py: line 3: `*blocks` unpacks a list: write its layers out\n"), "{text}");
    assert_eq!(command(&["port", "/nowhere.py"]).status.code(), Some(2));
}
