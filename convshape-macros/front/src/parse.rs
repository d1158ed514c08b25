//! Tokens to syntax, tolerant of errors: what cannot be read is recorded and skipped to its `;`,
//! and the rest is still parsed.

mod call;
mod chain;
mod comment;
mod condition;
mod cursor;
mod foreign;
mod header;
mod label;
mod loops;
mod number;
mod operators;
mod pieces;
mod ports;
mod python;
mod shape;
mod size;
mod slip;
mod source;
mod statement;
#[cfg(test)]
mod tests;
mod value;

use convshape_arith::op::Dialect;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};

use crate::fault::SyntaxFault;
use crate::syntax::{Chain, SizeExpr};
use cursor::Cursor;

/// Brackets in brackets that the parser follows. Beyond, recursion could exhaust the stack.
const MAX_DEPTH: usize = 32;

/// The chain as far as it can be read, and what could not be. There is a chain as soon as
/// `struct Name` can be seen.
pub(crate) fn parse(tokens: TokenStream) -> (Option<Chain>, Vec<SyntaxFault>) {
    let mut parser = Parser::new();
    let tokens = cursor::plain(parser.without_comments(tokens));
    let mut cursor = Cursor::new(&tokens, Span::call_site());
    let mut chain = parser.chain(&mut cursor);
    if let Some(chain) = &mut chain {
        chain.words = parser.words;
    }
    (chain, parser.faults)
}

/// A text that is one size.
pub(crate) fn size_of(text: &str) -> Option<SizeExpr> {
    let mut parser = Parser::new();
    let tokens = cursor::plain(text.parse().ok()?);
    let mut cursor = Cursor::new(&tokens, Span::call_site());
    parser.size(&mut cursor).ok().filter(|_| cursor.at_end())
}

/// A piece of syntax, or why it could not be read. Whoever knows where to go on records the fault.
type Parsed<T> = Result<T, SyntaxFault>;

/// What the parser keeps while it reads a chain.
struct Parser {
    faults: Vec<SyntaxFault>,
    /// The chain's dialect: Python's order of arguments depends on it.
    dialect: Dialect,
    /// The brackets that are open.
    depth: usize,
    /// The first slip in the statement that is being read.
    sign: Option<slip::Sign>,
    /// The names that were given.
    names: Vec<String>,
    /// The keywords of Rust that statements are called by.
    keywords: Vec<String>,
    /// The words of the grammar that were read.
    words: Vec<Ident>,
}

impl Parser {
    fn new() -> Parser {
        Parser {
            faults: Vec::new(),
            dialect: Dialect::Torch,
            depth: 0,
            sign: None,
            names: Vec::new(),
            keywords: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Records a fault. What is the same habit in another line is reported once.
    fn fault(&mut self, fault: SyntaxFault) {
        if !self.faults.iter_mut().any(|earlier| earlier.takes_in(&fault)) {
            self.faults.push(fault);
        }
    }

    /// Keeps a word of the grammar, for editors.
    fn word(&mut self, word: &str, span: Span) {
        self.words.push(Ident::new(word, span));
    }

    /// The value, or `None` with its fault recorded.
    fn recorded<T>(&mut self, parsed: Parsed<T>) -> Option<T> {
        parsed.map_err(|fault| self.fault(fault)).ok()
    }

    /// Reads inside a bracket, as far as brackets may nest.
    fn nested<T>(&mut self, span: Span, read: impl FnOnce(&mut Parser) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxFault::TooDeep { span });
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}

/// What a token is called in a message.
fn describe(token: &TokenTree) -> String {
    let text = match token {
        TokenTree::Group(group) => match group.delimiter() {
            proc_macro2::Delimiter::Parenthesis => "(",
            proc_macro2::Delimiter::Bracket => "[",
            proc_macro2::Delimiter::Brace => "{",
            proc_macro2::Delimiter::None => "",
        }
        .to_owned(),
        other => other.to_string(),
    };
    format!("`{}`", shortened(&text))
}

/// A token's text, cut where it would fill the screen.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}
