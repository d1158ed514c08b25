//! The convolution with kernel 1 that a shortcut needs, as text: in a block or a repeat, for every use or pass.

use convshape_arith::op::{Conv, Op};
use convshape_arith::shape::Shape;

use super::{Verb, free_name, operands_with, written};
use crate::check;
use crate::graph::{Graph, Node, NodeId, ValueId};

/// The most layers that a shortcut may skip.
const MOST_LAYERS: usize = 32;

/// A convolution with kernel 1 before an operand of a sum.
pub(super) fn projected(graph: &Graph, node: NodeId, operand: usize, from: &Shape, to: &Shape) -> Verb {
    let order = graph.order();
    let channels = |shape: &Shape| shape.size(order.channel(shape.rank()));
    let stride = match check::projection(from, to, order) {
        Some(stride @ 2..) => format!(", stride: {stride}"),
        _ => String::new(),
    };
    let rank = from.rank() - 1;
    let (ins, outs) = (channels(from).number().unwrap_or(0), channels(to).number().unwrap_or(0));
    let conv = format!("Conv{rank}d({ins} -> {outs}, kernel: 1{stride})");
    let writing = &graph.nodes[node].writing;
    if writing.statement.contains('.') {
        let used = graph.nodes[node].name.rsplit_once('.').map_or("", |(used, _)| used);
        return in_every_use(graph, node, operand, rank).unwrap_or_else(|| {
            Verb::Other(match &writing.block {
                Some(block) => {
                    format!("in `{block}`, add a projection of the shortcut instead: in `{used}` it is `{conv}`")
                }
                None => format!("in this repeat, add a projection of the shortcut instead: `{conv}`"),
            })
        });
    }
    let short = free_name(graph, "short");
    let value = graph.nodes[node].inputs[operand];
    match (operands_with(graph, node, operand, &short), graph.reference(value)) {
        (Some((front, operands)), Some(shortcut)) => {
            Verb::Insert(format!("{front}{short}: {conv} from {shortcut};"), written(operands))
        }
        _ => {
            let shortcut = graph.value_name(value);
            Verb::Other(format!("add a projection of `{shortcut}` instead: `{short}: {conv} from {shortcut};`"))
        }
    }
}

/// A number of a convolution that a shortcut skips: its value in each use of the block or pass of the repeat, and its
/// text.
struct Number {
    values: Vec<i64>,
    text: String,
}

/// The projection, written with the parameters of its block or repeat, inside an `if` unless every use needs it.
fn in_every_use(graph: &Graph, node: NodeId, operand: usize, rank: usize) -> Option<Verb> {
    let writing = &graph.nodes[node].writing;
    let [_, _] = writing.operands.as_slice() else { return None };
    let from = writing.operands[operand].as_str();
    let (first, last, strided) =
        passed(graph, graph.nodes[node].inputs[operand], graph.nodes[node].inputs[1 - operand])?;
    let ins = number(graph, first, "in_channels", |conv| conv.inputs)?;
    let outs = number(graph, last, "out_channels", |conv| Some(conv.outputs))?;
    let stride = match strided {
        Some(node) => Some(number(graph, node, "stride", even_stride)?),
        None => None,
    };
    let uses = 0..ins.values.len();
    let same_width = |at: usize| ins.values[at] == outs.values[at];
    let one_step = |at: usize| stride.as_ref().is_none_or(|stride| stride.values[at] == 1);
    let keeps: Vec<bool> = uses.clone().map(|at| same_width(at) && one_step(at)).collect();
    let widths = format!("{} == {}", ins.text, outs.text);
    let steps = stride.as_ref().map(|stride| format!("{} == 1", stride.text));
    let condition = if uses.clone().all(|at| same_width(at) == keeps[at]) {
        Some(widths)
    } else if uses.clone().all(|at| one_step(at) == keeps[at]) {
        steps
    } else {
        steps.map(|steps| format!("{widths} && {steps}"))
    };
    let step = stride.filter(|stride| stride.values.iter().any(|value| *value != 1));
    let step = step.map_or(String::new(), |stride| format!(", stride: {}", stride.text));
    let short = inner_name(graph, node, "short");
    let conv = format!("{short}: Conv{rank}d({} -> {}, kernel: 1{step}) from {from};", ins.text, outs.text);
    let statement = match keeps.contains(&true) {
        true => format!("if {} {{ {short}: Identity from {from}; }} else {{ {conv} }}", condition?),
        false => conv,
    };
    let main = inner_name(graph, node, "main");
    let unnamed = writing.operands[1 - operand] == "_";
    let (front, other) = if unnamed {
        (format!("{main}: Identity; "), main)
    } else {
        (String::new(), writing.operands[1 - operand].clone())
    };
    let operands = if operand == 0 { format!("{short}, {other}") } else { format!("{other}, {short}") };
    Some(Verb::Insert(format!("{front}{statement}"), written(operands)))
}

/// The first and the last convolution between two values, and the one with a stride; `None` if several have one.
fn passed(graph: &Graph, from: ValueId, to: ValueId) -> Option<(NodeId, NodeId, Option<NodeId>)> {
    let (mut value, mut convs, mut strided) = (to, Vec::new(), Vec::new());
    for _ in 0..MOST_LAYERS {
        if value == from {
            let only = strided.first().copied();
            return (strided.len() < 2).then_some((*convs.last()?, *convs.first()?, only));
        }
        let node = graph.producer(value)?;
        match graph.given(node)? {
            Op::Conv(conv) => {
                convs.push(node);
                let written = graph.nodes[node].writing.expression("stride").is_some();
                if written || even_stride(&conv) != Some(1) {
                    strided.push(node);
                }
            }
            op if op.keeps_shape() => {}
            _ => return None,
        }
        value = graph.nodes[node].inputs[0];
    }
    None
}

/// A number of a convolution in every use of its statement; `None` if no single text gives all of them.
fn number(graph: &Graph, node: NodeId, field: &str, of: impl Fn(&Conv) -> Option<i64>) -> Option<Number> {
    let written = &graph.nodes[node];
    let uses = (0..graph.nodes.len()).filter(|other| graph.nodes[*other].origin == written.origin);
    let value = |node: NodeId| match graph.given(node)? {
        Op::Conv(conv) => of(&conv),
        _ => None,
    };
    let values: Vec<i64> = uses.map(value).collect::<Option<_>>()?;
    let text = match written.writing.expression(field) {
        Some(text) => text.to_owned(),
        None => values.first().filter(|first| values.iter().all(|value| value == *first))?.to_string(),
    };
    Some(Number { values, text })
}

/// The stride of a convolution, if it is the same on every axis.
fn even_stride(conv: &Conv) -> Option<i64> {
    let strides = &conv.stride[..conv.rank];
    strides.iter().all(|stride| *stride == strides[0]).then_some(strides[0])
}

/// A similar name that no statement of the same body has.
fn inner_name(graph: &Graph, node: NodeId, name: &str) -> String {
    let body = |node: &Node| node.writing.statement.rsplit_once('.').map(|(body, _)| body.to_owned());
    let own = body(&graph.nodes[node]);
    let taken = |name: &String| {
        let called = |other: &Node| other.writing.statement.rsplit('.').next() == Some(name);
        graph.nodes.iter().any(|other| body(other) == own && called(other))
    };
    let numbered = (2..).map(|number| format!("{name}{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}
