//! Checks the tensors of a compiled-in file against layers that only const evaluation knows.

use core::cmp::Ordering;

use convshape_arith::code;
use convshape_arith::op::Op;
use convshape_arith::param::ParamSpec;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::stored::{WEIGHT_NORM, is_stored_as, length_stride};
use convshape_arith::text::Text;

use super::{begin, same, size};
use crate::methods::pretrained::Stored;
use crate::model::parts::Parts;

/// The tensors of one layer. All tensors are sorted by name.
#[track_caller]
pub const fn weights(name: &str, file_name: &str, op: &Op, tensors: &[Stored]) {
    let params = op.params();
    let mut index = 0;
    while let Some(spec) = params.get(index) {
        param(name, file_name, &spec, tensors);
        index += 1;
    }
}

/// The tensors of a sub-chain.
#[track_caller]
pub const fn chain_weights<T: Parts>(name: &str, file_name: &str, tensors: &[Stored]) {
    let mut layers = T::PROGRAM.flat();
    while let Some(layer) = layers.step() {
        let (mut inner, mut index) = (Text::new(), 0);
        inner.str(file_name).str(".");
        while let Some(piece) = layer.file_name.piece(index) {
            inner.str(piece);
            index += 1;
        }
        if layer.first_run.is_none() {
            weights(name, inner.as_str(), layer.op, tensors);
        }
    }
}

#[track_caller]
const fn param(name: &str, file_name: &str, spec: &ParamSpec, tensors: &[Stored]) {
    let mut whole = Text::new();
    whole.str(file_name).str(spec.separator()).str(spec.suffix);
    if let Some(tensor) = find(whole.as_str(), tensors) {
        return shape(name, tensor, &spec.shape);
    }
    let mut index = 0;
    while index < WEIGHT_NORM.len() && same(spec.suffix, ".weight") {
        let (mut length, mut direction) = (Text::new(), Text::new());
        length.str(file_name).str(".").str(WEIGHT_NORM[index].0);
        direction.str(file_name).str(".").str(WEIGHT_NORM[index].1);
        if let Some(length) = find(length.as_str(), tensors)
            && let Some(direction) = find(direction.as_str(), tensors)
        {
            shape(name, direction, &spec.shape);
            if let Some(numbers) = spec.shape.numbers()
                && length_stride(length.shape, numbers.split_at(spec.shape.rank()).0).is_some()
            {
                return;
            }
            return shape(name, length, &lengths(&spec.shape));
        }
        index += 1;
    }
    let mut text = Text::new();
    begin(&mut text, code::TENSOR_MISSING).str("`").str(name).str("` needs `").str(whole.as_str()).str("` ");
    text.shape(&spec.shape).str(", which the file does not have");
    panic!("{}", text.as_str());
}

/// The shape of the lengths that belong to a direction: 1 on all axes but the first.
const fn lengths(direction: &Shape) -> Shape {
    let mut lengths = *direction;
    let mut axis = 1;
    while axis < direction.rank() {
        lengths = lengths.with(axis, Size::Number(1));
        axis += 1;
    }
    lengths
}

#[track_caller]
const fn shape(name: &str, tensor: &Stored, expected: &Shape) {
    if let Some(numbers) = expected.numbers()
        && is_stored_as(tensor.shape, numbers.split_at(expected.rank()).0)
    {
        return;
    }
    let mut text = Text::new();
    begin(&mut text, code::TENSOR_SHAPE).str("`").str(name).str("` needs `").str(tensor.name).str("` as ");
    text.shape(expected).str(", the file has [");
    let mut axis = 0;
    while axis < tensor.shape.len() {
        text.str(if axis > 0 { ", " } else { "" }).num(size(tensor.shape[axis]));
        axis += 1;
    }
    text.str("]");
    panic!("{}", text.as_str());
}

/// A binary search, because const evaluation limits the number of steps.
const fn find<'a>(name: &str, tensors: &'a [Stored]) -> Option<&'a Stored> {
    let (mut low, mut high) = (0, tensors.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match order(tensors[middle].name.as_bytes(), name.as_bytes()) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Some(&tensors[middle]),
        }
    }
    None
}

const fn order(a: &[u8], b: &[u8]) -> Ordering {
    let mut place = 0;
    while place < a.len() && place < b.len() {
        if a[place] != b[place] {
            return if a[place] < b[place] { Ordering::Less } else { Ordering::Greater };
        }
        place += 1;
    }
    if a.len() < b.len() {
        Ordering::Less
    } else if a.len() > b.len() {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}
