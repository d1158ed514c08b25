//! The command's findings are the compiler's, and it changes what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use convshape_tests::chains::{self, Expect};
use convshape_tests::compile::{Message, Scratch};
use serde_json::Value;

/// The least percentage of wrong chains that the first fixes alone repair.
const REPAIRED: usize = 70;

fn convshape(arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-convshape")).args(arguments).args(files).output().expect("the command runs")
}

/// Writes texts as files of a folder of their own.
fn files<S: AsRef<str>>(folder: &str, texts: &[S]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).expect("a folder");
    let write = |(index, text): (usize, &S)| {
        let path = folder.join(format!("case_{index}.rs"));
        fs::write(&path, text.as_ref()).expect("a file");
        path
    };
    texts.iter().enumerate().map(write).collect()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn array<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document[key].as_array().map_or(&[], Vec::as_slice)
}

/// The findings of one file and level: line, column, text.
fn findings(document: &Value, file: &Path, level: &str) -> Vec<(u64, u64, String)> {
    let here = |finding: &&Value| finding["file"] == file.to_str().unwrap_or_default() && finding["level"] == level;
    let place = |finding: &Value, key: &str| finding["span"][key].as_u64().unwrap_or(0);
    let found = array(document, "findings").iter().filter(here).map(|finding| {
        let text = finding["text"].as_str().unwrap_or_default().to_owned();
        (place(finding, "line"), place(finding, "column"), text)
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

/// What the macro said, without const evaluation and the rest of the compiler.
fn of_the_macro(messages: &[Message]) -> Vec<(u64, u64, String)> {
    let messages = messages.iter().filter_map(|message| {
        // rustc adds text around the note of a deprecated constant.
        let text = &message.text[message.text.find("[CS")?..];
        let own = !message.text.starts_with("evaluation panicked");
        own.then(|| (message.line as u64, message.column as u64, text.to_owned()))
    });
    let mut found: Vec<_> = messages.collect();
    found.sort();
    found
}

#[test]
fn findings_are_the_compilers() {
    let mut sources: Vec<String> = chains::bugs().into_iter().map(|case| case.source).collect();
    sources.push(OTHERS.to_owned());
    let files = files("check-bugs", &sources);
    let document = document(&convshape(&["check", "--json"], &files));
    let verdicts = Scratch::new(env!("CARGO_TARGET_TMPDIR"), "check-bugs-crate").check(&sources);
    for (file, verdict) in files.iter().zip(&verdicts) {
        assert_eq!(findings(&document, file, "error"), of_the_macro(&verdict.errors), "{}", file.display());
        if verdict.accepted() {
            assert_eq!(findings(&document, file, "warning"), of_the_macro(&verdict.warnings), "{}", file.display());
        }
    }
    assert!(array(&document, "findings").len() > 77, "every wrong chain has a finding");
}

/// The errors that the compiler gave for a ui-test, from its `.stderr`: line, column, text.
fn recorded(stderr: &str) -> Vec<(u64, u64, String)> {
    let mut found = Vec::new();
    // Those of const evaluation begin `error[E0080]: `.
    for block in format!("\n{stderr}").split("\nerror: ").skip(1) {
        let Some((text, rest)) = block.split_once("--> ") else { continue };
        // rustc adds text around the note of a deprecated constant.
        let Some(start) = text.find("[CS") else { continue };
        let lines: Vec<&str> = text[start..].trim_end().lines().map(str::trim_start).collect();
        let mut place = rest.lines().next().unwrap_or_default().rsplit(':').map(|number| number.parse().unwrap_or(0));
        let (column, line) = (place.next().unwrap_or(0), place.next().unwrap_or(0));
        found.push((line, column, lines.join("\n")));
    }
    found.sort();
    found
}

#[test]
fn findings_of_the_ui_tests_are_the_compilers() {
    let fail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui-tests/fail");
    let mut files = Vec::new();
    for folder in fs::read_dir(&fail).expect("the ui-tests").map(|entry| entry.expect("an entry").path()) {
        // Their files are written by the ui-tests themselves.
        if folder.ends_with("data") || folder.ends_with("weights") {
            continue;
        }
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        files.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs")));
    }
    let document = document(&convshape(&["check", "--json"], &files));
    for file in &files {
        let stderr = fs::read_to_string(file.with_extension("stderr")).expect("what the compiler said");
        let mut found = findings(&document, file, "error");
        if stderr.contains("deprecated constant") {
            found.extend(findings(&document, file, "warning"));
            found.sort();
        }
        let trimmed = |(line, column, text): (u64, u64, String)| {
            (line, column, text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n"))
        };
        let found: Vec<_> = found.into_iter().map(trimmed).collect();
        assert_eq!(found, recorded(&stderr), "{}", file.display());
    }
    assert!(files.len() > 250, "{} files", files.len());
}

/// Several chains, nested; spans after multi-byte characters; warnings; several mistakes.
const OTHERS: &str = "\
// Größe: ✓
pub mod inner {
    convshape::conv_chain! {
        pub struct Several {
            input: [1, 28, 28];
            /* ü */ enc1: Conv2d(1 -> 16, kernl: 3, stride: 2);
            enc2: Conv2d(1 -> 16, kernel: 3, pading: 2) from input;
            Relux;
            output: [16, 28, 28];
        }
    }
}
pub fn function() {
    conv_chain! {
        struct Unread { input: [1, 28, 28]; a: Conv2d(1 -> 1, kernel: 1); b: Relu from input; output: [1, 28, 28]; }
    }
}
";

#[test]
fn first_fixes_repair_most_chains() {
    let cases: Vec<_> = chains::bugs().into_iter().filter(|case| case.expect == Expect::Reject).collect();
    let sources: Vec<&str> = cases.iter().map(|case| case.source.as_str()).collect();
    let files = files("fix-bugs", &sources);
    let output = convshape(&["fix"], &files);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("--- "), "shows no change: {output:?}");
    let document = document(&convshape(&["check", "--json"], &files));
    let repaired = |file: &&PathBuf| findings(&document, file, "error").is_empty();
    let count = files.iter().filter(repaired).count();
    let open: Vec<&str> =
        cases.iter().zip(&files).filter(|(_, file)| !repaired(file)).map(|(case, _)| case.id.as_str()).collect();
    eprintln!("{count} of {} repaired, not: {open:?}", cases.len());
    assert!(count * 100 >= cases.len() * REPAIRED, "only {count} of {} repaired, not: {open:?}", cases.len());
}

const WRONG: &str = "\
convshape::conv_chain! {
    struct Ae {
        block Down(c) { d: Conv2d(c, kernel: 3, stride: 2, padding: 1); }
        input: x [1, 28, 28];
        enc: Conv2d(1 -> 16, kernel_size: 3, stride: 2, padding: 1, ); // a comment
        ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1) restores enc;
        output: [1, 28, 28];
    }
}
";

#[test]
fn a_fix_changes_nothing_else() {
    let files = files("fix-one", &[WRONG]);
    let dry = convshape(&["fix", "--dry-run"], &files);
    assert_eq!(fs::read_to_string(&files[0]).ok().as_deref(), Some(WRONG));
    let output = convshape(&["fix"], &files);
    assert_eq!(dry.stdout, output.stdout);
    let fixed = fs::read_to_string(&files[0]).expect("the file");
    let changed = WRONG.lines().zip(fixed.lines()).filter(|(before, after)| before != after);
    let changed: Vec<&str> = changed.map(|(_, after)| after.trim()).collect();
    let expected = "ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1) restores enc;";
    assert_eq!(changed[0], expected);
}

#[test]
fn a_missing_output_is_what_comes_out() {
    let text = "convshape::conv_chain! {
    struct A {
        input: [3, 28, 28];
        a: Conv2d(3 -> 8, kernel: 3);
    }
}
";
    let files = files("fix-output", &[text]);
    let output = convshape(&["fix"], &files);
    assert!(output.status.success(), "{output:?}");
    let fixed = fs::read_to_string(&files[0]).unwrap_or_default();
    let last = "kernel: 3);\n";
    assert_eq!(fixed, text.replace(last, &format!("{last}        output: [8, 26, 26];\n")));
}

