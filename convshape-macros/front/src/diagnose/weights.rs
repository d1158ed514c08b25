//! Weight files that cannot be read or do not fit.

use convshape_arith::code;
use convshape_arith::op::Op;
use convshape_arith::stored::{Hint, keeps};
use convshape_data::safetensors::HeaderDamage;
use proc_macro2::Span;

use super::{Report, brief};
use crate::check::Checked;
use crate::graph::{Graph, NodeId};
use crate::weights::{ReadFailure, Unreadable, WeightsProblem};
use crate::words::list;

/// A file that cannot be used; `span` is the span of its name.
pub(crate) fn unreadable(file: &Unreadable, span: Span) -> Report {
    let path = file.path.display();
    let unread = |why: &dyn std::fmt::Display| {
        Report::new(code::WEIGHT_FILE, span, format!("the weights `{path}` cannot be read: {why}"))
    };
    match &file.reason {
        ReadFailure::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            unread(&"there is no such file").note("the path is relative to the crate's Cargo.toml")
        }
        ReadFailure::Io(error) | ReadFailure::Header(HeaderDamage::Read(error)) => unread(error),
        ReadFailure::NoFile => unread(&"this is no regular file"),
        ReadFailure::NotUnicode => unread(&"the path is not Unicode, so that no source code can name it"),
        ReadFailure::Header(damage) => {
            let message = format!("the weights are no safetensors file: {damage}");
            let report = Report::new(code::WEIGHT_HEADER, span, message);
            match damage {
                HeaderDamage::Zip => report.help("write it with `safetensors.torch.save_file(model.state_dict(), ..)`"),
                HeaderDamage::Pointer => report.help("fetch it with `git lfs pull`"),
                _ => report,
            }
        }
    }
}

/// A layer that does not match the file; `span` is the span of the file's name.
pub(crate) fn weights(graph: &Graph, checked: &Checked, problem: &WeightsProblem, span: Span) -> Report {
    let layer = |node: NodeId| (graph.nodes[node].name.as_str(), graph.nodes[node].spans.op.span());
    let op = |node: NodeId| checked.ops.get(node).copied().flatten();
    match problem {
        WeightsProblem::Nothing { expected, found, more, prefix } => {
            let message = format!("the weights have none of the chain's tensors: the first would be `{expected}`");
            let report = Report::new(code::TENSOR_MISSING, span, message);
            let report = match found.as_slice() {
                [] => return report.note("the file has no tensors"),
                found if *more > 0 => report
                    .note(format_args!("the file has {} and {more} more", list(found.iter().map(|name| brief(name))))),
                found => report.note(format_args!("the file has {}", list(found.iter().map(|name| brief(name))))),
            };
            match prefix {
                Some(prefix) => report.help(format_args!(
                    "save it without `{0}`: `{{k.removeprefix(\"{0}\"): v for k, v in state_dict.items()}}`",
                    brief(prefix)
                )),
                None => {
                    report.help("give layers their names in the file: `#[name = \"encoder.0\"]` before a statement")
                }
            }
        }
        WeightsProblem::Missing { node, tensors, whole, stem } => {
            let (name, span) = layer(*node);
            let described: Vec<String> =
                tensors.iter().map(|(tensor, shape)| format!("`{tensor}` {shape:?}")).collect();
            let message = format!("`{name}` needs {}, which the file does not have", described.join(" and "));
            let report = Report::new(code::TENSOR_MISSING, span, message);
            let only_bias = !whole && tensors.iter().all(|(tensor, _)| tensor.ends_with(".bias"));
            match stem {
                Some(stem) if stem.fits => report
                    .note(format_args!("the file has these shapes as `{}`", brief(&stem.name)))
                    .help(format_args!("write `#[name = \"{}\"]` before `{name}`", brief(&stem.name))),
                Some(stem) => report.note(format_args!("the file has `{}`, in other shapes", brief(&stem.name))),
                None if only_bias && matches!(op(*node), Some(Op::Conv(_) | Op::Linear { .. })) => {
                    report.edit(format_args!("in `{name}`, set `bias: false`"))
                }
                None => report,
            }
        }
        WeightsProblem::ExtraPart { node, part, tensor: (tensor, shape), found } => {
            let (name, span) = layer(*node);
            let message = format!("`{name}` needs `{tensor}` {shape:?}, which the file does not have");
            Report::new(code::TENSOR_MISSING, span, message)
                .note(format_args!("the file has `{}`: its names have no part `{part}`", brief(found)))
                .help(format_args!("write `#[name(transparent)]` before `{part}`"))
        }
        WeightsProblem::Dtype { node, name, found } => {
            let (layer, span) = layer(*node);
            let message = format!("`{layer}` cannot take `{name}`: its elements are {}", brief(found));
            Report::new(code::TENSOR_TYPE, span, message).note("F32 is taken as it is; F64, F16 and BF16 are converted")
        }
        WeightsProblem::NotFinite { node, name, index, value } => {
            let (layer, span) = layer(*node);
            let name = brief(name);
            let message = format!("`{layer}` cannot take `{name}`: the element at {index:?} is {value}");
            Report::new(code::TENSOR_VALUE, span, message)
                .note("with an infinity or NaN among the weights, every output becomes one: the training went wrong")
        }
        WeightsProblem::Shape { node, name, found, expected, hint, also } => {
            const SOME: usize = 4;
            let (layer, span) = layer(*node);
            let message = format!("`{layer}` needs `{name}` as {expected:?}, the file has {found:?}");
            let report = match hint {
                Some(hint @ Hint::Swapped { .. }) => {
                    let report = Report::new(code::TENSOR_SWAPPED, span, message).note(hint);
                    match swap(found, expected) {
                        Some((a, b)) => report.help(format_args!(
                            "swap them where the file is written: `weight.transpose({a}, {b}).contiguous()`"
                        )),
                        None => report,
                    }
                }
                Some(hint) => Report::new(code::TENSOR_SHAPE, span, message).note(hint),
                None => match op(*node).as_ref().and_then(keeps).filter(|_| found.len() > 1) {
                    Some(keeps) => Report::new(code::TENSOR_SHAPE, span, message).note(keeps),
                    None => Report::new(code::TENSOR_SHAPE, span, message),
                },
            };
            let Some((wanted, found)) = problem.width().filter(|_| !also.is_empty()) else { return report };
            let more = also.len().saturating_sub(SOME);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = list(also.iter().take(SOME).map(|name| brief(name)));
            report.note(format_args!("it also has {found} in place of {wanted} in {names}{more}"))
        }
    }
}

/// The two axes whose exchange makes the shape fit. With groups an exchange is not enough.
fn swap(found: &[usize], expected: &[usize]) -> Option<(usize, usize)> {
    let differ: Vec<usize> = (0..expected.len()).filter(|&axis| found.get(axis) != expected.get(axis)).collect();
    match differ.as_slice() {
        [a, b] if found[*a] == expected[*b] && found[*b] == expected[*a] => Some((*a, *b)),
        _ => None,
    }
}
