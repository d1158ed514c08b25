//! Errors outside chains, and writing files safely.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a command cannot do its work.
pub(crate) enum Failure {
    /// A file cannot be used.
    File(Unusable),
    /// The output cannot be written because its reader is gone, such as `head` after its last line.
    Output(io::Error),
}

impl From<Unusable> for Failure {
    fn from(file: Unusable) -> Failure {
        Failure::File(file)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

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

/// Writes a temporary file in the same folder and then renames it, so that nobody sees half a file. An existing file's
/// permissions are kept.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let permissions = || match fs::metadata(path) {
        Ok(old) => fs::set_permissions(&beside, old.permissions()),
        Err(_) => Ok(()),
    };
    let written = fs::write(&beside, bytes).and_then(|()| permissions()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written
}
