//! The struct, its headers, blocks and ports.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use super::cursor::{self, Cursor, plain};
use super::size::angles;
use super::statement::{skip, string};
use super::{Parsed, Parser};
use crate::fault::{Part, SyntaxFault};
use crate::syntax::{Block, Chain, Headers, Lossy, Port, SymbolDecl};
use crate::words::{self, Lookup};

/// The parts of a chain in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Headers,
    Blocks,
    Input,
    Body,
    Output,
}

/// How far a chain's body was read.
struct Progress {
    stage: Stage,
    input: bool,
    output: bool,
    /// Statements behind `output` are reported once.
    late: bool,
}

impl Parser {
    /// `attrs vis struct Name<..> { .. }`
    pub(super) fn chain(&mut self, c: &mut Cursor<'_>) -> Option<Chain> {
        let attrs = outer_attrs(c);
        let vis = visibility(c);
        let expected = "`struct Name { .. }`";
        if c.word("struct").is_none() {
            let fault = c.unexpected(expected);
            self.fault(fault);
            let found = |c: &Cursor<'_>| c.is_word("struct") || c.ident_at(0).is_some() && brace_at(c, 1);
            while !c.at_end() && !found(c) {
                c.bump();
            }
            c.word("struct");
        }
        let name = match c.ident("the name of the chain") {
            Ok(name) => name,
            Err(fault) => {
                if self.faults.is_empty() {
                    self.fault(fault);
                }
                return None;
            }
        };
        let start = c.clone();
        let mut generics = None;
        if c.is_punct("<") {
            match angles(c) {
                Ok(()) => generics = Some(start.until(c).iter().cloned().collect()),
                Err(fault) => self.fault(fault),
            }
        }
        let mut chain = Chain {
            attrs,
            vis,
            input_span: name.span(),
            output_span: name.span(),
            name,
            generics,
            headers: Headers::default(),
            blocks: Vec::new(),
            inputs: Vec::new(),
            body: Vec::new(),
            outputs: Vec::new(),
            words: Vec::new(),
        };
        if !brace_at(c, 0) {
            if !c.is_punct("<") {
                let fault = c.unexpected("`{` with the chain's layers");
                self.fault(fault);
            }
            while !c.at_end() && !brace_at(c, 0) {
                c.bump();
            }
        }
        if let Some(group) = c.group(Delimiter::Brace) {
            self.items(group, &mut chain);
            if !c.at_end() {
                let help = Some("each chain has a `conv_chain!` of its own".to_owned());
                let fault = c.unexpected_with("nothing behind the chain", help);
                self.fault(fault);
            }
        }
        Some(chain)
    }

    /// What stands between the braces.
    fn items(&mut self, group: &Group, chain: &mut Chain) {
        let tokens = cursor::statements(group.stream(), &mut self.faults);
        let mut c = Cursor::new(&tokens, group.span_open());
        if c.at_end() {
            self.fault(SyntaxFault::EmptyChain { span: chain.name.span(), chain: chain.name.to_string() });
            return;
        }
        let mut progress = Progress { stage: Stage::Headers, input: false, output: false, late: false };
        while !c.at_end() {
            if c.punct(";").is_none() {
                self.item(&mut c, chain, &mut progress);
            }
        }
        for (part, seen) in [(Part::Input, progress.input), (Part::Output, progress.output)] {
            if !seen {
                self.fault(SyntaxFault::Missing { span: chain.name.span(), part, chain: chain.name.to_string() });
            }
        }
    }

    /// A header, a block, ports or a statement.
    fn item(&mut self, c: &mut Cursor<'_>, chain: &mut Chain, progress: &mut Progress) {
        if c.is_word("for") && !c.colon_at(1) {
            self.reach(Stage::Headers, c, progress);
            self.symbols(c, &mut chain.headers.symbols);
            return;
        }
        if is_block(c) {
            self.reach(Stage::Blocks, c, progress);
            let block = self.block(c);
            match block {
                Ok(block) => chain.blocks.push(block),
                Err(fault) => {
                    self.fault(fault);
                    skip(c);
                }
            }
            return;
        }
        if let Some(part) = self.part(c) {
            self.ports_of(part, c, chain, progress);
            return;
        }
        if is_header(c, progress.stage) {
            self.reach(Stage::Headers, c, progress);
            let header = self.header(c, &mut chain.headers);
            match header {
                Ok(()) => self.semicolon(c),
                Err(fault) => {
                    self.fault(fault);
                    skip(c);
                }
            }
            return;
        }
        if progress.stage == Stage::Output && !progress.late {
            progress.late = true;
            let part = c.peek().map(ToString::to_string).unwrap_or_default();
            self.fault(SyntaxFault::Misplaced { span: c.span(), part, place: "behind `output`, which comes last" });
        }
        progress.stage = progress.stage.max(Stage::Body);
        let statement = self.statement(c);
        chain.body.push(statement);
    }

