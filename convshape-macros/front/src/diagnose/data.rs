//! Data files that cannot be read or do not fit.

use convshape_arith::code::{self, Code};
use convshape_arith::data::{Cause, Found, Library, UNSCALED, label, misfit, remedy};
use convshape_arith::text::Text;
use convshape_data::{Damage, Unreadable};
use proc_macro2::Span;

use super::Report;
use crate::data::{DataProblem, Named};
use crate::words::{list, nearest};

/// A problem with a file or an array; `span` is the span of its name.
pub(crate) fn data(problem: &DataProblem, span: Span) -> Report {
    let report = |code: Code, message: String| Report::new(code, span, message);
    match problem {
        DataProblem::Unreadable { written, path, why } => unreadable(written, &path.display().to_string(), why, span),
        DataProblem::NotUnicode { path } => {
            let why = "the path is not Unicode, so that no source code can name it";
            report(code::DATA_FILE, format!("the data `{}` cannot be read: {why}", path.display()))
        }
        DataProblem::NotOne { file, arrays } => {
            let message = format!("`{file}` has {} arrays, and a file of a list has one", arrays.len());
            let report = having(report(code::DATA_ARRAYS, message), arrays);
            if arrays.is_empty() { report } else { report.help("name the arrays: `data: (..) as (images, labels);`") }
        }
        DataProblem::NoArray { name, arrays } => {
            let nearest = nearest(name, arrays.iter().cloned());
            let message = format!("the data has no array `{}`", brief(name));
            having(report(code::DATA_ARRAYS, message), arrays).meant(nearest)
        }
        DataProblem::TooMany { name, arrays, inputs, outputs, meant } => {
            let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            let ports = format!("{} and {}", count(*inputs, "input"), count(*outputs, "output"));
            let message = format!("the array `{}` is one too many: the chain has {ports}", brief(name));
            having(report(code::DATA_ARRAYS, message), arrays)
                .help(format_args!("name those that are meant, inputs first: `as ({})`", named(meant)))
        }
        DataProblem::TooFew { input, arrays } => {
            let message = format!("the data has no array for the input `{input}`");
            having(report(code::DATA_ARRAYS, message), arrays)
        }
        DataProblem::Dtype { name, dtype } => {
            report(code::DATA_TYPE, format!("the elements of `{}` are not numbers: {dtype}", brief(name)))
                .note("bool, whole numbers of 8 to 64 bits, float16, bfloat16, float32 and float64 are read")
        }
        DataProblem::Shape { .. } => shape(problem, span),
        DataProblem::Samples { array, first } => {
            let (found, wanted) = (array.shape[0], first.shape[0]);
            let message =
                format!("`{}` has {found} samples, `{}` has {wanted}", brief(&array.name), brief(&first.name));
            report(code::DATA_SAMPLES, message).line(format!(
                "{} and {}: the first axis counts samples",
                described(first),
                described(array)
            ))
        }
        DataProblem::Empty { array } => {
            report(code::DATA_SAMPLES, format!("`{}` has no samples", brief(&array.name))).line(described(array))
        }
        DataProblem::Class { name, port, classes, labels } => {
            let mut text = Text::new();
            Report::of_text(code::DATA_CLASS, span, label(&mut text, &brief(name), &labels.stored(), port, *classes))
        }
        DataProblem::Bytes { name, port, layer } => {
            let message = format!("`{}` holds bytes, 0 to 255, and nothing scales them before `{layer}`", brief(name));
            report(code::DATA_BYTES, message)
                .note(UNSCALED)
                .help(format_args!("read `{port}` through a scale first: `Scale(1/255);`"))
        }
        DataProblem::ByteTargets { name, port, activation } => {
            let message = format!(
                "`{}` holds bytes, 0 to 255, and `{port}` ends in `{activation}`, which gives 0 to 1",
                brief(name)
            );
            report(code::DATA_BYTES, message)
                .help(format_args!("write the file with `({} / 255).astype(\"float32\")`", brief(name)))
        }
        DataProblem::Elements { name, why } => {
            report(code::DATA_HEADER, format!("the elements of `{}` cannot be read: {why}", brief(name)))
        }
    }
}

fn unreadable(written: &str, path: &str, why: &Unreadable, span: Span) -> Report {
    let Unreadable::Header(damage) = why else {
        let report = Report::new(code::DATA_FILE, span, format!("the data `{path}` cannot be read: {why}"));
        return match why {
            Unreadable::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                report.note("the path is relative to the crate's Cargo.toml")
            }
            _ => report,
        };
    };
    let report = Report::new(code::DATA_HEADER, span, format!("the data `{written}` cannot be used: {damage}"));
    match damage {
        Damage::Pointer => report.help("fetch it with `git lfs pull`"),
        _ => report,
    }
}

/// Which arrays there are.
fn having(report: Report, arrays: &[String]) -> Report {
    const SOME: usize = 8;
    let some = list(arrays.iter().take(SOME).map(|name| brief(name)));
    match arrays.len() {
        0 => report.note("there are no arrays"),
        count if count > SOME => report.note(format_args!("there are {some} and {} more", count - SOME)),
        1 => report.note(format_args!("there is {some}")),
        _ => report.note(format_args!("there are {some}")),
    }
}

/// `images, labels`, with quotes around a name that is not an identifier.
pub(crate) fn named(names: &[String]) -> String {
    let name = |name: &String| match syn::parse_str::<syn::Ident>(name) {
        Ok(_) => name.clone(),
        Err(_) => format!("{:?}", brief(name)),
    };
    names.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// ``images` is [60000, 28, 28]``
fn described(array: &Named) -> String {
    format!("`{}` is {:?} of {}", brief(&array.name), array.shape, array.dtype)
}

fn shape(problem: &DataProblem, span: Span) -> Report {
    let DataProblem::Shape { array, port: name, cause, is, symbols, fixes } = problem else {
        return Report::silent();
    };
    let port = is.port();
    let code = if cause.is_of_labels() { code::DATA_LABELS } else { code::DATA_SHAPE };
    let mut text = Text::new();
    let array_name = brief(&array.name);
    let found = Found { name: &array_name, shape: &array.shape, dtype: &array.dtype, whole: array.whole };
    let mut report = Report::of_text(code, span, misfit(&mut text, &found, name, &port, *cause));
    if let Some(first) = symbols {
        report = report.note(format_args!("the symbols have their values from `{}`", brief(first)));
    }
    let mut text = Text::new();
    let written = if remedy(&mut text, &port, *cause, &array_name, Library::Numpy) {
        Some(format!("write the file with {}", text.as_str()))
    } else {
        None
    };
    let (first, second) = if fixes.first { (fixes.chain.clone(), written) } else { (written, fixes.chain.clone()) };
    let resized = (*cause == Cause::Sizes && !is.output && first.is_none() && second.is_none())
        .then(|| format!("write the file with samples of `{}`", is.shape));
    first.into_iter().chain(second).chain(resized).fold(report, |report, help| report.help(help))
}

/// A name in a file can be as long as the file.
pub(crate) fn brief(name: &str) -> String {
    const MOST: usize = 100;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &name[..end]),
        None => name.to_owned(),
    }
}
