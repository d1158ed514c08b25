//! Statements with bodies: blocks, repeats and `if`, and `reuse`.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};

use super::cursor::{self, Cursor, plain};
use super::number::{Lit, literal};
use super::value::compares;
use super::{Parsed, Parser};
use crate::fault::SyntaxFault;
use crate::syntax::{Block, Body, BodyOutput, Branch, Count, If, Param, ParamKind, Repeat, Reuse, Stmt, Value};
use crate::words;

impl Parser {
    /// `block Name(a, b: bool = true) reads x, y { .. }`
    pub(super) fn block(&mut self, c: &mut Cursor<'_>) -> Parsed<Block> {
        let attrs = self.attrs(c);
        if let Some(name) = &attrs.file_name {
            self.fault(SyntaxFault::Attribute { span: name.span(), found: "#[name]".to_owned() });
        }
        self.word("block", c.span());
        c.bump();
        let name = c.ident("the name of a block")?;
        self.blocks.push(name.to_string());
        let mut params = Vec::new();
        match c.group(Delimiter::Parenthesis) {
            Some(group) => {
                let tokens = plain(group.stream());
                for mut part in Cursor::new(&tokens, group.span_open()).split() {
                    let param = self.param(&mut part);
                    params.extend(self.recorded(param));
                }
            }
            // Its uses are read as those of a block without parameters.
            None => {
                let rest = if c.is_word("reads") { " reads .." } else { "" };
                let help = format!("write `block {name}(){rest} {{ .. }}`");
                self.recorded::<()>(Err(c.unexpected_with("`(` with the parameters", Some(help))));
            }
        }
        let reads = self.reads(c)?;
        match c.group(Delimiter::Brace) {
            Some(group) => Ok(Block {
                docs: attrs.docs,
                transparent: attrs.transparent.is_some(),
                name,
                params,
                body: self.body(group, "block", reads)?,
            }),
            None => Err(c.unexpected("`{` with the block's statements")),
        }
    }

    /// `act: activation = Relu`
    fn param(&mut self, c: &mut Cursor<'_>) -> Parsed<Param> {
        let name = c.ident("the name of a parameter")?;
        let mut kind = ParamKind::Size;
        if c.punct(":").is_some() {
            let word = c.ident("`size`, `bool`, `real` or `activation`")?;
            let (span, found) = (word.span(), word.to_string());
            match ParamKind::ALL.into_iter().find(|kind| kind.word() == found) {
                Some(known) => {
                    self.word(known.word(), span);
                    kind = known;
                }
                None => {
                    let words = || ParamKind::ALL.iter().map(|kind| kind.word());
                    let nearest = words::nearest(&found, words().map(str::to_owned));
                    // The body is read as it was probably meant.
                    let meant = ParamKind::ALL.into_iter().find(|kind| nearest.as_deref() == Some(kind.word()));
                    kind = meant.unwrap_or(kind);
                    let known = words::list(words());
                    let what = "a kind of parameter";
                    self.fault(SyntaxFault::UnknownWord { span, what, found, known, nearest });
                }
            }
        }
        let mut default = None;
        if c.punct("=").is_some() {
            if let Some(fault) = compares(c) {
                return Err(fault);
            }
            default = Some(self.value(c)?);
        }
        c.end("`,` or `)`")?;
        Ok(Param { name, kind, default })
    }

    /// `reads x, y`
    fn reads(&mut self, c: &mut Cursor<'_>) -> Parsed<Vec<Ident>> {
        let mut names = Vec::new();
        let Some(span) = c.word("reads") else { return Ok(names) };
        self.word("reads", span);
        loop {
            let name = c.ident("the name of an input")?;
            if names.contains(&name) {
                self.fault(SyntaxFault::Twice { span: name.span(), part: name.to_string() });
            } else {
                names.push(name);
            }
            if c.punct(",").is_none() {
                return Ok(names);
            }
        }
    }

