//! Checks the size formulas in the reference against the arithmetic.

use std::fs;
use std::iter::Peekable;

use convshape_arith::op::Dialect;
use convshape_arith::size::Size;
use proc_macro2::{TokenStream, TokenTree};

use super::example::{self, Read};
use crate::words::dialect_from_name;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../convshape/src/docs/reference.md");

/// One row of a table of formulas.
struct Row {
    dialects: Vec<Dialect>,
    /// `numbers`, or the words of `padding`.
    paddings: Vec<String>,
    /// Whether it holds only for stride 1.
    unit_stride: bool,
    formula: String,
}

/// The numbers of one axis.
#[derive(Clone, Copy, Debug)]
struct AxisNumbers {
    n: i64,
    k: i64,
    s: i64,
    d: i64,
    lo: i64,
    hi: i64,
    op: i64,
}

/// The rows of the table after a line that begins with `title`.
fn rows(title: &str) -> Vec<Row> {
    let page = fs::read_to_string(REFERENCE).expect("the reference");
    let lines = page.lines().skip_while(|line| !line.starts_with(title)).skip_while(|line| !line.starts_with("|--"));
    lines.skip(1).take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let in_code = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<String>>();
    let words = in_code(cells[2]);
    Row {
        dialects: cells[1].split(", ").map(|name| dialect_from_name(name).expect("a dialect")).collect(),
        paddings: if words.is_empty() { vec![cells[2].to_owned()] } else { words },
        unit_stride: cells[2].contains("stride 1"),
        formula: in_code(cells[3])[0].clone(),
    }
}

/// The numbers that are tried.
fn grid() -> impl Iterator<Item = AxisNumbers> {
    let axis = |n, k, s, d| {
        [(0, 0, 0), (1, 1, 0), (0, 2, 0), (2, 1, 1)].map(move |(lo, hi, op)| AxisNumbers { n, k, s, d, lo, hi, op })
    };
    [1, 2, 5, 6, 7, 8, 12].into_iter().flat_map(move |n| {
        (1..=4).flat_map(move |k| (1..=3).flat_map(move |s| (1..=2).flat_map(move |d| axis(n, k, s, d))))
    })
}

/// The value of a formula.
fn value(formula: &str, numbers: &AxisNumbers) -> f64 {
    let tokens = formula.parse::<TokenStream>().expect("a formula");
    sum(&mut tokens.into_iter().peekable(), numbers)
}

type Tokens = Peekable<proc_macro2::token_stream::IntoIter>;

fn operator(tokens: &mut Tokens, of: &str) -> Option<char> {
    match tokens.peek() {
        Some(TokenTree::Punct(sign)) if of.contains(sign.as_char()) => {
            let sign = sign.as_char();
            tokens.next();
            Some(sign)
        }
        _ => None,
    }
}

fn sum(tokens: &mut Tokens, numbers: &AxisNumbers) -> f64 {
    let mut total = product(tokens, numbers);
    while let Some(sign) = operator(tokens, "+-") {
        let next = product(tokens, numbers);
        total += if sign == '+' { next } else { -next };
    }
    total
}

fn product(tokens: &mut Tokens, numbers: &AxisNumbers) -> f64 {
    let mut total = atom(tokens, numbers);
    while let Some(sign) = operator(tokens, "*/") {
        let next = atom(tokens, numbers);
        total = if sign == '*' { total * next } else { total / next };
    }
    total
}

fn atom(tokens: &mut Tokens, numbers: &AxisNumbers) -> f64 {
    let AxisNumbers { n, k, s, d, lo, hi, op } = *numbers;
    match tokens.next().expect("a number") {
        TokenTree::Group(inner) => sum(&mut inner.stream().into_iter().peekable(), numbers),
        TokenTree::Literal(literal) => literal.to_string().parse().expect("a number"),
        TokenTree::Punct(sign) => panic!("`{sign}` is no number"),
        TokenTree::Ident(name) => match name.to_string().as_str() {
            "floor" => atom(tokens, numbers).floor(),
            "ceil" => atom(tokens, numbers).ceil(),
            "max" => {
                let Some(TokenTree::Group(inner)) = tokens.next() else { panic!("`max` of what") };
                let mut inner = inner.stream().into_iter().peekable();
                let first = sum(&mut inner, numbers);
                assert_eq!(operator(&mut inner, ","), Some(','));
                first.max(sum(&mut inner, numbers))
            }
            name => {
                let known = [("n", n), ("k", k), ("s", s), ("d", d), ("lo", lo), ("hi", hi), ("op", op)];
                let known = known.into_iter().chain([("K", d * (k - 1) + 1)]);
                known.into_iter().find(|(known, _)| *known == name).expect(name).1 as f64
            }
        },
    }
}

/// The output size of a layer with one axis; `None` if it is rejected.
fn given(layer: &str, dialect: Dialect, padding: &str, numbers: &AxisNumbers) -> Option<i64> {
    let AxisNumbers { n, k, s, d, lo, hi, op } = *numbers;
    let last = matches!(dialect, Dialect::Flax | Dialect::Keras);
    let input = if last { format!("[{n}, 1]") } else { format!("[1, {n}]") };
    let padding = if padding == "numbers" { format!("[({lo}, {hi})]") } else { padding.to_owned() };
    let more = if op > 0 { format!(", output_padding: {op}") } else { String::new() };
    let source = format!(
        "struct Axis {{ dialect: {}; input: {input}; l: {layer}(1 -> 1, kernel: {k}, stride: {s}, dilation: {d}, \
         padding: {padding}{more}); output: [_, _]; }}",
        dialect.name()
    );
    let Read { errors, shape, .. } = example::read(&source);
    let shape = shape.filter(|_| errors.is_empty())?;
    match shape.size(usize::from(!last)) {
        Size::Number(size) => Some(size),
        Size::Symbolic { .. } | Size::Unknown => None,
    }
}

/// Checks each formula of a table against the layer, in each of its dialects.
fn compare(title: &str, layer: &str) {
    let rows = rows(title);
    assert!(rows.len() >= 5, "{title}: {} rows", rows.len());
    for row in rows {
        let ways = row.dialects.iter().flat_map(|dialect| row.paddings.iter().map(move |padding| (*dialect, padding)));
        for (dialect, padding) in ways {
            let uses_numbers = padding == "numbers";
            let uses_op = row.formula.contains("op");
            let tried = grid().filter(|numbers| {
                (uses_numbers || numbers.lo + numbers.hi == 0)
                    && (uses_op || numbers.op == 0)
                    && (!row.unit_stride || numbers.s == 1)
            });
            let mut count = 0;
            for numbers in tried {
                let Some(found) = given(layer, dialect, padding, &numbers) else { continue };
                let expected = value(&row.formula, &numbers);
                assert_eq!(found as f64, expected, "{layer}, {dialect:?}, {padding}: {} with {numbers:?}", row.formula);
                count += 1;
            }
            assert!(count >= 20, "{layer}, {dialect:?}, {padding}: {count} cases");
        }
    }
}

#[test]
fn windows() {
    compare("`window(n)`,", "Conv1d");
}

#[test]
fn transposed() {
    compare("`scatter(n)`,", "ConvTranspose1d");
}
