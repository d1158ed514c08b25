//! A network run step by step, for libraries without graphs.

use crate::Failure;
use crate::net::{Net, Step};

/// Steps as a library's actions `A` on its values `V`.
pub(crate) struct Steps<A, V> {
    steps: Vec<Numbered<A>>,
    values: Vec<Option<V>>,
    output: usize,
}

struct Numbered<A> {
    action: A,
    /// The values it reads, and whether it is the last to do so.
    inputs: Vec<(usize, bool)>,
    output: usize,
}

impl<A, V: Clone> Steps<A, V> {
    pub(crate) fn new(net: &Net, mut action: impl FnMut(&Step) -> Result<A, Failure>) -> Result<Steps<A, V>, Failure> {
        let steps = net.steps.iter().enumerate().map(|(index, step)| {
            let is_last = |value| !net.steps[index + 1..].iter().any(|step| step.inputs.contains(&value));
            let inputs = step.inputs.iter().map(|&value| (value, is_last(value))).collect();
            Ok(Numbered { action: action(step)?, inputs, output: step.output })
        });
        let count = 1 + net.steps.iter().map(|step| step.output).max().unwrap_or(0);
        Ok(Steps { steps: steps.collect::<Result<_, Failure>>()?, values: vec![None; count], output: net.output })
    }

    /// Calls `f` with each action, to change it.
    pub(crate) fn for_each(&mut self, f: impl FnMut(&mut A)) {
        self.steps.iter_mut().map(|step| &mut step.action).for_each(f);
    }

    /// The output for an input. The last reader of a value owns it, so that the library may overwrite it.
    pub(crate) fn run(&mut self, x: V, mut apply: impl FnMut(&A, Vec<V>) -> Result<V, Failure>) -> Result<V, Failure> {
        self.values[0] = Some(x);
        for step in &self.steps {
            let values = &mut self.values;
            let read = |&(value, is_last): &(usize, bool)| {
                if is_last { values[value].take() } else { values[value].clone() }
            };
            let inputs = step.inputs.iter().filter_map(read).collect();
            self.values[step.output] = Some(apply(&step.action, inputs)?);
        }
        self.values[self.output].take().ok_or_else(|| "no output".into())
    }
}
