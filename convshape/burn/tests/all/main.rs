//! Chains on burn's own processor device against convshape and the frameworks' recordings.

// The random graphs of the ONNX exporter's tests.
#[path = "../../../onnx/tests/support/graphs.rs"]
mod graphs;

mod errors;
mod faults;
mod module;
mod page;
mod random;
mod recorded;
mod recurrent;
mod support;
mod tape;
mod training;
mod values;
