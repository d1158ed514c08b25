//! Statements: attributes, a name, a layer, and what follows it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenTree};
use quote::TokenStreamExt;

use super::call::is_module;
use super::cursor::{self, Cursor};
use super::foreign::{foreign, skip_line};
use super::label::{is_self, printed};
use super::loops::{is_loop, open_loop};
use super::number::{Lit, literal};
use super::pieces::{is_if, is_repeat, is_reuse};
use super::{LAYER, Parsed, Parser};
use crate::fault::{Part, Slip, SyntaxFault};
use crate::syntax::{
    Args, Attrs, Dim, Field, Layer, Port, ShapePattern, SizeExpr, Source, Stmt, StmtKind, Text, Value,
};
use crate::words;

impl Parser {
    /// One statement with its `;`, and those of the names that it gives its outputs; none for a line that is none,
    /// which is reported. It takes at least one token.
    pub(super) fn statement(&mut self, c: &mut Cursor<'_>) -> Vec<Stmt> {
        self.sign = None;
        let before = c.left();
        let attrs = self.attrs(c);
        let span = c.span();
        self.unpacked = self.names_to_unpack(c);
        let mut label = match &self.unpacked {
            Some(unpacked) => Some(unpacked.label.clone()),
            None => self.label(c),
        };
        if let Some(printed) = self.printed_layers(c) {
            return printed;
        }
        let declared = self.sign.as_ref().is_some_and(|sign| matches!(sign.slip, Slip::Let(_)));
        if let Some(fault) = foreign(c, label.as_ref().filter(|_| declared)) {
            self.fault(fault);
            skip_line(c);
            return Vec::new();
        }
        if let Some((tokens, fault)) = open_loop(c) {
            self.fault(fault);
            c.skip(tokens);
            return Vec::new();
        }
        let kind = if is_loop(c) {
            self.looped(c, label.as_ref())
        } else if is_repeat(c) {
            self.repeat(c).map(StmtKind::Repeat)
        } else if is_if(c) {
            if let Some(label) = &label {
                self.fault(SyntaxFault::NamedIf { span: label.span() });
            }
            self.branches(c).map(StmtKind::If)
        } else if is_reuse(c) {
            self.reuse(c).map(StmtKind::Reuse)
        } else {
            self.layer(c, &mut label)
        };
        let kind = kind.unwrap_or_else(|fault| {
            self.fault(fault);
            self.sign = None;
            c.skip_statement();
            if c.left() == before {
                c.bump();
            }
            StmtKind::Broken(span)
        });
        // What is not evident from a layer's line: the name of a `repeat`.
        self.report_slip(|| label.as_ref().map_or("..".to_owned(), |label| format!("{label}: ..")));
        let stmt = Stmt { attrs, label, kind };
        let named = self.unpacked.take().map_or_else(Vec::new, |unpacked| unpacked.statements(&stmt));
        std::iter::once(stmt).chain(named).collect()
    }

