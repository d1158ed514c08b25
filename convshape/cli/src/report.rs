//! What goes wrong outside of chains.

use std::fmt;
use std::path::{Path, PathBuf};

/// A file that cannot be used at all.
pub(crate) struct Unusable {
    path: PathBuf,
    reason: String,
}

impl Unusable {
    pub(crate) fn new(path: &Path, reason: impl fmt::Display) -> Unusable {
        Unusable { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}
