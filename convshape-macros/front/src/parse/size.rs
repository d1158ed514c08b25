//! Sizes: arithmetic of numbers, names and paths; and ranges of them.

use convshape_arith::operator::Operator;
use proc_macro2::{Delimiter, Ident, Literal, Span, TokenStream, TokenTree};

use super::cursor::{Cursor, plain};
use super::number::{Lit, literal};
use super::{Parsed, Parser};
use crate::fault::{Slip, SyntaxFault};
use crate::syntax::{Range, SizeExpr};

/// The most operators in one size. More could exhaust the stack in later stages.
const MAX_OPERATORS: usize = 64;

impl Parser {
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
        // The range also ends at a repeat's body; the resolver then reports the missing end.
        let open = c.at_end()
            || c.is_punct(";")
            || c.is_punct(",")
            || c.is_word("reads")
            || c.is_word("from")
            || c.group_at(0, Delimiter::Brace).is_some();
        let high = if open && !inclusive { None } else { Some(self.size(c)?) };
        Ok(Range { low, high, inclusive })
    }

    /// A size: shifts of sums of products of powers of numbers, names and paths.
    pub(super) fn size(&mut self, c: &mut Cursor<'_>) -> Parsed<SizeExpr> {
        self.shifted(c, &mut Reading { operators: 0, decimals: false })
    }

    /// A number: like a size, but it may have decimals.
    pub(super) fn number(&mut self, c: &mut Cursor<'_>) -> Parsed<SizeExpr> {
        self.shifted(c, &mut Reading { operators: 0, decimals: true })
    }

    /// `3x3` or `3 x 3`: sizes per axis.
    pub(super) fn times(&mut self, c: &mut Cursor<'_>) -> Option<Vec<SizeExpr>> {
        let (span, mut inner) = (c.span(), c.clone());
        let mut text = String::new();
        while let Some(TokenTree::Literal(part)) = inner.peek() {
            inner.bump();
            text.push_str(&part.to_string());
            if !(inner.is_word("x") && matches!(inner.peek_at(1), Some(TokenTree::Literal(_)))) {
                break;
            }
            inner.bump();
            text.push('x');
        }
        let parts: Option<Vec<i64>> = text.split('x').map(|part| part.parse().ok()).collect();
        let sizes = parts.filter(|parts| parts.len() > 1 && !text.starts_with("0x"))?;
        self.slip(span, Slip::Times(text));
        *c = inner;
        Some(sizes.into_iter().map(|value| SizeExpr::Int { value, span }).collect())
    }

    fn shifted(&mut self, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        self.joined(c, reading, &[Operator::Shl, Operator::Shr], Parser::sum)
    }

    fn sum(&mut self, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        self.joined(c, reading, &[Operator::Add, Operator::Sub], Parser::product)
    }

    fn product(&mut self, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        self.joined(c, reading, &[Operator::Mul, Operator::Div, Operator::Rem], Parser::signed)
    }

    /// The operands of operators with equal precedence, from the left.
    fn joined(
        &mut self,
        c: &mut Cursor<'_>,
        reading: &mut Reading,
        operators: &[Operator],
        side: fn(&mut Parser, &mut Cursor<'_>, &mut Reading) -> Parsed<SizeExpr>,
    ) -> Parsed<SizeExpr> {
        let mut left = side(self, c, reading)?;
        while let Some(operator) = operators.iter().copied().find(|operator| is_operator(c, *operator)) {
            let span = reading.operator(c, operator)?;
            let right = Box::new(side(self, c, reading)?);
            left = SizeExpr::Binary { left: Box::new(left), operator, right, span };
        }
        Ok(left)
    }

    /// `-a`, which binds less than `**`.
    fn signed(&mut self, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        if !c.is_punct("-") || c.arrow().is_some() {
            return self.power(c, reading);
        }
        // `i64::MIN` has no positive counterpart.
        if let Some(TokenTree::Literal(number)) = c.peek_at(1)
            && !c.punct_at(2, "**")
        {
            let span = c.span();
            let number = reading.literal(number, true, c)?;
            c.bump();
            c.bump();
            return Ok(number.size(span));
        }
        let span = reading.operator(c, Operator::Sub)?;
        Ok(SizeExpr::Negated { of: Box::new(self.signed(c, reading)?), span })
    }

    /// `a ** b`, from the right.
    fn power(&mut self, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        let base = self.factor(c, reading)?;
        if !c.is_punct("**") {
            return Ok(base);
        }
        let span = reading.operator(c, Operator::Pow)?;
        let right = Box::new(self.signed(c, reading)?);
        Ok(SizeExpr::Binary { left: Box::new(base), operator: Operator::Pow, right, span })
    }

    fn factor(&mut self, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        if let Some(TokenTree::Literal(number)) = c.peek() {
            let span = c.span();
            let number = reading.literal(number, false, c)?;
            c.bump();
            return Ok(number.size(span));
        }
        if let Some(group) = c.group(Delimiter::Parenthesis) {
            return self.nested(group.span(), |parser| {
                let tokens = plain(group.stream());
                let mut inner = Cursor::new(&tokens, group.span_open());
                let size = parser.shifted(&mut inner, reading)?;
                inner.end("`)`")?;
                Ok(size)
            });
        }
        match extremum(c) {
            Some(operator) => self.extremum(operator, c, reading),
            None => path(c),
        }
    }

    /// `min(a, b)`, `max(a, b, c)`
    fn extremum(&mut self, operator: Operator, c: &mut Cursor<'_>, reading: &mut Reading) -> Parsed<SizeExpr> {
        let span = c.span();
        c.bump();
        let Some(group) = c.group(Delimiter::Parenthesis) else { return Err(c.unexpected("`(`")) };
        self.nested(group.span(), |parser| {
            let tokens = plain(group.stream());
            let mut values = Vec::new();
            for mut part in Cursor::new(&tokens, group.span_open()).split() {
                values.push(parser.shifted(&mut part, reading)?);
                part.end("`,` or `)`")?;
            }
            let join = |left, right| SizeExpr::Binary { left: Box::new(left), operator, right: Box::new(right), span };
            let several = values.len() > 1;
            match values.into_iter().reduce(join) {
                Some(value) if several => Ok(value),
                _ => Err(SyntaxFault::Unexpected {
                    span: group.span(),
                    found: "`(`".to_owned(),
                    expected: "two values or more, as in `max(a, b)`",
                    help: None,
                }),
            }
        })
    }
}

