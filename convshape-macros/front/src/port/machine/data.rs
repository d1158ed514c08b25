//! Arithmetic and functions on what goes through the model.

use convshape_arith::op::Dialect;

use super::eval::short;
use super::{Machine, PyResult, unread};
use crate::port::Unported;
use crate::port::syntax::{Operator, PyExpr};
use crate::port::value::{Data, NO_BATCH, PyArgs, PyNumber, PyValue, Tensor};
use crate::words::{self, Group};

/// Functions with arguments, by their names in Python's order.
const FUNCTIONS: &[(&str, &str, &[&str])] = &[
    ("hardsigmoid", "Hardsigmoid", &["inplace"]),
    ("leaky_relu", "LeakyRelu", &["negative_slope", "inplace"]),
    ("elu", "Elu", &["alpha", "inplace"]),
    ("celu", "Celu", &["alpha", "inplace"]),
    ("gelu", "Gelu", &["approximate"]),
    ("softplus", "Softplus", &["beta", "threshold"]),
    ("hardtanh", "Hardtanh", &["min_val", "max_val", "inplace"]),
    ("dropout", "Dropout", &["p", "training", "inplace"]),
    ("dropout1d", "Dropout1d", &["p", "training", "inplace"]),
    ("dropout2d", "Dropout2d", &["p", "training", "inplace"]),
    ("dropout3d", "Dropout3d", &["p", "training", "inplace"]),
    ("max_pool1d", "MaxPool1d", MAX_POOL),
    ("max_pool2d", "MaxPool2d", MAX_POOL),
    ("max_pool3d", "MaxPool3d", MAX_POOL),
    ("avg_pool1d", "AvgPool1d", AVG_POOL),
    ("avg_pool2d", "AvgPool2d", AVG_POOL),
    ("avg_pool3d", "AvgPool3d", AVG_POOL),
    ("adaptive_avg_pool1d", "AdaptiveAvgPool1d", &["output_size"]),
    ("adaptive_avg_pool2d", "AdaptiveAvgPool2d", &["output_size"]),
    ("adaptive_avg_pool3d", "AdaptiveAvgPool3d", &["output_size"]),
    ("adaptive_max_pool1d", "AdaptiveMaxPool1d", &["output_size", "return_indices"]),
    ("adaptive_max_pool2d", "AdaptiveMaxPool2d", &["output_size", "return_indices"]),
    ("adaptive_max_pool3d", "AdaptiveMaxPool3d", &["output_size", "return_indices"]),
    ("interpolate", "Upsample", RESIZE),
    ("upsample", "Upsample", RESIZE),
    ("pixel_shuffle", "PixelShuffle", &["upscale_factor"]),
    ("pixel_unshuffle", "PixelUnshuffle", &["downscale_factor"]),
    ("channel_shuffle", "ChannelShuffle", &["groups"]),
    ("local_response_norm", "LocalResponseNorm", &["size", "alpha", "beta", "k"]),
];

const MAX_POOL: &[&str] = &["kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"];
const AVG_POOL: &[&str] = &["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"];
const RESIZE: &[&str] = &["size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias"];

/// Those of Flax, which have other names for the same.
const FLAX: &[(&str, &str, &[&str])] = &[
    ("gelu", "Gelu", &["approximate"]),
    ("leaky_relu", "LeakyRelu", &["negative_slope"]),
    ("elu", "Elu", &["alpha"]),
    ("softplus", "Softplus", &[]),
    ("max_pool", "max_pool", &["window_shape", "strides", "padding"]),
    ("avg_pool", "avg_pool", &["window_shape", "strides", "padding"]),
];

const KERAS: &[(&str, &str, &[&str])] =
    &[("leaky_relu", "LeakyReLU", &["negative_slope"]), ("elu", "Elu", &["alpha"]), ("softplus", "Softplus", &[])];

/// Functions that give their first value as it is.
const SAME: &[&str] = &[
    "contiguous",
    "to",
    "cuda",
    "cpu",
    "float",
    "type",
    "type_as",
    "requires_grad",
    "identity",
    "stop_gradient",
    "detach",
    "cast",
    "convert_to_tensor",
    "asarray",
];

