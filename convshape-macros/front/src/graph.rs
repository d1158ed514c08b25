//! A chain with its names bound and its defaults filled in, as plain data with one span per fact. Blocks and repeats
//! are unrolled; [`Member`] keeps the nesting of the parameters.

use std::collections::HashMap;
use std::ops::Range;

use convshape_arith::op::{AxisOrder, Dialect, Op};
use convshape_arith::shape::Shape;
use convshape_arith::size::Scope;
use convshape_arith::solve::AxisField;
use proc_macro2::{Ident, Span, TokenStream};

use crate::fields::Setting;
use crate::syntax::{Correction, Strictness, Text};
use crate::unseen::Unseen;
use crate::words::{Elsewhere, LayerWords};

/// A tensor: first the inputs, then the outputs of each node, in order.
pub(crate) type ValueId = usize;

/// Index into [`Graph::nodes`].
pub(crate) type NodeId = usize;

/// Lines kept from another language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeptLines {
    /// Only their arguments must change, so that a fix of the shapes corrects them too.
    InArguments,
    /// They are written anew, before a fix of the shapes can be applied.
    Whole,
}

#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) dialect: Dialect,
    pub(crate) lossy: Strictness,
    pub(crate) lint: Strictness,
    /// The sizes known only at run time.
    pub(crate) symbols: Scope,
    /// The numbers known only to const evaluation.
    pub(crate) unseen: Unseen,
    /// Whether a layer is a sub-chain or a user-defined one, whose contents only the compiler knows.
    pub(crate) chained: bool,
    /// Lines in another language that are reported together with the only mistake in the shapes.
    pub(crate) kept: Option<KeptLines>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Output>,
    /// Bodies that must keep their shape.
    pub(crate) bodies: Vec<Carried>,
    /// The outputs of the last passes of repeats that carry several values.
    pub(crate) last_passes: Vec<Vec<ValueId>>,
    /// The uses of blocks.
    pub(crate) uses: Vec<Use>,
    /// The parameters as nested in the struct.
    pub(crate) members: Vec<Member>,
    /// The names of the outputs of repeats and block uses, as seen from outside.
    pub(crate) names: HashMap<ValueId, String>,
}

#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) span: Span,
}

#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) name: String,
    /// `None` if the name is unknown, which was reported already.
    pub(crate) value: Option<ValueId>,
    pub(crate) shape: Shape,
    pub(crate) span: Span,
}

/// One layer, including its activation.
#[derive(Clone)]
pub(crate) struct Node {
    /// As in messages: `blocks.0.c`, `conv2`.
    pub(crate) name: String,
    /// In weight files, without the parameter's name.
    pub(crate) file_name: String,
    /// As in the language: `Conv2d`.
    pub(crate) op_name: String,
    pub(crate) docs: TokenStream,
    pub(crate) recipe: Recipe,
    /// Fields left open with `_`.
    pub(crate) holes: Vec<Hole>,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) activation: Option<Op>,
    /// The named outputs of a layer with several: the nodes that give them. The layer itself is the first.
    pub(crate) outputs: Vec<(String, Op)>,
    /// `-> [16, 14, 14]`
    pub(crate) comment: Option<(Shape, Span)>,
    pub(crate) restores: Option<Restores>,
    pub(crate) spans: Spans,
    /// The numbers of spatial axes that its name allows, if the layer itself takes any: `BatchNorm2d`.
    pub(crate) named_axes: Option<(usize, usize)>,
    /// Whether one of its numbers is hidden from the macro.
    pub(crate) unseen: bool,
    /// The statement it came from; passes of a repeat and uses of a block share theirs.
    pub(crate) origin: usize,
    /// Whether lints apply to it.
    pub(crate) lint: bool,
    /// Whether another statement or an output reads it.
    pub(crate) read: bool,
    /// The layer whose weight it uses, if it has none of its own.
    pub(crate) tied: Option<NodeId>,
    /// The layer that it runs again; it has no parameters of its own.
    pub(crate) first_run: Option<NodeId>,
    pub(crate) writing: Writing,
    /// A layer that a fix tries before this one.
    pub(crate) inserted: Option<Inserted>,
}

