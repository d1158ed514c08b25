//! The interpreter's memory planner: the offset of every value of a program while it runs.
//!
//! A value keeps its memory until its last reader has run; later values then reuse it. An elementwise layer works in
//! place if nothing else reads its input.

#[cfg(feature = "alloc")]
use alloc::string::ToString;
#[cfg(feature = "alloc")]
use alloc::vec;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use convshape_arith::op::Class;
use convshape_arith::shape::Shape;

use crate::model::parts::Linked;
use crate::model::slot::Slot;
#[cfg(feature = "alloc")]
use convshape_arith::graph::GraphError;
use convshape_arith::program::{Action, Program, Step};

/// A program with the offsets of its values.
pub(crate) trait Layout {
    /// The program.
    fn program(&self) -> &'static Program;
    /// The offset and size of each value.
    fn slots(&self) -> &[Slot];
    /// One of its sub-chains.
    fn chain(&self, index: usize) -> &Self;
}

/// The elements that the values of a program need, without those of its sub-chains.
pub(crate) const fn elements(slots: &[Slot], inputs: usize) -> usize {
    let (mut most, mut value) = (0, inputs);
    while value < slots.len() {
        let end = slots[value].place + slots[value].size();
        most = if end > most { end } else { most };
        value += 1;
    }
    most
}

impl Layout for Linked {
    fn program(&self) -> &'static Program {
        self.program
    }

    fn slots(&self) -> &[Slot] {
        self.slots
    }

    fn chain(&self, index: usize) -> &Linked {
        &self.chains[index]
    }
}

impl Linked {
    /// The elements that a run needs: the values, followed by those of one sub-chain at a time.
    pub(crate) const fn elements(&self) -> usize {
        let (mut most, mut index) = (0, 0);
        while index < self.chains.len() {
            let elements = self.chains[index].elements();
            most = if elements > most { elements } else { most };
            index += 1;
        }
        elements(self.slots, self.program.inputs.len()) + most
    }
}

/// Whether memory is planned for all these chains.
pub const fn laid_out(chains: &[Linked]) -> bool {
    let mut index = 0;
    while index < chains.len() {
        if chains[index].slots.is_empty() {
            return false;
        }
        index += 1;
    }
    true
}

/// Plans the memory of a program's `VALUES` values while it compiles. The output of step `i` has the shape
/// `shapes[shape[i]]`; a sub-chain has its own shapes.
pub const fn slots<const VALUES: usize>(
    program: &Program,
    chains: &[Linked],
    shapes: &[Shape],
    shape: &[usize],
) -> [Slot; VALUES] {
    let mut slots = [Slot::NONE; VALUES];
    let mut port = 0;
    while port < program.inputs.len() {
        slots[port] = Slot::of(program.inputs[port].shape);
        port += 1;
    }
    let mut index = 0;
    while index < program.steps.len() {
        let step = &program.steps[index];
        match &step.action {
            Action::Layer(op) => {
                let keys = step.inputs[if step.inputs.len() > 1 { 1 } else { 0 }];
                let inputs = [&slots[step.inputs[0]].shape, &slots[keys].shape];
                slots[step.output] = Slot::of_layer(op, inputs, shapes[shape[index]], program.order);
            }
            Action::Chain { index } => {
                let outputs = chains[*index].program.outputs;
                let mut port = 0;
                while port < outputs.len() {
                    slots[step.output + port] = Slot::of(outputs[port].shape);
                    port += 1;
                }
            }
        }
        index += 1;
    }
    place(program, chains, &mut slots, &mut [Life::NONE; VALUES], &mut [0; VALUES]);
    slots
}

/// The lifetime of a value.
#[derive(Clone, Copy)]
struct Life {
    /// The value whose memory it shares: itself, if it has its own.
    root: usize,
    /// The last step that reads it; for a root, the last step that reads any value sharing its memory.
    last: usize,
}

impl Life {
    const NONE: Life = Life { root: 0, last: 0 };
}

/// Gives every value the first free offset. `taken` is scratch space for the values currently in memory; there are few
/// at a time, so the work grows linearly with the number of values.
const fn place(program: &Program, chains: &[Linked], slots: &mut [Slot], lives: &mut [Life], taken: &mut [usize]) {
    let inputs = program.inputs.len();
    let mut value = 0;
    while value < lives.len() {
        lives[value].root = value;
        value += 1;
    }
    let mut time = 0;
    while time < program.steps.len() {
        let step = &program.steps[time];
        let mut operand = 0;
        while operand < step.inputs.len() {
            lives[step.inputs[operand]].last = time;
            operand += 1;
        }
        time += 1;
    }
    let mut port = 0;
    while port < program.outputs.len() {
        lives[program.outputs[port].value].last = time;
        port += 1;
    }
    let mut count = 0;
    time = 0;
    while time < program.steps.len() {
        let step = &program.steps[time];
        if let Some(root) = shared(step, inputs, time, lives) {
            let last = lives[step.output].last;
            lives[step.output].root = root;
            lives[root].last = if last > lives[root].last { last } else { lives[root].last };
            slots[step.output].place = slots[root].place;
        } else {
            let outputs = match step.action {
                Action::Layer(_) => 1,
                Action::Chain { index } => chains[index].program.outputs.len(),
            };
            let mut port = 0;
            while port < outputs {
                let output = step.output + port;
                // A value that nothing reads still needs memory.
                lives[output].last = if time > lives[output].last { time } else { lives[output].last };
                count = still_read(taken, count, lives, time);
                count = insert(taken, count, slots, output);
                port += 1;
            }
        }
        time += 1;
    }
}

