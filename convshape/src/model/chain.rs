//! The constants of a chain: its layers, inputs and outputs.

use convshape_arith::shape::Shape;

/// A chain whose shapes were checked while it compiled. `conv_chain!` implements it.
pub trait Chain {
    /// The layers in order.
    const LAYERS: &'static [LayerInfo];
    /// The inputs: name and shape, without the batch axis.
    const INPUTS: &'static [(&'static str, Shape)];
    /// The outputs: name and shape, without the batch axis.
    const OUTPUTS: &'static [(&'static str, Shape)];
    /// The shape of the first input.
    const INPUT: Shape = Self::INPUTS[0].1;
    /// The shape of the first output.
    const OUTPUT: Shape = Self::OUTPUTS[0].1;
}

/// One layer of a chain. With the feature `serde` shapes are written as text: `[16, 14, 14]`.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LayerInfo {
    /// Its name, including the names of the blocks around it: `blocks.0.c`.
    pub name: &'static str,
    /// Its kind: `Conv2d`.
    pub op: &'static str,
    /// The shape of its first input, without the batch axis.
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub input: Shape,
    /// The shape of its output, without the batch axis.
    #[cfg_attr(feature = "serde", serde(serialize_with = "as_text"))]
    pub output: Shape,
    /// Its number of trainable elements; running statistics do not count, as in PyTorch.
    pub params: u64,
    /// Multiply-accumulates for one sample.
    pub macs: u64,
    /// How many rows of the chain's input affect one element of the output, per spatial axis. Empty if every element
    /// depends on the whole input, or if there are no spatial axes.
    pub receptive_field: &'static [u64],
    /// The values it reads, as indices into [`Chain::INPUTS`] followed by [`Chain::LAYERS`].
    pub reads: &'static [usize],
    /// The layer whose input shape it restores (`undo`, `restores`), as an index of the same kind.
    pub undoes: Option<usize>,
}

/// Writes a shape as in messages.
#[cfg(feature = "serde")]
fn as_text<S: serde::Serializer>(shape: &Shape, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(shape)
}