/// The origin of a node's layer.
#[derive(Clone)]
pub(crate) enum Recipe {
    Given(Op),
    /// `undo enc1`, and the fields given after it.
    Undo {
        of: NodeId,
        overrides: Vec<(&'static str, Setting)>,
    },
    /// `undo pool`: puts the maxima of a pooling back where they were found.
    Unpool {
        of: NodeId,
    },
    /// `Chain(path::Type)`: another checked chain.
    Chain {
        path: TokenStream,
    },
    /// An output of a sub-chain: a value, not a layer.
    Port {
        of: NodeId,
        port: Text,
    },
    /// `conv.weight`: a parameter of a layer, by its index among the layer's own parameters. A value, not a layer.
    Param {
        of: NodeId,
        param: usize,
    },
    /// Another name for a value, perhaps with a shape that is checked. It is not a layer.
    Same,
    /// Another run of a layer, with the same channels and solved holes.
    Again {
        of: NodeId,
    },
    /// Unreadable, and reported already.
    Broken,
}

/// A field to solve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hole {
    Axis(AxisField),
    OutChannels,
}

impl Hole {
    /// The field's name.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Hole::Axis(field) => field.name(),
            Hole::OutChannels => "out_channels",
        }
    }
}

/// Layers that a fix tries before another.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Inserted {
    /// Layers with one input each, applied in sequence to an operand.
    Layers { operand: usize, ops: Vec<Op> },
    /// Gives one operand the spatial sizes of the other.
    Fit { operand: usize },
    /// A convolution with kernel 1 that gives one operand of a sum the shape of the other, if they differ.
    Projection { operand: usize },
}

/// A field with values for the wrong number of axes.
pub(crate) struct Misfit {
    pub(crate) field: &'static str,
    /// The number of axes that it has values for.
    pub(crate) written: usize,
    /// The field with a value for each axis of the layer.
    pub(crate) mended: Setting,
    pub(crate) span: Span,
}

/// How a node's statement was written, for fixes in the user's own words.
#[derive(Clone)]
pub(crate) struct Writing {
    /// The layer's row in the table of words; `None` if the layer was unreadable.
    pub(crate) row: Option<&'static LayerWords>,
    pub(crate) dialect: Dialect,
    /// The fields given by name, each with the word used.
    pub(crate) words: Vec<(&'static str, String)>,
    /// The fields whose values are expressions and not plain numbers, as written: `24 + 12*i`, `to`.
    pub(crate) expressions: Vec<(&'static str, String)>,
    /// The names in scope with their sizes: parameters of its block, variables of its repeat.
    pub(crate) variables: Vec<(String, i64)>,
    /// The operands written among its arguments, with `_` for the previous statement; empty if there are none.
    pub(crate) operands: Vec<String>,
    /// Whether one of its fields has a number per axis.
    pub(crate) per_axis: bool,
    /// Whether the line was read in a form that it does not have: messages about its fields then refer to that form.
    pub(crate) rewritten: bool,
    /// The misspelt word for the layer or its block, and the word as which it is read.
    pub(crate) misspelt: Option<(Ident, String)>,
    /// The first arguments as they should be, if only they are in another language.
    pub(crate) correction: Option<Correction>,
    /// The statement's name, prefixed with those of the blocks and repeats around it: `Res.c1`, `blocks.c`.
    pub(crate) statement: String,
    /// The block that contains the statement.
    pub(crate) block: Option<String>,
    /// Whether it has a `from`.
    pub(crate) sourced: bool,
    /// A word of the framework that has no effect here.
    pub(crate) without_effect: Option<(Ident, Elsewhere)>,
}

impl Writing {
    /// For nodes that are not layers.
    pub(crate) fn none(name: &str) -> Writing {
        let statement = name.to_owned();
        Writing {
            row: None,
            dialect: Dialect::Torch,
            words: Vec::new(),
            expressions: Vec::new(),
            variables: Vec::new(),
            operands: Vec::new(),
            per_axis: false,
            rewritten: false,
            misspelt: None,
            correction: None,
            statement,
            block: None,
            sourced: false,
            without_effect: None,
        }
    }

    /// The text of a field whose value is an expression and not a plain number.
    pub(crate) fn expression(&self, field: &str) -> Option<&str> {
        self.expressions.iter().find(|(known, _)| *known == field).map(|(_, text)| text.as_str())
    }

    /// Whether the layer has a field in its dialect.
    pub(crate) fn takes(&self, field: &str) -> bool {
        self.row.is_none_or(|row| {
            row.fields.iter().any(|known| known.name == field && known.dialects.contains(&self.dialect))
        })
    }

    /// The word for a field: the one written, or the framework's if the layer uses other framework words.
    pub(crate) fn word<'a>(&'a self, field: &'a str) -> &'a str {
        if let Some((_, word)) = self.words.iter().find(|(known, _)| *known == field) {
            return word;
        }
        let of_framework = self.words.iter().any(|(known, word)| known != word);
        let own = self.row.filter(|_| of_framework).and_then(|row| row.own_word(field, self.dialect));
        own.unwrap_or(field)
    }
}

/// `restores enc1`: the output must have the shape of `enc1`'s input.
#[derive(Clone)]
pub(crate) struct Restores {
    pub(crate) name: String,
    pub(crate) input: ValueId,
    /// The layer of that name, if it is one.
    pub(crate) node: Option<NodeId>,
    pub(crate) span: Span,
}

/// Where a node's facts were written.
#[derive(Clone)]
pub(crate) struct Spans {
    pub(crate) label: Option<Ident>,
    pub(crate) op: Ident,
    /// The positional part.
    pub(crate) positional: Option<Span>,
    pub(crate) fields: Vec<(&'static str, Span)>,
}

/// A use of a block, `up4: Up(64, 32);`, or a pass of `repeat (a, b) in [(3, 32), (32, 64)]`.
#[derive(Clone)]
pub(crate) struct Use {
    /// The block's name; for a pass, the name of the repeat.
    pub(crate) block: String,
    /// The statement's name, prefixed with those of the blocks and repeats around it.
    pub(crate) statement: String,
    /// Equal for all passes of a repeat: the position in the text.
    pub(crate) origin: usize,
    pub(crate) arguments: Vec<Argument>,
    /// The names in scope with their sizes.
    pub(crate) variables: Vec<(String, i64)>,
    /// For a pass, its entry in the list.
    pub(crate) entry: Option<Entry>,
    /// The block's name where it is used, or the repeat.
    pub(crate) span: Span,
    /// Its layers.
    pub(crate) nodes: Range<NodeId>,
}

/// An entry in the list of a repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its index, from 0.
    pub(crate) turn: usize,
    pub(crate) span: Span,
}

impl Use {
    /// The value given for a parameter.
    pub(crate) fn argument(&self, index: usize) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.index == index)
    }
}

