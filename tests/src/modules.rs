//! What the files of a crate use of each other: read from their `use` lines and from every path in their code.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The most imports that lead to one item, each through the one before.
const MOST_IMPORTS: usize = 8;

/// A module, or an item: the names from the crate's root on.
type Names = Vec<String>;

/// The modules of a crate without its unit tests.
#[derive(Default)]
struct Modules {
    /// The file of each module.
    files: HashMap<Names, String>,
    /// The items that modules define.
    items: HashSet<Names>,
    /// The path of each name that a module imports.
    imports: HashMap<Names, Names>,
    /// The paths of a module's imports that end in `*`.
    globs: HashMap<Names, Vec<Names>>,
    /// Every path in a module.
    paths: Vec<(Names, Names)>,
    /// The modules of unit tests.
    tests: Vec<Names>,
    /// The types and traits that modules define, without the types of traits.
    types: Vec<(Names, String)>,
}

/// For each file, the files of its crate that it uses, each with a path that says so.
pub type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The modules in a crate's folder of sources.
fn modules(folder: &Path) -> Modules {
    let mut files = Vec::new();
    sources(folder, &mut files);
    let mut modules = Modules::default();
    for file in files {
        let path = file.strip_prefix(folder).expect("a file of the folder");
        let mut module: Names =
            path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| last == "mod") || ["lib", "main"].contains(&module.join("/").as_str()) {
            module.pop();
        }
        let tokens: TokenStream = fs::read_to_string(&file).expect("a source file").parse().expect("Rust");
        modules.files.insert(module.clone(), path.display().to_string());
        modules.read(tokens, &module, false);
    }
    modules
}

/// The types and traits that more than one file in a crate's folder of sources defines, with these files.
#[must_use]
pub fn repeated_types(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let modules = modules(folder);
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, name) in modules.types.iter().filter(|(module, _)| !modules.is_test(module)) {
        types.entry(name.clone()).or_default().insert(modules.files[module].clone());
    }
    types.retain(|_, files| files.len() > 1);
    types
}

/// What the files in a crate's folder of sources use of each other.
#[must_use]
pub fn uses(folder: &Path) -> Uses {
    let modules = modules(folder);
    let mut uses = Uses::new();
    for (module, path) in modules.paths.iter().filter(|(module, _)| !modules.is_test(module)) {
        let Some(used) = modules.leads_to(module, path, MOST_IMPORTS) else { continue };
        if modules.files[module] != modules.files[&used] {
            let used_by = uses.entry(modules.files[module].clone()).or_default();
            used_by.entry(modules.files[&used].clone()).or_insert_with(|| path.join("::"));
        }
    }
    uses
}

/// The sources in a folder and the folders in it.
pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The shortest circle of files, each with the path by which it uses the next. A file may use those in the folder of its
/// name, and they may use it.
#[must_use]
pub fn circle(uses: &Uses) -> Option<String> {
    let nothing = BTreeMap::new();
    let used_by = |file: &str| {
        let file = file.to_owned();
        let others = uses.get(&file).unwrap_or(&nothing).iter();
        others.filter(move |(used, _)| !is_inside(used, &file) && !is_inside(&file, used))
    };
    let from = |start: &String| {
        let mut queue = VecDeque::from([(start.clone(), start.clone())]);
        let mut seen = HashSet::new();
        while let Some((file, text)) = queue.pop_front() {
            for (used, path) in used_by(&file) {
                let text = format!("{text} uses {used} (`{path}`)");
                if used == start {
                    return Some(text);
                }
                if seen.insert(used) {
                    queue.push_back((used.clone(), text));
                }
            }
        }
        None
    };
    uses.keys().filter_map(from).min_by_key(String::len)
}

/// The uses among the files and folders within a folder, where a file and the folder of its name are one.
#[must_use]
pub fn rooms(uses: &Uses, folder: &str) -> Uses {
    let room = |file: &str| {
        let inner = file.strip_prefix(folder)?.trim_start_matches('/').split('/').next()?;
        Some(inner.trim_end_matches(".rs").to_owned())
    };
    let mut rooms = Uses::new();
    for (file, used) in uses {
        for (other, path) in used {
            if let (Some(from), Some(to)) = (room(file), room(other))
                && from != to
            {
                rooms.entry(from).or_default().entry(to).or_insert_with(|| format!("{file}: {path}"));
            }
        }
    }
    rooms
}

