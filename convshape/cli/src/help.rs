//! The `help:` lines that a machine can apply, taken apart.

pub(crate) use convshape_front::meant;

/// One change that a help asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change<'a> {
    /// A layer or a port, by the name that messages give it.
    pub(crate) target: &'a str,
    pub(crate) what: What<'a>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What<'a> {
    /// A field gets this value, in place of another field if one is named.
    Set { field: &'a str, value: &'a str, replaces: Option<&'a str> },
    /// A port's shape or a layer's leading part becomes this.
    Write(&'a str),
    /// What follows a layer's `from`, which is added if there is none.
    Read(&'a str),
    /// Another layer in place of the one that is there.
    Rename { word: &'a str, replaces: &'a str },
    /// A statement before this one.
    Insert(&'a str),
    /// Nothing in place of this statement.
    Remove,
    /// This statement moves before another.
    Move { before: &'a str },
    /// This statement and another change places.
    Swap { with: &'a str },
    /// An entry in the list of a repeat, from 1.
    Entry { number: usize, text: &'a str },
}

/// The changes of one line without its `help: `; none if it is of another form:
///
/// - ``in `LAYER`, set `FIELD: VALUE` ``, ``in `NAME`, write `TEXT` ``
/// - ``in `LAYER`, put `FIELD: VALUE` in place of `OTHER` ``, or a layer's word in place of another
/// - ``write `[..]` in `input` and `[..]` in `output` ``, ``set `FIELD: VALUE` in `A` and `B` ``, and such parts joined
///   by `and`
/// - ``insert `STATEMENT;` before `LAYER` `` or before `` `block NAME` ``, alone or followed by `, and` and the like, or one of the joint forms
/// - ``remove `STATEMENT` ``, alone or followed in the same way
/// - ``in `LAYER`, read `NAME` ``, alone or as such a part
/// - ``move `STATEMENT` before `OTHER` `` or ``swap `STATEMENT` and `OTHER` ``, alone or followed in the same way
/// - ``in the list of `REPEAT`, let entry 2 be `VALUE` ``
pub(crate) fn changes(help: &str) -> Vec<Change<'_>> {
    // Words and quoted parts take turns.
    let parts: Vec<&str> = help.split('`').collect();
    let line = Line { parts: &parts };
    line.changes().unwrap_or_default()
}

/// A line as words and quoted parts.
struct Line<'l, 'a> {
    parts: &'l [&'a str],
}

impl<'a> Line<'_, 'a> {
    fn words(&self, at: usize) -> &'a str {
        self.parts.get(at).map_or("", |words| words.trim())
    }

    fn changes(&self) -> Option<Vec<Change<'a>>> {
        match (self.words(0), self.words(2)) {
            ("in the list of", verb) => {
                let number = verb.strip_prefix(", let entry ")?.strip_suffix(" be")?.parse().ok()?;
                Some(vec![Change { target: self.parts[1], what: What::Entry { number, text: self.parts.get(3)? } }])
            }
            ("in", verb) => {
                let verb = verb.strip_prefix(',')?.trim();
                let (what, _) = self.what(verb, 3)?;
                Some(vec![Change { target: self.parts[1], what }])
            }
            ("move", "before") => {
                let what = What::Move { before: self.parts.get(3)? };
                self.followed(Change { target: self.parts[1], what }, 4)
            }
            ("swap", "and") => {
                let what = What::Swap { with: self.parts.get(3)? };
                self.followed(Change { target: self.parts[1], what }, 4)
            }
            ("insert" | "write", "before") => {
                let insertion = Change { target: self.parts.get(3)?, what: What::Insert(self.parts[1].trim()) };
                self.followed(insertion, 4)
            }
            ("remove", _) => self.followed(Change { target: self.parts.get(1)?, what: What::Remove }, 2),
            (verb, _) => self.joint(verb, 1),
        }
    }

    /// A change of a whole statement, and those that follow it from the words at a place on.
    fn followed(&self, first: Change<'a>, at: usize) -> Option<Vec<Change<'a>>> {
        let mut changes = vec![first];
        match self.words(at).strip_prefix(", and ") {
            Some(verb @ ("insert" | "remove" | "move" | "swap")) => {
                let rest: Vec<&str> = std::iter::once(verb).chain(self.parts[at + 1..].iter().copied()).collect();
                changes.extend(Line { parts: &rest }.changes()?);
            }
            Some(verb) => changes.extend(self.joint(verb, at + 1)?),
            None => {}
        }
        Some(changes)
    }

    /// What is done, quoted at a place, and the place of the words that follow.
    fn what(&self, verb: &str, at: usize) -> Option<(What<'a>, usize)> {
        let quoted = self.parts.get(at)?.trim();
        let (replaces, next) = match self.words(at + 1) {
            "in place of" => (Some(*self.parts.get(at + 2)?), at + 3),
            _ => (None, at + 1),
        };
        let what = match (verb, quoted.split_once(':')) {
            ("put", None) => What::Rename { word: quoted, replaces: replaces? },
            ("set" | "put", Some((field, value))) => What::Set { field: field.trim(), value: value.trim(), replaces },
            ("write", _) => What::Write(quoted),
            ("read", _) => What::Read(quoted),
            _ => return None,
        };
        Some((what, next))
    }

    /// Changes of the form ``VERB `TEXT` in `NAME` ``, from the quoted part `at` on.
    fn joint(&self, verb: &str, at: usize) -> Option<Vec<Change<'a>>> {
        let (mut verb, mut at) = (verb, at);
        let mut changes = Vec::new();
        loop {
            let (what, next) = self.what(verb, at)?;
            if self.words(next) != "in" {
                return None;
            }
            at = next + 1;
            // Names, until something else is written.
            loop {
                changes.push(Change { target: self.parts.get(at)?, what: what.clone() });
                let joins = self.words(at + 1);
                at += 2;
                match joins {
                    // The next quoted part is another place for the same change.
                    "and" | "," | ", and" if !self.words(at + 1).starts_with("in") => {}
                    "and" | "," | ", and" => break,
                    _ => match joins.trim_start_matches(',').trim_start().strip_prefix("and ") {
                        Some(other) if matches!(other, "set" | "write" | "put" | "read") => {
                            verb = other;
                            break;
                        }
                        _ => return Some(changes),
                    },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let set = |target, field, value| Change { target, what: What::Set { field, value, replaces: None } };
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
        assert_eq!(
            changes("write `3 -> 8` in `a` and `1 -> 9` in `b` and set `bias: false` in `c`, as it was"),
            [write("a", "3 -> 8"), write("b", "1 -> 9"), set("c", "bias", "false")]
        );
        let put = |target, word, replaces| Change { target, what: What::Rename { word, replaces } };
        assert_eq!(changes("in `a`, put `Conv3d` in place of `Conv2d`"), [put("a", "Conv3d", "Conv2d")]);
        assert_eq!(
            changes("put `Conv3d` in place of `Conv2d` in `a` and `b`"),
            ["a", "b"].map(|target| put(target, "Conv3d", "Conv2d"))
        );
        let what = What::Set { field: "size", value: "7", replaces: Some("kernel") };
        assert_eq!(changes("in `a`, put `size: 7` in place of `kernel`"), [Change { target: "a", what }]);
        let entry = What::Entry { number: 2, text: "(32, 64)" };
        assert_eq!(
            changes("in the list of `stages`, let entry 2 be `(32, 64)`"),
            [Change { target: "stages", what: entry }]
        );
        let moved = Change { target: "a", what: What::Move { before: "b" } };
        assert_eq!(changes("move `a` before `b`"), std::slice::from_ref(&moved));
        assert_eq!(changes("move `a` before `b`, and write `64 -> 10` in `c`"), [moved, write("c", "64 -> 10")]);
        assert_eq!(changes("swap `a` and `b`"), [Change { target: "a", what: What::Swap { with: "b" } }]);
        let insert = Change { target: "l", what: What::Insert("Flatten;") };
        assert_eq!(changes("insert `Flatten;` before `l`"), std::slice::from_ref(&insert));
        assert_eq!(
            changes("insert `Flatten;` before `l`, and write `64 -> 10` in `l`"),
            [insert.clone(), write("l", "64 -> 10")]
        );
        let read = Change { target: "l", what: What::Read("same") };
        assert_eq!(changes("in `l`, read `same`"), std::slice::from_ref(&read));
        assert_eq!(changes("insert `Flatten;` before `l`, and read `same` in `l`"), [insert.clone(), read]);
        let other = Change { target: "m", what: What::Insert("Relu;") };
        assert_eq!(changes("insert `Flatten;` before `l`, and insert `Relu;` before `m`"), [insert, other]);
        let removed = Change { target: "l", what: What::Remove };
        assert_eq!(changes("remove `l`"), std::slice::from_ref(&removed));
        assert_eq!(changes("remove `l`, and write `64 -> 10` in `c`"), [removed, write("c", "64 -> 10")]);
    }

    #[test]
    fn other_lines_are_not_read() {
        for help in
            ["", "`", "in `a`", "in `a`, set `b`", "in `a`, think `b`", "set `a: 1` in", "or in `a`, set `b: 1`"]
        {
            assert_eq!(changes(help), [], "{help}");
        }
    }
}