/// An argument of a block, as written.
#[derive(Clone)]
pub(crate) struct Argument {
    /// The index of its parameter.
    pub(crate) index: usize,
    /// The parameter's name, if it is given by name.
    pub(crate) name: Option<String>,
    pub(crate) text: String,
    /// Its value, if that is a number.
    pub(crate) number: Option<i64>,
}

/// A different number for an argument of a block, or in the list of a repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Replaced {
    /// The position of the use or the repeat in the text.
    pub(crate) origin: usize,
    /// The index of the parameter; in a list, counted through all entries.
    pub(crate) index: usize,
    pub(crate) number: i64,
    /// The index of the variable that the number multiplies, if there is one.
    pub(crate) variable: Option<usize>,
}

/// A value that one pass of `repeat 3 { .. }` hands to the next.
#[derive(Clone)]
pub(crate) struct Carried {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) input: ValueId,
    pub(crate) output: ValueId,
    /// The repeat, as messages call it, and how often it runs, as written.
    pub(crate) statement: String,
    pub(crate) count: String,
    /// The same value in the previous pass.
    pub(crate) before: Option<usize>,
    /// Whether a fix allows the passes to change the shape.
    pub(crate) free: bool,
}

/// A field of the generated struct, if it turns out to have parameters.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: Ident,
    pub(crate) docs: TokenStream,
    /// Whether it is inside an `if`.
    pub(crate) optional: bool,
    /// The statement it came from.
    pub(crate) origin: usize,
    pub(crate) kind: MemberKind,
}

#[derive(Clone)]
pub(crate) enum MemberKind {
    Layer(NodeId),
    /// A layer in a branch that is not taken: its recipe. It determines the field's type, but is not in the model.
    Absent(Box<Recipe>),
    /// A use of a block; all uses have one type.
    Block {
        block: Ident,
        members: Vec<Member>,
    },
    /// The passes of a repeat.
    Repeat {
        turns: Vec<Vec<Member>>,
    },
}

impl Graph {
    pub(crate) fn order(&self) -> AxisOrder {
        self.dialect.order()
    }

    /// Whether some sizes are known only to const evaluation, which then checks the chain again.
    pub(crate) fn deferred(&self) -> bool {
        self.chained || self.unseen.any()
    }

    /// The value that a node gives.
    pub(crate) fn value(&self, node: NodeId) -> ValueId {
        self.inputs.len() + node
    }

    /// The value of a layer's statement; for a recurrent layer, an output of its run.
    pub(crate) fn given_by(&self, node: NodeId) -> ValueId {
        let next = self.nodes.get(node + 1);
        let output = |next: &Node| next.is_output_of_run() && next.inputs == [self.value(node)];
        self.value(if next.is_some_and(output) { node + 1 } else { node })
    }

