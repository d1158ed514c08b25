//! Writes convshape's checked chains to ONNX files, and reads chains from ONNX files.
//!
//! [`to_bytes`] and [`save`] write a model as an ONNX file, for browsers, phones, GPUs and everything else that has an
//! engine for the format.
//!
//! [`import`] and [`import_file`] turn an ONNX file into the source code of a chain and its weights; [`Importer`] also
//! takes numbers for sizes that the file leaves open.

mod export;
mod import;
mod proto;

pub use export::{ExportError, graph_to_bytes, save, to_bytes};
pub use import::{ImportError, Imported, Importer, Refusal, import, import_file};
