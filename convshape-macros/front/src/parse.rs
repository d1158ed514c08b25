//! From tokens to syntax, tolerating errors: what cannot be read is recorded and skipped up to its `;`, and the rest is
//! still parsed.

mod call;
mod chain;
mod comment;
mod condition;
mod cursor;
mod foreign;
mod header;
mod label;
mod loops;
mod nested;
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
mod unpack;
mod value;

use convshape_arith::op::Dialect;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};

use crate::fault::SyntaxFault;
use crate::syntax::{Chain, Port, SizeExpr};
use cursor::Cursor;

/// The deepest nesting of brackets that the parser follows. Deeper recursion could exhaust the stack.
const MAX_DEPTH: usize = 32;

const LAYER: &str = "a layer such as `Conv2d(1 -> 16, kernel: 3)`";

/// The chain as far as it can be read, and the faults. There is a chain as soon as `struct Name` is found.
pub(crate) fn parse(tokens: TokenStream) -> (Option<Chain>, Vec<SyntaxFault>) {
    let mut parser = Parser::new();
    let tokens = cursor::plain(parser.without_comments(tokens));
    let mut cursor = Cursor::new(&tokens, Span::call_site());
    let mut chain = parser.chain(&mut cursor);
    if let Some(chain) = &mut chain {
        chain.words = parser.words;
        chain.translated = parser.translated;
    }
    (chain, parser.faults)
}

/// A text that contains exactly one size.
pub(crate) fn size_of(text: &str) -> Option<SizeExpr> {
    let mut parser = Parser::new();
    let tokens = cursor::plain(text.parse().ok()?);
    let mut cursor = Cursor::new(&tokens, Span::call_site());
    parser.size(&mut cursor).ok().filter(|_| cursor.at_end())
}

/// A piece of syntax, or the fault. A caller that knows where to go on records the fault.
type Parsed<T> = Result<T, SyntaxFault>;

/// The parts of a chain in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Headers,
    Blocks,
    Input,
    Body,
    Output,
}

/// The parser's state while it reads a chain.
struct Parser {
    faults: Vec<SyntaxFault>,
    /// The chain's dialect: Python's order of arguments depends on it.
    dialect: Dialect,
    /// The number of open brackets.
    depth: usize,
    /// The first slip in the statement that is being read.
    sign: Option<slip::Sign>,
    /// Each `None` of the current statement.
    nothing: Vec<Span>,
    /// The number of slips so far.
    slips: usize,
    /// Whether the chain's input was read.
    has_input: bool,
    /// The input of a chain that begins with a layer of this name.
    input_layer: Option<Port>,
    /// The names that the current statement gives to its outputs.
    unpacked: Option<unpack::Unpacked>,
    /// The names defined so far.
    names: Vec<String>,
    /// The names of the blocks so far.
    blocks: Vec<String>,
    /// Rust's keywords that are used as names of statements.
    keywords: Vec<String>,
    /// The grammar words read so far.
    words: Vec<Ident>,
    /// The words of other dialects that were translated so far.
    translated: Vec<(Ident, &'static [Dialect])>,
}

impl Parser {
    fn new() -> Parser {
        Parser {
            faults: Vec::new(),
            dialect: Dialect::Torch,
            depth: 0,
            sign: None,
            nothing: Vec::new(),
            slips: 0,
            has_input: false,
            input_layer: None,
            unpacked: None,
            names: Vec::new(),
            blocks: Vec::new(),
            keywords: Vec::new(),
            words: Vec::new(),
            translated: Vec::new(),
        }
    }

    /// Records a fault. A habit that occurs in several lines is reported once.
    fn fault(&mut self, fault: SyntaxFault) {
        if !self.faults.iter_mut().any(|earlier| earlier.takes_in(&fault)) {
            self.faults.push(fault);
        }
    }

    /// Stores a word of the grammar, for editors.
    fn word(&mut self, word: &str, span: Span) {
        self.words.push(Ident::new(word, span));
    }

    /// The value, or `None` with its fault recorded.
    fn recorded<T>(&mut self, parsed: Parsed<T>) -> Option<T> {
        parsed.map_err(|fault| self.fault(fault)).ok()
    }

    /// Reads inside a bracket, unless brackets are nested too deeply.
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

/// What messages call a token.
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

/// A token's text, shortened if it would fill the screen.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}
