//! The layers of a chain and of its sub-chains in one sequence, in the order in which they run. This is where layers,
//! values and parameters are numbered; it is const and needs no heap.

use core::fmt;

use super::{Action, Program, Step};
use crate::op::Op;

/// How deeply chains may be nested.
const MOST_NESTED: usize = 8;

/// Numbers of layers and of parameters.
#[derive(Clone, Copy)]
struct Count {
    layers: usize,
    params: usize,
}

impl Count {
    const ZERO: Count = Count { layers: 0, params: 0 };

    const fn plus(self, other: Count) -> Count {
        Count { layers: self.layers + other.layers, params: self.params + other.params }
    }
}

/// Iterates over the layers of a program.
///
/// Layers are numbered in the order in which they run, and parameters in the order of the layers that own them. Values
/// are numbered by chain: those of the program, then those of each sub-chain where it runs.
#[derive(Clone, Copy)]
pub struct FlatLayers {
    /// The program, the sub-chain it is in, the sub-chain inside that, and so on.
    frames: [Frame; MOST_NESTED],
    /// The innermost frame.
    depth: usize,
    /// The number of layers so far.
    layers: usize,
    /// The number of values so far.
    values: usize,
}

#[derive(Clone, Copy)]
struct Frame {
    program: &'static Program,
    /// The name of the step that runs it, and the one in files.
    names: [&'static str; 2],
    step: usize,
    first_layer: usize,
    first_value: usize,
    /// Where its parameters begin: at the first of its runs.
    owner: Count,
    /// What its steps so far have.
    done: Count,
    /// Whether it is a further run.
    again: bool,
}

/// A layer of a flattened program.
#[derive(Clone, Copy)]
pub struct FlatLayer {
    /// Its step.
    pub step: &'static Step,
    /// Its operation.
    pub op: &'static Op,
    /// The name in messages.
    pub name: FlatName,
    /// The name in files, without the parameter's.
    pub file_name: FlatName,
    /// The number of the first value of its chain. Those of the step are counted from it.
    pub first_value: usize,
    /// Its first parameter, or that of the layer that it runs again.
    pub first_param: usize,
    /// The parameter of another layer that it uses, which comes before its own.
    pub tied_param: Option<usize>,
    /// The layer that this parameter is from.
    pub tied: Option<usize>,
    /// The layer that it runs again.
    pub first_run: Option<usize>,
}

/// A layer's name, after the names of the sub-chains it is in.
#[derive(Clone, Copy)]
pub struct FlatName {
    /// From index 1 on, the sub-chains.
    chains: [&'static str; MOST_NESTED],
    depth: usize,
    layer: &'static str,
}

impl FlatName {
    /// A name outside of any sub-chain.
    pub const fn new(layer: &'static str) -> FlatName {
        FlatName { chains: [""; MOST_NESTED], depth: 0, layer }
    }

    /// The parts that the name is joined from.
    pub fn pieces(&self) -> impl Iterator<Item = &'static str> + '_ {
        (0..).map_while(|index| self.piece(index))
    }

    /// A part of the name, up to the last one.
    pub const fn piece(&self, index: usize) -> Option<&'static str> {
        let last = 2 * self.depth;
        match index {
            _ if index > last => None,
            _ if index == last => Some(self.layer),
            _ if index.is_multiple_of(2) => Some(self.chains[index / 2 + 1]),
            _ => Some("."),
        }
    }
}

impl fmt::Display for FlatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

impl FlatLayer {
    /// The values it reads.
    pub fn inputs(&self) -> impl Iterator<Item = usize> + '_ {
        self.step.inputs.iter().map(|value| self.first_value + value)
    }

    /// The value it gives.
    pub const fn output(&self) -> usize {
        self.first_value + self.step.output
    }
}

impl Program {
    /// The layers of the chain and of its sub-chains.
    ///
    /// # Panics
    /// If chains are nested more than 8 deep.
    pub const fn flat(&'static self) -> FlatLayers {
        assert!(self.depth() <= MOST_NESTED, "chains are nested at most 8 deep");
        let frame = Frame {
            program: self,
            names: [""; 2],
            step: 0,
            first_layer: 0,
            first_value: 0,
            owner: Count::ZERO,
            done: Count::ZERO,
            again: false,
        };
        FlatLayers { frames: [frame; MOST_NESTED], depth: 0, layers: 0, values: self.values }
    }

    /// The number of values of the chain and of its sub-chains.
    pub const fn flat_values(&self) -> usize {
        let (mut values, mut step) = (self.values, 0);
        while step < self.steps.len() {
            if let Action::Chain { index } = self.steps[step].action {
                values += self.chains[index].flat_values();
            }
            step += 1;
        }
        values
    }

