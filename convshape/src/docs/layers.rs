//! The words of the language: every layer with its fields, dialect by dialect.
//!
//! Nothing here is used at run time. Editors show the structs' documentation for a word inside `conv_chain!`, and
//! complete their fields; their pages are the reference of the language. They are generated from the table with which
//! the macro reads chains.
#![allow(missing_debug_implementations, reason = "no value of these types is ever made")]

/// The values of fields.
pub mod values {
    /// An integer, a constant, or arithmetic on these: `16`, `WIDTH`, `2 * WIDTH + 1`.
    pub struct Size;
    /// One size for all axes, or one per axis: `3`, `(3, 5)`.
    pub struct SizePerAxis;
    /// Rows per axis, both sides of each axis, or a word: `1`, `(1, 2)`, `[(0, 1), (1, 1)]`, `same`.
    pub struct Padding;
    /// Rows per axis, or both sides of each axis: `1`, `[(0, 1), (1, 1)]`.
    pub struct Amount;
    /// A number: `0.2`.
    pub struct Float;
    /// One factor for all axes, or one per axis: `2`, `(2, 1.5)`.
    pub struct FloatPerAxis;
    /// `true` or `false`.
    pub struct Bool;
    /// One of the words that the field lists.
    pub struct Word;
    /// A shape without the batch axis: `[16, 14, 14]`.
    pub struct Shape;
    /// A range of channels, or of indices along the named axis: `0..16`.
    pub struct Range;
    /// A number of equal pieces, or the sizes of all pieces: `2`, `[64, 80]`.
    pub struct Pieces;
    /// Axes: their numbers from 0, without the batch, or names: `1`, `(0, -1)`, `channels`.
    pub struct Axes;
    /// How a parameter is initialised: `1e-6`, `normal(0.02)`, `uniform(0.1)`.
    pub struct Init;
    /// The path of a `const` or `static` array: `tables::ANCHORS`.
    pub struct Array;
    /// The name of a statement.
    pub struct Name;
    /// An activation: `Relu`, `LeakyRelu(0.2)`.
    pub struct Activation;
    /// A dialect: `torch`, `onnx`, `jax`, `flax` or `keras`.
    pub struct Dialect;
    /// A size declared by a `block`, a `repeat` or a `for`.
    pub struct Named;
}

convshape_macros::layer_words! {}
