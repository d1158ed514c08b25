//! `fix`: applies the first fix of one error after the other, each tried with the check before it is kept.

use std::io::Write;
use std::path::PathBuf;

use convshape_front::Finding;
use similar::TextDiff;

use crate::check::is_error;
use crate::lines::ON_LINE;
use crate::report::{Unusable, replace};
use crate::source::{Chain, Source};
use crate::{Outcome, complain, edit};

/// More fixes than anyone needs.
const MOST_FIXES: usize = 1000;

/// Fixes files and shows what changed.
pub(crate) fn run(out: &mut impl Write, files: &[PathBuf], dry_run: bool) -> Outcome {
    let mut left = 0;
    for file in files {
        let before = Source::open(file)?;
        let original = before.text.clone();
        let after = fixed(before)?;
        if after.text != original {
            let name = file.display().to_string();
            write!(out, "{}", TextDiff::from_lines(&original, &after.text).unified_diff().header(&name, &name))?;
            if !dry_run {
                replace(file, after.text.as_bytes()).map_err(|error| Unusable::new(file, error))?;
            }
        }
        left += after.chains.iter().map(|chain| errors(chain).1).sum::<usize>();
    }
    if left > 0 {
        let (count, word) = (left, if left == 1 { "error is" } else { "errors are" });
        complain(&format!("{count} {word} left; `cargo convshape check` shows what is wrong"));
    }
    Ok(left == 0)
}

/// The source after all fixes that help.
fn fixed(mut source: Source) -> Result<Source, Unusable> {
    for _ in 0..MOST_FIXES {
        match step(&source)? {
            Some(better) => source = better,
            None => break,
        }
    }
    Ok(source)
}

/// The source after the first fix that removes its error without causing another, or that turns lines into the
/// language. A corrected word may let shapes be checked, and so show an error that was there before.
fn step(source: &Source) -> Result<Option<Source>, Unusable> {
    for (index, chain) in source.chains.iter().enumerate() {
        for finding in chain.inspection.findings.iter().filter(|finding| is_error(finding)) {
            for fix in edit::fixes(chain, finding) {
                let tried = Source::read(&source.path, edit::apply(&source.text, &fix.edits))?;
                let Some(after) = tried.chains.get(index) else { continue };
                let better = if fix.rewrites {
                    further(after, finding)
                } else if has(after, finding) {
                    // One error can report the same mistake in several lines.
                    errors(after) == errors(chain) && further(after, finding)
                } else {
                    errors(after) < errors(chain)
                };
                if better {
                    return Ok(Some(tried));
                }
            }
        }
    }
    Ok(None)
}

/// Whether the first error with a finding's code comes after that finding, or is gone, or asks for no other lines any
/// more.
fn further(chain: &Chain, finding: &Finding) -> bool {
    let same = |found: &&Finding| found.code == finding.code && found.message == finding.message;
    if rewrites(finding) && chain.inspection.findings.iter().filter(same).any(|found| !rewrites(found)) {
        return true;
    }
    let place = |finding: &Finding| {
        let start = finding.span.start();
        (start.line, start.column)
    };
    let same = chain.inspection.findings.iter().filter(|found| found.code == finding.code);
    same.map(place).min().is_none_or(|first| first > place(finding))
}

/// Whether a finding asks for other lines to be written anew.
fn rewrites(finding: &Finding) -> bool {
    finding.lines.iter().filter_map(|line| line.strip_prefix("help: ")).any(|help| help.starts_with(ON_LINE))
}

/// Whether a chain has an error.
fn has(chain: &Chain, error: &Finding) -> bool {
    chain.inspection.findings.iter().any(|found| found.code == error.code && found.message == error.message)
}

/// How many errors a chain has in its words and names, and in all.
fn errors(chain: &Chain) -> (usize, usize) {
    let errors = || chain.inspection.findings.iter().filter(|finding| is_error(finding));
    let words = errors().filter(|finding| ["CS00", "CS01"].iter().any(|topic| finding.code.starts_with(topic)));
    (words.count(), errors().count())
}