#[test]
fn an_activation_without_its_field_stays_in_its_layer() {
    let text = "convshape::conv_chain! {
    struct A {
        input: [1, 28, 28];
        conv1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, Relu);
        output: [16, 14, 14];
    }
}
";
    let files = files("fix-activation", &[text]);
    let output = convshape(&["fix"], &files);
    assert!(output.status.success(), "{output:?}");
    let fixed = fs::read_to_string(&files[0]).unwrap_or_default();
    assert_eq!(fixed, text.replace("Relu", "activation: Relu"));
}

#[test]
fn words_of_a_framework_get_their_values() {
    let text = "convshape::conv_chain! {
    struct A {
        dialect: jax;
        input: [2, 10, 8];
        layer: ConvGeneralDilated2d(2 -> 2, kernel: (2, 4), window_strides: (1, 1), padding: valid, feature_group_count: -1);
        output: [2, 9, 5];
    }
}
";
    let files = files("fix-words", &[text]);
    let output = convshape(&["fix"], &files);
    assert!(output.status.success(), "{output:?}");
    let fixed = fs::read_to_string(&files[0]).unwrap_or_default();
    assert_eq!(fixed, text.replace("feature_group_count: -1", "feature_group_count: 1"));
}

#[test]
fn a_corrected_word_uncovers_the_next_error() {
    let text = "convshape::conv_chain! {
    struct A { input: [3, 8, 8]; c: Conv2d(4 -> 8, kernal: 3); Relux; output: [8, 6, 6]; }
}
";
    let files = files("fix-next", &[text]);
    let output = convshape(&["fix"], &files);
    assert!(output.status.success(), "{output:?}");
    let fixed = fs::read_to_string(&files[0]).unwrap_or_default();
    assert_eq!(fixed, text.replace("4 -> 8, kernal", "3 -> 8, kernel").replace("Relux", "Relu"));
}

