//! A chain as a picture: SVG for a page of rustdoc and for a file.
//!
//! Each layer's output is a box, whose height shows its size and whose width shows its channels. Arcs above the boxes
//! are skip connections; dashed arcs below join a layer with the one that undoes it. The colours are readable on light
//! and dark pages; lines and text use the page's text colour.

mod places;
mod style;

use core::fmt::{self, Write};

use self::places::{Place, Places};
use self::style::{Colour, Escaped, legend};
use crate::op::AxisOrder;
use crate::shape::Shape;
use crate::size::Size;

/// The most boxes drawn. In longer chains repeated parts are drawn once, and then the middle is left out.
pub const MOST_BOXES: usize = 40;

/// The numbers below are pixels.
const HIGHEST: i64 = 110;
const LOWEST: i64 = 10;
const THIN: i64 = 4;
const SLOT: i64 = 14;
/// The smallest and the largest gap between boxes.
const GAP: i64 = 8;
const WIDE_GAP: i64 = 40;
const MARGIN: i64 = 10;
const LETTER: i64 = 6;
const LINE: i64 = 13;
/// The width of a page of rustdoc. A wider picture can be scrolled.
const PAGE: i64 = 900;
const LEGEND: i64 = 24;

/// An input or a layer. A layer comes after the ones that it reads.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// The layer's name.
    pub name: &'a str,
    /// Its kind, such as `Conv2d`; `input` for an input.
    pub op: &'a str,
    /// Its output shape.
    pub output: Shape,
    /// How many trainable numbers it has.
    pub params: u64,
    /// The indices of the boxes that it reads.
    pub reads: &'a [usize],
    /// The index of the layer whose input shape it restores (`undo`, `restores`).
    pub undoes: Option<usize>,
}

/// Writes a chain as one line of SVG. `drawn` holds its inputs, then its layers.
///
/// # Errors
/// The errors of `out`.
pub fn write(out: &mut impl Write, title: &str, order: AxisOrder, drawn: &[Drawn<'_>]) -> fmt::Result {
    let places = Places::new(drawn);
    Picture { title, order, drawn, places }.write(out)
}

/// What is known before the first box is drawn.
struct Picture<'a> {
    title: &'a str,
    order: AxisOrder,
    drawn: &'a [Drawn<'a>],
    places: Places,
}

/// The position of a box. All boxes are centred on one line.
#[derive(Clone, Copy)]
struct Area {
    left: i64,
    width: i64,
    height: i64,
}

impl Area {
    fn middle(self) -> i64 {
        self.left + self.width / 2
    }
}

