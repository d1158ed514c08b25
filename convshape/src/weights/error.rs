//! What can be wrong with a weight file.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::format;
use std::io;
use std::path::PathBuf;

use convshape_arith::stored::Hint;

use crate::model::error::{ShapeError, debug_as_display};

debug_as_display!(LoadError);
debug_as_display!(SaveError);

/// A file does not hold the weights of a model.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not a valid safetensors file.
    #[error("{file}: {reason}")]
    Format {
        /// The file, or `bytes` where they were given directly.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has none of the model's tensors: its names differ, or it belongs to another model.
    #[error(
        "{file}: none of the model's tensors is in it: the first would be `{expected}`{}",
        FileNames { found, more: *more, prefix, expected }
    )]
    NoTensor {
        /// The file, or `bytes` where they were given directly.
        file: String,
        /// The first name that was looked for.
        expected: String,
        /// The first names that the file has.
        found: Vec<String>,
        /// How many more names it has.
        more: usize,
        /// The prefix of the model's names in the file, if there is one.
        prefix: Option<String>,
    },
    /// Tensors of the model are missing in the file, or have the wrong shape or type.
    #[error("{file}: {}", Lines(problems))]
    Tensors {
        /// The file, or `bytes` where they were given directly.
        file: String,
        /// Everything that is wrong, in the order of the model's layers.
        problems: Vec<TensorProblem>,
    },
}

/// Displays the names in a file, and the prefix of those that may be meant.
struct FileNames<'a> {
    found: &'a [String],
    more: usize,
    prefix: &'a Option<String>,
    expected: &'a str,
}

impl fmt::Display for FileNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FileNames { found, more, prefix, expected } = self;
        if found.is_empty() {
            return f.write_str("; the file has no tensors");
        }
        f.write_str("; the file has ")?;
        for (index, name) in found.iter().enumerate() {
            let separator = if index == 0 {
                ""
            } else if index + 1 == found.len() && *more == 0 {
                " and "
            } else {
                ", "
            };
            write!(f, "{separator}`{name}`")?;
        }
        if *more > 0 {
            write!(f, " and {more} more")?;
        }
        match prefix {
            Some(prefix) => write!(
                f,
                "; `{expected}` has the prefix `{prefix}` there: `load_with(path, |name| format!(\"{prefix}{{name}}\"))`"
            ),
            None => f.write_str("; `load_with` takes other names"),
        }
    }
}

/// What is wrong with one tensor of a file. Names are those in the file.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorProblem {
    /// There is no tensor of this name.
    #[error("{name}: missing, expected f32 {expected:?}{}", Similar { name, similar })]
    Missing {
        /// The name.
        name: String,
        /// The shape it should have.
        expected: Vec<usize>,
        /// A tensor that may be meant: its name has more parts in front, or one part less.
        similar: Option<String>,
    },
    /// A tensor that a layer of the model would read if it had such a parameter, so the saved layer computed something
    /// else.
    #[error("{name}: the file has it, and `{layer}` of the model has no such parameter{}", Without(name))]
    Unread {
        /// The name.
        name: String,
        /// The layer, as files name it.
        layer: String,
    },
    /// Its element type cannot be converted.
    #[error("{name}: found elements of type {found}, expected f32, f64, f16 or bf16")]
    Dtype {
        /// The name.
        name: String,
        /// The type in the file.
        found: String,
    },
    /// It has the wrong shape.
    #[error("{name}: found {dtype} {found:?}, expected {expected:?}{}", TensorHint(*hint))]
    Shape {
        /// The name.
        name: String,
        /// The type in the file.
        dtype: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
        /// What may have happened.
        hint: Option<Hint>,
    },
    /// An element is infinite or NaN, or becomes so as `f32`.
    #[error("{name}: found {value} at index {index:?}, expected a finite f32")]
    NotFinite {
        /// The name.
        name: String,
        /// The index, one number per axis.
        index: Vec<usize>,
        /// The element.
        value: f64,
    },
    /// A weight is stored as direction and length, and a direction is zero.
    #[error("{name}: found norm 0 at index {index}, expected a direction that a length can be given to")]
    ZeroNorm {
        /// The name of the direction.
        name: String,
        /// Its index on the first axis.
        index: usize,
    },
}

