//! A layer's values as written in Python and elsewhere, converted to the form of this language.

use convshape_arith::op::{Axis, Dialect};
use proc_macro2::Ident;

use super::Parser;
use crate::fault::{Slip, SyntaxFault};
use crate::syntax::{Args, Field, Kept, SizeExpr, Value};
use crate::words::{self, Dialects, FieldWords, Kind, LayerName, LayerWords, Lookup, Positional, Takes};

/// Arguments of the frameworks that have no effect on what a layer computes.
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
    "batch_input_shape",
    "input_dim",
    "recompute_scale_factor",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
    "kernel_init",
    "bias_init",
];

impl Parser {
    /// Gives positional values the names of their fields, and translates the spelling of words. Notes a slip if there
    /// are more positional values than the layer takes.
    pub(super) fn rewrite(&mut self, op: &mut Ident, args: &mut Args, dialect: Dialect) {
        // A block may have the name of another framework's layer, and takes its parameters in order.
        if self.blocks.iter().any(|block| op == block) {
            return;
        }
        let python = self.sign.as_ref().is_some_and(|sign| sign.slip.is_python());
        if let Some(call) = Call::new(op, dialect, python) {
            let undoes = matches!(args.positional.as_slice(), [Value::Undo { .. }]);
            if call.layer.positional == Positional::Undo && !undoes {
                // None of Python's values are used: missing fields are reported where names are bound.
                self.sign = None;
                return;
            }
            self.misplaced(&call, args);
            self.kernel_of_keras_1(op, args);
            self.rewrite_values(op, &call, args);
        }
        for field in &mut args.fields {
            if let Value::Call { name, args } = &mut field.value {
                self.rewrite(name, args, dialect);
            }
        }
        args.rewritten |= self.sign.is_some();
    }

    /// Channels without an arrow, fields written as calls, and operands in a list.
    fn misplaced(&mut self, call: &Call, args: &mut Args) {
        if matches!(call.layer.positional, Positional::Names | Positional::Axes) {
            // keras itself takes a list, and axes may be given as one.
            if call.dialect != Dialect::Keras && call.layer.positional == Positional::Names {
                self.unlist(args);
            }
            return;
        }
        if call.layer.kind == Kind::Reshape {
            self.sizes_of_reshape(args);
            return;
        }
        match call.layer.kind {
            Kind::Flatten => self.range_of_axes(args),
            _ if call.layer.positional == Positional::None
                && call.layer.fields.first().is_some_and(|first| first.name == "axes") =>
            {
                self.reduced_axes(call, args);
            }
            _ => {}
        }
        if call.layer.positional == Positional::Channels
            && let Some(first) = args.positional.first_mut()
        {
            if let Some(arrow) = as_arrow(first) {
                self.slip(first.span(), Slip::Channels(first.to_string()));
                *first = arrow;
            } else if let Some(undo) = as_undo(first) {
                self.slip(first.span(), Slip::Colon("undo".to_owned()));
                *first = undo;
            }
        }
        if call.layer.positional == Positional::Channels {
            self.named_channels(args);
        }
        let positional = std::mem::take(&mut args.positional);
        let mut fields = Vec::new();
        // Parameters of a block are often called `in_channels` and `out_channels`.
        let leads = call.layer.positional == Positional::Channels
            && positional.first().is_some_and(|first| is_arrow_from(first, "in_channels", call))
            && !positional.iter().any(|value| is_arrow_from(value, "out_channels", call));
        for (at, value) in positional.into_iter().enumerate() {
            if leads && at == 0 {
                args.positional.push(value);
                continue;
            }
            match as_field(value, call) {
                Ok(field) => {
                    self.slip(field.name.span(), Slip::NoColon(field.name.to_string()));
                    fields.push(field);
                }
                Err(value) => args.positional.push(value),
            }
        }
        args.fields.splice(0..0, fields);
    }

