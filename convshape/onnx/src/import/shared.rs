//! Parameters that several layers of the file read.
//!
//! A layer whose parameters are all those of an earlier one runs that layer again; one that has only the weight in common
//! reads it as a value. Then the parameter is trained as one, and the chain's file has it once.
//!
//! Exporters store equal numbers once, also those of copies that were not trained yet, so equal numbers alone do not make
//! one parameter: see [`is_one`].

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use convshape::Shape;
use convshape::graph::op::{Conv, Source, WeightFrom};
use convshape::graph::{Init, Op};
use convshape::ndarray::ArrayView2;

use super::{Import, ORDER, Statement};

/// The field of the parameter that layers can read from one another.
const WEIGHT: &str = "weight";

type Parameter = (String, Vec<usize>, Vec<f32>);

impl Import {
    /// The same chain with each parameter once.
    pub(super) fn with_shared_parameters(mut self, outputs: &mut [(String, usize)]) -> Import {
        let inputs = self.inputs.len();
        let old_shapes = self.shapes.split_off(inputs);
        let statements = std::mem::take(&mut self.statements);
        let mut sharing = Sharing { import: self, layers: HashMap::new(), weights: HashMap::new() };
        let mut places: Vec<usize> = (0..inputs).collect();
        for (mut statement, shape) in statements.into_iter().zip(old_shapes) {
            statement.inputs.iter_mut().for_each(|value| *value = places[*value]);
            let value = sharing.placed(statement, shape);
            places.push(value);
        }
        outputs.iter_mut().for_each(|(_, value)| *value = places[*value]);
        sharing.import
    }
}

/// A chain that is written anew, with what its statements own.
struct Sharing {
    import: Import,
    /// The statements that have parameters, by a hash of all of these.
    layers: HashMap<u64, Vec<usize>>,
    /// Those whose weight others can read, by a hash of that.
    weights: HashMap<u64, Vec<usize>>,
}

impl Sharing {
    /// Adds a statement, or what takes its place, and gives its value.
    fn placed(&mut self, mut statement: Statement, shape: Shape) -> usize {
        if statement.params.is_empty() {
            return self.push(statement, shape);
        }
        let key = hash(statement.params.iter().map(|(_, shape, numbers)| (shape.as_slice(), numbers.as_slice())));
        let known = self.layers.get(&key).into_iter().flatten();
        let same = known.copied().find(|&first| is_same_layer(&self.import.statements[first], &statement));
        match (same, &statement.op) {
            (Some(first), Op::Source { .. }) => return self.value(first),
            (Some(first), _) => {
                statement.first_run = Some(self.value(first));
                statement.params.clear();
                return self.push(statement, shape);
            }
            (None, _) => {}
        }
        if let Some(value) = self.with_read_weight(&statement, shape) {
            return value;
        }
        let index = self.import.statements.len();
        self.layers.entry(key).or_default().push(index);
        if let Some((_, shape, numbers)) = readable(&statement) {
            self.weights.entry(hash([(shape.as_slice(), numbers.as_slice())].into_iter())).or_default().push(index);
        }
        self.push(statement, shape)
    }

    fn value(&self, statement: usize) -> usize {
        self.import.inputs.len() + statement
    }

    fn push(&mut self, statement: Statement, shape: Shape) -> usize {
        self.import.statements.push(statement);
        self.import.shapes.push(shape);
        self.import.shapes.len() - 1
    }

    /// Adds a layer; `None` if it cannot read these values.
    fn layer(&mut self, path: &str, op: Op, inputs: &[usize], params: Vec<Parameter>) -> Option<usize> {
        let shapes: Vec<Shape> = inputs.iter().map(|&value| self.import.shapes[value]).collect();
        let op = op.bind(&shapes, ORDER);
        let shape = op.output(&shapes, ORDER).ok()?;
        let (path, inputs) = (path.to_owned(), inputs.to_vec());
        Some(self.push(Statement { path, op, inputs, params, first_run: None }, shape))
    }

