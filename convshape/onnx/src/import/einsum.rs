//! `Einsum` as sums, matrix products and permutations.

use convshape::graph::Op;
use convshape::graph::op::{Axes, Axis, Reduction};

use super::batch::{Tensor, named};
use super::node::Node;
use super::{Import, Lowered};

impl Import {
    pub(super) fn einsum(&mut self, node: Node<'_>) -> Lowered {
        let equation: String = node.text("equation", "").chars().filter(|letter| *letter != ' ').collect();
        let refused = || format!("the equation `{equation}`");
        let (inputs, output) = equation.split_once("->").ok_or_else(refused)?;
        let output: Vec<char> = output.chars().collect();
        let inputs: Vec<Vec<char>> = inputs.split(',').map(|labels| labels.chars().collect()).collect();
        let once =
            |labels: &[char]| labels.iter().all(|label| labels.iter().filter(|other| *other == label).count() == 1);
        let letters = inputs
            .iter()
            .chain([&output])
            .all(|labels| once(labels) && labels.iter().all(|label| label.is_alphabetic()));
        let given = |label: &char| inputs.iter().any(|labels| labels.contains(label));
        if !letters || !output.iter().all(given) || inputs.len() != node.0.input.len() {
            return Err(refused());
        }
        let mut values = Vec::new();
        for (at, labels) in inputs.iter().enumerate() {
            let x = self.operand(node, at, labels.len())?;
            if self.sizes(x).len() != labels.len() {
                return Err(refused());
            }
            // A label in no other value and not in the result is summed immediately.
            let others = inputs.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, labels)| labels);
            let kept: Vec<char> = others.chain(&output).copied().collect();
            values.push(self.summed(node, x, labels, &kept)?);
        }
        let mut rest = values.into_iter().enumerate();
        let (_, (mut x, mut a)) = rest.next().ok_or_else(refused)?;
        for (at, (y, b)) in rest {
            let later: Vec<char> = inputs[at + 1..].iter().flatten().chain(&output).copied().collect();
            let is_last = at + 1 == inputs.len();
            let between = a.iter().chain(b.iter().filter(|label| !a.contains(label)));
            let between: Vec<char> = between.copied().filter(|label| later.contains(label)).collect();
            let wanted = if is_last { output.clone() } else { between };
            x = self.pair(node, (x, &a), (y, &b), &wanted)?;
            a = wanted;
        }
        let order: Option<Vec<usize>> = output.iter().map(|label| a.iter().position(|other| other == label)).collect();
        self.permuted(self.path(node), x, &order.ok_or_else(refused)?)
    }

    /// The sum along the axes whose labels are not kept, and the labels that are left.
    fn summed(
        &mut self,
        node: Node<'_>,
        x: Tensor,
        labels: &[char],
        kept: &[char],
    ) -> Result<(Tensor, Vec<char>), String> {
        let left: Vec<char> = labels.iter().copied().filter(|label| kept.contains(label)).collect();
        if left.len() == labels.len() {
            return Ok((x, left));
        }
        let sizes: Vec<i64> =
            self.sizes(x).iter().zip(labels).filter(|(_, label)| kept.contains(label)).map(|(&size, _)| size).collect();
        let gone = (0..labels.len()).filter(|&at| !kept.contains(&labels[at]));
        let positions: Vec<usize> = gone.map(|at| self.position(at as i64, x)).collect::<Result<_, _>>()?;
        let axes: Vec<Axis> = positions.iter().map(|&position| named(position, x)).collect();
        let all = positions.len() == self.sample(x).len();
        let axes = if all { None } else { Some(Axes::of(&axes).ok_or("too many axes")?) };
        let value = self.push(self.path(node), Op::Reduce { kind: Reduction::Sum, axes, keep: false }, &[x.value])?;
        let label = x.batch.map(|batch| labels[batch]);
        let batch = label.and_then(|label| left.iter().position(|other| *other == label));
        Ok((self.placed(Tensor { value, batch }, &sizes, batch)?, left))
    }

    /// Two values as a matrix product: labels of both that the result lacks are summed.
    fn pair(
        &mut self,
        node: Node<'_>,
        (x, a): (Tensor, &[char]),
        (y, b): (Tensor, &[char]),
        output: &[char],
    ) -> Lowered {
        let refused = || "an equation that is no product of matrices".to_owned();
        let (x, y) = if x.batch == y.batch { (x, y) } else { (self.merged(x)?, self.merged(y)?) };
        // Labels that are kept in parallel, that are summed, and that belong to one value only.
        let shared: Vec<char> = output.iter().copied().filter(|label| a.contains(label) && b.contains(label)).collect();
        let summed: Vec<char> =
            a.iter().copied().filter(|label| b.contains(label) && !output.contains(label)).collect();
        let rows: Vec<char> = output.iter().copied().filter(|label| !b.contains(label)).collect();
        let columns: Vec<char> = output.iter().copied().filter(|label| !a.contains(label)).collect();
        let size = |label: &char| match a.iter().position(|other| other == label) {
            Some(at) => self.sizes(x)[at],
            None => b.iter().position(|other| other == label).map_or(1, |at| self.sizes(y)[at]),
        };
        let lists: Vec<Vec<i64>> =
            [&shared, &rows, &summed, &columns].map(|labels| labels.iter().map(size).collect()).into();
        let product =
            |list: &Vec<i64>| list.iter().try_fold(1_i64, |product, &size| product.checked_mul(size)).unwrap_or(0);
        let [k, m, n] = [&lists[2], &lists[1], &lists[3]].map(product);
        let (x, y) = (
            self.grouped(node, x, a, [&shared, &rows, &summed])?,
            self.grouped(node, y, b, [&shared, &summed, &columns])?,
        );
        let matrices = |sizes: [i64; 2]| lists[0].iter().copied().chain(sizes).collect::<Vec<i64>>();
        let (x, y) = (self.reshaped(x, &matrices([m, k]))?, self.reshaped(y, &matrices([k, n]))?);
        let (x, y) = if x.batch == y.batch { (x, y) } else { (self.merged(x)?, self.merged(y)?) };
        let place = x.batch.map(|batch| self.sizes(x).len() - batch);
        if place.is_some_and(|place| place < 3) {
            return Err(refused());
        }
        let op = Op::MatMul { transpose_a: false, transpose_b: false };
        let z = self.joined(self.path(node), op, &[x.value, y.value], place)?;
        let z = self.reshaped(z, &[lists[0].as_slice(), &lists[1], &lists[3]].concat())?;
        let have: Vec<char> = [shared, rows, columns].concat();
        let order: Option<Vec<usize>> =
            output.iter().map(|label| have.iter().position(|other| other == label)).collect();
        self.permuted(self.path(node), z, &order.ok_or_else(refused)?)
    }

    /// The axes of a value in the order of some labels.
    fn grouped(&mut self, node: Node<'_>, x: Tensor, labels: &[char], wanted: [&Vec<char>; 3]) -> Lowered {
        let order: Vec<usize> =
            wanted.into_iter().flatten().filter_map(|label| labels.iter().position(|other| other == label)).collect();
        match order.len() == labels.len() {
            true => self.permuted(self.path(node), x, &order),
            false => Err("an equation that repeats a value".to_owned()),
        }
    }
}
