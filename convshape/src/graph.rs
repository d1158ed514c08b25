//! A chain as public data. Everything that runs, prints or exports a chain reads it.
//!
//! [`Graph::of`] gives the layers of a model in the order in which they run, with their inputs, outputs, shapes and
//! parameters. A back end is a loop over its nodes:
//!
//! ```
//! use convshape::graph::{Graph, Op};
//! use convshape::conv_chain;
//!
//! conv_chain! {
//!     struct Tiny {
//!         input: [1, 28, 28];
//!         enc: Conv2d(1 -> 8, kernel: 3, stride: 2, padding: 1, activation: Relu);
//!         dec: ConvTranspose2d(undo enc);
//!         output: [1, 28, 28];
//!     }
//! }
//!
//! let graph = Graph::of::<Tiny>();
//! for node in graph.nodes() {
//!     let kind = match &node.op {
//!         Op::Conv(_) => "a convolution",
//!         Op::Activation(_) => "an activation",
//!         _ => "another layer",
//!     };
//!     println!("{}: {kind} that gives {}", node.name, graph.shape(node.outputs[0]));
//! }
//! assert_eq!(graph.nodes().len(), 3);
//! assert_eq!(graph.params()[0].name, "enc.weight");
//! ```
//!
//! A node's [`Op`] has the layer's fields, with one number for each spatial axis. Its methods compute what they mean in
//! a dialect: [`Conv::windows`](op::Conv::windows) and [`Conv::scatters`](op::Conv::scatters) give kernel, stride,
//! dilation and border of each axis, and [`Parameter::layout`] says how a weight is stored.
//!
//! Run-time sizes are symbols; [`Graph::bind`] replaces them with numbers. Tests and tools build graphs by hand with
//! [`Graph::new`], [`Graph::input`], [`Graph::push`] and [`Graph::output`].

#[doc(inline)]
pub use convshape_arith::axis::{Scatter, Window};
#[doc(inline)]
pub use convshape_arith::fault::{Fault, Reason};
#[doc(inline)]
pub use convshape_arith::graph::{Graph, GraphError, Layer, Node, Parameter, Port, Value};
#[doc(inline)]
pub use convshape_arith::lower::LinearPart;
#[doc(inline)]
pub use convshape_arith::op::WeightLayout;
#[doc(inline)]
pub use convshape_arith::op::{AxisOrder, Op};
#[doc(inline)]
pub use convshape_arith::op::{Init, Role};
#[doc(inline)]
pub use convshape_arith::size::{Scope, Size, Symbol};

/// The parts of an [`Op`]: the fields of each layer, with the dialect's defaults filled in.
pub mod op {
    #[doc(inline)]
    pub use convshape_arith::op::{
        Activation, Amount, Array, Attention, AutoPad, Axes, Axis, AxisOrder, Cell, Class, Constant, Conv, Custom,
        DepthOrder, Dialect, Direction, DropTogether, Interpolation, MAX_SPATIAL, Mask, MultiHead, Op, Padding,
        PaddingMode, PerAxis, Pieces, Pool, PoolKind, Projection, Recurrent, RecurrentOutput, RecurrentWeights,
        Reduction, ResizeTo, SELU_ALPHA, SELU_SCALE, SeparableConv, Source, Upsample, WeightFrom,
    };
}