#[test]
fn a_summary_says_that_a_chain_is_wrong() {
    let chain = |channels| {
        format!(
            "conv_chain! {{ struct A {{ input: [3, 8]; c: Conv1d({channels} -> 8, kernel: 3); output: [8, 6]; }} }}"
        )
    };
    let files = files("summary", &[chain(3), chain(4)]);
    let [right, wrong] = [0, 1].map(|file| convshape(&["summary"], &files[file..=file]));
    assert!(right.status.success() && right.stderr.is_empty(), "{right:?}");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`cargo convshape check`"), "{wrong:?}");
}

#[test]
fn what_const_evaluation_checks_is_listed_apart() {
    let text = "convshape::conv_chain! {
    struct A<const H: usize> { input: [1, H, 12]; c: Conv2d(1 -> cfg::C, kernel: 3); output: [cfg::C, _, _]; }
}";
    let output = convshape(&["check", "--json"], &files("check-const", &[text]));
    assert!(output.status.success());
    let document = document(&output);
    let names: Vec<&str> =
        array(&document, "const_evaluation").iter().filter_map(|open| open["name"].as_str()).collect();
    assert_eq!((array(&document, "findings").len(), names), (0, vec!["c", "output"]));
}

#[test]
fn only_chains_that_compile_are_looked_at() {
    let wrong = "conv_chain! { struct A { input: [1]; Relux; output: [1]; } }";
    let cases = [
        format!("macro_rules! make {{ ($n:ident) => {{ {wrong} }} }}"),
        format!("fn f() {{ quote! {{ {wrong} }}; }}"),
        format!("/// {wrong}\nfn f() {{}}\n// {wrong}\n"),
        format!("const TEXT: &str = \"{wrong}\";"),
    ];
    let files = files("check-templates", &cases);
    let output = convshape(&["check"], &files);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0 chains: 0 errors, 0 warnings\n");
}

#[test]
fn places_count_from_the_start_of_the_file() {
    let wrong = "conv_chain! { struct A { input: [1]; Relux; output: [1]; } }";
    let cases = [format!("\u{feff}{wrong}"), format!("#!/usr/bin/env -S 'it is\n{wrong}"), format!("\r\n{wrong}")];
    let files = files("check-start", &cases);
    let document = document(&convshape(&["check", "--json"], &files));
    for (finding, text) in array(&document, "findings").iter().zip(&cases) {
        let byte = |key: &str| usize::try_from(finding["span"][key].as_u64().unwrap_or(0)).unwrap_or(0);
        assert_eq!(&text[byte("byte_start")..byte("byte_end")], "Relux");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let broken = files("check-broken", &["fn f() { \"", "fn f() {}\n )"]);
    for file in broken.iter().chain([&PathBuf::from("nowhere.rs")]) {
        let output = convshape(&["check"], std::slice::from_ref(file));
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(file.to_str().unwrap_or_default()), "{output:?}");
    }
    let quoted = "conv_chain! { struct N { input: [4]; Linear(4 -> 2, activation='relu'); output: [2]; } }";
    let output = convshape(&["check"], &files("check-quotes", &[quoted]));
    let expected = "line 1, column 64: this is not Rust: write `\"relu\"`, in double quotes";
    assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    let output = convshape(&["weights"], &broken[..1]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(": not a safetensors file: "), "{output:?}");
}

