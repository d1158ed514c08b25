//! Lines from the program around a model, which a chain cannot contain: `import`, `def forward`, `return`.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::cursor::Cursor;
use crate::fault::{FORWARD, SyntaxFault};

/// What a line that begins with this word is for, and what serves that purpose here.
const WORDS: &[(&[&str], &str)] = &[
    (&["return", "yield"], "the last statement is the output; for another write its name: `output: x [16];`"),
    (&["import", "use", "static", "type", "extern"], OUTSIDE),
    (&["const", "let"], NUMBER),
    (
        &["def", "fn", "class", "impl", "struct", "mod"],
        "a piece of a chain is a block, before `input`: `block Res(c) { .. }`",
    ),
    (&["while"], "write how often: `repeat 3 { .. }`"),
    (&["print", "assert", "pass", "with", "try", "super", "println", "raise", "match"], "leave it out"),
];

const OUTSIDE: &str = "write it outside `conv_chain!`";
const NUMBER: &str = "write numbers outside `conv_chain!`: `const C: usize = 16;`";

/// The fault of a line that is not a statement, at the position after its name.
pub(super) fn foreign(c: &Cursor<'_>, declared: Option<&Ident>) -> Option<SyntaxFault> {
    let fault =
        |found: &str, help| SyntaxFault::Foreign { span: c.span(), found: found.to_owned(), help, also: Vec::new() };
    let line = line(c);
    if c.is_word("def") && c.ident_at(1).is_some_and(|name| name == "forward" || name == "__call__" || name == "call") {
        return Some(fault("def", FORWARD));
    }
    if mentions_self(line.iter().copied().cloned().collect(), super::MAX_DEPTH) {
        return Some(fault("self", FORWARD));
    }
    if let (Some(name), Some(TokenTree::Literal(number))) = (declared, c.peek()) {
        return Some(fault(&format!("{name} = {number}"), NUMBER));
    }
    let import = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "import");
    if c.is_word("from") && line.iter().any(|token| import(token)) {
        return Some(fault("import", OUTSIDE));
    }
    let word = c.ident_at(0)?.to_string();
    let (_, help) = WORDS.iter().find(|(words, _)| words.contains(&word.as_str()))?;
    // Unless it names a block.
    let called = c.group_at(1, Delimiter::Parenthesis).is_some() && !matches!(word.as_str(), "print" | "super");
    (!called).then(|| fault(&word, help))
}

/// Skips a line that is not a statement: to its end, its `;` or its braces.
pub(super) fn skip_line(c: &mut Cursor<'_>) {
    for _ in line(c) {
        c.bump();
    }
    c.punct(";");
}

/// The tokens up to the end of the line, or to a `;` or braces in it.
fn line<'a>(c: &Cursor<'a>) -> Vec<&'a TokenTree> {
    let line = c.span().start().line;
    let mut rest = c.clone();
    let mut tokens = Vec::new();
    while let Some(token) = rest.peek().filter(|token| !rest.is_punct(";") && token.span().start().line == line) {
        tokens.push(token);
        rest.bump();
        if rest.left() == 0 || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace) {
            break;
        }
    }
    tokens
}

fn mentions_self(tokens: TokenStream, depth: usize) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            TokenTree::Group(group) => depth > 0 && mentions_self(group.stream(), depth - 1),
            TokenTree::Ident(word) => {
                word == "self" && matches!(tokens.peek(), Some(TokenTree::Punct(dot)) if dot.as_char() == '.')
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
    }
    false
}
