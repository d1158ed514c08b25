//! Messages about what a chain declares and does not keep.

use super::details::holds_from;
use crate::code::{self, Code};
use crate::fault::{Fault, Reason};
use crate::shape::Shape;
use crate::size::Scope;
use crate::text::Text;

/// The code for an impossible input.
pub const fn input_code(fault: &Fault) -> Code {
    match fault.reason {
        Reason::EmptyOutput { .. } => code::SIZE_ZERO,
        _ => code::TOO_LARGE,
    }
}

/// An impossible input.
pub const fn input(text: &mut Text, shape: &Shape, fault: &Fault) {
    text.str("the input ").shape(shape).str(match fault.reason {
        Reason::EmptyOutput { .. } => " has a size below 1",
        _ => " has more elements than memory can address",
    });
}

/// The lines below the title of an impossible input: from which value of a symbol on it fits.
pub const fn input_lines(text: &mut Text, fault: &Fault, scope: Scope) {
    if let Reason::EmptyOutput { output } = fault.reason {
        holds_from(text, output.plus(-1), scope);
    }
}

/// A `restores` that does not hold.
pub const fn restores(text: &mut Text, name: &str, of: &str, found: &Shape, wanted: &Shape) {
    text.str("`").str(name).str("` does not restore `").str(of).str("`: it gives ").shape(found);
    text.str(", `").str(of).str("` took ").shape(wanted);
}

/// A shape comment that does not hold.
pub const fn comment(text: &mut Text, name: &str, found: &Shape, written: &Shape) {
    text.str("`").str(name).str("` gives ").shape(found).str(", not ").shape(written);
}

/// An output that differs from the declared one.
pub const fn output(text: &mut Text, giver: &str, found: &Shape, name: &str, declared: &Shape) {
    text.str("`").str(giver).str("` gives ").shape(found).str(", but the output");
    if !is_output(name) {
        text.str(" `").str(name).str("`");
    }
    text.str(" is declared as ").shape(declared);
}

/// An output without a name of its own is called `output`.
const fn is_output(name: &str) -> bool {
    matches!(name.as_bytes(), b"output")
}

/// A repeated body that does not keep its shape.
pub const fn body(text: &mut Text, name: &str, input: &Shape, output: &Shape) {
    text.str("`").str(name).str("` repeats a body that does not keep its shape: ").shape(input);
    text.str(" goes in, ").shape(output).str(" comes out");
}

/// A hole with no solution, or with several.
pub const fn hole(text: &mut Text, name: &str, target: &Shape, solutions: usize) {
    text.str(if solutions == 0 { "nothing" } else { "several values" }).str(" in place of `_` ");
    text.str(if solutions == 0 { "makes `" } else { "make `" }).str(name).str("` give ").shape(target);
}
