//! Layers for one sample that should run on each step of a sequence, which a recurrent layer reads.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::trial::Trial;
use super::{Edit, Found};
use crate::check::Problem;
use crate::graph::{Graph, NodeId};

/// The advice for a convolution or pooling that gets an axis of steps before its own axes, if a recurrent layer follows
/// and the chain is correct for one step up to that layer.
pub(super) fn in_front(trial: &mut Trial, problem: &Problem) -> Option<Found> {
    let Problem::Layer { node, fault: Fault { reason: Reason::Rank { expected, found }, .. }, .. } = problem else {
        return None;
    };
    let graph = &trial.graph;
    let [only] = &*graph.inputs else { return None };
    let steps = only.shape.size(0).number().filter(|_| only.shape.rank() == *expected + 1 && found == &only.shape)?;
    let reads = |node: &NodeId| matches!(trial.checked.ops[*node], Some(Op::Recurrent(_)));
    let recurrent = (*node..graph.nodes.len()).find(reads)?;
    let step = Shape::new(&only.shape.sizes()[1..], only.shape.scope());
    let (name, conv) = (graph.nodes[recurrent].name.clone(), in_depth(graph, *node, &only.shape, *expected));
    let value = graph.nodes[recurrent].inputs[0];
    let edits = [Edit::Input { input: 0, shape: step }];
    let (outcome, comes) = trial.inspect(&edits, &|_| true, |_, checked| checked.shape(value));
    let holds = outcome.left.iter().all(|left| left.node().is_none_or(|node| node >= recurrent));
    let Ok(Size::Number(features)) = comes?.elements() else { return None };
    let advice = [
        Some(format!(
            "a convolution reads a step as a sample: let what comes before `{name}` be a chain of its own, from \
             `input: {step};` to `output: [{features}];`, and a second chain begin with `input: [{steps}, {features}];`"
        )),
        conv.map(|(input, conv, before)| {
            format!("or let the steps be the depth: `input: {input};`, `{conv}`, .., and `{before}` before `{name}`")
        }),
    ];
    holds.then(|| Found { advice: advice.into_iter().flatten().collect(), ..Found::default() })
}

/// The chain with the steps as one more axis: its input, its first convolution, and the layer that turns the depth back
/// into steps.
fn in_depth(graph: &Graph, node: NodeId, input: &Shape, axes: usize) -> Option<(Shape, String, &'static str)> {
    let Op::Conv(conv) = graph.given(node).filter(|_| axes == 3)? else { return None };
    let kernel = format!("kernel: (1, {}, {})", conv.kernel[0], conv.kernel[1]);
    let text = |ins: i64| format!("Conv3d({ins} -> {}, {kernel}, ..);", conv.outputs);
    match graph.order() {
        AxisOrder::ChannelsFirst => {
            let sizes = input.sizes();
            let shape = Shape::new(&[sizes[1], sizes[0], sizes[2], sizes[3]], input.scope());
            Some((shape, text(sizes[1].number()?), "Permute(1, 0, 2, 3); Flatten(from: 1);"))
        }
        AxisOrder::ChannelsLast => Some((*input, text(input.size(3).number()?), "Flatten(from: 1);")),
    }
}
