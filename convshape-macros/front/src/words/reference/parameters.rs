//! The parameters of a layer: their names in files and their shapes.

use convshape_arith::op::{Dialect, MAX_SPATIAL, Op};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::super::LayerWords;
use super::{alike, dialects, example};
use crate::fields::{self, Setting};

/// `` `.weight` `[out, in / groups, kernel, kernel]` ``, listed by dialect if it differs.
pub(super) fn cell(row: &LayerWords) -> String {
    let each = row.dialects.iter().map(|dialect| (*dialect, of_dialect(row, *dialect)));
    let alike = alike(each);
    let one = alike.len() == 1;
    let parts = alike.into_iter().filter(|(_, parameters)| !parameters.is_empty());
    let parts = parts.map(|(of, parameters)| if one { parameters } else { format!("{}: {parameters}", dialects(&of)) });
    parts.collect::<Vec<_>>().join("; ")
}

fn of_dialect(row: &LayerWords, dialect: Dialect) -> String {
    let Some(op) = example::op(row, dialect) else { return String::new() };
    let op = with_kernel(op, row);
    let parameters = op.params();
    let each = parameters.iter().map(|spec| {
        let name = if spec.suffix.is_empty() { "NAME" } else { spec.suffix };
        format!("`{name}` `{}`", named(&spec.shape, row))
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A normalisation with its scale, and a convolution whose kernel differs between axes.
fn with_kernel(op: Op, row: &LayerWords) -> Op {
    let mut changed = op;
    if row.fields.iter().any(|field| field.name == "affine") {
        fields::set(&mut changed, "affine", &Setting::Bool(true));
    }
    if matches!(op, Op::Conv(_) | Op::SeparableConv(_)) {
        let mut values = [1; MAX_SPATIAL];
        values[..2].copy_from_slice(&[3, 5]);
        fields::set(&mut changed, "kernel", &Setting::Ints { values, axes: Some(2) });
    }
    changed
}

/// A shape with the names of its sizes.
pub(super) fn named(shape: &Shape, row: &LayerWords) -> String {
    let symbols = row.rule.example.symbols;
    let sizes = (0..shape.rank()).map(|at| match shape.size(at) {
        Size::Number(number) => {
            let known = symbols.iter().find(|(value, _)| *value == number);
            known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
        }
        Size::Symbolic { .. } | Size::Unknown => "_".to_owned(),
    });
    format!("[{}]", sizes.collect::<Vec<_>>().join(", "))
}
