//! A statement's name.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};

use super::Parser;
use super::cursor::{self, Cursor};
use crate::fault::Slip;
use crate::syntax::Source;
use crate::words;

/// Words of other languages before a new name.
const DECLARATIONS: &[&str] = &["let", "var", "val", "const", "auto"];

impl Parser {
    /// `enc1:`, or what must mean it: `self.enc1 =`, `let enc1 =`, `enc1 := ..`, `conv-1:`.
    pub(super) fn label(&mut self, c: &mut Cursor<'_>) -> Option<Ident> {
        if let Some(group) = printed(c) {
            self.slip(group.span_open(), Slip::Printed(format!("{group}:")));
            c.skip(2);
            let tokens = cursor::plain(group.stream());
            return self.name(&mut Cursor::new(&tokens, group.span_open()));
        }
        let declared = self.declaration(c);
        if c.is_labelled() {
            let label = self.name(c);
            c.bump();
            if declared && c.equals_at(1) && c.ident_at(0).is_some() {
                // `let enc1: Conv2d = Conv2d(..)`
                c.bump();
                c.bump();
            } else if c.equals_at(0) {
                self.slip(
                    c.last(),
                    Slip::Assignment(label.as_ref().map(|label| format!("{label} :")).unwrap_or_default()),
                );
                c.bump();
            }
            return label;
        }
        if lacks_colon(c) {
            let label = self.name(c);
            if let Some(label) = &label {
                self.slip(label.span(), Slip::NoColon(label.to_string()));
            }
            return label;
        }
        self.assigned(c).or_else(|| self.odd_name(c))
    }

    /// A name being defined: not a keyword of Rust.
    pub(super) fn name(&mut self, c: &mut Cursor<'_>) -> Option<Ident> {
        let name = c.ident_at(0)?.clone();
        c.bump();
        let text = name.to_string();
        self.names.push(text.clone());
        if syn::parse_str::<Ident>(&text).is_ok() {
            return Some(name);
        }
        self.slip(name.span(), Slip::Keyword(text.clone()));
        Some(match text.as_str() {
            // These stay keywords.
            "self" | "Self" | "super" | "crate" => Ident::new(&format!("{text}_"), name.span()),
            text => {
                self.keywords.push(text.to_owned());
                Ident::new_raw(text, name.span())
            }
        })
    }

    /// Removes a name that Python gave to an intermediate value if only the next statement reads it.
    pub(super) fn drop_name(&mut self, label: &mut Option<Ident>) {
        if let Some(label) = label.take() {
            self.names.retain(|name| label != name);
        }
    }

    /// Whether everything that is read has a name at this point.
    pub(super) fn knows(&self, source: &Source) -> bool {
        match source {
            Source::Named(reference) => {
                let name = reference.name.to_string();
                name == "input" || self.names.contains(&name)
            }
            Source::Previous => true,
            Source::Several(sources, _) => sources.iter().all(|source| self.knows(source)),
        }
    }

    /// A name being used: a keyword is renamed as in its definition.
    pub(super) fn used(&self, name: Ident) -> Ident {
        let text = name.to_string();
        if self.keywords.contains(&text) { Ident::new_raw(&text, name.span()) } else { name }
    }

    /// `let`, `let mut`, ..
    fn declaration(&mut self, c: &mut Cursor<'_>) -> bool {
        let word = c.ident_at(0).filter(|word| DECLARATIONS.iter().any(|known| *word == known));
        let Some(word) = word.filter(|_| c.ident_at(1).is_some()) else { return false };
        self.slip(word.span(), Slip::Let(word.to_string()));
        c.bump();
        if c.ident_at(1).is_some() {
            c.word("mut");
        }
        true
    }

    /// `enc1 =` or `self.enc1 =`
    fn assigned(&mut self, c: &mut Cursor<'_>) -> Option<Ident> {
        let mut inner = c.clone();
        let on_self = is_self(c);
        if on_self {
            inner.bump();
            inner.bump();
        }
        inner.ident_at(0).filter(|_| inner.equals_at(1))?;
        let span = c.span();
        let label = self.name(&mut inner)?;
        inner.bump();
        let found = if on_self { format!("self.{label}") } else { label.to_string() };
        self.slip(span, Slip::Assignment(found));
        *c = inner;
        Some(label)
    }

    /// `conv-1:`, `"conv1":`, `encoder.conv1:`, `encoder::conv1:`, `1st:`
    fn odd_name(&mut self, c: &mut Cursor<'_>) -> Option<Ident> {
        /// The most tokens of a name that are looked at.
        const LONGEST: usize = 12;
        let end = (1..LONGEST).find(|&at| c.colon_at(at) && !c.punct_at(at - 1, "::"))?;
        if end == 1 && c.ident_at(0).is_some() {
            // `Relu: [16, 14, 14]`
            return None;
        }
        let (span, mut inner) = (c.span(), c.clone());
        let mut written = String::new();
        let mut after_word = false;
        for _ in 0..end {
            let word = match inner.bump()? {
                TokenTree::Ident(part) => part.to_string(),
                TokenTree::Literal(part) => part.to_string(),
                TokenTree::Punct(part) if matches!(part.as_char(), '-' | '.' | ':' | '/') => {
                    written.push(part.as_char());
                    after_word = false;
                    continue;
                }
                TokenTree::Punct(_) | TokenTree::Group(_) => return None,
            };
            // Words with nothing between them are the end of a statement and the name of the next.
            if std::mem::replace(&mut after_word, true) {
                return None;
            }
            written.push_str(&word);
        }
        inner.bump();
        *c = inner;
        let mut name: String =
            written.trim_matches('"').chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        while name.contains("__") {
            name = name.replace("__", "_");
        }
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert_str(0, "layer");
        }
        self.slip(span, Slip::Name(written));
        let name: Option<Ident> = syn::parse_str(&name).ok();
        name.map(|name| Ident::new(&name.to_string(), span))
    }
}

/// The name in parentheses before a layer, as Python prints it: `(conv1): Conv2d(..)`, `(0): ReLU()`.
pub(super) fn printed<'a>(c: &Cursor<'a>) -> Option<&'a Group> {
    let group = c.group_at(0, Delimiter::Parenthesis).filter(|_| c.colon_at(1) && c.ident_at(2).is_some())?;
    let mut inside = group.stream().into_iter();
    let one = matches!(inside.next(), Some(TokenTree::Ident(_) | TokenTree::Literal(_))) && inside.next().is_none();
    one.then_some(group)
}

/// `enc1 Conv2d(..)`
fn lacks_colon(c: &Cursor<'_>) -> bool {
    let known = |place| c.ident_at(place).is_some_and(|word: &Ident| words::is_layer(&word.to_string()));
    c.ident_at(0).is_some() && !known(0) && known(1)
}

/// `self.`
pub(super) fn is_self(c: &Cursor<'_>) -> bool {
    c.is_word("self") && c.punct_at(1, ".") && c.ident_at(2).is_some()
}