    /// The statements of a block or a repeat, and its outputs.
    fn body(&mut self, group: &Group, what: &'static str, reads: Vec<Ident>) -> Parsed<Body> {
        self.nested(group.span_open(), |parser| {
            let tokens = cursor::statements(group.stream(), &mut parser.faults);
            let mut c = Cursor::new(&tokens, group.span_open());
            let mut body = Body { reads, stmts: Vec::new(), outputs: Vec::new() };
            if c.at_end() {
                parser.fault(SyntaxFault::EmptyBody { span: group.span(), what });
            }
            let mut output = None;
            while !c.at_end() {
                if c.punct(";").is_some() {
                    continue;
                }
                let span = c.span();
                if c.is_labelled() && c.is_word("input") {
                    let (part, place) = ("input".to_owned(), "inside a body");
                    let help = "name what the body reads in front of it: `reads a, b {`".to_owned();
                    parser.fault(SyntaxFault::Misplaced { span, part, place, help });
                    c.bump();
                    c.skip_statement();
                } else if c.is_labelled() && c.is_word("output") {
                    if output.replace(span).is_some() {
                        parser.fault(SyntaxFault::Twice { span, part: "output".to_owned() });
                        c.bump();
                        c.skip_statement();
                        continue;
                    }
                    parser.word("output", span);
                    c.bump();
                    c.bump();
                    body.outputs = parser.body_outputs(&mut c);
                } else {
                    if output.is_some() {
                        let part = c.peek().map(ToString::to_string).unwrap_or_default();
                        let place = "after `output`, which must be last";
                        let help = "move it in front of `output`".to_owned();
                        parser.fault(SyntaxFault::Misplaced { span, part, place, help });
                        // Reporting it once is enough.
                        while c.bump().is_some() {}
                        break;
                    }
                    body.stmts.extend(parser.statement(&mut c));
                }
            }
            Ok(body)
        })
    }

    /// `y, z: w.k [16]`, up to the `;`
    fn body_outputs(&mut self, c: &mut Cursor<'_>) -> Vec<BodyOutput> {
        let mut outputs = Vec::new();
        loop {
            let output = self.body_output(c);
            match output {
                Ok(output) => outputs.push(output),
                Err(fault) => {
                    self.fault(fault);
                    c.skip_statement();
                    return outputs;
                }
            }
            if c.punct(",").is_none() || c.is_punct(";") {
                self.semicolon(c);
                return outputs;
            }
        }
    }

    fn body_output(&mut self, c: &mut Cursor<'_>) -> Parsed<BodyOutput> {
        let span = c.span();
        let mut name = None;
        if c.is_labelled() {
            name = c.ident_at(0).cloned();
            c.bump();
            c.bump();
        }
        let source = match c.peek() {
            Some(TokenTree::Ident(_)) => self.source(c)?,
            _ => return Err(c.unexpected("the name of a statement")),
        };
        let shape = match c.group_at(0, Delimiter::Bracket) {
            Some(_) => Some(self.shape(c)?),
            None => None,
        };
        Ok(BodyOutput { name, source, shape, span })
    }

    /// `repeat 3 { .. }`, `repeat (c, n) in [..] reads x, y from (a, b) { .. }`
    pub(super) fn repeat(&mut self, c: &mut Cursor<'_>) -> Parsed<Repeat> {
        let span = c.span();
        self.word("repeat", span);
        c.bump();
        let count = self.count(c)?;
        let reads = self.reads(c)?;
        let mut from = None;
        let word = c.span();
        if c.word("from").is_some() {
            self.word("from", word);
            from = Some(self.source(c)?);
        }
        match c.group(Delimiter::Brace) {
            Some(group) => Ok(Repeat { span, count, from, body: self.body(group, "repeat", reads)? }),
            None => {
                let help =
                    c.is_word("reads").then(|| "`reads` comes first: `repeat 2 reads a, b from (x, y) {`".to_owned());
                Err(c.unexpected_with("`{` with the statements that are repeated", help))
            }
        }
    }

