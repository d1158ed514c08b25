//! Follows an expression: which statements it adds, and which of them is its value.

use std::rc::Rc;

use convshape_arith::op::Dialect;
use proc_macro2::TokenTree;

use super::super::expr::{Arg, Call, Expr, expr, is_word, line_of, split, text_of};
use super::super::{Unported, layer, named};
use super::{INPUT, Leaf, Module, Read, Reader, Statement};
use crate::syntax::Layer;

impl Reader {
    /// The label of the statement that computes an expression; `None` if the expression does not compute on the model's
    /// data.
    pub(super) fn value(&mut self, tokens: &[TokenTree], hint: &str) -> Read<Option<String>> {
        let parts = split(tokens.iter().cloned(), '+');
        if parts.len() > 1 {
            let values = parts.iter().map(|part| self.value(part, hint)).collect::<Read<Option<Vec<String>>>>()?;
            return values.map(|values| self.emit_text(&values.join(" + "), &values, hint, tokens)).transpose();
        }
        let Expr::Call(call) = expr(tokens) else { return Ok(None) };
        let line = line_of(tokens).unwrap_or(1);
        let object =
            call.path.last().filter(|_| call.path.len() == 1 || call.path[0] == "self" && call.path.len() == 2);
        match call.calls.as_slice() {
            [] => Ok(object.and_then(|name| self.values.get(name)).cloned()),
            [_] if call.name() == "Model" => Ok(None),
            [args] if call.name() == "Input" => {
                let shape = args.iter().find(|arg| arg.name.as_deref().is_none_or(|name| name.ends_with("shape")));
                shape.into_iter().for_each(|shape| self.shape(&shape.value));
                if !self.program.statements.is_empty() || self.values.values().any(|value| value == INPUT) {
                    return Err(Unported::new(line, "a second input: write the chain's `input` with two ports"));
                }
                Ok(Some(INPUT.to_owned()))
            }
            [args] => {
                if let Some(module) = object.and_then(|name| self.modules.get(name)).cloned() {
                    let path = if self.program.class.is_some() { call.name() } else { "" };
                    return self.applied(&module, path, args, hint, line);
                }
                self.functional(&call, args, hint, tokens)
            }
            [_, operands] => {
                let made = Call { path: call.path.clone(), calls: vec![call.calls[0].clone()] };
                match self.layer(&made, line)? {
                    Some(module) => self.applied(&module, "", operands, hint, line),
                    None if self.reads_values(operands) => Err(self.no_layer(call.name(), line)),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// A function or method on values: `F.relu(x)`, `torch.cat([a, b], 1)`, `x.view(-1, 784)`.
    fn functional(&mut self, call: &Call, args: &[Arg], hint: &str, tokens: &[TokenTree]) -> Read<Option<String>> {
        let line = line_of(tokens).unwrap_or(1);
        let object = call.path.first().filter(|_| call.path.len() == 2).and_then(|name| self.values.get(name)).cloned();
        let mut read: Vec<String> = object.iter().cloned().collect();
        let mut texts = Vec::new();
        for arg in args {
            let text = match expr(&arg.value) {
                Expr::List(items) => {
                    let values = items.iter().map(|item| self.value(item, hint)).collect::<Read<Option<Vec<_>>>>()?;
                    values.filter(|values| !values.is_empty()).map(|values| {
                        read.extend(values.iter().cloned());
                        format!("[{}]", values.join(", "))
                    })
                }
                Expr::Call(_) | Expr::Other => self.value(&arg.value, hint)?.inspect(|value| read.push(value.clone())),
                Expr::Text(_) => None,
            };
            let value = text.unwrap_or_else(|| self.sizes(&arg.value));
            texts.push(arg.name.as_ref().map_or(value.clone(), |name| format!("{name}={value}")));
        }
        if read.is_empty() {
            return Ok(None);
        }
        let name = call.name();
        if !layer::is_known(name, self.program.dialect) {
            return Err(self.no_layer(name, line));
        }
        let module = object.unwrap_or_else(|| call.path[..call.path.len() - 1].join("."));
        let module = if module.is_empty() || module == "self" { "F".to_owned() } else { module };
        let text = format!("{module}.{name}({})", texts.join(", "));
        self.emit_text(&text, &read, hint, tokens).map(Some)
    }

    /// An argument's text. The batch, which only run time knows, is -1.
    fn sizes(&self, tokens: &[TokenTree]) -> String {
        let of_shape = |token: &TokenTree| ["size", "shape", "batch_size"].iter().any(|word| is_word(token, word));
        if tokens.iter().any(of_shape) { "-1".to_owned() } else { text_of(&self.known(tokens)) }
    }

    /// A module on values.
    fn applied(&mut self, module: &Module, path: &str, args: &[Arg], hint: &str, line: usize) -> Read<Option<String>> {
        let mut operands = Vec::new();
        for arg in args.iter().filter(|arg| arg.name.is_none()) {
            let items = match expr(&arg.value) {
                Expr::List(items) => items,
                Expr::Call(_) | Expr::Text(_) | Expr::Other => vec![arg.value.clone()],
            };
            for item in items {
                operands.push(self.value(&item, hint)?.ok_or_else(|| {
                    Unported::new(line, format!("`{}` is not a value that goes through the model", text_of(&item)))
                })?);
            }
        }
        if operands.is_empty() {
            return Ok(None);
        }
        self.used.insert(path.to_owned());
        self.apply(module, path, operands, hint).map(Some)
    }

    pub(super) fn apply(&mut self, module: &Module, path: &str, operands: Vec<String>, hint: &str) -> Read<String> {
        match module {
            Module::Sequence(parts) => {
                let mut operands = operands;
                for (name, part) in parts {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    operands = vec![self.apply(part, &path, operands, &path)?];
                }
                Ok(operands.swap_remove(0))
            }
            Module::Layer(leaf) => self.run_layer(leaf, path, &operands, hint),
        }
    }

    fn run_layer(&mut self, leaf: &Rc<Leaf>, path: &str, operands: &[String], hint: &str) -> Read<String> {
        let mut args: Vec<String> = leaf.args.iter().map(|arg| self.arg(arg)).collect();
        if operands.len() > 1 {
            args.insert(0, format!("[{}]", operands.join(", ")));
        }
        let module = if self.program.dialect == Dialect::Keras { "layers" } else { "nn" };
        let text = format!("{module}.{}({})", leaf.call, args.join(", "));
        let mut read = self.parsed(&text, if operands.len() > 1 { operands } else { &[] }, leaf.line)?;
        if let [operand] = operands
            && Some(operand) != self.previous().as_ref()
        {
            named(&mut self.program.statements, operand);
            let source =
                layer::read(&format!("Identity from {operand}"), self.program.dialect, &self.readable(operand));
            read.from = source.ok().and_then(|identity| identity.from);
        }
        let shared = layer::is_shared(&read, self.program.dialect);
        let first = self.ran.get(&leaf.number).filter(|_| shared).cloned();
        let last = path.rsplit('.').next().unwrap_or_default();
        let own = if last.starts_with(|first: char| first.is_ascii_digit()) { "" } else { last };
        let given = leaf.label.clone().or_else(|| Some(own.to_owned()).filter(|own| !own.is_empty()));
        let is_named = given.is_some() && !self.ran.contains_key(&leaf.number);
        let label = self.label(given.as_deref().unwrap_or(hint));
        let line = match &first {
            Some(first) => {
                named(&mut self.program.statements, first);
                let from = layer::source(&read).map(|from| format!(" from {from}")).unwrap_or_default();
                format!("reuse {first}{from}")
            }
            None => read.to_string(),
        };
        self.ran.entry(leaf.number).or_insert_with(|| label.clone());
        let file_name = Some(path.to_owned()).filter(|path| {
            self.program.dialect == Dialect::Torch && !path.is_empty() && *path != label && first.is_none()
        });
        self.push(Statement { label: label.clone(), is_named, file_name, line, layer: read });
        Ok(label)
    }

    /// A statement from a line of Python that reads values.
    fn emit_text(&mut self, text: &str, read: &[String], hint: &str, tokens: &[TokenTree]) -> Read<String> {
        let mut layer = self.parsed(text, read, line_of(tokens).unwrap_or(1))?;
        let previous = self.previous();
        match layer::source(&layer) {
            Some(from) if Some(&from) == previous.as_ref() => layer.from = None,
            Some(from) => named(&mut self.program.statements, &from),
            None => {}
        }
        let positional: Vec<String> = layer.args.positional.iter().map(ToString::to_string).collect();
        read.iter().filter(|label| positional.contains(label)).for_each(|label| {
            named(&mut self.program.statements, label);
        });
        let label = self.label(hint);
        let line = layer.to_string();
        self.push(Statement { label: label.clone(), is_named: false, file_name: None, line, layer });
        Ok(label)
    }

    fn parsed(&self, text: &str, labels: &[String], line: usize) -> Read<Layer> {
        let labels: Vec<String> = labels.iter().flat_map(|label| self.readable(label)).collect();
        layer::read(text, self.program.dialect, &labels).map_err(|reason| Unported::new(line, reason))
    }

    /// The label, unless it is the input, which the parser knows.
    fn readable(&self, label: &str) -> Vec<String> {
        if label == INPUT { Vec::new() } else { vec![label.to_owned()] }
    }

    fn previous(&self) -> Option<String> {
        let last = self.program.statements.last();
        Some(last.map_or_else(|| INPUT.to_owned(), |statement| statement.label.clone()))
    }

    pub(super) fn push(&mut self, statement: Statement) {
        self.program.statements.push(statement);
    }

    /// A label that no other statement has.
    fn label(&mut self, hint: &str) -> String {
        let mut plain: String = hint.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !plain.starts_with(|first: char| first.is_ascii_alphabetic()) {
            plain.insert_str(0, "layer");
        }
        if syn::parse_str::<syn::Ident>(&plain).is_err() {
            plain.push('_');
        }
        let candidates = std::iter::once(plain.clone()).chain((2..).map(|number| format!("{plain}{number}")));
        let label = candidates.into_iter().find(|label| !self.labels.contains(label)).unwrap_or(plain);
        self.labels.insert(label.clone());
        label
    }
}