    /// Moves on to a part, or reports that it comes too late.
    fn reach(&mut self, stage: Stage, c: &Cursor<'_>, progress: &mut Progress) {
        if stage >= progress.stage {
            progress.stage = stage;
            return;
        }
        let place = match progress.stage {
            Stage::Headers | Stage::Blocks => "behind a block: it belongs before it",
            Stage::Input => "behind `input`: it belongs before it",
            Stage::Body => "behind the first layer: it belongs before it",
            Stage::Output => "behind `output`, which comes last",
        };
        let part = c.peek().map(ToString::to_string).unwrap_or_default();
        self.fault(SyntaxFault::Misplaced { span: c.span(), part, place });
    }

    /// Whether `input:` or `output:` stands here, or what must mean it: `inputs: [1, 28, 28]`.
    fn part(&mut self, c: &Cursor<'_>) -> Option<Part> {
        let word = c.ident_at(0)?;
        let name = word.to_string();
        let parts = [Part::Input, Part::Output];
        let part = parts.into_iter().find(|part| part.word() == name);
        if c.group_at(1, Delimiter::Bracket).is_some() {
            // `input [1, 28, 28]`; `ports_of` reports the `:`.
            return part;
        }
        if !c.colon_at(1) || part.is_some() {
            return part.filter(|_| c.colon_at(1));
        }
        c.group_at(2, Delimiter::Bracket)?;
        let nearest = words::nearest(&name, parts.iter().map(|part| part.word().to_owned()))?;
        let what = "a part of a chain";
        let known = "`input`, `output`".to_owned();
        let part = parts.into_iter().find(|part| part.word() == nearest);
        self.fault(SyntaxFault::UnknownWord { span: word.span(), what, found: name, known, nearest: Some(nearest) });
        part
    }

    fn ports_of(&mut self, part: Part, c: &mut Cursor<'_>, chain: &mut Chain, progress: &mut Progress) {
        let (seen, stage) = match part {
            Part::Input => (&mut progress.input, Stage::Input),
            Part::Output => (&mut progress.output, Stage::Output),
        };
        let again = std::mem::replace(seen, true);
        let faults = self.faults.len();
        let span = c.span();
        if c.is_word(part.word()) {
            self.word(part.word(), span);
        }
        if again {
            self.fault(SyntaxFault::Twice { span, part: part.word().to_owned() });
        } else {
            self.reach(stage, c, progress);
        }
        c.bump();
        if c.punct(":").is_none() {
            let fault = c.unexpected("`:`");
            self.fault(fault);
        }
        let ports = match self.ports(c) {
            Ok(ports) => {
                self.semicolon(c);
                ports
            }
            Err(fault) => {
                self.fault(fault);
                skip(c);
                Vec::new()
            }
        };
        if again {
            // Once is enough: what stands behind it may not be meant as a port at all.
            self.faults.truncate(faults + 1);
            return;
        }
        match part {
            Part::Input => (chain.input_span, chain.inputs) = (span, ports),
            Part::Output => (chain.output_span, chain.outputs) = (span, ports),
        }
    }

    /// `[1, 28, 28]` or `a [1, 28, 28], b [10]`
    fn ports(&mut self, c: &mut Cursor<'_>) -> Parsed<Vec<Port>> {
        let mut ports = Vec::new();
        loop {
            let name = c.ident_at(0).cloned();
            if name.is_some() {
                c.bump();
            }
            let named = name.is_some();
            let shape = self.shape(c)?;
            ports.push(Port { name, shape });
            if !c.is_punct(",") {
                return Ok(ports);
            }
            if !named {
                let help = Some("several ports have names: `a [1, 28, 28], b [10]`".to_owned());
                return Err(c.unexpected_with("`;`", help));
            }
            c.bump();
            if c.is_punct(";") {
                return Ok(ports);
            }
        }
    }

    /// `dialect: keras`
    fn header(&mut self, c: &mut Cursor<'_>, headers: &mut Headers) -> Parsed<()> {
        let word = c.ident("a header")?;
        c.bump();
        let name = word.to_string();
        let again = match name.as_str() {
            "dialect" => headers.dialect.is_some(),
            "lossy" => headers.lossy.is_some(),
            "weights" => headers.weights.is_some(),
            _ => {
                let nearest = words::nearest(&name, words::HEADERS.iter().map(|&header| header.to_owned()));
                let known = list(words::HEADERS.iter().copied());
                return Err(SyntaxFault::UnknownWord {
                    span: word.span(),
                    what: "a header",
                    found: name,
                    known,
                    nearest,
                });
            }
        };
        if again {
            self.fault(SyntaxFault::Twice { span: word.span(), part: name.clone() });
        }
        self.word(&name, word.span());
        if name == "weights" {
            let Some(path) = string(c) else { return Err(c.unexpected("a file's name in quotes")) };
            headers.weights = Some(path);
            return Ok(());
        }
        let value = c.ident(if name == "dialect" { "the name of a dialect" } else { "`allow`, `warn` or `deny`" })?;
        let (span, found) = (value.span(), value.to_string());
        if name == "dialect" {
            let Some(value) = words::dialect_from_name(&found) else {
                let nearest = words::nearest(&found, words::dialect_names().map(str::to_owned));
                let known = list(words::dialect_names());
                // The words are not known, but what is a chain is still read.
                self.fault(SyntaxFault::UnknownWord { span, what: "a dialect", found, known, nearest });
                return Ok(());
            };
            self.word(&found, span);
            self.dialect = value;
            headers.dialect = Some(value);
            return Ok(());
        }
        let value = match words::find_word(words::LOSSY, &found, self.dialect) {
            Lookup::Found("allow") => Lossy::Allow,
            Lookup::Found("warn") => Lossy::Warn,
            Lookup::Found(_) => Lossy::Deny,
            Lookup::Elsewhere { .. } | Lookup::Unknown { nearest: None } => {
                let known = list(words::LOSSY.iter().map(|word| word.name));
                let what = "a value of `lossy`";
                self.fault(SyntaxFault::UnknownWord { span, what, found, known, nearest: None });
                return Ok(());
            }
            Lookup::Unknown { nearest } => {
                let what = "a value of `lossy`";
                self.fault(SyntaxFault::UnknownWord { span, what, found, known: String::new(), nearest });
                return Ok(());
            }
        };
        headers.lossy = Some(value);
        Ok(())
    }

