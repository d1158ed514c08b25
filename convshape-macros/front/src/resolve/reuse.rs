//! `reuse`: another run of a statement with the same parameters.

use std::rc::Rc;

use convshape_arith::op::{Amount, Cell, Op, ResizeTo};
use convshape_arith::shape::Shape;
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;

use super::pieces::Names;
use super::scope::{LayerOutputs, Outputs, Piece, Run, Scope};
use super::{Given, Resolver};
use crate::diagnose;
use crate::graph::{Node, NodeId, Recipe, Restores, ValueId};
use crate::syntax::{Block, Reuse, Source, Stmt};

/// The layers of a statement's first run, while it runs again.
pub(super) struct Sharing {
    /// The layers still to come, the next one last.
    nodes: Vec<NodeId>,
}

impl<'a> Resolver<'a> {
    pub(super) fn reuse(&mut self, stmt: &'a Stmt, reuse: &'a Reuse, scope: &mut Scope<'a>) -> Given<'a> {
        let Some(run) = self.runnable(&reuse.of, scope) else {
            return self.unreadable(stmt, reuse.of.span(), scope).1;
        };
        let name = match &stmt.label {
            Some(label) => label.unraw().to_string(),
            None => scope.next_name(&format!("{}_", reuse.of.unraw())),
        };
        let first = self.graph.nodes.len();
        let given = match &run.piece {
            Piece::Layer => self.layer_again(stmt, reuse, &name, run.nodes.start, scope),
            piece => self.piece_again(reuse, &name, piece, &run, scope),
        };
        let Some(given) = given else { return self.unreadable(stmt, reuse.of.span(), scope).1 };
        if let Some(pattern) = &reuse.shape
            && let Some(shape) = self.or_report(scope.numbers.shape(pattern))
        {
            let claim = Some((shape, pattern.span));
            scope.previous = self.claim_of(scope.previous, claim, None, first, reuse.span, scope);
        }
        given
    }

    /// The statement to run again; `None` if there is none, which is reported.
    fn runnable(&mut self, of: &Ident, scope: &Scope<'a>) -> Option<Rc<Run<'a>>> {
        if !scope.names.contains_key(&of.to_string())
            && let Some(Some(block)) = self.blocks.get(&of.to_string())
        {
            let used = first_use(block, scope);
            self.sink.push(diagnose::reused_block(of, used));
            return None;
        }
        let run = self.lookup(of, scope)?.run;
        if run.is_none() {
            self.sink.push(diagnose::not_reusable(of));
        }
        run.filter(|run| !matches!(run.piece, Piece::Broken))
    }

    /// Another run of one layer.
    fn layer_again(
        &mut self,
        stmt: &'a Stmt,
        reuse: &'a Reuse,
        name: &str,
        of: NodeId,
        scope: &mut Scope<'a>,
    ) -> Option<Given<'a>> {
        let mut node = self.graph.nodes[of].clone();
        let like = usize::from(reads_like(&node));
        let operands = node.inputs.len() - like;
        let mut inputs = self.sources(reuse.from.as_ref(), scope)?;
        let root = node.first_run.unwrap_or(of);
        if let (Some(Op::MultiHead(_)), [_, memory]) = (self.graph.given(root), &inputs[..]) {
            // Keys and values share one value.
            inputs.push(*memory);
        }
        // One run may have initial states, or separate keys and values, where another has none.
        let fits = match self.graph.given(root) {
            Some(Op::Recurrent(layer)) => [1, if layer.cell == Cell::Lstm { 3 } else { 2 }].contains(&inputs.len()),
            Some(Op::MultiHead(_)) => [1, 3].contains(&inputs.len()),
            _ => inputs.len() == operands,
        };
        if !fits {
            let span = reuse.from.as_ref().and_then(Source::span).unwrap_or(reuse.of.span());
            self.sink.push(diagnose::operands_again(&reuse.of, operands, inputs.len(), span));
            return None;
        }
        inputs.extend(&node.inputs[operands..]);
        node.name = format!("{}{name}", scope.path);
        node.docs = stmt.attrs.docs.clone();
        node.recipe = again(node.recipe, root);
        node.holes.clear();
        node.inputs = inputs;
        (node.comment, node.restores) = (None, None);
        node.spans.label = stmt.label.clone();
        node.spans.op = reuse.of.clone();
        node.spans.positional = None;
        node.spans.fields.clear();
        node.read = false;
        node.first_run = Some(root);
        let chain = matches!(node.recipe, Recipe::Chain { .. });
        let input = node.inputs[0];
        let id = self.push(node, scope);
        let first = self.first_of_run(id, scope).unwrap_or(id);
        let outputs = match &self.graph.nodes[id].outputs {
            _ if chain => Outputs::Chain(id),
            outputs if outputs.is_empty() => Outputs::One,
            outputs => LayerOutputs::of(first, outputs.clone()),
        };
        Some(Given { input, node: Some(id), outputs, piece: Piece::Layer })
    }

    /// Another run of a block's use or of a repeat.
    fn piece_again(
        &mut self,
        reuse: &'a Reuse,
        name: &str,
        piece: &Piece<'a>,
        run: &Run<'a>,
        scope: &mut Scope<'a>,
    ) -> Option<Given<'a>> {
        let names = Names { name: name.to_owned(), file_name: None, transparent: false };
        let reads = match piece {
            Piece::Block { block, .. } => &block.body.reads,
            Piece::Repeat { repeat, .. } => &repeat.body.reads,
            Piece::Layer | Piece::Broken => return None,
        };
        let what = reuse.of.to_string();
        let inputs = self.piece_inputs(&what, reuse.of.span(), reads, reuse.from.as_ref(), scope)?;
        let layers = run.nodes.clone().rev().filter(|node| self.graph.nodes[*node].recipe.is_layer());
        let sharing = Sharing { nodes: layers.collect() };
        self.sharing.push(sharing);
        let outputs = match piece {
            Piece::Block { block, numbers } => {
                Some(self.run_block(block, numbers.clone(), &inputs, &names, scope).outputs)
            }
            Piece::Repeat { repeat, stmt, scope: first } => {
                // It sees the names that were in scope for the first run.
                let mut around = Scope::clone(first);
                around.path.clone_from(&scope.path);
                self.run_repeat(stmt, repeat, &inputs, &names, &around).map(|(_, outputs)| outputs)
            }
            Piece::Layer | Piece::Broken => None,
        };
        self.sharing.pop();
        let outputs = self.leave(&names.name, &inputs, outputs?, scope);
        Some(Given { input: inputs[0], node: None, outputs, piece: piece.clone() })
    }

