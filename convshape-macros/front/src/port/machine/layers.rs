//! Layers: how the program makes them, and what they are applied to.

use std::rc::Rc;

use convshape_arith::op::Dialect;

use super::emit::labels_of;
use super::eval::{opaque, short};
use super::{Machine, PyResult};
use crate::port::syntax::PyExpr;
use crate::port::value::{Data, Leaf, NO_BATCH, PyArgs, PyValue};
use crate::port::{Unported, layer};
use crate::words::{self, Elsewhere, Group, Kind, Lookup, Neutral};

impl Machine<'_> {
    /// The layer that a call makes.
    pub(super) fn layer(&mut self, call: &str, args: PyArgs, written: &PyExpr) -> PyResult<PyValue> {
        let line = written.line;
        if let Some(own) = call.strip_prefix("Lazy") {
            let reason = format!("`{call}` takes its sizes from its first input: write `{own}` with all of them");
            return Err(Unported::new(line, reason));
        }
        let named = words::named_layer(call, self.program.dialect);
        let order = named.map_or(&[][..], |found| found.words.python_order(self.program.dialect));
        let mut leaf = Leaf { line, call: call.to_owned(), args: Vec::new(), label: None };
        for (at, value) in args.positional.iter().enumerate() {
            match order.get(at).filter(|word| !self.is_field(call, word)) {
                // In this position PyTorch has an argument that is not a field here.
                Some(word) => self.argument(&mut leaf, word, value)?,
                None if leaf.args.len() == at => leaf.args.push((None, self.worth(value, line)?)),
                None => {
                    let name = order.get(at).copied().unwrap_or_default();
                    let value = self.worth(value, line)?;
                    leaf.args.push((Some(name.to_owned()), value));
                }
            }
        }
        for (name, value) in &args.named {
            self.argument(&mut leaf, name, value)?;
        }
        let made = PyValue::Layer(Rc::new(leaf));
        self.made.push(made.clone());
        self.named_by_flax(&made, call, &args);
        Ok(made)
    }

    /// An attribute of a layer, if its line says it: `conv.out_channels`.
    pub(super) fn layer_attribute(&self, leaf: &Leaf, name: &str) -> Option<PyValue> {
        let dialect = self.program.dialect;
        let layer = words::named_layer(&leaf.call, dialect)?;
        let field = |word: &str| match words::find_field(layer.words, word, dialect) {
            Lookup::Found(field) => Some(field.name),
            _ => None,
        };
        let wanted = field(name)?;
        let order = layer.words.python_order(dialect);
        let word = |at: usize, name: &Option<String>| name.clone().or_else(|| Some((*order.get(at)?).to_owned()));
        let is_it = |word: String| field(&word) == Some(wanted);
        let mut args = leaf.args.iter().enumerate();
        let given =
            args.find(|(at, (name, _))| word(*at, name).is_some_and(is_it)).map(|(_, (_, value))| value.clone());
        if layer.words.group != Group::Convolution {
            return given;
        }
        let value = given.or_else(|| match wanted {
            "stride" | "dilation" | "groups" => Some(PyValue::whole(1)),
            "padding" => Some(PyValue::whole(0)),
            _ => None,
        })?;
        // A convolution has these for each axis.
        let per_axis = ["kernel", "stride", "padding", "dilation"].contains(&wanted);
        let rank = layer.rank.filter(|_| per_axis && matches!(value, PyValue::Number(_)));
        Some(rank.map_or(value.clone(), |rank| PyValue::Tuple(vec![value; rank])))
    }

    fn is_field(&self, call: &str, name: &str) -> bool {
        let found = words::named_layer(call, self.program.dialect);
        found.is_some_and(|found| {
            matches!(
                words::find_field(found.words, name, self.program.dialect),
                Lookup::Found(_) | Lookup::Elsewhere { .. }
            )
        })
    }

    /// Whether a layer has an argument of this name, in the chain or in the framework.
    pub(super) fn is_argument(&self, call: &str, name: &str) -> bool {
        let dialect = self.program.dialect;
        let found = words::named_layer(call, dialect).map(|found| found.words);
        self.is_field(call, name) || found.is_some_and(|found| words::neutral(found.kind, name, dialect).is_some())
    }

    /// One argument with its name: a field, or one of the framework's that changes nothing.
    fn argument(&mut self, leaf: &mut Leaf, name: &str, value: &PyValue) -> PyResult<()> {
        let line = leaf.line;
        match name {
            "input_shape" | "shape" | "batch_shape" | "batch_input_shape" | "input_dim"
                if !self.is_field(&leaf.call, name) =>
            {
                self.shape_hint(Some(value));
                return Ok(());
            }
            "name" => {
                leaf.label = if let PyValue::Text(text) = value { Some(text.clone()) } else { None };
                return Ok(());
            }
            "inplace" => {
                // Some layers have another argument in this position.
                let PyValue::Bool(is) = value else {
                    return Err(Unported::new(line, format!("`{}` has more values than are known here", leaf.call)));
                };
                leaf.args.extend(is.then(|| (Some(name.to_owned()), value.clone())));
                return Ok(());
            }
            _ => {}
        }
        if changes_nothing(leaf, name, value) {
            return Ok(());
        }
        let kind = words::named_layer(&leaf.call, self.program.dialect).map(|found| found.words.kind);
        let neutral = kind.and_then(|kind| words::neutral(kind, name, self.program.dialect));
        let only = |is: bool, text: &str| {
            let reason = format!("`{}` can only have `{name}={text}` here", leaf.call);
            if is { Ok(()) } else { Err(Unported::new(line, reason)) }
        };
        match neutral {
            // It says where the batch is.
            Some(Neutral::Any) if name == "batch_first" => {}
            Some(Neutral::Any | Neutral::FileName) => return Ok(()),
            Some(Neutral::Bool(wanted)) => {
                return only(
                    matches!(value, PyValue::Bool(found) if *found == wanted),
                    if wanted { "True" } else { "False" },
                );
            }
            Some(Neutral::Int(wanted)) => {
                return only(value.as_whole() == Some(wanted), &wanted.to_string());
            }
            Some(Neutral::Word(wanted)) => {
                return only(matches!(value, PyValue::Text(found) if found == wanted), wanted);
            }
            Some(Neutral::Elsewhere(Elsewhere::Init | Elsewhere::Training)) => {
                self.program.note(format!("line {line}: `{name}` is left out: it says nothing about shapes"));
                return Ok(());
            }
            Some(Neutral::Elsewhere(Elsewhere::Input) | Neutral::LastAxis) | None => {}
        }
        let value = self.worth(value, line)?;
        leaf.args.push((Some(name.to_owned()), value));
        Ok(())
    }

    /// A value that a layer can have as an argument.
    fn worth(&self, value: &PyValue, line: usize) -> PyResult<PyValue> {
        match value {
            PyValue::Opaque(reason) => Err(reason.at(line)),
            PyValue::Batch => Err(Unported::new(line, "the number of samples is not known here")),
            PyValue::Foreign(path) => match self.word(path) {
                Some(word) => Ok(PyValue::Text(word.to_owned())),
                None => Err(Unported::new(line, format!("`{path}` is not known here: write its number"))),
            },
            PyValue::Bound(_, name) => {
                Err(Unported::new(line, format!("`{name}` is not known here: write its number")))
            }
            value if value.text().is_some() => Ok(value.clone()),
            _ => Err(Unported::new(line, "a layer takes numbers and words only")),
        }
    }

    /// The word that a name means: `activation=tf.nn.relu`, and words that a print has without quotes.
    fn word<'a>(&self, path: &'a str) -> Option<&'a str> {
        const PRINTED: [&str; 6] = ["same", "valid", "zeros", "reflect", "replicate", "circular"];
        let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
        let activation = || words::find_activation(name, self.program.dialect).any().is_some();
        (module.is_empty() && PRINTED.contains(&name) || !module.is_empty() && activation()).then_some(name)
    }

    /// A layer or modules on values.
    pub(super) fn apply(&mut self, module: &PyValue, args: PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        if !args.has_data() {
            self.example(&args);
            return Ok(opaque(written));
        }
        self.used.extend(module.place());
        match module {
            PyValue::Modules(modules) if modules.kind == "Sequential" || modules.kind == "sequential" => {
                let parts: Vec<PyValue> = modules.parts.borrow().iter().map(|(_, part)| part.clone()).collect();
                self.in_order(&parts, args, written, hint)
            }
            PyValue::Modules(modules) => {
                let reason = format!("a `{}` has no order of its own: apply its parts", modules.kind);
                Err(Unported::new(written.line, reason))
            }
            PyValue::Layer(leaf) => self.run_layer(&leaf.clone(), module, args, written, hint),
            _ => Ok(opaque(written)),
        }
    }

    /// The values of the model that a layer is given, in order.
    fn operands(&self, args: &PyArgs, written: &PyExpr) -> PyResult<Vec<Data>> {
        let mut operands = Vec::new();
        for value in &args.positional {
            let items = value.items().unwrap_or_else(|| vec![value.clone()]);
            for item in items {
                match item {
                    PyValue::Data(data) => operands.push(self.current(&data)?),
                    PyValue::None => {}
                    _ => {
                        let reason = format!("`{}` is given what does not go through the model", short(&written.text));
                        return Err(Unported::new(written.line, reason));
                    }
                }
            }
        }
        Ok(operands)
    }

    fn run_layer(
        &mut self,
        leaf: &Rc<Leaf>,
        module: &PyValue,
        args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        let kind = words::named_layer(&leaf.call, self.program.dialect).map(|found| found.words.kind);
        let named = PyArgs { positional: Vec::new(), ..args.clone() };
        let args = if kind.is_some_and(Kind::is_recurrent) { without_zeros(args) } else { args };
        let operands = self.operands(&args, written)?;
        let sequence = kind.is_some_and(|kind| kind.is_recurrent() || kind == Kind::MultiHead);
        let first = leaf.args.iter().find(|(name, _)| name.as_deref() == Some("batch_first"));
        let first = first.is_some_and(|(_, value)| value.truth() == Some(true));
        // PyTorch has the batch on the second axis, unless it is told otherwise.
        let second = self.program.dialect == Dialect::Torch
            && sequence
            && !first
            && (kind == Some(Kind::MultiHead) || operands.len() == 1)
            && operands.iter().all(|data| data.batch == 1);
        // A layer of the last axis leaves all others where they are.
        let inner = match operands.as_slice() {
            [data] if kind == Some(Kind::Linear) && (1..NO_BATCH).contains(&data.batch) => {
                data.batch < self.shape_of(data, written)?.len()
            }
            _ => second,
        };
        let batch = operands.first().map_or(0, |data| if inner { data.batch } else { 0 });
        let operands: Vec<Data> = match inner {
            true => operands.into_iter().map(|data| Data { batch: 0, ..data }).collect(),
            false => operands,
        };
        self.given_to_layer(leaf, sequence && !first && !second, &named, written)?;
        let operands: Vec<Data> = match kind {
            // One value for queries, keys and values.
            Some(Kind::MultiHead) if operands.windows(2).all(|pair| pair[0] == pair[1]) => operands[..1].to_vec(),
            _ => operands,
        };
        operands.iter().try_for_each(|data| self.is_plain(data, written))?;
        let several =
            kind.is_some_and(|kind| kind.is_recurrent() || kind == Kind::MultiHead || kind == Kind::Attention);
        if operands.len() != 1 && !several && !layer::joins(&leaf.call, self.program.dialect) {
            let reason = format!("`{}` takes one value, not {}", leaf.call, operands.len());
            return Err(Unported::new(written.line, reason));
        }
        let path = module.place().and_then(|place| self.paths.get(&place)).cloned().unwrap_or_default();
        let last = path.rsplit('.').next().unwrap_or_default();
        // Numbers, and the counted kinds of Flax, are no names.
        let own = if last.starts_with(|first: char| first.is_ascii_lowercase() || first == '_') { last } else { "" };
        let given = leaf.label.clone().or_else(|| Some(own.to_owned()).filter(|own| !own.is_empty()));
        let leaf = self.with_axis(leaf, &operands, written)?;
        let mut made = self.run_leaf(&leaf, module, &operands, given, &path, hint)?;
        if leaf.args.iter().any(|(name, _)| name.as_deref() == Some("inplace"))
            && let [operand] = operands.as_slice()
        {
            made = self.changed(operand, made, written);
        }
        let label = made.label.clone();
        let torch = self.program.dialect == Dialect::Torch;
        let whole = PyValue::Data(Data { batch, ..Data::new(&label) });
        Ok(match kind {
            Some(Kind::Lstm) if torch => {
                let state = |name: &str| state_of(&label, name);
                PyValue::Tuple(vec![whole, PyValue::Tuple(vec![state("h_n"), state("c_n")])])
            }
            Some(Kind::Gru | Kind::Rnn) if torch => PyValue::Tuple(vec![whole, state_of(&label, "h_n")]),
            Some(Kind::MultiHead) if torch => {
                PyValue::Tuple(vec![whole, PyValue::opaque("the weights of an attention are not kept", None)])
            }
            _ => PyValue::Data(Data { batch, ..made }),
        })
    }

    /// `nn.Softmax()` of PyTorch, which chooses its axis by the number of axes.
    fn with_axis(&mut self, leaf: &Rc<Leaf>, operands: &[Data], written: &PyExpr) -> PyResult<Rc<Leaf>> {
        let chooses = self.program.dialect == Dialect::Torch
            && matches!(leaf.call.as_str(), "Softmax" | "LogSoftmax")
            && leaf.args.is_empty();
        let Some(data) = operands.first().filter(|_| chooses) else { return Ok(leaf.clone()) };
        let args = match self.shape_of(data, written)?.len() {
            1 => Vec::new(),
            2 => {
                let reason = format!("`{}` without `dim` goes over the batch here: write its `dim`", leaf.call);
                return Err(Unported::new(written.line, reason));
            }
            _ => vec![(Some("dim".to_owned()), PyValue::whole(1))],
        };
        Ok(Rc::new(Leaf { line: leaf.line, call: leaf.call.clone(), args, label: leaf.label.clone() }))
    }

    /// Refuses what a layer cannot be told when it runs.
    fn given_to_layer(&self, leaf: &Leaf, turned: bool, args: &PyArgs, written: &PyExpr) -> PyResult<()> {
        if turned && self.program.dialect == Dialect::Torch {
            let reason = format!(
                "`{}` without `batch_first=True` has the samples of a batch on its second axis; a chain has them first",
                leaf.call
            );
            return Err(Unported::new(leaf.line, reason));
        }
        let silent =
            ["training", "deterministic", "need_weights", "average_attn_weights", "train", "use_running_average"];
        match args
            .named
            .iter()
            .find(|(name, value)| !silent.contains(&name.as_str()) && !matches!(value, PyValue::None))
        {
            Some((name, _)) => {
                Err(Unported::new(written.line, format!("`{}` is not given a `{name}` here", leaf.call)))
            }
            None => Ok(()),
        }
    }

    /// Adds the statement of a layer.
    fn run_leaf(
        &mut self,
        leaf: &Rc<Leaf>,
        module: &PyValue,
        operands: &[Data],
        given: Option<String>,
        path: &str,
        hint: &str,
    ) -> PyResult<Data> {
        let mut args: Vec<String> = Vec::new();
        for (name, value) in leaf.args.iter().filter(|(name, _)| name.as_deref() != Some("batch_first")) {
            let text = value.text().unwrap_or_default();
            args.push(name.as_ref().map_or(text.clone(), |name| format!("{name}={text}")));
        }
        let joins = operands.len() > 1 && layer::joins(&leaf.call, self.program.dialect);
        let labels = labels_of(operands);
        if joins {
            args.insert(0, format!("[{}]", labels.join(", ")));
        }
        let call = if self.program.dialect == Dialect::Torch && leaf.call == "Unflatten" {
            unflatten(leaf)?
        } else {
            let module = if self.program.dialect == Dialect::Keras { "layers" } else { "nn" };
            format!("{module}.{}({})", leaf.call, args.join(", "))
        };
        let mut read = self.parsed(&call, if joins { &labels } else { &[] }, leaf.line)?;
        if !joins {
            self.reads_from(&mut read, &labels, leaf.line)?;
        }
        labels.iter().filter(|_| joins).for_each(|label| self.program.name(label));
        let place = module.place();
        let first = place.and_then(|place| self.ran.get(&place)).cloned();
        let shared = first.clone().filter(|_| layer::is_shared(&read, self.program.dialect));
        let hint = if path.is_empty() { hint } else { path };
        let label = self.label(given.as_deref().unwrap_or(hint), path);
        let line = match &shared {
            Some(shared) => {
                self.program.name(shared);
                let from = layer::source(&read).map(|from| format!(" from {from}")).unwrap_or_default();
                format!("reuse {shared}{from}")
            }
            None => read.to_string(),
        };
        if let Some(place) = place {
            self.ran.entry(place).or_insert_with(|| label.clone());
        }
        let files = matches!(self.program.dialect, Dialect::Torch | Dialect::Flax);
        let file_name = Some(path.to_owned()).filter(|path| files && !path.is_empty() && shared.is_none());
        let is_named = given.is_some() && first.is_none();
        let file_name = file_name.filter(|path| !is_named || *path != label);
        let given = self.given(&read, &label, operands);
        let statement =
            crate::port::program::Statement { label, is_named, file_name, line, layer: read, reads: labels };
        self.push(statement, leaf.line);
        Ok(given)
    }
}

