//! Builds a chain's tables from columns. The macro writes one array of literals per field, which rustc checks far
//! faster than many nested structs; const evaluation then builds the rows.

use convshape_arith::op::MAX_SPATIAL;
use convshape_arith::shape::Shape;

use crate::methods::check;
use crate::model::chain::LayerInfo;
use convshape_arith::program::{Action, Step};

/// The columns of [`Program::steps`](convshape_arith::program::Program::steps).
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// The layers' names.
    pub names: &'a [&'static str],
    /// Their names in files.
    pub file_names: &'a [&'static str],
    /// The different actions of the steps, each once.
    pub actions: &'a [Action],
    /// The index of each step's action.
    pub action: &'a [usize],
    /// The values that the steps read, concatenated.
    pub inputs: &'static [usize],
    /// How many of them each step reads.
    pub input_counts: &'a [usize],
    /// The first value that each step gives.
    pub outputs: &'a [usize],
    /// The steps that use another's weight, in order, each with the index of the other.
    pub tied: &'a [[usize; 2]],
    /// The steps that run an earlier one again, in order, each with the index of the earlier one.
    pub first_runs: &'a [[usize; 2]],
}

impl Steps<'_> {
    /// The rows.
    pub const fn rows<const N: usize>(self) -> [Step; N] {
        let action = Action::Chain { index: 0 };
        let none = Step { name: "", file_name: "", action, inputs: &[], output: 0, tied: None, first_run: None };
        let mut rows = [none; N];
        let (mut inputs, mut all_tied, mut first_runs) = (self.inputs, self.tied, self.first_runs);
        let mut row = 0;
        while row < N {
            let (own, rest) = inputs.split_at(self.input_counts[row]);
            inputs = rest;
            let tied = take(&mut all_tied, row);
            let first_run = take(&mut first_runs, row);
            rows[row] = Step {
                name: self.names[row],
                file_name: self.file_names[row],
                action: self.actions[self.action[row]],
                inputs: own,
                output: self.outputs[row],
                tied,
                first_run,
            };
            row += 1;
        }
        rows
    }
}

/// The columns of [`Chain::LAYERS`](crate::Chain::LAYERS).
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// The layers' names.
    pub names: &'a [&'static str],
    /// Their kinds.
    pub ops: &'a [&'static str],
    /// The shapes that occur.
    pub shapes: &'a [Shape],
    /// The indices of the shapes of each layer's first input and of its output.
    pub ends: &'a [[usize; 2]],
    /// The parameters and multiply-accumulates of each.
    pub costs: &'a [[u64; 2]],
    /// The receptive fields, as [`check::rows`] takes them.
    pub fields: &'static [[u64; MAX_SPATIAL]],
    /// What the layers read, concatenated.
    pub reads: &'static [usize],
    /// How many of them each reads.
    pub read_counts: &'a [usize],
    /// The layers that restore another's input, in order, each with the index of the other.
    pub undoes: &'a [[usize; 2]],
}

impl Layers<'_> {
    /// The rows.
    pub const fn rows<const N: usize>(self) -> [LayerInfo; N] {
        let nothing = Shape::of(&[]);
        let none = LayerInfo {
            name: "",
            op: "",
            input: nothing,
            output: nothing,
            params: 0,
            macs: 0,
            receptive_field: &[],
            reads: &[],
            undoes: None,
        };
        let mut rows = [none; N];
        let (mut reads, mut undoes) = (self.reads, self.undoes);
        let mut row = 0;
        while row < N {
            let (own, rest) = reads.split_at(self.read_counts[row]);
            reads = rest;
            let [input, output] = self.ends[row];
            let output = self.shapes[output];
            let undone = take(&mut undoes, row);
            rows[row] = LayerInfo {
                name: self.names[row],
                op: self.ops[row],
                input: self.shapes[input],
                output,
                params: self.costs[row][0],
                macs: self.costs[row][1],
                receptive_field: check::rows(&self.fields[row], &output),
                reads: own,
                undoes: undone,
            };
            row += 1;
        }
        rows
    }
}

/// Removes the first pair and returns its index, if it belongs to this row.
const fn take(pairs: &mut &[[usize; 2]], row: usize) -> Option<usize> {
    match pairs {
        [[of, place], rest @ ..] if *of == row => {
            *pairs = rest;
            Some(*place)
        }
        _ => None,
    }
}
