//! Values for the parameters of blocks and the variables of repeats.

use convshape_arith::size::Size;
use proc_macro2::Ident;

use super::Resolver;
use super::scope::Scope;
use crate::diagnose::{self, Report};
use crate::graph::Replaced;
use crate::numbers::{Bound, Numbers};
use crate::syntax::{Block, Layer, Param, ParamKind, SizeExpr, Value};
use crate::value::{real, truth};
use crate::words::{self, Lookup};

impl<'a> Resolver<'a> {
    /// The values of a block's parameters in one use; `None` if unknown, which is reported.
    pub(super) fn arguments(
        &mut self,
        layer: &'a Layer,
        block: &'a Block,
        origin: usize,
        scope: &Scope<'a>,
    ) -> Option<Numbers> {
        let given = self.given_arguments(layer, block)?;
        let mut numbers = scope.numbers.outermost();
        let replaced: Vec<Replaced> =
            self.replaced.iter().filter(|replaced| replaced.origin == origin).copied().collect();
        for (index, (param, value)) in block.params.iter().zip(given).enumerate() {
            let replaced = replaced.iter().find(|replaced| replaced.index == index);
            let bound = match (replaced, value, &param.default) {
                (Some(replaced), ..) => {
                    let variables = scope.numbers.sizes();
                    let times = replaced.variable.and_then(|index| variables.get(index)).map_or(1, |(_, size)| *size);
                    Ok(Bound::Size(Size::Number(replaced.number.saturating_mul(times))))
                }
                (None, Some(value), default) => {
                    let kind = self.kind(value, &scope.numbers);
                    let undeclared = default.is_none() && param.kind == ParamKind::Size && kind != param.kind;
                    self.bind(param, value, &scope.numbers).map_err(|report| match undeclared {
                        true => report.help(diagnose::declared(&param.name, kind)),
                        false => report,
                    })
                }
                // A default may refer to earlier parameters.
                (None, None, Some(default)) => self.bind(param, default, &numbers),
                // Reported with the others that are missing.
                (None, None, None) => Err(Report::silent()),
            };
            numbers = numbers.with(param.name.to_string(), self.or_report(bound)?);
        }
        Some(numbers)
    }