    /// The earlier statement that has this weight.
    fn owner(&self, path: &str, shape: &[usize], numbers: &[f32]) -> Option<usize> {
        let is_equal = |&&index: &&usize| {
            let statement = &self.import.statements[index];
            let weight = readable(statement).filter(|(_, own, all)| *own == shape && *all == numbers);
            weight.is_some() && is_one(&statement.path, path, is_uniform(numbers))
        };
        self.weights.get(&hash([(shape, numbers)].into_iter()))?.iter().find(is_equal).copied()
    }

    /// A layer that reads the weight of an earlier one.
    fn with_read_weight(&mut self, statement: &Statement, shape: Shape) -> Option<usize> {
        let (field, sizes, numbers) = readable(statement)?;
        let turned = match (statement.op, sizes.as_slice()) {
            (Op::Linear { .. }, &[rows, columns]) => transposed(rows, columns, numbers),
            _ => None,
        };
        let same = self.owner(&statement.path, sizes, numbers).map(|owner| (owner, false));
        let of_turned = || {
            let (sizes, numbers) = turned.as_ref()?;
            Some((self.owner(&statement.path, sizes, numbers)?, true))
        };
        let (owner, is_turned) = same.or_else(of_turned)?;
        let length = self.import.statements.len();
        let found = self.reading(statement, shape, owner, is_turned, field);
        if found.is_none() {
            self.import.statements.truncate(length);
            self.import.shapes.truncate(self.import.inputs.len() + length);
        }
        found
    }

    fn reading(
        &mut self,
        statement: &Statement,
        shape: Shape,
        owner: usize,
        is_turned: bool,
        field: &str,
    ) -> Option<usize> {
        let of = self.value(owner);
        let weight = match self.import.statements[owner].op {
            Op::Source { .. } => of,
            _ => {
                let sizes: Vec<i64> =
                    self.import.statements[owner].params[0].1.iter().map(|&size| size as i64).collect();
                let shape = Shape::of(&sizes);
                let op = Op::Source { of: Source::Shared { param: 0, trained: true }, shape };
                let source =
                    Statement { path: String::new(), op, inputs: vec![of], params: Vec::new(), first_run: None };
                self.push(source, shape)
            }
        };
        let path = statement.path.as_str();
        let rest: Vec<Parameter> = statement.params.iter().filter(|param| param.0 != field).cloned().collect();
        match statement.op {
            Op::Source { .. } => Some(weight),
            Op::Conv(conv) => {
                let op = Op::Conv(Conv { weight: WeightFrom::Input, ..conv });
                self.layer(path, op, &[statement.inputs[0], weight], rest)
            }
            Op::Linear { .. } => {
                let x = statement.inputs[0];
                let rows = match self.import.shapes[x].rank() {
                    1 => {
                        let sizes = [&[convshape::graph::Size::Number(1)], self.import.shapes[x].sizes()].concat();
                        let shape = Shape::new(&sizes, self.import.shapes[x].scope());
                        self.layer("", Op::Reshape { shape }, &[x], Vec::new())?
                    }
                    _ => x,
                };
                let op = Op::MatMul { transpose_a: false, transpose_b: !is_turned };
                let mut y = self.layer(path, op, &[rows, weight], Vec::new())?;
                if let Some((field, sizes, numbers)) = rest.into_iter().next() {
                    // As many axes as the product has: one with a single axis would go over the channels.
                    let sizes = [vec![1; self.import.shapes[y].rank() - 1], sizes].concat();
                    let shape = Shape::of(&sizes.iter().map(|&size| size as i64).collect::<Vec<_>>());
                    let of = Source::Parameter { init: Init::Constant(0.0), trained: true };
                    let name = if path.is_empty() { String::new() } else { format!("{path}.{field}") };
                    let params = vec![(String::new(), sizes, numbers)];
                    let op = Op::Source { of, shape };
                    let bias =
                        self.push(Statement { path: name, op, inputs: Vec::new(), params, first_run: None }, shape);
                    y = self.layer("", Op::Add, &[y, bias], Vec::new())?;
                }
                match shape.rank() {
                    1 => self.layer("", Op::FLATTEN, &[y], Vec::new()),
                    _ => Some(y),
                }
            }
            _ => None,
        }
    }
}

