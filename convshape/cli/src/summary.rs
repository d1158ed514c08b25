//! `summary`: a chain's layers as a table.

use std::io::Write;
use std::path::Path;

use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::text::Thousands;
use convshape_front::Inspection;

use crate::check::is_error;
use crate::source::Source;
use crate::{Outcome, complain};

const HEADER: [&str; 5] = ["layer", "kind", "output", "parameters", "MACs"];
/// The columns from here on contain numbers, which are right-aligned.
const NUMBERS: usize = 3;

pub(crate) fn print(out: &mut impl Write, file: &Path) -> Outcome {
    let source = Source::open(file)?;
    for (place, chain) in source.chains.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        write!(out, "{}", table(&chain.inspection))?;
    }
    let right = !source.chains.iter().any(|chain| chain.inspection.findings.iter().any(is_error));
    if !right {
        complain("a chain has errors; `cargo convshape check` shows them");
    }
    Ok(right)
}

fn table(chain: &Inspection) -> String {
    let unknown = || "?".to_owned();
    let shape = |shape: &Option<Shape>| shape.map_or_else(unknown, |shape| shape.to_string());
    let number = |number: u64| if number == 0 { "-".to_owned() } else { Thousands(number).to_string() };
    let mut rows = vec![HEADER.map(str::to_owned)];
    for input in &chain.inputs {
        rows.push([input.name.clone(), "input".into(), input.shape.to_string(), "-".into(), "-".into()]);
    }
    for layer in &chain.layers {
        let (params, macs) =
            layer.costs.map_or_else(|| (unknown(), unknown()), |(params, macs)| (number(params), number(macs)));
        rows.push([layer.name.clone(), layer.op.clone(), shape(&layer.output), params, macs]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; HEADER.len()] = std::array::from_fn(width);
    let mut text = format!("{}\n", chain.name.as_ref().map_or("?".to_owned(), ToString::to_string));
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column < NUMBERS {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    let known: Option<Vec<(u64, u64)>> = chain.layers.iter().map(|layer| layer.costs).collect();
    let total = |of: fn(&(u64, u64)) -> u64| match &known {
        Some(costs) => Thousands(costs.iter().map(of).fold(0, u64::saturating_add)).to_string(),
        None => unknown(),
    };
    text += &format!("parameters: {}\n", total(|cost| cost.0));
    let symbolic = |shape: &Shape| shape.sizes().iter().any(|size| matches!(size, Size::Symbolic { .. }));
    if chain.inputs.iter().any(|input| symbolic(&input.shape)) {
        return text + "MACs: depend on the size of the input\n";
    }
    text + &format!("MACs: {} per sample\n", total(|cost| cost.1))
}