    /// The values as given, one per parameter.
    fn given_arguments(&mut self, layer: &'a Layer, block: &'a Block) -> Option<Vec<Option<&'a Value>>> {
        let mut given: Vec<Option<&Value>> = layer.args.positional.iter().map(Some).collect();
        let mut complete = true;
        if let [Value::Arrow { from, to }, others @ ..] = layer.args.positional.as_slice() {
            self.sink.push(diagnose::arrow_of_a_layer(block, [from, to], others));
            return None;
        }
        if given.len() > block.params.len() {
            self.sink.push(diagnose::too_many_arguments(layer, block));
            return None;
        }
        given.resize(block.params.len(), None);
        for field in &layer.args.fields {
            match block.params.iter().position(|param| param.name == field.name) {
                Some(place) if given[place].is_some() => {
                    self.sink.push(diagnose::repeated_argument(&field.name));
                    complete = false;
                }
                Some(place) => given[place] = Some(&field.value),
                None => {
                    let known = block.params.iter().map(|param| param.name.to_string());
                    let nearest = words::nearest(&field.name.to_string(), known);
                    self.sink.push(diagnose::unknown_argument(&field.name, block, nearest));
                    complete = false;
                }
            }
        }
        let is_missing = |(param, value): (&Param, &Option<&Value>)| value.is_none() && param.default.is_none();
        if complete && block.params.iter().zip(&given).any(is_missing) {
            self.sink.push(diagnose::missing_arguments(layer, block, &given));
            return None;
        }
        complete.then_some(given)
    }

    /// A parameter's value.
    fn bind(&mut self, param: &Param, value: &'a Value, numbers: &Numbers) -> Result<Bound, Report> {
        let wrong = || diagnose::wrong_argument(param, value);
        match (param.kind, value) {
            // Reported by the parser.
            (_, Value::Broken(_)) => Err(Report::silent()),
            (ParamKind::Size, _) => sizes(value, numbers).ok_or_else(wrong)?,
            (ParamKind::Bool, _) => truth(value, numbers, self.graph.dialect).map(Bound::Bool).ok_or_else(wrong),
            (ParamKind::Real, _) => real(value, numbers, &wrong).map(Bound::Real),
            (ParamKind::Activation, Value::Word(_) | Value::Str(_) | Value::Call { .. }) => {
                let bound = self.activation(value, self.graph.dialect, numbers);
                bound.map(Bound::Activation).ok_or_else(Report::silent)
            }
            (ParamKind::Activation, _) => Err(wrong()),
        }
    }

    /// The values of a repeat's variables, one row per pass.
    pub(super) fn rows(&mut self, vars: &[Ident], values: &'a [Value], numbers: &Numbers) -> Option<Vec<Vec<Bound>>> {
        let rows: Vec<Vec<&Value>> = match vars {
            [_] => values.iter().map(|value| vec![value]).collect(),
            _ => {
                let mut rows = Vec::new();
                for value in values {
                    let row = match value {
                        Value::Tuple(elements, _) if elements.len() == vars.len() => elements.iter().collect(),
                        other => {
                            self.sink.push(diagnose::wrong_row(vars, other));
                            return None;
                        }
                    };
                    rows.push(row);
                }
                rows
            }
        };
        let mut bound = vec![Vec::new(); rows.len()];
        for (column, var) in vars.iter().enumerate() {
            let cells: Vec<&Value> = rows.iter().map(|row| row[column]).collect();
            let kind = self.kind_of(&cells, numbers);
            let param = Param { name: var.clone(), kind, default: None };
            for (row, cell) in bound.iter_mut().zip(cells) {
                let value = self.bind(&param, cell, numbers);
                row.push(self.or_report(value)?);
            }
        }
        Some(bound)
    }

    /// The kind of a variable, derived from its values.
    fn kind_of(&self, values: &[&Value], numbers: &Numbers) -> ParamKind {
        let kinds = || values.iter().map(|value| self.kind(value, numbers));
        if kinds().any(|kind| kind == ParamKind::Real) {
            ParamKind::Real
        } else {
            kinds().next().unwrap_or(ParamKind::Size)
        }
    }

    fn kind(&self, value: &Value, numbers: &Numbers) -> ParamKind {
        let word = match value {
            Value::Bool { .. } => return ParamKind::Bool,
            Value::Size(number) if number.has_decimals() => return ParamKind::Real,
            Value::Call { .. } | Value::Str(_) => return ParamKind::Activation,
            Value::Word(word) => word.to_string(),
            _ => return ParamKind::Size,
        };
        match numbers.get(&word) {
            Some(Bound::Bool(_)) => ParamKind::Bool,
            Some(Bound::Real(_)) => ParamKind::Real,
            Some(Bound::Activation(_)) => ParamKind::Activation,
            Some(Bound::Size(_) | Bound::Sizes(_)) => ParamKind::Size,
            None if matches!(words::find_activation(&word, self.graph.dialect), Lookup::Unknown { .. }) => {
                ParamKind::Size
            }
            None => ParamKind::Activation,
        }
    }
}

/// A size, or one per axis. `None` if the value is neither.
fn sizes(value: &Value, numbers: &Numbers) -> Option<Result<Bound, Report>> {
    let size = |value: &Value| match value {
        Value::Size(size) if !size.has_decimals() => Some(size.clone()),
        Value::Word(name) => Some(SizeExpr::Name(name.clone())),
        _ => None,
    };
    if let Some(values) = value.items() {
        let sizes: Option<Vec<SizeExpr>> = values.iter().map(size).collect();
        let sizes: Result<Vec<Size>, Report> = sizes?.iter().map(|size| numbers.size(size)).collect();
        return Some(sizes.map(Bound::Sizes));
    }
    let size = size(value)?;
    Some(match numbers.axes(&size) {
        Some(axes) => {
            let sizes: Result<Vec<Size>, Report> = (0..axes).map(|axis| numbers.on_axis(axis).size(&size)).collect();
            sizes.map(Bound::Sizes)
        }
        None => numbers.size(&size).map(Bound::Size),
    })
}
