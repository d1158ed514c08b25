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

#[cfg(feature = "alloc")]
use convshape_arith::graph::GraphError;
use convshape_arith::op::Class;
use convshape_arith::program::{Action, FlatLayer, Program};
use convshape_arith::shape::Shape;

use crate::model::slot::Slot;

/// Whether memory is planned for all these chains.
pub const fn laid_out(chains: &[&[Slot]]) -> bool {
    let mut index = 0;
    while index < chains.len() {
        if chains[index].is_empty() {
            return false;
        }
        index += 1;
    }
    true
}

/// Plans the memory of a program while it compiles, for `VALUES` values including those of its sub-chains, whose slots
/// are known. The output of step `i` has the shape `shapes[shape[i]]`.
pub const fn slots<const VALUES: usize>(
    program: &'static Program,
    chains: &[&[Slot]],
    shapes: &[Shape],
    shape: &[usize],
) -> [Slot; VALUES] {
    let mut slots = [Slot::NONE; VALUES];
    let mut port = 0;
    while port < program.inputs.len() {
        slots[port] = Slot::of(program.inputs[port].shape);
        port += 1;
    }
    let (mut next, mut index) = (program.values, 0);
    while index < program.steps.len() {
        let step = &program.steps[index];
        match &step.action {
            Action::Layer(op) => {
                let keys = step.inputs[if step.inputs.len() > 1 { 1 } else { 0 }];
                let inputs = [&slots[step.inputs[0]].shape, &slots[keys].shape];
                slots[step.output] = Slot::of_layer(op, inputs, shapes[shape[index]], program.order);
            }
            Action::Chain { index } => {
                let (chain, outputs) = (chains[*index], program.chains[*index].outputs);
                let mut value = 0;
                while value < chain.len() {
                    slots[next + value] = chain[value];
                    value += 1;
                }
                let mut port = 0;
                while port < outputs.len() {
                    slots[step.output + port] = chain[outputs[port].value];
                    port += 1;
                }
                next += chain.len();
            }
        }
        index += 1;
    }
    place(program, &mut slots, [&mut [0; VALUES], &mut [0; VALUES]], &mut [Life::NONE; VALUES]);
    slots
}

/// Plans the memory of a program at run time, for inputs of these shapes, which have no symbols.
///
/// # Errors
/// If a layer rejects its input.
#[cfg(feature = "alloc")]
pub(crate) fn slots_for(program: &'static Program, inputs: &[Shape]) -> Result<Vec<Slot>, GraphError> {
    let mut sources = vec![0; program.flat_values()];
    program.sources(&mut sources);
    let mut slots = vec![Slot::NONE; sources.len()];
    for (slot, shape) in slots.iter_mut().zip(inputs) {
        *slot = Slot::of(*shape);
    }
    for layer in program.flat() {
        let operands: Vec<Shape> = layer.inputs().map(|value| slots[sources[value]].shape).collect();
        let output = layer.op.bind(&operands, program.order).output(&operands, program.order);
        let output = output.map_err(|fault| GraphError::Layer { layer: layer.name.to_string(), fault })?;
        let keys = operands.get(1).unwrap_or(&operands[0]);
        slots[layer.output()] = Slot::of_layer(layer.op, [&operands[0], keys], output, program.order);
    }
    let (mut taken, mut lives) = (vec![0; slots.len()], vec![Life::NONE; slots.len()]);
    place(program, &mut slots, [&mut sources, &mut taken], &mut lives);
    Ok(slots)
}

/// The lifetime of a value.
#[derive(Clone, Copy)]
struct Life {
    /// The value whose memory it shares: itself, if it has its own.
    root: usize,
    /// The last layer that reads it; for a root, the last layer that reads any value sharing its memory.
    last: usize,
}

impl Life {
    const NONE: Life = Life { root: 0, last: 0 };
}

/// Gives every value the first free offset. `sources` and `taken` are scratch space: for the value that each one is,
/// and for the values currently in memory; there are few at a time, so the work grows linearly with the number of
/// values.
const fn place(program: &'static Program, slots: &mut [Slot], [sources, taken]: [&mut [usize]; 2], lives: &mut [Life]) {
    program.sources(sources);
    let mut value = 0;
    while value < lives.len() {
        lives[value].root = value;
        value += 1;
    }
    let (mut layers, mut time) = (program.flat(), 0);
    while let Some(layer) = layers.step() {
        let mut operand = 0;
        while operand < layer.step.inputs.len() {
            lives[sources[layer.first_value + layer.step.inputs[operand]]].last = time;
            operand += 1;
        }
        time += 1;
    }
    let mut port = 0;
    while port < program.outputs.len() {
        lives[sources[program.outputs[port].value]].last = time;
        port += 1;
    }
    let mut count = 0;
    (layers, time) = (program.flat(), 0);
    while let Some(layer) = layers.step() {
        let output = layer.output();
        if let Some(root) = shared(&layer, program.inputs.len(), sources, time, lives) {
            let last = lives[output].last;
            lives[output].root = root;
            lives[root].last = if last > lives[root].last { last } else { lives[root].last };
            slots[output].place = slots[root].place;
        } else {
            // A value that nothing reads still needs memory.
            lives[output].last = if time > lives[output].last { time } else { lives[output].last };
            count = still_read(taken, count, lives, time);
            count = insert(taken, count, slots, output);
        }
        time += 1;
    }
    value = 0;
    while value < slots.len() {
        slots[value] = slots[sources[value]];
        slots[value].input = if sources[value] < program.inputs.len() { Some(sources[value]) } else { None };
        value += 1;
    }
}

/// The value in whose memory a layer works in place.
const fn shared(layer: &FlatLayer, inputs: usize, sources: &[usize], time: usize, lives: &[Life]) -> Option<usize> {
    let [input] = layer.step.inputs else { return None };
    let input = sources[layer.first_value + *input];
    if input < inputs {
        return None;
    }
    let root = lives[input].root;
    match layer.op.class() {
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
