//! Numbers in fields that take a real number: `1/255` is a quotient there, and decimals are allowed.

use convshape_arith::operator::Operator;
use convshape_arith::size::{Size, SizeError};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{Bound, Numbers};
use crate::diagnose::{self, Report};
use crate::syntax::SizeExpr;
use crate::unseen::{Expr, Unseen};

impl Numbers {
    /// The value of a real expression, or a placeholder for it.
    pub(crate) fn real(&self, number: &SizeExpr) -> Result<f64, Report> {
        match number {
            SizeExpr::Float { value, .. } => Ok(*value),
            SizeExpr::Name(name) if let Some(Bound::Real(value)) = self.get(&name.to_string()) => Ok(*value),
            SizeExpr::Int { .. } | SizeExpr::Name(_) | SizeExpr::Path { .. } => self.whole_as_real(number),
            SizeExpr::Negated { of, .. } => {
                let of = self.real(of)?;
                Ok(match self.unseen.get_real(of) {
                    Some(Expr { value, .. }) => self.unseen_real(quote!((-#value))),
                    None => -of,
                })
            }
            SizeExpr::Binary { left, operator, right, span } => {
                let (a, b) = (self.real(left)?, self.real(right)?);
                if Unseen::is_real(a) || Unseen::is_real(b) {
                    let (operator, a, b) = (self.operator(*operator), self.real_value(a), self.real_value(b));
                    let arguments = quote!(#operator, #a, #b);
                    return Ok(self.unseen_real(self.call(*span, &quote!(real), &arguments)));
                }
                apply(*operator, a, b).map_err(|error| match error {
                    SizeError::DivisionByZero => diagnose::division_by_zero(*span),
                    SizeError::Overflow
                    | SizeError::NotLinear
                    | SizeError::Indivisible { .. }
                    | SizeError::NegativeExponent => diagnose::not_finite(&number.to_string(), *span),
                })
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a whole number where a real one is taken")]
    fn whole_as_real(&self, number: &SizeExpr) -> Result<f64, Report> {
        let whole = match self.size(number)? {
            Size::Number(whole) => whole,
            Size::Symbolic { .. } | Size::Unknown => {
                return Err(diagnose::symbol_as_number(&number.to_string(), number.span()));
            }
        };
        Ok(match self.unseen.get(whole) {
            // A constant of any numeric type.
            Some(Expr { path: Some(path), .. }) => self.unseen_real(self.cast(&path)),
            Some(Expr { value, path: None }) => self.unseen_real(self.cast(&value)),
            None => whole as f64,
        })
    }

    fn cast(&self, value: &TokenStream) -> TokenStream {
        quote!({
            #[allow(trivial_numeric_casts, clippy::unnecessary_cast, clippy::cast_precision_loss)]
            let real = #value as f64;
            real
        })
    }

    fn unseen_real(&self, value: TokenStream) -> f64 {
        self.unseen.add_real(Expr { value, path: None })
    }

    /// A real number as code.
    fn real_value(&self, number: f64) -> TokenStream {
        match self.unseen.get_real(number) {
            Some(expr) => expr.value,
            None => {
                let literal = Literal::f64_suffixed(number.abs());
                if number.is_sign_negative() { quote!((-#literal)) } else { quote!(#literal) }
            }
        }
    }
}

/// Like [`Operator::apply_real`], and also for exponents that are not integers.
fn apply(operator: Operator, a: f64, b: f64) -> Result<f64, SizeError> {
    match operator.apply_real(a, b) {
        Err(SizeError::NotLinear) if operator == Operator::Pow => {
            Some(a.powf(b)).filter(|power| power.is_finite()).ok_or(SizeError::NotLinear)
        }
        result => result,
    }
}
