//! Every layer in plain loops, and the interpreter that runs a chain with them: what the fast path is held against, and
//! what runs without a heap.

pub mod kernels;
pub(crate) mod layout;
pub(crate) mod run;
