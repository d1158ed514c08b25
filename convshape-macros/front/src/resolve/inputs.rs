//! What a layer reads.

use proc_macro2::Ident;

use super::Resolver;
use super::scope::{Outputs, Scope};
use crate::diagnose;
use crate::graph::{Node, NodeId, Recipe, ValueId};
use crate::syntax::{Layer, Reference, Source, Text, Value};
use crate::words::{Kind, LayerWords, Positional};

impl<'a> Resolver<'a> {
    /// The values that a layer reads; `None` where that is not known, which is reported.
    pub(super) fn inputs(
        &mut self,
        layer: &'a Layer,
        words: &'static LayerWords,
        operands: Option<&'a [Value]>,
        like: Option<&Reference>,
        scope: &mut Scope<'a>,
    ) -> Option<Vec<ValueId>> {
        let joins = words.positional == Positional::Names;
        if let Some(Source::Several(_, span)) = &layer.from
            && !joins
            && words.kind != Kind::Chain
        {
            self.sink.push(diagnose::one_input(&layer.op, *span));
            return None;
        }
        let mut inputs = self.sources(layer.from.as_ref(), scope)?;
        if let Some(operands) = operands.filter(|operands| !operands.is_empty()) {
            if matches!(layer.from, Some(Source::Several(..))) {
                self.sink.push(diagnose::operands_twice(&layer.op));
                return None;
            }
            let previous = inputs[0];
            let mut values = Vec::new();
            for operand in operands {
                values.push(match operand {
                    Value::Hole(_) => previous,
                    Value::Word(name) => self.lookup(name, scope)?.value,
                    Value::Name(reference) => self.reference(reference, scope)?,
                    other => {
                        self.sink.push(diagnose::not_a_name(&other.to_string(), other.span()));
                        return None;
                    }
                });
            }
            if let [only] = values.as_slice() {
                values = vec![previous, *only];
            }
            inputs = values;
        }
        if joins && inputs.len() < 2 {
            self.sink.push(diagnose::needs_operands(&layer.op));
            return None;
        }
        if let Some(reference) = like {
            inputs.push(self.reference(reference, scope)?);
        }
        Some(inputs)
    }

    /// The values that `from` names; without it the previous one.
    pub(super) fn sources(&mut self, from: Option<&Source>, scope: &mut Scope<'a>) -> Option<Vec<ValueId>> {
        match from {
            None => Some(vec![scope.previous]),
            Some(Source::Several(sources, _)) => sources.iter().map(|source| self.source(source, scope)).collect(),
            Some(source) => Some(vec![self.source(source, scope)?]),
        }
    }

    /// `a`, or `a.b`: an output of a block, a repeat or a sub-chain.
    pub(super) fn reference(&mut self, reference: &Reference, scope: &mut Scope<'a>) -> Option<ValueId> {
        let found = self.lookup(&reference.name, scope)?;
        let Some(port) = &reference.port else { return Some(found.value) };
        let outputs = match found.outputs {
            Outputs::Unknown => return Some(found.value),
            Outputs::Chain(of) => return Some(self.port(of, reference, port, scope)),
            Outputs::One => {
                self.sink.push(diagnose::no_outputs(&reference.name, port));
                return None;
            }
            Outputs::Named(outputs) => outputs,
        };
        let text = port.value();
        let named = outputs.iter().find(|output| output.name.as_ref() == Some(&text));
        let numbered = || text.parse().ok().and_then(|place: usize| outputs.get(place));
        match named.or_else(numbered) {
            Some(output) => Some(output.value),
            None => {
                let known = outputs.iter().filter_map(|output| output.name.clone());
                self.sink.push(diagnose::unknown_output(&reference.name, port, &known.collect::<Vec<_>>()));
                None
            }
        }
    }

    /// An output of a sub-chain, which is a value of its own.
    fn port(&mut self, of: NodeId, reference: &Reference, port: &Text, scope: &mut Scope<'a>) -> ValueId {
        let name = format!("{}.{}", self.graph.nodes[of].name, port.value());
        let op = port.ident().unwrap_or_else(|| Ident::new("port", port.span()));
        let recipe = Recipe::Port { of, port: port.clone() };
        let node = Node::new(name, op, recipe, vec![self.graph.value(of)], std::ptr::from_ref(reference).addr());
        let previous = scope.previous;
        let node = self.push(node, scope);
        scope.previous = previous;
        self.graph.value(node)
    }

    pub(super) fn source(&mut self, source: &Source, scope: &mut Scope<'a>) -> Option<ValueId> {
        match source {
            Source::Previous => Some(scope.previous),
            Source::Named(reference) => self.reference(reference, scope),
            Source::Several(_, span) => {
                self.sink.push(diagnose::nested_sources(*span));
                None
            }
        }
    }
}