    /// `Reshape(16, 7, 7)` as `Reshape([16, 7, 7])`, without Python's batch axis and with `_` for its `-1`.
    fn sizes_of_reshape(&mut self, args: &mut Args) {
        let open = |value: &Value| matches!(value, Value::Size(SizeExpr::Int { value: -1, .. }));
        let Some(first) = args.positional.first() else { return };
        let (span, several) = (first.span(), args.positional.len() > 1);
        let mut sizes =
            if several { args.positional.clone() } else { first.items().unwrap_or(&args.positional).to_vec() };
        if sizes.len() > 1 && open(&sizes[0]) {
            self.slip(sizes[0].span(), Slip::Batch("-1".to_owned()));
            sizes.remove(0);
        }
        if let Some(found) = sizes.iter().find(|size| open(size)) {
            self.slip(found.span(), Slip::Open);
        } else if several {
            let found: Vec<String> = args.positional.iter().map(ToString::to_string).collect();
            self.slip(span, Slip::Shape(found.join(", ")));
        }
        if self.sign.is_some() {
            let size = |size: Value| if open(&size) { Value::Hole(size.span()) } else { size };
            args.positional = vec![Value::List(sizes.into_iter().map(size).collect(), span)];
        }
    }

    /// `Flatten(1..)` as `Flatten(from: 1)`, `Flatten(0..2)` as `Flatten(from: 0, to: 1)`, `Flatten(height..width)` as
    /// `Flatten(from: height, to: width)`.
    fn range_of_axes(&mut self, args: &mut Args) {
        let [Value::Range(range)] = args.positional.as_slice() else { return };
        let (span, found) = (range.span(), args.positional[0].to_string());
        let axis = |size: &SizeExpr| match size {
            SizeExpr::Name(name) => Value::Word(name.clone()),
            size => Value::Size(size.clone()),
        };
        let is_axis = |name: &Ident| Axis::NAMED.iter().any(|axis| axis.name().is_some_and(|known| name == known));
        let mut named = vec![Field { name: Ident::new("from", span), value: axis(&range.low) }];
        match (&range.high, range.inclusive) {
            (None, _) => {}
            (Some(high), true) => named.push(Field { name: Ident::new("to", span), value: axis(high) }),
            (Some(high @ SizeExpr::Name(name)), false) if is_axis(name) => {
                named.push(Field { name: Ident::new("to", span), value: axis(high) });
            }
            (Some(SizeExpr::Int { value, span }), false) if *value > 0 => {
                let last = Value::Size(SizeExpr::Int { value: value - 1, span: *span });
                named.push(Field { name: Ident::new("to", *span), value: last });
            }
            (Some(_), false) => return,
        }
        self.slip(span, Slip::Axes { found, fields: "`from` and `to`" });
        args.positional.clear();
        args.fields.splice(0..0, named);
    }

