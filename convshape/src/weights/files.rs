//! Reads files, and replaces files atomically.

use alloc::borrow::ToOwned;
use alloc::format;
use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::hash::BuildHasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The bytes of a regular file.
#[cfg(all(feature = "train", feature = "safetensors"))]
pub(crate) fn read(file: &Path) -> io::Result<alloc::vec::Vec<u8>> {
    let mut bytes = alloc::vec::Vec::new();
    io::Read::read_to_end(&mut open(file)?, &mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file for reading. Pipes, which wait for a writer, are rejected.
#[cfg(any(feature = "safetensors", feature = "image"))]
pub(crate) fn open(file: &Path) -> io::Result<File> {
    if !fs::metadata(file)?.is_file() {
        return Err(not_regular());
    }
    File::open(file)
}

/// The state of a file that could not be replaced.
#[derive(Debug)]
pub(crate) enum ReplaceError {
    /// It is unchanged.
    Kept(io::Error),
    /// It was replaced, but that may be undone if the machine stops now.
    NotSynced(io::Error),
}

impl From<io::Error> for ReplaceError {
    fn from(error: io::Error) -> ReplaceError {
        ReplaceError::Kept(error)
    }
}

/// Replaces a file by `bytes` in one step: a concurrent reader sees either the old file or the new one. A symbolic link
/// is kept, and the file that it points to is replaced. Only regular files are accepted.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> Result<(), ReplaceError> {
    let file = behind_links(file)?;
    let replaced = match fs::symlink_metadata(&file) {
        Ok(metadata) if !metadata.is_file() => return Err(not_regular().into()),
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let name = file.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let folder = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    sweep(folder, name);
    let mut temporary = Temporary::new(folder, name, replaced.is_some())?;
    temporary.file.write_all(bytes)?;
    if let Some(metadata) = replaced {
        take_over(&temporary.file, &metadata)?;
    }
    temporary.file.sync_all()?;
    temporary.rename(&file)?;
    sync(folder).map_err(ReplaceError::NotSynced)
}

/// Gives a file the owner and the permissions of the one that it replaces.
fn take_over(file: &File, replaced: &Metadata) -> io::Result<()> {
    let permissions = replaced.permissions();
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
        /// The permissions of the group, and of others.
        const OTHERS: u32 = 0o077;
        let own = file.metadata()?;
        let mut permissions = permissions;
        let is_owned = (own.uid(), own.gid()) == (replaced.uid(), replaced.gid())
            || fchown(file, Some(replaced.uid()), Some(replaced.gid())).is_ok();
        if !is_owned {
            // Only an administrator may give files away. Members of another group must not gain access to the file.
            permissions.set_mode(permissions.mode() & !OTHERS);
        }
        permissions
    };
    file.set_permissions(permissions)
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")
}

/// The path at the end of a chain of symbolic links, even if nothing exists there.
fn behind_links(file: &Path) -> io::Result<PathBuf> {
    /// The limit of Linux.
    const MOST_LINKS: usize = 40;
    let mut file = file.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&file) {
            Ok(metadata) if metadata.is_symlink() => {
                let target = fs::read_link(&file)?;
                file = file.parent().unwrap_or(Path::new("")).join(target);
            }
            _ => return Ok(file),
        }
    }
    Err(io::Error::other("too many links"))
}

/// A temporary file in the folder of the one to be replaced, since a rename works only within a file system. It is
/// removed unless it was renamed. Its lock says that a process is writing it.
struct Temporary {
    path: PathBuf,
    file: File,
    is_renamed: bool,
}

impl Temporary {
    /// Creates the file. If it replaces another, no one else can read it until it has the other's permissions.
    fn new(folder: &Path, name: &OsStr, is_private: bool) -> io::Result<Temporary> {
        /// Tries again if a name is taken, or the file was swept between its creation and its lock.
        const ATTEMPTS: usize = 16;
        for _ in 0..ATTEMPTS {
            let path = folder.join(temporary_name(name));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            if is_private {
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            }
            #[cfg(not(unix))]
            let _ = is_private;
            let file = match options.open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // Where the file system has no locks, nothing is swept either.
            let is_locked = file.lock().is_ok();
            if is_locked && !path.try_exists()? {
                continue;
            }
            return Ok(Temporary { path, file, is_renamed: false });
        }
        Err(io::Error::other("no name for a temporary file is free"))
    }

    fn rename(&mut self, file: &Path) -> io::Result<()> {
        fs::rename(&self.path, file)?;
        self.is_renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_renamed {
            // The first error is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The prefix and suffix of temporary file names for `name`; between the two are 16 random digits.
fn around(name: &OsStr) -> (OsString, &'static str) {
    let mut start = OsString::from(".");
    start.push(name);
    start.push(".");
    (start, ".tmp")
}

fn temporary_name(name: &OsStr) -> OsString {
    let (mut temporary, end) = around(name);
    // Each `RandomState` has other keys, which begin with random bits of the operating system.
    temporary.push(format!("{:016x}{end}", RandomState::new().hash_one(0)));
    temporary
}

/// Removes temporary files of processes that were killed while they wrote. Files that cannot be removed stay, which is
/// harmless.
fn sweep(folder: &Path, name: &OsStr) {
    let (start, end) = around(name);
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let own = entry.file_name();
        let digits = own
            .as_encoded_bytes()
            .strip_prefix(start.as_encoded_bytes())
            .and_then(|rest| rest.strip_suffix(end.as_bytes()));
        let is_temporary =
            digits.is_some_and(|digits| digits.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'.'));
        if is_temporary
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            && !matches!(file.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_)))
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Flushes a folder's entries to disk. On systems that cannot, this does nothing.
fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        return match folder.sync_all() {
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            synced => synced,
        };
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests;
