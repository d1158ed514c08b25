//! Values: sizes, floats, words, tuples and pairs.

use proc_macro2::{Delimiter, Group, Span, TokenTree};

use super::cursor::{Cursor, plain};
use super::number::{Lit, literal};
use super::python::Sign;
use super::size::extremum;
use super::source::reference;
use super::statement::labelled;
use super::{Parsed, Parser};
use crate::fault::{PythonForm, SyntaxFault};
use crate::syntax::{Args, Field, SizeExpr, Value};

impl Parser {
    /// What stands in a layer's parentheses. A part that cannot be read is recorded and stands as
    /// [`Value::Broken`], so that nobody misses it later.
    pub(super) fn args(&mut self, group: &Group) -> Args {
        let tokens = plain(group.stream());
        let mut args = Args::default();
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            self.arg(&mut part, &mut args);
            // A comma is missing, which is reported already.
            while !part.at_end() {
                self.arg(&mut part, &mut args);
            }
        }
        args
    }

    fn arg(&mut self, part: &mut Cursor<'_>, args: &mut Args) {
        let span = part.span();
        let name = part.ident_at(0).filter(|_| part.colon_at(1) || part.equals_at(1)).cloned();
        if let Some(name) = name {
            part.bump();
            let equals = part.equals_at(0);
            part.bump();
            let value = self.whole_value(part);
            if equals {
                self.sign(span, PythonForm::Equals(format!("{name}={value}")));
            }
            args.fields.push(Field { name, value });
            return;
        }
        let value = self.whole_value(part);
        if let Value::Word(word) = &value
            && !(args.fields.is_empty() && args.positional.is_empty())
        {
            args.half_typed.push(word.clone());
        }
        match args.fields.last() {
            None => args.positional.push(value),
            Some(_) if matches!(value, Value::Broken(_)) => {}
            Some(field) => {
                let help = format!("give `{value}` its field's name, or write it before `{}`", field.name);
                let found = format!("`{value}`");
                let expected = "a field with its name";
                self.fault(SyntaxFault::Unexpected { span, found, expected, help: Some(help) });
            }
        }
    }

    /// Notes that a statement looks like Python; the first sign is the one that is reported.
    pub(super) fn sign(&mut self, span: Span, form: PythonForm) {
        self.python.get_or_insert(Sign { span, form });
    }

    /// The value that a part is, up to the next field where a comma is missing.
    fn whole_value(&mut self, part: &mut Cursor<'_>) -> Value {
        let span = part.span();
        let value = self.value(part).and_then(|value| {
            if !labelled(part) {
                part.end("`,` or `)`")?;
            } else {
                let fault = part.unexpected("`,`");
                self.fault(fault);
            }
            Ok(value)
        });
        value.unwrap_or_else(|fault| {
            self.fault(fault);
            while part.bump().is_some() {}
            Value::Broken(span)
        })
    }

    fn value(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
        let from = self.simple_value(c)?;
        if c.punct("->").is_none() {
            return Ok(from);
        }
        let to = self.simple_value(c)?;
        for side in [&from, &to] {
            if !matches!(side, Value::Size(_) | Value::Word(_) | Value::Hole(_)) {
                let found = format!("`{side}`");
                let help = Some("channels are written `1 -> 16`".to_owned());
                return Err(SyntaxFault::Unexpected {
                    span: side.span(),
                    found,
                    expected: "a number of channels",
                    help,
                });
            }
        }
        Ok(Value::Arrow { from: Box::new(from), to: Box::new(to) })
    }

    fn simple_value(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
        if let Some(span) = c.hole() {
            return Ok(Value::Hole(span));
        }
        if let Some(group) = c.group(Delimiter::Bracket) {
            return self.nested(group.span(), |parser| parser.list(group));
        }
        if let Some(group) = c.group_at(0, Delimiter::Parenthesis)
            && let Some(tuple) = self.nested(group.span(), |parser| parser.tuple(group))?
        {
            c.bump();
            return Ok(tuple);
        }
        if let Some(TokenTree::Literal(text)) = c.peek()
            && let Lit::Str(text) = literal(text, false)?
        {
            c.bump();
            return Ok(Value::Str(text));
        }
        if let Some(value) = self.named_value(c)? {
            return Ok(value);
        }
        let size = self.number(c)?;
        if c.is_punct("..") {
            let range = self.range_from(size, c)?;
            return Ok(Value::Range(Box::new(range)));
        }
        Ok(match size {
            SizeExpr::Name(name) => Value::Word(name),
            size => Value::Size(size),
        })
    }

    /// What begins with a name and is no size: a constant, `undo a`, `a.b`, `LeakyRelu(0.2)`.
    fn named_value(&mut self, c: &mut Cursor<'_>) -> Parsed<Option<Value>> {
        let Some(word) = c.ident_at(0) else { return Ok(None) };
        let span = word.span();
        match word.to_string().as_str() {
            text @ ("true" | "false") => {
                c.bump();
                return Ok(Some(Value::Bool { value: text == "true", span }));
            }
            text @ ("True" | "False") => {
                c.bump();
                self.sign(span, PythonForm::Constant(text.to_owned()));
                return Ok(Some(Value::Bool { value: text == "True", span }));
            }
            "None" => {
                c.bump();
                self.sign(span, PythonForm::Constant("None".to_owned()));
                return Ok(Some(Value::Broken(span)));
            }
            "undo" if c.ident_at(1).is_some() => {
                self.word("undo", span);
                c.bump();
                let name = c.ident("the name of a layer")?;
                return Ok(Some(Value::Undo { name, span }));
            }
            _ => {}
        }
        let called = c.group_at(1, Delimiter::Parenthesis).is_some() && extremum(c).is_none();
        if !c.punct_at(1, ".") && !called || c.punct_at(1, "..") {
            return Ok(None);
        }
        let reference = reference(c)?;
        // `nn.ReLU()` as a value.
        let mut name = reference.name.clone();
        let mut module = Vec::new();
        if let Some(port) = &reference.port {
            module.push(std::mem::replace(&mut name, port.clone()));
            while c.is_punct(".") && c.ident_at(1).is_some() {
                c.bump();
                module.push(std::mem::replace(&mut name, c.ident("a name")?));
            }
        }
        if let Some(group) = c.group(Delimiter::Parenthesis) {
            if !module.is_empty() {
                let module: Vec<String> = module.iter().map(ToString::to_string).collect();
                self.sign(span, PythonForm::Module(format!("{}.{name}", module.join("."))));
            }
            let args = self.nested(group.span(), |parser| Ok(parser.args(group)))?;
            return Ok(Some(Value::Call { name, args }));
        }
        if module.len() > 1 {
            return Err(SyntaxFault::Unexpected {
                span,
                found: format!("`{}`", module[0]),
                expected: "a name or `name.port`",
                help: None,
            });
        }
        Ok(Some(Value::Name(reference)))
    }

    /// `(a, b)`: a value per axis. `(a + b)` is a size: `None`.
    fn tuple(&mut self, group: &Group) -> Parsed<Option<Value>> {
        let tokens = plain(group.stream());
        let cursor = Cursor::new(&tokens, group.span_open());
        let has_comma = (0..tokens.len()).any(|i| cursor.punct_at(i, ","));
        if !has_comma && !tokens.is_empty() {
            return Ok(None);
        }
        let mut values = Vec::new();
        for mut part in cursor.split() {
            let value = self.value(&mut part)?;
            part.end("`,` or `)`")?;
            values.push(value);
        }
        Ok(Some(Value::Tuple(values, group.span())))
    }

    /// `[..]`: a value per axis, a pair per axis, a shape, or several names.
    fn list(&mut self, group: &Group) -> Parsed<Value> {
        let tokens = plain(group.stream());
        let mut values = Vec::new();
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            let span = part.span();
            if part.left() == 1 && part.is_word("None") {
                self.fault(SyntaxFault::BatchAxis { span, found: "None".to_owned() });
                values.push(Value::Broken(span));
                continue;
            }
            let value = self.value(&mut part).and_then(|value| part.end("`,` or `]`").map(|()| value));
            values.push(self.recorded(value).unwrap_or(Value::Broken(span)));
        }
        Ok(Value::List(values, group.span()))
    }
}
