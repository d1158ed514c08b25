//! Checks arrays of data against ports whose sizes only const evaluation knows.

use convshape_arith::code;
use convshape_arith::data::{ArrayPort, Found, Labels, Library, label, misfit, remedy};
use convshape_arith::symbols::Symbols;
use convshape_arith::text::Text;

use super::begin;

/// An array for the port `name`. `labels` are its elements where they may be class indices, and whether the output is
/// the probability of one of two classes.
#[track_caller]
pub const fn data(array: &Found<'_>, name: &str, port: &ArrayPort<'_>, labels: Option<(Labels<'_>, bool)>) {
    let mut text = Text::new();
    let mut symbols = Symbols::NONE;
    if port.fits(array.shape, array.whole, &mut symbols) {
        let (Some((labels, probability)), Some(channels)) = (labels, port.classes()) else { return };
        let classes = if channels == 1 && probability { 2 } else { channels };
        if classes > 1 && (port.takes_numbers(array.shape) || channels == 1) && labels.outside(classes).is_some() {
            label(begin(&mut text, code::DATA_CLASS), array.name, &labels, name, classes);
            panic!("{}", text.as_str());
        }
        return;
    }
    let cause = port.cause(array.shape, array.whole);
    begin(&mut text, if cause.is_of_labels() { code::DATA_LABELS } else { code::DATA_SHAPE });
    misfit(&mut text, array, name, port, cause);
    let mut edit = Text::new();
    if remedy(&mut edit, port, cause, array.name, Library::Numpy) {
        text.str("\nhelp: write the file with ").str(edit.as_str());
    }
    panic!("{}", text.as_str());
}
