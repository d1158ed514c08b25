//! The value of an expression.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Machine, PyResult};
use crate::port::Unported;
use crate::port::stmts::contains;
use crate::port::syntax::{Arg, Index, Operator, PyExpr, PyKind, PyPart, PyPiece, PyTurns};
use crate::port::value::{BASE, Modules, NOT_FOLLOWED, PyArgs, PyNumber, PyValue, found, put, whole};
use crate::words;

/// A number in a form of Python's: `02d`, `3`, or none.
fn padded(number: &str, form: &str) -> Option<String> {
    let digits = form.strip_suffix('d').unwrap_or(form);
    if digits.is_empty() {
        return Some(number.to_owned());
    }
    let width = digits.parse::<usize>().ok().filter(|width| *width < 100)?;
    let is_whole = number.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| if digits.starts_with('0') { format!("{number:0>width$}") } else { format!("{number:>width$}") })
}

/// A text or a number in a form of Python's.
pub(super) fn formatted(value: PyValue, form: &str) -> Option<String> {
    match value.plain() {
        PyValue::Text(text) if form.is_empty() => Some(text),
        PyValue::Number(number) => padded(&number.text, form),
        _ => None,
    }
}

/// `"layer%d" % 3`
fn filled_in(text: &str, values: Vec<PyValue>) -> Option<String> {
    let mut values = values.into_iter();
    let mut pieces = text.split('%');
    let mut whole = pieces.next()?.to_owned();
    while let Some(piece) = pieces.next() {
        if piece.is_empty() {
            whole.push('%');
            whole += pieces.next()?;
            continue;
        }
        let (form, rest) = piece.split_at(piece.find(['d', 'i', 's'])?);
        whole += &formatted(values.next()?, form)?;
        whole += &rest[1..];
    }
    values.next().is_none().then_some(whole)
}

