//! A chain as a table: layers, outputs, parameters, multiply-accumulates.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use convshape_arith::figure::{self, Drawn};
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_arith::text::Thousands;

use crate::model::chain::{Chain, LayerInfo};
use crate::model::parts::Parts;

const BYTES_PER_NUMBER: u64 = size_of::<f32>() as u64;

/// The layers of a chain and their totals, for one sample. `Display` writes a table.
#[derive(Clone, Debug)]
pub struct Summary {
    name: &'static str,
    order: AxisOrder,
    inputs: &'static [(&'static str, Shape)],
    layers: &'static [LayerInfo],
}

/// The generated `summary`.
pub fn summary<M: Parts + Chain>() -> Summary {
    Summary::of::<M>(M::PROGRAM.name, M::PROGRAM.order)
}

impl Summary {
    /// The summary of a chain, under a title.
    pub(crate) fn of<C: Chain>(name: &'static str, order: AxisOrder) -> Summary {
        Summary { name, order, inputs: C::INPUTS, layers: C::LAYERS }
    }

    /// The layers in order: the rows of the table.
    pub fn layers(&self) -> &'static [LayerInfo] {
        self.layers
    }

    /// The number of trainable elements in the chain. Running statistics do not count, as in PyTorch.
    pub fn params(&self) -> u64 {
        self.sum(|layer| layer.params)
    }

    /// Multiply-accumulates for one sample. Layers whose sizes are known only at run time do not count;
    /// [`Graph::bind`](crate::graph::Graph::bind) gives a graph for one size, and
    /// [`Graph::macs`](crate::graph::Graph::macs) counts those too.
    pub fn macs(&self) -> u64 {
        self.sum(|layer| layer.macs)
    }

    /// The bytes of all layers' outputs for one sample, in `f32`. Outputs whose sizes are known only at run time do not
    /// count.
    pub fn activation_bytes(&self) -> u64 {
        self.sum(|layer| elements(&layer.output).saturating_mul(BYTES_PER_NUMBER))
    }

    /// The bytes of the trainable elements, in `f32`.
    pub fn param_bytes(&self) -> u64 {
        self.params().saturating_mul(BYTES_PER_NUMBER)
    }

    /// The chain as a picture in SVG. Each box is the output of a layer: its height shows the spatial size, its width
    /// the number of channels. The documentation of the model's struct shows the same picture.
    pub fn to_svg(&self) -> String {
        let inputs = self.inputs.iter().map(|&(name, output)| Drawn {
            name,
            op: "input",
            output,
            params: 0,
            reads: &[],
            undoes: None,
        });
        let layers = self.layers.iter().map(|layer| Drawn {
            name: layer.name,
            op: layer.op,
            output: layer.output,
            params: layer.params,
            reads: layer.reads,
            undoes: layer.undoes,
        });
        let drawn: Vec<Drawn<'_>> = inputs.chain(layers).collect();
        let mut svg = String::new();
        // Writing to a string never fails.
        let _ = figure::write(&mut svg, self.name, self.order, &drawn);
        svg
    }

    /// Writes [`Summary::to_svg`] to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    #[cfg(feature = "std")]
    pub fn write_svg(&self, path: impl AsRef<std::path::Path>) -> std::io::Result<()> {
        std::fs::write(path, self.to_svg())
    }

    fn sum(&self, of: impl Fn(&LayerInfo) -> u64) -> u64 {
        self.layers.iter().map(of).fold(0, u64::saturating_add)
    }
}

/// The number of elements, unless a size is known only at run time.
fn fixed_elements(shape: &Shape) -> Option<u64> {
    u64::try_from(shape.elements().ok()?.number()?).ok()
}

fn elements(shape: &Shape) -> u64 {
    fixed_elements(shape).unwrap_or(0)
}

const COLUMNS: usize = 6;
/// The columns of numbers, which are right-aligned.
const NUMBERS: [bool; COLUMNS] = [false, false, false, true, true, true];
const HEADER: [&str; COLUMNS] = ["layer", "kind", "output", "parameters", "MACs", "receptive field"];

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<[String; COLUMNS]> = Vec::new();
        for (name, shape) in self.inputs {
            rows.push([name.to_string(), "input".into(), shape.to_string(), none(), none(), none()]);
        }
        for layer in self.layers {
            rows.push([
                layer.name.into(),
                layer.op.into(),
                layer.output.to_string(),
                count(layer.params),
                count(layer.macs),
                receptive_field(layer),
            ]);
        }
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEADER[column].len()]).max().unwrap_or(0)
        };
        let widths: [usize; COLUMNS] = core::array::from_fn(width);
        let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * (COLUMNS - 1));

        writeln!(f, "{}", self.name)?;
        writeln!(f, "{rule}")?;
        line(f, &HEADER, &widths)?;
        writeln!(f, "{rule}")?;
        for row in &rows {
            line(f, row, &widths)?;
        }
        writeln!(f, "{rule}")?;
        writeln!(f, "parameters:   {} ({})", Thousands(self.params()), bytes(self.param_bytes()))?;
        if self.layers.iter().any(|layer| fixed_elements(&layer.output).is_none()) {
            return write!(f, "MACs:         depend on the size of the input\nactivations:  depend on it too");
        }
        writeln!(f, "MACs:         {} per sample", Thousands(self.macs()))?;
        write!(f, "activations:  {} per sample", bytes(self.activation_bytes()))
    }
}

