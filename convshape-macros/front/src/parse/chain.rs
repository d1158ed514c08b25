//! The struct and the parts of its body in their order.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use super::cursor::{self, Cursor};
use super::header::is_header;
use super::loops::is_loop;
use super::pieces::is_block;
use super::{Parser, Stage};
use crate::fault::{ORDER, Part, SyntaxFault};
use crate::syntax::{Chain, Headers};

/// How far a chain's body was read.
pub(super) struct Progress {
    pub(super) stage: Stage,
    pub(super) input: bool,
    pub(super) output: bool,
    /// The first block that is in its place.
    first_block: Option<String>,
    /// Statements after `output` are reported once.
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
            match c.angles() {
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
            translated: Vec::new(),
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
                let fault = c.unexpected_with("nothing after the chain", help);
                self.fault(fault);
            }
        }
        Some(chain)
    }

    /// The content of the braces.
    fn items(&mut self, group: &Group, chain: &mut Chain) {
        let tokens = cursor::statements(group.stream(), &mut self.faults);
        let mut c = Cursor::new(&tokens, group.span_open());
        if c.at_end() {
            self.fault(SyntaxFault::EmptyChain { span: chain.name.span(), chain: chain.name.to_string() });
            return;
        }
        let mut progress =
            Progress { stage: Stage::Headers, input: false, output: false, first_block: None, late: false };
        while !c.at_end() {
            if c.punct(";").is_none() {
                self.item(&mut c, chain, &mut progress);
            }
        }
        if let Some(port) = self.input_layer.take().filter(|_| !progress.input) {
            progress.input = true;
            (chain.input_span, chain.inputs) = (port.shape.span, vec![port]);
            chain.body.remove(0);
        }
        for (part, seen) in [(Part::Input, progress.input), (Part::Output, progress.output)] {
            if !seen {
                let (span, chain) = (chain.name.span(), chain.name.to_string());
                self.fault(SyntaxFault::Missing { span, part, chain, shape: None });
            }
        }
    }

    /// A header, a block, ports or a statement.
    fn item(&mut self, c: &mut Cursor<'_>, chain: &mut Chain, progress: &mut Progress) {
        skip_docs_of_parts(c, progress.stage);
        if c.at_end() {
            return;
        }
        if c.is_word("for") && !c.colon_at(1) && !is_loop(c) {
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
                    c.skip_statement();
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
                    c.skip_statement();
                }
            }
            return;
        }
        if progress.stage == Stage::Output && !progress.late {
            progress.late = true;
            let part = c.peek().map(ToString::to_string).unwrap_or_default();
            let help = if c.is_labelled() { format!("move `{part}` before `output`") } else { ORDER.to_owned() };
            let place = "after `output`, which must be last";
            self.fault(SyntaxFault::Misplaced { span: c.span(), part, place, help });
        }
        progress.stage = progress.stage.max(Stage::Body);
        let statement = self.statement(c);
        chain.body.extend(statement);
    }

    /// Moves on to a part, or reports that it comes too late.
    pub(super) fn reach(&mut self, stage: Stage, c: &Cursor<'_>, progress: &mut Progress) {
        let first = c.peek().map(ToString::to_string).unwrap_or_default();
        let part = c.ident_at(1).filter(|_| first == "block").map_or(first, |name| format!("block {name}"));
        if stage >= progress.stage {
            progress.stage = stage;
            if stage == Stage::Blocks {
                progress.first_block.get_or_insert(part);
            }
            return;
        }
        let place = match progress.stage {
            Stage::Headers | Stage::Blocks => "after a block, but belongs before it",
            Stage::Input => "after `input`, but belongs before it",
            Stage::Body => "after the first layer, but belongs before it",
            Stage::Output => "after `output`, which must be last",
        };
        // What comes after it in the right order.
        let before = match (stage, &progress.first_block) {
            (Stage::Headers, Some(block)) => Some(block.as_str()),
            (Stage::Headers | Stage::Blocks, _) if progress.input => Some("input"),
            _ => None,
        };
        let help = match before.filter(|_| part != "for") {
            Some(before) => format!("move `{part}` before `{before}`"),
            None => ORDER.to_owned(),
        };
        self.fault(SyntaxFault::Misplaced { span: c.span(), part, place, help });
    }
}

/// Attributes `#[..]`, without derives of `Clone` and `Debug`, which every model has.
fn outer_attrs(c: &mut Cursor<'_>) -> TokenStream {
    let mut attrs = TokenStream::new();
    while let Some(attr) = c.group_at(1, Delimiter::Bracket).filter(|_| c.is_punct("#")) {
        let others = other_derives(attr);
        let start = c.clone();
        c.bump();
        c.bump();
        match others {
            None => attrs.extend(start.until(c).iter().cloned()),
            Some(paths) if paths.is_empty() => {}
            Some(paths) => attrs.extend(quote!(#[derive(#(#paths),*)])),
        }
    }
    attrs
}

/// What a `derive` names besides `Clone` and `Debug`, which every model has; `None` for other attributes.
fn other_derives(attr: &Group) -> Option<Vec<TokenStream>> {
    let tokens: Vec<TokenTree> = attr.stream().into_iter().collect();
    let [TokenTree::Ident(word), TokenTree::Group(paths)] = tokens.as_slice() else { return None };
    let paths: Vec<TokenTree> = paths.stream().into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',');
    let is_own = |path: &&[TokenTree]| {
        let path: String = path.iter().map(ToString::to_string).collect();
        let path = path.trim_start_matches("::");
        let name = ["std::", "core::"].iter().find_map(|root| path.strip_prefix(root)).unwrap_or(path);
        matches!(name, "" | "Clone" | "Debug" | "clone::Clone" | "fmt::Debug")
    };
    let others = paths.split(is_comma).filter(|path| !is_own(path));
    (word == "derive").then(|| others.map(|path| path.iter().cloned().collect()).collect())
}

/// `pub` or `pub(crate)`
fn visibility(c: &mut Cursor<'_>) -> TokenStream {
    let start = c.clone();
    if c.word("pub").is_some() {
        c.group(Delimiter::Parenthesis);
    }
    start.until(c).iter().cloned().collect()
}

/// Skips docs that nothing generated can carry: on `input`, `output`, headers, and at the end.
fn skip_docs_of_parts(c: &mut Cursor<'_>, stage: Stage) {
    let mut after = c.clone();
    let is_doc = |group: &Group| group.stream().into_iter().next().is_some_and(|word| word.to_string() == "doc");
    while after.is_punct("#") && after.group_at(1, Delimiter::Bracket).is_some_and(is_doc) {
        after.skip(2);
    }
    let part = ["input", "output", "for"].into_iter().any(|word| after.is_word(word));
    if part || is_header(&after, stage) || after.at_end() {
        *c = after;
    }
}

fn brace_at(c: &Cursor<'_>, offset: usize) -> bool {
    c.group_at(offset, Delimiter::Brace).is_some()
}
