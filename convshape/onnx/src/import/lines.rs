//! Statements as lines of text, before anything is named.

use convshape::graph::Op;
use convshape::graph::op::{RecurrentOutput, Source};

use super::words::{activation, arguments, kind};
use super::{Import, Statement};

/// The placeholder for an integer in a line's arguments.
pub(super) const NUMBER: char = '\u{0}';

/// One line: a layer with its activation. An output of a run is a line without text.
pub(super) struct Line<'a> {
    /// The layer.
    pub(super) statement: &'a Statement,
    /// Its word.
    pub(super) word: String,
    /// Its arguments, with [`NUMBER`] placeholders.
    pub(super) arguments: String,
    pub(super) numbers: Vec<i64>,
    /// The values that it reads.
    pub(super) reads: &'a [usize],
    /// The value that it gives.
    pub(super) value: usize,
    /// The value of the line whose layer it runs again.
    pub(super) first_run: Option<usize>,
}

impl Line<'_> {
    /// Whether it has parameters of its own.
    pub(super) fn has_params(&self) -> bool {
        !self.statement.params.is_empty()
    }

    /// The fields of its parameters.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> + Clone {
        self.statement.params.iter().map(|(field, ..)| field.as_str())
    }

    /// The line that has the parameters of its layer, by its value; `None` for a layer without.
    pub(super) fn layer(&self) -> Option<usize> {
        self.first_run.or_else(|| self.has_params().then_some(self.value))
    }

    /// For an output of a run, or a weight that is read as a value: the suffix with which that is read.
    pub(super) fn port(&self) -> Option<&'static str> {
        match self.statement.op {
            Op::RecurrentOutput { output: RecurrentOutput::Sequence, .. } => Some(""),
            Op::RecurrentOutput { output: RecurrentOutput::Hidden | RecurrentOutput::Last, .. } => Some(".h_n"),
            Op::RecurrentOutput { output: RecurrentOutput::Cell, .. } => Some(".c_n"),
            Op::Source { of: Source::Shared { .. }, .. } => Some(".weight"),
            _ => None,
        }
    }

    /// The value that the next line reads if it names none.
    pub(super) fn following(&self, previous: usize) -> usize {
        match &self.statement.op {
            Op::RecurrentOutput { output: RecurrentOutput::Sequence, .. } => self.value,
            op if needs_name(op) => previous,
            _ => self.value,
        }
    }

    /// Whether its operands are among the arguments; otherwise `from` names them.
    pub(super) fn has_operands(&self) -> bool {
        self.reads.len() > 1 && !matches!(self.statement.op, Op::Recurrent(_) | Op::Conv(_))
    }

    /// Whether it names what it reads.
    pub(super) fn names_reads(&self, previous: usize) -> bool {
        self.reads.len() > 1 || self.reads.first().is_some_and(|&value| value != previous)
    }
}

/// Whether the next line can read the value of such a layer only by name: a parameter, or an output of a run.
pub(super) fn needs_name(op: &Op) -> bool {
    matches!(op, Op::Source { .. } | Op::RecurrentOutput { .. })
}

/// The lines of a chain. An activation that is the only reader of its layer is written on the layer's line.
pub(super) fn lines<'a>(import: &'a Import, outputs: &[(String, usize)]) -> Vec<Line<'a>> {
    let inputs = import.inputs.len();
    let mut readers = vec![0; import.shapes.len()];
    import.statements.iter().flat_map(|statement| &statement.inputs).for_each(|&value| readers[value] += 1);
    outputs.iter().for_each(|(_, value)| readers[*value] += 1);
    // The activation after each layer; each run of a layer has that of the first.
    let behind = |value: usize| {
        let (layer, next) = (&import.statements[value - inputs], import.statements.get(value + 1 - inputs)?);
        let alone = next.inputs == [value] && readers[value] == 1;
        activation(&next.op).filter(|_| alone && takes_activation(&layer.op))
    };
    let mut behind: Vec<Option<String>> = (inputs..import.shapes.len()).map(behind).collect();
    for (index, statement) in import.statements.iter().enumerate() {
        if let Some(first) =
            statement.first_run.map(|first| first - inputs).filter(|&first| behind[first] != behind[index])
        {
            behind[first] = None;
        }
    }
    for (index, statement) in import.statements.iter().enumerate() {
        if let Some(first) = statement.first_run {
            behind[index] = behind[first - inputs].clone();
        }
    }
    let behind_first: Vec<bool> = behind.iter().map(Option::is_some).collect();
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (index, statement) in import.statements.iter().enumerate() {
        let value = inputs + index;
        let word = index.checked_sub(1).and_then(|before| behind[before].take());
        if let (Some(word), Some(line)) = (word, lines.last_mut()) {
            let comma = if line.arguments.is_empty() && !line.has_operands() { "" } else { ", " };
            line.arguments.push_str(&format!("{comma}activation: {word}"));
            line.value = value;
            continue;
        }
        let all = arguments(&statement.op).join(", ");
        let (arguments, numbers) = match &statement.op {
            // Axes are not sizes.
            Op::Permute { .. } | Op::Reduce { .. } => (all, Vec::new()),
            _ => without_numbers(&all),
        };
        // Its activation, if it has one, is the next statement.
        let first_run = statement.first_run.map(|first| first + usize::from(behind_first[first - inputs]));
        let reads = &statement.inputs;
        let mut line = Line { statement, word: kind(&statement.op), arguments, numbers, reads, value, first_run };
        if line.has_operands() && !line.arguments.is_empty() {
            line.arguments.insert_str(0, ", ");
        }
        lines.push(line);
    }
    lines
}

fn takes_activation(op: &Op) -> bool {
    let elementwise =
        matches!(op, Op::Activation(_) | Op::Softmax { .. } | Op::Prelu { .. } | Op::Dropout { .. } | Op::Scale { .. });
    !elementwise && !needs_name(op) && !matches!(op, Op::Recurrent(_))
}

/// Replaces unsigned integers by [`NUMBER`], except axes, and returns them.
fn without_numbers(text: &str) -> (String, Vec<i64>) {
    let (mut rest, mut template, mut numbers) = (text, String::new(), Vec::new());
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let end = rest[start..].find(|letter: char| !letter.is_ascii_digit()).map_or(rest.len(), |end| start + end);
        let (before, after) = (&rest[..start], &rest[end..]);
        let is_real =
            |text: &str| text.strip_prefix('.').is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        let in_word = before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        let is_fraction = before.ends_with('.') && !before.ends_with("..");
        let is_axis = template.ends_with("axis: ") || before.ends_with("axis: ");
        template.push_str(before);
        match rest[start..end].parse() {
            Ok(number) if !(in_word || is_fraction || is_axis || is_real(after) || before.ends_with('-')) => {
                template.push(NUMBER);
                numbers.push(number);
            }
            _ => template.push_str(&rest[start..end]),
        }
        rest = after;
    }
    (template + rest, numbers)
}
