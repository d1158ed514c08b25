//! Mistakes in the names of statements: in what a layer reads, undoes and shares, in blocks and repeats.

use convshape_arith::code;
use convshape_arith::op::Direction;
use proc_macro2::{Ident, Span};

use super::Report;
use crate::syntax::Value;
use crate::words::list;

pub(crate) fn unknown_name(name: &Ident, nearest: Option<String>, unnamed: bool) -> Report {
    let report = Report::new(code::UNKNOWN_NAME, name.span(), format!("no statement before this is called `{name}`"));
    if unnamed {
        return report.help(format_args!("only given names can be referred to; name the layer: `{name}: ..;`"));
    }
    report.meant(nearest)
}

pub(crate) fn later_name(name: &Ident) -> Report {
    Report::new(code::UNKNOWN_NAME, name.span(), format!("no statement before this is called `{name}`"))
        .note(format_args!("`{name}` stands further down"))
        .help(format_args!("a statement reads what stands above it: move `{name}` up, or this one down"))
}

pub(crate) fn repeated_name(name: &Ident) -> Report {
    Report::new(code::REPEATED_NAME, name.span(), format!("the name `{name}` is given twice"))
}

pub(crate) fn reserved_name(name: &Ident) -> Report {
    Report::new(code::REPEATED_NAME, name.span(), format!("`{name}` is what the chain's own ports are called"))
        .help("give the statement another name")
}

pub(crate) fn repeated_file_name(name: &str, span: Span) -> Report {
    Report::new(code::REPEATED_NAME, span, format!("two layers keep their parameters as `{name}` in files"))
        .help("in a repeat, put its variable into the name: `#[name = \"blocks.{i}.conv\"]`")
}

pub(crate) fn no_file_name(span: Span) -> Report {
    Report::new(code::ATTRIBUTE, span, "a name in files has at least one letter")
}

pub(crate) fn brace_in_file_name(name: &str, span: Span) -> Report {
    Report::new(code::ATTRIBUTE, span, format!("`{name}` has a brace without its other one"))
}

pub(crate) fn not_in_file_name(inside: &str, span: Span) -> Report {
    let message = format!(
        "`{{{inside}}}` is no number here: a name in files takes variables of a repeat, parameters of a block and arithmetic on them"
    );
    Report::new(code::ATTRIBUTE, span, message).help("`{#}` is the turn of the repeat, counted from 0")
}

pub(crate) fn not_a_name(found: &str, span: Span) -> Report {
    Report::new(code::OPERANDS, span, format!("expected the name of a statement, found `{found}`"))
}

pub(crate) fn needs_operands(op: &Ident) -> Report {
    Report::new(code::OPERANDS, op.span(), format!("`{op}` joins two statements or more"))
        .help(format_args!("name them: `{op}(skip, _)`, where `_` is the statement before"))
}

pub(crate) fn operands_twice(op: &Ident) -> Report {
    Report::new(
        code::OPERANDS,
        op.span(),
        format!("`{op}` names what it joins twice: in its parentheses and after `from`"),
    )
}

pub(crate) fn one_input(op: &Ident, span: Span) -> Report {
    Report::new(code::OPERANDS, span, format!("`{op}` reads one statement, here are several"))
        .help("join them first: `Concat(a, b);`")
}

pub(crate) fn nested_sources(span: Span) -> Report {
    Report::new(code::OPERANDS, span, "a list of statements stands in another")
}

pub(crate) fn no_ports(name: &Ident, port: &Ident) -> Report {
    Report::new(
        code::UNKNOWN_NAME,
        port.span(),
        format!("`{name}` has no port `{port}`: only a sub-chain (`Chain(Type)`) has ports"),
    )
}

pub(crate) fn not_a_type(found: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, format!("`Chain` takes the type of another chain, found `{found}`"))
        .help("write `Chain(Encoder)` or `Chain(models::Encoder<28>)`")
}

pub(crate) fn missing_type(op: &Ident) -> Report {
    Report::new(code::MISSING_FIELD, op.span(), "`Chain` needs the type of another chain")
        .help("write `Chain(Encoder)`")
}

pub(crate) fn chain_in_itself(span: Span, name: &Ident) -> Report {
    Report::new(code::VALUE, span, format!("`{name}` cannot be a layer of itself: it would have no end"))
        .help("write what comes several times as a block, or in a `repeat`")
}

// Undo.

pub(crate) fn cannot_undo(name: &Ident, op: Option<&str>) -> Report {
    let message = match op {
        Some(op) => format!("`{name}` is `{op}`: only convolutions and transposed convolutions can be undone"),
        None => format!("`{name}` is not a single layer: only convolutions and transposed convolutions can be undone"),
    };
    Report::new(code::UNDO, name.span(), message)
}

pub(crate) fn undo_direction(name: &Ident, op: &str, of: &str, wanted: &str) -> Report {
    Report::new(code::UNDO, name.span(), format!("`{op}` cannot undo `{name}`, which is `{of}`"))
        .help(format_args!("write `{wanted}(undo {name})`"))
}

pub(crate) fn tied_to_nothing(span: Span) -> Report {
    Report::new(code::TIED, span, "a tied layer uses the weight of the layer that it undoes, and this one undoes none")
        .help("write `undo` and the layer's name in front: `ConvTranspose2d(undo enc1, tied: true)`")
}

pub(crate) fn tied_to_another_shape(field: &str, name: &Ident, span: Span) -> Report {
    let message = format!("`{field}` changes the shape of the weight, which is that of `{name}`");
    Report::new(code::TIED, span, message).help("leave it out, or `tied`")
}

pub(crate) fn tied_to_another_layout(layer: &str, name: &Ident, direction: Direction, span: Span) -> Report {
    let report =
        Report::new(code::TIED, span, format!("`{layer}` cannot use the weight of `{name}`, which has another layout"));
    match direction {
        // The kernel of jax and flax that is flipped.
        Direction::Transposed => report.help(format_args!("in `{name}`, set `transpose_kernel: true`")),
        Direction::Forward => report,
    }
}

// Blocks and repeats.

pub(crate) fn block_hides_layer(name: &Ident) -> Report {
    Report::new(code::BLOCK, name.span(), format!("`{name}` is a layer already: the block needs another name"))
}

pub(crate) fn recursive_block(name: &Ident) -> Report {
    Report::new(code::BLOCK, name.span(), format!("the block `{name}` uses itself"))
}

pub(crate) fn block_arguments(op: &Ident, params: &[Ident], given: usize) -> Report {
    let wanted = list(params);
    let message = match params.len() {
        0 => format!("the block `{op}` takes no arguments"),
        count => format!("the block `{op}` takes {count} arguments without names ({wanted}), here are {given}"),
    };
    Report::new(code::BLOCK, op.span(), message)
}

pub(crate) fn block_argument(param: &Ident, value: &Value) -> Report {
    Report::new(code::BLOCK, value.span(), format!("`{param}` is a size, found `{value}`"))
}

pub(crate) fn no_turns(turns: i64, span: Span) -> Report {
    Report::new(code::BLOCK, span, format!("a body is repeated at least once, here {turns} times"))
}

pub(crate) fn open_repeat(var: &Ident) -> Report {
    Report::new(code::BLOCK, var.span(), "a repeat needs an end: `repeat i in 0..3 { .. }`")
}

pub(crate) fn too_many_layers(most: usize, span: Span) -> Report {
    Report::new(code::BLOCK, span, format!("the chain has more than {most} layers"))
}
