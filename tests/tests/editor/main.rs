//! Chains in an editor: the test drives rust-analyzer as an editor does. It is looked for in the variable
//! `RUST_ANALYZER` and in `PATH`; without it nothing is tested.
#![expect(clippy::print_stderr, reason = "says why a test is skipped")]

mod lsp;

use std::fs;
use std::path::{Path, PathBuf};

use lsp::Editor;

const CHAIN: &str = "\
use convshape::conv_chain;

conv_chain! {
    /// Small pictures.
    pub struct Ae {
        /// Two convolutions.
        block Twice(wide) {
            c1: Conv2d(wide, kernel: 3, padding: same);
            r1: Relu;
            Add(c1, input);
        }

        input: [1, 28, 28];

        /// Sees the edges.
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, 14, 14];
        r3: Relu;
        twice: Twice(16);
        more: repeat 2 { c: Conv2d(16, kernel: 3, padding: 1, activation: LeakyRelu(0.2)); Add(c, r3); }
        Sigmoid;
        back: Conv2d(16, kernel: 3, padding: 1) from r3;
        Concat(enc1, back);
        Conv2d(16, kernel: 1);
        dec1: ConvTranspose2d(undo enc1) restores enc1;

        output: [1, 28, 28];
    }
}

pub fn first(model: &Ae) -> usize {
    model.enc1.weight.as_slice().len() + model.twice.c1.weight.as_slice().len()
}
";

#[test]
fn rust_analyzer() {
    let Some(program) = lsp::find() else {
        eprintln!("skipped: no rust-analyzer in PATH or RUST_ANALYZER");
        return;
    };
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let crate_dir = scratch(tmp);
    let editor = Editor::open(&program, &crate_dir, &tmp.join("editor-target"));
    let mut test = Test { editor, wrong: Vec::new() };
    test.names();
    test.words();
    test.definitions();
    test.renaming();
    test.half_typed();
    assert!(test.wrong.is_empty(), "{}", test.wrong.join("\n\n"));
}

/// Collects all failures and reports them at the end, because starting the server takes longest.
struct Test {
    editor: Editor,
    wrong: Vec<String>,
}