/// The places of `[low:high:step]` in a list, in Python's order.
fn places(count: usize, low: Option<i64>, high: Option<i64>, step: i64) -> Vec<usize> {
    let count = count as i64;
    let (least, most) = if step < 0 { (-1, count - 1) } else { (0, count) };
    let end = |at: i64| (if at < 0 { at + count } else { at }).clamp(least, most);
    let (first, last) = if step < 0 { (most, least) } else { (least, most) };
    let (mut at, high) = (low.map_or(first, end), high.map_or(last, end));
    let mut places = Vec::new();
    while step != 0 && (high - at) * step.signum() > 0 {
        places.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    places
}

impl Machine<'_> {
    /// The value of an expression; `hint` names the statement that computes it.
    pub(super) fn value(&mut self, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        match &*written.kind {
            PyKind::Name(name) => Ok(match name.as_str() {
                "__name__" => PyValue::Text("__main__".to_owned()),
                name => self.found(name).unwrap_or_else(|| PyValue::Foreign(name.to_owned())),
            }),
            PyKind::Number(text) => Ok(number(text)),
            PyKind::Text(text) => Ok(PyValue::Text(text.clone())),
            PyKind::Format(pieces) => self.format(pieces, written.line),
            PyKind::None | PyKind::Ellipsis => Ok(PyValue::None),
            PyKind::Bool(value) => Ok(PyValue::Bool(*value)),
            PyKind::Attribute(of, name) => {
                let of = self.value(of, hint)?;
                self.attribute(of, name, written, hint)
            }
            PyKind::Call(function, args) => self.written_call(function, args, written, hint),
            PyKind::Printed(name, parts) => self.printed(name, parts, written),
            PyKind::Index(of, indices) => self.item(of, indices, written, hint),
            PyKind::List(items) => self.values(items, hint).map(PyValue::list),
            PyKind::Tuple(items) => self.values(items, hint).map(PyValue::Tuple),
            PyKind::Dict(pairs) => {
                let pair = |(key, value): &(PyExpr, PyExpr)| Ok((self.value(key, hint)?, self.value(value, hint)?));
                Ok(PyValue::Dict(Rc::new(RefCell::new(pairs.iter().map(pair).collect::<PyResult<_>>()?))))
            }
            PyKind::Negated(of) => {
                let value = self.value(of, hint)?;
                self.negated(value, written, hint)
            }
            PyKind::Not(of) => {
                let value = self.value(of, hint)?;
                self.refuse_choice(&value, of)?;
                Ok(self.truth(&value, of).map_or_else(|| opaque(written), |truth| PyValue::Bool(!truth)))
            }
            PyKind::Binary(operator, left, right) => {
                let (left, right) = (self.value(left, hint)?, self.value(right, hint)?);
                self.binary(*operator, left, right, written, hint)
            }
            PyKind::Compare(sign, left, right) => self.compared(sign, left, right, written),
            PyKind::And(left, right) => self.either(left, right, false, hint),
            PyKind::Or(left, right) => self.either(left, right, true, hint),
            PyKind::Choice { condition, then, otherwise } => match self.condition(condition)? {
                Some(true) => self.value(then, hint),
                Some(false) => self.value(otherwise, hint),
                None => Ok(opaque(written)),
            },
            PyKind::Comprehension { key, item, turns } => {
                // A pair of a dict is two values.
                let items: Vec<&PyExpr> = key.iter().chain([item]).collect();
                let made = self.comprehension(&items, turns, written, hint)?;
                Ok(match (key, made.items()) {
                    (Some(_), Some(made)) => {
                        let mut pairs = Vec::new();
                        made.chunks_exact(2).for_each(|pair| put(&mut pairs, pair[0].clone(), pair[1].clone()));
                        PyValue::Dict(Rc::new(RefCell::new(pairs)))
                    }
                    _ => made,
                })
            }
            PyKind::Lambda(function) => {
                let names = |written: &PyExpr| contains(written, &|part| matches!(&*part.kind, PyKind::Name(_)));
                if function.params.iter().filter_map(|param| param.default.as_ref()).any(names) {
                    // Each turn of a loop makes another function.
                    return Ok(opaque(written));
                }
                let closure = self.calls.last().map(|frame| frame.scope.clone());
                Ok(PyValue::Function(function.clone(), closure))
            }
            PyKind::Star(of) => self.value(of, hint),
            PyKind::Other if self.is_in_model() || self.mentions_model(&written.text) => {
                Err(Unported::new(written.line, format!("`{}` cannot be read", short(&written.text))))
            }
            PyKind::Other => Ok(opaque(written)),
        }
    }

    /// Whether a text that is not read has a value of the model or a layer in it.
    fn mentions_model(&self, text: &str) -> bool {
        let mut names = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        names.any(|name| {
            let upper = name.starts_with(|first: char| first.is_ascii_uppercase());
            upper && words::is_layer(name) || self.found(name).is_some_and(|value| value.has_data())
        })
    }

    /// The values of items; `*items` gives several.
    fn values(&mut self, items: &[PyExpr], hint: &str) -> PyResult<Vec<PyValue>> {
        let mut values = Vec::new();
        for item in items {
            let value = self.value(item, hint)?;
            match &*item.kind {
                PyKind::Star(of) => values.extend(self.unpacked(value, of, "*")?),
                _ => values.push(value),
            }
        }
        Ok(values)
    }

    /// The items of `*values`.
    fn unpacked(&mut self, value: PyValue, written: &PyExpr, stars: &str) -> PyResult<Vec<PyValue>> {
        match self.items(&value) {
            Some(items) => Ok(items),
            None if value.has_failed() => Ok(vec![PyValue::Failed]),
            None => Err(match &value {
                PyValue::Opaque(reason) if reason.says_why() => reason.at(written.line),
                _ => {
                    let reason = format!("`{stars}{}` unpacks a list: write its layers out", written.text);
                    Unported::new(written.line, reason)
                }
            }),
        }
    }

    fn format(&mut self, pieces: &[PyPiece], line: usize) -> PyResult<PyValue> {
        let mut whole = String::new();
        for piece in pieces {
            match piece {
                PyPiece::Text(text) => whole += text,
                PyPiece::Value(value, form) => {
                    let Some(text) = formatted(self.value(value, "")?, form) else {
                        return Ok(PyValue::opaque("a text is not known here", None));
                    };
                    whole += &text;
                }
            }
        }
        self.spend(whole.len() / 16, line);
        Ok(PyValue::Text(whole))
    }

    fn written_call(&mut self, function: &PyExpr, args: &[Arg], written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let function = self.value(function, hint)?;
        let mut values = PyArgs { line: written.line, ..PyArgs::default() };
        for arg in args {
            let value = self.value(&arg.value, hint)?;
            match (&arg.name, arg.stars) {
                (Some(name), _) => values.named.push((name.clone(), value)),
                (None, 0) => values.positional.push(value),
                (None, 1) => values.positional.extend(self.unpacked(value, &arg.value, "*")?),
                (None, _) => match value {
                    PyValue::Dict(pairs) => {
                        let named = |(key, value): &(PyValue, PyValue)| match key {
                            PyValue::Text(name) => Some((name.clone(), value.clone())),
                            _ => None,
                        };
                        values.named.extend(pairs.borrow().iter().filter_map(named));
                    }
                    value => values.positional.extend(self.unpacked(value, &arg.value, "**")?),
                },
            }
        }
        self.called(function, values, written, hint)
    }

    fn compared(&mut self, sign: &str, left: &PyExpr, right: &PyExpr, written: &PyExpr) -> PyResult<PyValue> {
        let (left, right) = (self.value(left, "")?, self.value(right, "")?);
        let numbers = match (&left, &right) {
            (PyValue::Number(left), PyValue::Number(right)) => Some((left.value, right.value)),
            _ => None,
        };
        let found = match sign {
            "==" => left.equals(&right),
            "!=" => left.equals(&right).map(|equal| !equal),
            "in" | "not in" => self.contains(&right, &left).map(|within| within == (sign == "in")),
            "<" => numbers.map(|(left, right)| left < right),
            "<=" => numbers.map(|(left, right)| left <= right),
            ">" => numbers.map(|(left, right)| left > right),
            _ => numbers.map(|(left, right)| left >= right),
        };
        match found {
            Some(found) => Ok(PyValue::Bool(found)),
            None if left.has_data() || right.has_data() => {
                let reason = format!("`{}` depends on the values that go through the model", written.text);
                Err(Unported::new(written.line, reason))
            }
            None => Ok(opaque(written)),
        }
    }

    fn contains(&self, whole: &PyValue, item: &PyValue) -> Option<bool> {
        if let (PyValue::Text(whole), PyValue::Text(item)) = (whole, item) {
            return Some(whole.contains(item.as_str()));
        }
        let equal = self.items(whole)?.iter().map(|known| known.equals(item)).collect::<Option<Vec<bool>>>()?;
        Some(equal.contains(&true))
    }

    /// `a and b`, `a or b`
    fn either(&mut self, left: &PyExpr, right: &PyExpr, is_or: bool, hint: &str) -> PyResult<PyValue> {
        let value = self.value(left, hint)?;
        self.refuse_choice(&value, left)?;
        match self.truth(&value, left) {
            Some(truth) if truth == is_or => Ok(value),
            Some(_) => self.value(right, hint),
            None => {
                let right = self.value(right, hint)?;
                Ok(if right.truth() == Some(is_or) && !right.has_data() { right } else { opaque(left) })
            }
        }
    }

    /// Whether Python takes a value for true. A chain is the model that predicts.
    pub(super) fn truth(&mut self, value: &PyValue, written: &PyExpr) -> Option<bool> {
        if !matches!(value, PyValue::Foreign(name) if name == TRAINING) {
            return value.truth();
        }
        self.program.note(format!("line {}: `{TRAINING}` is taken as `False`", written.line));
        Some(false)
    }

    fn refuse_choice(&self, value: &PyValue, written: &PyExpr) -> PyResult<()> {
        if !value.has_data() {
            return Ok(());
        }
        Err(Unported::new(written.line, format!("`{}` depends on the values that go through the model", written.text)))
    }

    /// The values of a comprehension's items in all turns.
    fn comprehension(
        &mut self,
        items: &[&PyExpr],
        turns: &[PyTurns],
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        // Its variables are its own.
        let outer = self.scope().borrow().clone();
        let mut made = Vec::new();
        let ended = if let Some(frame) = self.calls.last_mut() {
            let scope = std::mem::replace(&mut frame.scope, Rc::new(RefCell::new(outer)));
            let ended = self.turns_within(items, turns, written, hint, &mut made);
            self.calls.last_mut().into_iter().for_each(|frame| frame.scope = scope.clone());
            ended
        } else {
            let roots = self.roots.clone();
            let ended = self.turns_within(items, turns, written, hint, &mut made);
            self.roots = roots;
            *self.globals.borrow_mut() = outer;
            ended
        };
        Ok(ended?.unwrap_or_else(|| PyValue::list(made)))
    }

    /// Makes the items of each turn; gives what all of it is instead, if that is not known.
    fn turns_within(
        &mut self,
        items: &[&PyExpr],
        turns: &[PyTurns],
        written: &PyExpr,
        hint: &str,
        made: &mut Vec<PyValue>,
    ) -> PyResult<Option<PyValue>> {
        let [PyTurns { target, values, conditions }, inner @ ..] = turns else {
            for item in items {
                made.push(self.value(item, hint)?);
            }
            return Ok(None);
        };
        let found = self.value(values, hint)?;
        let Some(values) = self.items(&found) else {
            self.refuse_choice(&found, values)?;
            return Ok(Some(if found.has_failed() { PyValue::Failed } else { opaque(written) }));
        };
        'turns: for value in values {
            if !self.spend(1, target.line) {
                return Ok(Some(PyValue::Failed));
            }
            self.assign(target, value)?;
            for condition in conditions {
                match self.condition(condition)? {
                    Some(true) => {}
                    Some(false) => continue 'turns,
                    None => return Ok(Some(opaque(condition))),
                }
            }
            if let Some(ended) = self.turns_within(items, inner, written, hint, made)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn printed(&mut self, name: &str, parts: &[PyPart], written: &PyExpr) -> PyResult<PyValue> {
        let mut made = Vec::new();
        for part in parts {
            match self.value(&part.value, "") {
                Ok(value) => made.push((part.name.clone(), value)),
                Err(fault) => self.fault(fault),
            }
        }
        self.printed_module(name, made, written.line)
    }

    /// An attribute of a value: `self.conv`, `nn.Conv2d`, `x.shape`.
    pub(super) fn attribute(&mut self, of: PyValue, name: &str, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        Ok(match of {
            PyValue::Foreign(path) => {
                constant(&path, name).unwrap_or_else(|| PyValue::Foreign(format!("{path}.{name}")))
            }
            PyValue::Instance(instance) => match instance.get(name) {
                Some(PyValue::Tensor(tensor)) if self.is_running() => self.parameter(&tensor, name, written.line)?,
                Some(value) => value,
                None => match self.method(&instance.class, name) {
                    Some(method) if method.decorators.iter().any(|decorator| decorator == "property") => {
                        self.call(&method, Some(instance), None, PyArgs::default())?
                    }
                    Some(method) => PyValue::Method(instance, method),
                    None if name == "training" => PyValue::Foreign(TRAINING.to_owned()),
                    None => {
                        let base = instance.get(BASE).and_then(|base| self.known_attribute(&base, name));
                        base.unwrap_or_else(|| PyValue::Bound(Box::new(PyValue::Instance(instance)), name.to_owned()))
                    }
                },
            },
            PyValue::Data(data) => self.data_attribute(data, name, written, hint)?,
            // A namespace is a dictionary of its attributes.
            PyValue::Dict(pairs) if found_in(&pairs, name).is_some() => {
                found_in(&pairs, name).unwrap_or(PyValue::Failed)
            }
            PyValue::Partial(partial) if name == "func" => partial.function.clone(),
            PyValue::Tuple(items) if name == "values" => items.first().cloned().unwrap_or(PyValue::Failed),
            PyValue::Super(instance, classes) => match classes.iter().find_map(|class| class.method(name)) {
                Some(method) => PyValue::Method(instance, method.clone()),
                None => PyValue::Bound(Box::new(PyValue::Super(instance, classes)), name.to_owned()),
            },
            PyValue::Class(class) => match (self.method(&class, name), self.class_value(&class, name)?) {
                (Some(method), _) => PyValue::Function(method, None),
                (None, Some(value)) => value,
                (None, None) => opaque(written),
            },
            PyValue::Modules(modules) if modules.part(name).is_some() => modules.part(name).unwrap_or(PyValue::Failed),
            PyValue::Opaque(reason) => PyValue::Opaque(reason),
            PyValue::Failed => PyValue::Failed,
            of => self.known_attribute(&of, name).unwrap_or_else(|| PyValue::Bound(Box::new(of), name.to_owned())),
        })
    }

    fn known_attribute(&self, of: &PyValue, name: &str) -> Option<PyValue> {
        if let PyValue::Layer(leaf) = of { self.layer_attribute(leaf, name) } else { None }
    }

    /// `of[indices]`
    fn item(&mut self, of: &PyExpr, indices: &[Index], written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let of = self.value(of, hint)?;
        if let PyValue::Data(data) = &of {
            let data = data.clone();
            return self.indexed(&data, indices, written, hint);
        }
        match (of, indices) {
            (PyValue::Failed, _) => Ok(PyValue::Failed),
            (PyValue::Opaque(reason), _) => Ok(PyValue::Opaque(reason)),
            (of, [Index::At(at)]) => {
                let at = self.value(at, "")?;
                if let PyValue::Opaque(reason) = at {
                    return Ok(PyValue::Opaque(reason));
                }
                Ok(self.item_at(&of, &at).unwrap_or_else(|| opaque(written)))
            }
            (of, [Index::Slice(bounds)]) => self.sliced(of, bounds, written),
            _ => Ok(opaque(written)),
        }
    }

    /// One item of a list, or of modules.
    fn item_at(&self, of: &PyValue, at: &PyValue) -> Option<PyValue> {
        match of {
            PyValue::Dict(pairs) => found(&pairs.borrow(), at),
            PyValue::Modules(modules) if matches!(at, PyValue::Text(_)) => {
                let PyValue::Text(name) = at else { return None };
                modules.part(name)
            }
            of => {
                let items = self.items(of)?;
                let at = at.as_whole()?;
                let at = if at < 0 { at + items.len() as i64 } else { at };
                items.get(usize::try_from(at).ok()?).cloned()
            }
        }
    }

    fn sliced(&mut self, of: PyValue, bounds: &[Option<PyExpr>; 3], written: &PyExpr) -> PyResult<PyValue> {
        let mut found = Vec::new();
        for bound in bounds {
            found.push(match bound {
                Some(bound) => Some(self.value(bound, "")?),
                None => None,
            });
        }
        let whole = found.iter().map(|bound| bound.as_ref().map(PyValue::as_whole));
        let whole: Option<Vec<Option<i64>>> =
            whole.map(|bound| bound.map_or(Some(None), |bound| bound.map(Some))).collect();
        let (Some(items), Some([low, high, step])) = (self.items(&of), whole.as_deref().and_then(|w| w.first_chunk()))
        else {
            return Ok(opaque(written));
        };
        let places = places(items.len(), *low, *high, step.unwrap_or(1));
        let kept = places.iter().filter_map(|at| items.get(*at).cloned());
        Ok(match of {
            PyValue::Tuple(_) => PyValue::Tuple(kept.collect()),
            PyValue::Modules(modules) => {
                let parts = modules.parts.borrow();
                let parts = places.iter().filter_map(|at| parts.get(*at).cloned()).collect();
                PyValue::Modules(Rc::new(Modules { kind: modules.kind.clone(), parts: RefCell::new(parts) }))
            }
            _ => PyValue::list(kept.collect()),
        })
    }

    /// `of[at] = value`
    pub(super) fn assign_item(
        &mut self,
        of: &PyExpr,
        indices: &[Index],
        value: PyValue,
        target: &PyExpr,
    ) -> PyResult<()> {
        let whole = self.value(of, "")?;
        let at = match indices {
            [Index::At(at)] => Some(self.value(at, "")?),
            _ => None,
        };
        let unread = || Unported::new(target.line, format!("`{}` cannot be given a value", target.text));
        match (&whole, at) {
            (PyValue::Dict(pairs), Some(at)) => {
                put(&mut pairs.borrow_mut(), at, value);
            }
            (PyValue::List(items), Some(at)) => {
                let mut items = items.borrow_mut();
                let at = at.as_whole().map(|at| if at < 0 { at + items.len() as i64 } else { at });
                match at.and_then(|at| items.get_mut(usize::try_from(at).ok()?)) {
                    Some(item) => *item = value,
                    // Programs keep their losses in lists.
                    None if self.calls.is_empty() => {}
                    None => return Err(unread()),
                }
            }
            (PyValue::List(_), None) if !self.calls.is_empty() => return Err(unread()),
            (PyValue::Modules(modules), Some(at)) if value.is_module() => {
                let mut parts = modules.parts.borrow_mut();
                let known = match &at {
                    PyValue::Text(name) => parts.iter().position(|(known, _)| known == name),
                    at => {
                        let at = at.as_whole().map(|at| if at < 0 { at + parts.len() as i64 } else { at });
                        at.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < parts.len())
                    }
                };
                match (known, at) {
                    (Some(known), _) => parts[known].1 = value.clone(),
                    (None, PyValue::Text(name)) if modules.kind == "ModuleDict" => parts.push((name, value.clone())),
                    _ => return Err(unread()),
                }
                self.used.extend(value.place());
            }
            _ if whole.has_data() || value.has_data() || whole.is_module() => {
                return Err(unread());
            }
            _ => {}
        }
        Ok(())
    }

    /// An operation on numbers, texts and lists, or on the model's data.
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: PyValue,
        right: PyValue,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        if left.has_failed() || right.has_failed() {
            return Ok(PyValue::Failed);
        }
        let is_list = |value: &PyValue| matches!(value, PyValue::List(_) | PyValue::Tuple(_));
        let lists = match operator {
            Operator::Add => is_list(&left) && is_list(&right),
            Operator::Mul => is_list(&left) && !right.has_data() || is_list(&right) && !left.has_data(),
            _ => false,
        };
        if (left.has_data() || right.has_data()) && !lists {
            return self.arithmetic(operator, left, right, written, hint);
        }
        // Python counts with truths.
        let (left, right) =
            if matches!(operator, Operator::Bits(_)) { (left, right) } else { (left.counted(), right.counted()) };
        let long = |value: &PyValue| match value {
            PyValue::Text(text) => text.len(),
            value => value.items().map_or(0, |items| items.len()),
        };
        self.spend(long(&left) + long(&right), written.line);
        Ok(match (operator, &left, &right) {
            (_, PyValue::Number(a), PyValue::Number(b)) => {
                computed(operator, a, b).map_or_else(|| opaque(written), PyValue::Number)
            }
            (Operator::Add, PyValue::Text(a), PyValue::Text(b)) => PyValue::Text(format!("{a}{b}")),
            (Operator::Rest, PyValue::Text(text), right) => {
                let values = if let PyValue::Tuple(items) = right { items.clone() } else { vec![right.clone()] };
                filled_in(text, values).map_or_else(|| opaque(written), PyValue::Text)
            }
            (Operator::Add, PyValue::Tuple(a), PyValue::Tuple(b)) => {
                PyValue::Tuple(a.iter().chain(b).cloned().collect())
            }
            (Operator::Add, PyValue::List(a), PyValue::List(b)) => {
                PyValue::list(a.borrow().iter().chain(b.borrow().iter()).cloned().collect())
            }
            (Operator::Mul, PyValue::List(_) | PyValue::Tuple(_), PyValue::Number(_)) => {
                repeated(&left, &right, written)
            }
            (Operator::Mul, PyValue::Number(_), PyValue::List(_) | PyValue::Tuple(_)) => {
                repeated(&right, &left, written)
            }
            (_, PyValue::Tensor(tensor), PyValue::Number(number))
            | (Operator::Mul, PyValue::Number(number), PyValue::Tensor(tensor)) => {
                scaled(operator, tensor, number.value).unwrap_or_else(|| opaque(written))
            }
            (_, PyValue::Opaque(reason), _) | (_, _, PyValue::Opaque(reason)) => PyValue::Opaque(reason.clone()),
            _ => opaque(written),
        })
    }

    fn negated(&mut self, value: PyValue, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        Ok(match value {
            PyValue::Number(number) => PyValue::Number(PyNumber {
                text: format!("-{}", number.operand()),
                value: -number.value,
                is_whole: number.is_whole,
                is_plain: false,
            }),
            PyValue::Data(data) => PyValue::Data(self.emit("Neg", &[data], hint, written.line)?),
            PyValue::Failed => PyValue::Failed,
            _ => opaque(written),
        })
    }

    /// Whether the model's data goes through a method now.
    pub(super) fn is_running(&self) -> bool {
        let names = ["__init__", "setup", "build"];
        self.calls
            .last()
            .is_some_and(|frame| frame.instance.is_some() && !names.contains(&frame.function.name.as_str()))
    }
}

