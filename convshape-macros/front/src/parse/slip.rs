//! Lines in another language whose meaning is clear: the parser reads them as meant, notes the first slip, and reports
//! it with the corrected line.

use convshape_arith::op::Dialect;
use proc_macro2::{Ident, Span};

use super::{Parser, unpack};
use crate::fault::{Slip, SyntaxFault};
use crate::syntax::{Args, Attrs, Correction, Field, Front, Layer, Reference, SizeExpr, Source, Stmt, StmtKind, Value};
use crate::value::written_dialect;
use crate::words::{self, Kind};

/// The first slip of a statement.
pub(super) struct Sign {
    pub(super) span: Span,
    pub(super) slip: Slip,
    /// Whether only arguments are in another language.
    pub(super) in_arguments: bool,
    /// How many slips the statement has.
    pub(super) count: usize,
}

impl Parser {
    /// Notes a slip. The first one of a statement is reported.
    pub(super) fn slip(&mut self, span: Span, slip: Slip) {
        self.slips += 1;
        let in_arguments = slip.is_in_arguments();
        let sign = self.sign.get_or_insert(Sign { span, slip, in_arguments, count: 0 });
        sign.in_arguments &= in_arguments;
        sign.count += 1;
    }

    /// Reports the slip in a part of the chain, if there is one, with the corrected part.
    pub(super) fn report_slip(&mut self, line: impl FnOnce() -> String) {
        if let Some(Sign { span, slip, .. }) = self.sign.take() {
            self.fault(SyntaxFault::Slip { span, slip, rewritten: line(), also: Vec::new() });
        }
    }

    /// Corrects a layer's line, and reports its slip with the corrected line. `ended` says whether its `;` was there.
    pub(super) fn report_layer(&mut self, label: Option<&Ident>, layer: &mut Layer, ended: bool) {
        let dialect = written_dialect(&layer.args).unwrap_or(self.dialect);
        let (from, op) = (layer.from.is_some(), layer.op.to_string());
        self.move_tail(layer, dialect);
        self.unwrap(layer, dialect);
        self.rewrite(&mut layer.op, &mut layer.args, dialect);
        if self.sign.as_ref().is_some_and(|sign| matches!(sign.slip, Slip::NoParentheses(_))) {
            add_kernel(layer, dialect);
        }
        // What could not be read was reported already, and would leave a gap in the line. A `None` that cannot be left
        // out was not.
        let nothing = std::mem::take(&mut self.nothing);
        if let Some(broken) = broken(&layer.args) {
            self.sign = None;
            if let Some(span) = nothing.into_iter().find(|span| span.start() == broken.start()) {
                self.fault(SyntaxFault::Unexpected {
                    span,
                    found: "`None`".to_owned(),
                    expected: "a value",
                    help: Some("write the value that `None` stands for".to_owned()),
                });
            }
        }
        if ended && self.unpacked.is_none() && from == layer.from.is_some() && layer.op == op {
            layer.args.correction = self.correction(&layer.args);
        }
        let file_name = self.sign.as_ref().and_then(file_name);
        let batch = self.sign.as_ref().is_some_and(|sign| matches!(sign.slip, Slip::Batch(_)));
        let unpacked = self.unpacked.as_ref().zip(label).map_or_else(String::new, |(unpacked, label)| {
            let kind = StmtKind::Layer(layer.clone());
            unpack::text(&unpacked.statements(&Stmt { attrs: Attrs::default(), label: Some(label.clone()), kind }))
        });
        self.report_slip(|| {
            let label = label.map(|label| format!("{label}: ")).unwrap_or_default();
            format!("{}{label}{layer}{unpacked}{}", file_name.unwrap_or_default(), if ended { "" } else { ";" })
        });
        // It is unclear whether the batch or an open size was meant.
        if let (true, Some(value)) = (batch, layer.args.positional.first_mut()) {
            *value = Value::Broken(value.span());
        }
    }

    /// A layer in one of keras' layers that run another, if it can do that by itself: `Bidirectional(LSTM(64))`.
    fn unwrap(&mut self, layer: &mut Layer, dialect: Dialect) {
        let [Value::Call { name, args }] = layer.args.positional.as_slice() else { return };
        let kind = words::named_layer(&name.to_string(), dialect).map(|found| found.words.kind);
        let joined = |field: &Field| field.name == "merge_mode" && field.value.text().as_deref() == Some("concat");
        let (word, fields) = (layer.op.to_string(), &layer.args.fields);
        let turned = match (word.as_str(), kind) {
            ("Bidirectional", Some(Kind::Lstm | Kind::Gru | Kind::Rnn)) if fields.iter().all(joined) => true,
            ("TimeDistributed", Some(Kind::Linear)) if fields.is_empty() => false,
            _ => return,
        };
        let (span, name, mut args) = (layer.op.span(), name.clone(), args.clone());
        if turned {
            let name = Ident::new("bidirectional", span);
            args.fields.push(Field { name, value: Value::Bool { value: true, span } });
        }
        (layer.op, layer.args) = (name, args);
        self.slip(span, Slip::Wrapped(word));
    }