/// A module pasted from PyTorch becomes statements, line by line, and remaining mistakes are fixed too.
#[test]
fn lines_of_python_are_written_anew() {
    let text = "convshape::conv_chain! {
    struct Net {
        input: [1, 28, 28];
        #[name = \"features.0\"]
        c: Conv2d(1, 8, 3, stride=2) -> [8, 13, 13]; // kept
        /* kept */ up: nn.ConvTranspose2d(8, 1, 3, 2)
            restores c;
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        repeat 2 { Conv2d(4, 4, kernel=3, padding=1); F.relu(); }
        output: [4, 28, 28];
    }
}
";
    let files = files("fix-python", &[text]);
    let output = convshape(&["fix"], &files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let fixed = fs::read_to_string(&files[0]).unwrap_or_default();
    for line in [
        "#[name = \"features.0\"]\n        c: Conv2d(1 -> 8, kernel: 3, stride: 2) -> [8, 13, 13]; // kept\n",
        "/* kept */ up: ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, output_padding: 1) restores c;\n",
        "        conv1: Conv2d(1 -> 4, kernel: 3, padding: 1);\n",
        "        relu: ReLU;\n",
        "repeat 2 { Conv2d(4 -> 4, kernel: 3, padding: 1); Relu; }\n",
    ] {
        assert!(fixed.contains(line), "{line}\n{fixed}");
    }
}

/// The lines of `nn.Sequential(..)` end with commas. One error shows them, and the fix of their shapes follows.
#[test]
fn lines_with_commas_are_written_anew() {
    let text = "convshape::conv_chain! {
    struct Net {
        input: [1, 28, 28];
        nn.Conv2d(1, 8, 3, stride=2),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 1, 3, stride=2),
        nn.Tanh()
        output: [1, 28, 28];
    }
}
";
    let files = files("fix-sequential", &[text]);
    let output = convshape(&["fix"], &files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let fixed = fs::read_to_string(&files[0]).unwrap_or_default();
    for line in [
        "        Conv2d(1 -> 8, kernel: 3, stride: 2);\n        ReLU;\n",
        "        ConvTranspose2d(8 -> 1, kernel: 3, stride: 2, output_padding: 1);\n        Tanh;\n",
    ] {
        assert!(fixed.contains(line), "{line}\n{fixed}");
    }
}