fn found_in(pairs: &RefCell<Vec<(PyValue, PyValue)>>, name: &str) -> Option<PyValue> {
    found(&pairs.borrow(), &PyValue::Text(name.to_owned()))
}

/// `self.training`
pub(super) const TRAINING: &str = "self.training";

/// Numbers that frameworks name.
fn constant(path: &str, name: &str) -> Option<PyValue> {
    match (path, name) {
        ("math" | "np" | "numpy" | "torch" | "jnp", "pi") => Some(PyValue::real(std::f64::consts::PI)),
        ("math", "e") => Some(PyValue::real(std::f64::consts::E)),
        _ => None,
    }
}

/// What says nothing about the model.
pub(super) fn opaque(written: &PyExpr) -> PyValue {
    PyValue::opaque(format!("`{}` {NOT_FOLLOWED}", short(&written.text)), Some(written.line))
}

/// The start of a long text.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

fn number(text: &str) -> PyValue {
    let plain = text.replace('_', "");
    let whole = plain.parse::<i64>().ok().or_else(|| i64::from_str_radix(plain.strip_prefix("0x")?, 16).ok());
    match (whole, plain.parse::<f64>()) {
        (Some(whole), _) => PyValue::whole(whole),
        (None, Ok(value)) => PyValue::Number(PyNumber { text: plain, value, is_whole: false, is_plain: true }),
        (None, Err(_)) => PyValue::opaque(format!("`{text}` is not a number that is read"), None),
    }
}

