//! Why a file of arrays cannot be used.

use std::fmt;
use std::io;

use crate::{brief, safetensors};

/// Why a file cannot be used at all.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unreadable {
    /// The system's reason.
    Io(io::Error),
    /// It is a folder, a pipe or a device.
    NoFile,
    /// Its header is damaged, or it has a different format.
    Header(Damage),
}

/// What is wrong with a file's header.
#[derive(Debug)]
#[non_exhaustive]
pub enum Damage {
    /// It ends early or cannot be read.
    Read(io::Error),
    /// It is empty.
    Empty,
    /// It does not begin like any supported format.
    Unknown,
    /// It has another format; the text says which, and what to do.
    Other(&'static str),
    /// A pointer of Git LFS in place of the file, which was not fetched.
    Pointer,
    /// The header claims to be longer than the file.
    Length {
        /// The bytes that it claims.
        header: u64,
        /// The bytes of the file.
        file: u64,
    },
    /// The header cannot be parsed.
    Malformed(String),
    /// More elements than the address space has bytes.
    Sizes {
        /// The sizes.
        shape: Vec<usize>,
    },
    /// The number of bytes does not match the number of elements.
    Elements {
        /// The sizes.
        shape: Vec<usize>,
        /// The bytes that the elements need.
        expected: u64,
        /// The bytes of the file.
        found: u64,
    },
    /// The length at the end of a gzip file does not match the array in it.
    Content {
        /// The bytes that the elements need.
        expected: u64,
        /// The bytes of the content after the array's header, by that length.
        found: u64,
    },
    /// More axes than an array can have.
    Axes(usize),
    /// An entry of a zip archive is damaged.
    Entry {
        /// Its name.
        name: String,
        /// What is wrong with it.
        damage: Box<Damage>,
    },
    /// The header of a safetensors file is damaged.
    Safetensors(safetensors::HeaderDamage),
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Damage {
        Damage::Read(error)
    }
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Unreadable {
        Unreadable::Header(damage)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Read(error) if error.kind() == io::ErrorKind::UnexpectedEof => f.write_str("it is truncated"),
            Damage::Read(error) => write!(f, "{error}"),
            Damage::Empty => f.write_str("it is empty"),
            Damage::Unknown => f.write_str("it is neither npy, npz, safetensors nor IDX"),
            Damage::Other(what) => write!(f, "it is {what}"),
            Damage::Pointer => f.write_str("it is a pointer of Git LFS to a file that was not fetched"),
            Damage::Length { header, file } => {
                write!(f, "its header would have {header} bytes, the whole file has {file}")
            }
            Damage::Malformed(why) => write!(f, "its header is malformed: {}", brief(why)),
            Damage::Sizes { shape } => write!(f, "{} is more elements than a machine can address", Sizes(shape)),
            Damage::Elements { shape, expected, found } if found < expected => {
                write!(f, "it is truncated: {} takes {expected} bytes, {found} follow the header", Sizes(shape))
            }
            Damage::Elements { shape, expected, found } => {
                write!(f, "{} takes {expected} bytes, {found} follow the header", Sizes(shape))
            }
            Damage::Content { expected, found } => {
                write!(f, "it is truncated or damaged: its elements take {expected} bytes, its end says {found}")
            }
            Damage::Axes(axes) => write!(f, "an array of {axes} axes; numpy has at most {}", crate::MOST_AXES),
            Damage::Entry { name, damage } => write!(f, "`{}`: {damage}", brief(name)),
            Damage::Safetensors(damage) => write!(f, "{damage}"),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Io(error) if error.kind() == io::ErrorKind::NotFound => f.write_str("there is no such file"),
            Unreadable::Io(error) => write!(f, "{error}"),
            Unreadable::NoFile => f.write_str("it is not a regular file"),
            Unreadable::Header(damage) => write!(f, "{damage}"),
        }
    }
}

impl std::error::Error for Damage {}
impl std::error::Error for Unreadable {}

/// Sizes with `*` between them.
struct Sizes<'a>(&'a [usize]);

impl fmt::Display for Sizes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 8;
        for (axis, size) in self.0.iter().take(MOST).enumerate() {
            write!(f, "{}{size}", if axis > 0 { " * " } else { "" })?;
        }
        if self.0.len() > MOST { f.write_str(" * ..") } else { Ok(()) }
    }
}
