//! Weight files that cannot be read or do not fit.

use convshape_arith::code;
use convshape_arith::op::{Conv, Dialect, Direction, Op};
use proc_macro2::Span;

use super::Report;
use crate::check::Checked;
use crate::graph::{Graph, NodeId};
use crate::weights::{Damage, Problem, Reason, Unreadable};

/// A file that cannot be used: `span` is that of its name.
pub(crate) fn unreadable(file: &Unreadable, span: Span) -> Report {
    let path = file.path.display();
    let unread = |why: &dyn std::fmt::Display| {
        Report::new(code::WEIGHT_FILE, span, format!("the weights `{path}` cannot be read: {why}"))
    };
    match &file.reason {
        Reason::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
            unread(&"there is no such file").note("the path is relative to the crate's Cargo.toml")
        }
        Reason::Io(error) | Reason::Header(Damage::Read(error)) => unread(error),
        Reason::NoFile => unread(&"this is no regular file"),
        Reason::NotUnicode => unread(&"the path is not Unicode, so that no source code can name it"),
        Reason::Header(damage) => {
            let message = format!("the weights are no safetensors file: {}", damaged(damage));
            let report = Report::new(code::WEIGHT_HEADER, span, message);
            match damage {
                Damage::Zip => report.help("write it with `safetensors.torch.save_file(model.state_dict(), ..)`"),
                Damage::Pointer => report.help("fetch it with `git lfs pull`"),
                _ => report,
            }
        }
    }
}

fn damaged(damage: &Damage) -> String {
    match damage {
        Damage::Read(error) => error.to_string(),
        Damage::Pointer => "this is a pointer of Git LFS to a file that was not fetched".to_owned(),
        Damage::Zip => "this is a zip archive, as `torch.save` and numpy write".to_owned(),
        Damage::Short { found } => format!("{found} bytes, fewer than the 8 that it begins with"),
        Damage::Length { header, file } => format!("its header should have {header} bytes, the whole file has {file}"),
        Damage::Json(error) => format!("the header is malformed: {}", brief(&error.to_string())),
        Damage::Offsets { name } => {
            format!("the bytes of `{}` leave a gap, overlap others or run backwards", brief(name))
        }
        Damage::Size { name } => format!("`{}` has more or fewer bytes than its type and shape take", brief(name)),
        Damage::End { tensors, file } if tensors > file => {
            format!("it is truncated: {file} of {tensors} bytes follow the header")
        }
        Damage::End { tensors, file } => format!("{file} bytes follow the header, its tensors take {tensors}"),
    }
}

/// A layer that does not fit the file: `span` is that of the file's name.
pub(crate) fn weights(graph: &Graph, checked: &Checked, problem: &Problem, span: Span) -> Report {
    let layer = |node: NodeId| (graph.nodes[node].name.as_str(), graph.nodes[node].spans.op.span());
    let op = |node: NodeId| checked.ops.get(node).copied().flatten();
    match problem {
        Problem::Nothing { expected, found, prefix } => {
            let message = format!("the weights have none of the chain's tensors: the first would be `{expected}`");
            let report = Report::new(code::TENSOR_MISSING, span, message);
            let report = match found.as_slice() {
                [] => return report.note("the file has no tensors"),
                found => report.note(format_args!("the file begins with {}", list(found))),
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
        Problem::Missing { node, tensors, whole, stem } => {
            let (name, span) = layer(*node);
            let described: Vec<String> = tensors.iter().map(|(tensor, shape)| format!("{tensor}` {shape:?}")).collect();
            let message =
                format!("the weights of `{name}` are not all in the file: `{} is missing", described.join(" and `"));
            let message = if described.len() > 1 { message.replace(" is missing", " are missing") } else { message };
            let report = Report::new(code::TENSOR_MISSING, span, message);
            let only_bias = !whole && tensors.iter().all(|(tensor, _)| tensor.ends_with(".bias"));
            match stem {
                Some(stem) if stem.fits => report
                    .note(format_args!("the file has these shapes as `{}`", brief(&stem.name)))
                    .help(format_args!("write `#[name = \"{}\"]` before `{name}`", brief(&stem.name))),
                Some(stem) => report.note(format_args!("the file has `{}`, in other shapes", brief(&stem.name))),
                None if only_bias && matches!(op(*node), Some(Op::Conv(_) | Op::Linear { .. })) => {
                    report.help(format_args!("in `{name}`, set `bias: false`"))
                }
                None => report,
            }
        }
        Problem::Dtype { node, name, found } => {
            let (layer, span) = layer(*node);
            let message = format!("`{layer}` cannot take `{name}`: its elements are {}", brief(found));
            Report::new(code::TENSOR_TYPE, span, message).note("F32 is taken as it is; F64, F16 and BF16 are converted")
        }
        Problem::Shape { node, name, found, expected, hint } => {
            let (layer, span) = layer(*node);
            let swapped = hint.is_some_and(|hint| hint.is_swap());
            let code = if swapped { code::TENSOR_SWAPPED } else { code::TENSOR_SHAPE };
            let report =
                Report::new(code, span, format!("`{layer}` needs `{name}` as {expected:?}, the file has {found:?}"));
            let report = match (hint, op(*node)) {
                (Some(hint), _) => report.note(hint.words()),
                (None, Some(Op::Conv(conv))) if name.ends_with(".weight") => match layout(&conv) {
                    Some(layout) => report.note(layout),
                    None => report,
                },
                _ => report,
            };
            let transposed =
                matches!((found.as_slice(), expected.as_slice()), ([a, b, ..], [c, d, ..]) if (a, b) == (d, c));
            if swapped && transposed {
                return report.help("swap them where the file is written: `weight.transpose(0, 1).contiguous()`");
            }
            report
        }
    }
}

/// What the axes of a weight are.
fn layout(conv: &Conv) -> Option<&'static str> {
    match (conv.dialect, conv.direction) {
        (Dialect::Torch | Dialect::Onnx, Direction::Forward) => {
            Some("a convolution keeps [out, in / groups, kernel ..]")
        }
        (Dialect::Torch | Dialect::Onnx, Direction::Transposed) => {
            Some("a transposed convolution keeps [in, out / groups, kernel ..]")
        }
        _ => None,
    }
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{}`", brief(name))).collect::<Vec<_>>().join(", ")
}

/// A name of the file may be as long as the file.
fn brief(name: &str) -> String {
    const MOST: usize = 100;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &name[..end]),
        None => name.to_owned(),
    }
}
