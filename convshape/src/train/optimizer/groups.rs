//! Parameters in groups, by their names.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Optimizer, OptimizerState, Parameter, StateError, Train};
use crate::model::error::ShapeError;

/// Parameters in groups, each with its own optimiser or frozen.
///
/// A group is a pattern of names in files, in which `*` matches any text: `enc.*`, `*.bias`, `blocks.0.c.weight`. A
/// parameter belongs to the first group whose pattern matches its name, in the order in which they were added, or else
/// to the optimiser given to [`Groups::new`]. A pattern that matches no parameter is an error of the first step.
///
/// ```
/// use convshape::train::{Adam, Groups, Sgd};
///
/// // A pretrained encoder learns slowly, its first layer not at all.
/// let optimizer = Groups::new(Adam::new(1e-3)).freeze("enc.0.*").group("enc.*", Sgd::new(1e-4));
/// # drop(optimizer);
/// ```
#[derive(Debug)]
pub struct Groups {
    groups: Vec<Group>,
    rest: Box<dyn Optimizer>,
    /// The initial learning rate of the remaining parameters.
    rate: f64,
}

#[derive(Debug)]
struct Group {
    pattern: String,
    /// `None` if the group is frozen.
    optimizer: Option<Box<dyn Optimizer>>,
    /// The initial learning rate.
    rate: f64,
}

impl Groups {
    /// Sets the optimiser of all parameters that belong to no group.
    #[must_use]
    pub fn new(rest: impl Optimizer + 'static) -> Groups {
        Groups { groups: Vec::new(), rate: rest.learning_rate(), rest: Box::new(rest) }
    }

    /// Adds a group with its own optimiser. A schedule changes its learning rate in proportion to the others.
    #[must_use]
    pub fn group(mut self, pattern: &str, optimizer: impl Optimizer + 'static) -> Groups {
        let rate = optimizer.learning_rate();
        self.groups.push(Group { pattern: pattern.to_owned(), optimizer: Some(Box::new(optimizer)), rate });
        self
    }

    /// Freezes parameters with these names: neither steps nor weight decay change them. The running statistics of a
    /// `BatchNorm` are not parameters and still change in training.
    #[must_use]
    pub fn freeze(mut self, pattern: &str) -> Groups {
        self.groups.push(Group { pattern: pattern.to_owned(), optimizer: None, rate: 0.0 });
        self
    }

    /// Updates the parameters of `model` by one step. Running statistics do not change.
    ///
    /// # Errors
    /// If a parameter was replaced by one of a different shape, the optimiser was used with another model, or no
    /// parameter matches the pattern of a group. Nothing is changed then.
    pub fn step<M: Train>(&mut self, model: &mut M, gradients: &M) -> Result<(), ShapeError> {
        Optimizer::step(self, model, gradients)
    }

    /// The index of a parameter's group; `None` if it belongs to none.
    fn place(&self, parameter: &str) -> Option<usize> {
        self.groups.iter().position(|group| matches(&group.pattern, parameter))
    }

    /// The optimiser of a parameter; `None` if it is frozen.
    fn of(&self, parameter: &str) -> Option<&dyn Optimizer> {
        match self.place(parameter) {
            Some(place) => self.groups[place].optimizer.as_deref(),
            None => Some(&*self.rest),
        }
    }

    /// All optimisers with the indices of their groups, the one for the remaining parameters first.
    fn all_mut(&mut self) -> impl Iterator<Item = (Option<usize>, &mut Box<dyn Optimizer>)> {
        let groups = self.groups.iter_mut().enumerate();
        let groups = groups.filter_map(|(place, group)| Some((Some(place), group.optimizer.as_mut()?)));
        core::iter::once((None, &mut self.rest)).chain(groups)
    }
}

impl Optimizer for Groups {
    fn name(&self) -> String {
        let names = self.groups.iter().map(|Group { pattern, optimizer, .. }| match optimizer {
            Some(optimizer) => format!("{pattern}: {}, ", optimizer.name()),
            None => format!("{pattern}: none, "),
        });
        format!("Groups({}{})", names.collect::<String>(), self.rest.name())
    }

    fn begin(&mut self) {
        self.all_mut().for_each(|(_, optimizer)| optimizer.begin());
    }

    fn update(&mut self, parameter: Parameter<'_>) {
        match self.place(parameter.name) {
            Some(place) => {
                if let Some(optimizer) = &mut self.groups[place].optimizer {
                    optimizer.update(parameter);
                }
            }
            None => self.rest.update(parameter),
        }
    }

    fn learning_rate(&self) -> f64 {
        self.rest.learning_rate()
    }

    fn set_learning_rate(&mut self, rate: f64) {
        let factor = if self.rate == 0.0 { 1.0 } else { rate / self.rate };
        self.rest.set_learning_rate(rate);
        for Group { optimizer, rate, .. } in &mut self.groups {
            if let Some(optimizer) = optimizer {
                optimizer.set_learning_rate(*rate * factor);
            }
        }
    }

    fn buffers(&self, parameter: &str) -> &'static [&'static str] {
        self.of(parameter).map_or(&[], |optimizer| optimizer.buffers(parameter))
    }

    fn remembered(&self, parameter: &str) -> Option<usize> {
        self.of(parameter)?.remembered(parameter)
    }

    fn patterns(&self) -> Vec<&str> {
        self.groups.iter().map(|group| &*group.pattern).collect()
    }

    fn state(&self) -> OptimizerState {
        let rest = self.rest.state();
        let of_groups = self.groups.iter().filter_map(|group| group.optimizer.as_ref());
        let buffers = of_groups.flat_map(|optimizer| optimizer.state().buffers).chain(rest.buffers).collect();
        OptimizerState { optimizer: self.name(), steps: rest.steps, buffers }
    }

    fn restore(&mut self, state: OptimizerState) -> Result<(), StateError> {
        let is_fresh = state == OptimizerState::default();
        let expected = self.name();
        if !is_fresh && state.optimizer != expected {
            return Err(StateError::Optimizer { found: state.optimizer, expected });
        }
        let mut of_groups: BTreeMap<Option<usize>, BTreeMap<String, Vec<f32>>> = BTreeMap::new();
        for (buffer, elements) in state.buffers {
            let parameter = buffer.rsplit_once('/').map_or("", |(parameter, _)| parameter);
            if self.of(parameter).is_none() {
                return Err(StateError::Unknown { optimizer: expected, buffer });
            }
            of_groups.entry(self.place(parameter)).or_default().insert(buffer, elements);
        }
        let before: Vec<OptimizerState> = self.all_mut().map(|(_, optimizer)| optimizer.state()).collect();
        let result = self.all_mut().try_for_each(|(place, optimizer)| {
            let buffers = of_groups.remove(&place).unwrap_or_default();
            let own = OptimizerState { optimizer: optimizer.name(), steps: state.steps, buffers };
            optimizer.restore(if is_fresh { OptimizerState::default() } else { own })
        });
        if result.is_err() {
            for ((_, optimizer), before) in self.all_mut().zip(before) {
                // This is the optimiser's own state.
                let _ = optimizer.restore(before);
            }
        }
        result
    }
}

/// Whether a name matches a pattern, in which `*` is any text.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).filter(|&at| name.is_char_boundary(at)).any(|at| matches(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name) in
            [("*", ""), ("*", "a.b"), ("enc.*", "enc.0.weight"), ("*.bias", "a.b.bias"), ("a*c*e", "abcde"), ("a", "a")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("", "a"), ("enc.*", "encoder.weight"), ("*.bias", "a.bias.b"), ("a*c*e", "abed")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
