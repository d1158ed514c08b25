//! Sizes: arithmetic of numbers, names and paths; and ranges of them.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use super::cursor::{Cursor, plain};
use super::number::{Lit, literal};
use super::{Parsed, Parser};
use crate::fault::SyntaxFault;
use crate::syntax::{Operator, Range, SizeExpr};

/// Operators in one size that are followed. Beyond, later stages could exhaust the stack.
const MAX_OPERATORS: usize = 64;

impl Parser {
    /// Sizes between brackets: `[16, 32]`.
    pub(super) fn sizes(&mut self, group: &Group) -> Parsed<Vec<SizeExpr>> {
        let tokens = plain(group.stream());
        let parts = Cursor::new(&tokens, group.span_open()).split();
        let mut sizes = Vec::new();
        for mut part in parts {
            sizes.push(self.size(&mut part)?);
            part.end("`,` or `]`")?;
        }
        Ok(sizes)
    }

    /// `1..`, `1..64` or `1..=64`
    pub(super) fn range(&mut self, c: &mut Cursor<'_>) -> Parsed<Range> {
        let low = self.size(c)?;
        self.range_from(low, c)
    }

    pub(super) fn range_from(&mut self, low: SizeExpr, c: &mut Cursor<'_>) -> Parsed<Range> {
        let inclusive = c.punct("..=").is_some();
        if !inclusive && c.punct("..").is_none() {
            return Err(c.unexpected_with("a range", Some("ranges are written `1..`, `1..64` or `1..=64`".to_owned())));
        }
        // A repeat's body ends the range too; it is the resolver that misses the end then.
        let open = c.at_end() || c.is_punct(";") || c.is_punct(",") || c.group_at(0, Delimiter::Brace).is_some();
        let high = if open && !inclusive { None } else { Some(self.size(c)?) };
        Ok(Range { low, high, inclusive })
    }

    /// A size: sums of products of numbers, names and paths.
    pub(super) fn size(&mut self, c: &mut Cursor<'_>) -> Parsed<SizeExpr> {
        let mut operators = 0;
        let mut sum = self.product(c, &mut operators)?;
        loop {
            let operator = match () {
                () if c.is_punct("->") => return Ok(sum),
                () if c.is_punct("+") => Operator::Add,
                () if c.is_punct("-") => Operator::Sub,
                () => return Ok(sum),
            };
            sum = self.binary(sum, operator, c, &mut operators, Parser::product)?;
        }
    }

    fn product(&mut self, c: &mut Cursor<'_>, operators: &mut usize) -> Parsed<SizeExpr> {
        let mut product = self.factor(c, operators)?;
        loop {
            let operator = match () {
                () if c.is_punct("*") => Operator::Mul,
                () if c.is_punct("/") => Operator::Div,
                () => return Ok(product),
            };
            product = self.binary(product, operator, c, operators, Parser::factor)?;
        }
    }

    /// The operator at the cursor and its right side.
    fn binary(
        &mut self,
        left: SizeExpr,
        operator: Operator,
        c: &mut Cursor<'_>,
        operators: &mut usize,
        right: impl FnOnce(&mut Parser, &mut Cursor<'_>, &mut usize) -> Parsed<SizeExpr>,
    ) -> Parsed<SizeExpr> {
        let span = count(c, operators)?;
        let right = right(self, c, operators)?;
        Ok(SizeExpr::Binary { left: Box::new(left), operator, right: Box::new(right), span })
    }

    fn factor(&mut self, c: &mut Cursor<'_>, operators: &mut usize) -> Parsed<SizeExpr> {
        let negative = c.is_punct("-") && !c.is_punct("->");
        if let Some(TokenTree::Literal(number)) = c.peek_at(usize::from(negative)) {
            let span = c.span();
            return match literal(number, negative)? {
                Lit::Int(value) => {
                    c.bump();
                    if negative {
                        c.bump();
                    }
                    Ok(SizeExpr::Int { value, span })
                }
                _ => Err(c.unexpected_with("a size", Some("sizes are whole numbers such as `16`".to_owned()))),
            };
        }
        if negative {
            let span = count(c, operators)?;
            let of = Box::new(self.factor(c, operators)?);
            return Ok(SizeExpr::Negated { of, span });
        }
        if let Some(group) = c.group(Delimiter::Parenthesis) {
            return self.nested(group.span(), |parser| {
                let tokens = plain(group.stream());
                let mut inner = Cursor::new(&tokens, group.span_open());
                let size = parser.size(&mut inner)?;
                inner.end("`)`")?;
                Ok(size)
            });
        }
        path(c)
    }
}

/// Takes an operator, as far as one size has them.
fn count(c: &mut Cursor<'_>, operators: &mut usize) -> Parsed<Span> {
    let span = c.span();
    *operators += 1;
    if *operators > MAX_OPERATORS {
        return Err(SyntaxFault::TooDeep { span });
    }
    c.bump();
    Ok(span)
}

/// `C`, `cfg::C`, `Self::C`, `Encoder<28>`, `<T as Sizes>::C`
fn path(c: &mut Cursor<'_>) -> Parsed<SizeExpr> {
    let expected = "a value";
    let start = c.clone();
    if c.is_punct("<") {
        angles(c)?;
    } else {
        c.punct("::");
        c.ident(expected)?;
    }
    loop {
        if c.is_punct("<") {
            angles(c)?;
        } else if c.punct("::").is_some() {
            if !c.is_punct("<") {
                c.ident("the rest of a path")?;
            }
        } else {
            break;
        }
    }
    let tokens = start.until(c);
    Ok(match tokens {
        [TokenTree::Ident(name)] => SizeExpr::Name(Ident::clone(name)),
        _ => SizeExpr::Path { tokens: tokens.iter().cloned().collect::<TokenStream>(), span: start.span() },
    })
}

/// `<..>` with what stands between; the cursor stays where there is no `>`.
pub(super) fn angles(c: &mut Cursor<'_>) -> Parsed<()> {
    let open = c.clone();
    let mut depth = 0_usize;
    while !c.at_end() {
        if c.punct("->").is_some() {
            continue;
        }
        if c.is_punct("<") {
            depth += 1;
        } else if c.is_punct(">") {
            depth -= 1;
        }
        c.bump();
        if depth == 0 {
            return Ok(());
        }
    }
    *c = open;
    Err(c.unexpected_with("a value", Some("this `<` has no `>`".to_owned())))
}
