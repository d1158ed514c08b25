//! From literals to numbers, of any length.

use proc_macro2::Literal;
use syn::LitStr;

use super::{Parsed, shortened};
use crate::fault::SyntaxFault;
use crate::syntax::Text;

/// The content of a literal.
pub(super) enum Lit {
    Int(i64),
    Float(f64),
    Str(Text),
}

/// Reads a literal; `negative` if a minus comes before it.
pub(super) fn literal(literal: &Literal, negative: bool) -> Parsed<Lit> {
    let span = literal.span();
    let text = literal.to_string();
    // A macro can build a literal that has its sign inside.
    let (digits, signed) = text.strip_prefix('-').map_or((text.as_str(), false), |digits| (digits, true));
    let negative = negative != signed;
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        let tokens = proc_macro2::TokenTree::from(literal.clone()).into();
        return match syn::parse2::<LitStr>(tokens) {
            Ok(text) => Ok(Lit::Str(Text::new(text.value(), span))),
            Err(_) => Err(SyntaxFault::Malformed { span, found: shortened(&text), write: None }),
        };
    }
    let (radix, body) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, digits),
    };
    if radix == 10 && is_float(body) {
        return float(body, negative)
            .ok_or_else(|| {
                let plain = body.trim_end_matches("f32").trim_end_matches("f64").replace('_', "");
                match plain.parse::<f64>() {
                    Ok(_) => SyntaxFault::TooLarge { span, found: shortened(&text) },
                    Err(_) => SyntaxFault::Malformed { span, found: shortened(&text), write: None },
                }
            })
            .map(Lit::Float);
    }
    let end = body.find(|c: char| c != '_' && !c.is_digit(radix)).unwrap_or(body.len());
    let (number, suffix) = body.split_at(end);
    if !matches!(suffix, "" | "usize" | "i64") {
        let write = Some(shortened(&digits[..digits.len() - suffix.len()]));
        return Err(SyntaxFault::Malformed { span, found: shortened(&text), write });
    }
    let sign = if negative { "-" } else { "" };
    match i64::from_str_radix(&format!("{sign}{}", number.replace('_', "")), radix) {
        Ok(value) => Ok(Lit::Int(value)),
        Err(_) if number.contains(|c: char| c != '_') => {
            Err(SyntaxFault::TooLarge { span, found: with_length(&text, number) })
        }
        Err(_) => Err(SyntaxFault::Malformed { span, found: shortened(&text), write: None }),
    }
}

/// Whether a decimal literal has a point, an exponent or a float's suffix.
fn is_float(body: &str) -> bool {
    body.contains('.')
        || body.ends_with("f32")
        || body.ends_with("f64")
        || body.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).starts_with(['e', 'E'])
}

fn float(body: &str, negative: bool) -> Option<f64> {
    let plain = body.strip_suffix("f32").or_else(|| body.strip_suffix("f64")).unwrap_or(body).replace('_', "");
    let value: f64 = plain.parse().ok()?;
    value.is_finite().then_some(if negative { -value } else { value })
}

/// A number as messages show it; a long one by its beginning and its length.
fn with_length(text: &str, digits: &str) -> String {
    let shown = shortened(text);
    if shown.len() < text.len() { format!("{shown} of {} digits", digits.replace('_', "").len()) } else { shown }
}
