//! Layers that undo another one or use its weight.

use convshape_arith::op::{Conv, Direction, Op, Pool, PoolKind, WeightFrom};
use proc_macro2::Ident;

use super::Resolver;
use super::scope::Scope;
use crate::diagnose;
use crate::fields::{self, Setting};
use crate::graph::{NodeId, Recipe, Spans};
use crate::words::{Kind, LayerWords};

impl<'a> Resolver<'a> {
    pub(super) fn undo(
        &mut self,
        name: &Ident,
        words: &'static LayerWords,
        rank: Option<usize>,
        overrides: Vec<(&'static str, Setting)>,
        scope: &Scope<'a>,
    ) -> Recipe {
        let Some(found) = self.lookup(name, scope) else { return Recipe::Broken };
        let Some(of) = found.node else {
            self.sink.push(diagnose::cannot_undo(name, None));
            return Recipe::Broken;
        };
        let first = self.graph.nodes[of].first_run.unwrap_or(of);
        let unpools = words.kind == Kind::MaxUnpool;
        let undone = match &self.graph.nodes[first].recipe {
            Recipe::Given(Op::Pool(Pool { kind: PoolKind::Max, rank: pooled, .. })) => {
                if unpools && rank == Some(*pooled) {
                    return Recipe::Unpool { of };
                }
                let (op, of) = (words.name(rank), self.graph.nodes[of].op_name.clone());
                self.sink.push(diagnose::undo_direction(name, &op, &of, &format!("MaxUnpool{pooled}d")));
                return Recipe::Broken;
            }
            Recipe::Given(op) if unpools && !matches!(op, Op::Conv(_)) => {
                self.sink.push(diagnose::cannot_unpool(name, Some(&self.graph.nodes[of].op_name)));
                return Recipe::Broken;
            }
            Recipe::Broken => return Recipe::Broken,
            Recipe::Given(Op::Conv(conv)) => Some((conv.direction, conv.rank)),
            // A convolution is undone by a transposed one with the same number of axes, and vice versa.
            Recipe::Undo { .. } | Recipe::Again { .. } if unpools => {
                self.sink.push(diagnose::cannot_unpool(name, Some(&self.graph.nodes[of].op_name)));
                return Recipe::Broken;
            }
            Recipe::Undo { .. } | Recipe::Again { .. } => None,
            Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Param { .. } | Recipe::Same if unpools => {
                self.sink.push(diagnose::cannot_unpool(name, None));
                return Recipe::Broken;
            }
            Recipe::Unpool { .. }
            | Recipe::Chain { .. }
            | Recipe::Port { .. }
            | Recipe::Param { .. }
            | Recipe::Same => {
                self.sink.push(diagnose::cannot_undo(name, None));
                return Recipe::Broken;
            }
            Recipe::Given(_) => {
                self.sink.push(diagnose::cannot_undo(name, Some(&self.graph.nodes[of].op_name)));
                return Recipe::Broken;
            }
        };
        if let Some((direction, undone_rank)) = undone {
            let expected = match direction {
                Direction::Forward => Kind::ConvTranspose,
                Direction::Transposed => Kind::Conv,
            };
            if words.kind != expected || rank != Some(undone_rank) {
                let (op, of) = (words.name(rank), self.graph.nodes[of].op_name.clone());
                let wanted = if expected == Kind::Conv { "Conv" } else { "ConvTranspose" };
                self.sink.push(diagnose::undo_direction(name, &op, &of, &format!("{wanted}{undone_rank}d")));
                return Recipe::Broken;
            }
        }
        Recipe::Undo { of, overrides }
    }

    /// The name of the last max pooling that is not undone yet.
    pub(super) fn last_max_pool(&self, rank: Option<usize>) -> Option<&str> {
        let undone: Vec<NodeId> = self
            .graph
            .nodes
            .iter()
            .filter_map(|node| match node.recipe {
                Recipe::Unpool { of } => Some(of),
                _ => None,
            })
            .collect();
        let fits = |node: &NodeId| match self.graph.nodes[*node].recipe {
            Recipe::Given(Op::Pool(Pool { kind: PoolKind::Max, rank: pooled, .. })) => {
                rank.is_none_or(|rank| rank == pooled)
                    && self.graph.nodes[*node].spans.label.is_some()
                    && !undone.contains(node)
            }
            _ => false,
        };
        let last = (0..self.graph.nodes.len()).rev().find(fits)?;
        Some(&self.graph.nodes[last].name)
    }

    /// The layer whose weight a tied layer uses.
    pub(super) fn tied(&mut self, recipe: &Recipe, undo: Option<&Ident>, name: &str, spans: &Spans) -> Option<NodeId> {
        let Some(undo) = undo else {
            self.sink.push(diagnose::tied_to_nothing(spans.of(Some("tied"))));
            return None;
        };
        let Recipe::Undo { of, overrides } = recipe else { return None };
        const SHAPING: [&str; 4] = ["kernel", "in_channels", "out_channels", "groups"];
        if let Some((field, span)) = spans.fields.iter().find(|(field, _)| SHAPING.contains(field)) {
            self.sink.push(diagnose::tied_to_another_shape(field, undo, *span));
            return None;
        }
        if let Some(of) = self.layout(*of)
            && !reversed(of, overrides).keeps_weight_of(&of)
        {
            self.sink.push(diagnose::tied_to_another_layout(name, undo, of.direction, spans.of(Some("tied"))));
            return None;
        }
        let of = self.graph.nodes[*of].first_run.unwrap_or(*of);
        if self.graph.nodes[of].inputs.len() > 1 {
            self.sink.push(diagnose::tied_to_a_value(undo, spans.of(Some("tied"))));
            return None;
        }
        Some(self.graph.nodes[of].tied.unwrap_or(of))
    }

    /// A convolution, with the fields that its weight's layout depends on.
    pub(super) fn layout(&self, node: NodeId) -> Option<Conv> {
        match &self.graph.nodes[node].recipe {
            Recipe::Given(Op::Conv(conv)) => Some(*conv),
            Recipe::Undo { of, overrides } => Some(reversed(self.layout(*of)?, overrides)),
            Recipe::Again { of } => self.layout(*of),
            _ => None,
        }
    }
}

/// The layer that undoes a convolution, with the fields that its weight's layout depends on.
fn reversed(conv: Conv, overrides: &[(&'static str, Setting)]) -> Conv {
    let direction = conv.direction.reversed();
    let mut op = Op::Conv(Conv { direction, transpose_kernel: false, weight: WeightFrom::Own, mask: None, ..conv });
    for (field, setting) in overrides {
        fields::set(&mut op, field, setting);
    }
    match op {
        Op::Conv(reversed) => reversed,
        _ => conv,
    }
}
