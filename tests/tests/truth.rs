//! Messages are true: every formula is evaluated.

use std::fs;
use std::path::{Path, PathBuf};

use convshape_tests::chains::{self, Expect};
use convshape_tests::judge;
use convshape_tests::truth::{Equation, equations};

/// Asserts that the formulas in some messages hold, and that there are at least `least` equations.
#[track_caller]
fn assert_true<'a>(lines: impl IntoIterator<Item = (String, &'a str)>, least: usize) {
    let (mut count, mut wrong) = (0, Vec::new());
    for (of, line) in lines {
        let found = equations(line);
        count += found.len();
        let false_ones = found.into_iter().filter(|equation: &Equation| !equation.holds());
        wrong.extend(false_ones.map(|equation| format!("{of}: {}", equation.text)));
    }
    assert!(wrong.is_empty(), "{} of {count} equations are false:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= least, "only {count} equations were found");
}

/// Every line that the front end prints about some chains.
fn lines_of(sources: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (id, source) in sources {
        for finding in judge::findings(&source) {
            lines.push((id.clone(), finding.message.clone()));
            lines.extend(finding.lines.iter().flat_map(|text| text.lines()).map(|line| (id.clone(), line.to_owned())));
        }
    }
    lines
}

#[test]
fn the_arithmetic_of_the_corpora_is_true() {
    let bugs =
        chains::bugs().into_iter().filter(|case| case.expect == Expect::Reject).map(|case| (case.id, case.source));
    let shapes =
        chains::shapes().into_iter().filter(|case| case.expect == Expect::Reject).map(|case| (case.id, case.source));
    let field = chains::field().into_iter().map(|case| (case.id, case.source));
    let sfdata = chains::sfdata().into_iter().flat_map(|case| {
        let forms = [case.chain, case.chain_declared, case.chain_label];
        forms.into_iter().flatten().map(move |form| (case.id.clone(), form))
    });
    let lines = lines_of(bugs.chain(shapes).chain(field).chain(sfdata));
    assert_true(lines.iter().map(|(id, line)| (id.clone(), line.as_str())), 150);
}

#[test]
fn the_arithmetic_of_the_ui_tests_is_true() {
    fn files(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "stderr") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui-tests/fail"), &mut found);
    let texts: Vec<(String, String)> =
        found.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).expect("a text"))).collect();
    // A line of the source is preceded by its number and a bar.
    let lines = texts.iter().flat_map(|(path, text)| {
        text.lines().filter(|line| !line.contains(" | ")).map(move |line| (path.clone(), line))
    });
    assert_true(lines, 30);
}

/// Layers of every dialect with random numbers, each with a declared output that is wrong on both axes.
#[test]
fn the_arithmetic_of_random_layers_is_true() {
    let mut state = 7_u64;
    let mut up_to = move |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (state >> 33) % most
    };
    let mut sources = Vec::new();
    for round in 0..60 {
        let (k, s, p, d) = (up_to(5), up_to(4), up_to(3) - 1, up_to(2));
        let (rows, columns) = (6 + up_to(20), 6 + up_to(20));
        let first = format!("[2, {rows}, {columns}]");
        let last = format!("[{rows}, {columns}, 2]");
        for (dialect, input, layer) in [
            ("torch", &first, format!("Conv2d(2 -> 3, kernel: {k}, stride: {s}, padding: {p}, dilation: {d})")),
            (
                "torch",
                &first,
                format!("ConvTranspose2d(2 -> 3, kernel: {k}, stride: {s}, padding: {p}, dilation: {d})"),
            ),
            ("torch", &first, format!("Conv2d(2 -> 3, kernel: {k}, stride: {s}, padding: [({p}, {d}), (0, {p})])")),
            ("torch", &first, format!("MaxPool2d({k}, stride: {s}, padding: {}, ceil_mode: true)", (k / 2).min(p))),
            ("torch", &first, format!("MaxPool2d(1, stride: {s}, dilation: {d}, ceil_mode: true)")),
            ("torch", &first, format!("Upsample({}.{})", up_to(3), up_to(9))),
            ("onnx", &first, format!("Conv2d(2 -> 3, kernel: {k}, strides: {s}, auto_pad: same_lower)")),
            ("onnx", &first, format!("MaxPool2d({k}, strides: {s}, ceil_mode: true)")),
            (
                "jax",
                &first,
                format!(
                    "ConvGeneralDilated2d(2 -> 3, kernel: {k}, window_strides: {s}, padding: {p}, lhs_dilation: {d})"
                ),
            ),
            ("jax", &first, format!("ConvTranspose2d(2 -> 3, kernel: {k}, stride: {s}, padding: {p})")),
            ("flax", &last, format!("ConvTranspose2d(2 -> 3, kernel: {k}, strides: {s}, padding: {p})")),
            ("flax", &last, format!("Conv2d(2 -> 3, kernel: {k}, strides: {s}, padding: same)")),
            ("keras", &last, format!("Conv2DTranspose(3, kernel_size: {k}, strides: {s}, padding: same)")),
            ("keras", &last, format!("SeparableConv2d(3, kernel: {k}, padding: valid)")),
        ] {
            let source = format!(
                "conv_chain! {{ struct M {{ dialect: {dialect}; input: {input}; {layer}; output: [301, 302, 303]; }} }}"
            );
            sources.push((format!("{round}: {layer} in {dialect} of {input}"), source));
        }
    }
    let lines = lines_of(sources);
    assert_true(lines.iter().map(|(id, line)| (id.clone(), line.as_str())), 1000);
}
