//! Loops with a known number of turns, and the lists that they build.

use super::batch::Tensor;
use super::constant::{Constant, place};
use super::node::Node;
use super::{Import, Value};

/// More turns are not written out.
const MAX_TURNS: i64 = 64;

impl Import {
    /// The nodes of a `Loop`, turn by turn.
    pub(super) fn turns(&mut self, node: Node<'_>) -> Result<Vec<Value>, String> {
        let body = node.graph("body").ok_or("a body is missing")?;
        let number = |import: &Import, at: usize| import.constant(node, at).and_then(|number| number.scalar());
        let count = self.constant(node, 0).and_then(|count| count.ints()?.first().copied());
        let count = count.filter(|count| *count <= MAX_TURNS).ok_or("a number of turns that is computed, or large")?;
        if node.input(1).is_some() && number(self, 1).ok_or("a condition that is computed")? == 0.0 {
            return Err("no turn at all".to_owned());
        }
        let given = |at: usize| node.input(at).map_or(Value::Unknown, |name| self.value(name));
        let mut carried: Vec<Value> = (2..node.0.input.len()).map(given).collect();
        if body.input.len() != 2 + carried.len() || body.output.len() != 1 + carried.len() {
            return Err("a value of each turn".to_owned());
        }
        for turn in 0..count {
            let own = [Constant::whole(turn), Constant::whole(1)].map(Value::Constant);
            for (port, value) in body.input.iter().zip(own.into_iter().chain(carried)) {
                self.values.insert(port.name.clone(), value);
            }
            self.inside(body)?;
            carried = body.output[1..].iter().map(|port| self.value(&port.name)).collect();
            match self.value(&body.output[0].name) {
                Value::Constant(goes_on) if goes_on.scalar() == Some(1.0) => {}
                Value::Constant(_) => break,
                _ => return Err("a condition that is computed".to_owned()),
            }
        }
        Ok(carried)
    }

    /// Operators on lists of values; `None` for others.
    pub(super) fn list(&mut self, node: Node<'_>) -> Option<Result<Value, String>> {
        let of = |import: &Import| match import.value(node.input(0)?) {
            Value::List(list) => Some(list),
            _ => None,
        };
        let at = |import: &Import, input: usize, count: usize| {
            let at = import.constant(node, input)?.ints()?.first().copied()?;
            place(at, count)
        };
        match node.op() {
            "SequenceEmpty" => Some(Ok(Value::List(Vec::new()))),
            "SequenceConstruct" => Some(Ok(Value::List(node.0.input.iter().map(|name| self.value(name)).collect()))),
            "SequenceInsert" => {
                let mut list = of(self)?;
                let count = list.len();
                let at = if node.input(2).is_some() { at(self, 2, count)? } else { count };
                list.insert(at.min(count), self.value(node.input(1)?));
                Some(Ok(Value::List(list)))
            }
            "SequenceAt" => {
                let list = of(self)?;
                list.get(at(self, 1, list.len())?).cloned().map(Ok)
            }
            "SequenceLength" => Some(Ok(Value::Constant(Constant::whole(of(self)?.len() as i64)))),
            "SplitToSequence" => Some(self.pieces(node).map(Value::List)),
            _ => None,
        }
    }

    /// `SplitToSequence`: pieces of the sizes given, or of one size, or single elements.
    fn pieces(&mut self, node: Node<'_>) -> Result<Vec<Value>, String> {
        let x = self.tensor(node, 0)?;
        let axis = self.index(node.int("axis", 0), x)?;
        let size = self.sizes(x)[axis];
        let given = match node.input(1) {
            Some(_) => Some(self.constant(node, 1).ok_or("sizes that are computed")?),
            None => None,
        };
        let sizes = match &given {
            Some(sizes) if !sizes.shape().is_empty() => sizes.ints().ok_or("sizes that are no numbers")?,
            _ => {
                let each = given.as_ref().and_then(|each| each.ints()?.first().copied()).unwrap_or(1).max(1);
                (0..size.div_euclid(each) + i64::from(size % each != 0)).map(|at| each.min(size - at * each)).collect()
            }
        };
        if sizes.iter().any(|&size| size < 1) || sizes.iter().sum::<i64>() != size || sizes.len() > 1 << 10 {
            return Err("pieces that do not add up".to_owned());
        }
        let mut start = 0;
        let mut pieces = Vec::new();
        for size in sizes {
            let mut piece: Tensor = self.part(node, x, axis, start, start + size)?;
            if given.is_none() && node.int("keepdims", 1) == 0 {
                piece = self.without_axis(piece, axis)?;
            }
            pieces.push(Value::Tensor(piece));
            start += size;
        }
        Ok(pieces)
    }
}