fn computed(operator: Operator, a: &PyNumber, b: &PyNumber) -> Option<PyNumber> {
    let both = a.is_whole && b.is_whole;
    let (x, y) = (a.value, b.value);
    let (sign, value, is_whole) = match operator {
        Operator::Add => ("+", x + y, both),
        Operator::Sub => ("-", x - y, both),
        Operator::Mul => ("*", x * y, both),
        Operator::Div => ("/", x / y, false),
        Operator::Floor => ("/", (x / y).floor(), both),
        Operator::Rest => ("%", x - y * (x / y).floor(), both),
        Operator::Pow => ("**", x.powf(y), both && y >= 0.0),
        Operator::Bits(sign) if both => ("", bits(sign, whole(x), whole(y))? as f64, true),
        Operator::MatMul | Operator::Bits(_) => return None,
    };
    if !value.is_finite() {
        return None;
    }
    // The chain writes sizes as the program does, and divides only whole numbers so.
    let text = match operator {
        Operator::Add | Operator::Sub | Operator::Mul | Operator::Floor if both && x >= 0.0 && y >= 0.0 => {
            format!("{} {sign} {}", a.operand(), b.operand())
        }
        // A chain divides real numbers where it takes real numbers.
        Operator::Div if a.is_plain && b.is_plain => format!("{} / {}", a.text, b.text),
        _ if is_whole => format!("{value:.0}"),
        _ => format!("{value:?}"),
    };
    let is_plain = !text.contains(' ') && value >= 0.0;
    Some(PyNumber { text, value, is_whole, is_plain })
}

