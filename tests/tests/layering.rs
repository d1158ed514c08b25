//! The library's rooms import each other in one direction only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `convshape/src` from the ground up: each may use those before it.
const ROOMS: [&str; 9] = ["docs", "graph", "model", "reference", "cpu", "weights", "methods", "train", "typed"];

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

/// The modules at the crate's root that a file imports, ignoring comments and unit tests.
fn used(source: &str) -> BTreeSet<String> {
    let code = source.split("\n#[cfg(test)]\nmod ").next().unwrap_or(source);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut used = BTreeSet::new();
    for line in lines {
        for (place, _) in line.match_indices("crate::") {
            // `$crate` is a path for other crates.
            if !line[..place].ends_with('$') {
                let rest = &line[place + "crate::".len()..];
                used.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    used
}

#[test]
fn rooms_use_what_is_below_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../convshape/src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut upward = Vec::new();
    for file in files {
        let path = file.strip_prefix(&folder).expect("a file of the folder");
        let room = path.iter().next().expect("a name").to_string_lossy().replace(".rs", "");
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "test_model.rs");
        if room == "lib" || is_test {
            continue;
        }
        let level = |room: &str| ROOMS.iter().position(|known| *known == room);
        let own = level(&room).unwrap_or_else(|| panic!("`{room}` is not in the list of rooms"));
        let used = used(&fs::read_to_string(&file).expect("a source file"));
        upward.extend(
            used.iter()
                .filter(|used| level(used).is_some_and(|level| level > own))
                .map(|used| format!("{} uses `crate::{used}`", path.display())),
        );
    }
    assert!(upward.is_empty(), "rooms above them: {upward:#?}");
}

#[test]
fn the_library_has_few_rooms() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../convshape/src");
    let entries = fs::read_dir(folder).expect("the library's sources").count();
    assert!(entries <= 18, "{entries} files and folders");
}
