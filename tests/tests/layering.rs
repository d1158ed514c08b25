//! The library's rooms, and the stages of the front end, import each other in one direction only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `convshape/src` from the ground up: each may use those before it.
const ROOMS: [&str; 9] = ["docs", "graph", "model", "reference", "cpu", "weights", "methods", "train", "typed"];

/// The rooms of the front end in the order of its stages. `diagnose` is missing: every stage reports through it, and it
/// words what every stage finds.
const STAGES: [&str; 21] = [
    "unseen", "fields", "syntax", "fault", "words", "numbers", "value", "parse", "graph", "check", "resolve", "fix",
    "data", "weights", "groups", "expand", "inspect", "lints", "port", "rewrite", "same",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines of code, without comments and the unit tests at the end.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(source);
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The modules at the crate's root that a file imports.
fn used(source: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for line in code(source) {
        for (place, _) in line.match_indices("crate::") {
            // `$crate` is a path for other crates.
            if !line[..place].ends_with('$') {
                let rest = &line[place + "crate::".len()..];
                let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                match rest.strip_prefix('{') {
                    Some(list) => used.extend(list.split(", ").map(word)),
                    None => {
                        used.insert(word(rest));
                    }
                }
            }
        }
    }
    used
}

/// The imports of a folder's rooms from later ones. Rooms that are not in the list may use any, and be used by any.
fn upward(folder: &str, rooms: &[&str]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let level = |room: &str| rooms.iter().position(|known| *known == room);
    let mut upward = Vec::new();
    for file in files {
        let path = file.strip_prefix(&folder).expect("a file of the folder");
        let room = path.iter().next().expect("a name").to_string_lossy().replace(".rs", "");
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "test_model.rs");
        let Some(own) = level(&room).filter(|_| !is_test) else { continue };
        let used = used(&fs::read_to_string(&file).expect("a source file"));
        let later = used.iter().filter(|used| level(used).is_some_and(|level| level > own));
        upward.extend(later.map(|used| format!("{} uses `crate::{used}`", path.display())));
    }
    upward
}

/// The files and folders at the first level of a folder of sources.
fn rooms(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let entries = fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("an entry").file_name());
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
    // The reference reads examples with all stages; only tests write it.
    let upward = upward("convshape-macros/front/src", &STAGES);
    let upward: Vec<&String> = upward.iter().filter(|one| !one.starts_with("words/reference")).collect();
    assert_eq!(upward, [""; 0]);
    let known = STAGES.into_iter().chain(["lib", "diagnose", "fuzz"]).map(str::to_owned).collect();
    assert_eq!(rooms("convshape-macros/front/src"), known);
}

#[test]
fn the_library_has_few_rooms() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../convshape/src");
    let entries = fs::read_dir(folder).expect("the library's sources").count();
    assert!(entries <= 18, "{entries} files and folders");
}

/// The files of the arithmetic, the front end and the library whose code has a word.
fn files_with(word: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["convshape/arith/src", "convshape-macros/front/src", "convshape/src"] {
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
/// over vectors in `math.rs` makes it fast but is not needed.
#[test]
fn a_layer_is_in_five_files() {
    assert_eq!(
        files_with("Snake"),
        [
            "convshape-macros/front/src/words/layers/activation.rs",
            "convshape/arith/src/layer.rs",
            "convshape/arith/src/op.rs",
            "convshape/src/reference/kernels.rs",
        ]
    );
    assert_eq!(
        files_with("Mish"),
        [
            "convshape-macros/front/src/words/layers/activation.rs",
            "convshape/arith/src/op/activation.rs",
            "convshape/src/cpu/math.rs",
            "convshape/src/reference/kernels/activation.rs",
        ]
    );
}
