//! The inputs of a layer.

use convshape_arith::op::WeightLayout;
use convshape_arith::op::{Op, WeightFrom};
use convshape_arith::param::ParamSpec;
use proc_macro2::Ident;

use super::Resolver;
use super::scope::{LayerOutputs, Outputs, Scope};
use crate::diagnose::{self, Report};
use crate::graph::{Node, NodeId, Recipe, ValueId};
use crate::syntax::{Layer, Reference, Source, Text, Value};
use crate::value::written_dialect;
use crate::words::{Kind, LayerWords, Positional};

impl<'a> Resolver<'a> {
    /// The values that a layer reads; `None` if unknown, which is reported. Layers without an input read the chain's first
    /// one, for the number of samples.
    pub(super) fn inputs(
        &mut self,
        layer: &'a Layer,
        words: &'static LayerWords,
        operands: Option<&'a [Value]>,
        like: Option<&Reference>,
        scope: &mut Scope<'a>,
    ) -> Option<Vec<ValueId>> {
        if matches!(words.kind, Kind::Parameter | Kind::Arange | Kind::Constant | Kind::OneHot) {
            if layer.from.is_some() {
                self.sink.push(diagnose::reads_nothing(&layer.op));
            }
            return Some(vec![0]);
        }
        let joins = words.positional == Positional::Names;
        if let Some(Source::Several(sources, span)) = &layer.from
            && !joins
            && !matches!(words.kind, Kind::Chain | Kind::Custom)
            && !words.kind.is_recurrent()
            && words.kind != Kind::MultiHead
            && !(words.kind.reads_weight() && sources.len() == 2)
        {
            let report = match (words.kind, sources.as_slice()) {
                (Kind::Linear, [x, weight]) => {
                    // [out, in], as the layer's own.
                    let dialect = written_dialect(&layer.args).unwrap_or(self.graph.dialect);
                    let transposed = WeightLayout::linear(dialect).out_axis == 0;
                    diagnose::reads_matrix(&layer.op, [x, weight], transposed, *span)
                }
                (kind, _) => diagnose::one_input(&layer.op, kind.reads_weight(), *span),
            };
            self.sink.push(report);
            return None;
        }
        let mut inputs = self.sources(layer.from.as_ref(), scope)?;
        if let Some(operands) = operands.filter(|operands| !operands.is_empty()) {
            if matches!(layer.from, Some(Source::Several(..))) {
                self.sink.push(diagnose::operands_twice(&layer.op));
                return None;
            }
            inputs = self.operands(operands, inputs[0], scope)?;
        }
        if let Some(report) = wrong_count(layer, words, inputs.len()) {
            self.sink.push(report);
            return None;
        }
        if let (Kind::Attention | Kind::MultiHead, [_, memory]) = (words.kind, &inputs[..]) {
            // Keys and values share one value.
            inputs.push(*memory);
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

    /// The values named in a layer's parentheses. With one name, the previous value comes first.
    fn operands(&mut self, operands: &'a [Value], previous: ValueId, scope: &mut Scope<'a>) -> Option<Vec<ValueId>> {
        let mut values = Vec::new();
        for operand in operands {
            values.push(match operand {
                Value::Hole(_) => previous,
                Value::Word(name) => self.lookup(name, scope)?.value,
                Value::Name(reference) => self.reference(reference, scope)?,
                // Reported by the parser.
                Value::Broken(_) => return None,
                other => {
                    self.sink.push(diagnose::not_a_name(&other.to_string(), other.span()));
                    return None;
                }
            });
        }
        Some(if let [only] = values.as_slice() { vec![previous, *only] } else { values })
    }

    /// The values that `from` names; without `from`, the previous one.
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
            Outputs::One => return self.param(found.node, reference, port, scope),
            Outputs::Layer(outputs) => return self.layer_output(&outputs, reference, port, scope),
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

    /// An output of a layer with several.
    fn layer_output(
        &mut self,
        outputs: &LayerOutputs,
        reference: &Reference,
        port: &Text,
        scope: &mut Scope<'a>,
    ) -> Option<ValueId> {
        let Some(index) = outputs.find(&port.value()) else {
            let of = self.graph.nodes[outputs.first].inputs.first().and_then(|run| self.graph.producer(*run));
            let runs = of.filter(|_| self.graph.nodes[outputs.first].is_output_of_run());
            if let Some(run) = runs
                && self.layer_params(run).iter().any(|spec| spec.field == port.value())
            {
                return self.param(Some(run), reference, port, scope);
            }
            let known: Vec<String> = outputs.all.iter().map(|(name, _)| name.clone()).collect();
            self.sink.push(diagnose::no_such_port(&reference.name, port, &known));
            return None;
        };
        let first = self.graph.value(outputs.first);
        if index == 0 {
            return Some(first);
        }
        // Reading one output counts as reading the statement.
        self.mark_read(first);
        if let Some(value) = self.made.get(&(outputs.first, index)) {
            return Some(*value);
        }
        let (name, op) = &outputs.all[index];
        let mut node = self.graph.nodes[outputs.first].clone();
        node.name = format!("{}.{name}", node.name);
        // The first output of a run has its own name in files.
        let first_name = format!(".{}", outputs.all[0].0);
        let runs = self.graph.nodes[outputs.first].is_output_of_run();
        let file_name = node.file_name.strip_suffix(&first_name).filter(|_| runs).unwrap_or(&node.file_name);
        node.file_name = format!("{file_name}.{name}");
        node.recipe = Recipe::Given(*op);
        (node.activation, node.comment, node.restores, node.first_run) = (None, None, None, None);
        node.outputs.clear();
        let previous = scope.previous;
        let id = self.push(node, scope);
        scope.previous = previous;
        let value = self.graph.value(id);
        self.made.insert((outputs.first, index), value);
        Some(value)
    }

    /// `conv.weight`: a parameter of a layer, as a value without a batch axis.
    fn param(
        &mut self,
        node: Option<NodeId>,
        reference: &Reference,
        port: &Text,
        scope: &mut Scope<'a>,
    ) -> Option<ValueId> {
        let name = port.value();
        let of = node.map(|node| self.graph.nodes[node].first_run.unwrap_or(node));
        // A tied layer has another layer's weight.
        let tied = of.and_then(|of| self.graph.nodes[of].tied);
        let of = tied.filter(|_| name == "weight").or(of);
        let params = of.map(|of| self.layer_params(of)).unwrap_or_default();
        let place = params.iter().position(|spec| spec.field == name && !name.is_empty());
        let (Some(of), Some(param)) = (of, place) else {
            let mut known: Vec<String> = tied.iter().map(|_| "weight".to_owned()).collect();
            known.extend(params.iter().map(|spec| spec.field.to_owned()).filter(|field| !field.is_empty()));
            self.sink.push(diagnose::no_such_param(&reference.name, port, &known));
            return None;
        };
        self.mark_read(self.graph.value(of));
        if let Some(value) = self.params.get(&(of, param)) {
            return Some(*value);
        }
        let name = format!("{}.{name}", self.graph.nodes[of].name);
        let op = port.ident().unwrap_or_else(|| Ident::new("param", port.span()));
        let origin = std::ptr::from_ref(reference).addr();
        let mut node = Node::new(name, op, Recipe::Param { of, param }, vec![0], origin);
        node.read = true;
        let node = self.push(node, scope);
        let value = self.graph.value(node);
        self.params.insert((of, param), value);
        Some(value)
    }

    /// The layer's own parameters, as far as the macro knows them.
    pub(super) fn layer_params(&self, node: NodeId) -> Vec<ParamSpec> {
        let op = match &self.graph.nodes[node].recipe {
            Recipe::Given(op) => Some(*op),
            _ => self.layout(node).map(Op::Conv),
        };
        let Node { tied, inputs, .. } = &self.graph.nodes[node];
        let own = |mut op: Op| {
            if let Op::Conv(conv) = &mut op {
                conv.weight = match (tied, inputs.len()) {
                    (Some(_), _) => WeightFrom::Tied,
                    (None, 1) => WeightFrom::Own,
                    (None, _) => WeightFrom::Input,
                };
            }
            op.params().iter().collect()
        };
        op.map(own).unwrap_or_default()
    }

    /// An output of a sub-chain, as a value of its own.
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

/// The report if a layer that reads initial states, or queries, keys and values, has a wrong number of inputs.
fn wrong_count(layer: &Layer, words: &LayerWords, count: usize) -> Option<Report> {
    let span = layer.from.as_ref().and_then(Source::span).unwrap_or(layer.op.span());
    match words.kind {
        Kind::Lstm | Kind::Gru | Kind::Rnn => {
            let states: &[&str] = if words.kind == Kind::Lstm { &["h_0", "c_0"] } else { &["h_0"] };
            let fits = [1, 1 + states.len()].contains(&count);
            (!fits).then(|| diagnose::first_states(&layer.op, states, count, span))
        }
        Kind::Attention if !(3..=4).contains(&count) => {
            Some(diagnose::queries_keys_values(&layer.op, true, count, span))
        }
        Kind::MultiHead if !(1..=3).contains(&count) => {
            Some(diagnose::queries_keys_values(&layer.op, false, count, span))
        }
        _ => None,
    }
}
