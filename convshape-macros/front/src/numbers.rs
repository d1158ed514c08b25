//! The values of written numbers: a number, a symbol, or an expression that only const evaluation knows.

mod real;

use std::collections::BTreeMap;

use convshape_arith::op::{Constant, Op};
use convshape_arith::operator::Operator;
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::{Scope, Size, SizeError};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::diagnose::{self, Report};
use crate::syntax::{Dim, ShapePattern, SizeExpr};
use crate::unseen::{Expr, Unseen};
use crate::words::{self, LayerWords};

/// The meaning of a name that is not a statement: a parameter of a block, a variable of a repeat, a symbol.
#[derive(Clone)]
pub(crate) enum Bound {
    Size(Size),
    /// One size per axis.
    Sizes(Vec<Size>),
    Bool(bool),
    Real(f64),
    Activation(BoundActivation),
}

/// An activation with its fields filled in.
#[derive(Clone)]
pub(crate) struct BoundActivation {
    pub(crate) op: Op,
    pub(crate) words: &'static LayerWords,
}

/// The names that stand for values: parameters of blocks, variables of repeats, symbols.
#[derive(Clone)]
pub(crate) struct Numbers {
    /// The library's path, for code that const evaluation runs.
    krate: TokenStream,
    names: BTreeMap<String, Bound>,
    scope: Scope,
    unseen: Unseen,
}

impl Bound {
    /// What messages call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Bound::Size(_) => "a size",
            Bound::Sizes(_) => "a size per axis",
            Bound::Bool(_) => "a bool",
            Bound::Real(_) => "a real number",
            Bound::Activation(_) => "an activation",
        }
    }
}

impl Numbers {
    pub(crate) fn new(krate: TokenStream, scope: Scope, unseen: Unseen) -> Numbers {
        let symbol = |(index, name): (usize, &str)| {
            let symbol = u8::try_from(index).unwrap_or(u8::MAX);
            (name.to_owned(), Bound::Size(Size::Symbolic { scale: 1, symbol, offset: 0 }))
        };
        let names = scope.iter().map(|symbol| symbol.name).enumerate().map(symbol).collect();
        Numbers { krate, names, scope, unseen }
    }

    /// Only the symbols: what a block sees besides its parameters.
    pub(crate) fn outermost(&self) -> Numbers {
        Numbers::new(self.krate.clone(), self.scope, self.unseen.clone())
    }