    /// `3`, `i in 0..3`, `(c, n) in [(16, 1), (24, 2)]`
    fn count(&mut self, c: &mut Cursor<'_>) -> Parsed<Count> {
        let is_in = |c: &Cursor<'_>| c.ident_at(1).is_some_and(|word| word == "in");
        let vars = match (c.ident_at(0), c.group_at(0, Delimiter::Parenthesis)) {
            (Some(var), _) if is_in(c) => vec![var.clone()],
            (_, Some(group)) if is_in(c) => {
                let tokens = plain(group.stream());
                let mut vars = Vec::new();
                for mut part in Cursor::new(&tokens, group.span_open()).split() {
                    vars.push(part.ident("the name of a variable")?);
                    part.end("`,` or `)`")?;
                }
                vars
            }
            _ => return self.turns(c),
        };
        let span = c.span();
        c.bump();
        let word = c.span();
        self.word("in", word);
        c.bump();
        if let Some(group) = c.group(Delimiter::Bracket) {
            return Ok(Count::List { vars, values: self.value_list(group)?, span: group.span() });
        }
        match <[Ident; 1]>::try_from(vars) {
            Ok([var]) => Ok(Count::Range { var, range: self.range(c)? }),
            Err(_) => {
                let help = Some("several variables take tuples: `(c, n) in [(16, 1), (24, 2)]`".to_owned());
                let found = c.peek().map_or_else(|| "nothing".to_owned(), super::describe);
                Err(SyntaxFault::Unexpected { span, found, expected: "a list of tuples", help })
            }
        }
    }

    /// The number of passes, as a size.
    fn turns(&mut self, c: &mut Cursor<'_>) -> Parsed<Count> {
        let help =
            || Some("write `repeat 3 { .. }`, `repeat i in 0..3 { .. }` or `repeat c in [16, 32] { .. }`".to_owned());
        match c.peek() {
            Some(TokenTree::Literal(number)) if !matches!(literal(number, false)?, Lit::Int(_)) => {
                return Err(c.unexpected("a whole number"));
            }
            Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::Parenthesis => {
                return Err(c.unexpected_with("a number or `name in ..`", help()));
            }
            None => return Err(c.unexpected_with("a number or `name in ..`", help())),
            _ => {}
        }
        let size = self.size(c)?;
        let ends = c.is_word("reads") || c.is_word("from") || c.group_at(0, Delimiter::Brace).is_some();
        if ends || c.at_end() {
            Ok(Count::Times(size))
        } else {
            Err(c.unexpected_with("a number or `name in ..`", help()))
        }
    }

    /// Values between brackets: `[16, 32]`, `[(16, Relu), (32, Silu)]`.
    fn value_list(&mut self, group: &Group) -> Parsed<Vec<Value>> {
        self.nested(group.span(), |parser| {
            let tokens = plain(group.stream());
            let mut values = Vec::new();
            for mut part in Cursor::new(&tokens, group.span_open()).split() {
                values.push(parser.value(&mut part)?);
                part.end("`,` or `]`")?;
            }
            Ok(values)
        })
    }

    /// `if a == b { .. } else if c { .. } else { .. }`
    pub(super) fn branches(&mut self, c: &mut Cursor<'_>) -> Parsed<If> {
        let span = c.span();
        let mut branches = Vec::new();
        loop {
            self.word("if", c.span());
            c.bump();
            let condition = Some(self.condition(c)?);
            branches.push(Branch { condition, stmts: self.branch(c)? });
            let word = c.span();
            if c.is_word("elif") || c.is_word("elsif") {
                return Err(c.unexpected_with("`else if`", Some("write `else if a == b { .. }`".to_owned())));
            }
            if c.word("else").is_none() {
                break;
            }
            self.word("else", word);
            if c.is_word("if") {
                continue;
            }
            branches.push(Branch { condition: None, stmts: self.branch(c)? });
            break;
        }
        Ok(If { span, branches })
    }