/// Functions that join values, with their layers.
const JOINS: &[(&[&str], Operator)] = &[
    (&["add"], Operator::Add),
    (&["sub", "subtract"], Operator::Sub),
    (&["mul", "multiply"], Operator::Mul),
    (&["div", "divide", "true_divide"], Operator::Div),
    (&["matmul", "mm", "bmm", "dot"], Operator::MatMul),
    (&["pow", "power"], Operator::Pow),
];

const REDUCTIONS: &[(&[&str], &str)] = &[
    (&["mean", "reduce_mean"], "Mean"),
    (&["sum", "reduce_sum"], "Sum"),
    (&["amax", "reduce_max"], "Max"),
    (&["amin", "reduce_min"], "Min"),
];

impl Machine<'_> {
    pub(super) fn arithmetic(
        &mut self,
        operator: Operator,
        left: PyValue,
        right: PyValue,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        let found = match (left, right) {
            (PyValue::Data(a), PyValue::Data(b)) => self.joined(operator, a, b, written, hint)?,
            (PyValue::Data(data), PyValue::Number(number)) => {
                let layers = with_number(operator, number.value);
                self.steps_of(layers, data, written, hint)?
            }
            (PyValue::Number(number), PyValue::Data(data)) => {
                let layers = number_with(operator, &number);
                self.steps_of(layers, data, written, hint)?
            }
            (PyValue::Opaque(reason), _) | (_, PyValue::Opaque(reason)) => {
                return Err(reason.at(written.line));
            }
            _ => None,
        };
        found.map(PyValue::Data).ok_or_else(|| unread(written))
    }

    fn joined(&mut self, operator: Operator, a: Data, b: Data, written: &PyExpr, hint: &str) -> PyResult<Option<Data>> {
        let layer = match operator {
            Operator::Add => "Add",
            Operator::Sub => "Sub",
            Operator::Mul => "Mul",
            Operator::Div => "Div",
            Operator::MatMul => "MatMul",
            Operator::Floor | Operator::Rest | Operator::Pow | Operator::Bits(_) => return Ok(None),
        };
        for data in [&a, &b] {
            let whole = Data { stretched: false, batch: data.batch % NO_BATCH, ..data.clone() };
            self.is_plain(if operator == Operator::MatMul { data } else { &whole }, written)?;
        }
        let (a, b) = match operator {
            Operator::MatMul => (a, b),
            _ => (self.on_last_axis(a.clone(), &b, written)?, self.on_last_axis(b, &a, written)?),
        };
        self.emit_join(layer, &[a, b], "", hint, written.line).map(Some)
    }

    /// A parameter of one axis, which PyTorch multiplies with the last axis of a value, and a chain with the channels if
    /// there are as many.
    fn on_last_axis(&mut self, parameter: Data, other: &Data, written: &PyExpr) -> PyResult<Data> {
        let mut statements = self.program.statements.iter();
        let is_one = statements.any(|found| found.label == parameter.label && found.line.starts_with("Parameter("));
        if !is_one || self.program.dialect != Dialect::Torch {
            return Ok(parameter);
        }
        match (self.shape_of(&parameter, written)?.as_slice(), self.shape_of(other, written)?.as_slice()) {
            ([size], [channels, .., last]) if *size > 1 && size == channels && size == last => {
                let found = self.emit(
                    &format!("Reshape([1, {size}])"),
                    std::slice::from_ref(&parameter),
                    &parameter.label,
                    written.line,
                )?;
                Ok(Data { batch: parameter.batch, ..found })
            }
            _ => Ok(parameter),
        }
    }

    /// Layers one after the other.
    fn steps_of(
        &mut self,
        layers: Option<Vec<String>>,
        data: Data,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<Option<Data>> {
        let Some(layers) = layers else { return Ok(None) };
        self.is_plain(&data, written)?;
        let mut data = data;
        for layer in layers {
            data = self.emit(&layer, &[data], hint, written.line)?;
        }
        Ok(Some(data))
    }

    /// A free parameter as a value. Its first axis of size 1 is PyTorch's place for the batch.
    pub(super) fn parameter(&mut self, tensor: &std::rc::Rc<Tensor>, name: &str, line: usize) -> PyResult<PyValue> {
        let place = PyValue::Tensor(tensor.clone()).place();
        let shape = match tensor.shape.as_slice() {
            [1, rest @ ..] if !rest.is_empty() => rest,
            whole => whole,
        };
        let batch = if shape.len() < tensor.shape.len() { 0 } else { NO_BATCH };
        if let Some(label) = place.and_then(|place| self.ran.get(&place)).cloned() {
            return Ok(PyValue::Data(Data { batch, ..Data::new(label) }));
        }
        if !tensor.is_parameter {
            let reason = format!("`{name}` is a tensor: numbers of your own are `Constant(path::NAME, [2, 8])`");
            return Err(Unported::new(line, reason));
        }
        let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
        let init = tensor.init.as_ref().map(|init| format!(", init: {init}")).unwrap_or_default();
        let layer = self.parsed(&format!("Parameter([{}]{init})", sizes.join(", ")), &[], line)?;
        let path = place.and_then(|place| self.paths.get(&place)).cloned().unwrap_or_else(|| name.to_owned());
        let label = self.label(name, &path);
        let text = layer.to_string();
        let file_name = (path != label).then_some(path);
        place.into_iter().for_each(|place| drop(self.ran.insert(place, label.clone())));
        let statement = crate::port::program::Statement {
            label: label.clone(),
            is_named: true,
            file_name,
            line: text,
            layer,
            reads: Vec::new(),
        };
        self.push(statement, line);
        Ok(PyValue::Data(Data { batch, ..Data::new(label) }))
    }

    /// A function of a framework on values: `F.relu(x)`, `torch.cat([a, b], 1)`.
    pub(super) fn function(&mut self, path: &str, args: PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let name = path.rsplit('.').next().unwrap_or(path);
        // A layer of the framework on the model's data: `layers.Add()([a, b])` was made before.
        if let Some(value) = self.operation(name, &args, written, hint)? {
            return Ok(value);
        }
        Err(Unported::new(written.line, self.no_layer(name)))
    }

    /// A method of the model's data, which is the first of the values: `x.view(-1, 784)`, `x.mul_(2)`.
    pub(super) fn data_method(
        &mut self,
        data: &Data,
        name: &str,
        args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        let found = match self.shaped(data, name, &args, written, hint)? {
            Some(value) => Some(value),
            None => self.operation(name, &args, written, hint)?,
        };
        found.ok_or_else(|| Unported::new(written.line, self.no_layer(name)))
    }

    /// A function or a method, which may change its first value in place: `x.mul_(2)`, `F.relu(x, True)`.
    fn operation(&mut self, name: &str, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<Option<PyValue>> {
        let plain = name.strip_suffix('_').filter(|_| !name.starts_with('_'));
        let found = self.operated(plain.unwrap_or(name), args, written, hint)?;
        let params =
            FUNCTIONS.iter().find(|(known, ..)| *known == name).map_or(&["inplace"][..], |(.., params)| params);
        let at = params.iter().position(|param| *param == "inplace").map_or(usize::MAX, |at| at + 1);
        let in_place = plain.is_some() || matches!(args.get(at, "inplace"), Some(PyValue::Bool(true)));
        Ok(match (found, args.positional.first().or(args.get(usize::MAX, "input"))) {
            (Some(PyValue::Data(new)), Some(PyValue::Data(old))) if in_place => {
                Some(PyValue::Data(self.changed(old, new, written)))
            }
            (found, _) => found,
        })
    }

    fn operated(&mut self, name: &str, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<Option<PyValue>> {
        if let Some((_, operator)) = JOINS.iter().find(|(names, _)| names.contains(&name)) {
            return self.binary_function(*operator, args, written, hint).map(Some);
        }
        match name {
            "cat" | "concat" | "concatenate" => return self.concat(name, args, written, hint).map(Some),
            "stack" => return self.stack(args, written, hint).map(Some),
            "average" if self.program.dialect == Dialect::Keras => return Ok(None),
            "max" | "min" | "maximum" | "minimum" => return self.extreme(name, args, written, hint).map(Some),
            "scaled_dot_product_attention" => return self.attention(args, written, hint).map(Some),
            _ => {}
        }
        let Some(PyValue::Data(data)) = args.positional.first().or(args.get(usize::MAX, "input")).cloned() else {
            return Ok(None);
        };
        if name == "clone" {
            self.copies += 1;
            let memory = format!("#{}", self.copies);
            return Ok(Some(PyValue::Data(Data { memory, ..self.current(&data)? })));
        }
        if SAME.contains(&name) {
            return Ok(Some(PyValue::Data(data)));
        }
        match self.shaped(&data, name, args, written, hint)? {
            Some(value) => Ok(Some(value)),
            None => self.table(name, &data, args, written, hint),
        }
    }

    /// A function of one value.
    fn table(
        &mut self,
        name: &str,
        data: &Data,
        args: &PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<Option<PyValue>> {
        let line = written.line;
        if let Some(layer) = elementwise(name, self.program.dialect) {
            self.is_plain(data, written)?;
            self.arguments(args, &["inplace"], written)?;
            return self.emit(&layer, std::slice::from_ref(data), hint, line).map(|data| Some(PyValue::Data(data)));
        }
        if let Some((_, layer)) = REDUCTIONS.iter().find(|(names, _)| names.contains(&name)) {
            return self.reduced(layer, data, args, written, hint).map(|data| Some(PyValue::Data(data)));
        }
        let text = match name {
            "softmax" | "log_softmax" | "glu" => {
                let default = (self.program.dialect != Dialect::Torch || name == "glu").then_some(-1);
                let given = self.arguments(args, &["dim", "axis"], written)?;
                let axis = given.first().map_or(default, |(_, axis)| axis.as_whole());
                let axis = axis.ok_or_else(|| Unported::new(line, format!("`{name}` takes the number of an axis")))?;
                let layer = match name {
                    "softmax" => "Softmax",
                    "glu" => "Glu",
                    _ => "LogSoftmax",
                };
                format!("{layer}({})", self.axes_field(data, &[axis], written)?)
            }
            "clamp" | "clip" => clamp(&self.arguments(args, &["min", "max"], written)?, written)?,
            "normalize" => self.normalized(data, args, written)?,
            "pad" => {
                let given = self.arguments(args, &["pad", "mode", "value"], written)?;
                let rank = self.shape_of(data, written)?.len().saturating_sub(1);
                padded(&given, rank, written)?
            }
            name => match self.tabled(name, args, written)? {
                Some(text) => text,
                None => return Ok(None),
            },
        };
        self.is_plain(data, written)?;
        self.emit(&text, std::slice::from_ref(data), hint, line).map(|data| Some(PyValue::Data(data)))
    }

    /// The layer of a function with arguments.
    fn tabled(&mut self, name: &str, args: &PyArgs, written: &PyExpr) -> PyResult<Option<String>> {
        let rows = match self.program.dialect {
            Dialect::Flax => FLAX,
            Dialect::Keras => KERAS,
            _ => FUNCTIONS,
        };
        let Some((_, layer, params)) = rows.iter().find(|(known, ..)| *known == name) else { return Ok(None) };
        let given = self.arguments(args, params, written)?;
        let only_trains =
            |(name, value): &(&str, PyValue)| *name == "training" && !matches!(value, PyValue::Bool(true));
        if layer.starts_with("Dropout") && !given.iter().any(only_trains) {
            self.program.note(format!(
                "line {}: `{name}` without `training=self.training` also drops when the model predicts; `{layer}` does not",
                written.line
            ));
        }
        if given.iter().any(|(name, value)| *name == "training" && matches!(value, PyValue::Bool(false))) {
            return Ok(Some("Identity".to_owned()));
        }
        let mut texts = Vec::new();
        for (name, value) in given {
            match (name, &value) {
                ("inplace" | "training", _) | (_, PyValue::None) => {}
                ("beta", PyValue::Number(number)) if *layer == "Softplus" && number.value == 1.0 => {}
                ("threshold", PyValue::Number(number)) if number.value == 20.0 => {}
                ("return_indices" | "recompute_scale_factor" | "antialias", PyValue::Bool(false)) => {}
                (name, value) => {
                    let unread = || Unported::new(written.line, format!("`{name}` is not known here"));
                    let unread = match value {
                        PyValue::Opaque(reason) => reason.at(written.line),
                        _ => unread(),
                    };
                    texts.push(format!("{name}={}", value.text().ok_or(unread)?));
                }
            }
        }
        if let Some(text) = texts
            .iter()
            .find(|text| {
                ["return_indices=", "antialias=", "divisor_override=", "recompute", "threshold=", "beta="]
                    .iter()
                    .any(|word| text.starts_with(word))
            })
            .filter(|_| *layer != "LocalResponseNorm")
        {
            return Err(Unported::new(written.line, format!("`{layer}` has no `{text}`")));
        }
        let text = texts.join(", ");
        Ok(Some(if text.is_empty() { (*layer).to_owned() } else { format!("nn.{layer}({text})") }))
    }

    /// The arguments after the value, with their names. Others cannot be translated.
    pub(super) fn arguments(
        &self,
        args: &PyArgs,
        params: &[&'static str],
        written: &PyExpr,
    ) -> PyResult<Vec<(&'static str, PyValue)>> {
        let silent = ["dtype", "input", "_stacklevel", "name", "device"];
        let mut given = Vec::new();
        for (at, value) in args.positional.iter().skip(1).enumerate() {
            let name = params.get(at).ok_or_else(|| {
                Unported::new(written.line, format!("`{}` has more values than are known here", short(&written.text)))
            })?;
            given.push((*name, value.clone()));
        }
        for (name, value) in args.named.iter().filter(|(name, _)| !silent.contains(&name.as_str())) {
            let known = params.iter().find(|param| *param == name).ok_or_else(|| {
                Unported::new(written.line, format!("`{name}` of `{}` cannot be translated", short(&written.text)))
            })?;
            given.push((known, value.clone()));
        }
        if let Some((_, PyValue::Opaque(reason))) = given.iter().find(|(_, value)| matches!(value, PyValue::Opaque(_)))
        {
            return Err(reason.at(written.line));
        }
        Ok(given)
    }

    fn binary_function(
        &mut self,
        operator: Operator,
        args: &PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        let values = match args.positional.as_slice() {
            // Keras: `layers.add([a, b])`
            [only] => only.items().ok_or_else(|| unread(written))?,
            several => several.to_vec(),
        };
        if args.named.iter().any(|(name, _)| name != "name") {
            return Err(unread(written));
        }
        let mut values = values.into_iter();
        let first = values.next().ok_or_else(|| unread(written))?;
        values.try_fold(first, |left, right| self.arithmetic(operator, left, right, written, hint))
    }

    /// The values of a list, all of which go through the model.
    fn listed(&self, value: Option<&PyValue>, written: &PyExpr) -> PyResult<Vec<Data>> {
        let data = |value: &PyValue| match value {
            PyValue::Data(data) => Some(data.clone()),
            _ => None,
        };
        let found =
            value.and_then(PyValue::items).and_then(|items| items.iter().map(data).collect::<Option<Vec<Data>>>());
        let found = found.filter(|found| !found.is_empty()).ok_or_else(|| {
            Unported::new(
                written.line,
                format!("`{}` joins what is not a list of the model's values", short(&written.text)),
            )
        })?;
        found.iter().try_for_each(|data| self.is_plain(data, written))?;
        Ok(found)
    }

    fn concat(&mut self, name: &str, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let values = self.listed(args.positional.first().or(args.get(usize::MAX, "tensors")), written)?;
        let given = self.arguments(args, &["dim", "axis", "tensors"], written)?;
        let axis = given.iter().find(|(name, _)| *name != "tensors").map(|(_, axis)| axis.as_whole());
        let keras = self.program.dialect == Dialect::Keras && name == "concatenate";
        let axis = axis.unwrap_or(Some(if keras { -1 } else { 0 }));
        let axis = axis.ok_or_else(|| Unported::new(written.line, "the axis of this is not known here"))?;
        let axis = self.axes_field(&values[0], &[axis], written)?;
        if let [only] = values.as_slice() {
            return Ok(PyValue::Data(only.clone()));
        }
        self.emit_join("Concat", &values, &format!(", {axis}"), hint, written.line).map(PyValue::Data)
    }

    fn stack(&mut self, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let values = self.listed(args.positional.first(), written)?;
        let given = self.arguments(args, &["dim", "axis"], written)?;
        let axis = given.first().map_or(Some(0), |(_, axis)| axis.as_whole());
        let axis = axis.ok_or_else(|| Unported::new(written.line, "the axis of this is not known here"))?;
        // An axis in front of the batch is the first of a sample, and the batch is the second.
        let (own, batch) = if axis > 0 { (axis - 1, 0) } else { (axis, usize::from(axis == 0)) };
        let found = self.emit_join("Stack", &values, &format!(", axis: {own}"), hint, written.line)?;
        Ok(PyValue::Data(Data { batch, ..found }))
    }

    /// `torch.max(a, b)`, or `x.max(dim=1)`, which also gives where they are.
    fn extreme(&mut self, name: &str, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let is_max = name.starts_with("max");
        match args.positional.as_slice() {
            [PyValue::Data(a), PyValue::Data(b)] => {
                let layer = if is_max { "Maximum" } else { "Minimum" };
                [a, b].into_iter().try_for_each(|data| self.is_plain(data, written))?;
                self.emit_join(layer, &[a.clone(), b.clone()], "", hint, written.line).map(PyValue::Data)
            }
            [list] if list.items().is_some() => {
                let values = self.listed(Some(list), written)?;
                let layer = if is_max { "Maximum" } else { "Minimum" };
                self.emit_join(layer, &values, "", hint, written.line).map(PyValue::Data)
            }
            [PyValue::Data(data), ..] => {
                let data = data.clone();
                let found = self.reduced(if is_max { "Max" } else { "Min" }, &data, args, written, hint)?;
                if self.program.dialect != Dialect::Torch {
                    return Ok(PyValue::Data(found));
                }
                let places = "where the largest values are is not a value of a chain";
                Ok(PyValue::Tuple(vec![PyValue::Data(found), PyValue::opaque(places, None)]))
            }
            _ => Err(unread(written)),
        }
    }

    fn reduced(&mut self, layer: &str, data: &Data, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<Data> {
        let moved = (1..NO_BATCH).contains(&data.batch);
        self.is_plain(&Data { batch: if moved { 0 } else { data.batch }, ..data.clone() }, written)?;
        let given = self.arguments(args, &["dim", "keepdim", "axis", "keepdims"], written)?;
        let find = |names: [&str; 2]| given.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value);
        let axes = find(["dim", "axis"]).and_then(|axes| match axes {
            PyValue::Number(_) => Some(vec![axes.as_whole()?]),
            axes => axes.items()?.iter().map(PyValue::as_whole).collect(),
        });
        let axes = axes.ok_or_else(|| {
            Unported::new(written.line, format!("`{}` also goes over the batch: name its axes", short(&written.text)))
        })?;
        let keep = find(["keepdim", "keepdims"]).is_some_and(|keep| keep.truth() == Some(true));
        let keeps = if keep { ", keep: true" } else { "" };
        if moved {
            let own = self.own_axes(data, &axes, written)?;
            let axes = own.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let text = format!("{layer}(axis: ({axes}){keeps})");
            let found = self.emit(&text, std::slice::from_ref(data), hint, written.line)?;
            let before = if keep { 0 } else { own.iter().filter(|axis| **axis < data.batch).count() };
            return Ok(Data { batch: data.batch - before, ..found });
        }
        let axes = self.axes_field(data, &axes, written)?;
        self.emit(&format!("{layer}({axes}{keeps})"), std::slice::from_ref(data), hint, written.line)
    }

    fn normalized(&mut self, data: &Data, args: &PyArgs, written: &PyExpr) -> PyResult<String> {
        let given = self.arguments(args, &["p", "dim", "eps"], written)?;
        let find = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let axis = find("dim").map_or(Some(1), |axis| axis.as_whole());
        let axis = axis.ok_or_else(|| Unported::new(written.line, "`normalize` takes the number of an axis"))?;
        let mut fields = vec![self.axes_field(data, &[axis], written)?];
        for name in ["p", "eps"] {
            if let Some(PyValue::Number(number)) = find(name) {
                fields.push(format!("{name}: {:?}", number.value));
            }
        }
        Ok(format!("LpNorm({})", fields.join(", ")))
    }

    fn attention(&mut self, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let three = args.positional.get(..3).filter(|_| args.positional.len() == 3);
        let three = self.listed(three.map(|three| PyValue::list(three.to_vec())).as_ref(), written)?;
        let mut fields = String::new();
        for (name, value) in &args.named {
            match (name.as_str(), value) {
                ("is_causal", PyValue::Bool(true)) => fields += ", causal: true",
                ("scale", PyValue::Number(number)) => fields += &format!(", scale: {:?}", number.value),
                ("is_causal", PyValue::Bool(false)) | (_, PyValue::None) => {}
                ("dropout_p", PyValue::Number(number)) if number.value == 0.0 => {}
                (name, _) => {
                    return Err(Unported::new(
                        written.line,
                        format!("`{name}` of this attention cannot be translated"),
                    ));
                }
            }
        }
        let fields = format!(", heads: 1{fields}");
        self.emit_join("Attention", &three, &fields, hint, written.line).map(PyValue::Data)
    }
}

/// The layer of a function of each value alone, without arguments.
fn elementwise(name: &str, dialect: Dialect) -> Option<String> {
    let name = match name {
        "reciprocal" => return Some("Pow(-1.0)".to_owned()),
        "absolute" => "abs",
        "negative" => "neg",
        name => name,
    };
    let found = words::find_function(name, dialect)?;
    (found.words.group == Group::Activation && found.words.fields.is_empty()).then(|| found.words.name(found.rank))
}

/// `x + 2`: the layers for a number on the right.
fn with_number(operator: Operator, by: f64) -> Option<Vec<String>> {
    Some(vec![match operator {
        Operator::Add => format!("AddScalar({by:?})"),
        Operator::Sub => format!("AddScalar({:?})", -by),
        Operator::Mul => format!("Scale({by:?})"),
        Operator::Div => format!("Scale(1.0 / {by:?})"),
        Operator::Pow if by == 2.0 => "Square".to_owned(),
        Operator::Pow if by == 0.5 => "Sqrt".to_owned(),
        Operator::Pow => format!("Pow({by:?})"),
        Operator::Floor | Operator::Rest | Operator::MatMul | Operator::Bits(_) => return None,
    }])
}

/// `2 - x`: the layers for a number on the left.
fn number_with(operator: Operator, by: &PyNumber) -> Option<Vec<String>> {
    let by = by.value;
    Some(match operator {
        Operator::Add | Operator::Mul => with_number(operator, by)?,
        Operator::Sub => vec!["Neg".to_owned(), format!("AddScalar({by:?})")],
        Operator::Div if by == 1.0 => vec!["Pow(-1.0)".to_owned()],
        Operator::Div => vec!["Pow(-1.0)".to_owned(), format!("Scale({by:?})")],
        Operator::Pow | Operator::Floor | Operator::Rest | Operator::MatMul | Operator::Bits(_) => return None,
    })
}

fn clamp(given: &[(&str, PyValue)], written: &PyExpr) -> PyResult<String> {
    let bound = |name: &str| match given.iter().find(|(known, _)| *known == name) {
        Some((_, PyValue::Number(number))) => Some(number.value),
        _ => None,
    };
    match (bound("min"), bound("max")) {
        (Some(min), Some(max)) => Ok(format!("Clamp(min: {min:?}, max: {max:?})")),
        (Some(0.0), None) => Ok("Relu".to_owned()),
        _ => Err(Unported::new(written.line, "a chain's `Clamp` has both bounds")),
    }
}

/// `F.pad(x, (1, 1, 2, 2))`: both sides of each axis, the last axis first.
fn padded(given: &[(&str, PyValue)], rank: usize, written: &PyExpr) -> PyResult<String> {
    let find = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    let sides = find("pad").and_then(PyValue::items);
    let sides: Option<Vec<i64>> = sides.and_then(|sides| sides.iter().map(PyValue::as_whole).collect());
    let unread =
        |what: &str| Unported::new(written.line, format!("{what} of `{}` cannot be translated", short(&written.text)));
    let sides = sides.ok_or_else(|| unread("the sides"))?;
    // The border of channels, and what cuts, is written in another way.
    if sides.iter().any(|side| *side < 0) || !matches!(sides.len(), 2 | 4 | 6) {
        return Err(unread("the sides"));
    }
    let mode = match find("mode") {
        None | Some(PyValue::None) => "constant",
        Some(PyValue::Text(mode)) => mode,
        Some(_) => return Err(unread("the mode")),
    };
    let value = match find("value") {
        None | Some(PyValue::None) => 0.0,
        Some(PyValue::Number(number)) => number.value,
        Some(_) => return Err(unread("the value")),
    };
    let layer = match mode {
        "constant" if value == 0.0 => "ZeroPad",
        "constant" => "ConstantPad",
        "reflect" => "ReflectionPad",
        "replicate" => "ReplicationPad",
        "circular" => "CircularPad",
        _ => return Err(unread("the mode")),
    };
    // Fewer numbers are for the last axes.
    let rank = rank.max(sides.len() / 2);
    let texts: Vec<String> = sides.iter().map(ToString::to_string).collect();
    let value = if layer == "ConstantPad" { format!(", value: {value:?}") } else { String::new() };
    Ok(format!("{layer}{rank}d(({}){value})", texts.join(", ")))
}
