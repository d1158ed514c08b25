//! Mistakes in sizes and shapes as they are written.

use convshape_arith::code;
use proc_macro2::{Ident, Span};

use super::Report;

pub(crate) fn unknown_size(name: &Ident, nearest: Option<String>) -> Report {
    let report = Report::new(
        code::NOT_FIXED,
        name.span(),
        format!(
            "`{name}` is not a number here: sizes are literals, constants, parameters of a block, variables of a repeat or symbols of `for`"
        ),
    );
    report.once().meant(nearest)
}

pub(crate) fn symbol_as_number(size: &str, span: Span) -> Report {
    Report::new(code::NOT_FIXED, span, format!("`{size}` is known only at run time: here a plain number is needed"))
}

pub(crate) fn not_linear(size: &str, span: Span) -> Report {
    Report::new(code::NOT_FIXED, span, format!("`{size}` is not of the form `a*h + b` with whole numbers a and b"))
        .note("let the symbol stand for the smallest size, and write larger ones as multiples of it: `4*h`")
}

pub(crate) fn symbol_range(name: &Ident, span: Span) -> Report {
    Report::new(code::NOT_FIXED, span, format!("the range of `{name}` is empty or not made of literals"))
        .help(format_args!("write for example `for {name} in 1..;` or `for {name} in 1..=64;`"))
}

pub(crate) fn unseen_repeat(size: &str, span: Span) -> Report {
    Report::new(
        code::BLOCK,
        span,
        format!("`{size}` is a constant that the macro cannot see: a repeat needs a literal"),
    )
}

pub(crate) fn size_overflow(size: &str, span: Span) -> Report {
    Report::new(code::TOO_LARGE, span, format!("`{size}` does not fit 64 bits"))
}

pub(crate) fn division_by_zero(span: Span) -> Report {
    Report::new(code::NOT_FIXED, span, "division by zero")
}

pub(crate) fn negative_exponent(size: &str, span: Span) -> Report {
    Report::new(code::NOT_FIXED, span, format!("`{size}` has a negative exponent, which gives no whole number"))
}

pub(crate) fn not_whole(number: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, format!("sizes are whole numbers, found `{number}`"))
}

pub(crate) fn not_finite(number: &str, span: Span) -> Report {
    Report::new(code::TOO_LARGE, span, format!("`{number}` is not a finite number"))
}

pub(crate) fn shape_rank(axes: usize, span: Span) -> Report {
    let most = convshape_arith::shape::MAX_RANK;
    let message = match axes {
        0 => format!("a shape has 1 to {most} axes, this one has none"),
        _ => format!("a shape has 1 to {most} axes, this one has {axes}"),
    };
    Report::new(code::FIELD_RANK, span, message)
}

/// Both sides of each axis in one row, as in PyTorch's `F.pad`, which begins with the last axis.
pub(crate) fn sides_in_a_row(rows: &[i64], span: Span) -> Report {
    let message = format!("here are {} numbers in a row: both sides of an axis are written as a pair", rows.len());
    let pairs: Vec<(i64, i64)> = rows.chunks_exact(2).rev().map(|pair| (pair[0], pair[1])).collect();
    let text = match pairs.as_slice() {
        [(low, high), (0, 0), (0, 0)] => format!("[({low}, {high})], axis: channels"),
        pairs => {
            let pairs: Vec<String> = pairs.iter().map(|(low, high)| format!("({low}, {high})")).collect();
            format!("[{}]", pairs.join(", "))
        }
    };
    Report::new(code::FIELD_RANK, span, message)
        .help(format_args!("write `{text}`: PyTorch's row begins with the last axis, a list here with the first"))
}

/// ONNX's border of the channels, which has a field of its own here.
pub(crate) fn border_of_channels((low, high): (i64, i64), span: Span) -> Report {
    Report::new(code::FIELD_RANK, span, "`pads` adds a border to the channels, which `Pad` does along one axis")
        .help(format_args!("write `Pad([({low}, {high})], axis: channels)`"))
}

pub(crate) fn too_many_axes(axes: usize, span: Span) -> Report {
    let found = if axes == 0 { "none".to_owned() } else { axes.to_string() };
    Report::new(code::FIELD_RANK, span, format!("a layer has 1 to 3 spatial axes, here are values for {found}"))
}