    /// `Mean(height, width)` as `Mean(axis: (height, width))`. PyTorch's numbers count the batch.
    fn reduced_axes(&mut self, call: &Call, args: &mut Args) {
        let Some(first) = args.positional.first() else { return };
        let is_axis = |value: &Value| matches!(value, Value::Word(_) | Value::Size(_));
        let all = match args.positional.as_slice() {
            [only] => only.items().unwrap_or(&args.positional).to_vec(),
            several => several.to_vec(),
        };
        if !all.iter().all(is_axis) {
            return;
        }
        let (span, found) =
            (first.span(), args.positional.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        let counted = call.dialect == Dialect::Torch && all.iter().any(|value| matches!(value, Value::Size(_)));
        let (name, fields) = if counted { ("dim", "`dim`") } else { ("axis", "`axis`") };
        let value = if all.len() == 1 { all[0].clone() } else { Value::Tuple(all, span) };
        self.slip(span, Slip::Axes { found, fields });
        args.positional.clear();
        args.fields.insert(0, Field { name: Ident::new(name, span), value });
    }

    /// `in: 1, out: 16` or `channels: 1 -> 16` as `1 -> 16`, if the language does not have those names.
    fn named_channels(&mut self, args: &mut Args) {
        if !args.positional.is_empty() {
            return;
        }
        let at = |args: &Args, wanted: &str| {
            args.fields.iter().position(|field| words::means_channels(&field.name.to_string()) == Some(wanted))
        };
        let known = |field: &Field| matches!(field.name.to_string().as_str(), "in_channels" | "out_channels");
        let (input, output) = (at(args, "in_channels"), at(args, "out_channels"));
        let arrow = output.or(input).filter(|at| matches!(args.fields[*at].value, Value::Arrow { .. }));
        let (at, value) = match (arrow, input, output) {
            (Some(at), ..) => (vec![at], args.fields[at].value.clone()),
            (None, Some(input), Some(output)) if !known(&args.fields[input]) || !known(&args.fields[output]) => {
                let side = |at: usize| Box::new(args.fields[at].value.clone());
                (vec![input, output], Value::Arrow { from: side(input), to: side(output) })
            }
            _ => return,
        };
        let found: Vec<String> = at.iter().map(|at| args.fields[*at].to_string()).collect();
        self.slip(args.fields[at[0]].name.span(), Slip::Channels(found.join(", ")));
        let mut index = 0;
        args.fields.retain(|_| {
            index += 1;
            !at.contains(&(index - 1))
        });
        args.positional.push(value);
    }

    /// `Concat([a, b])` as `Concat(a, b)`.
    fn unlist(&mut self, args: &mut Args) {
        let Some(first) = args.positional.first() else { return };
        let Some(names) = names_in(first) else { return };
        self.slip(first.span(), Slip::List(first.to_string()));
        args.positional.splice(0..1, names);
    }

    /// Keras 1 has the kernel's rows and columns where Keras 2 has the kernel and the stride: `Convolution2D(32, 3, 3)`.
    fn kernel_of_keras_1(&mut self, op: &Ident, args: &mut Args) {
        let rank = match op.to_string().as_str() {
            "Convolution2D" => 2,
            "Convolution3D" => 3,
            _ => return,
        };
        self.kernel_by_axis(args);
        let Some(rows) = args.positional.get(1..=rank) else { return };
        if rows.iter().all(|value| matches!(value, Value::Size(_))) {
            let (span, written): (_, Vec<String>) = (rows[0].span(), rows.iter().map(ToString::to_string).collect());
            self.slip(span, Slip::Positional(written.join(", ")));
            let kernel = args.positional.drain(1..=rank).collect();
            args.positional.insert(1, Value::Tuple(kernel, span));
        }
    }

    /// `nb_row: 3, nb_col: 3` as `kernel_size: (3, 3)`.
    fn kernel_by_axis(&mut self, args: &mut Args) {
        let named = |word: &str| args.fields.iter().position(|field| field.name == word);
        let Some(axes) = ["nb_row", "nb_col"].into_iter().map(named).collect::<Option<Vec<usize>>>() else { return };
        let span = args.fields[axes[0]].name.span();
        let written: Vec<String> = axes.iter().map(|at| args.fields[*at].to_string()).collect();
        let kernel = axes.iter().map(|at| args.fields[*at].value.clone()).collect();
        self.slip(span, Slip::Constant(written.join(", ")));
        args.fields[axes[0]] = Field { name: Ident::new("kernel_size", span), value: Value::Tuple(kernel, span) };
        args.fields.remove(axes[1]);
        args.mixed = true;
    }

    fn rewrite_values(&mut self, op: &mut Ident, call: &Call, args: &mut Args) {
        let taken = match call.layer.positional {
            Positional::None => 0,
            Positional::Channels | Positional::Path | Positional::Undo | Positional::Field(_) => 1,
            Positional::Two(..) => 2,
            Positional::Names | Positional::Axes => usize::MAX,
        };
        // A layer without channels: not a matter of Python's order.
        if let (Positional::None, [Value::Arrow { .. }]) = (call.layer.positional, args.positional.as_slice()) {
            return;
        }
        let leads = matches!(call.layer.positional, Positional::Names | Positional::Axes | Positional::Path);
        let unreadable = self.has_unreadable(args);
        let activation = if leads || unreadable { None } else { self.take_activation(call.layer, args) };
        let extra = args.positional.get(taken).filter(|_| !unreadable);
        let more = extra.is_some();
        let positional = extra.or(activation.as_ref()).map(|value| (value.span(), Slip::Positional(value.to_string())));
        if let Some(value) = activation {
            args.fields.insert(0, Field { name: Ident::new("activation", value.span()), value });
        }
        // In a Python call even a single value follows Python's order.
        let called = self
            .sign
            .as_ref()
            .is_some_and(|sign| matches!(sign.slip, Slip::Module(_) | Slip::Assignment(_) | Slip::Printed(_)));
        if (more || called) && !self.name_values(call, args, taken) {
            return;
        }
        if let Some((span, slip)) = positional {
            self.slip(span, slip);
        }
        if self.sign.is_none() {
            return;
        }
        // An argument without effect stays where it is right, and where nothing else would be left to write.
        let right = |field: &Field| words::neutral(call.layer.kind, &field.name.to_string(), call.dialect).is_some();
        let alone = args.positional.is_empty() && args.fields.iter().all(right);
        let only_arguments = self.sign.as_ref().is_some_and(|sign| sign.in_arguments);
        let kept = args.fields.len().saturating_sub(args.kept.len());
        let mut index = 0;
        args.fields.retain_mut(|field| {
            index += 1;
            let stays = right(field) && only_arguments && (alone || index > kept);
            let name = field.name.to_string();
            match words::find_field(call.layer, &name, call.dialect) {
                Lookup::Found(_) => {}
                Lookup::Elsewhere { words, dialects } => {
                    self.translated.push((field.name.clone(), dialects));
                    field.name = Ident::new(words.name, field.name.span());
                }
                Lookup::Unknown { .. } if MEANINGLESS.contains(&name.as_str()) && !stays => return false,
                Lookup::Unknown { .. } => {}
            }
            // `bias=None`: left out.
            !matches!(field.value, Value::Broken(_))
        });
        let channels = |kept: &Kept| {
            let words = words::find_field(call.layer, &kept.name, call.dialect).any();
            words.is_some_and(|words| matches!(words.name, "in_channels" | "out_channels"))
        };
        if !(only_arguments && args.kept.iter().any(channels)) {
            join_channels(call, args);
        }
        if let Some(name) = &call.renamed {
            self.translated.extend(call.elsewhere.filter(|known| !known.is_empty()).map(|known| (op.clone(), known)));
            *op = Ident::new(name, op.span());
        }
    }

    /// Turns positional values into fields, in Python's order. Returns `false` if there are too many even for that,
    /// which drops and reports them.
    fn name_values(&mut self, call: &Call, args: &mut Args, taken: usize) -> bool {
        let mut order = call.layer.python_order(call.order);
        if args.positional.len() > order.len() {
            // A name that only another framework has here, with the arguments of this one: `nn.LSTMCell(3, 4)`.
            order = call.layer.python_order(call.dialect);
        }
        let numbers = |order: &[&str]| {
            let takes = |name: &str| call.layer.all_fields().find(|words| words.name == name).map(|words| words.takes);
            args.positional.iter().zip(order).all(|(value, name)| {
                !matches!(value, Value::Size(_)) || !matches!(takes(name), Some(Takes::Activation | Takes::Bool))
            })
        };
        let of_torch = call.layer.python_order(Dialect::Torch);
        if !numbers(order) && numbers(of_torch) && of_torch.len() >= args.positional.len() {
            // PyTorch's arguments after its name of the layer: `Linear(4096, 10)`.
            order = of_torch;
        }
        let given = |name: &&str| {
            args.fields.iter().any(|field| call.field(&field.name).is_some_and(|words| words.name == *name))
        };
        if order.iter().take(args.positional.len()).any(given) {
            // flax's newer layers count the channels first: `nnx.Conv(1, 32, kernel_size=(3, 3))`.
            order = call.layer.python_order(Dialect::Torch);
        }
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
            let name = call.name();
            let help = match call.layer.positional {
                Positional::None => format!("write `{name}`, with a field's name before each value"),
                _ => format!("write the field's name before each value but the first of `{name}`"),
            };
            if let Some(extra) = rest.get(order.len()) {
                self.fault(SyntaxFault::TooManyValues { span: extra.span(), layer: name, help });
            }
            rest.truncate(taken.saturating_sub(args.positional.len()));
            args.positional.extend(rest);
            return false;
        }
        let mut named = Vec::new();
        let required = |field: &&str| call.layer.required(call.dialect).any(|names| names == [*field]);
        for (value, field) in rest.into_iter().zip(order) {
            if matches!(value, Value::Broken(_)) {
                // `None` means the default; a required field has no default.
                args.positional.extend(Some(value).filter(|_| required(field)));
                continue;
            }
            let leads = match call.layer.positional {
                Positional::Field(leading) => leading == *field,
                Positional::Channels => *field == "out_channels" && order.first() == Some(field),
                Positional::None
                | Positional::Names
                | Positional::Axes
                | Positional::Two(..)
                | Positional::Path
                | Positional::Undo => false,
            };
            if leads {
                args.positional.push(value);
            } else if let Some(words) = call.layer.all_fields().find(|words| words.name == *field) {
                named.push(Field { name: Ident::new(call.word(words), value.span()), value });
            } else if matches!(value, Value::Bool { .. }) {
                // It is not a field, so it has no effect: `inplace`.
                named.push(Field { name: Ident::new(field, value.span()), value });
            }
        }
        named.append(&mut args.fields);
        args.fields = named;
        true
    }
}