    /// Finds the value that each of [`Program::flat_values`] is: itself, unless it is an input of a sub-chain, or an
    /// output of one seen from outside.
    pub const fn sources(&self, sources: &mut [usize]) {
        let mut input = 0;
        while input < self.inputs.len() {
            sources[input] = input;
            input += 1;
        }
        self.sources_from(0, sources);
    }

    /// Like [`Program::sources`] for a chain whose first value has this number, and whose inputs have their sources.
    /// Returns the number after its last value.
    const fn sources_from(&self, first: usize, sources: &mut [usize]) -> usize {
        let mut value = first + self.inputs.len();
        while value < first + self.values {
            sources[value] = value;
            value += 1;
        }
        let (mut next, mut step) = (first + self.values, 0);
        while step < self.steps.len() {
            let Step { action, inputs, output, .. } = &self.steps[step];
            step += 1;
            let Action::Chain { index } = action else { continue };
            let (chain, mut port) = (self.chains[*index], 0);
            while port < inputs.len() {
                sources[next + port] = sources[first + inputs[port]];
                port += 1;
            }
            let end = chain.sources_from(next, sources);
            port = 0;
            while port < chain.outputs.len() {
                sources[first + *output + port] = sources[next + chain.outputs[port].value];
                port += 1;
            }
            next = end;
        }
        next
    }

    const fn depth(&self) -> usize {
        let (mut deepest, mut index) = (0, 0);
        while index < self.chains.len() {
            let depth = self.chains[index].depth();
            deepest = if depth > deepest { depth } else { deepest };
            index += 1;
        }
        deepest + 1
    }

    /// The layers and parameters of the steps before one.
    const fn before(&self, step: usize) -> Count {
        let (mut count, mut index) = (Count::ZERO, 0);
        while index < step {
            count = count.plus(self.count(&self.steps[index]));
            index += 1;
        }
        count
    }

    /// The layers and parameters of a step. It owns no parameters if it runs an earlier step again.
    const fn count(&self, step: &Step) -> Count {
        let Count { layers, params } = match &step.action {
            Action::Layer(op) => Count { layers: 1, params: op.params().len() },
            Action::Chain { index } => self.chains[*index].before(self.chains[*index].steps.len()),
        };
        Count { layers, params: if step.first_run.is_some() { 0 } else { params } }
    }
}

impl FlatLayers {
    /// The next layer. The same as [`Iterator::next`], but const.
    pub const fn step(&mut self) -> Option<FlatLayer> {
        loop {
            let frame = &mut self.frames[self.depth];
            let program = frame.program;
            if frame.step == program.steps.len() {
                if self.depth == 0 {
                    return None;
                }
                self.depth -= 1;
                continue;
            }
            let step = &program.steps[frame.step];
            let place = match step.first_run {
                Some(of) => program.before(of),
                None => frame.done,
            };
            let owner = frame.owner.plus(place);
            let again = frame.again || step.first_run.is_some();
            frame.step += 1;
            frame.done = frame.done.plus(program.count(step));
            match &step.action {
                Action::Layer(op) => {
                    let frame = *frame;
                    self.layers += 1;
                    let of = match step.first_run {
                        Some(of) => program.steps[of].tied,
                        None => step.tied,
                    };
                    return Some(FlatLayer {
                        step,
                        op,
                        name: self.name(0, step.name),
                        file_name: self.name(1, step.file_name),
                        first_value: frame.first_value,
                        first_param: owner.params,
                        tied_param: match of {
                            Some(of) => Some(frame.owner.params + program.before(of).params + op.tied_param()),
                            None => None,
                        },
                        tied: match step.tied {
                            Some(of) => Some(frame.first_layer + program.before(of).layers),
                            None => None,
                        },
                        first_run: if again { Some(owner.layers) } else { None },
                    });
                }
                Action::Chain { index } => {
                    let (program, names) = (program.chains[*index], [step.name, step.file_name]);
                    let (first_layer, first_value) = (self.layers, self.values);
                    self.values += program.values;
                    self.depth += 1;
                    let done = Count::ZERO;
                    self.frames[self.depth] =
                        Frame { program, names, step: 0, first_layer, first_value, owner, done, again };
                }
            }
        }
    }

    /// The name of a layer of the innermost chain.
    const fn name(&self, which: usize, layer: &'static str) -> FlatName {
        let (mut name, mut depth) = (FlatName::new(layer), 1);
        while depth <= self.depth {
            name.chains[depth] = self.frames[depth].names[which];
            depth += 1;
        }
        name.depth = self.depth;
        name
    }
}

impl Iterator for FlatLayers {
    type Item = FlatLayer;

    fn next(&mut self) -> Option<FlatLayer> {
        self.step()
    }
}
