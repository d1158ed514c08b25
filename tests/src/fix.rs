//! Applies the fix that a message suggests to the text of a chain.
//!
//! The command `cargo convshape` reads the suggestions; here they are applied by other code than its own.

// The command is a program, so that its reader of suggestions cannot be imported.
#[path = "../../convshape/cli/src/help.rs"]
#[allow(dead_code)]
pub(crate) mod help;
pub(crate) mod statement;
pub(crate) mod token;
mod words;

use std::ops::Range;

use help::{Change, What};
use statement::{Arg, Body, Layer, Statement, statements};

/// The source with the suggestion applied; `None` if it is of another form, or the source has no such layer.
/// `help` is a line of a message, with or without the `help: ` before it.
#[must_use]
pub fn apply(source: &str, help: &str) -> Option<String> {
    let tokens = token::tokens(source);
    let found = statements(&tokens);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let start = |name: &str| match name.strip_prefix("block ") {
        Some(block) => {
            let named = tokens.windows(2).find(|pair| pair[0].text == "block" && pair[1].text == block);
            named.map(|pair| pair[0].span.start)
        }
        None => find(&found, name).map(|statement| statement.start),
    };
    for change in changes(help) {
        if let What::Insert(text) = &change.what {
            let at = start(change.target)?;
            edits.push((at..at, format!("{text} ")));
            continue;
        }
        let whole = |start: usize| {
            let first = tokens.iter().position(|token| token.span.start == start)?;
            let ends = if tokens[first].text == "block" { "{" } else { ";" };
            let end = first + tokens[first..].iter().position(|token| token.text == ends)?;
            let end = if ends == "{" { token::closing(&tokens, end)? } else { end };
            Some(start..tokens[end].span.end)
        };
        if let What::Move { before } = change.what {
            let (moved, to) = (whole(start(change.target)?)?, start(before)?);
            edits.push((to..to, format!("{} ", &source[moved.clone()])));
            edits.push((moved, String::new()));
            continue;
        }
        let statement = find(&found, change.target)?;
        if let What::Swap { with } = change.what {
            let (one, other) = (whole(statement.start)?, whole(find(&found, with)?.start)?);
            edits.push((one.clone(), source[other.clone()].to_owned()));
            edits.push((other, source[one].to_owned()));
            continue;
        }
        let edit = match (&statement.body, &change.what) {
            (Body::Layer(_), What::Remove) => (whole(statement.start)?, String::new()),
            (Body::Port(shape), What::Write(text)) => (shape.clone(), (*text).to_owned()),
            (Body::Layer(layer), What::Write(text)) => write_positional(layer, text),
            (Body::Layer(layer), What::Set { field, value, replaces: None }) => set_field(layer, field, value),
            (Body::Layer(layer), What::Set { field, value, replaces: Some(old) }) => {
                replace_field(layer, old, &format!("{field}: {value}"))?
            }
            (Body::Layer(layer), What::Rename { word, replaces }) if layer.op.text == *replaces => {
                (layer.op.span.clone(), (*word).to_owned())
            }
            (Body::Layer(Layer { from: Some(from), .. }), What::Read(source)) => (from.clone(), (*source).to_owned()),
            (Body::Layer(layer), What::Read(source)) => {
                let end = layer.parentheses.map_or(layer.op.span.end, |(_, close)| close + 1);
                (end..end, format!(" from {source}"))
            }
            (Body::List(entries), What::Entry { number, text }) => {
                (entries.get(number.checked_sub(1)?)?.clone(), (*text).to_owned())
            }
            (Body::Count(count), What::Rename { word, replaces }) if source[count.clone()] == **replaces => {
                (count.clone(), (*word).to_owned())
            }
            (_, What::Insert(_) | What::Move { .. } | What::Swap { .. })
            | (Body::Layer(_), What::Rename { .. } | What::Entry { .. })
            | (
                Body::Port(_),
                What::Set { .. } | What::Rename { .. } | What::Entry { .. } | What::Read(_) | What::Remove,
            )
            | (
                Body::List(_) | Body::Count(_),
                What::Set { .. } | What::Write(_) | What::Rename { .. } | What::Read(_) | What::Remove,
            )
            | (Body::Count(_), What::Entry { .. }) => {
                return None;
            }
        };
        // Two uses of a block are one statement in the text.
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    if edits.is_empty() {
        return None;
    }
    // From the end, so that what comes before keeps its place.
    edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
    let mut fixed = source.to_owned();
    for (at, text) in edits {
        fixed.replace_range(at, &text);
    }
    Some(fixed)
}

/// How a suggestion ends that gives a statement another name: ``write `x2` instead of `x`, also where it is read below``.
pub(crate) const READ_BELOW: &str = ", also where it is read below";

/// The source with another name for the statement whose name begins at a place, up to the next statement of that name.
pub(crate) fn renamed(source: &str, place: usize, help: &str) -> Option<String> {
    let (new, old) = help.strip_prefix("write `")?.strip_suffix(READ_BELOW)?.split_once("` instead of `")?;
    let old = old.strip_suffix('`')?;
    let all = token::tokens(source);
    let from = all.iter().position(|token| token.span.start == place)?;
    let mut places = vec![all[from].span.clone()];
    let mut given_again = false;
    let mut depth = 0_i32;
    // The statement itself reads the earlier one.
    let below = from + all[from..].iter().position(|token| token.text == ";" || token.text == "{")?;
    for near in all[below..].windows(3) {
        let [before, token, after] = near else { continue };
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            ";" if given_again && depth == 0 => break,
            text if text == old && before.text != "." && after.text == ":" => given_again = true,
            text if text == old && before.text != "." => places.push(token.span.clone()),
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    let mut fixed = source.to_owned();
    places.into_iter().rev().for_each(|at| fixed.replace_range(at, new));
    Some(fixed)
}

/// Whether a line is a suggestion that a machine should be able to apply.
#[must_use]
pub fn is_edit(help: &str) -> bool {
    !changes(help).is_empty()
}

/// The changes of a line, with or without the `help: ` before it.
fn changes(help: &str) -> Vec<Change<'_>> {
    let help = help.trim_start();
    help::changes(help.strip_prefix("help: ").unwrap_or(help))
}

/// The statement that a message calls `layer`. Messages may give a path (`blocks.0.c`, `blocks[0].c`); where the text
/// has no such path, as when a block is used under another name, the last name decides.
fn find<'s, 'a>(found: &'s [Statement<'a>], layer: &str) -> Option<&'s Statement<'a>> {
    let without_indices = layer.split(['.', '[', ']']).filter(|part| part.parse::<usize>().is_err());
    let path: Vec<&str> = without_indices.filter(|part| !part.is_empty()).collect();
    let last = path.last()?;
    found
        .iter()
        .find(|statement| statement.path == path)
        .or_else(|| found.iter().find(|statement| without_branches(&statement.path) == path))
        .or_else(|| found.iter().find(|statement| statement.path.last().is_some_and(|name| name == last)))
}