/// The value in whose memory a step works in place.
const fn shared(step: &Step, inputs: usize, time: usize, lives: &[Life]) -> Option<usize> {
    let (Action::Layer(op), [input]) = (step.action, step.inputs) else { return None };
    if *input < inputs {
        return None;
    }
    let root = lives[*input].root;
    match op.class() {
        Class::View => Some(root),
        Class::Elementwise if lives[root].last == time => Some(root),
        _ => None,
    }
}

/// Removes the values that nothing reads any more.
const fn still_read(taken: &mut [usize], count: usize, lives: &[Life], time: usize) -> usize {
    let (mut kept, mut index) = (0, 0);
    while index < count {
        if lives[taken[index]].last >= time {
            taken[kept] = taken[index];
            kept += 1;
        }
        index += 1;
    }
    kept
}

/// Puts a value into the first gap that is large enough between the `taken` values, which are sorted by offset.
const fn insert(taken: &mut [usize], count: usize, slots: &mut [Slot], value: usize) -> usize {
    let (mut place, mut gap) = (0, 0);
    while gap < count {
        let other = slots[taken[gap]];
        if place + slots[value].size() <= other.place {
            break;
        }
        place = other.place + other.size();
        gap += 1;
    }
    slots[value].place = place;
    let mut index = count;
    while index > gap {
        taken[index] = taken[index - 1];
        index -= 1;
    }
    taken[gap] = value;
    count + 1
}

/// A program with the offsets of its values, planned at run time from the shapes of its inputs.
#[cfg(feature = "alloc")]
pub(crate) struct Dynamic {
    program: &'static Program,
    slots: Vec<Slot>,
    chains: Vec<Dynamic>,
}

#[cfg(feature = "alloc")]
impl Dynamic {
    /// Plans a program for inputs of these shapes, which have no symbols.
    ///
    /// # Errors
    /// If a layer rejects its input.
    pub(crate) fn new(linked: Linked, inputs: &[Shape]) -> Result<Dynamic, GraphError> {
        let Linked { program, chains: linked_chains, .. } = linked;
        let mut slots = vec![Slot::NONE; program.values];
        let mut chains = Vec::new();
        for (slot, shape) in slots.iter_mut().zip(inputs) {
            *slot = Slot::of(*shape);
        }
        for step in program.steps {
            let operands: Vec<Shape> = step.inputs.iter().map(|&value| slots[value].shape).collect();
            match step.action {
                Action::Layer(op) => {
                    let output = op.bind(&operands, program.order).output(&operands, program.order);
                    let error = |fault| GraphError::Layer { layer: step.name.to_string(), fault };
                    let keys = operands.get(1).unwrap_or(&operands[0]);
                    let output = output.map_err(error)?;
                    slots[step.output] = Slot::of_layer(&op, [&operands[0], keys], output, program.order);
                }
                Action::Chain { index } => {
                    let chain =
                        Dynamic::new(linked_chains[index], &operands).map_err(|error| within(step.name, error))?;
                    for (port, output) in chain.program.outputs.iter().enumerate() {
                        slots[step.output + port] = Slot::of(chain.slots[output.value].shape);
                    }
                    // Sub-chains are numbered in the order of their steps.
                    chains.push(chain);
                }
            }
        }
        let (mut lives, mut taken) = (vec![Life::NONE; program.values], vec![0; program.values]);
        place(program, linked_chains, &mut slots, &mut lives, &mut taken);
        Ok(Dynamic { program, slots, chains })
    }

    /// The elements that a run takes.
    pub(crate) fn elements(&self) -> usize {
        let chains = self.chains.iter().map(Dynamic::elements).max().unwrap_or(0);
        elements(&self.slots, self.program.inputs.len()) + chains
    }

    /// The shapes of the outputs.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &Shape> {
        self.program.outputs.iter().map(|port| &self.slots[port.value].shape)
    }
}

/// The error of a sub-chain, seen from outside.
#[cfg(feature = "alloc")]
fn within(chain: &str, error: GraphError) -> GraphError {
    match error {
        GraphError::Layer { layer, fault } => GraphError::Layer { layer: alloc::format!("{chain}.{layer}"), fault },
        error => error,
    }
}

#[cfg(feature = "alloc")]
impl Layout for Dynamic {
    fn program(&self) -> &'static Program {
        self.program
    }

    fn slots(&self) -> &[Slot] {
        &self.slots
    }

    fn chain(&self, index: usize) -> &Dynamic {
        &self.chains[index]
    }
}