    /// `{ stmt* }`
    fn branch(&mut self, c: &mut Cursor<'_>) -> Parsed<Vec<Stmt>> {
        let Some(group) = c.group(Delimiter::Brace) else {
            return Err(c.unexpected("`{` with the statements of this branch"));
        };
        self.nested(group.span_open(), |parser| {
            let tokens = cursor::statements(group.stream(), &mut parser.faults);
            let mut c = Cursor::new(&tokens, group.span_open());
            let mut stmts = Vec::new();
            while !c.at_end() {
                if c.punct(";").is_some() {
                    continue;
                }
                if c.is_labelled() && (c.is_word("input") || c.is_word("output")) {
                    let part = c.peek().map(ToString::to_string).unwrap_or_default();
                    let place = "inside an `if`";
                    let help = "name a statement in each branch, and give that after the `if`".to_owned();
                    parser.fault(SyntaxFault::Misplaced { span: c.span(), part, place, help });
                    c.bump();
                    c.skip_statement();
                    continue;
                }
                stmts.extend(parser.statement(&mut c));
            }
            Ok(stmts)
        })
    }

    /// `reuse head from p4 -> [16, 14, 14];`
    pub(super) fn reuse(&mut self, c: &mut Cursor<'_>) -> Parsed<Reuse> {
        let span = c.span();
        self.word("reuse", span);
        c.bump();
        let of = c.ident("the name of a statement").map(|name| self.used(name))?;
        let (mut from, mut shape) = (None, None);
        loop {
            let at = c.span();
            if c.word("from").is_some() {
                self.word("from", at);
                self.in_order(from.is_some() || shape.is_some(), at, "from");
                from = Some(self.source(c)?);
            } else if c.punct("->").is_some() {
                self.in_order(shape.is_some(), at, "->");
                shape = Some(self.shape(c)?);
            } else if c.group_at(0, Delimiter::Parenthesis).is_some() {
                let help = Some(format!("its arguments are those of `{of}`: write `reuse {of} from a;`"));
                return Err(c.unexpected_with("`from`, `->` or `;`", help));
            } else {
                break;
            }
        }
        self.semicolon(c);
        Ok(Reuse { span, of, from, shape })
    }
}

/// `repeat 3`, `repeat n`, `repeat (c, n) in ..`; `repeat` alone could be the name of a block.
pub(super) fn is_repeat(c: &Cursor<'_>) -> bool {
    if !c.is_word("repeat") {
        return false;
    }
    match c.peek_at(1) {
        Some(TokenTree::Literal(_)) => true,
        Some(TokenTree::Ident(word)) => word != "from" && word != "restores",
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => true,
        // `repeat (n + 1) { .. }`, not `repeat(3);`.
        Some(TokenTree::Group(_)) => body_follows(c),
        Some(TokenTree::Punct(punct)) => punct.as_char() == '<' && body_follows(c),
        None => false,
    }
}

/// Whether `{` comes before the next `;`.
fn body_follows(c: &Cursor<'_>) -> bool {
    (1..c.left()).find_map(|at| match c.peek_at(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Some(true),
        Some(TokenTree::Punct(punct)) if punct.as_char() == ';' => Some(false),
        _ => None,
    }) == Some(true)
}

/// `if`, which is not the name of a layer.
pub(super) fn is_if(c: &Cursor<'_>) -> bool {
    c.is_word("if") && !c.colon_at(1)
}

/// `reuse head`; `reuse` alone could be the name of a block.
pub(super) fn is_reuse(c: &Cursor<'_>) -> bool {
    c.is_word("reuse") && c.ident_at(1).is_some_and(|word| word != "from" && word != "restores")
}

/// `block Name`, perhaps after docs.
pub(super) fn is_block(c: &Cursor<'_>) -> bool {
    let mut at = 0;
    while c.punct_at(at, "#") {
        at += 2;
    }
    c.ident_at(at).is_some_and(|word| word == "block") && c.ident_at(at + 1).is_some()
}
