//! A layer's name and values, in parentheses or wherever other languages put them.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};

use super::cursor::{Cursor, plain};
use super::label::printed;
use super::nested::as_layer;
use super::{LAYER, Parsed, Parser};
use crate::fault::Slip;
use crate::syntax::{Field, Layer, Reference, SizeExpr, Source, Value, source_text};
use crate::words::{self, Positional};

/// Modules of frameworks, whose functions read their first argument. Any other word before a dot is a value.
const MODULES: &[&str] = &[
    "nn",
    "F",
    "torch",
    "tf",
    "keras",
    "layers",
    "jax",
    "jnp",
    "lax",
    "np",
    "flax",
    "nnx",
    "linen",
    "functional",
    "model",
    "ops",
    "convshape",
    "K",
    "eqx",
    "hk",
    "mx",
    "paddle",
];

impl Parser {
    /// `Conv2d(1 -> 16, kernel: 3)`; returns the modules that are written before the name.
    pub(super) fn call(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) -> Parsed<Vec<Ident>> {
        if c.is_word("undo")
            && let Some(of) = c.ident_at(1)
        {
            let help = format!("write `undo` in the parentheses of a layer: `ConvTranspose2d(undo {of})`");
            return Err(c.unexpected_with(LAYER, Some(help)));
        }
        layer.op = c.ident(LAYER)?;
        let path = self.path(c, layer)?;
        self.values(c, layer)?;
        while c.is_punct(".") && c.ident_at(1).is_some() && c.group_at(2, Delimiter::Parenthesis).is_some() {
            self.setter(c, layer);
        }
        if let Some(group) = c.group_at(0, Delimiter::Parenthesis).filter(|_| printed(c).is_none()) {
            self.applied(group, c, layer);
        }
        Ok(path)
    }