    /// A layer as it was written, if it was written in full.
    pub(crate) fn given(&self, node: NodeId) -> Option<Op> {
        match &self.nodes[node].recipe {
            Recipe::Given(op) => Some(*op),
            Recipe::Undo { .. }
            | Recipe::Unpool { .. }
            | Recipe::Again { .. }
            | Recipe::Chain { .. }
            | Recipe::Port { .. }
            | Recipe::Param { .. }
            | Recipe::Same
            | Recipe::Broken => None,
        }
    }

    /// The node that gives a value; `None` for an input.
    pub(crate) fn producer(&self, value: ValueId) -> Option<NodeId> {
        value.checked_sub(self.inputs.len())
    }

    /// The node that gives a value its shape: the nearest one above that changes shapes; `None` for an input.
    pub(crate) fn shaper(&self, value: ValueId) -> Option<NodeId> {
        let node = self.producer(value)?;
        let keeps_shape = self.given(node).is_some_and(|op| op.keeps_shape());
        if keeps_shape { self.shaper(self.nodes[node].inputs[0]) } else { Some(node) }
    }

    /// Whether a value is a parameter or a constant.
    pub(crate) fn is_source(&self, value: ValueId) -> bool {
        matches!(self.producer(value).and_then(|node| self.given(node)), Some(Op::Source { .. }))
    }

    /// For each value whether it depends on parameters and constants alone, so that it has no batch.
    pub(crate) fn fixed(&self) -> Vec<bool> {
        let mut fixed = vec![false; self.inputs.len()];
        for node in &self.nodes {
            let inputs = node.inputs.iter().all(|value| fixed.get(*value).is_some_and(|fixed| *fixed));
            fixed.push(match &node.recipe {
                Recipe::Given(Op::Source { .. }) | Recipe::Param { .. } => true,
                Recipe::Given(_)
                | Recipe::Undo { .. }
                | Recipe::Unpool { .. }
                | Recipe::Chain { .. }
                | Recipe::Port { .. }
                | Recipe::Same
                | Recipe::Again { .. }
                | Recipe::Broken => inputs && !node.inputs.is_empty(),
            });
        }
        fixed
    }

    /// The name of a value's origin, as messages show it.
    pub(crate) fn value_name(&self, value: ValueId) -> &str {
        match (self.names.get(&value), self.producer(value)) {
            (Some(name), _) => name,
            (None, Some(node)) => &self.nodes[node].name,
            (None, None) => &self.inputs[value].name,
        }
    }

    /// The name by which a statement can refer to a value, if the user gave it one.
    pub(crate) fn reference(&self, value: ValueId) -> Option<&str> {
        let named = match self.producer(value) {
            Some(node) => self.nodes[node].spans.label.is_some(),
            None => true,
        };
        (named || self.names.contains_key(&value)).then(|| self.value_name(value))
    }
}

impl Node {
    /// A node without fields, claims or parameters of its own.
    pub(crate) fn new(name: String, op: Ident, recipe: Recipe, inputs: Vec<ValueId>, origin: usize) -> Node {
        Node {
            writing: Writing::none(&name),
            file_name: name.clone(),
            name,
            op_name: String::new(),
            docs: TokenStream::new(),
            recipe,
            holes: Vec::new(),
            inputs,
            activation: None,
            outputs: Vec::new(),
            comment: None,
            restores: None,
            spans: Spans { label: None, op, positional: None, fields: Vec::new() },
            named_axes: None,
            unseen: false,
            origin,
            lint: true,
            read: false,
            tied: None,
            first_run: None,
            inserted: None,
        }
    }

    /// Whether it only selects an output of a recurrent or user-defined layer. It has no statement in the chain.
    pub(crate) fn is_output_of_run(&self) -> bool {
        matches!(self.recipe, Recipe::Given(Op::RecurrentOutput { .. } | Op::CustomOutput { .. }))
    }

    /// The fields with a number per axis that must be solved.
    pub(crate) fn open(&self) -> Vec<AxisField> {
        let axis = |hole: &Hole| match hole {
            Hole::Axis(field) => Some(*field),
            Hole::OutChannels => None,
        };
        self.holes.iter().filter_map(axis).collect()
    }
}

impl Recipe {
    /// Whether it is a layer and not just a value of another one.
    pub(crate) fn is_layer(&self) -> bool {
        !matches!(self, Recipe::Port { .. } | Recipe::Param { .. } | Recipe::Same)
    }
}

impl Spans {
    /// The span of a field, or that of the layer if the field was not written.
    pub(crate) fn of(&self, field: Option<&str>) -> Span {
        let written = self.fields.iter().find(|(name, _)| Some(*name) == field).map(|(_, span)| *span);
        let leading = if matches!(field, Some("channels")) { self.positional } else { None };
        written.or(leading).unwrap_or_else(|| self.op.span())
    }
}
