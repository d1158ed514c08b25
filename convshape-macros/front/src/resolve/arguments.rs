//! The arguments in a layer's parentheses.

use convshape_arith::op::{Axes, Axis, Dialect, MAX_SPATIAL};
use convshape_arith::solve::AxisField;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::diagnose::{self, Report};
use crate::fields::Setting;
use crate::graph::{Hole, Misfit, Spans};
use crate::numbers::Numbers;
use crate::syntax::{Args, Field, Reference, SizeExpr, Text, Value};
use crate::value::{axes_of, settle};
use crate::words::{self, Elsewhere, FieldWords, Kind, LayerWords, Lookup, Neutral, Positional, Takes};

/// Reads one layer's arguments.
pub(super) struct Builder<'a> {
    pub(super) words: &'static LayerWords,
    pub(super) rank: Option<usize>,
    pub(super) dialect: Dialect,
    pub(super) settings: Vec<(&'static str, Setting)>,
    pub(super) holes: Vec<Hole>,
    pub(super) activation: Option<&'a Value>,
    pub(super) operands: Option<&'a [Value]>,
    pub(super) undo: Option<Ident>,
    pub(super) like: Option<Reference>,
    /// The type of a sub-chain.
    pub(super) path: Option<TokenStream>,
    /// keras: `name`.
    pub(super) file_name: Option<Text>,
    /// The number of the last axis, counting the batch as axis 0, if an argument gives it: `axis=3` for an image.
    pub(super) last_axis: Option<usize>,
    /// Whether lints apply to the layer.
    pub(super) lint: bool,
    pub(super) spans: Spans,
    /// The fields with values for the wrong number of axes.
    pub(super) misfits: Vec<Misfit>,
    /// The fields given by name, each with the word used.
    pub(super) written: Vec<(&'static str, String)>,
    /// The fields whose values are expressions, as written.
    pub(super) expressions: Vec<(&'static str, String)>,
    /// The first word of the framework that has no effect here.
    pub(super) without_effect: Option<(Ident, Elsewhere)>,
    pub(super) reports: Vec<Report>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(words: &'static LayerWords, rank: Option<usize>, dialect: Dialect, spans: Spans) -> Builder<'a> {
        Builder {
            words,
            rank,
            dialect,
            settings: Vec::new(),
            holes: Vec::new(),
            activation: None,
            operands: None,
            undo: None,
            like: None,
            path: None,
            file_name: None,
            last_axis: None,
            without_effect: None,
            lint: true,
            spans,
            misfits: Vec::new(),
            written: Vec::new(),
            expressions: Vec::new(),
            reports: Vec::new(),
        }
    }

    pub(super) fn read(&mut self, args: &'a Args, numbers: &Numbers) {
        self.leading(args, numbers);
        let mut given: Vec<&'static str> = self.spans.fields.iter().map(|(name, _)| *name).collect();
        for field in &args.fields {
            let name = field.name.to_string();
            if self.neutral(field) {
                continue;
            }
            let found = match words::find_field(self.words, &name, self.dialect) {
                Lookup::Found(found) => found,
                Lookup::Elsewhere { words, dialects } => {
                    self.reports.push(diagnose::field_elsewhere(&field.name, words, dialects, self.dialect));
                    continue;
                }
                Lookup::Unknown { nearest } => {
                    let known: Vec<&str> = self
                        .words
                        .fields
                        .iter()
                        .filter(|known| known.dialects.contains(&self.dialect))
                        .map(|known| known.name)
                        .collect();
                    self.reports.push(diagnose::unknown_field(
                        &field.name,
                        (self.words.kind, &self.words.name(self.rank)),
                        nearest,
                        &known,
                    ));
                    continue;
                }
            };
            if given.contains(&found.name) {
                let same = |other: &&Field| {
                    let words = words::find_field(self.words, &other.name.to_string(), self.dialect);
                    matches!(words, Lookup::Found(words) if words.name == found.name)
                };
                let earlier = args.fields.iter().find(same).filter(|earlier| !std::ptr::eq(*earlier, field));
                self.reports.push(diagnose::repeated_field(&field.name, earlier.map(|earlier| &earlier.name)));
                continue;
            }
            given.push(found.name);
            self.spans.fields.push((found.name, field.value.span()));
            self.field(found, &name, &field.value, numbers);
            self.written.push((found.name, name));
        }
        self.complete(&given);
    }

    /// The positional part.
    fn leading(&mut self, args: &'a Args, numbers: &Numbers) {
        let values = args.positional.as_slice();
        if self.words.positional == Positional::Names {
            // keras: `Add([a, b])`.
            self.operands = Some(match values {
                [only] => only.items().unwrap_or(values),
                _ => values,
            });
            return;
        }
        if self.words.positional == Positional::Axes && !values.is_empty() {
            self.axes(values, numbers);
            return;
        }
        if let (Positional::Two(first, second), [one, two]) = (self.words.positional, values) {
            self.spans.positional = Some(one.span());
            self.named(first, one, numbers);
            self.named(second, two, numbers);
            return;
        }
        if values.iter().any(|value| matches!(value, Value::Broken(_))) {
            // Reported by the parser.
            self.reports.push(Report::silent());
            return;
        }
        let [value] = values else {
            if let Some(extra) = values.get(1) {
                self.reports.push(diagnose::one_leading_part(&self.words.name(self.rank), extra.span()));
            }
            return;
        };
        self.spans.positional = Some(value.span());
        if let Value::Undo { name, .. } = value {
            self.undo = Some(name.clone());
            return;
        }
        match self.words.positional {
            Positional::Channels => match value {
                Value::Arrow { from, to } => {
                    if !matches!(**from, Value::Hole(_)) {
                        self.named("in_channels", from, numbers);
                    }
                    self.named("out_channels", to, numbers);
                }
                other => self.named("out_channels", other, numbers),
            },
            Positional::Field(name) => self.named(name, value, numbers),
            Positional::Path => match value {
                Value::Size(SizeExpr::Path { tokens, .. }) => self.path = Some(tokens.clone()),
                Value::Word(name) => self.path = Some(quote!(#name)),
                other => self.reports.push(diagnose::not_a_type(&other.to_string(), other.span())),
            },
            Positional::Two(first, _) => self.named(first, value, numbers),
            Positional::Names | Positional::Axes | Positional::Undo => {}
            Positional::None => self.reports.push(diagnose::no_leading_part(&self.words.name(self.rank), value)),
        }
    }

    /// `1, 2, 0`, also in brackets.
    fn axes(&mut self, values: &'a [Value], numbers: &Numbers) {
        let Some(field) = self.words.fields.iter().find(|field| field.name == "axes") else { return };
        let span = values[0].span();
        self.spans.positional = Some(span);
        self.spans.fields.push((field.name, span));
        let items = match values {
            [only] => only.items().unwrap_or(values),
            _ => values,
        };
        let wrong = || diagnose::wrong_value(field.name, field.takes, &values[0]);
        match axes_of(items, false, numbers, &wrong) {
            Ok(axes) => self.settings.push((field.name, Setting::Axes(self.counted_from_one(axes)))),
            Err(report) => self.reports.push(report),
        }
    }

    /// A field that is given by position.
    fn named(&mut self, name: &str, value: &'a Value, numbers: &Numbers) {
        if let Some(field) = self.words.fields.iter().find(|field| field.name == name) {
            self.spans.fields.push((field.name, value.span()));
            self.field(field, name, value, numbers);
        }
    }

    /// Whether a field is a word of the framework that has no effect with this value.
    fn neutral(&mut self, field: &'a Field) -> bool {
        let name = field.name.to_string();
        let known = words::find_field(self.words, &name, self.dialect);
        let Some(neutral) = words::neutral(self.words.kind, &name, self.dialect) else { return false };
        if matches!(known, Lookup::Found(_)) {
            return false;
        }
        let fits = match (neutral, &field.value) {
            (Neutral::Any, _) => true,
            (Neutral::Bool(wanted), Value::Bool { value, .. }) => *value == wanted,
            (Neutral::Int(wanted), Value::Size(SizeExpr::Int { value, .. })) => *value == wanted,
            (Neutral::Word(wanted), value) => value.text().as_deref() == Some(wanted),
            (Neutral::LastAxis, Value::Size(SizeExpr::Int { value: -1, .. })) => true,
            (Neutral::LastAxis, Value::Size(SizeExpr::Int { value: axis @ 1.., .. })) => {
                self.last_axis = usize::try_from(*axis).ok();
                true
            }
            (Neutral::FileName, Value::Str(text)) => {
                self.file_name = Some(text.clone());
                true
            }
            (Neutral::Elsewhere(elsewhere), _) => {
                self.without_effect.get_or_insert((field.name.clone(), elsewhere));
                true
            }
            (Neutral::Bool(_) | Neutral::Int(_) | Neutral::LastAxis | Neutral::FileName, _) => false,
        };
        if !fits {
            self.reports.push(diagnose::not_neutral(&field.name, &field.value, neutral));
        }
        true
    }

    fn field(&mut self, field: &'static FieldWords, name: &str, value: &'a Value, numbers: &Numbers) {
        let takes = field.takes_as(name, self.dialect);
        if matches!(value, Value::Word(_) | Value::Size(_)) && !matches!(value, Value::Size(SizeExpr::Int { .. })) {
            self.expressions.push((field.name, value.to_string()));
        }
        match (takes, value) {
            // Reported by the parser.
            (_, Value::Broken(_)) => self.reports.push(Report::silent()),
            (Takes::Activation, _) => self.activation = Some(value),
            (Takes::Name, Value::Word(_) | Value::Name(_)) => {
                self.like = match value {
                    Value::Name(reference) => Some(reference.clone()),
                    Value::Word(name) => Some(Reference { name: name.clone(), port: None }),
                    _ => None,
                };
                self.settings.push((field.name, Setting::Like));
            }
            // Processed before everything else.
            (Takes::Dialect, _) => {}
            _ => match settle(field, name, value, numbers, self.dialect) {
                Ok(Some(_)) if field.name == words::LINT => self.lint = false,
                Ok(Some(setting)) => self.setting(field, setting, value.span()),
                Ok(None) => self.hole(field, value.span()),
                Err(report) => self.reports.push(report),
            },
        }
    }

    fn setting(&mut self, field: &'static FieldWords, setting: Setting, span: Span) {
        let setting = match self.all_sides(field, setting) {
            Setting::Axes(axes) => Setting::Axes(self.counted_from_one(axes)),
            setting => setting,
        };
        // Layers without a number of axes in their name check this when they see their input.
        if let (Some(rank), Some(written)) = (self.rank, setting.axes())
            && rank != written
        {
            // Two numbers for one axis are its sides, unless other fields have two as well.
            let sides = field.name == "padding" && rank == 1 && self.misfits.is_empty();
            let mended = match setting {
                Setting::Ints { values: [low, high, ..], axes: Some(2) } if sides => {
                    Setting::Pairs { values: [(low, high); MAX_SPATIAL], axes: Some(1) }
                }
                _ => setting.for_axes(rank),
            };
            self.misfits.push(Misfit { field: field.name, written, mended: mended.clone(), span });
            self.settings.push((field.name, mended));
            return;
        }
        self.settings.push((field.name, setting));
    }

    /// keras' `Permute` counts from 1. An order of all axes that counts from 1 contains no 0, so it cannot be confused
    /// with another order.
    fn counted_from_one(&self, axes: Axes) -> Axes {
        let numbers: Vec<i64> = axes
            .as_slice()
            .iter()
            .filter_map(|axis| match axis {
                Axis::At(number) => Some(*number),
                _ => None,
            })
            .collect();
        let all = (1..).zip(0..axes.as_slice().len()).all(|(number, _)| numbers.contains(&number));
        if self.words.kind != Kind::Permute || self.dialect != Dialect::Keras || numbers.is_empty() || !all {
            return axes;
        }
        let from_zero: Vec<Axis> = numbers.iter().map(|number| Axis::At(number - 1)).collect();
        Axes::of(&from_zero).unwrap_or(axes)
    }

    /// The sides in the order of the axes. PyTorch's padding layers begin with the last axis; keras' layers for one
    /// axis write its two sides as `(1, 2)`.
    fn all_sides(&self, field: &FieldWords, setting: Setting) -> Setting {
        match setting {
            Setting::Pairs { mut values, axes: Some(axes) } if matches!(field.takes, Takes::Sides) => {
                let rank = self.rank.unwrap_or(axes).max(axes);
                values[..rank].rotate_right(rank - axes);
                Setting::Pairs { values, axes: Some(rank) }
            }
            Setting::Ints { values: [low, high, ..], axes: Some(2) }
                if field.name == "amount" && self.rank == Some(1) && self.dialect == Dialect::Keras =>
            {
                Setting::Pairs { values: [(low, high); MAX_SPATIAL], axes: Some(1) }
            }
            setting => setting,
        }
    }

    fn hole(&mut self, field: &'static FieldWords, span: Span) {
        match field.name {
            "kernel" => self.holes.push(Hole::Axis(AxisField::Kernel)),
            "padding" => self.holes.push(Hole::Axis(AxisField::Padding)),
            "output_padding" => self.holes.push(Hole::Axis(AxisField::OutputPadding)),
            "out_channels" => self.holes.push(Hole::OutChannels),
            // Taken from the input.
            "in_channels" | "channels" => {}
            other => self.reports.push(diagnose::hole_not_allowed(other, span)),
        }
    }

    /// Whether all required fields are present, and none that exclude each other.
    fn complete(&mut self, given: &[&'static str]) {
        if self.undo.is_some() || !self.reports.is_empty() {
            return;
        }
        if self.words.positional == Positional::Path && self.path.is_none() {
            self.reports.push(diagnose::missing_type(&self.spans.op));
            return;
        }
        for needed in self.words.required(self.dialect) {
            if !needed.iter().any(|field| given.contains(field)) {
                let written = self.spans.op.to_string();
                let name = if words::is_layer(&written) { written } else { self.words.name(self.rank) };
                self.reports.push(diagnose::missing_field(&self.spans.op, &name, self.words, needed));
                return;
            }
        }
        if given.contains(&"align") && !given.contains(&"like") {
            self.reports.push(diagnose::align_without_like(self.spans.of(Some("align"))));
        }
        if let (Kind::Chain, Some(value)) = (self.words.kind, self.activation) {
            self.reports.push(diagnose::activation_of_a_chain(&value.to_string(), value.span()));
        }
        let both: Vec<&str> = self.words.exclusive.iter().copied().filter(|field| given.contains(field)).collect();
        if let [first, second, ..] = both.as_slice() {
            let span = self.spans.of(Some(second));
            self.reports.push(diagnose::exclusive_fields(first, second, span));
        }
    }
}