    /// The arguments as they should be, if nothing else in the line must change.
    fn correction(&self, args: &Args) -> Option<Correction> {
        let sign = self.sign.as_ref().filter(|sign| sign.in_arguments && !args.mixed)?;
        let (corrected, kept) = args.fields.split_at_checked(args.fields.len().checked_sub(args.kept.len())?)?;
        if kept.iter().zip(&args.kept).any(|(field, kept)| field.name != kept.name) {
            return None;
        }
        let texts = |field: &Field| (field.name.to_string(), field.value.to_string());
        let respelled = kept.iter().zip(&args.kept).filter(|(_, kept)| kept.respelled);
        let respelled: Vec<(String, String)> = respelled.map(|(field, _)| texts(field)).collect();
        let leading: Vec<String> = args.positional.iter().map(ToString::to_string).collect();
        let front = (sign.count > respelled.len())
            .then(|| Front { leading: leading.join(", "), fields: corrected.iter().map(texts).collect() });
        Some(Correction { front, respelled, kept: args.kept.iter().map(|kept| kept.name.clone()).collect() })
    }

    /// `from: x`, `restores: enc1` or `undo: enc1` among the values, if the layer has no such field.
    fn move_tail(&mut self, layer: &mut Layer, dialect: Dialect) {
        let found = words::named_layer(&layer.op.to_string(), dialect);
        for word in ["from", "restores", "undo"] {
            let of_word = |field: &Field| if field.name == word { name_of(&field.value) } else { None };
            let at = layer.args.fields.iter().position(|field| of_word(field).is_some());
            let Some((at, reference)) = at.and_then(|at| Some((at, of_word(&layer.args.fields[at])?))) else {
                continue;
            };
            if found.is_some_and(|found| words::find_field(found.words, word, dialect).any().is_some()) {
                continue;
            }
            let span = layer.args.fields.remove(at).name.span();
            match word {
                "from" => layer.from = Some(Source::Named(reference)),
                "restores" => layer.restores = Some(reference.name),
                _ => layer.args.positional.insert(0, Value::Undo { name: reference.name, span }),
            }
            let slip = if word == "undo" { Slip::Colon(word.to_owned()) } else { Slip::Inside(word.to_owned()) };
            self.slip(span, slip);
        }
    }
}

/// The commonest kernel, if a convolution in a line that is rewritten anyway has none.
fn add_kernel(layer: &mut Layer, dialect: Dialect) {
    let Some(found) = words::named_layer(&layer.op.to_string(), dialect) else { return };
    let kernel = |field: &Field| {
        words::find_field(found.words, &field.name.to_string(), dialect)
            .any()
            .is_some_and(|words| words.name == "kernel")
    };
    let open = matches!(found.words.kind, Kind::Conv | Kind::ConvTranspose) && !layer.args.fields.iter().any(kernel);
    if open && !matches!(layer.args.positional.as_slice(), [Value::Undo { .. }]) {
        let span = layer.op.span();
        let value = Value::Size(SizeExpr::Int { value: 3, span });
        layer.args.fields.insert(0, Field { name: Ident::new("kernel", span), value });
    }
}

/// The name in weight files, if a statement's name is written as in the file.
fn file_name(sign: &Sign) -> Option<String> {
    match &sign.slip {
        Slip::Name(written) if written.contains(['.', ':', '/']) => {
            Some(format!("#[name = \"{}\"] ", written.trim_matches('"').replace("::", ".")))
        }
        _ => None,
    }
}

/// The name, if a value is one.
fn name_of(value: &Value) -> Option<Reference> {
    match value {
        Value::Word(name) => Some(Reference { name: name.clone(), port: None }),
        Value::Name(reference) => Some(reference.clone()),
        _ => None,
    }
}

impl Parser {
    /// Whether a value could not be read, other than a `None`.
    pub(super) fn has_unreadable(&self, args: &Args) -> bool {
        let values = args.positional.iter().chain(args.fields.iter().map(|field| &field.value));
        values.filter_map(broken_in).any(|span| self.nothing.iter().all(|none| none.start() != span.start()))
    }
}

/// The first value that could not be read.
fn broken(args: &Args) -> Option<Span> {
    args.positional.iter().chain(args.fields.iter().map(|field| &field.value)).find_map(broken_in)
}

fn broken_in(value: &Value) -> Option<Span> {
    match value {
        Value::Broken(span) => Some(*span),
        Value::Call { args, .. } => broken(args),
        Value::Tuple(values, _) | Value::List(values, _) => values.iter().find_map(broken_in),
        _ => None,
    }
}
