//! The library's rooms, and the stages of the front end, import each other in one direction only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use convshape_tests::modules::{circle, repeated_types, rooms as rooms_of, sources, uses};

/// The rooms of `convshape/src` from the ground up: each may use those before it.
const ROOMS: [&str; 9] = ["docs", "graph", "model", "reference", "cpu", "weights", "methods", "train", "typed"];

/// The rooms of the front end in the order of its stages. `diagnose` is missing: every stage reports through it, and it
/// words what every stage finds.
const STAGES: [&str; 21] = [
    "unseen", "fields", "syntax", "fault", "words", "numbers", "value", "parse", "graph", "check", "resolve", "fix",
    "data", "weights", "groups", "expand", "inspect", "lints", "port", "rewrite", "same",
];

/// The lines of code, without comments and the unit tests at the end.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(source);
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The imports of a folder's rooms from later ones. Rooms that are not in the list may use any, and be used by any.
fn upward(folder: &str, rooms: &[&str]) -> Vec<String> {
    let level =
        |file: &str| rooms.iter().position(|room| file.split('/').next().unwrap_or(file).replace(".rs", "") == *room);
    let mut upward = Vec::new();
    for (file, used) in uses(&root().join(folder)) {
        let later = used.iter().filter(|(used, _)| level(&file).is_some_and(|own| level(used) > Some(own)));
        upward.extend(later.map(|(used, path)| format!("{file} uses {used} (`{path}`)")));
    }
    upward
}

/// The files and folders at the first level of a folder of sources.
fn rooms(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder))
        .expect("a folder of sources")
        .map(|entry| entry.expect("an entry").file_name());
    entries.map(|name| name.to_string_lossy().replace(".rs", "")).collect()
}

#[test]
fn rooms_use_what_is_below_them() {
    assert_eq!(upward("convshape/src", &ROOMS), [""; 0]);
    let known = ROOMS.into_iter().chain(["lib"]).map(str::to_owned).collect();
    assert_eq!(rooms("convshape/src"), known);
}

#[test]
fn stages_use_earlier_ones() {
    assert_eq!(upward("convshape-macros/front/src", &STAGES), [""; 0]);
    let known = STAGES.into_iter().chain(["lib", "diagnose", "fuzz"]).map(str::to_owned).collect();
    assert_eq!(rooms("convshape-macros/front/src"), known);
}

/// The folders of sources of all crates, those with a workspace of their own too.
fn crates(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("Cargo.toml").exists() && folder.join("src").exists() {
        found.push(folder.join("src"));
    }
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') && !["target", "src"].contains(&name.as_str()) {
            crates(&entry.path(), found);
        }
    }
}

/// The folders of sources of all crates, from the project's folder.
fn all_crates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    crates(&root(), &mut folders);
    let root = root();
    let folders: Vec<PathBuf> =
        folders.iter().map(|folder| folder.strip_prefix(&root).expect("in the project").to_owned()).collect();
    for known in [
        "convshape/src",
        "convshape/arith/src",
        "convshape-macros/front/src",
        "convshape/cli/src",
        "convshape/onnx/src",
    ] {
        assert!(folders.contains(&PathBuf::from(known)), "{known} is missing in {folders:?}");
    }
    folders
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = all_crates()
        .into_iter()
        .filter_map(|folder| Some(format!("{}: {}", folder.display(), circle(&uses(&root().join(&folder)))?)));
    assert_eq!(circles.collect::<Vec<String>>(), [""; 0]);
}