    /// What a layer is called with in Keras: `(x)`, `([x, skip])`, `(query, value)`.
    fn applied(&mut self, group: &Group, c: &mut Cursor<'_>, layer: &mut Layer) {
        let tokens = plain(group.stream());
        let tokens = match tokens.as_slice() {
            [TokenTree::Group(list)] if list.delimiter() == Delimiter::Bracket => plain(list.stream()),
            _ => tokens,
        };
        let mut sources = Vec::new();
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            match self.source(&mut part) {
                Ok(source) if part.at_end() => sources.push(source),
                _ => return,
            }
        }
        let (span, written) = (c.span(), source_text(group.stream()));
        let joins = words::find_layer(&layer.op.to_string(), self.dialect)
            .any()
            .is_some_and(|found| found.words.positional == Positional::Names);
        if joins {
            self.slip(span, Slip::Joined(format!("({written})")));
            let operands = self.args_of(&tokens, group.span_open()).positional;
            layer.args.positional.splice(0..0, operands);
        } else {
            self.slip(span, Slip::Applied(format!("({written})")));
            let source = match (sources.len(), sources.pop()) {
                (0, _) | (_, None) => None,
                (1, only) => only,
                (_, last) => {
                    sources.extend(last);
                    Some(Source::Several(sources, span))
                }
            };
            // In Python, `x` is often just the previous value.
            layer.from = source.filter(|source| self.knows(source));
        }
        c.bump();
    }

    /// `nn.` or `layers::` before a name, `::new` after it.
    fn path(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) -> Parsed<Vec<Ident>> {
        let (span, mut path, mut written) = (c.last(), Vec::new(), layer.op.to_string());
        let next =
            |c: &Cursor<'_>| [".", "::"].into_iter().find(|dots| c.is_punct(dots) && c.ident_at(dots.len()).is_some());
        while let Some(dots) = next(c) {
            let known = words::is_layer(&layer.op.to_string());
            if dots == "." && known {
                break;
            }
            c.punct(dots);
            let name = c.ident(LAYER)?;
            written.push_str(&format!("{dots}{name}"));
            // `Conv2d::new`
            if !known {
                path.push(std::mem::replace(&mut layer.op, name));
            }
        }
        if written.contains("::") {
            self.slip(span, Slip::Path(written));
        } else if written.contains('.') {
            self.slip(span, Slip::Module(written));
        }
        Ok(path)
    }

    fn values(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) -> Parsed<()> {
        let op = layer.op.to_string();
        let start = c.clone();
        if c.is_punct("!") && c.group_at(1, Delimiter::Parenthesis).is_some() {
            self.slip(c.span(), Slip::Brackets(op.clone()));
            c.bump();
        }
        c.punct("::");
        if c.is_punct("<") {
            self.slip(c.span(), Slip::Brackets(op.clone()));
            let open = c.clone();
            c.angles()?;
            if let [_, inner @ .., _] = open.until(c) {
                layer.args = self.args_of(&plain(inner.iter().cloned().collect()), open.span());
            }
        }
        match c.peek() {
            Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::None => {
                if group.delimiter() != Delimiter::Parenthesis {
                    self.slip(group.span_open(), Slip::Brackets(op));
                }
                c.bump();
                let args = self.nested(group.span(), |parser| Ok(parser.args(group)))?;
                layer.args.positional.extend(args.positional);
                layer.args.fields.extend(args.fields);
                layer.args.half_typed.extend(args.half_typed);
                layer.args.kept.extend(args.kept);
                layer.args.mixed |= args.mixed;
            }
            Some(TokenTree::Literal(_)) => self.bare(c, layer),
            Some(TokenTree::Ident(word)) if *word == "undo" && c.ident_at(1).is_some() => self.bare(c, layer),
            _ if c.is_hole() && c.arrow_at(1) => self.bare(c, layer),
            _ if start.is_punct("::") => *c = start,
            _ => {}
        }
        Ok(())
    }

    /// Values without parentheses: up to the `;`, or to what follows the parentheses.
    fn bare(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) {
        self.slip(layer.op.span(), Slip::NoParentheses(layer.op.to_string()));
        let start = c.clone();
        let line = c.span().start().line;
        let tail = |c: &Cursor<'_>| {
            c.is_word("from")
                || c.is_word("restores")
                || c.is_punct("->") && c.group_at(2, Delimiter::Bracket).is_some()
                || c.span().start().line != line
        };
        while !c.at_end() && !c.is_punct(";") && !tail(c) {
            c.bump();
        }
        layer.args = self.args_of(start.until(c), start.last());
    }

    /// `.stride(2)` after the parentheses.
    fn setter(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) {
        c.bump();
        let (Some(TokenTree::Ident(name)), Some(group)) = (c.bump(), c.group(Delimiter::Parenthesis)) else { return };
        let text = name.to_string();
        let text = text.strip_prefix("with_").unwrap_or(&text);
        self.slip(name.span(), Slip::Method(format!(".{name}")));
        let mut args = self.args(group);
        let name = Ident::new(text, name.span());
        match args.positional.pop() {
            Some(value) => layer.args.fields.push(Field { name, value }),
            None => {
                let name = words::find_activation(text, self.dialect)
                    .any()
                    .map_or(name.clone(), |found| Ident::new(&found.words.name(found.rank), name.span()));
                let field = Ident::new("activation", name.span());
                layer.args.fields.push(Field { name: field, value: Value::Word(name) });
            }
        }
    }

    /// What a function or a method reads: `F.relu(x)`, `x.view(-1, 784)`. A value that is assigned to its own name is
    /// the previous statement.
    pub(super) fn method(&mut self, path: &[Ident], label: &mut Option<Ident>, layer: &mut Layer) {
        let own =
            |from: &Source| matches!(from, Source::Named(of) if label.as_ref().is_some_and(|label| of.name == *label));
        if self.sign.is_some() && layer.from.as_ref().is_some_and(own) {
            self.drop_name(label);
            layer.from = None;
        }
        let Some(module) = path.first() else { return };
        let is_name = |value: &Value| matches!(value, Value::Word(_) | Value::Name(_));
        let function = layer.op.to_string().starts_with(|first: char| first.is_ascii_lowercase());
        let joins = words::find_function(&layer.op.to_string(), self.dialect)
            .is_some_and(|found| found.words.positional == Positional::Names);
        let operand = if !is_module(module) {
            Some(Reference { name: module.clone(), port: None })
        } else if function && !joins && layer.args.positional.first().is_some_and(is_name) {
            match layer.args.positional.remove(0) {
                Value::Word(name) => Some(Reference { name, port: None }),
                Value::Name(reference) => Some(reference),
                _ => None,
            }
        } else {
            None
        };
        view(layer);
        let Some(operand) = operand else { return };
        if label.as_ref().is_some_and(|label| *label == operand.name) {
            self.drop_name(label);
        } else {
            layer.from = Some(Source::Named(operand)).filter(|source| self.knows(source));
        }
    }

    /// `model.add(Conv2D(..))` is the layer in its parentheses.
    pub(super) fn appended(path: &[Ident], layer: Layer) -> Layer {
        let [only] = layer.args.positional.as_slice() else { return layer };
        let adds = layer.op == "add" && path.last().is_some_and(is_module) && layer.args.fields.is_empty();
        as_layer(only, true).filter(|_| adds).unwrap_or(layer)
    }
}

/// Whether a name is a module of a framework.
pub(super) fn is_module(name: &Ident) -> bool {
    MODULES.iter().any(|known| name == known)
}

/// `view(-1, 784)` as `Reshape(784)`, `flatten(1)` as `Flatten`.
fn view(layer: &mut Layer) {
    let minus_one = |value: &Value| matches!(value, Value::Size(SizeExpr::Int { value: -1, .. }));
    let name = layer.op.to_string();
    let args = &mut layer.args.positional;
    if name == "flatten" && args.len() == 1 && matches!(args[0], Value::Size(SizeExpr::Int { value: 1, .. })) {
        args.clear();
    }
    if !matches!(name.as_str(), "view" | "reshape") {
        return;
    }
    if let [one] = args.as_slice()
        && let Some(sizes) = one.items()
    {
        *args = sizes.to_vec();
    }
    // The batch.
    if args.len() > 1 && (minus_one(&args[0]) || matches!(args[0], Value::Call { .. })) {
        args.remove(0);
    }
    // The positional values that remain are the shape.
    layer.op = Ident::new("Reshape", layer.op.span());
}