/// Fixes outside of layers: the arguments of a block, a header, the order of statements, a port without brackets.
#[test]
fn fixes_of_uses_headers_orders_and_ports() {
    let chain = |body: &str| format!("convshape::conv_chain! {{\n    struct A {{\n        {body}\n    }}\n}}\n");
    let up = "block Up(from, to) { c: ConvTranspose2d(from -> to, kernel: 2, stride: 2); }\n        input: [64, 8, 8];\n        u1: Up(64, 32);";
    let cases = [
        (
            format!("{up}\n        u2: Up(64, 16);\n        output: [16, 32, 32];"),
            format!("{up}\n        u2: Up(32, 16);\n        output: [16, 32, 32];"),
        ),
        (
            "input: [28, 28, 1];\n        d: DepthwiseConv2D(kernel_size: 3);\n        output: [26, 26, 1];".to_owned(),
            "dialect: keras;\n        input: [28, 28, 1];\n        d: DepthwiseConv2D(kernel_size: 3);\n        output: [26, 26, 1];".to_owned(),
        ),
        (
            "input: [8, 4, 4];\n        flat: Flatten;\n        pool: MaxPool2d(2);\n        Linear(32 -> 10);\n        output: [10];".to_owned(),
            "input: [8, 4, 4];\n        pool: MaxPool2d(2);\n        flat: Flatten;\n        Linear(32 -> 10);\n        output: [10];".to_owned(),
        ),
        // One error reports both lines.
        (
            "input: [8];\n        Relus;\n        Linear(8 -> 4, bias: 0);\n        Relus;\n        output: [4];".to_owned(),
            "input: [8];\n        Relu;\n        Linear(8 -> 4, bias: false);\n        Relu;\n        output: [4];".to_owned(),
        ),
        // A use of a block without a name, and a statement of one branch.
        (
            "block B(from, to) { Conv2d(from -> to, kernel: 1); }\n        input: [8, 4, 4];\n        B(8, 16);\n        B(32, 4);\n        output: [4, 4, 4];".to_owned(),
            "block B(from, to) { Conv2d(from -> to, kernel: 1); }\n        input: [8, 4, 4];\n        B(8, 16);\n        B(16, 4);\n        output: [4, 4, 4];".to_owned(),
        ),
        (
            "block B(a, b) { if a == b { c: Conv2d(a -> b, kernel: 3, padding: 1); } else { c: Conv2d(a -> b, kernel: 3); } }\n        input: [8, 4, 4];\n        B(8, 8);\n        B(8, 4);\n        output: [4, 4, 4];".to_owned(),
            "block B(a, b) { if a == b { c: Conv2d(a -> b, kernel: 3, padding: 1); } else { c: Conv2d(a -> b, kernel: 3, padding: 1); } }\n        input: [8, 4, 4];\n        B(8, 8);\n        B(8, 4);\n        output: [4, 4, 4];".to_owned(),
        ),
        // Statements without their end, and with the end of a list.
        (
            "input: [8, 4, 4],\n        a: MaxPool2d(2)\n        Flatten,\n        Linear(32 -> 10)\n        output: [10]".to_owned(),
            "input: [8, 4, 4];\n        a: MaxPool2d(2);\n        Flatten;\n        Linear(32 -> 10);\n        output: [10];".to_owned(),
        ),
        (
            "input: [8];\n        x: Linear(8 -> 4);\n        x: Relu;\n        x: Linear(4 -> 2);\n        output: [2];".to_owned(),
            "input: [8];\n        x: Linear(8 -> 4);\n        x2: Relu;\n        x3: Linear(4 -> 2);\n        output: [2];".to_owned(),
        ),
        // What follows reads the last one, until the name is given again; a body's own names are its own.
        (
            "input: [8];\n        x: Linear(8 -> 4);\n        x: Linear(4 -> 4) from x;\n        r: repeat 2 { x: Linear(4 -> 4); Add(x, input); }\n        s: repeat 2 { l: Linear(4 -> 4); Add(l, x); }\n        x: Linear(4 -> 2) from x;\n        output: x [2];".to_owned(),
            "input: [8];\n        x: Linear(8 -> 4);\n        x2: Linear(4 -> 4) from x;\n        r: repeat 2 { x: Linear(4 -> 4); Add(x, input); }\n        s: repeat 2 { l: Linear(4 -> 4); Add(l, x2); }\n        x3: Linear(4 -> 2) from x2;\n        output: x3 [2];".to_owned(),
        ),
        // What only the shapes behind a layer say, and what another framework's layer can do.
        (
            "dialect: onnx;\n        input: [3, 8, 8];\n        Conv(kernel_shape: [3, 3]);\n        Conv(16 -> 4, kernel_shape: [3, 3]);\n        output: [4, 4, 4];".to_owned(),
            "dialect: onnx;\n        input: [3, 8, 8];\n        Conv(16, kernel_shape: [3, 3]);\n        Conv(16 -> 4, kernel_shape: [3, 3]);\n        output: [4, 4, 4];".to_owned(),
        ),
        (
            "dialect: onnx;\n        input: [48];\n        Gemm;\n        output: [10];".to_owned(),
            "dialect: onnx;\n        input: [48];\n        Gemm(10);\n        output: [10];".to_owned(),
        ),
        (
            "dialect: keras;\n        input: [16, 16, 8];\n        UpSampling2D(1.5);\n        output: [24, 24, 8];".to_owned(),
            "dialect: keras;\n        input: [16, 16, 8];\n        Upsample(1.5, dialect: torch);\n        output: [24, 24, 8];".to_owned(),
        ),
        (
            "input: [1, 8, 8];\n        pool: MaxPool2d(2);\n        MaxUnpool2d(2, stride: 2);\n        output: [1, 8, 8];".to_owned(),
            "input: [1, 8, 8];\n        pool: MaxPool2d(2);\n        MaxUnpool2d(undo pool);\n        output: [1, 8, 8];".to_owned(),
        ),
        // Words of keras in lines of Python.
        (
            "input: [1, 28, 28];\n        Conv2D(32, 3, padding=\"same\");\n        MaxPooling2D(2);\n        Flatten;\n        Dense(10);\n        output: [10];".to_owned(),
            "dialect: keras;\n        input: [28, 28, 1];\n        Conv2D(32, kernel_size: 3, padding: \"same\");\n        MaxPooling2D(2);\n        Flatten;\n        Dense(10);\n        output: [10];".to_owned(),
        ),
        (
            "input: [8, 4, 4];\n        c: Conv2d(8 -> 4, 3, BatchNorm, Relu);\n        output: [4, 2, 2];".to_owned(),
            "input: [8, 4, 4];\n        Conv2d(8 -> 4, kernel: 3);\n        BatchNorm;\n        c: Relu;\n        output: [4, 2, 2];".to_owned(),
        ),
        (
            "input: 784;\n        Linear(784 -> 10);\n        output: [10];".to_owned(),
            "input: [784];\n        Linear(784 -> 10);\n        output: [10];".to_owned(),
        ),
    ];
    let texts: Vec<String> = cases.iter().map(|(wrong, _)| chain(wrong)).collect();
    let files = files("fix-uses", &texts);
    let output = convshape(&["fix"], &files);
    for (file, (_, right)) in files.iter().zip(&cases) {
        assert_eq!(fs::read_to_string(file).unwrap_or_default(), chain(right), "{output:?}");
    }
}

