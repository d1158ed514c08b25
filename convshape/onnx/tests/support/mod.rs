//! ONNX's own checker and onnxruntime, through Python if it has them.

#![allow(dead_code, reason = "each test uses its part")]

pub(crate) mod graphs;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use convshape::ndarray::ArrayD;
use serde_json::{Value, json};

/// The largest error of an element, relative to the output's standard deviation.
const TOLERANCE: f64 = 1e-4;

/// A folder of exported files that are checked together.
pub(crate) struct Engine {
    folder: PathBuf,
    cases: Vec<Value>,
}

impl Engine {
    pub(crate) fn new(folder: &str) -> Engine {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        Engine { folder, cases: Vec::new() }
    }

    /// Adds a file with the outputs that it must give.
    pub(crate) fn add(
        &mut self,
        name: &str,
        onnx: &[u8],
        inputs: &[(&str, &ArrayD<f32>)],
        outputs: &[(&str, &ArrayD<f32>)],
    ) {
        fs::write(self.folder.join(format!("{name}.onnx")), onnx).expect("a file");
        let ports = |role: &str, ports: &[(&str, &ArrayD<f32>)]| -> Vec<Value> {
            let port = |&(port, array): &(&str, &ArrayD<f32>)| {
                let file = format!("{name}.{role}.{port}.bin");
                let bytes: Vec<u8> = array.iter().flat_map(|number| number.to_le_bytes()).collect();
                fs::write(self.folder.join(&file), bytes).expect("a file");
                json!({"name": port, "file": file, "shape": array.shape()})
            };
            ports.iter().map(port).collect()
        };
        let (inputs, outputs) = (ports("in", inputs), ports("out", outputs));
        self.cases.push(json!({"name": name, "inputs": inputs, "outputs": outputs, "tolerance": TOLERANCE}));
    }

    /// Runs all files. If Python lacks the packages, it says so and passes.
    ///
    /// # Panics
    /// If one is wrong.
    pub(crate) fn check(&self) {
        let Some(python) = python() else {
            eprintln!("SKIPPED: Python has no onnx and onnxruntime; .ci/run installs them");
            return;
        };
        let cases = serde_json::to_vec(&self.cases).expect("JSON");
        fs::write(self.folder.join("cases.json"), cases).expect("a file");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/engine.py");
        let output = Command::new(python).arg(script).arg(&self.folder).output().expect("Python runs");
        let wrong: BTreeMap<String, String> = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let list: Vec<String> = wrong.iter().map(|(name, complaint)| format!("{name}: {complaint}")).collect();
        assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), self.cases.len(), list.join("\n"));
        eprintln!("{} files are right", self.cases.len());
    }
}

/// A Python that has both packages.
pub(crate) fn python() -> Option<OsString> {
    let given = std::env::var_os("CONVSHAPE_PYTHON");
    let candidates = given.into_iter().chain(["python3".into()]);
    candidates.into_iter().find(|python| {
        let has = Command::new(python).args(["-c", "import onnx, onnxruntime"]).output();
        has.is_ok_and(|output| output.status.success())
    })
}