/// A layer as a line names it.
struct Call {
    layer: &'static LayerWords,
    rank: Option<usize>,
    dialect: Dialect,
    /// Whether the name is the framework's own, so that its fields have the framework's names.
    framework: bool,
    /// The dialect whose order the values follow.
    order: Dialect,
    /// The layer's name here, if the dialect does not know the written one.
    renamed: Option<String>,
    /// The dialects that know it.
    elsewhere: Option<Dialects>,
}

impl Call {
    /// The layer for a name; with `functions` also `relu` and `max_pool2d`.
    fn new(op: &Ident, dialect: Dialect, functions: bool) -> Option<Call> {
        let written = op.to_string();
        if !functions && !words::is_layer(&written) {
            return None;
        }
        let (LayerName { words: layer, rank }, order, elsewhere) = match words::find_layer(&written, dialect) {
            Lookup::Found(found) => (found, dialect, None),
            Lookup::Elsewhere { words, dialects } => (words, *dialects.first()?, Some(dialects)),
            Lookup::Unknown { .. } if functions => {
                (words::find_function(&written, dialect)?, dialect, Some([].as_slice()))
            }
            Lookup::Unknown { .. } => return None,
        };
        let known = elsewhere.is_none();
        let renamed = (!known && layer.dialects.contains(&dialect)).then(|| layer.name(rank));
        let framework = known && layer.name(rank) != written;
        Some(Call { layer, rank, dialect, framework, order, renamed, elsewhere })
    }

