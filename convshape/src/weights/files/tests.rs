//! What a save leaves behind if things go wrong.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::weights::test_folder::Folder;

#[cfg(unix)]
fn kept(result: Result<(), ReplaceError>) -> String {
    match result {
        Err(ReplaceError::Kept(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A process that was killed leaves a file without a lock; a running one holds the lock.
#[test]
fn leftovers_are_swept_and_nothing_else() {
    let folder = Folder::new("sweep");
    let file = folder.file("model");
    let name = OsStr::new("model");
    let alive = Temporary::new(&folder.0, name, false).unwrap();
    let dead = temporary_name(name);
    fs::write(folder.file(&dead), "half").unwrap();
    fs::write(folder.file(".model.12.0.tmp"), "of an older version").unwrap();
    for other in
        [".model.notes.tmp", ".model.0123456789abcdef", "model.0123456789abcdef.tmp", ".other.0123456789abcdef.tmp"]
    {
        fs::write(folder.file(other), "another's").unwrap();
    }
    replace(&file, b"new").unwrap();
    let names = folder.names();
    assert!(!names.contains(&dead.into_string().unwrap()) && !names.contains(&".model.12.0.tmp".into()), "{names:?}");
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(alive.path.exists());
    drop(alive);
    assert_eq!(folder.names().len(), 5, "who does not come to the end leaves nothing");
}

#[test]
fn a_temporary_file_is_one_that_was_not_there() {
    let folder = Folder::new("names");
    let name = OsStr::new("model");
    let all: Vec<Temporary> = (0..100).map(|_| Temporary::new(&folder.0, name, true).unwrap()).collect();
    assert_eq!(folder.names().len(), 100);
    drop(all);
    assert!(folder.names().is_empty());
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;

    let folder = Folder::new("special");
    let pipe = folder.file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Opening the pipe would wait forever.
    assert_eq!(read(&pipe).unwrap_err().to_string(), "it is not a regular file");
    for special in [&pipe, Path::new("/dev/null"), &folder.0] {
        assert_eq!(kept(replace(special, b"new")), "it is not a regular file");
    }
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
    // Also through a link.
    symlink(&pipe, folder.file("link")).unwrap();
    assert_eq!(kept(replace(&folder.file("link"), b"new")), "it is not a regular file");
    assert_eq!(folder.names(), ["link", "pipe"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_also_one_to_nothing() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    fs::create_dir(folder.file("there")).unwrap();
    let (link, target) = (folder.file("link"), folder.0.join("there/model"));
    symlink("there/model", &link).unwrap();
    replace(&link, b"new").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&target).unwrap(), b"new");
    // If the folder is missing too, nothing is created.
    let nowhere = folder.file("nowhere");
    symlink("no/such/folder", &nowhere).unwrap();
    assert!(replace(&nowhere, b"new").is_err());
    assert!(fs::symlink_metadata(&nowhere).unwrap().is_symlink());
    // A cycle of links.
    symlink("b", folder.file("a")).unwrap();
    symlink("a", folder.file("b")).unwrap();
    assert_eq!(kept(replace(&folder.file("a"), b"new")), "too many links");
}

#[cfg(unix)]
#[test]
fn a_private_file_is_never_readable() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = Folder::new("private");
    let file = folder.file("model");
    replace(&file, b"new").unwrap();
    fs::write(folder.file("other"), "").unwrap();
    assert_eq!(mode(&file), mode(&folder.file("other")), "a new file is as any new file");
    let temporary = Temporary::new(&folder.0, OsStr::new("model"), true).unwrap();
    assert_eq!(mode(&temporary.path), 0o600);
    drop(temporary);
    for private in [0o600, 0o640, 0o444] {
        fs::set_permissions(&file, fs::Permissions::from_mode(private)).unwrap();
        replace(&file, b"newer").unwrap();
        assert_eq!(mode(&file), private);
    }
}

/// Many at once, each of which removes old files: at any time the file has one of the contents.
#[test]
fn saves_at_once_do_not_sweep_each_other() {
    let folder = Folder::new("at-once");
    let file = folder.file("model");
    replace(&file, &[0; 1000]).unwrap();
    std::thread::scope(|scope| {
        for writer in 1..5_u8 {
            let file = &file;
            scope.spawn(move || {
                for _ in 0..50 {
                    replace(file, &vec![writer; 1000]).unwrap();
                    let bytes = read(file).unwrap();
                    assert!(bytes.len() == 1000 && bytes.iter().all(|byte| *byte == bytes[0]));
                }
            });
        }
    });
    assert_eq!(folder.names(), ["model"]);
}
