//! Kernels that the file computes, as standardised ones (NFNet, BiT) from a parameter.
//!
//! Their numbers are known, but as numbers they would train otherwise than in the file. So the arithmetic becomes layers on
//! the parameter, and the convolution reads what they give.

use std::collections::HashSet;

use convshape::graph::Op;
use convshape::graph::op::{Conv, WeightFrom};

use super::batch::Tensor;
use super::constant::Constant;
use super::node::Node;
use super::{Import, Lowered, Value};
use crate::proto;

/// Operators that only arrange the numbers of a kernel, or that say how the file stores them.
const ARRANGING: [&str; 9] =
    ["Cast", "Constant", "DequantizeLinear", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

impl Import {
    /// A convolution whose kernel is a value, or is computed from a parameter.
    pub(super) fn with_read_kernel(&mut self, node: Node<'_>, x: Tensor, conv: Conv) -> Option<Lowered> {
        let name = node.input(1)?;
        let kernel = match self.value(name) {
            Value::Constant(numbers) => self.computed_kernel(name, &numbers)?,
            _ => return None,
        };
        let bias = match node.input(2) {
            Some(_) => Some(self.constant(node, 2)?.floats()),
            None => None,
        };
        let op = Op::Conv(Conv { weight: WeightFrom::Input, ..conv });
        let value = match self.push(self.path(node), op, &[x.value, kernel]) {
            Ok(value) => value,
            Err(reason) => return Some(Err(reason)),
        };
        if let Some(bias) = bias {
            self.give(value, "bias", vec![bias.len()], bias.iter().copied().collect());
        }
        Some(Ok(Tensor { value, ..x }))
    }

    /// The kernel as a value that depends on one parameter of the file; `None` if it is such a parameter itself, or if the
    /// chain cannot compute it.
    fn computed_kernel(&mut self, name: &str, numbers: &Constant) -> Option<usize> {
        let mut nodes = Vec::new();
        let mut leaves = Vec::new();
        self.behind(name, &mut HashSet::new(), &mut nodes, &mut leaves)?;
        if nodes.iter().all(|node| ARRANGING.contains(&node.op_type.as_str())) {
            return None;
        }
        let count: usize = numbers.shape().iter().product();
        let is_root = |leaf: &&String| matches!(self.values.get(*leaf), Some(Value::Constant(Constant::Floats(array))) if array.len() == count);
        let mut roots = leaves.iter().filter(is_root);
        let (root, None) = (roots.next()?.clone(), roots.next()) else { return None };
        let Value::Constant(root_numbers) = self.value(&root) else { return None };

        let (values, statements, refusals) = (self.shapes.len(), self.statements.len(), self.refusals.len());
        let known: Vec<(String, Option<Value>)> = std::iter::once(&root)
            .chain(nodes.iter().flat_map(|node| &node.output))
            .map(|name| (name.clone(), self.values.get(name).cloned()))
            .collect();
        let parameter = self.parameter(&root, &root_numbers, root_numbers.shape(), true).ok()?;
        self.values.insert(root, Value::Tensor(Tensor { value: parameter, batch: None }));
        nodes.iter().for_each(|node| self.node(Node(node)));
        let kernel = match self.value(name) {
            Value::Tensor(kernel) if self.refusals.len() == refusals => Some(kernel),
            _ => None,
        };
        let sizes: Vec<i64> = numbers.shape().iter().map(|&size| size as i64).collect();
        let kernel = kernel.filter(|kernel| self.sizes(*kernel) == sizes).and_then(|kernel| self.merged(kernel).ok());
        // Others may read the same numbers as they are.
        for (name, value) in known {
            match value {
                Some(value) => self.values.insert(name, value),
                None => self.values.remove(&name),
            };
        }
        if kernel.is_none() {
            self.statements.truncate(statements);
            self.shapes.truncate(values);
            self.refusals.truncate(refusals);
            self.parameters.retain(|_, value| *value < values);
            self.whole.retain(|value| *value < values);
            self.conditions.retain(|value| *value < values);
        }
        kernel.map(|kernel| kernel.value)
    }

    /// The nodes that compute a name, those that are read first in front, and the names that no node computes. `None` if
    /// they are many.
    fn behind(
        &self,
        name: &str,
        seen: &mut HashSet<String>,
        nodes: &mut Vec<proto::NodeProto>,
        leaves: &mut Vec<String>,
    ) -> Option<()> {
        const MOST_NODES: usize = 64;
        if name.is_empty() || !seen.insert(name.to_owned()) {
            return Some(());
        }
        let Some(node) = self.makers.get(name) else {
            leaves.push(name.to_owned());
            return Some(());
        };
        if seen.len() > 4 * MOST_NODES {
            return None;
        }
        // With the statistics of what it reads, it does not need those that are given.
        let is_standard = node.op_type == "BatchNormalization" && Node(node).int("training_mode", 0) != 0;
        for input in node.input.iter().take(if is_standard { 3 } else { usize::MAX }) {
            self.behind(input, seen, nodes, leaves)?;
        }
        if !nodes.contains(node) {
            nodes.push(node.clone());
        }
        Some(())
    }
}