    /// These names and one more.
    pub(crate) fn with(&self, name: String, value: Bound) -> Numbers {
        let mut more = self.clone();
        more.names.insert(name, value);
        more
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Bound> {
        self.names.get(name)
    }

    /// The names whose sizes are numbers that the macro knows, with these numbers.
    pub(crate) fn sizes(&self) -> Vec<(String, i64)> {
        let size = |(name, bound): (&String, &Bound)| match bound {
            Bound::Size(Size::Number(number)) if self.is_seen(*number) => Some((name.clone(), *number)),
            Bound::Size(_) | Bound::Sizes(_) | Bound::Bool(_) | Bound::Real(_) | Bound::Activation(_) => None,
        };
        self.names.iter().filter_map(size).collect()
    }

    /// How many sizes an expression has if a name in it has one per axis. `None` if there is no such name, or if two of
    /// them differ.
    pub(crate) fn axes(&self, size: &SizeExpr) -> Option<usize> {
        match size {
            SizeExpr::Name(name) => match self.get(&name.to_string()) {
                Some(Bound::Sizes(sizes)) => Some(sizes.len()),
                _ => None,
            },
            SizeExpr::Negated { of, .. } => self.axes(of),
            SizeExpr::Binary { left, right, .. } => match (self.axes(left), self.axes(right)) {
                (Some(left), Some(right)) => (left == right).then_some(left),
                (left, right) => left.or(right),
            },
            SizeExpr::Int { .. } | SizeExpr::Float { .. } | SizeExpr::Path { .. } => None,
        }
    }

    /// These names, where one with a size per axis has only the size of this axis.
    pub(crate) fn on_axis(&self, axis: usize) -> Numbers {
        let mut single = self.clone();
        for bound in single.names.values_mut() {
            if let Bound::Sizes(sizes) = bound
                && let Some(size) = sizes.get(axis)
            {
                *bound = Bound::Size(*size);
            }
        }
        single
    }

    /// The value of a size expression.
    pub(crate) fn size(&self, size: &SizeExpr) -> Result<Size, Report> {
        match size {
            SizeExpr::Int { value, span } if Unseen::is(*value) => {
                Err(diagnose::size_overflow(&size.to_string(), *span))
            }
            SizeExpr::Int { value, .. } => Ok(Size::Number(*value)),
            SizeExpr::Name(name) => self.name(name),
            SizeExpr::Path { tokens, span } => {
                let krate = &self.krate;
                let value = quote_spanned!(*span=> #krate::__private::check::size(#tokens));
                Ok(Size::Number(self.unseen.add(Expr { value, path: Some(tokens.clone()) })))
            }
            SizeExpr::Float { span, .. } => Err(diagnose::not_whole(&size.to_string(), *span)),
            SizeExpr::Negated { of, span } => {
                let of = self.size(of)?;
                let negated = match self.expr(of) {
                    Some(expr) => return Ok(self.derived(quote!((-#expr)))),
                    None => of.number().and_then(i64::checked_neg).map(Size::Number),
                };
                negated.ok_or_else(|| diagnose::size_overflow(&size.to_string(), *span))
            }
            SizeExpr::Binary { left, operator, right, span } => {
                let (a, b) = (self.size(left)?, self.size(right)?);
                if self.expr(a).is_some() || self.expr(b).is_some() {
                    return self.unseen_binary(a, *operator, b, size, *span);
                }
                operator.apply(a, b).map_err(|error| match error {
                    SizeError::Overflow => diagnose::size_overflow(&size.to_string(), *span),
                    SizeError::DivisionByZero => diagnose::division_by_zero(*span),
                    SizeError::NegativeExponent => diagnose::negative_exponent(&size.to_string(), *span),
                    SizeError::Indivisible { .. } | SizeError::NotLinear => {
                        diagnose::not_linear(&size.to_string(), *span)
                    }
                })
            }
        }
    }

    /// A name: a parameter, a variable, a symbol, or otherwise a constant.
    fn name(&self, name: &Ident) -> Result<Size, Report> {
        let text = name.to_string();
        match self.get(&text) {
            Some(Bound::Size(size)) => return Ok(*size),
            Some(other) => return Err(diagnose::not_a_size(name, other.kind())),
            None => {}
        }
        // Constants and const parameters are upper case; anything else is a slip.
        if !text.chars().any(char::is_uppercase) {
            let nearest = words::nearest(&text, self.names.keys().cloned());
            return Err(diagnose::unknown_size(name, nearest));
        }
        let krate = &self.krate;
        let value = quote_spanned!(name.span()=> #krate::__private::check::size(#name));
        Ok(Size::Number(self.unseen.add(Expr { value, path: Some(quote!(#name)) })))
    }

    fn unseen_binary(&self, a: Size, operator: Operator, b: Size, size: &SizeExpr, span: Span) -> Result<Size, Report> {
        let (Some(left), Some(right)) = (self.value(a), self.value(b)) else {
            return Err(diagnose::not_linear(&size.to_string(), span));
        };
        let operator = self.operator(operator);
        Ok(self.derived(self.call(span, &quote!(whole), &quote!(#operator, #left, #right))))
    }

    /// An operator as code.
    fn operator(&self, operator: Operator) -> TokenStream {
        let (krate, name) = (&self.krate, Ident::new(&format!("{operator:?}"), Span::call_site()));
        quote!(#krate::__private::arith::operator::Operator::#name)
    }

    /// A call of a function for const evaluation, on the user's token.
    fn call(&self, span: Span, function: &TokenStream, arguments: &TokenStream) -> TokenStream {
        let krate = &self.krate;
        quote_spanned!(span=> #krate::__private::check::#function(#arguments))
    }

    /// The value of an expression with hidden numbers.
    fn derived(&self, value: TokenStream) -> Size {
        Size::Number(self.unseen.add(Expr { value, path: None }))
    }

    /// The expression of a size that the macro cannot see.
    fn expr(&self, size: Size) -> Option<TokenStream> {
        self.unseen.get(size.number()?).map(|expr| expr.value)
    }

    /// A number as code; a symbol has no value.
    fn value(&self, size: Size) -> Option<TokenStream> {
        self.expr(size).or_else(|| {
            let number = Literal::i64_suffixed(size.number()?);
            Some(quote!(#number))
        })
    }

    /// A plain number, or a placeholder for one.
    pub(crate) fn int(&self, size: &SizeExpr) -> Result<i64, Report> {
        self.size(size)?.number().ok_or_else(|| diagnose::symbol_as_number(&size.to_string(), size.span()))
    }

    /// A constant used as an array, which the macro cannot see.
    pub(crate) fn array(&self, path: TokenStream) -> Constant {
        self.unseen.add_array(path)
    }

    /// Whether a number is known to the macro.
    pub(crate) fn is_seen(&self, number: i64) -> bool {
        !Unseen::is(number)
    }

    /// The symbols that sizes may use.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// A shape; `_` and unreadable sizes are unknown.
    pub(crate) fn shape(&self, pattern: &ShapePattern) -> Result<Shape, Report> {
        if pattern.dims.is_empty() || pattern.dims.len() > MAX_RANK {
            return Err(diagnose::shape_rank(pattern.dims.len(), pattern.span));
        }
        let mut sizes = Vec::new();
        for dim in &pattern.dims {
            sizes.push(match dim {
                Dim::Size(size) => self.size(size)?,
                Dim::Any | Dim::Broken => Size::Unknown,
            });
        }
        Ok(Shape::new(&sizes, self.scope))
    }
}