/// A model could not be saved. Except for [`SaveError::Sync`], the file is unchanged.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// A parameter of the model was replaced by one of another shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The parameters cannot be written in this format.
    #[error("{}: {reason}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file was written, but its new name may not be on disk yet: if the machine stops now, the old file may come
    /// back.
    #[error("{}: is written, but its folder cannot be brought to the disk: {source}", file.display())]
    Sync {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// How many problems an error lists before it only counts them.
const LISTED: usize = 20;

/// Displays a single problem on the same line, several on a line each.
struct Lines<'a>(&'a [TensorProblem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.0;
        if let [problem] = problems {
            return write!(f, "{problem}");
        }
        write!(f, "{} tensors do not fit", problems.len())?;
        for problem in problems.iter().take(LISTED) {
            let is_shared = problem.hint().is_some_and(|(hint, _)| self.with(hint).len() > 1);
            match problem {
                TensorProblem::Shape { name, dtype, found, expected, .. } if is_shared => {
                    write!(f, "\n  {name}: found {dtype} {found:?}, expected {expected:?}")?;
                }
                problem => write!(f, "\n  {problem}")?,
            }
        }
        match problems.len().saturating_sub(LISTED) {
            0 => {}
            more => write!(f, "\n  and {more} more")?,
        }
        // What several tensors have in common is said once, at the first of them.
        for (hint, name) in problems.iter().filter_map(TensorProblem::hint) {
            let names = self.with(hint);
            if names.len() > 1 && core::ptr::eq(names[0], name) {
                write!(f, "\n{}: {hint}", listed(&names))?;
            }
        }
        Ok(())
    }
}

impl Lines<'_> {
    /// The names of the tensors with a hint.
    fn with(&self, hint: Hint) -> Vec<&str> {
        let hints = self.0.iter().filter_map(TensorProblem::hint);
        hints.filter(|(own, _)| *own == hint).map(|(_, name)| name).collect()
    }
}

/// How many tensors with one hint are named.
const NAMED: usize = 3;

fn listed(names: &[&str]) -> String {
    match names {
        [others @ .., last] if others.len() < NAMED => format!("{} and {last}", others.join(", ")),
        _ => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

impl TensorProblem {
    /// What may have happened to a tensor of another shape, and its name.
    fn hint(&self) -> Option<(Hint, &str)> {
        match self {
            TensorProblem::Shape { name, hint, .. } => hint.map(|hint| (hint, &name[..])),
            TensorProblem::Missing { .. }
            | TensorProblem::Unread { .. }
            | TensorProblem::Dtype { .. }
            | TensorProblem::NotFinite { .. }
            | TensorProblem::ZeroNorm { .. } => None,
        }
    }
}

/// Displays what would leave a tensor unread.
struct Without<'a>(&'a str);

impl fmt::Display for Without<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.ends_with("bias") {
            f.write_str(" (`bias: false`, `affine: false`)")?;
        }
        f.write_str("; `load_with` reads what it is told and nothing else")
    }
}

/// Displays a tensor that may have been meant.
struct Similar<'a> {
    name: &'a str,
    similar: &'a Option<String>,
}

impl fmt::Display for Similar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(similar) = self.similar else { return Ok(()) };
        write!(f, "; the file has `{similar}`: ")?;
        let mut parts = similar.split('.');
        match self.name.split('.').find(|part| parts.next() != Some(part)) {
            Some(part) if similar.len() < self.name.len() => {
                write!(f, "write `#[name(transparent)]` before `{part}`")
            }
            _ => f.write_str("`load_with` takes other names"),
        }
    }
}

/// Displays what may have happened to a tensor.
struct TensorHint(Option<Hint>);

impl fmt::Display for TensorHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}
