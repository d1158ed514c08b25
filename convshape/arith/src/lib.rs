//! The shape arithmetic of convolutional layers, defined once for the `conv_chain!` macro, const evaluation and run
//! time.
//!
//! Everything is a pure `const fn` over checked signed integers; nothing allocates.
//!
//! - [`size`], [`shape`]: a number or `a*h + b`, and lists of them.
//! - [`operator`]: arithmetic on sizes as users write it. [`binding`]: symbols in terms of other symbols.
//! - [`axis`]: the two maps of one axis, a convolution and a transposed convolution.
//! - [`op`]: layers as plain data. [`dialect`] translates a framework's fields into the maps of [`axis`].
//! - [`layer`]: output shapes. [`param`]: a layer's parameters. [`stored`]: how files store them. [`data`]: checks
//!   arrays against a chain's inputs and outputs. [`symbols`]: the values of symbols that arrays imply.
//! - [`fault`]: why a layer is rejected. [`explain`] puts it into words, with a code from [`code`].
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod axis;
pub mod binding;
pub mod code;
pub mod data;
pub mod dialect;
pub mod explain;
pub mod fault;
pub mod figure;
#[cfg(feature = "alloc")]
pub mod graph;
pub mod layer;
pub mod lower;
pub mod op;
pub mod operator;
pub mod padding;
pub mod param;
pub mod program;
pub mod receptive;
pub mod shape;
pub mod size;
pub mod solve;
pub mod stored;
pub mod symbols;
pub mod text;
pub mod weight;
