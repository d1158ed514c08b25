//! Comments as Python writes them, `# ..`: the rest of the line.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{MAX_DEPTH, Parser};
use crate::fault::SyntaxFault;

impl Parser {
    /// The tokens without comments, which are reported.
    pub(super) fn without_comments(&mut self, tokens: TokenStream) -> TokenStream {
        if has_comment(&tokens, MAX_DEPTH) { self.strip(tokens, MAX_DEPTH) } else { tokens }
    }

    fn strip(&mut self, tokens: TokenStream, depth: usize) -> TokenStream {
        let mut kept = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            if is_hash(&token) && !tokens.peek().is_some_and(follows_hash) {
                self.fault(SyntaxFault::Comment { span: token.span(), also: Vec::new() });
                let line = token.span().start().line;
                while tokens.next_if(|token| token.span().start().line == line).is_some() {}
                continue;
            }
            kept.push(match token {
                TokenTree::Group(group) if depth > 0 => {
                    let mut stripped = Group::new(group.delimiter(), self.strip(group.stream(), depth - 1));
                    stripped.set_span(group.span());
                    stripped.into()
                }
                token => token,
            });
        }
        kept.into_iter().collect()
    }
}

fn has_comment(tokens: &TokenStream, depth: usize) -> bool {
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Group(group) => depth > 0 && has_comment(&group.stream(), depth - 1),
            token => is_hash(token) && !tokens.peek().is_some_and(follows_hash),
        };
        if found {
            return true;
        }
    }
    false
}

fn is_hash(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#')
}

/// What turns a `#` into an attribute: brackets, or `!` before them.
fn follows_hash(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
        TokenTree::Punct(punct) => punct.as_char() == '!',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}
