//! Reading and writing a model's parameters as safetensors files, which Python reads and writes
//! with `safetensors.torch`.

#[cfg(feature = "safetensors")]
mod decode;
#[cfg(feature = "safetensors")]
mod error;
pub(crate) mod files;
#[cfg(feature = "safetensors")]
mod header;
#[cfg(feature = "safetensors")]
mod load;
#[cfg(feature = "safetensors")]
mod save;
#[cfg(feature = "safetensors")]
mod source;
#[cfg(test)]
mod test_folder;
#[cfg(all(test, feature = "safetensors"))]
mod tests;
#[cfg(feature = "safetensors")]
mod weight_norm;

#[cfg(feature = "safetensors")]
pub use self::error::{LoadError, SaveError, TensorProblem};
#[cfg(feature = "safetensors")]
pub use self::load::{load, load_bytes, load_with};
#[cfg(feature = "safetensors")]
pub use self::save::save;
#[cfg(feature = "safetensors")]
pub use convshape_arith::stored::Hint;

#[cfg(all(feature = "safetensors", feature = "train"))]
pub(crate) use self::{header::open, save::replace};