/// An operation on bits.
fn bits(sign: char, a: i64, b: i64) -> Option<i64> {
    Some(match sign {
        'l' => a.checked_mul(2_i64.checked_pow(u32::try_from(b).ok()?)?)?,
        'r' => a.checked_shr(u32::try_from(b).ok()?)?,
        '&' => a & b,
        '^' => a ^ b,
        _ => a | b,
    })
}

/// `[a] * 3`
fn repeated(items: &PyValue, times: &PyValue, written: &PyExpr) -> PyValue {
    const MOST: usize = 4096;
    // Python takes less than no times for none.
    let times = times.as_whole().map(|times| usize::try_from(times).unwrap_or(0));
    let (Some(some), Some(times)) = (items.items(), times) else { return opaque(written) };
    if some.len().saturating_mul(times) > MOST {
        return opaque(written);
    }
    let whole = std::iter::repeat_n(some, times).flatten().collect();
    if matches!(items, PyValue::Tuple(_)) { PyValue::Tuple(whole) } else { PyValue::list(whole) }
}

/// `1e-6 * torch.ones(8)`, `torch.randn(8) * 0.02`
fn scaled(operator: Operator, tensor: &crate::port::value::Tensor, by: f64) -> Option<PyValue> {
    let by = match operator {
        Operator::Mul => by,
        Operator::Div => 1.0 / by,
        _ => return None,
    };
    let init = tensor.init.as_ref()?;
    let init = match init.strip_prefix("normal(").and_then(|std| std.strip_suffix(')')) {
        Some(std) => format!("normal({:?})", std.parse::<f64>().ok()? * by.abs()),
        None => format!("{:?}", init.parse::<f64>().ok()? * by),
    };
    Some(PyValue::Tensor(Rc::new(crate::port::value::Tensor { init: Some(init), ..tensor.clone() })))
}