    /// The statements of a model as Python prints it: `Sequential( (0): Conv2d(..) (1): ReLU() )`.
    fn printed_layers(&mut self, c: &mut Cursor<'_>) -> Option<Vec<Stmt>> {
        let (word, group) = (c.ident_at(0)?, c.group_at(1, Delimiter::Parenthesis)?);
        let tokens = cursor::plain(group.stream());
        let mut inside = Cursor::new(&tokens, group.span_open());
        printed(&inside)?;
        c.skip(2);
        c.punct(";");
        let outer = std::mem::take(&mut self.faults);
        let read = self.nested(group.span(), |parser| {
            let mut stmts = Vec::new();
            while !inside.at_end() {
                stmts.extend(parser.statement(&mut inside));
            }
            Ok(stmts)
        });
        let mut stmts = read.unwrap_or_else(|fault| {
            self.fault(fault);
            Vec::new()
        });
        // The lines are rewritten all together.
        let other = |fault: &SyntaxFault| !matches!(fault, SyntaxFault::Slip { slip: Slip::Printed(_), .. });
        let inner = std::mem::replace(&mut self.faults, outer).into_iter().filter(other);
        inner.for_each(|fault| self.fault(fault));
        let mut names: Vec<String> = Vec::new();
        for stmt in &mut stmts {
            let again = |label: &Ident| names.contains(&label.to_string());
            stmt.label = stmt.label.take().filter(|label| !again(label));
            names.extend(stmt.label.as_ref().map(Ident::to_string));
        }
        let lines = stmts.iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Layer(layer) => {
                let label = stmt.label.as_ref().map_or_else(String::new, |label| format!("{label}: "));
                Some(format!("{label}{layer};"))
            }
            _ => None,
        });
        let rewritten = lines.collect::<Vec<String>>().join(" ");
        self.sign = None;
        self.slip(word.span(), Slip::Printed(format!("{word}(..)")));
        self.report_slip(|| rewritten);
        Some(stmts)
    }

    /// Docs, `#[name = ".."]` and `#[name(transparent)]`.
    pub(super) fn attrs(&mut self, c: &mut Cursor<'_>) -> Attrs {
        let mut attrs = Attrs::default();
        while c.is_punct("#") {
            let hash = c.peek().cloned();
            c.bump();
            let Some(group) = c.group(Delimiter::Bracket) else {
                let fault = c.unexpected("`[name = \"..\"]`");
                self.fault(fault);
                continue;
            };
            let tokens = cursor::plain(group.stream());
            let mut inner = Cursor::new(&tokens, group.span_open());
            if inner.is_word("doc") {
                attrs.docs.extend(hash);
                attrs.docs.append(group.clone());
                continue;
            }
            let named = inner.word("name").is_some();
            let parentheses = if named { inner.group(Delimiter::Parenthesis) } else { None };
            let is_transparent = |group: &Group| group.stream().to_string() == "transparent";
            if parentheses.is_some_and(is_transparent) && inner.at_end() {
                attrs.transparent = Some(group.span());
                continue;
            }
            let name = inner.punct("=").filter(|_| named).and_then(|_| string(&mut inner));
            match name.filter(|_| inner.at_end()) {
                Some(_) if attrs.file_name.is_some() => {
                    self.fault(SyntaxFault::Twice { span: group.span(), part: "#[name]".to_owned() });
                }
                Some(name) => attrs.file_name = Some(name),
                None => {
                    let found = format!("#[{}]", super::shortened(&group.stream().to_string()));
                    self.fault(SyntaxFault::Attribute { span: group.span(), found });
                }
            }
        }
        attrs
    }

    fn layer(&mut self, c: &mut Cursor<'_>, label: &mut Option<Ident>) -> Parsed<StmtKind> {
        half_typed(c, LAYER)?;
        let mut layer = Layer {
            op: Ident::new("_", c.span()),
            args: Args::default(),
            from: None,
            shape: None,
            ports: Vec::new(),
            restores: None,
        };
        if c.ident_at(0).is_some() && !starts_layer(c, 0) {
            let mut after = c.clone();
            after.bump();
            if let Some((tokens, _)) = joint(&after).filter(|(tokens, _)| starts_layer(&after, *tokens)) {
                // `input -> Conv2d(..)`
                self.slip(c.span(), Slip::Flow);
                layer.from = Some(self.source(c)?);
                c.skip(tokens);
            }
        }
        if let Some(span) = c.word("from") {
            self.slip(span, Slip::Inside("from".to_owned()));
            layer.from = Some(self.source(c)?);
        }
        let path = match self.operators(c, &mut layer)? {
            true => Vec::new(),
            false => self.call(c, &mut layer)?,
        };
        let mut layer = Parser::appended(&path, layer);
        let tail = self.tail(c, &mut layer);
        let ended = self.end_of(c, tail);
        self.method(&path, label, &mut layer);
        if let Some(port) = self.input_of(label.as_ref(), &layer) {
            self.sign = None;
            self.slip(port.shape.span, Slip::Input(layer.op.to_string()));
            self.report_slip(|| format!("input: {port};"));
            self.input_layer = Some(port);
            return Ok(StmtKind::Broken(layer.op.span()));
        }
        if let Some(unpacked) = &self.unpacked {
            self.cut(unpacked, &mut layer);
        }
        if let Some((word, statements)) = self.nested_layers(label.as_ref(), &layer) {
            self.sign = None;
            let (span, layer) = (word.span(), layer.op.to_string());
            self.fault(SyntaxFault::Nested { span, layer, statements, also: Vec::new() });
            return Ok(StmtKind::Broken(span));
        }
        self.report_layer(label.as_ref(), &mut layer, ended);
        Ok(StmtKind::Layer(layer))
    }

    /// `Input(shape=(28, 28, 1))` at the beginning of a chain that has no input: what it must mean.
    fn input_of(&self, label: Option<&Ident>, layer: &Layer) -> Option<Port> {
        let named = matches!(layer.op.to_string().as_str(), "Input" | "InputLayer");
        if self.has_input || self.input_layer.is_some() || !named {
            return None;
        }
        let is_shape = |field: &&Field| field.name == "shape" || field.name == "input_shape";
        let field = layer.args.fields.iter().find(is_shape).map(|field| &field.value);
        let dims = layer.args.positional.first().or(field).and_then(Value::items)?.iter().map(|size| match size {
            Value::Size(size) => Dim::Size(size.clone()),
            Value::Word(name) => Dim::Size(SizeExpr::Name(name.clone())),
            _ => Dim::Broken,
        });
        // A leading `None` is the batch.
        let dims = dims.enumerate().filter(|(axis, dim)| *axis > 0 || !matches!(dim, Dim::Broken));
        let shape = ShapePattern { dims: dims.map(|(_, dim)| dim).collect(), span: layer.op.span() };
        Some(Port { name: label.cloned(), shape })
    }

    /// The end of a layer's statement, and whether its `;` was there.
    fn end_of(&mut self, c: &mut Cursor<'_>, tail: Parsed<()>) -> bool {
        if let Err(fault) = tail {
            self.fault(fault);
            c.skip_statement();
            return true;
        }
        if c.punct(";").is_some() {
            return true;
        }
        if let Some((tokens, found)) = joint(c) {
            // A line of `nn.Sequential(..)`; the rewritten line shows the `;`.
            let rewritten = |slip: &Slip| slip.is_python() && !slip.is_in_arguments();
            if found == "," && self.sign.as_ref().is_some_and(|sign| rewritten(&sign.slip)) {
                c.skip(tokens);
                return false;
            }
            let span = c.span();
            c.skip(tokens);
            let span = span.join(c.last()).unwrap_or(span);
            self.fault(SyntaxFault::End { span, found: Some(found.to_owned()), also: Vec::new() });
            return true;
        }
        if starts_statement(c) {
            // A line of Python has no `;`; the rewritten line shows it.
            if self.sign.is_none() {
                self.fault(SyntaxFault::End { span: c.last(), found: None, also: Vec::new() });
            }
            return false;
        }
        let fault = c.unexpected_with("`;`", after_layer(c));
        self.fault(fault);
        c.skip_statement();
        true
    }

    /// `from a -> [..] restores b`
    fn tail(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) -> Parsed<()> {
        loop {
            let span = c.span();
            let claim = (c.is_word("restores") || c.is_word("from")) && c.colon_at(1) && c.punct_at(3, ";");
            if starts_statement(c) && !claim {
                return Ok(());
            } else if c.word("from").is_some() || self.misspelt(c, "from") {
                self.word("from", span);
                self.in_order(layer.from.is_some(), span, "from");
                if layer.shape.is_some() || layer.restores.is_some() {
                    self.slip(span, Slip::Order("from"));
                }
                self.no_colon(c, "from");
                half_typed(c, "the name of a statement")?;
                layer.from = Some(self.sources(c)?);
            } else if c.colon_at(0) && c.group_at(1, Delimiter::Bracket).is_some() {
                self.slip(span, Slip::Arrow(":".to_owned()));
                c.bump();
                layer.shape = Some(self.shape(c)?);
            } else if let Some((tokens, wrong)) = c.arrow().filter(|(tokens, _)| !starts_layer(c, *tokens)) {
                if let Some(found) = wrong {
                    self.slip(span, Slip::Arrow(found.to_owned()));
                }
                c.skip(tokens);
                if c.ident_at(0).is_some() && c.group_at(1, Delimiter::Bracket).is_some() && layer.op == "Custom" {
                    self.in_order(layer.shape.is_some() || layer.restores.is_some(), span, "->");
                    layer.ports = self.ports(c, Part::Output)?;
                    continue;
                }
                if c.ident_at(0).is_some() && c.group_at(1, Delimiter::Bracket).is_none() && !c.is_labelled() {
                    self.slip(span, Slip::Target { word: "->", takes: "a shape", other: "restores" });
                    layer.restores = c.bump().and_then(ident);
                    continue;
                }
                self.in_order(layer.shape.is_some(), span, "->");
                if layer.restores.is_some() {
                    self.slip(span, Slip::Order("->"));
                }
                layer.shape = Some(self.shape(c)?);
            } else if c.word("restores").is_some() || self.misspelt(c, "restores") {
                self.word("restores", span);
                self.in_order(layer.restores.is_some(), span, "restores");
                self.no_colon(c, "restores");
                if c.group_at(0, Delimiter::Bracket).is_some() {
                    self.slip(span, Slip::Target { word: "restores", takes: "the name of a layer", other: "->" });
                    layer.shape = Some(self.shape(c)?);
                    continue;
                }
                half_typed(c, "the name of a layer")?;
                layer.restores = Some(self.restored(c)?);
            } else {
                return Ok(());
            }
        }
    }

    /// `form a`: a word before a name that must have been this one.
    fn misspelt(&mut self, c: &mut Cursor<'_>, word: &'static str) -> bool {
        let Some(found) = c.ident_at(0).map(ToString::to_string) else { return false };
        let read = c.ident_at(1).is_some() || c.group_at(1, Delimiter::Parenthesis).is_some();
        let nearest = words::nearest(&found, std::iter::once(word.to_owned())).filter(|_| read);
        if nearest.is_some() {
            let what = "a word that follows a layer";
            self.fault(SyntaxFault::UnknownWord { span: c.span(), what, found, known: String::new(), nearest });
            c.bump();
            return true;
        }
        false
    }

    /// `restores: enc1`
    fn no_colon(&mut self, c: &mut Cursor<'_>, word: &'static str) {
        if c.colon_at(0) {
            self.slip(c.span(), Slip::Colon(word.to_owned()));
            c.bump();
        }
    }

    /// The name after `restores`, or in parentheses.
    fn restored(&mut self, c: &mut Cursor<'_>) -> Parsed<Ident> {
        if let Some(group) = c.group(Delimiter::Parenthesis) {
            self.slip(group.span_open(), Slip::Colon("restores".to_owned()));
            let tokens = cursor::plain(group.stream());
            return Cursor::new(&tokens, group.span_open()).ident("the name of a layer");
        }
        c.ident("the name of a layer").map(|name| self.used(name))
    }

    /// `a`, or several without the parentheses around them: `a, b`.
    fn sources(&mut self, c: &mut Cursor<'_>) -> Parsed<Source> {
        let first = self.source(c)?;
        let (span, mut sources) = (c.span(), vec![first]);
        while c.is_punct(",") && c.ident_at(1).is_some() && !starts_layer(c, 1) && !c.colon_at(2) {
            c.bump();
            sources.push(self.source(c)?);
        }
        Ok(match (sources.len(), sources.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                self.slip(span, Slip::NoParentheses("from".to_owned()));
                sources.extend(last);
                Source::Several(sources, span)
            }
        })
    }

    pub(super) fn in_order(&mut self, late: bool, span: Span, word: &'static str) {
        if late {
            self.fault(SyntaxFault::TailOrder { span, word });
        }
    }

    /// The `;` of a header or a port list.
    pub(super) fn semicolon(&mut self, c: &mut Cursor<'_>) {
        if c.punct(";").is_some() {
            return;
        }
        if starts_statement(c) || c.is_word("for") || c.is_word("block") {
            self.fault(SyntaxFault::End { span: c.last(), found: None, also: Vec::new() });
            return;
        }
        if c.is_punct(",") {
            self.fault(SyntaxFault::End { span: c.span(), found: Some(",".to_owned()), also: Vec::new() });
            c.bump();
            return;
        }
        let fault = c.unexpected("`;`");
        self.fault(fault);
        c.skip_statement();
    }
}

