//! What the tests share: readers for `data/`, the golden models as chains, and tools to compile a chain given as text
//! and to apply the fix that its message suggests.
//!
//! The readers panic on data they cannot read: the data is part of the repository, so that is a bug in the test.

pub mod chains;
pub mod compile;
mod data;
pub mod fix;
pub mod golden;
pub mod judge;
pub mod models;
pub mod modules;
pub mod networks;
pub mod npy;
pub mod slips;
pub mod torch;
pub mod truth;
