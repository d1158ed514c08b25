//! The `help:` lines that a machine can apply, taken apart.

/// One change that a help asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change<'a> {
    /// A layer or a port, by the name that messages give it.
    pub(crate) target: &'a str,
    pub(crate) what: What<'a>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What<'a> {
    /// A field gets this value.
    Set { field: &'a str, value: &'a str },
    /// A port's shape or a layer's leading part becomes this.
    Write(&'a str),
}

/// The changes of one line without its `help: `; none if it is of another form:
///
/// - ``in `LAYER`, set `FIELD: VALUE` ``
/// - ``in `NAME`, write `TEXT` ``
/// - ``write `[..]` in `input` and `[..]` in `output` ``
/// - ``set `FIELD: VALUE` in `A` and `B` ``
pub(crate) fn changes(help: &str) -> Vec<Change<'_>> {
    // Words and quoted parts take turns.
    let parts: Vec<&str> = help.split('`').collect();
    let words = |place: usize| parts.get(place).map_or("", |words| words.trim());
    match (words(0), words(2)) {
        ("in", ", set") => set(parts.get(3), &parts[1..2]),
        ("in", ", write") => write(&[parts.get(3), parts.get(1)]),
        ("set", "in") => {
            let targets: Vec<&str> = parts[3..].iter().step_by(2).copied().collect();
            let between = parts[3..].iter().skip(1).step_by(2).map(|words| words.trim());
            if between.clone().all(|words| matches!(words, "and" | "," | "")) {
                set(parts.get(1), &targets)
            } else {
                vec![]
            }
        }
        ("write", "in") if words(4) == "and" && words(6) == "in" => {
            write(&[parts.get(1), parts.get(3), parts.get(5), parts.get(7)])
        }
        _ => Vec::new(),
    }
}

fn set<'a>(setting: Option<&&'a str>, targets: &[&'a str]) -> Vec<Change<'a>> {
    let Some((field, value)) = setting.and_then(|setting| setting.split_once(':')) else { return Vec::new() };
    let what = What::Set { field: field.trim(), value: value.trim() };
    targets.iter().map(|&target| Change { target, what: what.clone() }).collect()
}

/// Texts, each with the name of where it goes.
fn write<'a>(parts: &[Option<&&'a str>]) -> Vec<Change<'a>> {
    let pairs = parts.chunks_exact(2).map(|pair| Some(Change { target: pair[1]?, what: What::Write(pair[0]?.trim()) }));
    pairs.collect::<Option<_>>().unwrap_or_default()
}

/// The word in ``did you mean `stride`?``
pub(crate) fn meant(help: &str) -> Option<&str> {
    help.strip_prefix("did you mean `")?.strip_suffix("`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let set = |target, field, value| Change { target, what: What::Set { field, value } };
        let write = |target, text| Change { target, what: What::Write(text) };
        assert_eq!(changes("in `dec1`, set `output_padding: 1`"), [set("dec1", "output_padding", "1")]);
        assert_eq!(changes("in `c`, write `3 -> 8`"), [write("c", "3 -> 8")]);
        assert_eq!(changes("in `eps`, write `[6]`, as `code` has"), [write("eps", "[6]")]);
        assert_eq!(
            changes("write `[1, 32, 32]` in `input` and `[1, 32, 32]` in `output`"),
            [write("input", "[1, 32, 32]"), write("output", "[1, 32, 32]")]
        );
        assert_eq!(
            changes("set `padding: 1` in `a`, `b` and `c`"),
            ["a", "b", "c"].map(|target| set(target, "padding", "1"))
        );
    }

    #[test]
    fn other_lines_are_not_read() {
        for help in [
            "",
            "`",
            "in `a`",
            "in `a`, set `b`",
            "in `a`, think `b`",
            "set `a: 1` in",
            "write `a` in `b`",
            "or in `a`, set `b: 1`",
        ] {
            assert_eq!(changes(help), [], "{help}");
        }
    }
}