/// What joins two layers in other languages where this one has `;`, and its number of tokens.
fn joint(c: &Cursor<'_>) -> Option<(usize, &'static str)> {
    if c.is_punct(",") {
        return Some((1, ","));
    }
    [("->", 2), ("=>", 2), ("|>", 2), (">>", 2), ("|", 1)]
        .into_iter()
        .find(|(text, tokens)| c.is_punct(text) && starts_layer(c, *tokens))
        .map(|(text, tokens)| (tokens, text))
}

/// Whether a layer's name is at an offset.
fn starts_layer(c: &Cursor<'_>, offset: usize) -> bool {
    c.ident_at(offset).is_some_and(|word| words::is_layer(&word.to_string()))
}

fn ident(token: &TokenTree) -> Option<Ident> {
    match token {
        TokenTree::Ident(ident) => Some(ident.clone()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    }
}

/// What to do about a token that cannot follow a layer.
fn after_layer(c: &Cursor<'_>) -> Option<String> {
    let operator = ["+", "-", "*", "/"].into_iter().any(|operator| c.is_punct(operator));
    operator
        .then(|| "give the layer a name and join in a statement of its own: `c: Conv2d(..); Add(c, skip);`".to_owned())
}

/// Reports that `expected` belongs here and not the next statement.
fn half_typed(c: &Cursor<'_>, expected: &'static str) -> Parsed<()> {
    if c.is_labelled() { Err(c.unexpected(expected)) } else { Ok(()) }
}

/// Whether a new statement begins here, or nothing is left: the text before lacks its `;`.
fn starts_statement(c: &Cursor<'_>) -> bool {
    if c.at_end()
        || c.is_punct("#")
        || c.is_labelled()
        || printed(c).is_some()
        || is_self(c)
        || is_repeat(c)
        || is_if(c)
        || is_reuse(c)
    {
        return true;
    }
    let Some(word) = c.ident_at(0) else { return false };
    c.equals_at(1) || words::is_layer(&word.to_string()) || is_module(word) && c.punct_at(1, ".")
}

/// A string literal.
pub(super) fn string(c: &mut Cursor<'_>) -> Option<Text> {
    let Some(TokenTree::Literal(text)) = c.peek() else { return None };
    let Ok(Lit::Str(text)) = literal(text, false) else { return None };
    c.bump();
    Some(text)
}
