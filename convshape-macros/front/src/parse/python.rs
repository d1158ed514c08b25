//! Lines as Python writes them, turned into lines of this language: the message shows the result,
//! and the later stages go on with it.

use convshape_arith::op::Dialect;
use proc_macro2::{Ident, Span};

use super::Parser;
use crate::fault::{PythonForm, SyntaxFault};
use crate::syntax::{Args, Field, Layer, Value};
use crate::value::written_dialect;
use crate::words::{self, FieldWords, LayerWords, Lookup, Positional};

/// The first token of a statement that is Python.
pub(super) struct Sign {
    pub(super) span: Span,
    pub(super) form: PythonForm,
}

/// Arguments of the frameworks that say nothing about what a layer computes.
const MEANINGLESS: &[&str] = &[
    "inplace",
    "device",
    "dtype",
    "return_indices",
    "track_running_stats",
    "data_format",
    "name",
    "rngs",
    "input_shape",
    "recompute_scale_factor",
];

impl Parser {
    /// Rewrites a layer that Python shows in, and reports it with the line as it should be.
    /// `ended` says whether its `;` was there.
    pub(super) fn report_python(&mut self, label: Option<&Ident>, layer: &mut Layer, ended: bool) {
        let dialect = written_dialect(&layer.args).unwrap_or(self.dialect);
        let sign = self.python.take();
        let positional = self.rewrite(&mut layer.op, &mut layer.args, dialect, sign.as_ref());
        let Some(sign) = sign.or(positional) else { return };
        // What could not be read is reported already, and would show as a hole in the line.
        if is_broken(&layer.args) {
            return;
        }
        let label = label.map(|label| format!("{label}: ")).unwrap_or_default();
        let rewritten = format!("{label}{layer}{}", if ended { "" } else { ";" });
        self.fault(SyntaxFault::Python { span: sign.span, form: sign.form, rewritten });
    }

    /// Gives the values their fields' names, and the words their spelling here. Returns a sign of
    /// Python if there are more values without a name than the layer takes.
    fn rewrite(&mut self, op: &mut Ident, args: &mut Args, dialect: Dialect, sign: Option<&Sign>) -> Option<Sign> {
        let mut found = words::find_layer(&op.to_string(), dialect).any();
        if sign.is_some() {
            // `F.leaky_relu`
            found = found.or_else(|| words::find_activation(&op.to_string(), dialect).any());
        }
        let python = sign.is_some();
        let mut positional = None;
        if let Some(found) = found {
            let layer = found.words;
            let taken = match layer.positional {
                Positional::None => 0,
                Positional::Channels | Positional::Path | Positional::Field(_) => 1,
                Positional::Names => usize::MAX,
            };
            let extra = args.positional.get(taken).filter(|_| !is_broken(args));
            positional =
                extra.map(|value| Sign { span: value.span(), form: PythonForm::Positional(value.to_string()) });
            let in_python_order = sign.is_some_and(|sign| sign.form.is_call_of_python());
            if positional.is_some() || in_python_order {
                let name = layer.name(found.rank);
                if !self.name_values(layer, &name, args, dialect, taken) {
                    positional = None;
                }
            }
            if python || positional.is_some() {
                for field in &mut args.fields {
                    if let Some(words) = field_words(layer, field, dialect) {
                        field.name = Ident::new(words.name, field.name.span());
                    }
                }
                args.fields.retain(|field| {
                    let dropped = field_words(layer, field, dialect).is_none()
                        && MEANINGLESS.contains(&field.name.to_string().as_str());
                    // `bias=None`: left out.
                    !dropped && !matches!(field.value, Value::Broken(_))
                });
                join_channels(layer, args);
                *op = Ident::new(&layer.name(found.rank), op.span());
            }
        }
        for field in &mut args.fields {
            if let Value::Call { name, args } = &mut field.value {
                let inner = self.rewrite(name, args, dialect, sign);
                positional = positional.or(inner);
            }
        }
        positional
    }

    /// Turns values without a name into fields, in the order in which Python takes them. Where
    /// there are too many even for that, they are dropped and reported: `false`.
    fn name_values(&mut self, layer: &LayerWords, name: &str, args: &mut Args, dialect: Dialect, taken: usize) -> bool {
        let mut order = layer.python_order(dialect);
        if args.positional.len() <= taken && order.is_empty() {
            return true;
        }
        let mut rest = std::mem::take(&mut args.positional);
        if let Some(Value::Arrow { .. } | Value::Undo { .. }) = rest.first() {
            args.positional.push(rest.remove(0));
            let channels = order.iter().take_while(|name| matches!(**name, "in_channels" | "out_channels")).count();
            order = &order[channels..];
        }
        if rest.len() > order.len() {
            let help = match layer.positional {
                Positional::None => format!("write `{name}`, with a field's name before each value"),
                _ => format!("write the field's name before each value but the first of `{name}`"),
            };
            if let Some(extra) = rest.get(order.len()) {
                self.fault(SyntaxFault::TooManyValues { span: extra.span(), layer: name.to_owned(), help });
            }
            rest.truncate(taken.saturating_sub(args.positional.len()));
            args.positional.extend(rest);
            return false;
        }
        let mut named = Vec::new();
        for (value, field) in rest.into_iter().zip(order) {
            let leads = layer.positional == Positional::Field(field);
            if leads {
                args.positional.push(value);
            } else if layer.all_fields().any(|words| words.name == *field) {
                named.push(Field { name: Ident::new(field, value.span()), value });
            }
        }
        named.append(&mut args.fields);
        args.fields = named;
        true
    }
}

impl PythonForm {
    /// Whether the whole call is Python's, so that even a single value stands in Python's order.
    fn is_call_of_python(&self) -> bool {
        matches!(self, PythonForm::Module(_) | PythonForm::Assignment(_))
    }
}

fn field_words(layer: &LayerWords, field: &Field, dialect: Dialect) -> Option<&'static FieldWords> {
    match words::find_field(layer, &field.name.to_string(), dialect) {
        Lookup::Found(words) | Lookup::Elsewhere { words, .. } => Some(words),
        Lookup::Unknown { .. } => None,
    }
}

/// `in_channels=1, out_channels=16` as `1 -> 16`.
fn join_channels(layer: &LayerWords, args: &mut Args) {
    if layer.positional != Positional::Channels {
        return;
    }
    let mut take = |name: &str| {
        let at = args.fields.iter().position(|field| field.name == name)?;
        Some(args.fields.remove(at).value)
    };
    let (inputs, outputs) = (take("in_channels"), take("out_channels"));
    let leading = match (inputs, outputs, args.positional.pop()) {
        (Some(from), Some(to), _) => Value::Arrow { from: Box::new(from), to: Box::new(to) },
        // `Conv2d(1, out_channels=16)`: the value without a name is Python's first.
        (None, Some(to), Some(from)) if !matches!(from, Value::Arrow { .. } | Value::Undo { .. }) => {
            Value::Arrow { from: Box::new(from), to: Box::new(to) }
        }
        (None, Some(to), None) => to,
        (_, _, Some(leading)) => leading,
        (Some(from), None, None) => {
            args.fields.insert(0, Field { name: Ident::new("in_channels", from.span()), value: from });
            return;
        }
        (None, None, None) => return,
    };
    args.positional.push(leading);
}

fn is_broken(args: &Args) -> bool {
    let values = args.positional.iter().chain(args.fields.iter().map(|field| &field.value));
    values.into_iter().any(|value| match value {
        Value::Broken(_) => true,
        Value::Call { args, .. } => is_broken(args),
        _ => false,
    })
}