    /// While a statement runs again, its layers use the parameters of the first run.
    pub(super) fn share(&mut self, node: &mut Node) {
        if !node.recipe.is_layer() {
            return;
        }
        for sharing in &mut self.sharing {
            let Some(first) = sharing.nodes.pop() else { continue };
            let root = self.graph.nodes[first].first_run.unwrap_or(first);
            let recipe = std::mem::replace(&mut node.recipe, Recipe::Broken);
            node.recipe = again(recipe, root);
            node.holes.clear();
            node.first_run = Some(root);
        }
    }

    /// Attaches a claim to a value: to the layer that gives it, if that layer is at `first` or later and has no such
    /// claim; otherwise to a new value, which is returned.
    pub(super) fn claim_of(
        &mut self,
        value: ValueId,
        comment: Option<(Shape, Span)>,
        restores: Option<Restores>,
        first: NodeId,
        span: Span,
        scope: &mut Scope<'a>,
    ) -> ValueId {
        if let Some(id) = self.graph.producer(value).filter(|node| *node >= first) {
            let node = &mut self.graph.nodes[id];
            let free = (comment.is_none() || node.comment.is_none()) && (restores.is_none() || node.restores.is_none());
            if free {
                node.comment = comment.or(node.comment);
                node.restores = restores.or(node.restores.take());
                return value;
            }
        }
        let name = self.graph.value_name(value).to_owned();
        let origin = self.graph.nodes.len();
        let mut node = Node::new(name, Ident::new("same", span), Recipe::Same, vec![value], origin);
        (node.comment, node.restores) = (comment, restores);
        let previous = scope.previous;
        let id = self.push(node, scope);
        scope.previous = previous;
        self.graph.value(id)
    }
}

/// The recipe of another run.
fn again(recipe: Recipe, root: NodeId) -> Recipe {
    match recipe {
        Recipe::Given(_) | Recipe::Undo { .. } | Recipe::Unpool { .. } | Recipe::Again { .. } => {
            Recipe::Again { of: root }
        }
        other @ (Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Param { .. } | Recipe::Same | Recipe::Broken) => {
            other
        }
    }
}

/// Whether a layer's last input is only read for its sizes, or as the output of a pooling.
fn reads_like(node: &Node) -> bool {
    match &node.recipe {
        Recipe::Unpool { .. } => true,
        Recipe::Given(Op::Upsample(upsample)) => upsample.to == ResizeTo::Like,
        Recipe::Given(Op::Pad { amount, .. } | Op::Crop { amount }) => matches!(amount, Amount::Like { .. }),
        _ => false,
    }
}

/// The name of the first use of a block that has one.
fn first_use<'s>(block: &Block, scope: &'s Scope<'_>) -> Option<&'s str> {
    let uses = scope.names.iter().filter(|(_, known)| {
        known.run.as_ref().is_some_and(|run| match &run.piece {
            Piece::Block { block: of, .. } => std::ptr::eq(*of, block),
            Piece::Layer | Piece::Repeat { .. } | Piece::Broken => false,
        })
    });
    uses.min_by_key(|(_, known)| known.value).map(|(name, _)| name.as_str())
}
