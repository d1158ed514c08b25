//! Shapes, and what changes only them. Python counts the batch as axis 0, a chain does not.

use convshape_arith::op::Dialect;

use super::eval::{opaque, short};
use super::{MOST_DRAFTED, Machine, PyResult, unread};
use crate::port::syntax::{Index, PyExpr, PyKind};
use crate::port::value::{Data, NO_BATCH, PyArgs, PyValue};
use crate::port::{PortedChain, Unported, chain, find_sizes};

impl Machine<'_> {
    /// The sizes of a value without the batch, as the inputs on trial make them.
    pub(super) fn shape_of(&mut self, data: &Data, written: &PyExpr) -> PyResult<Vec<i64>> {
        if self.is_first_reading() {
            self.asked = true;
            return Ok(vec![1; 3]);
        }
        if !self.sizes.contains_key(&data.label) {
            self.drafted += self.program.statements.len();
            if self.drafted > MOST_DRAFTED {
                return Err(Unported::new(written.line, "the program asks for the shapes of too many values"));
            }
            find_sizes(&self.program, self.trial, &data.label, &mut self.sizes);
        }
        self.sizes.get(&data.label).cloned().flatten().ok_or_else(|| {
            let fits = PortedChain::new(&chain(&self.program, "M", self.trial)).is_some_and(|draft| draft.fits);
            let why = match fits {
                true => String::new(),
                false => format!(": the layers before it do not fit an input of {}", self.trial.join(", ")),
            };
            let asks = short(&written.text);
            Unported::new(written.line, format!("the shape that `{asks}` asks for is not known here{why}"))
        })
    }

    /// `dim: 1` in PyTorch; elsewhere the same from the end.
    pub(super) fn axes_field(&mut self, data: &Data, axes: &[i64], written: &PyExpr) -> PyResult<String> {
        if axes.contains(&0) {
            let reason = format!("`{}` goes over the batch, which a chain does not see", short(&written.text));
            return Err(Unported::new(written.line, reason));
        }
        let torch = self.program.dialect == Dialect::Torch;
        let mut found = Vec::new();
        for &axis in axes {
            found.push(if torch || axis < 0 { axis } else { axis - 1 - self.shape_of(data, written)?.len() as i64 });
        }
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        let field = if torch { "dim" } else { "axis" };
        Ok(match texts.as_slice() {
            [one] => format!("{field}: {one}"),
            several => format!("{field}: ({})", several.join(", ")),
        })
    }

    /// Axes in Python's count as those of a sample, wherever the batch is.
    pub(super) fn own_axes(&mut self, data: &Data, axes: &[i64], written: &PyExpr) -> PyResult<Vec<usize>> {
        let rank = self.shape_of(data, written)?.len() as i64 + 1;
        let own = axes.iter().map(|axis| {
            let axis = usize::try_from(if *axis < 0 { axis + rank } else { *axis }).unwrap_or(data.batch);
            if axis == data.batch {
                let reason = format!("`{}` goes over the batch, which a chain does not see", short(&written.text));
                return Err(Unported::new(written.line, reason));
            }
            Ok(axis - usize::from(axis > data.batch))
        });
        own.collect()
    }

    /// An axis of a sample, from 0.
    fn axis(&mut self, data: &Data, axis: &PyValue, extra: usize, written: &PyExpr) -> PyResult<usize> {
        let axis = self.whole(axis, written)?;
        let rank = (self.shape_of(data, written)?.len() + extra) as i64;
        let found = if axis < 0 { axis + rank } else { axis - 1 };
        usize::try_from(found).ok().filter(|found| (*found as i64) < rank).ok_or_else(|| {
            let reason = format!("`{}` goes over the batch, which a chain does not see", short(&written.text));
            Unported::new(written.line, reason)
        })
    }

    fn whole(&self, value: &PyValue, written: &PyExpr) -> PyResult<i64> {
        value.as_whole().ok_or_else(|| match value {
            PyValue::Opaque(reason) => reason.at(written.line),
            _ => Unported::new(written.line, format!("a number in `{}` is not known here", short(&written.text))),
        })
    }

    /// `x.shape`
    pub(super) fn data_attribute(
        &mut self,
        data: Data,
        name: &str,
        written: &PyExpr,
        _hint: &str,
    ) -> PyResult<PyValue> {
        Ok(match name {
            "shape" => self.sizes(&data, written)?,
            "ndim" => PyValue::whole(self.shape_of(&data, written)?.len() as i64 + 1),
            "data" => PyValue::Data(data),
            "is_cuda" | "requires_grad" => PyValue::Bool(false),
            "device" | "dtype" => opaque(written),
            "T" | "mT" | "H" | "real" | "imag" => {
                return Err(unread(written));
            }
            name => PyValue::Bound(Box::new(PyValue::Data(data)), name.to_owned()),
        })
    }

    /// All sizes of a value, in Python's order.
    fn sizes(&mut self, data: &Data, written: &PyExpr) -> PyResult<PyValue> {
        let mut sizes: Vec<PyValue> = self.shape_of(data, written)?.into_iter().map(PyValue::whole).collect();
        if data.batch != NO_BATCH {
            sizes.insert(data.batch.min(sizes.len()), PyValue::Batch);
        }
        Ok(PyValue::Tuple(sizes))
    }

    /// A function or a method that changes only the shape.
    pub(super) fn shaped(
        &mut self,
        data: &Data,
        name: &str,
        args: &PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<Option<PyValue>> {
        let rest = args.positional.get(1..).unwrap_or(&[]);
        match name {
            "size" => return self.size(data, args, written).map(Some),
            "dim" | "ndimension" => {
                return Ok(Some(PyValue::whole(self.shape_of(data, written)?.len() as i64 + 1)));
            }
            "numel" => return Ok(Some(PyValue::opaque("how many numbers a batch has is not known here", None))),
            "squeeze"
                if data.batch == 1
                    && rest.first().and_then(PyValue::as_whole) == Some(0)
                    && self.shape_of(data, written)?.first() == Some(&1) =>
            {
                return self.picked(data, vec![Pick::At(0)], written, hint).map(|data| Some(PyValue::Data(data)));
            }
            "unbind" => {
                let given = self.arguments(args, &["dim"], written)?;
                let axis = given.first().map_or(Ok(0), |(_, axis)| self.whole(axis, written))?;
                return self.unbound(data, axis, written, hint).map(|parts| Some(PyValue::Tuple(parts)));
            }
            "transpose" | "swapaxes" | "swapdims" if self.program.dialect == Dialect::Torch => {
                let [a, b] = rest else { return Err(unread(written)) };
                let axes = self.swapped(data, a, b, written)?;
                return self.permuted(data, &axes, written, hint).map(Some);
            }
            "permute" | "transpose" => {
                let axes = match rest {
                    [one] if one.items().is_some() => one.items().unwrap_or_default(),
                    several => several.to_vec(),
                };
                return self.permuted(data, &axes, written, hint).map(Some);
            }
            _ => {}
        }
        let layer = match name {
            "view" | "reshape" => {
                let sizes = match rest {
                    [one] if one.items().is_some() => one.items().unwrap_or_default(),
                    [] => args.get(usize::MAX, "shape").and_then(PyValue::items).unwrap_or_default(),
                    several => several.to_vec(),
                };
                self.viewed(data, &sizes, written)?
            }
            "view_as" | "reshape_as" => match rest {
                [PyValue::Data(like)] => {
                    let sizes = self.shape_of(like, written)?;
                    Some(format!("Reshape([{}])", joined(&sizes)))
                }
                _ => None,
            },
            "flatten" | "ravel" => self.flattened(args, written)?,
            "unflatten" => {
                let given = self.arguments(args, &["dim", "sizes"], written)?;
                let axis = match given.first() {
                    Some((_, axis)) => self.axis(data, axis, 0, written)?,
                    None => return Ok(None),
                };
                let sizes = given.get(1).and_then(|(_, sizes)| sizes.items()).unwrap_or_default();
                let sizes = sizes.iter().map(|size| self.whole(size, written)).collect::<PyResult<Vec<i64>>>()?;
                Some(format!("Unflatten({axis}, [{}])", joined(&sizes)))
            }
            "squeeze" | "unsqueeze" | "expand_dims" => {
                let given = self.arguments(args, &["dim", "axis"], written)?;
                let axis = given.first().map(|(_, axis)| axis.clone());
                let sizes = self.squeezed(data, name, axis, written)?;
                if sizes == self.shape_of(data, written)? {
                    return Ok(Some(PyValue::Data(data.clone())));
                }
                Some(format!("Reshape([{}])", joined(&sizes)))
            }
            "expand" | "expand_as" | "broadcast_to" | "repeat" => {
                return self.stretched(data, name, rest, written).map(Some);
            }
            "chunk" | "split" => return self.split(data, name, args, written, hint).map(Some),
            "narrow" | "select" => None,
            _ => return Ok(None),
        };
        let Some(layer) = layer else {
            return Err(unread(written));
        };
        self.is_plain(data, written)?;
        self.emit(&layer, std::slice::from_ref(data), hint, written.line).map(|data| Some(PyValue::Data(data)))
    }

    fn size(&mut self, data: &Data, args: &PyArgs, written: &PyExpr) -> PyResult<PyValue> {
        let given = self.arguments(args, &["dim"], written)?;
        match given.first() {
            None => self.sizes(data, written),
            Some((_, axis)) if axis.as_whole() == Some(data.batch as i64) => Ok(PyValue::Batch),
            Some((_, axis)) => {
                let axis = self.axis(data, axis, 0, written)?;
                Ok(PyValue::whole(self.shape_of(data, written)?[axis]))
            }
        }
    }

    /// `x.view(x.size(0), -1)`, `x.view(-1, 16, 7, 7)`. The first size must be that of the batch.
    fn viewed(&mut self, data: &Data, sizes: &[PyValue], written: &PyExpr) -> PyResult<Option<String>> {
        let [first, rest @ ..] = sizes else { return Ok(None) };
        let open = |value: &PyValue| value.as_whole() == Some(-1);
        let is_batch = matches!(first, PyValue::Batch);
        if !(is_batch || open(first)) {
            return Ok(None);
        }
        if rest.is_empty() {
            // One number per sample has an axis in a chain.
            let one = self.shape_of(data, written)?.iter().product::<i64>() == 1;
            return Ok(one.then(|| "Reshape([1])".to_owned()));
        }
        let mut texts = Vec::new();
        for size in rest {
            texts.push(match size {
                size if open(size) && is_batch => "_".to_owned(),
                PyValue::Number(number) if number.is_whole && number.value > 0.0 => number.text.clone(),
                PyValue::Opaque(reason) => return Err(reason.at(written.line)),
                _ => return Ok(None),
            });
        }
        if !is_batch && !self.is_first_reading() {
            // Only then is the open size that of the batch.
            let product = rest.iter().map(PyValue::as_whole).try_fold(1, |all: i64, size| all.checked_mul(size?));
            let all: i64 = self.shape_of(data, written)?.iter().product();
            if product != Some(all) {
                let reason =
                    format!("`{}` makes samples of {all} numbers into ones of another size", short(&written.text));
                return Err(Unported::new(written.line, reason));
            }
        }
        Ok(Some(match texts.as_slice() {
            [open] if open == "_" => "Flatten".to_owned(),
            [_] if !is_batch => "Flatten".to_owned(),
            texts => format!("Reshape([{}])", texts.join(", ")),
        }))
    }

    /// `torch.flatten(x, 1)`
    fn flattened(&mut self, args: &PyArgs, written: &PyExpr) -> PyResult<Option<String>> {
        let given = self.arguments(args, &["start_dim", "end_dim"], written)?;
        let find = |name: &str, default: i64| {
            given.iter().find(|(known, _)| *known == name).map_or(Some(default), |(_, axis)| axis.as_whole())
        };
        Ok(match (find("start_dim", 0), find("end_dim", -1)) {
            (Some(1), Some(-1)) => Some("Flatten".to_owned()),
            (Some(0) | None, _) | (_, None) => None,
            (Some(start), Some(-1)) => Some(format!("Flatten(start_dim: {start})")),
            (Some(start), Some(end)) => Some(format!("Flatten(start_dim: {start}, end_dim: {end})")),
        })
    }

    /// The axes in another order, in Python's count; the batch may move.
    fn permuted(&mut self, data: &Data, axes: &[PyValue], written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let rank = self.shape_of(data, written)?.len() as i64 + 1;
        let mut found = Vec::new();
        for axis in axes {
            let axis = self.whole(axis, written)?;
            found.push(if axis < 0 { axis + rank } else { axis });
        }
        if self.is_first_reading() {
            return Ok(PyValue::Data(data.clone()));
        }
        let batch = found.iter().position(|axis| *axis == data.batch as i64);
        let Some(batch) = batch.filter(|_| data.batch != NO_BATCH && found.len() as i64 == rank) else {
            return Err(unread(written));
        };
        found.remove(batch);
        let own: Vec<i64> = found.iter().map(|axis| axis - i64::from(*axis > data.batch as i64)).collect();
        let same = own.iter().enumerate().all(|(at, axis)| *axis == at as i64);
        let mut moved = data.clone();
        if !same {
            let swapped: Vec<usize> = (0..own.len()).filter(|at| own[*at] != *at as i64).collect();
            let layer = match swapped.as_slice() {
                [a, b] => format!("Transpose({a}, {b})"),
                _ => format!("Permute({})", joined(&own)),
            };
            moved = self.emit(&layer, std::slice::from_ref(data), hint, written.line)?;
        }
        Ok(PyValue::Data(Data { batch, ..moved }))
    }

    /// All axes in Python's count, with two of them swapped.
    fn swapped(&mut self, data: &Data, a: &PyValue, b: &PyValue, written: &PyExpr) -> PyResult<Vec<PyValue>> {
        let rank = self.shape_of(data, written)?.len() as i64 + 1;
        let mut axes: Vec<i64> = (0..rank).collect();
        let place = |axis: i64| usize::try_from(if axis < 0 { axis + rank } else { axis }).unwrap_or(usize::MAX);
        let (a, b) = (place(self.whole(a, written)?), place(self.whole(b, written)?));
        if !self.is_first_reading() {
            if a.max(b) >= axes.len() {
                return Err(unread(written));
            }
            axes.swap(a, b);
        }
        Ok(axes.into_iter().map(PyValue::whole).collect())
    }

    fn squeezed(&mut self, data: &Data, name: &str, axis: Option<PyValue>, written: &PyExpr) -> PyResult<Vec<i64>> {
        let mut sizes = self.shape_of(data, written)?;
        match (name, axis) {
            ("squeeze", None) => sizes.retain(|size| *size != 1),
            ("squeeze", Some(axis)) => {
                let axes = axis.items().unwrap_or_else(|| vec![axis]);
                let axes =
                    axes.iter().map(|axis| self.axis(data, axis, 0, written)).collect::<PyResult<Vec<usize>>>()?;
                let mut at = 0;
                sizes.retain(|size| {
                    at += 1;
                    *size != 1 || !axes.contains(&(at - 1))
                });
            }
            (_, Some(axis)) => {
                let axis = self.axis(data, &axis, 1, written)?;
                sizes.insert(axis, 1);
            }
            (_, None) => {}
        }
        Ok(if sizes.is_empty() { vec![1] } else { sizes })
    }

    /// `y.expand_as(x)`: sums and products stretch by themselves.
    fn stretched(&mut self, data: &Data, name: &str, rest: &[PyValue], written: &PyExpr) -> PyResult<PyValue> {
        if name == "expand_as" && matches!(rest, [PyValue::Data(_)]) {
            return Ok(PyValue::Data(Data { stretched: true, ..data.clone() }));
        }
        let sizes = match rest {
            [one] if one.items().is_some() => one.items().unwrap_or_default(),
            several => several.to_vec(),
        };
        let keeps = if name == "repeat" { 1 } else { -1 };
        let same = sizes.iter().skip(1).all(|size| size.as_whole() == Some(keeps));
        let over_batch =
            matches!(sizes.first(), Some(PyValue::Batch)) || sizes.first().and_then(PyValue::as_whole) == Some(keeps);
        let own = self.shape_of(data, written)?;
        let whole = sizes.iter().skip(1).zip(&own).all(
            |(size, own)| matches!(size.as_whole(), Some(size) if size == keeps || name != "repeat" && size == *own),
        );
        if over_batch && (same || whole && sizes.len() == own.len() + 1) {
            // Each sample has its own copy.
            return Ok(PyValue::Data(data.clone()));
        }
        if over_batch && name != "repeat" && sizes.len() == own.len() + 1 {
            return Ok(PyValue::Data(Data { stretched: true, ..data.clone() }));
        }
        Err(unread(written))
    }

    /// `x.chunk(2, dim=1)`, `torch.split(x, [64, 80], 1)`
    fn split(&mut self, data: &Data, name: &str, args: &PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        self.is_plain(data, written)?;
        let count = if name == "chunk" { "chunks" } else { "split_size_or_sections" };
        let given = self.arguments(args, &[count, "dim", "axis", "split_size"], written)?;
        let find =
            |names: [&str; 2]| given.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value.clone());
        let axis = find(["dim", "axis"]).unwrap_or_else(|| PyValue::whole(0));
        let axis = self.axis(data, &axis, 0, written)?;
        let first = find([count, "split_size"]).unwrap_or(PyValue::None);
        let length = self.shape_of(data, written)?.get(axis).copied().unwrap_or(1);
        let pieces: Vec<i64> = match first.items() {
            Some(sizes) => sizes.iter().map(|size| self.whole(size, written)).collect::<PyResult<_>>()?,
            None => {
                let number = self.whole(&first, written)?.max(1);
                let each = if name == "chunk" { (length + number - 1) / number } else { number };
                (0..(length + each - 1) / each.max(1)).map(|at| each.min(length - at * each)).collect()
            }
        };
        let equal = pieces.windows(2).all(|pair| pair[0] == pair[1]);
        let what = if equal { pieces.len().to_string() } else { format!("[{}]", joined(&pieces)) };
        let made =
            self.emit(&format!("Split({what}, axis: {axis})"), std::slice::from_ref(data), hint, written.line)?;
        let part = |at: usize| {
            let label = format!("{}.{at}", made.label);
            PyValue::Data(Data { memory: format!("{}/{label}", made.memory), label, ..made.clone() })
        };
        Ok(PyValue::Tuple((0..pieces.len()).map(part).collect()))
    }

    /// `x[:, -1]`, `x[:, :, 1:3]`, `h[-1]`
    pub(super) fn indexed(
        &mut self,
        data: &Data,
        indices: &[Index],
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        let own = self.shape_of(data, written)?;
        let rank = own.len() + usize::from(data.batch != NO_BATCH);
        let mut picks = Vec::new();
        for index in spread(indices, rank) {
            picks.push(match index {
                index if is_whole(index) => Pick::Whole,
                Some(Index::At(at)) if matches!(*at.kind, PyKind::None) => Pick::New,
                Some(Index::At(at)) => {
                    let at = self.value(at, "")?;
                    Pick::At(self.whole(&at, written)?)
                }
                Some(Index::Slice([low, high, step])) => {
                    let step = self.end_of(step.as_ref(), written)?.unwrap_or(1);
                    if step < 1 {
                        return Err(unread(written));
                    }
                    Pick::Range(self.end_of(low.as_ref(), written)?, self.end_of(high.as_ref(), written)?, step)
                }
                None => return Err(unread(written)),
            });
        }
        if data.batch == NO_BATCH {
            return self.with_new_axes(data, &own, &picks, written, hint).map(PyValue::Data);
        }
        self.picked(data, picks, written, hint).map(PyValue::Data)
    }

    /// A parameter without a place for the batch, with new axes: `self.scale[:, None, None]`. A new first one is that
    /// place.
    fn with_new_axes(
        &mut self,
        data: &Data,
        own: &[i64],
        picks: &[Pick],
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<Data> {
        let mut own = own.iter().copied();
        let mut kept = Vec::new();
        for pick in picks {
            kept.push(match pick {
                Pick::New => 1,
                Pick::Whole => own.next().unwrap_or(1),
                Pick::At(_) | Pick::Range(..) => return Err(unread(written)),
            });
        }
        kept.extend(own);
        let batch = if matches!(picks.first(), Some(Pick::New)) && kept.len() > 1 { 0 } else { NO_BATCH };
        let sizes = if batch == 0 { &kept[1..] } else { &kept };
        let found =
            self.emit(&format!("Reshape([{}])", joined(sizes)), std::slice::from_ref(data), hint, written.line)?;
        Ok(Data { batch, ..found })
    }

    /// What is picked on each axis, in Python's order.
    fn picked(&mut self, data: &Data, mut picks: Vec<Pick>, written: &PyExpr, hint: &str) -> PyResult<Data> {
        if data.stretched || data.batch == NO_BATCH {
            return Err(unread(written));
        }
        let sizes = self.shape_of(data, written)?;
        // The batch is the axis of this number, not counting new ones.
        let of_batch = (0..picks.len()).filter(|at| !matches!(picks[*at], Pick::New)).nth(data.batch);
        let before = &picks[..of_batch.unwrap_or(picks.len())];
        let moved = |pick: &Pick| matches!(pick, Pick::At(_));
        let batch = data.batch + before.iter().filter(|pick| matches!(pick, Pick::New)).count()
            - before.iter().filter(|pick| moved(pick)).count();
        if let Some(at) = of_batch
            && !matches!(picks.remove(at), Pick::Whole)
        {
            return Err(unread(written));
        }
        let reshaped = picks.iter().any(|pick| matches!(pick, Pick::At(_) | Pick::New));
        let mut found = data.clone();
        let (mut axis, mut kept) = (0, Vec::new());
        // The size of each axis before its step is applied.
        let (mut whole, mut steps) = (sizes.clone(), vec![1; sizes.len()]);
        for pick in picks {
            let size = sizes.get(axis).copied().unwrap_or(1);
            axis += usize::from(!matches!(pick, Pick::New));
            match pick {
                Pick::Whole => kept.push(size),
                Pick::New => kept.push(1),
                Pick::At(at) => {
                    let end = if at == -1 { String::new() } else { (at + 1).to_string() };
                    let layer = format!("Slice({at}..{end}, axis: {})", axis - 1);
                    found = self.emit(&layer, &[found], hint, written.line)?;
                    whole.get_mut(axis - 1).into_iter().for_each(|size| *size = 1);
                }
                Pick::Range(low, high, step) => {
                    let text = |bound: Option<i64>| bound.map_or(String::new(), |bound| bound.to_string());
                    if low.is_some_and(|low| low != 0) || high.is_some() {
                        let layer = format!("Slice({}..{}, axis: {})", text(low), text(high), axis - 1);
                        found = self.emit(&layer, &[found], hint, written.line)?;
                    }
                    let end = |bound: i64| (if bound < 0 { bound + size } else { bound }).clamp(0, size);
                    let count = end(high.unwrap_or(size)) - end(low.unwrap_or(0));
                    if let (Some(size), Some(of)) = (whole.get_mut(axis - 1), steps.get_mut(axis - 1)) {
                        (*size, *of) = (count, step);
                    }
                    kept.push((count + step - 1) / step);
                }
            }
        }
        found = self.strided(found, whole, &steps, written, hint)?;
        kept.extend(sizes.get(axis..).unwrap_or(&[]));
        if reshaped {
            let kept = if kept.is_empty() { vec![1] } else { kept };
            found = self.emit(&format!("Reshape([{}])", joined(&kept)), &[found], hint, written.line)?;
        }
        Ok(Data { batch, ..found })
    }

    /// Every `step`-th element of each axis: a pooling of single elements, over space or over a view with the axis in
    /// its middle.
    fn strided(
        &mut self,
        mut found: Data,
        mut sizes: Vec<i64>,
        steps: &[i64],
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<Data> {
        let last = matches!(self.program.dialect, Dialect::Keras | Dialect::Flax);
        let (channels, space) = match (steps, steps) {
            ([space @ .., channels], _) if last => (*channels, space),
            (_, [channels, space @ ..]) => (*channels, space),
            _ => return Ok(found),
        };
        let mut emit = |layer: String, found: Data| self.emit(&layer, &[found], hint, written.line);
        if channels == 1 && matches!(space.len(), 1..=3) {
            let stride = match space.windows(2).all(|pair| pair[0] == pair[1]) {
                true => space[0].to_string(),
                false => format!("({})", joined(space)),
            };
            let layer = format!("MaxPool{}d(1, stride: {stride})", space.len());
            return if stride == "1" { Ok(found) } else { emit(layer, found) };
        }
        for (axis, &step) in steps.iter().enumerate().filter(|(_, step)| **step > 1) {
            let (before, after) = (&sizes[..axis], &sizes[axis + 1..]);
            let view: [i64; 3] = [before.iter().product(), sizes[axis], after.iter().product()];
            let stride = if last { [1, step] } else { [step, 1] };
            found = emit(format!("Reshape([{}])", joined(&view)), found)?;
            found = emit(format!("MaxPool2d(1, stride: ({}))", joined(&stride)), found)?;
            sizes[axis] = (sizes[axis] + step - 1) / step;
            found = emit(format!("Reshape([{}])", joined(&sizes)), found)?;
        }
        Ok(found)
    }

    /// The parts of a value along an axis in Python's count: `q, k, v = qkv.unbind(0)`.
    pub(super) fn unbound(&mut self, data: &Data, axis: i64, written: &PyExpr, hint: &str) -> PyResult<Vec<PyValue>> {
        let sizes = self.shape_of(data, written)?;
        let axis = if axis < 0 { axis + sizes.len() as i64 + 1 } else { axis };
        let axis = usize::try_from(axis).ok().filter(|axis| *axis != data.batch).ok_or_else(|| unread(written))?;
        let own = if axis > data.batch { axis - 1 } else { axis };
        let count = sizes.get(own).copied().unwrap_or(0);
        let one = |at: i64| {
            let picks = (0..axis).map(|_| Pick::Whole).chain([Pick::At(at)]).collect();
            self.picked(data, picks, written, hint).map(PyValue::Data)
        };
        (0..count).map(one).collect()
    }

    fn end_of(&mut self, bound: Option<&PyExpr>, written: &PyExpr) -> PyResult<Option<i64>> {
        match bound {
            Some(bound) => {
                let value = self.value(bound, "")?;
                self.whole(&value, written).map(Some)
            }
            None => Ok(None),
        }
    }
}

/// What is taken of an axis.
enum Pick {
    Whole,
    New,
    At(i64),
    /// Start, end and step.
    Range(Option<i64>, Option<i64>, i64),
}

fn joined(sizes: &[i64]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn is_whole(index: Option<&Index>) -> bool {
    matches!(index, None | Some(Index::Slice([None, None, None])))
}

/// The indices, with `...` written out as whole axes.
fn spread(indices: &[Index], rank: usize) -> Vec<Option<&Index>> {
    let is = |index: &Index, kind: fn(&PyKind) -> bool| matches!(index, Index::At(at) if kind(&at.kind));
    let is_ellipsis = |index: &Index| is(index, |kind| matches!(kind, PyKind::Ellipsis));
    let news = indices.iter().filter(|index| is(index, |kind| matches!(kind, PyKind::None))).count();
    let left_out = (rank + news + 1).saturating_sub(indices.len());
    let one = |index| match is_ellipsis(index) {
        true => vec![None; left_out],
        false => vec![Some(index)],
    };
    indices.iter().flat_map(one).collect()
}