    fn name(&self) -> String {
        self.renamed.clone().unwrap_or_else(|| self.layer.name(self.rank))
    }

    /// The name of a field in such a line.
    fn word(&self, field: &FieldWords) -> &'static str {
        let own = field.aliases.iter().find(|alias| alias.dialects.contains(&self.dialect));
        // PyTorch's own word keeps its count, in which the batch is axis 0.
        own.filter(|_| self.framework || matches!(field.takes, Takes::Axes)).map_or(field.name, |alias| alias.name)
    }

    fn field(&self, name: &Ident) -> Option<&'static FieldWords> {
        words::find_field(self.layer, &name.to_string(), self.dialect).any()
    }
}

/// Channels as a tuple, a list or a range: `(1, 16)`, `[1, 16]`, `1..16`.
fn as_arrow(value: &Value) -> Option<Value> {
    let (from, to) = match (value, value.items()) {
        (Value::Range(range), _) => (Value::Size(range.low.clone()), Value::Size(range.high.clone()?)),
        (_, Some([from, to])) => (from.clone(), to.clone()),
        _ => return None,
    };
    Some(Value::Arrow { from: Box::new(from), to: Box::new(to) })
}

/// `undo(enc1)` as `undo enc1`.
fn as_undo(value: &Value) -> Option<Value> {
    match value {
        Value::Call { name, args } if name == "undo" => match args.positional.as_slice() {
            [Value::Word(of)] => Some(Value::Undo { name: of.clone(), span: name.span() }),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value is `in_channels -> 16`, with the word for a field.
fn is_arrow_from(value: &Value, field: &str, call: &Call) -> bool {
    let Value::Arrow { from, .. } = value else { return false };
    matches!(&**from, Value::Word(name) if call.field(name).is_some_and(|words| words.name == field))
}

/// `kernel(3)` or `kernel -> 3` as the field that it must mean.
fn as_field(value: Value, call: &Call) -> Result<Field, Value> {
    match value {
        Value::Call { name, mut args } if args.fields.is_empty() && args.positional.len() == 1 => {
            match (call.field(&name), args.positional.pop()) {
                (Some(_), Some(value)) => Ok(Field { name, value }),
                (_, value) => {
                    args.positional.extend(value);
                    Err(Value::Call { name, args })
                }
            }
        }
        Value::Arrow { from, to } => match *from {
            Value::Word(name) if call.field(&name).is_some() => Ok(Field { name, value: *to }),
            from => Err(Value::Arrow { from: Box::new(from), to }),
        },
        value => Err(value),
    }
}

/// The names in `[a, b]`, `(a, b)` or `a + b`.
fn names_in(value: &Value) -> Option<Vec<Value>> {
    fn sum(size: &SizeExpr, names: &mut Vec<Value>) -> Option<()> {
        match size {
            SizeExpr::Name(name) => names.push(Value::Word(name.clone())),
            SizeExpr::Binary { left, right, .. } => {
                sum(left, names)?;
                sum(right, names)?;
            }
            SizeExpr::Int { .. } | SizeExpr::Float { .. } | SizeExpr::Path { .. } | SizeExpr::Negated { .. } => {
                return None;
            }
        }
        Some(())
    }
    if let Some(items) = value.items() {
        return Some(items.to_vec());
    }
    let Value::Size(size @ SizeExpr::Binary { .. }) = value else { return None };
    let mut names = Vec::new();
    sum(size, &mut names)?;
    Some(names)
}

/// `in_channels=1, out_channels=16` as `1 -> 16`.
fn join_channels(call: &Call, args: &mut Args) {
    if call.layer.positional != Positional::Channels {
        return;
    }
    let at = |args: &Args, wanted: &str| {
        args.fields.iter().position(|field| call.field(&field.name).is_some_and(|words| words.name == wanted))
    };
    let Some(out) = at(args, "out_channels") else { return };
    let from = match (at(args, "in_channels"), args.positional.first()) {
        (Some(input), None) => args.fields[input].value.clone(),
        // `Conv2d(1, out_channels=16)`: the positional value is Python's first.
        (None, Some(from)) if !matches!(from, Value::Arrow { .. } | Value::Undo { .. }) => from.clone(),
        _ => return,
    };
    let to = args.fields[out].value.clone();
    args.fields.retain(|field| {
        call.field(&field.name).is_none_or(|words| !matches!(words.name, "in_channels" | "out_channels"))
    });
    args.positional = vec![Value::Arrow { from: Box::new(from), to: Box::new(to) }];
}
