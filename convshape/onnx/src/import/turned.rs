//! Permutations moved to the end of the layers that follow them.
//!
//! Files of frameworks with channels last have a `Transpose` before and after each convolution. A layer to which the
//! order of axes means nothing, or that can name another axis, reads what was before the permutation, and the
//! permutation follows the layer. So two of them meet, and both are gone.

use convshape::graph::Op;
use convshape::graph::op::{Class, Source};
use convshape::ndarray::{ArrayD, IxDyn};

use super::Import;
use super::batch::{Tensor, positions};

impl Import {
    /// What a value is a permutation of, and the order: the `k`-th axis of the value is the `order[k]`-th of that.
    pub(super) fn beneath(&self, value: usize) -> Option<(usize, Vec<usize>)> {
        let (Op::Permute { axes, .. }, inputs) = self.made(value)? else { return None };
        Some((inputs[0], positions(&axes)?))
    }

    /// The layer that computes `value` from `input` alone, or does so before a permutation that both have in common.
    pub(super) fn made_from(&self, value: usize, input: usize) -> Option<Op> {
        let (value, input) = match (self.beneath(value), self.beneath(input)) {
            (Some((value, order)), Some((input, other))) if order == other => (value, input),
            _ => (value, input),
        };
        self.made(value).filter(|(_, inputs)| *inputs == [input]).map(|(op, _)| op)
    }

    /// The axes of a value in another order.
    pub(super) fn turned(&mut self, value: usize, order: &[usize]) -> Result<usize, String> {
        Ok(self.permuted(String::new(), Tensor { value, batch: None }, order)?.value)
    }

    /// A layer on one value.
    pub(super) fn on(&mut self, path: String, op: Op, value: usize) -> Result<usize, String> {
        let is_free = matches!(op, Op::Activation(_) | Op::Scale { .. });
        match self.beneath(value).filter(|_| is_free) {
            Some((source, order)) => {
                let y = self.push(path, op, &[source])?;
                self.turned(y, &order)
            }
            None => self.push(path, op, &[value]),
        }
    }

    /// A layer on values with the same number of axes, which broadcast.
    pub(super) fn across(&mut self, path: String, op: Op, values: &[usize]) -> Result<usize, String> {
        match self.all_beneath(values)? {
            Some((sources, order)) if op.class() == Class::Join => {
                let y = self.push(path, op, &sources)?;
                self.turned(y, &order)
            }
            _ => self.push(path, op, values),
        }
    }

    /// What some values are the same permutation of, and its order. Numbers of the file are put in any order.
    pub(super) fn all_beneath(&mut self, values: &[usize]) -> Result<Option<(Vec<usize>, Vec<usize>)>, String> {
        let Some((_, order)) = values.iter().find_map(|&value| self.beneath(value)) else { return Ok(None) };
        let mut inverse = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &axis)| inverse[axis] = at);
        let can = |import: &Import, value: usize| {
            let sizes = import.sample(Tensor { value, batch: None });
            let is_view = || inverse.iter().filter(|&&axis| sizes[axis] != 1).is_sorted();
            sizes.len() == order.len() && (import.beneath(value).is_some_and(|(_, own)| own == order) || is_view())
        };
        if !values.iter().all(|&value| can(self, value)) {
            return Ok(None);
        }
        let sources = values.iter().map(|&value| match self.made(value) {
            Some((Op::Source { of, .. }, _)) => Ok(self.numbers_in_order(value, of, &inverse)),
            _ => self.turned(value, &inverse),
        });
        Ok(Some((sources.collect::<Result<_, String>>()?, order)))
    }

    /// A parameter of the file whose axes are in another order.
    fn numbers_in_order(&mut self, value: usize, of: Source, order: &[usize]) -> usize {
        let Some(statement) = self.maker(value).map(|at| self.statements[at].clone()) else { return value };
        let [(field, shape, numbers)] = statement.params.as_slice() else { return value };
        let Ok(array) = ArrayD::from_shape_vec(IxDyn(shape), numbers.clone()) else { return value };
        let turned = array.permuted_axes(order.to_vec());
        let sizes: Vec<i64> = turned.shape().iter().map(|&size| size as i64).collect();
        let shape = convshape::Shape::of(&sizes);
        let numbers: Vec<f32> = turned.iter().copied().collect();
        let params = vec![(field.clone(), turned.shape().to_vec(), numbers)];
        let op = Op::Source { of, shape };
        let same = |other: &super::Statement| other.path == statement.path && other.op == op && other.params == params;
        if let Some(at) = self.statements.iter().position(same) {
            return self.inputs.len() + at;
        }
        let turned = self.push_source(statement.path, op, shape);
        params.into_iter().for_each(|(field, shape, numbers)| self.give(turned, field, shape, numbers));
        turned
    }
}
