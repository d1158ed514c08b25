//! Reading and writing a model's parameters as safetensors files, which Python reads and writes
//! with `safetensors.torch`.

mod decode;
mod error;
mod header;
mod load;
mod save;
mod weight_norm;

pub use self::error::{LoadError, SaveError, TensorProblem};
pub use self::load::{load, load_bytes, load_with};
pub use self::save::save;
pub use convshape_arith::stored::Hint;

#[cfg(feature = "train")]
pub(crate) use self::{header::open, save::replace};

#[cfg(test)]
mod tests;