/// Two interfaces may each have a name: `typed` is one of its own, and `docs` has the words of the language.
#[test]
fn a_type_name_is_once_in_a_crate() {
    let interface = |file: &str| ["typed", "docs"].into_iter().find(|room| file.split(['/', '.']).next() == Some(room));
    // The comparison has each peer's types in a file of their own.
    let is_compared = |folder: &PathBuf| folder.starts_with("convshape/benches/compare");
    let mut repeated = Vec::new();
    for folder in all_crates().into_iter().filter(|folder| !is_compared(folder)) {
        for (name, files) in repeated_types(&root().join(&folder)) {
            let interfaces: BTreeSet<_> = files.iter().map(|file| interface(file)).collect();
            if interfaces.len() < files.len() {
                repeated.push(format!("{}: {name} in {files:?}", folder.display()));
            }
        }
    }
    assert_eq!(repeated, [""; 0]);
}

/// A folder is one with the file of its name. `rooms_use_what_is_below_them` and `stages_use_earlier_ones` hold the
/// first levels.
#[test]
fn no_folders_use_each_other_in_a_circle() {
    let front = "convshape-macros/front/src";
    for (folder, within) in [
        ("convshape/src", "cpu"),
        ("convshape/src", "cpu/train"),
        ("convshape/src", "methods"),
        ("convshape/src", "train"),
        (front, "diagnose"),
        (front, "fix"),
        (front, "words"),
    ] {
        let inside = rooms_of(&uses(&root().join(folder)), within);
        assert!(inside.len() > 2, "{folder}/{within} has no files that use each other");
        assert_eq!(circle(&inside), None, "{folder}/{within}");
    }
}

#[test]
fn the_library_has_few_rooms() {
    let entries = fs::read_dir(root().join("convshape/src")).expect("the library's sources").count();
    assert!(entries <= 18, "{entries} files and folders");
}

/// The folders of the arithmetic, the front end and the library, and those of the back ends.
const OWN: [&str; 3] = ["convshape/arith/src", "convshape-macros/front/src", "convshape/src"];
const BACK_ENDS: [&str; 2] = ["convshape/onnx/src", "convshape/burn/src"];

/// The files of folders whose code has a word.
fn files_with(folders: &[&str], word: &str) -> Vec<String> {
    let root = root();
    let mut files = Vec::new();
    for folder in folders {
        sources(&root.join(folder), &mut files);
    }
    let has_word = |path: &Path| {
        let source = fs::read_to_string(path).expect("a source file");
        code(&source).any(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word))
    };
    let with = files.iter().filter(|path| has_word(path)).map(|path| path.strip_prefix(&root).expect("in the project"));
    let is_test = |path: &&Path| path.iter().any(|part| part == "tests" || part == "tests.rs");
    let mut with: Vec<String> = with.filter(|path| !is_test(path)).map(|path| path.display().to_string()).collect();
    with.sort();
    with
}

/// The recipes of CONTRIBUTING: a layer with parameters, whose kernel is the fifth file, and an activation, whose code
/// over vectors in `math.rs` makes it fast but is not needed. Then what each back end does with them.
#[test]
fn a_layer_is_in_five_files() {
    assert_eq!(
        files_with(&OWN, "Snake"),
        [
            "convshape-macros/front/src/words/layers/activation.rs",
            "convshape/arith/src/layer.rs",
            "convshape/arith/src/op.rs",
            "convshape/src/reference/kernels.rs",
        ]
    );
    assert_eq!(
        files_with(&OWN, "Mish"),
        [
            "convshape-macros/front/src/words/layers/activation.rs",
            "convshape/arith/src/op/activation.rs",
            "convshape/src/cpu/math.rs",
            "convshape/src/reference/kernels/activation.rs",
        ]
    );
    assert_eq!(
        files_with(&BACK_ENDS, "Snake"),
        ["convshape/burn/src/lower.rs", "convshape/onnx/src/export/layers.rs", "convshape/onnx/src/import/words.rs"]
    );
    assert_eq!(
        files_with(&BACK_ENDS, "Mish"),
        [
            "convshape/burn/src/lower/activation.rs",
            "convshape/onnx/src/export/layers.rs",
            "convshape/onnx/src/import/activation.rs",
            "convshape/onnx/src/import/words.rs",
        ]
    );
}