/// Messages name the branch only where another has a statement of the same name.
fn without_branches(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).filter(|part| !["if", "else", "else_if"].contains(part)).collect()
}

/// Where to write what, so that the layer's leading positional part becomes `text`.
fn write_positional(layer: &Layer<'_>, text: &str) -> (Range<usize>, String) {
    let positional = layer.args.iter().take_while(|arg| arg.field.is_none());
    match (positional.clone().next(), positional.last(), layer.parentheses) {
        (Some(first), Some(last), _) => (first.span.start..last.span.end, text.to_owned()),
        (_, _, Some((open, _))) if layer.args.is_empty() => (open..open, text.to_owned()),
        (_, _, Some((open, _))) => (open..open, format!("{text}, ")),
        (_, _, None) => (layer.op.span.end..layer.op.span.end, format!("({text})")),
    }
}

/// Where to write what, so that a field gives way to another.
fn replace_field(layer: &Layer<'_>, old: &str, text: &str) -> Option<(Range<usize>, String)> {
    let arg = layer.args.iter().find(|arg| arg.field.is_some_and(|field| words::same_field(field, old)))?;
    Some((arg.whole.clone(), text.to_owned()))
}

/// Where to write what, so that the layer's field becomes `value`.
fn set_field(layer: &Layer<'_>, field: &str, value: &str) -> (Range<usize>, String) {
    let own_word = words::positional_field(words::kind(layer.op.text));
    let sets = |arg: &&Arg<'_>| match arg.field {
        Some(written) => words::same_field(written, field),
        None => own_word.is_some_and(|own| words::same_field(own, field)),
    };
    if let Some(arg) = layer.args.iter().find(sets) {
        return (arg.span.clone(), value.to_owned());
    }
    let added = format!("{field}: {value}");
    match (layer.args.last(), layer.parentheses) {
        (Some(last), _) => (last.span.end..last.span.end, format!(", {added}")),
        (None, Some((open, _))) => (open..open, added),
        (None, None) => (layer.op.span.end..layer.op.span.end, format!("({added})")),
    }
}

