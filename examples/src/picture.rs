//! Where pictures go.

use std::io;
use std::path::PathBuf;

/// Where an example writes its picture: the path given as its first argument, or else next to its own program in the
/// target directory.
///
/// # Errors
/// If the system does not say where the program is.
pub fn picture_path() -> io::Result<PathBuf> {
    match std::env::args_os().nth(1) {
        Some(path) => Ok(path.into()),
        None => Ok(std::env::current_exe()?.with_extension("png")),
    }
}
