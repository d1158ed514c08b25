//! Adds statements to the chain.

use super::eval::short;
use super::{LAYER_STEPS, Machine, PyResult};
use crate::port::program::Statement;
use crate::port::syntax::PyExpr;
use crate::port::value::Data;
use crate::port::{Unported, layer};
use crate::syntax::Layer;

/// A change of a value in place.
pub(super) struct Change {
    memory: String,
    /// The statement that gives the value before, and the one that gives it after.
    from: String,
    to: String,
    /// What is listed if the model reads another view of the same memory later.
    fault: Unported,
}

impl Machine<'_> {
    /// A layer of the language that reads one value, or several by `from`.
    pub(super) fn emit(&mut self, text: &str, reads: &[Data], hint: &str, line: usize) -> PyResult<Data> {
        let reads = self.all_current(reads)?;
        let mut read = self.parsed(text, &[], line)?;
        self.reads_from(&mut read, &labels_of(&reads), line)?;
        self.add(read, &reads, hint, line)
    }

    /// A layer that joins values: `Add`, `Concat`. `fields` are its other arguments, each after a comma.
    pub(super) fn emit_join(
        &mut self,
        op: &str,
        reads: &[Data],
        fields: &str,
        hint: &str,
        line: usize,
    ) -> PyResult<Data> {
        let reads = self.all_current(reads)?;
        let labels = labels_of(&reads);
        let read = self.parsed(&format!("{op}({}{fields})", labels.join(", ")), &labels, line)?;
        labels.iter().for_each(|label| self.program.name(label));
        self.add(read, &reads, hint, line)
    }

    fn add(&mut self, layer: Layer, reads: &[Data], hint: &str, at: usize) -> PyResult<Data> {
        let label = self.label(hint, "");
        let line = layer.to_string();
        let given = self.given(&layer, &label, reads);
        self.push(Statement { label, is_named: false, file_name: None, line, layer, reads: labels_of(reads) }, at);
        Ok(given)
    }

    /// What a layer gives: its own memory, or a view of what it reads.
    pub(super) fn given(&self, layer: &Layer, label: &str, reads: &[Data]) -> Data {
        let given = Data::new(label);
        match reads.first().filter(|_| layer::is_view(layer, self.program.dialect)) {
            Some(read) => Data { memory: read.memory.clone(), ..given },
            None => given,
        }
    }

    /// Notes that a value has become another one in place, under all its names.
    pub(super) fn changed(&mut self, old: &Data, new: Data, written: &PyExpr) -> Data {
        let from = self.last_label(old);
        if from != new.label {
            let reason = format!(
                "`{}` also changes another view of the same memory, which is read later: change a `.clone()`, or write what the \
                 change does to each",
                short(&written.text)
            );
            let fault = Unported::new(written.line, reason);
            self.changes.push(Change { memory: old.memory.clone(), from, to: new.label.clone(), fault });
        }
        Data { memory: old.memory.clone(), ..new }
    }

    /// The statement that has what a value is after all changes in place.
    fn last_label(&self, data: &Data) -> String {
        let mut label = data.label.clone();
        for change in self.changes.iter().filter(|change| change.memory == data.memory) {
            if change.from == label {
                label.clone_from(&change.to);
            }
        }
        label
    }

    /// A value after all changes in place. What was changed through another view of it is listed.
    pub(super) fn current(&self, data: &Data) -> PyResult<Data> {
        let label = self.last_label(data);
        let place = |label: &str| {
            let statement = label.split('.').next();
            self.program.statements.iter().position(|other| Some(other.label.as_str()) == statement)
        };
        let is_within =
            |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let shares = |memory: &str| is_within(memory, &data.memory) || is_within(&data.memory, memory);
        let is_later = |change: &&Change| shares(&change.memory) && place(&change.to) > place(&label);
        match self.changes.iter().find(is_later) {
            Some(change) => Err(change.fault.clone()),
            None => Ok(Data { label, ..data.clone() }),
        }
    }

    fn all_current(&self, reads: &[Data]) -> PyResult<Vec<Data>> {
        reads.iter().map(|data| self.current(data)).collect()
    }

    /// Makes a layer read values by name, unless it is the previous one.
    pub(super) fn reads_from(&mut self, layer: &mut Layer, labels: &[String], line: usize) -> PyResult<()> {
        let from = match labels {
            [] => return Ok(()),
            [only] if *only == self.previous() => return Ok(()),
            [only] => only.clone(),
            several => format!("({})", several.join(", ")),
        };
        labels.iter().for_each(|label| self.program.name(label));
        layer.from = self.parsed(&format!("Identity from {from}"), labels, line)?.from;
        Ok(())
    }

    pub(super) fn parsed(&self, text: &str, labels: &[String], line: usize) -> PyResult<Layer> {
        let plain = |label: &String| label.split('.').next().unwrap_or(label).to_owned();
        let mut labels: Vec<String> = labels.iter().map(plain).filter(|label| *label != "input").collect();
        labels.sort();
        labels.dedup();
        layer::read(text, self.program.dialect, &labels).map_err(|reason| Unported::new(line, reason))
    }

    /// The value that a statement reads which names none.
    fn previous(&self) -> String {
        let last = self.program.statements.iter().rev().find(|statement| !statement.line.starts_with("Parameter("));
        last.map_or_else(|| self.input_label(0), |statement| statement.label.clone())
    }

    /// What an input is called in the chain: only several have names.
    pub(super) fn input_label(&self, at: usize) -> String {
        match (self.trial.len(), self.program.inputs.get(at)) {
            (0 | 1, _) if at == 0 => "input".to_owned(),
            (_, Some(input)) => input.name.clone(),
            (_, None) => format!("input{at}"),
        }
    }

    pub(super) fn push(&mut self, statement: Statement, line: usize) {
        self.spend(LAYER_STEPS, line);
        self.program.statements.push(statement);
    }

    /// A label that no other statement has: the hint, the path of the module, or the hint with a number.
    pub(super) fn label(&mut self, hint: &str, path: &str) -> String {
        let plain = |text: &str| {
            let mut plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            if !plain.starts_with(|first: char| first.is_ascii_alphabetic()) {
                plain.insert_str(0, "layer");
            }
            if syn::parse_str::<syn::Ident>(&plain).is_err() {
                plain.push('_');
            }
            plain
        };
        let hint = plain(hint);
        let whole = (!path.is_empty()).then(|| plain(path));
        let ends_in_digit = hint.ends_with(|last: char| last.is_ascii_digit());
        // Numbers below that of the last label with this hint are taken.
        let from = self.numbered.get(&hint).copied().unwrap_or(2);
        let numbered = (from..)
            .map(|number| (number, if ends_in_digit { format!("{hint}_{number}") } else { format!("{hint}{number}") }));
        let plain = std::iter::once(hint.clone()).chain(whole).map(|label| (from, label));
        let free = plain.chain(numbered).find(|(_, label)| !self.labels.contains(label));
        let (number, label) = free.unwrap_or_default();
        self.numbered.insert(hint, number);
        self.labels.insert(label.clone());
        label
    }

    /// Refuses a value whose first axis is not the batch, or that was stretched.
    pub(super) fn is_plain(&self, data: &Data, written: &PyExpr) -> PyResult<()> {
        let reason = match data {
            Data { stretched: true, .. } => "a chain stretches values only in sums and products",
            Data { batch: 1.., .. } => "the samples of a batch are not on the first axis here",
            _ => return Ok(()),
        };
        Err(Unported::new(written.line, reason))
    }
}

pub(super) fn labels_of(reads: &[Data]) -> Vec<String> {
    reads.iter().map(|data| data.label.clone()).collect()
}
