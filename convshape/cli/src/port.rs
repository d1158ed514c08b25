//! `port`: a chain from lines of Python.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::report::Unusable;
use crate::{Outcome, complain};

/// Prints the chain, and on standard error what it leaves open or cannot say.
pub(crate) fn run(out: &mut impl Write, file: &Path, name: &str) -> Outcome {
    let python = fs::read_to_string(file).map_err(|error| Unusable::new(file, error))?;
    match convshape_front::port(&python, name) {
        Ok(ported) => {
            ported.notes.iter().for_each(|note| complain(&format!("{}: {note}", file.display())));
            write!(out, "{}", ported.source)?;
            Ok(true)
        }
        Err(faults) => {
            faults.iter().for_each(|fault| complain(&format!("{}: {fault}", file.display())));
            Ok(false)
        }
    }
}