/// Whether a file is in the folder of another file's name. The crate's root has all files.
fn is_inside(file: &str, outer: &str) -> bool {
    let folder = outer.strip_suffix("mod.rs").map_or_else(|| outer.replace(".rs", "/"), str::to_owned);
    ["lib.rs", "main.rs"].contains(&outer) || file.starts_with(&folder)
}

impl Modules {
    fn is_test(&self, module: &Names) -> bool {
        self.tests.iter().any(|test| module.starts_with(test))
    }

    /// Collects what a module defines, imports and names. `of_trait`: the tokens are in a trait or an `impl`.
    fn read(&mut self, tokens: TokenStream, module: &[String], of_trait: bool) {
        let mut of_trait = of_trait;
        let outside = of_trait;
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let name = |item: &TokenTree| within(module, &text(item));
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let next = tokens.get(at + 1);
            match (text(token).as_str(), next, tokens.get(at + 2)) {
                ("#", Some(TokenTree::Group(attribute)), _) if is_for_tests(attribute) => {
                    at += 2;
                    let item = &tokens[at..];
                    let ends = |token: &TokenTree| braces(token).is_some() || text(token) == ";";
                    let end = item.iter().position(ends).map_or(item.len(), |end| end + 1);
                    let named = item[..end].iter().position(|token| text(token) == "mod");
                    self.tests.extend(named.map(|keyword| name(&item[keyword + 1])));
                    at += end;
                    continue;
                }
                ("mod", Some(inner), Some(body)) if let Some(body) = braces(body) => {
                    let inner = name(inner);
                    self.files.insert(inner.clone(), self.files[module].clone());
                    self.read(body.stream(), &inner, false);
                    at += 3;
                    continue;
                }
                ("use", Some(_), _) => {
                    let tree = &tokens[at + 1..];
                    let end = tree.iter().position(|token| text(token) == ";").unwrap_or(tree.len());
                    self.import(&tree[..end], &[], module);
                    at += end + 1;
                    continue;
                }
                (keyword @ ("struct" | "enum" | "fn" | "trait" | "const" | "static" | "type"), Some(item), _) => {
                    self.items.insert(name(item));
                    let is_type = ["struct", "enum", "trait"].contains(&keyword) || keyword == "type" && !of_trait;
                    // Others are words of a macro.
                    if is_type && text(item).starts_with(char::is_uppercase) {
                        self.types.push((module.to_vec(), text(item)));
                    }
                    of_trait |= keyword == "trait";
                }
                ("impl", ..) => of_trait = true,
                _ => {}
            }
            at += 1;
            match token {
                TokenTree::Group(group) => {
                    self.read(group.stream(), module, of_trait);
                    if group.delimiter() == Delimiter::Brace {
                        of_trait = outside;
                    }
                }
                TokenTree::Ident(first) => {
                    let mut path = vec![first.to_string()];
                    while let [a, b, TokenTree::Ident(word), ..] = &tokens[at..]
                        && (text(a) + &text(b)) == "::"
                    {
                        path.push(word.to_string());
                        at += 3;
                    }
                    if path.len() > 1 {
                        self.paths.push((module.to_vec(), path));
                    }
                }
                // `$crate` is a path for other crates.
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => at += 1,
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Reads what follows `use`: `crate::a::{self, B as C, d::*}`.
    fn import(&mut self, tree: &[TokenTree], prefix: &[String], module: &[String]) {
        for branch in tree.split(|token| text(token) == ",").filter(|branch| !branch.is_empty()) {
            let words: Vec<String> = branch.iter().map(text).filter(|word| word != ":").collect();
            let (words, renamed) = match words.iter().position(|word| word == "as") {
                Some(at) => (&words[..at], words.get(at + 1)),
                None => (&words[..], None),
            };
            if let Some(TokenTree::Group(group)) = branch.last() {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                self.import(&inner, &[prefix, &words[..words.len() - 1]].concat(), module);
                continue;
            }
            let mut path = [prefix, words].concat();
            let last = path.last().cloned();
            if last.as_ref().is_some_and(|last| last == "*" || last == "self") {
                path.pop();
            }
            self.paths.push((module.to_vec(), path.clone()));
            if last.is_some_and(|last| last == "*") {
                self.globs.entry(module.to_vec()).or_default().push(path);
            } else if let Some(name) = renamed.or(path.last()) {
                self.imports.insert(within(module, name), path.clone());
            }
        }
    }

    /// The module in which a path ends; `None` for a path of another crate, and for a name of the module itself.
    fn leads_to(&self, module: &[String], path: &[String], imports: usize) -> Option<Names> {
        let mut at = module.to_vec();
        let mut rest = path;
        while let [word @ ("crate" | "super" | "self"), ..] = rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            match word {
                "crate" => at.clear(),
                "super" => at.truncate(at.len().saturating_sub(1)),
                _ => {}
            }
            rest = &rest[1..];
        }
        let begins_here = rest.len() == path.len();
        for (index, word) in rest.iter().enumerate() {
            let inner = within(&at, word);
            if self.files.contains_key(&inner) {
                at = inner;
            } else if let Some(import) =
                self.imports.get(&inner).filter(|import| imports > 0 && **import != [word.clone()])
            {
                return self.leads_to(&at, &[import, &rest[index + 1..]].concat(), imports - 1);
            } else {
                let globs = self.globs.get(&at).into_iter().flatten();
                let mut sources = globs.filter_map(|glob| self.leads_to(&at, glob, imports.checked_sub(1)?));
                let source = sources.find(|source| self.items.contains(&within(source, word)));
                let is_known = !begins_here || index > 0;
                return source.filter(|_| !self.items.contains(&inner)).or(is_known.then_some(at));
            }
        }
        Some(at)
    }
}

/// A name in a module.
fn within(module: &[String], name: &str) -> Names {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}

/// Whether an attribute leaves an item to unit tests.
fn is_for_tests(attribute: &Group) -> bool {
    let words: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match &words[..] {
        [cfg, TokenTree::Group(condition)] if cfg.to_string() == "cfg" => {
            let condition = condition.stream().to_string();
            condition == "test" || condition.starts_with("all") && condition.contains("test")
        }
        _ => false,
    }
}

/// A token; nothing for a bracket.
fn text(token: &TokenTree) -> String {
    if let TokenTree::Group(_) = token { String::new() } else { token.to_string() }
}

fn braces(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{circle, repeated_types, uses};

    #[test]
    fn a_circle_is_found_behind_imports() {
        let folder = std::env::temp_dir().join(format!("convshape-modules-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("b")).expect("a folder");
        let files = [
            ("lib.rs", "mod a; mod b; pub use b::Part;"),
            // A file and its folder may use each other, and unit tests may use anything.
            ("a.rs", "use crate::{Part as P, b}; fn f(x: P) {} #[cfg(test)] mod tests { use crate::c::C; }"),
            ("b.rs", "mod part; pub use part::*; fn g() { part::h() }"),
            ("b/part.rs", "use super::g; pub struct Part; fn h() { crate::a::f(Part) }"),
            ("c.rs", "use crate::a; pub struct C; enum Part { A } impl P for C { type Of = u8; } // crate::b"),
            ("d.rs", "trait P { type Of; } #[cfg(test)] mod tests { struct C; }"),
        ];
        for (name, text) in files {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        let found = circle(&uses(&folder));
        std::fs::write(folder.join("b/part.rs"), "use super::g; pub struct Part;").expect("a file");
        let none = circle(&uses(&folder));
        let types = repeated_types(&folder);
        std::fs::remove_dir_all(&folder).expect("its own folder");
        let expected = ["b/part.rs", "c.rs"].map(str::to_owned).into();
        assert_eq!(types.into_iter().collect::<Vec<_>>(), [("Part".to_owned(), expected)]);
        assert_eq!(found.as_deref(), Some("a.rs uses b/part.rs (`crate::Part`) uses a.rs (`crate::a::f`)"));
        assert_eq!(none, None);
    }
}
