//! Colours and their meaning, and text in SVG.

use core::fmt::{self, Write};

use super::{LETTER, MARGIN};

/// A group of layers that share a colour.
#[derive(Clone, Copy)]
pub(super) enum Colour {
    Convolution,
    Transposed,
    Resizing,
    Join,
    Other,
}

impl Colour {
    pub(super) fn of(op: &str) -> Colour {
        let is = |words: &[&str]| words.iter().any(|word| op.contains(word));
        if is(&["Transpose"]) {
            Colour::Transposed
        } else if is(&["Conv"]) {
            Colour::Convolution
        } else if is(&["Pool", "Up", "Pixel", "DepthToSpace", "Pad", "Crop", "Slice"]) {
            Colour::Resizing
        } else if matches!(op, "Concat" | "Add" | "Mul") {
            Colour::Join
        } else {
            Colour::Other
        }
    }

    pub(super) const fn css(self) -> &'static str {
        match self {
            Colour::Convolution => "#4c8bf5",
            Colour::Transposed => "#e8833a",
            Colour::Resizing => "#35a573",
            Colour::Join => "#a874d8",
            Colour::Other => "#8f8f8f",
        }
    }
}

pub(super) fn legend(out: &mut impl Write, y: i64) -> fmt::Result {
    let entries = [
        (Colour::Convolution, "convolution"),
        (Colour::Transposed, "transposed"),
        (Colour::Resizing, "pooling, resizing"),
        (Colour::Join, "join"),
        (Colour::Other, "other"),
    ];
    let mut x = MARGIN;
    for (colour, word) in entries {
        write!(
            out,
            "<rect x=\"{x}\" y=\"{}\" width=\"8\" height=\"8\" fill=\"{}\" fill-opacity=\".55\"/><text x=\"{}\" y=\"{y}\" \
             fill=\"currentColor\" stroke=\"none\">{word}</text>",
            y - 8,
            colour.css(),
            x + 12
        )?;
        x += 12 + LETTER * i64::try_from(word.len()).unwrap_or(0) + 12;
    }
    Ok(())
}

/// Text for a tag's content or an attribute.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