/// The arguments without first states that are zero, as they are if nobody gives them.
fn without_zeros(args: PyArgs) -> PyArgs {
    let zero =
        |value: &PyValue| matches!(value, PyValue::Tensor(tensor) if tensor.shape.is_empty() && !tensor.is_parameter);
    let all = |value: &PyValue| zero(value) || value.items().is_some_and(|items| items.iter().all(zero));
    PyArgs { positional: args.positional.into_iter().filter(|value| !all(value)).collect(), ..args }
}

/// Whether an argument that PyTorch prints says nothing more.
fn changes_nothing(leaf: &Leaf, name: &str, value: &PyValue) -> bool {
    let affine = || leaf.args.iter().find(|(name, _)| name.as_deref() == Some("affine"));
    match (leaf.call.as_str(), name, value) {
        ("Softplus", "beta", PyValue::Number(number)) => number.value == 1.0,
        ("Softplus", "threshold", PyValue::Number(number)) => number.value == 20.0,
        // A norm without weights has no bias.
        (_, "bias", PyValue::Bool(false)) => affine().is_some_and(|(_, affine)| affine.truth() == Some(false)),
        _ => false,
    }
}

/// The last states of a recurrent layer, whose second axis is the batch.
fn state_of(label: &str, name: &str) -> PyValue {
    PyValue::Data(Data { batch: 1, ..Data::new(format!("{label}.{name}")) })
}

/// PyTorch counts the batch in `nn.Unflatten(1, (8, 8))`.
fn unflatten(leaf: &Leaf) -> PyResult<String> {
    let value = |at: usize, name: &str| {
        let named = leaf.args.iter().find(|(known, _)| known.as_deref() == Some(name));
        named.or_else(|| leaf.args.get(at).filter(|(name, _)| name.is_none())).map(|(_, value)| value.clone())
    };
    let axis = value(0, "dim").and_then(|axis| axis.as_whole()).filter(|axis| *axis != 0);
    let sizes =
        value(1, "unflattened_size").and_then(|sizes| sizes.items()).map(PyValue::list).and_then(|sizes| sizes.text());
    match (axis, sizes) {
        (Some(axis), Some(sizes)) => Ok(format!("Unflatten({}, {sizes})", if axis > 0 { axis - 1 } else { axis })),
        _ => Err(Unported::new(leaf.line, "`Unflatten` takes the number of an axis after the batch, and sizes")),
    }
}
