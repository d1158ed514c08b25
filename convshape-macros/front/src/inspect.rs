//! A chain as data, for tools that work on source code.

use convshape_arith::shape::Shape;
use proc_macro2::{Ident, Span};

use crate::diagnose::Finding;
use crate::expand::Expansion;
use crate::graph::{NodeId, Recipe, Use, ValueId};
use crate::unseen::visible;

/// Everything that is known about a chain without a compiler.
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The name of its struct; `None` if no chain could be read.
    pub name: Option<Ident>,
    /// Its inputs, in order.
    pub inputs: Vec<InspectedPort>,
    /// Its layers in order, repeats and blocks unrolled.
    pub layers: Vec<InspectedLayer>,
    /// Its outputs, in order.
    pub outputs: Vec<InspectedPort>,
    /// The uses of its blocks.
    pub uses: Vec<InspectedUse>,
    /// The entries in the lists of its repeats.
    pub entries: Vec<ListEntry>,
    /// What is wrong: errors, then warnings.
    pub findings: Vec<Finding>,
    /// What only const evaluation can check, in `cargo check` or where a generic chain is used.
    pub deferred: Vec<Deferred>,
}

/// An input or output.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InspectedPort {
    /// Its name; `input` or `output` if it has none.
    pub name: String,
    /// Its shape, without the batch axis; sizes not known here are unknown.
    pub shape: Shape,
    /// Its name token, or its shape.
    pub span: Span,
}

/// A use of a block.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InspectedUse {
    /// Its statement, as named in messages.
    pub statement: String,
    /// The block's name in it.
    pub span: Span,
}

/// An entry in the list of `repeat (a, b) in [(3, 32), (32, 64)]`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListEntry {
    /// The repeat, as named in messages.
    pub repeat: String,
    /// Its index in the list, from 0.
    pub turn: usize,
    /// Its text.
    pub span: Span,
}

/// One layer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InspectedLayer {
    /// As named in messages: `blocks.0.c`.
    pub name: String,
    /// As named where its statement must change, which other uses of a block share: `Block.c`.
    pub statement: String,
    /// Its kind: `Conv2d`.
    pub op: String,
    /// The token of its kind. Passes of a repeat and uses of a block share it.
    pub span: Span,
    /// The fields that were written, named as in messages, each with the first token of its value.
    pub fields: Vec<(&'static str, Span)>,
    /// The shape of its first input, without the batch axis; `None` if not even the number of axes is known here.
    pub input: Option<Shape>,
    /// The shape of its output, likewise.
    pub output: Option<Shape>,
    /// Trainable elements, and multiply-accumulates for one sample, if they are known.
    pub costs: Option<(u64, u64)>,
}

/// Something left to const evaluation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deferred {
    /// The layer or output.
    pub name: String,
    /// Where rustc would report an error.
    pub span: Span,
    /// Why it is not known here.
    pub reason: String,
}

impl Inspection {
    /// A chain that was read and checked.
    pub(crate) fn of(chain: &Expansion<'_>) -> Inspection {
        let graph = chain.graph;
        let inputs = graph.inputs.iter().map(|input| InspectedPort {
            name: input.name.clone(),
            shape: visible(&input.shape),
            span: input.span,
        });
        let outputs = graph.outputs.iter().zip(chain.outputs()).map(|(output, shape)| InspectedPort {
            name: output.name.clone(),
            shape: visible(&shape),
            span: output.span,
        });
        Inspection {
            name: Some(chain.chain.name.clone()),
            inputs: inputs.collect(),
            layers: chain.rows().map(|id| layer(chain, id)).collect(),
            outputs: outputs.collect(),
            uses: graph.uses.iter().filter_map(block_use).collect(),
            entries: graph.uses.iter().filter_map(list_entry).collect(),
            findings: Vec::new(),
            deferred: deferred(chain),
        }
    }
}

fn block_use(used: &Use) -> Option<InspectedUse> {
    let of_block = used.entry.is_none();
    of_block.then(|| InspectedUse { statement: used.statement.clone(), span: used.span })
}

fn list_entry(used: &Use) -> Option<ListEntry> {
    let entry = used.entry?;
    Some(ListEntry { repeat: used.statement.clone(), turn: entry.turn, span: entry.span })
}

fn layer(chain: &Expansion<'_>, id: NodeId) -> InspectedLayer {
    let node = &chain.graph.nodes[id];
    let shape = |value: ValueId| chain.checked.shapes[value].as_ref().map(visible);
    InspectedLayer {
        name: node.name.clone(),
        statement: node.writing.statement.clone(),
        op: node.op_name.clone(),
        span: node.spans.op.span(),
        fields: node.spans.fields.clone(),
        input: shape(node.inputs[0]),
        output: shape(chain.graph.value(id)),
        costs: chain.known_costs(id).filter(|_| !chain.refused),
    }
}

fn deferred(chain: &Expansion<'_>) -> Vec<Deferred> {
    let graph = chain.graph;
    // In a chain with errors, sizes may be unknown because of them.
    if !graph.deferred() || chain.refused {
        return Vec::new();
    }
    let unknown = |value: ValueId| chain.checked.shapes[value].is_none_or(|shape| !shape.is_known());
    let layers = chain.rows().filter_map(|id| {
        let node = &graph.nodes[id];
        let reason = match &node.recipe {
            Recipe::Chain { path } => format!("its shapes are those of `{path}`"),
            _ if chain.checked.unseen[id] => "one of its numbers is a constant or a const parameter".to_owned(),
            _ if node.inputs.iter().copied().any(unknown) => "the shape that comes in is not known here".to_owned(),
            _ => return None,
        };
        Some(Deferred { name: node.name.clone(), span: node.spans.op.span(), reason })
    });
    let unseen = |shape: &Shape| visible(shape) != *shape;
    let outputs = graph.outputs.iter().filter(|output| unseen(&output.shape) || output.value.is_some_and(unknown));
    let outputs = outputs.map(|output| Deferred {
        name: output.name.clone(),
        span: output.span,
        reason: "its shape is not known here".to_owned(),
    });
    layers.chain(outputs).collect()
}
