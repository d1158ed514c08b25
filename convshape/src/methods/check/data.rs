//! Checks arrays of data against ports whose sizes only const evaluation knows.

use convshape_arith::code;
use convshape_arith::data::{LabelRange, Port, arithmetic, expected, label, note, sizes};
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_arith::symbols::Symbols;
use convshape_arith::text::Text;

use super::begin;

/// The array `name` of shape `found`, with or without integer elements, for a port. `labels` is the range of its
/// elements where they may be class indices.
#[expect(clippy::too_many_arguments, reason = "what the macro knows of an array and a port")]
#[track_caller]
pub const fn data(
    name: &str,
    found: &[usize],
    whole: bool,
    port_name: &str,
    shape: &Shape,
    order: AxisOrder,
    output: bool,
    labels: Option<LabelRange>,
) {
    let port = Port { shape, order, output };
    let mut symbols = Symbols::NONE;
    if port.fits(found, whole, &mut symbols) {
        if let (Some(labels), Some(classes @ 2..), true) = (labels, port.classes(), port.takes_numbers(found))
            && let Some(outside) = labels.outside(classes)
        {
            let mut text = Text::new();
            begin(&mut text, code::DATA_CLASS);
            label(&mut text, name, outside, port_name, classes, [labels.low.0, labels.high.0]);
            text.str("\nnote: classes are counted from 0, and each sample has one");
            panic!("{}", text.as_str());
        }
        return;
    }
    let cause = port.cause(found, whole);
    let mut text = Text::new();
    begin(&mut text, if cause.is_of_labels() { code::DATA_LABELS } else { code::DATA_SHAPE });
    text.str("`").str(name).str("` does not fit `").str(port_name).str("`: found ");
    sizes(&mut text, found).str(", expected ");
    expected(&mut text, &port).str("\n");
    arithmetic(&mut text, &port, found);
    let mut looks = Text::new();
    note(&mut looks, &port, cause);
    if !looks.as_str().is_empty() {
        text.str("\nnote: ").str(looks.as_str());
    }
    panic!("{}", text.as_str());
}