fn scratch(tmp: &Path) -> PathBuf {
    let dir = tmp.join("editor");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let convshape = workspace.join("convshape").canonicalize().expect("the library");
    fs::create_dir_all(dir.join("src")).expect("a directory");
    fs::copy(workspace.join("Cargo.lock"), dir.join("Cargo.lock")).expect("the lock file");
    let manifest = format!(
        "[package]\nname = \"editor\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         convshape = {{ path = {convshape:?} }}\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).expect("the manifest");
    fs::write(dir.join("src/lib.rs"), CHAIN).expect("the source");
    dir
}

impl Test {
    fn expect(&mut self, right: bool, what: String) {
        if !right {
            self.wrong.push(what);
        }
    }

    fn shows(&mut self, place: &str, texts: &[&str]) {
        let shown = self.editor.hover(place);
        for text in texts {
            let times = shown.matches(text).count();
            self.expect(times == 1, format!("on `{place}`, `{text}` is there {times} times:\n{shown}"));
        }
    }

    /// On a layer's name: the user's docs, the layer, its shapes, its cost.
    fn names(&mut self) {
        let enc1 = ["Sees the edges.", "`Conv2d`: `[1, 28, 28] -> [16, 14, 14]`, 160 parameters, 28,224 MACs"];
        self.shows("en|c1: Conv2d", &enc1);
        self.shows("restores en|c1", &enc1);
        self.shows("undo en|c1", &enc1);
        self.shows("Concat(en|c1", &enc1);
        self.shows("model.en|c1", &enc1);
        self.shows("r|3: Relu", &["`Relu`: `[16, 14, 14] -> [16, 14, 14]`, 0 parameters"]);
        self.shows("from r|3", &["`Relu`: `[16, 14, 14] -> [16, 14, 14]`"]);
        self.shows(" c|1: Conv2d", &["`Conv2d`: `[16, 14, 14] -> [16, 14, 14]`, 2,320 parameters"]);
        self.shows("r|1: Relu", &["`Relu`: `[16, 14, 14] -> [16, 14, 14]`"]);
        self.shows("tw|ice: Twice", &["The parameters of `twice`."]);
        self.shows("{ |c: Conv2d", &["2,320 parameters"]);
        self.shows("Sig|moid", &["`1 / (1 + exp(-x))`", "`Sigmoid`: `[16, 14, 14] -> [16, 14, 14]`"]);
        self.shows("in|put: [1, 28, 28]", &["An input of the chain: `[1, 28, 28]`"]);
    }

    /// On a word of the language: its meaning.
    fn words(&mut self) {
        self.shows("enc1: Con|v2d", &["convolution: `Conv2d(1 -> 16, kernel: 3)`"]);
        self.shows("str|ide: 2", &["stride of the window per axis"]);
        self.shows("16, ker|nel: 3, stride", &["size of the kernel per axis"]);
        self.shows("activ|ation: LeakyRelu", &["the activation applied to the result"]);
        self.shows("Leaky|Relu", &["`x` above zero, `slope * x` below"]);
        self.shows("fr|om r3", &["reads the named statement, not the previous one"]);
        self.shows("rest|ores enc1", &["requires the output shape to be the named layer's input shape"]);
        self.shows("un|do enc1", &["the exact reverse of the named layer"]);
        self.shows("rep|eat 2", &["repeats statements that keep their shape"]);
        self.shows("blo|ck Twice", &["a group of statements with parameters, used like a layer"]);
        self.shows("out|put: [1", &["the chain's output shape"]);
        self.shows("twice: Twi|ce", &["Two convolutions."]);
        self.shows("padding: sa|me", &["as many rows as it takes to get"]);
    }

    fn definitions(&mut self) {
        for (place, line) in [
            ("restores en|c1", "enc1: Conv2d(1 -> 16"),
            ("undo en|c1", "enc1: Conv2d(1 -> 16"),
            ("Concat(en|c1", "enc1: Conv2d(1 -> 16"),
            ("model.en|c1", "enc1: Conv2d(1 -> 16"),
            ("from r|3", "r3: Relu;"),
            ("Add(c, r|3)", "r3: Relu;"),
            ("Add(c|1", "c1: Conv2d(wide"),
            ("Conv2d(wi|de", "wide) {"),
            ("twice: Twi|ce", "Twice(wide) {"),
        ] {
            let found = self.editor.definition(place);
            self.expect(found.iter().any(|found| found.starts_with(line)), format!("`{place}` leads to {found:?}"));
        }
        let found = self.editor.definition("enc1: Con|v2d");
        self.expect(found.contains(&"layers.rs".to_owned()), format!("`Conv2d` leads to {found:?}"));
    }

    fn renaming(&mut self) {
        for (place, name, count) in [
            ("en|c1: Conv2d", "enc1", 5),
            ("restores en|c1", "enc1", 5),
            ("model.en|c1", "enc1", 5),
            ("from r|3", "r3", 3),
            ("r|3: Relu", "r3", 3),
            (" |c1: Conv2d", "c1", 3),
            ("Conv2d(wi|de", "wide", 2),
            ("twice: Twi|ce", "Twice", 2),
        ] {
            let renamed = self.editor.rename(place, "other").unwrap_or_else(|e| e);
            let whole = |text: &str, name: &str| {
                text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| *word == name).count()
            };
            let (new, old) = (whole(&renamed, "other"), whole(&renamed, name));
            self.expect(new == count && old == 0, format!("`{place}` renamed:\n{renamed}"));
        }
    }

    /// A half-typed line: the rest keeps working, and completions are offered.
    fn half_typed(&mut self) {
        for (line, place, offered) in [
            ("x1: Conv2d(16 -> 32, ker", "32, ker|", "kernel"),
            ("x1: Conv2d(16 -> 32, kernel: 3, str", "3, str|\n", "stride"),
            ("x1: Conv2d(16 -> 32, kernel: 3, str);", "3, str|);", "stride"),
            ("x1: MaxP", "x1: MaxP|", "MaxPool2d"),
            ("x1: MaxP;", "x1: MaxP|", "MaxPool2d"),
            ("MaxP", " MaxP|\n", "MaxPool2d"),
            ("x1: Relu from en", "from en|\n", "enc1"),
            ("x1: Relu from en;", "from en|;", "enc1"),
            ("x1: Concat(en", "Concat(en|\n", "enc1"),
            ("x1: Relu from r;", "from r|;", "r3"),
            ("x1: Conv2d(16, kernel: 3, activation: Lea);", "activation: Lea|)", "LeakyRelu"),
        ] {
            let marker = "        Sigmoid;\n";
            self.editor.write(&CHAIN.replace(marker, &format!("{marker}        {line}\n")));
            let found = self.editor.completion(place);
            self.expect(found.iter().any(|found| found == offered), format!("`{line}` offers {found:?}"));
            // Nothing internal, and no layer where a field or an activation stands.
            let wrong =
                |found: &&String| found.starts_with("__") || line.contains("kernel: 3") && *found == "MaxPool2d";
            let wrong = found.iter().find(wrong);
            self.expect(wrong.is_none(), format!("`{line}` offers {wrong:?} among {}", found.len()));
            self.shows("en|c1: Conv2d", &["Sees the edges.", "160 parameters, 28,224 MACs"]);
            self.shows("model.en|c1", &["Sees the edges."]);
        }
    }
}
