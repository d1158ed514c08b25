//! The shape arithmetic of convolutional layers, written once: for the `conv_chain!` macro, for
//! const evaluation and for run time.
//!
//! Everything is a pure `const fn` over checked signed integers; nothing allocates.
//!
//! - [`size`], [`shape`]: a number or `a*h + b`, and a list of them.
//! - [`operator`]: arithmetic on them as it is written. [`binding`]: symbols in terms of others.
//! - [`axis`]: the two maps of one axis, a sliding window and a stamped kernel.
//! - [`op`]: layers as plain data. [`dialect`] translates a framework's words into axes.
//! - [`layer`]: shapes in, shape out. [`param`]: what a layer stores,
//!   [`stored`]: and how files store it. [`data`]: arrays held against a chain's ports, [`symbols`]: what
//!   their sizes make of symbols.
//! - [`fault`]: why a layer is refused. [`explain`] words it, under a code of [`code`].
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
