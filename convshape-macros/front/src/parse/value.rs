//! Values: sizes, floats, words, tuples and pairs.

use convshape_arith::op::Dialect;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenTree};

use super::call::is_module;
use super::cursor::{Cursor, plain};
use super::nested::is_statement;
use super::number::{Lit, literal};
use super::size::extremum;
use super::source::reference;
use super::{Parsed, Parser};
use crate::fault::{Slip, SyntaxFault};
use crate::syntax::{Args, Field, Kept, SizeExpr, Text, Value};
use crate::words::{self, Lookup};

impl Parser {
    /// The values in a layer's parentheses. An unreadable part is recorded and becomes [`Value::Broken`], so that it is
    /// not reported as missing later.
    pub(super) fn args(&mut self, group: &Group) -> Args {
        self.args_of(&plain(group.stream()), group.span_open())
    }

    pub(super) fn args_of(&mut self, tokens: &[TokenTree], before: Span) -> Args {
        let mut args = Args::default();
        self.semicolons(tokens);
        for mut part in Cursor::new(tokens, before).split() {
            self.arg(&mut part, &mut args);
            // A comma is missing, which was noted already.
            while !part.at_end() {
                self.arg(&mut part, &mut args);
            }
        }
        args
    }

    /// Notes a `;` between values.
    pub(super) fn semicolons(&mut self, tokens: &[TokenTree]) {
        let semicolon = |token: &&TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
        if let Some(token) = tokens.iter().find(semicolon) {
            self.slip(token.span(), Slip::Semicolon);
        }
    }

    fn arg(&mut self, part: &mut Cursor<'_>, args: &mut Args) {
        let (span, slips) = (part.span(), self.slips);
        if let Some(name) = self.field_name(part) {
            let (equals, colon) = (part.equals_at(0), part.colon_at(0));
            if equals || colon {
                part.bump();
            }
            let value = self.whole_value(part, compares(part));
            if colon {
                let slipped = self.slips != slips;
                let respelled = slipped && matches!(value, Value::Bool { .. });
                // Another slip in what is kept would stay.
                args.mixed |= slipped && !respelled;
                args.kept.push(Kept { name: name.to_string(), respelled });
            } else {
                args.mixed |= !args.kept.is_empty();
            }
            if equals {
                self.slip(span, Slip::Equals(format!("{name}={value}")));
            }
            args.fields.push(Field { name, value });
            return;
        }
        let value = self.whole_value(part, None);
        if let Value::Word(word) = &value
            && !(args.fields.is_empty() && args.positional.is_empty())
        {
            args.half_typed.push(word.clone());
        }
        match args.fields.last_mut() {
            None => args.positional.push(value),
            Some(_) if is_statement(&value) || args.positional.iter().any(is_statement) => {
                args.mixed = true;
                args.positional.push(value);
            }
            Some(_) if matches!(value, Value::Broken(_)) => {}
            Some(field) => {
                self.fault(unnamed(&value, field, span));
                if matches!((&value, &field.value), (Value::Size(_), Value::Size(_))) {
                    // It is unclear whether it is for another axis or another field.
                    field.value = Value::Broken(span);
                }
            }
        }
    }

    /// The name of a field, up to its `:` or `=`, or up to its value if those are missing.
    fn field_name(&mut self, part: &mut Cursor<'_>) -> Option<Ident> {
        let name = part.ident_at(0)?.clone();
        if part.colon_at(1) || part.equals_at(1) {
            part.bump();
            return Some(name);
        }
        let literal = matches!(part.peek_at(1), Some(TokenTree::Literal(_)));
        let list = part.group_at(1, Delimiter::Bracket).is_some();
        let word = part.ident_at(1).is_some() && words::is_field(&name.to_string());
        let tail = name == "from" || name == "restores";
        let arrow = part.punct_at(1, "=>") && words::is_field(&name.to_string());
        if tail && (word || part.ident_at(1).is_some() || part.group_at(1, Delimiter::Parenthesis).is_some()) {
            self.slip(name.span(), Slip::Inside(name.to_string()));
        } else if literal || list || arrow || word {
            self.slip(name.span(), Slip::NoColon(name.to_string()));
        } else {
            return None;
        }
        part.bump();
        if arrow {
            part.punct("=>");
        }
        Some(name)
    }

