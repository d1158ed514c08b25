//! What a layer reads.

use proc_macro2::{Ident, TokenStream};

use super::Resolver;
use super::scope::Scope;
use crate::diagnose;
use crate::graph::{Node, Recipe, Spans, ValueId};
use crate::syntax::{Layer, Reference, Source, Value};
use crate::words::{Kind, LayerWords, Positional};

impl<'a> Resolver<'a> {
    /// The values that a layer reads; `None` where that is not known, which is reported.
    pub(super) fn inputs(
        &mut self,
        layer: &'a Layer,
        words: &'static LayerWords,
        operands: Option<&'a [Value]>,
        like: Option<&'a Ident>,
        scope: &mut Scope,
    ) -> Option<Vec<ValueId>> {
        let joins = words.positional == Positional::Names;
        let mut inputs = match &layer.from {
            None => vec![scope.previous],
            Some(Source::Several(sources, span)) => {
                if !joins && words.kind != Kind::Chain {
                    self.sink.push(diagnose::one_input(&layer.op, *span));
                    return None;
                }
                let mut values = Vec::new();
                for source in sources {
                    values.push(self.source(source, scope)?);
                }
                values
            }
            Some(source) => vec![self.source(source, scope)?],
        };
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
        if let Some(name) = like {
            inputs.push(self.lookup(name, scope)?.value);
        }
        Some(inputs)
    }

    /// `a`, or `a.b`: a port of a sub-chain, which is a value of its own.
    fn reference(&mut self, reference: &Reference, scope: &mut Scope) -> Option<ValueId> {
        let found = self.lookup(&reference.name, scope)?;
        let Some(port) = &reference.port else { return Some(found.value) };
        let chain = found.node.filter(|node| matches!(self.graph.nodes[*node].recipe, Recipe::Chain { .. }));
        let Some(of) = chain else {
            self.sink.push(diagnose::no_ports(&reference.name, port));
            return None;
        };
        let name = format!("{}.{port}", self.graph.nodes[of].name);
        let previous = scope.previous;
        let node = Node {
            name: name.clone(),
            file_name: name,
            op_name: String::new(),
            docs: TokenStream::new(),
            recipe: Recipe::Port { of, port: port.clone() },
            holes: Vec::new(),
            inputs: vec![found.value],
            activation: None,
            comment: None,
            restores: None,
            spans: Spans { label: None, op: port.clone(), positional: None, fields: Vec::new() },
            named_axes: None,
            unseen: false,
            origin: std::ptr::from_ref(reference).addr(),
            read: false,
            tied: None,
        };
        let node = self.push(node, scope);
        scope.previous = previous;
        Some(self.graph.value(node))
    }

    pub(super) fn source(&mut self, source: &Source, scope: &mut Scope) -> Option<ValueId> {
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
