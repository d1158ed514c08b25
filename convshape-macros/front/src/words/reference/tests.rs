use std::fs;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::Role::{Depthwise, InputKernel, Kernel, Pointwise, RecurrentKernel};

use super::super::{Kind, spell};
use super::example::Read;
use super::*;
use crate::check::{blind_output, recover, unseen_output};
use crate::words::defaults::settled;

/// The file that `conv_chain!` shows.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../convshape/src/docs/layers.md");

/// Every name of a layer in a dialect, with its number of spatial axes.
fn spellings(row: &LayerWords, dialect: Dialect) -> Vec<(String, usize)> {
    let known = row.names().filter(|(_, dialects)| dialects.contains(&dialect));
    let ranks = |name: &str| -> &[usize] {
        match (name.contains('#'), row.ranks) {
            (false, []) => &[2],
            (true, []) => &[1, 2, 3],
            (_, ranks) => ranks,
        }
    };
    known.flat_map(|(name, _)| ranks(name).iter().map(move |rank| (spell(name, Some(*rank)), *rank))).collect()
}

#[test]
fn the_page_is_that_of_the_table() {
    let tables = tables();
    if std::env::var_os("CONVSHAPE_BLESS").is_some() {
        fs::write(PAGE, &tables).expect("the page is written");
    }
    let page = fs::read_to_string(PAGE).expect("the page");
    assert!(page == tables, "docs/layers.md is not that of the table of words: run with CONVSHAPE_BLESS=1");
}

/// The example of each row compiles under each name, in each dialect.
#[test]
fn each_row_compiles() {
    let mut count = 0;
    for row in layers() {
        for &dialect in row.dialects {
            for (name, rank) in spellings(row, dialect) {
                let source = example::source(row, &name, rank, dialect, None);
                let Read { errors, op, .. } = example::read(&source);
                assert!(errors.is_empty(), "{source}\n{errors:?}");
                assert!(op.is_some() || row.kind == Kind::Chain, "{source}");
                count += 1;
            }
        }
    }
    assert!(count > 750, "{count}");
}

/// What the check says of an output before it knows all numbers of the layer, and after it refused them, is true of the
/// output; and a layer with a matrix or kernel multiplies.
#[test]
fn each_output_is_what_was_known_before() {
    let mut count = 0;
    for row in layers() {
        for &dialect in row.dialects {
            for (name, rank) in spellings(row, dialect) {
                let source = example::source(row, &name, rank, dialect, None);
                let Read { op: Some(op), inputs, shape: Some(shape), .. } = example::read(&source) else { continue };
                let order = dialect.order();
                let fault = Fault::new(Reason::PaddingNumber);
                let known = [
                    unseen_output(&op, &inputs, order),
                    blind_output(&op, order),
                    recover(&op, &inputs, None, order),
                    recover(&op, &inputs, Some(&fault), order),
                ];
                for known in known.into_iter().flatten() {
                    let fits = known.rank() == shape.rank()
                        && (0..shape.rank()).all(|axis| known.size(axis).fits(shape.size(axis)));
                    assert!(fits, "{source}\ngives {shape}, was known as {known}");
                    count += 1;
                }
                let multiplies = op
                    .params()
                    .iter()
                    .any(|spec| matches!(spec.role, Kernel | Depthwise | Pointwise | InputKernel | RecurrentKernel));
                assert!(!multiplies || op.macs(&inputs, &shape, order) > 0, "{source}\nmultiplies");
            }
        }
    }
    assert!(count > 1500, "{count}");
}

/// A field that is left out is the same as its default.
#[test]
fn each_default_is_that_of_the_chain() {
    let mut count = 0;
    for row in layers() {
        for &dialect in row.dialects {
            let rank = if row.ranks.is_empty() || row.ranks.contains(&2) { 2 } else { row.ranks[0] };
            let name = row.name((!row.ranks.is_empty()).then_some(rank));
            for field in row.fields.iter().filter(|field| field.dialects.contains(&dialect)) {
                let without = example::source(row, &name, rank, dialect, Some((field.name, None)));
                let plain = example::read(&without).op;
                match unwritten(row, field, dialect) {
                    Unwritten::Is(value) => {
                        let with = example::source(row, &name, rank, dialect, Some((field.name, Some(&value))));
                        let Read { errors, op: written, .. } = example::read(&with);
                        assert!(errors.is_empty(), "{with}\n{errors:?}");
                        assert!(
                            plain.is_some() && plain.map(settled) == written.map(settled),
                            "{with}\n{plain:?}\n{written:?}"
                        );
                        count += 1;
                    }
                    Unwritten::Follows | Unwritten::Refused => {}
                }
            }
        }
    }
    assert!(count > 300, "{count}");
}

/// A field must be written exactly if the table says so.
#[test]
fn each_required_field_is_required() {
    for row in layers() {
        for &dialect in row.dialects {
            let rank = if row.ranks.is_empty() || row.ranks.contains(&2) { 2 } else { row.ranks[0] };
            let name = row.name((!row.ranks.is_empty()).then_some(rank));
            let example = row.rule.example;
            for field in row.fields.iter().filter(|field| field.dialects.contains(&dialect)) {
                let in_front = matches!(row.positional, Positional::Field(leading) if leading == field.name);
                let written = in_front || example.fields.iter().any(|(name, _, _)| *name == field.name);
                let without = example::source(row, &name, rank, dialect, Some((field.name, None)));
                let errors = example::read(&without).errors;
                let alternative = example.fields.len() > 1 && row.name == "Clamp";
                let refused = unwritten(row, field, dialect) == Unwritten::Refused && written && !alternative;
                assert_eq!(!errors.is_empty(), refused, "{name} in {dialect:?} without `{}`: {errors:?}", field.name);
            }
        }
    }
}

/// Each number in the shapes of parameters has a name.
#[test]
fn parameters_have_named_sizes() {
    for row in layers() {
        let cell = parameters::cell(row);
        let sizes = cell.split('[').skip(1).filter_map(|rest| rest.split(']').next());
        for size in sizes.flat_map(|shape| shape.split(", ")) {
            assert!(size.parse::<i64>().map_or(true, |number| number <= 2), "{}: {cell}", row.name);
        }
    }
}