#[cfg(test)]
mod tests {
    use super::apply;

    const CHAIN: &str = "conv_chain! {
    /// A chain; `a: b`.
    pub struct Model {
        lossy: deny;
        block Res(k, c) {
            c1: Conv2d(c, kernel: k, padding: 1);
            Relu;
            Add(input);
        }
        input: x [1, 28, 28], eps [5];
        Conv2d(1 -> 8, kernel: 3, stride: 2,); // not: Conv2d(2 -> 3)
        #[name = \"a;b\"] enc: Conv2d(8 -> 16, kernel: (3, 5), padding: [(0, 1), (1, 1)]) -> [16, 14, 14];
        Relu;
        Conv1d(8 -> 9, kernel_size: 7);
        MaxPool2d(2);
        norm: BatchNorm(64);
        Relu;
        Concat(enc, _) from norm;
        flat: Reshape([12, 4, 4]);
        GlobalAvgPool();
        d0: Res(3, 64);
        blocks: repeat 3 {
            c: Conv2d(64, kernel: 3);
            LeakyRelu(0.2);
        }
        output: [1, 28, 28];
    }
}
";

    /// Applies `help` to the chain and checks the line that changed.
    #[track_caller]
    fn becomes(help: &str, expected: &str) {
        let fixed = apply(CHAIN, help).unwrap_or_else(|| panic!("not applied: {help}"));
        let changed = CHAIN.lines().zip(fixed.lines()).filter(|(before, after)| before != after);
        let changed: Vec<&str> = changed.map(|(_, after)| after.trim()).collect();
        assert_eq!(changed, [expected]);
    }

    #[test]
    fn a_written_field_gets_the_value() {
        becomes(
            "help: in `enc`, set `padding: 1`",
            "#[name = \"a;b\"] enc: Conv2d(8 -> 16, kernel: (3, 5), padding: 1) -> [16, 14, 14];",
        );
        becomes(
            "in `enc`, set `kernel: (3, 3)`",
            "#[name = \"a;b\"] enc: Conv2d(8 -> 16, kernel: (3, 3), padding: [(0, 1), (1, 1)]) -> [16, 14, 14];",
        );
    }

    #[test]
    fn a_field_keeps_the_word_it_was_written_with() {
        becomes("in `conv2`, set `kernel: 5`", "Conv1d(8 -> 9, kernel_size: 5);");
    }

    #[test]
    fn a_new_field_is_added_at_the_end() {
        becomes("in `conv2`, set `bias: false`", "Conv1d(8 -> 9, kernel_size: 7, bias: false);");
        becomes("in `max_pool1`, set `ceil_mode: true`", "MaxPool2d(2, ceil_mode: true);");
    }

    #[test]
    fn a_trailing_comma_stays() {
        becomes(
            "in `conv1`, set `padding: 1`",
            "Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1,); // not: Conv2d(2 -> 3)",
        );
    }

    #[test]
    fn parentheses_are_added_or_filled() {
        becomes("in `relu2`, set `a: 1`", "Relu(a: 1);");
        becomes("in `global_avg_pool1`, set `keep: true`", "GlobalAvgPool(keep: true);");
    }

    #[test]
    fn the_positional_part_is_a_field_too() {
        becomes("in `max_pool1`, set `kernel: 3`", "MaxPool2d(3);");
        becomes("in `norm`, set `channels: 48`", "norm: BatchNorm(48);");
        becomes("in `norm`, write `48`", "norm: BatchNorm(48);");
        becomes("in `blocks.leaky_relu1`, set `slope: 0.1`", "LeakyRelu(0.1);");
    }

    #[test]
    fn channels_shapes_and_names_are_replaced() {
        becomes("in `conv1`, write `3 -> 8`", "Conv2d(3 -> 8, kernel: 3, stride: 2,); // not: Conv2d(2 -> 3)");
        becomes("in `flat`, write `[16, 7, 7]`", "flat: Reshape([16, 7, 7]);");
        becomes("in `concat1`, write `_, enc, norm`", "Concat(_, enc, norm) from norm;");
    }

    #[test]
    fn ports_get_another_shape() {
        becomes("in `input`, write `[1, 32, 32]`", "input: x [1, 32, 32], eps [5];");
        becomes("in `x`, write `[1, 32, 32]`", "input: x [1, 32, 32], eps [5];");
        becomes("in `eps`, write `[6]`, as `code` has", "input: x [1, 28, 28], eps [6];");
        becomes("in `output`, write `[1, 27, 27]`", "output: [1, 27, 27];");
    }

    #[test]
    fn layers_of_repeats_and_blocks_are_found() {
        for layer in ["blocks.c", "blocks.0.c", "blocks[2].c", "c"] {
            becomes(&format!("in `{layer}`, set `padding: 1`"), "c: Conv2d(64, kernel: 3, padding: 1);");
        }
        for layer in ["Res.c1", "d0.c1", "c1"] {
            becomes(&format!("in `{layer}`, set `padding: 2`"), "c1: Conv2d(c, kernel: k, padding: 2);");
        }
    }

    #[test]
    fn joint_forms_change_several_places() {
        let fixed = apply(CHAIN, "help: write `[1, 32, 32]` in `input` and `[1, 30, 30]` in `output`").expect("a fix");
        assert!(fixed.contains("input: x [1, 32, 32]") && fixed.contains("output: [1, 30, 30]"), "{fixed}");
        let fixed = apply(CHAIN, "help: set `padding: 2` in `conv1` and `enc`, as they are").expect("a fix");
        assert!(fixed.contains("Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 2,)"), "{fixed}");
        assert!(fixed.contains("kernel: (3, 5), padding: 2)"), "{fixed}");
        let fixed = apply(CHAIN, "set `padding: 2` in `d0.c1`, `blocks.c` and `enc`").expect("a fix");
        assert_eq!(fixed.matches("padding: 2").count(), 3, "{fixed}");
    }

    #[test]
    fn joint_forms_may_be_mixed() {
        let fixed = apply(CHAIN, "write `3 -> 8` in `conv1` and `1 -> 9` in `conv2` and set `bias: false` in `enc`");
        let fixed = fixed.expect("a fix");
        assert!(fixed.contains("Conv2d(3 -> 8, kernel: 3") && fixed.contains("Conv1d(1 -> 9"), "{fixed}");
        assert!(fixed.contains("padding: [(0, 1), (1, 1)], bias: false)"), "{fixed}");
    }

    #[test]
    fn a_field_gives_way_to_another() {
        becomes("in `conv2`, put `size: 7` in place of `kernel`", "Conv1d(8 -> 9, size: 7);");
    }

    #[test]
    fn a_layer_gives_way_to_another() {
        becomes("in `norm`, put `BatchNorm2d` in place of `BatchNorm`", "norm: BatchNorm2d(64);");
        let fixed = apply(CHAIN, "put `Conv3d` in place of `Conv2d` in `conv1` and `enc`").expect("a fix");
        assert_eq!(fixed.matches("Conv3d(").count(), 2, "{fixed}");
    }

    #[test]
    fn a_repeat_gets_a_variable() {
        becomes("in `blocks`, put `turn in 0..3` in place of `3`", "blocks: repeat turn in 0..3 {");
    }

    #[test]
    fn a_header_is_written_before_a_block() {
        becomes("insert `dialect: keras;` before `block Res`", "dialect: keras; block Res(k, c) {");
    }

    #[test]
    fn a_statement_is_removed() {
        let fixed = apply(CHAIN, "remove `concat1`").expect("a fix");
        assert!(!fixed.contains("Concat") && fixed.contains("Relu;\n        \n        flat:"), "{fixed}");
    }

    #[test]
    fn a_statement_is_written_before_another() {
        becomes("insert `Flatten;` before `norm`", "Flatten; norm: BatchNorm(64);");
    }

    #[test]
    fn other_lines_are_not_fixes() {
        assert_eq!(apply(CHAIN, "help: did you mean `stride`?"), None);
        assert_eq!(apply(CHAIN, "help: in `enc`, think"), None);
        assert_eq!(apply(CHAIN, "help: in `nowhere`, set `stride: 1`"), None);
        assert_eq!(apply(CHAIN, "help: in `input`, set `stride: 1`"), None);
    }
}
