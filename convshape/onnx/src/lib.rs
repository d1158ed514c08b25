//! ONNX out of and into convshape's checked chains.
//!
//! [`to_bytes`] and [`save`] write a model as an ONNX file, for browsers, phones, GPUs and every other
//! place that has an engine for the format.
//!
//! [`import`] and [`import_file`] turn an ONNX file into a chain's source code and the weights that it loads.

mod export;
mod import;
mod proto;

pub use export::{ExportError, graph_to_bytes, save, to_bytes};
pub use import::{ImportError, Imported, Refusal, import, import_file};
