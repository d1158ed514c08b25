//! Uses of a block in a row as the turns of a repeat.

use super::names::{field, last_word};
use super::pieces::Use;

/// The turns of a repeat.
pub(super) struct Turns {
    /// `12`, `i in 1..3` or `i in [21, 23, 25]`.
    pub(super) head: String,
    /// The module's name in files, with a place for the turn: `layer1.{i}`.
    pub(super) module: Option<String>,
    /// Which of the block's inputs is the output of the turn before.
    pub(super) carried: usize,
}

impl Turns {
    /// The repeat's name: the part before the number of the turn.
    pub(super) fn name(&self) -> Option<String> {
        let before = self.module.as_deref()?.split('{').next()?.trim_end_matches(['.', '_']);
        Some(last_word(before)).filter(|word| !word.is_empty()).map(field)
    }
}

/// The longest repeat at the start of some uses: its number of turns and how it is written. `is_read` says whether a
/// value is read from a line on.
pub(super) fn turns(uses: &[Use], is_read: &dyn Fn(usize, usize) -> bool) -> Option<(usize, Turns)> {
    let (first, second) = (uses.first()?, uses.get(1)?);
    let [given] = first.outputs.as_slice() else { return None };
    let carried = second.inputs.iter().position(|value| value == given)?;
    let follows = |pair: &[Use]| {
        let (before, after) = (&pair[0], &pair[1]);
        let reads = |at: usize| if at == carried { before.outputs[0] } else { before.inputs[at] };
        after.block == before.block
            && after.lines.start == before.lines.end
            && after.arguments == before.arguments
            && after.first_run == before.first_run
            // Only the last turn's output has a name.
            && !is_read(before.outputs[0], after.lines.end)
            && (0..before.inputs.len()).map(reads).eq(after.inputs.iter().copied())
    };
    let most = 1 + uses.windows(2).take_while(|pair| follows(pair)).count();
    (2..=most).rev().find_map(|count| {
        let modules: Vec<Option<&str>> = uses[..count].iter().map(|part| part.module.as_deref()).collect();
        let (head, module) = match first.first_run {
            Some(_) => (count.to_string(), None),
            None => written(&modules)?,
        };
        Some((count, Turns { head, module, carried }))
    })
}

/// The head of a repeat, and the name that its variable is part of.
fn written(modules: &[Option<&str>]) -> Option<(String, Option<String>)> {
    let Some(modules) = modules.iter().copied().collect::<Option<Vec<&str>>>() else {
        return modules.iter().all(Option::is_none).then(|| (modules.len().to_string(), None));
    };
    let count = modules.len();
    let (before, after) = around(modules[0], modules[1])?;
    let number = |module: &str| -> Option<usize> {
        let text = module.strip_prefix(before)?.strip_suffix(after)?;
        text.parse().ok().filter(|number: &usize| number.to_string() == text)
    };
    let numbers: Vec<usize> = modules.iter().map(|module| number(module)).collect::<Option<_>>()?;
    let is_row = numbers.iter().enumerate().all(|(turn, number)| *number == numbers[0] + turn);
    let (head, variable) = match (is_row, numbers[0]) {
        (true, 0) => (count.to_string(), "#"),
        (true, first) => (format!("i in {first}..{}", first + count), "i"),
        (false, _) => {
            let list: Vec<String> = numbers.iter().map(usize::to_string).collect();
            (format!("i in [{}]", list.join(", ")), "i")
        }
    };
    Some((head, Some(format!("{before}{{{variable}}}{after}"))))
}

/// What two names have in common around the number in which they differ.
fn around<'a>(a: &'a str, b: &str) -> Option<(&'a str, &'a str)> {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let start = a.get(..same)?.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    let end = a[start..].find(|letter: char| !letter.is_ascii_digit()).map_or(a.len(), |end| start + end);
    (end > start).then_some((&a[..start], &a[end..]))
}

#[cfg(test)]
mod tests {
    use super::written;

    fn of(modules: &[&str]) -> Option<(String, String)> {
        let modules: Vec<Option<&str>> = modules.iter().copied().map(Some).collect();
        written(&modules).map(|(head, module)| (head, module.unwrap_or_default()))
    }

    #[test]
    fn numbers_in_names_are_turns() {
        let is = |head: &str, module: &str| Some((head.to_owned(), module.to_owned()));
        assert_eq!(of(&["a.0", "a.1"]), is("2", "a.{#}"));
        assert_eq!(of(&["layer_9.x", "layer_10.x", "layer_11.x"]), is("i in 9..12", "layer_{i}.x"));
        assert_eq!(of(&["f.21", "f.23", "f.25"]), is("i in [21, 23, 25]", "f.{i}"));
        assert_eq!(of(&["f.1", "f.12"]), is("i in [1, 12]", "f.{i}"));
        assert_eq!(of(&["f3.1", "f3.2"]), is("i in 1..3", "f3.{i}"));
    }

    #[test]
    fn other_names_are_no_turns() {
        for modules in [["a.0", "b.1"], ["a.0.0", "a.1.1"], ["a.00", "a.01"], ["a", "a.1"], ["a.x", "a.y"]] {
            assert_eq!(of(&modules), None, "{modules:?}");
        }
    }
}