/// Writes one row, with two spaces between the columns and none after the last.
fn line(f: &mut fmt::Formatter<'_>, cells: &[impl AsRef<str>; COLUMNS], widths: &[usize; COLUMNS]) -> fmt::Result {
    let mut text = String::new();
    for ((cell, &width), number) in cells.iter().zip(widths).zip(NUMBERS) {
        let cell = cell.as_ref();
        text += &if number { format!("{cell:>width$}  ") } else { format!("{cell:<width$}  ") };
    }
    writeln!(f, "{}", text.trim_end())
}

fn none() -> String {
    "-".into()
}

fn count(n: u64) -> String {
    if n == 0 { none() } else { Thousands(n).to_string() }
}

/// A number of bytes in the largest unit in which it is at least 1.
fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} bytes");
    }
    let mut unit = 0;
    let mut scale: u64 = 1024;
    while unit + 1 < UNITS.len() && n / scale >= 1024 {
        scale *= 1024;
        unit += 1;
    }
    // Computes tenths in integers, which is exact and gives the same text everywhere.
    let tenths = u128::from(n) * 10 / u128::from(scale);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

fn receptive_field(layer: &LayerInfo) -> String {
    match layer.receptive_field {
        [] => "all".into(),
        rows => rows.iter().map(u64::to_string).collect::<Vec<_>>().join(" x "),
    }
}

/// The chain's name, its layers, and the sums over them.
#[cfg(feature = "serde")]
impl serde::Serialize for Summary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut summary = serializer.serialize_struct("Summary", 5)?;
        summary.serialize_field("name", self.name)?;
        summary.serialize_field("layers", self.layers)?;
        summary.serialize_field("params", &self.params())?;
        summary.serialize_field("macs", &self.macs())?;
        summary.serialize_field("activation_bytes", &self.activation_bytes())?;
        summary.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct TwoLayers;

    impl Chain for TwoLayers {
        const LAYERS: &'static [LayerInfo] = &[
            LayerInfo {
                name: "enc1",
                op: "Conv2d",
                input: Shape::of(&[1, 28, 28]),
                output: Shape::of(&[16, 14, 14]),
                params: 160,
                macs: 28_224,
                receptive_field: &[3, 3],
                reads: &[0],
                undoes: None,
            },
            LayerInfo {
                name: "head",
                op: "Linear",
                input: Shape::of(&[3136]),
                output: Shape::of(&[10]),
                params: 31_370,
                macs: 31_360,
                receptive_field: &[],
                reads: &[1],
                undoes: None,
            },
        ];
        const INPUTS: &'static [(&'static str, Shape)] = &[("input", Shape::of(&[1, 28, 28]))];
        const OUTPUTS: &'static [(&'static str, Shape)] = &[("output", Shape::of(&[10]))];
    }

    #[test]
    fn the_table_is_aligned() {
        let summary = Summary::of::<TwoLayers>("TwoLayers", AxisOrder::ChannelsFirst);
        assert_eq!((summary.params(), summary.macs()), (31_530, 59_584));
        assert_eq!(summary.activation_bytes(), 4 * (16 * 14 * 14 + 10));
        assert_eq!(
            summary.to_string(),
            "\
TwoLayers
----------------------------------------------------------------
layer  kind    output        parameters    MACs  receptive field
----------------------------------------------------------------
input  input   [1, 28, 28]            -       -                -
enc1   Conv2d  [16, 14, 14]         160  28,224            3 x 3
head   Linear  [10]              31,370  31,360              all
----------------------------------------------------------------
parameters:   31,530 (123.1 KiB)
MACs:         59,584 per sample
activations:  12.2 KiB per sample"
        );
        assert_eq!(TwoLayers::OUTPUT, Shape::of(&[10]));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(Thousands(0).to_string(), "0");
        assert_eq!(Thousands(1_000).to_string(), "1,000");
        assert_eq!(Thousands(u64::MAX).to_string(), "18,446,744,073,709,551,615");
        assert_eq!(bytes(1023), "1023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16777215.9 TiB");
    }
}