    /// The value of a part, up to the next field if a comma is missing.
    fn whole_value(&mut self, part: &mut Cursor<'_>, compares: Option<SyntaxFault>) -> Value {
        let span = part.span();
        if let Some(fault) = conditional(part).or(compares) {
            self.fault(fault);
            while part.bump().is_some() {}
            return Value::Broken(span);
        }
        let value = self.value(part).and_then(|value| {
            let names = matches!(value, Value::Word(_)) && part.ident_at(0).is_some();
            if names || part.is_labelled() || next_field(part) {
                self.slip(part.span(), Slip::NoComma(part.peek().map(ToString::to_string).unwrap_or_default()));
            } else {
                part.end("`,` or `)`")?;
            }
            Ok(value)
        });
        value.unwrap_or_else(|fault| {
            self.fault(fault);
            while part.bump().is_some() {}
            Value::Broken(span)
        })
    }

    pub(super) fn value(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
        let from = self.simple_value(c)?;
        if !self.arrow(c) {
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

    /// `->`, or what must mean it between channels: `=>`, `- >`, `>`, `:`, `to`.
    fn arrow(&mut self, c: &mut Cursor<'_>) -> bool {
        let span = c.span();
        if let Some((tokens, wrong)) = c.arrow() {
            if let Some(found) = wrong {
                self.slip(span, Slip::Arrow(found.to_owned()));
            }
            c.skip(tokens);
            return true;
        }
        let channels = matches!(c.peek_at(1), Some(TokenTree::Literal(_))) && c.left() == 2;
        let found = [">", ":", "to"].into_iter().find(|text| c.is_word(text) || text.len() == 1 && c.is_punct(text));
        match found.filter(|_| channels) {
            Some(found) => {
                self.slip(span, Slip::Arrow(found.to_owned()));
                c.bump();
                true
            }
            None => false,
        }
    }

    pub(super) fn simple_value(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
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
        if let Some(sizes) = self.times(c) {
            let span = c.last();
            return Ok(Value::Tuple(sizes.into_iter().map(Value::Size).collect(), span));
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
        if c.is_punct("..") {
            let low = SizeExpr::Int { value: 0, span: c.span() };
            return Ok(Value::Range(Box::new(self.range_from(low, c)?)));
        }
        let size = self.number(c)?;
        if c.is_punct("..") {
            let range = self.range_from(size, c)?;
            return Ok(Value::Range(Box::new(range)));
        }
        Ok(match size {
            SizeExpr::Name(name) => Value::Word(self.used(name)),
            size => Value::Size(size),
        })
    }

    /// What begins with a name and is not a size: a constant, `undo a`, `a.b`, `LeakyRelu(0.2)`.
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
                self.slip(span, Slip::Constant(text.to_owned()));
                return Ok(Some(Value::Bool { value: text == "True", span }));
            }
            "None" => {
                c.bump();
                self.slip(span, Slip::Constant("None".to_owned()));
                self.nothing.push(span);
                return Ok(Some(Value::Broken(span)));
            }
            "undo" if c.ident_at(1).is_some() => {
                self.word("undo", span);
                c.bump();
                let name = self.used(c.ident("the name of a layer")?);
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
        if let Some(port) = reference.port.as_ref().and_then(Text::ident) {
            module.push(std::mem::replace(&mut name, port));
            while c.is_punct(".") && c.ident_at(1).is_some() {
                c.bump();
                module.push(std::mem::replace(&mut name, c.ident("a name")?));
            }
        }
        if name == "shape" && c.group(Delimiter::Bracket).is_some() {
            // `x.shape[0]` is a size, as `x.size(0)`.
            return Ok(Some(Value::Call { name, args: Args::default() }));
        }
        if let Some(group) = c.group(Delimiter::Parenthesis) {
            if !module.is_empty() {
                let module: Vec<String> = module.iter().map(ToString::to_string).collect();
                self.slip(span, Slip::Module(format!("{}.{name}", module.join("."))));
            }
            let args = self.nested(group.span(), |parser| Ok(parser.args(group)))?;
            return Ok(Some(Value::Call { name, args }));
        }
        if let [first, inner, ..] = &module[..]
            && !is_module(first)
        {
            // `b.conv.weight`: of a block's value, what is inside it.
            let expected = "a value, or one output of it such as `a.b`";
            let help =
                format!("give it at the end of the body, `output: .., own: {inner}.{name};`, and read `{first}.own`");
            let found = format!("`{first}.{inner}.{name}`");
            return Err(SyntaxFault::Unexpected { span, found, expected, help: Some(help) });
        }
        if module.len() > 1 || module.first().is_some_and(is_module) {
            // `tf.nn.relu` as a value.
            let module: Vec<String> = module.iter().map(ToString::to_string).collect();
            self.slip(span, Slip::Module(format!("{}.{name}", module.join("."))));
            return Ok(Some(Value::Word(name)));
        }
        Ok(Some(Value::Name(reference)))
    }

    /// `(a, b)`: a value per axis. `None` for `(a + b)`, which is a size.
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

    /// The end of a list's item; a comma may be missing before the next: `[3 3]`.
    fn item_end(&mut self, part: &mut Cursor<'_>) -> Parsed<()> {
        match part.peek() {
            Some(token @ (TokenTree::Literal(_) | TokenTree::Ident(_))) => {
                self.slip(token.span(), Slip::NoComma(token.to_string()));
                Ok(())
            }
            Some(TokenTree::Punct(_) | TokenTree::Group(_)) | None => part.end("`,` or `]`"),
        }
    }

    /// `[..]`: a value per axis, a pair per axis, a shape, or several names.
    fn list(&mut self, group: &Group) -> Parsed<Value> {
        let tokens = plain(group.stream());
        let mut values = Vec::new();
        self.semicolons(&tokens);
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            let span = part.span();
            if part.left() == 1 && part.is_word("None") {
                self.slip(span, Slip::Batch("None".to_owned()));
                continue;
            }
            while !part.at_end() {
                let span = part.span();
                let value = self.value(&mut part).and_then(|value| self.item_end(&mut part).map(|()| value));
                let value = self.recorded(value).unwrap_or_else(|| {
                    part.skip(part.left());
                    Value::Broken(span)
                });
                values.push(value);
            }
        }
        Ok(Value::List(values, group.span()))
    }
}

/// What to do about a positional value after fields.
fn unnamed(value: &Value, field: &Field, span: Span) -> SyntaxFault {
    let fault = |help| SyntaxFault::Unexpected {
        span,
        found: format!("`{value}`"),
        expected: "a field with its name",
        help: Some(help),
    };
    match value {
        // Only the name is replaced: what is in its parentheses stays.
        Value::Word(word) | Value::Call { name: word, .. } => {
            let text = word.to_string();
            match words::find_activation(&text, Dialect::Torch) {
                Lookup::Found(_) => fault(format!("write `activation: {text}` instead of `{text}`")),
                Lookup::Elsewhere { .. } | Lookup::Unknown { .. } if matches!(value, Value::Call { .. }) => {
                    fault(format!("write the name of its field before `{value}`"))
                }
                Lookup::Elsewhere { .. } | Lookup::Unknown { .. } => {
                    let name = words::nearest_field(&text).unwrap_or(&text);
                    fault(format!("write its value too: `{name}: ..`"))
                }
            }
        }
        Value::Size(_) if matches!(field.value, Value::Size(_)) => fault(format!(
            "write the name of its field, such as `stride: {value}`; a value per axis is `{}: ({}, {value})`",
            field.name, field.value
        )),
        _ => fault(format!("write the name of its field before `{value}`")),
    }
}

/// `kernel 3` after a value: both the comma and the colon are missing.
fn next_field(part: &Cursor<'_>) -> bool {
    part.ident_at(0).is_some_and(|word| words::is_field(&word.to_string()))
        && (part.equals_at(1) || matches!(part.peek_at(1), Some(TokenTree::Literal(_) | TokenTree::Group(_))))
}

/// The fault of a value that compares: `first: i == 0`, `se: bool = n > 4`.
pub(super) fn compares(part: &Cursor<'_>) -> Option<SyntaxFault> {
    // `<` and `>` also enclose generic arguments.
    let short = if part.left() == 3 { ["<", ">"].as_slice() } else { &[] };
    let operators = || ["==", "!=", "<=", ">=", "&&", "||"].iter().chain(short);
    let operator_at = |at: usize| operators().find(|text| part.punct_at(at, text)).map(|text| (at, *text));
    let (at, operator) = (1..part.left()).find_map(operator_at)?;
    let help = "pass the numbers, and compare them in the block: `if a == b { .. } else { .. }`".to_owned();
    Some(SyntaxFault::Unexpected {
        span: part.peek_at(at).map_or_else(|| part.span(), TokenTree::span),
        found: format!("`{operator}`"),
        expected: "a value",
        help: Some(help),
    })
}

/// The fault of a value that contains `if` or `match`, which are only allowed as statements.
fn conditional(part: &Cursor<'_>) -> Option<SyntaxFault> {
    let word = (0..part.left()).filter_map(|at| part.ident_at(at)).find(|word| *word == "if" || *word == "match")?;
    if part.left() == 1 {
        return None;
    }
    let help = "put the layer into a statement `if a == b { .. } else { .. }`, or list the values of a repeat: \
                `repeat (a, b) in [(16, 2), (32, 1)] { .. }`";
    let (found, help) = (format!("`{word}`"), Some(help.to_owned()));
    Some(SyntaxFault::Unexpected { span: word.span(), found, expected: "a value", help })
}
