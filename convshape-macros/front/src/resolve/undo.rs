//! Layers that undo another one, and those that use its weight.

use convshape_arith::op::{Conv, Direction, Op};
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
        let undone = match &self.graph.nodes[first].recipe {
            Recipe::Given(Op::Conv(conv)) => Some((conv.direction, conv.rank)),
            // What undoes a convolution is a transposed one of the same rank, and the reverse.
            Recipe::Undo { .. } | Recipe::Broken | Recipe::Again { .. } => None,
            Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Param { .. } | Recipe::Same => {
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
        Some(self.graph.nodes[of].tied.unwrap_or(of))
    }

    /// A convolution, as far as the layout of its weight goes.
    pub(super) fn layout(&self, node: NodeId) -> Option<Conv> {
        match &self.graph.nodes[node].recipe {
            Recipe::Given(Op::Conv(conv)) => Some(*conv),
            Recipe::Undo { of, overrides } => Some(reversed(self.layout(*of)?, overrides)),
            Recipe::Again { of } => self.layout(*of),
            _ => None,
        }
    }
}

/// What undoes a convolution, as far as the layout of its weight goes.
fn reversed(conv: Conv, overrides: &[(&'static str, Setting)]) -> Conv {
    let direction = conv.direction.reversed();
    let mut op = Op::Conv(Conv { direction, transpose_kernel: false, tied: false, mask: None, ..conv });
    for (field, setting) in overrides {
        fields::set(&mut op, field, setting);
    }
    match op {
        Op::Conv(reversed) => reversed,
        _ => conv,
    }
}