#[test]
fn a_printed_model_becomes_statements() {
    let text = "convshape::conv_chain! {
    struct Net {
        input: [1, 28, 28];
        Sequential(
          (conv): Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), bias=False)
          (1): ReLU(inplace=True)
          (2): Linear(in_features=5408, out_features=10, bias=True)
        )
        output: [10];
    }
}
";
    let files = files("fix-printed", &[text]);
    convshape(&["fix"], &files);
    let fixed = fs::read_to_string(&files[0]).expect("the file");
    let lines: Vec<&str> = fixed.lines().map(str::trim).collect();
    let statements = [
        "conv: Conv2d(1 -> 8, kernel_size: (3, 3), stride: (1, 1), bias: false);",
        "ReLU;",
        "Flatten;",
        "Linear(5408 -> 10, bias: true);",
    ];
    assert_eq!(lines[3..7], statements);
}

#[test]
fn a_block_is_moved_and_a_name_given_thrice_is_told_apart() {
    let text = "convshape::conv_chain! {
    struct Net {
        input: [8, 28, 28];
        block Keep(c) { Conv2d(c, kernel: 3, padding: 1); Relu; }
        x: Keep(8);
        x: Keep(8) from x;
        x: Keep(8) from x;
        output: x [8, 28, 28];
    }
}
";
    let files = files("fix-places", &[text]);
    convshape(&["fix"], &files);
    let fixed = fs::read_to_string(&files[0]).expect("the file");
    let lines: Vec<&str> = fixed.lines().map(str::trim).collect();
    assert!(lines[2].starts_with("block Keep"), "{fixed}");
    assert_eq!(lines[5..8], ["x2: Keep(8) from x;", "x3: Keep(8) from x2;", "output: x3 [8, 28, 28];"]);
}

#[test]
fn an_output_is_changed_and_not_the_statement_of_its_name() {
    let text = "convshape::conv_chain! {
    struct Net {
        input: [3, 8, 8];
        mask: Conv2d(3 -> 1, kernel: 1);
        GlobalAvgPool from input;
        class: Linear(3 -> 5);
        output: mask [5], class [1, 8, 8];
    }
}
";
    let files = files("fix-outputs", &[text]);
    convshape(&["fix"], &files);
    let fixed = fs::read_to_string(&files[0]).expect("the file");
    assert_eq!(fixed, text.replace("mask [5], class [1, 8, 8]", "mask [1, 8, 8], class [5]"));
}

#[test]
fn comments_of_python_become_comments() {
    let text = "convshape::conv_chain! {
    struct Net {
        # the input
        input: [3, 8, 8];
        /// The stem.
        conv: Conv2d(3 -> 1, kernel: 1); # one number for each pixel
        output: [1, 8, 8];
    }
}
";
    let files = files("fix-comments", &[text]);
    convshape(&["fix"], &files);
    let fixed = fs::read_to_string(&files[0]).expect("the file");
    assert_eq!(fixed, text.replace('#', "//"));
}