/// How far a number has been read, and what it may contain.
struct Reading {
    /// The operators so far.
    operators: usize,
    /// Whether numbers may have decimals.
    decimals: bool,
}

/// A literal that is a number.
enum NumberLiteral {
    Whole(i64),
    Real(f64),
}

impl NumberLiteral {
    fn size(self, span: Span) -> SizeExpr {
        match self {
            NumberLiteral::Whole(value) => SizeExpr::Int { value, span },
            NumberLiteral::Real(value) => SizeExpr::Float { value, span },
        }
    }
}

impl Reading {
    /// Takes an operator, unless there are too many.
    fn operator(&mut self, c: &mut Cursor<'_>, operator: Operator) -> Parsed<Span> {
        let span = c.span();
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(SyntaxFault::TooDeep { span });
        }
        c.punct(operator.symbol());
        Ok(span)
    }

    /// The value of a literal, without consuming it.
    fn literal(&self, number: &Literal, negative: bool, c: &Cursor<'_>) -> Parsed<NumberLiteral> {
        match literal(number, negative)? {
            Lit::Int(value) => Ok(NumberLiteral::Whole(value)),
            Lit::Float(value) if self.decimals => Ok(NumberLiteral::Real(value)),
            Lit::Float(_) | Lit::Str(_) => {
                Err(c.unexpected_with("a size", Some("sizes are whole numbers such as `16`".to_owned())))
            }
        }
    }
}

/// Whether this operator is next, and not a longer one with the same beginning.
fn is_operator(c: &Cursor<'_>, operator: Operator) -> bool {
    let longer = match operator {
        Operator::Sub => return c.is_punct("-") && c.arrow().is_none(),
        Operator::Mul => "**",
        _ => return c.is_punct(operator.symbol()),
    };
    c.is_punct(operator.symbol()) && !c.is_punct(longer)
}

/// The function that is called here: `min(` or `max(`.
pub(super) fn extremum(c: &Cursor<'_>) -> Option<Operator> {
    c.group_at(1, Delimiter::Parenthesis)?;
    [Operator::Min, Operator::Max].into_iter().find(|operator| c.is_word(operator.symbol()))
}

/// `C`, `cfg::C`, `Self::C`, `Encoder<28>::C`, `<T as Sizes>::C`; as the type of a sub-chain `Encoder<28>`.
fn path(c: &mut Cursor<'_>) -> Parsed<SizeExpr> {
    let expected = "a value";
    let start = c.clone();
    if c.is_punct("<") {
        c.angles()?;
    } else {
        c.punct("::");
        c.ident(expected)?;
    }
    loop {
        if c.opens_generics() {
            c.angles()?;
        } else if c.punct("::").is_some() {
            if !c.is_punct("<") {
                c.ident("the rest of a path")?;
            } else {
                c.angles()?;
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