impl Picture<'_> {
    fn write(&self, out: &mut impl Write) -> fmt::Result {
        let mut areas = [Area { left: 0, width: 0, height: 0 }; MOST_BOXES + 1];
        let mut right = MARGIN;
        let tallest = self.places.iter().map(|place| self.side(place)).max().unwrap_or(1).max(1);
        let slot = |upright: bool, at: usize, place: Place| {
            let words = if upright { LETTER * self.letters(at, place).into_iter().max().unwrap_or(0) } else { 0 };
            self.width(place).max(SLOT).max(words)
        };
        let slots = |upright| self.places.iter().enumerate().map(|(at, place)| slot(upright, at, place)).sum::<i64>();
        let gaps = i64::try_from(self.places.count).unwrap_or(0);
        // Names that would not fit next to each other run downwards.
        let upright = slots(true) + gaps * GAP + 2 * MARGIN <= PAGE;
        let gap = ((PAGE - 2 * MARGIN - slots(upright)) / gaps.max(1)).clamp(GAP, WIDE_GAP);
        for (at, (area, place)) in areas.iter_mut().zip(self.places.iter()).enumerate() {
            let (width, height) = (self.width(place), self.height(place, tallest));
            let slot = slot(upright, at, place);
            *area = Area { left: right + (slot - width) / 2, width, height };
            right += slot + gap;
        }
        let areas = &areas[..self.places.count];
        let (mut above, mut below) = (0, 0);
        self.arcs(areas, |kind, from, to| {
            let depth = if matches!(kind, Arc::Skip) { &mut above } else { &mut below };
            *depth = lift(from, to).max(*depth);
        });
        // A quadratic curve reaches half of its control point's height.
        let mut marks = 0;
        self.pieces(|_, _, _| marks = 16);
        let axis = MARGIN + above / 2 + marks + HIGHEST / 2;
        let words = axis + HIGHEST / 2 + below / 2 + MARGIN;
        let letters = |(at, place)| self.letters(at, place).into_iter().sum::<i64>() + 1;
        let longest = self.places.iter().enumerate().map(letters).max().unwrap_or(0);
        let height = words + if upright { 2 * LINE + LINE / 2 } else { longest * LETTER } + LEGEND;
        let width = (right + MARGIN).max(430);

        write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{}: {} layers\" fill=\"none\" stroke=\"currentColor\" \
             font-family=\"sans-serif\" font-size=\"11\">",
            Escaped(self.title),
            self.drawn.iter().filter(|drawn| drawn.op != "input").count()
        )?;
        for pair in areas.windows(2) {
            let (from, to) = (pair[0].left + pair[0].width, pair[1].left);
            write!(out, "<path d=\"M{from} {axis}H{to}\" stroke-opacity=\".6\"/>")?;
        }
        for (at, area) in areas.iter().enumerate() {
            self.place(out, at, *area, axis)?;
            let words = if upright { words + LINE / 2 } else { words };
            self.label(out, at, *area, words, upright)?;
        }
        // Above the arcs, which would cross the names.
        self.brackets(out, areas, axis - HIGHEST / 2 - above / 2 - 6)?;
        let mut written = Ok(());
        self.arcs(areas, |kind, from, to| {
            let (sign, style) = match kind {
                Arc::Skip => (-1, "stroke-opacity=\".8\""),
                Arc::Pair => (1, "stroke-dasharray=\"4 3\" stroke-opacity=\".8\""),
            };
            let (x, y) = (from.middle(), axis + sign * from.height / 2);
            let (to_x, to_y) = (to.middle(), axis + sign * to.height / 2);
            let (bend_x, bend_y) = (x.midpoint(to_x), axis + sign * (HIGHEST / 2 + lift(from, to)));
            if written.is_ok() {
                written = write!(
                    out,
                    "<path d=\"M{x} {y}Q{bend_x} {bend_y} {to_x} {to_y}\" {style}/>\
                     <circle cx=\"{to_x}\" cy=\"{to_y}\" r=\"2\" fill=\"currentColor\"/>"
                );
            }
        });
        written?;
        legend(out, height - LEGEND / 2)?;
        out.write_str("</svg>")
    }

    /// The box.
    fn place(&self, out: &mut impl Write, at: usize, area: Area, axis: i64) -> fmt::Result {
        let Area { left, width, height } = area;
        match self.places.get(at) {
            Place::Layer { index, .. } => {
                let Drawn { name, op, output, .. } = &self.drawn[index];
                let (top, colour) = (axis - height / 2, Colour::of(op).css());
                write!(
                    out,
                    "<g><title>{}: {} {output}</title><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" \
                     height=\"{height}\" rx=\"1\" fill=\"{colour}\" fill-opacity=\".55\"/></g>",
                    Escaped(name),
                    Escaped(op)
                )
            }
            Place::Left(_) => write!(
                out,
                "<text x=\"{left}\" y=\"{}\" fill=\"currentColor\" stroke=\"none\" font-size=\"16\">...</text>",
                axis - 4
            ),
        }
    }

    /// The name and shape below a box: upright in two lines, or downwards in one.
    fn label(&self, out: &mut impl Write, at: usize, area: Area, y: i64, upright: bool) -> fmt::Result {
        let x = area.middle();
        let style = "fill=\"currentColor\" stroke=\"none\"";
        match upright {
            true => write!(out, "<text x=\"{x}\" y=\"{y}\" {style} text-anchor=\"middle\">")?,
            false => write!(out, "<text transform=\"translate({} {y}) rotate(90)\" {style}>", x + 3)?,
        }
        match self.places.get(at) {
            Place::Left(count) => write!(out, "{count} more layers")?,
            place @ Place::Layer { index, .. } => {
                write!(out, "{}", Escaped(self.name(at, index)))?;
                let output = self.drawn[index].output;
                match upright {
                    true if self.keeps(place) => {}
                    true => write!(out, "<tspan x=\"{x}\" dy=\"{LINE}\" fill-opacity=\".7\">{output}</tspan>")?,
                    false => write!(out, " <tspan fill-opacity=\".7\">{output}</tspan>")?,
                }
            }
        }
        out.write_str("</text>")
    }

    /// A bracket over each repeated piece and each block.
    fn brackets(&self, out: &mut impl Write, areas: &[Area], y: i64) -> fmt::Result {
        let mut written = Ok(());
        self.pieces(|first, last, piece| {
            let (from, to) = (areas[first].left, areas[last].left + areas[last].width);
            let (bottom, middle, top) = (y + 4, from.midpoint(to), y - 3);
            written = written.and_then(|()| {
                write!(
                    out,
                    "<path d=\"M{from} {bottom}v-4H{to}v4\" stroke-opacity=\".7\"/><text x=\"{middle}\" y=\"{top}\" \
                     fill=\"currentColor\" stroke=\"none\" text-anchor=\"middle\">"
                )?;
                match piece {
                    Piece::Repeated(times) => write!(out, "&#215;{times}")?,
                    Piece::Block(name) => write!(out, "{}", Escaped(name))?,
                }
                out.write_str("</text>")
            });
        });
        written
    }

    /// Calls `f` with the first and last box of each repeated piece; where nothing is repeated, of each block.
    fn pieces<'a>(&'a self, mut f: impl FnMut(usize, usize, Piece<'a>)) {
        let count = self.places.count;
        let mut at = 0;
        while at < count {
            let mut end = at + 1;
            match self.places.get(at) {
                Place::Layer { repeated: Some((period, times)), .. } => {
                    f(at, (at + period).min(count) - 1, Piece::Repeated(times));
                }
                Place::Layer { repeated: None, .. } | Place::Left(_) => {
                    if let Some(block) = self.block(at) {
                        while end < count && self.block(end) == Some(block) {
                            end += 1;
                        }
                        if end > at + 1 {
                            f(at, end - 1, Piece::Block(block));
                        }
                    }
                }
            }
            at = end;
        }
    }

    /// The block or repeat that a box's name begins with: `d1` in `d1.c1`. None in long chains, where pieces that repeat
    /// are drawn once.
    fn block(&self, at: usize) -> Option<&str> {
        match self.places.get(at) {
            Place::Layer { index, .. } if self.drawn.len() <= MOST_BOXES => {
                self.drawn[index].name.split_once('.').map(|(block, _)| block)
            }
            Place::Layer { .. } | Place::Left(_) => None,
        }
    }

    /// The name of a layer, without that of its block where a bracket has it.
    fn name(&self, at: usize, index: usize) -> &str {
        let name = self.drawn[index].name;
        let block = self.block(at);
        let before = at.checked_sub(1).and_then(|before| self.block(before));
        let after = if at + 1 < self.places.count { self.block(at + 1) } else { None };
        match name.split_once('.') {
            Some((_, rest)) if block.is_some() && (before == block || after == block) => rest,
            _ => name,
        }
    }

    /// Calls `f` with the two ends of every arc between drawn boxes.
    fn arcs(&self, areas: &[Area], mut f: impl FnMut(Arc, Area, Area)) {
        let area = |index: usize| {
            let place =
                self.places.iter().position(|place| matches!(place, Place::Layer { index: at, .. } if at == index));
            place.map(|place| (place, areas[place]))
        };
        for (at, place) in self.places.iter().enumerate() {
            let Place::Layer { index, .. } = place else { continue };
            for read in self.drawn[index].reads {
                if let Some((source, from)) = area(*read)
                    && source + 1 < at
                {
                    f(Arc::Skip, from, areas[at]);
                }
            }
            if let Some((_, from)) = self.drawn[index].undoes.and_then(area) {
                f(Arc::Pair, from, areas[at]);
            }
        }
    }

    /// How many letters the name and the shape below a box have. An upright label leaves out a shape that stays.
    fn letters(&self, at: usize, place: Place) -> [i64; 2] {
        let Place::Layer { index, .. } = place else { return [16, 0] };
        let mut counted = Counted(0);
        // Counting never fails.
        let _ = write!(counted, "{}", self.drawn[index].output);
        let name = self.name(at, index).chars().count();
        [i64::try_from(name).unwrap_or(0), if self.keeps(place) { 0 } else { counted.0 }]
    }

    /// Whether a layer keeps the shape and has no parameters.
    fn keeps(&self, place: Place) -> bool {
        let Place::Layer { index, .. } = place else { return false };
        let Drawn { output, params, reads, .. } = &self.drawn[index];
        matches!(reads, [only] if self.drawn[*only].output == *output) && *params == 0
    }

    /// Height and width combined as the side of a square; `None` for a vector.
    fn side(&self, place: Place) -> i64 {
        let Place::Layer { index, .. } = place else { return 0 };
        let shape = &self.drawn[index].output;
        let size = |axis: usize| extent(shape.size(self.order.spatial(axis)));
        match shape.rank() {
            0 | 1 => 0,
            2 => size(0),
            _ => size(0).saturating_mul(size(1)).isqrt(),
        }
    }

    /// Uses the square root of the size, so that small sizes stay visible.
    fn height(&self, place: Place, tallest: i64) -> i64 {
        let share = self.side(place).saturating_mul(10_000) / tallest;
        LOWEST + (HIGHEST - LOWEST) * share.clamp(0, 10_000).isqrt() / 100
    }

    /// Uses the logarithm of the channels. Layers that keep the shape and have no parameters are thin bars.
    fn width(&self, place: Place) -> i64 {
        let Place::Layer { index, .. } = place else { return SLOT };
        let output = &self.drawn[index].output;
        if self.keeps(place) || output.rank() == 0 {
            return THIN;
        }
        let channels = extent(output.size(self.order.channel(output.rank())));
        6 + 3 * i64::from(channels.ilog2())
    }
}

/// What a bracket in the picture encloses.
enum Piece<'a> {
    /// Layers that run this number of times.
    Repeated(usize),
    /// The layers of a block or repeat with this name.
    Block(&'a str),
}

enum Arc {
    Skip,
    Pair,
}

/// How far an arc rises above the highest box.
fn lift(from: Area, to: Area) -> i64 {
    (16 + (to.middle() - from.middle()).abs() / 4).min(100)
}

/// A size as a number; for a symbolic size, its value for a small symbol.
fn extent(size: Size) -> i64 {
    const SYMBOL: i64 = 4;
    let number = match size {
        Size::Number(number) => number,
        Size::Symbolic { scale, offset, .. } => scale.saturating_mul(SYMBOL).saturating_add(offset),
        Size::Unknown => 1,
    };
    number.max(1)
}

/// Counts the bytes written.
struct Counted(i64);

impl Write for Counted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += i64::try_from(text.chars().count()).unwrap_or(0);
        Ok(())
    }
}
