//! `Einsum` of two values as a product of matrices.

use convshape::graph::Op;

use super::Import;
use super::batch::Tensor;
use super::lower::Lowered;
use super::node::Node;

impl Import {
    pub(super) fn einsum(&mut self, node: Node<'_>) -> Lowered {
        let equation: String = node.text("equation", "").chars().filter(|letter| *letter != ' ').collect();
        let refused = || format!("the equation `{equation}`");
        let (inputs, output) = equation.split_once("->").ok_or_else(refused)?;
        let (a, b) = inputs.split_once(',').ok_or_else(refused)?;
        let [a, b, output] = [a, b, output].map(|labels| labels.chars().collect::<Vec<char>>());
        let once =
            |labels: &[char]| labels.iter().all(|label| labels.iter().filter(|other| *other == label).count() == 1);
        let letters = [&a, &b, &output]
            .into_iter()
            .all(|labels| once(labels) && labels.iter().all(|label| label.is_alphabetic()));
        let known = |label: &char| a.contains(label) && b.contains(label) || output.contains(label);
        if !letters || b.contains(&',') || !a.iter().chain(&b).all(known) {
            return Err(refused());
        }
        let (x, y) = (self.operand(node, 0, 1)?, self.operand(node, 1, 1)?);
        let (x, y) = if x.batch == y.batch { (x, y) } else { (self.merged(x)?, self.merged(y)?) };
        if self.sizes(x).len() != a.len() || self.sizes(y).len() != b.len() {
            return Err(refused());
        }
        // Labels that stay side by side, that are summed, and those of one value alone.
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
            self.grouped(node, x, &a, [&shared, &rows, &summed])?,
            self.grouped(node, y, &b, [&shared, &summed, &columns])?,
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