/// The weight that a statement has and that others can read.
fn readable(statement: &Statement) -> Option<&Parameter> {
    let first = statement.params.first()?;
    match statement.op {
        Op::Conv(_) | Op::Linear { .. } => Some(first).filter(|param| param.0 == WEIGHT),
        Op::Source { of: Source::Parameter { trained: true, .. }, .. } => Some(first),
        _ => None,
    }
}

fn is_same_layer(first: &Statement, other: &Statement) -> bool {
    let is_uniform = || first.params.iter().all(|(.., numbers)| is_uniform(numbers));
    first.op == other.op && first.params == other.params && is_one(&first.path, &other.path, is_uniform())
}

/// Whether equal numbers of two modules are one parameter.
///
/// It is if one module runs twice. Otherwise numbers that are all the same, as of a new normalisation, say nothing; and two
/// elements of a list are more likely copies of each other, that were not trained, than tied.
fn is_one(first: &str, other: &str, is_uniform: bool) -> bool {
    match first.is_empty() || other.is_empty() {
        true => !is_uniform,
        false => is_run_of(first, other) || !is_uniform && without_digits(first) != without_digits(other),
    }
}

/// What the paths of a list's elements have in common.
pub(super) fn without_digits(path: &str) -> String {
    path.replace(|letter: char| letter.is_ascii_digit(), "")
}

/// Whether a path is that of a module, or of a later run of it: PyTorch calls runs of `head.conv` `head.conv_1` or
/// `head_1.conv_1`.
fn is_run_of(first: &str, other: &str) -> bool {
    let is_run = |(first, other): (&str, &str)| match other.strip_prefix(first) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('_').is_some_and(|run| run.bytes().all(|letter| letter.is_ascii_digit())),
        None => false,
    };
    first.split('.').count() == other.split('.').count() && first.split('.').zip(other.split('.')).all(is_run)
}

/// Whether all numbers are the same.
fn is_uniform(numbers: &[f32]) -> bool {
    numbers.iter().all(|number| *number == numbers[0])
}

fn transposed(rows: usize, columns: usize, numbers: &[f32]) -> Option<(Vec<usize>, Vec<f32>)> {
    let matrix = ArrayView2::from_shape((rows, columns), numbers).ok()?;
    Some((vec![columns, rows], matrix.t().iter().copied().collect()))
}

fn hash<'a>(params: impl Iterator<Item = (&'a [usize], &'a [f32])>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (shape, numbers) in params {
        shape.hash(&mut hasher);
        numbers.iter().for_each(|number| number.to_bits().hash(&mut hasher));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::is_one;

    #[test]
    fn equal_numbers_are_one_parameter_where_one_module_runs_twice_or_two_are_tied() {
        for (first, other) in [("head.conv", "head.conv"), ("head.conv", "head_1.conv_2"), ("a.0", "a.0_1")] {
            assert!(is_one(first, other, true) && is_one(first, other, false), "{first} {other}");
        }
        for (first, other) in [("enc", "dec"), ("", "dec"), ("", "")] {
            assert!(is_one(first, other, false) && !is_one(first, other, true), "{first} {other}");
        }
        for (first, other) in [("layers.0.conv", "layers.1.conv"), ("norm1", "norm2"), ("conv_1", "conv_2")] {
            assert!(!is_one(first, other, false) && !is_one(first, other, true), "{first} {other}");
        }
    }
}
