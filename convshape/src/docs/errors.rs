//! The errors of `conv_chain!`, with one page per code.
//!
//! A message begins with its code in brackets:
//!
//! ```text
//! error: [CS0201] `dec` does not restore `enc`: it gives [1, 27, 27], `enc` took [1, 28, 28]
//!        height: (12 - 1) * 2 - 2 * 0 + 1 * (5 - 1) + 0 + 1 = 27
//!        note: with stride 2, heights 27 and 28 both become 12 in `enc`
//!        help: in `dec`, set `output_padding: 1`
//! ```
//!
//! First comes the layer and what is wrong with it, then the formula with its numbers, then the layer upstream that is
//! the cause, if there is one, then what to write. Every `help:` was tried before it is shown. A code is never reused
//! for another error.
//!
//! | codes | about |
//! |---|---|
//! | `CS00..` | what is written |
//! | `CS01..` | words and names |
//! | `CS02..` | shapes that meet |
//! | `CS03..` | what a layer refuses |
//! | `CS04..` | sizes |
//! | `CS05..` | holes |
//! | `CS06..` | weights that are compiled in |
//! | `CS07..` | data |
//! | `CS08..` | what is legal and surely not meant |
//!
//! The page of each constant shows a chain that fails with the code, the reason, and the fixed chain. The constant's
//! value is the code's title.

mod data;
mod holes;
mod layers;
mod lints;
mod names;
mod pieces;
mod shapes;
mod sizes;
mod weights;
mod writing;

pub use data::*;
pub use holes::*;
pub use layers::*;
pub use lints::*;
pub use names::*;
pub use pieces::*;
pub use shapes::*;
pub use sizes::*;
pub use weights::*;
pub use writing::*;