    /// `for h in 1.., w in 1..=64;`
    fn symbols(&mut self, c: &mut Cursor<'_>, symbols: &mut Vec<SymbolDecl>) {
        c.bump();
        loop {
            match self.symbol(c) {
                Ok(symbol) => symbols.push(symbol),
                Err(fault) => {
                    self.fault(fault);
                    skip(c);
                    return;
                }
            }
            if c.punct(",").is_none() || c.is_punct(";") {
                break;
            }
        }
        self.semicolon(c);
    }

    fn symbol(&mut self, c: &mut Cursor<'_>) -> Parsed<SymbolDecl> {
        let name = c.ident("the name of a size")?;
        if c.word("in").is_none() {
            return Err(c.unexpected("`in` and a range"));
        }
        Ok(SymbolDecl { name, range: self.range(c)? })
    }

    /// `block Name(a, b) { .. }`
    fn block(&mut self, c: &mut Cursor<'_>) -> Parsed<Block> {
        let attrs = self.attrs(c);
        if let Some(name) = &attrs.file_name {
            self.fault(SyntaxFault::Attribute { span: name.span(), found: "#[name]".to_owned() });
        }
        self.word("block", c.span());
        c.bump();
        let name = c.ident("the name of a block")?;
        let Some(group) = c.group(Delimiter::Parenthesis) else {
            return Err(c.unexpected_with("`(` with the parameters", Some(format!("write `block {name}() {{ .. }}`"))));
        };
        let tokens = plain(group.stream());
        let mut params = Vec::new();
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            let param = part.ident("the name of a parameter").and_then(|name| part.end("`,` or `)`").map(|()| name));
            params.extend(self.recorded(param));
        }
        match c.group(Delimiter::Brace) {
            Some(group) => Ok(Block { docs: attrs.docs, name, params, body: self.body(group, "block")? }),
            None => Err(c.unexpected("`{` with the block's statements")),
        }
    }
}

/// `#[..]`, as they stand.
fn outer_attrs(c: &mut Cursor<'_>) -> TokenStream {
    let start = c.clone();
    while c.is_punct("#") && c.group_at(1, Delimiter::Bracket).is_some() {
        c.bump();
        c.bump();
    }
    start.until(c).iter().cloned().collect()
}

/// `pub` or `pub(crate)`
fn visibility(c: &mut Cursor<'_>) -> TokenStream {
    let start = c.clone();
    if c.word("pub").is_some() {
        c.group(Delimiter::Parenthesis);
    }
    start.until(c).iter().cloned().collect()
}

fn brace_at(c: &Cursor<'_>, offset: usize) -> bool {
    c.group_at(offset, Delimiter::Brace).is_some()
}

/// `block Name`, perhaps behind docs.
fn is_block(c: &Cursor<'_>) -> bool {
    let mut at = 0;
    while c.punct_at(at, "#") {
        at += 2;
    }
    c.ident_at(at).is_some_and(|word| word == "block") && c.ident_at(at + 1).is_some()
}

/// Whether `name: value` is a header and not a statement whose layer's name is mistyped: before
/// `input` a lone word or a literal, behind it only the headers that there are.
fn is_header(c: &Cursor<'_>, stage: Stage) -> bool {
    let Some(name) = c.ident_at(0).map(Ident::to_string) else { return false };
    if !c.colon_at(1) {
        return false;
    }
    let known = words::HEADERS.contains(&name.as_str());
    match c.peek_at(2) {
        Some(TokenTree::Literal(_)) => known || stage < Stage::Input,
        Some(TokenTree::Ident(word)) => {
            let word = word.to_string();
            let layer = words::find_layer(&word, convshape_arith::op::Dialect::Torch).any().is_some();
            let lone = c.punct_at(3, ";") && word.starts_with(|first: char| first.is_ascii_lowercase());
            match known {
                true => !layer && c.group_at(3, Delimiter::Parenthesis).is_none(),
                false => stage < Stage::Input && lone && !layer,
            }
        }
        // Half-typed: `dialect:`.
        _ => known && stage < Stage::Input,
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
