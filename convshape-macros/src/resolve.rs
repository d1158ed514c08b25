//! Syntax to graph: names are bound, blocks and repeats unrolled, defaults filled in.

use std::collections::HashMap;

use convshape_arith::op::{Dialect, Op};
use convshape_arith::shape::Shape;
use convshape_arith::solve::AxisField;
use proc_macro2::{Ident, Span};

use crate::diagnose::{self, Report, Sink};
use crate::fields::{self, Setting};
use crate::graph::{Body, Graph, Hole, Input, Member, Node, NodeId, Output, Recipe, Restores, Spans, ValueId};
use crate::syntax::{Block, Chain, Count, Layer, Lossy, Repeat, Source, Stmt, StmtKind, Value};
use crate::value::{Numbers, settle};
use crate::words::{self, FieldWords, Kind, LayerName, LayerWords, Lookup, Positional, Takes};

/// More layers than this are refused: a repeat count with a digit too many would hang the compiler.
const MOST_LAYERS: usize = 100_000;

/// Binds a chain's names. What cannot be bound is reported and left out of what follows.
pub(crate) fn resolve(chain: &Chain, sink: &mut Sink) -> Graph {
    let dialect = chain.headers.dialect.map_or(Dialect::Torch, |header| header.value);
    if let Some(header) = chain.headers.dialect
        && dialect != Dialect::Torch
    {
        sink.push(diagnose::dialect_not_yet(dialect, header.span));
    }
    if let Some(symbol) = chain.headers.symbols.first() {
        sink.push(diagnose::symbols_not_yet(symbol.name.span()));
    }
    if let Some(path) = &chain.headers.weights {
        sink.push(diagnose::weights_not_yet(path.span()));
    }
    let graph = Graph {
        dialect,
        lossy: chain.headers.lossy.map_or(Lossy::Allow, |header| header.value),
        inputs: Vec::new(),
        nodes: Vec::new(),
        outputs: Vec::new(),
        bodies: Vec::new(),
        members: Vec::new(),
    };
    let mut resolver = Resolver { blocks: blocks(&chain.blocks, sink), open_blocks: Vec::new(), graph, sink };
    resolver.chain(chain);
    resolver.graph
}

/// What a name stands for.
#[derive(Clone, Copy)]
struct Binding {
    /// What it gives.
    value: ValueId,
    /// What it reads; a port reads itself.
    input: ValueId,
    /// The layer, where it is one.
    node: Option<NodeId>,
}

/// The names that statements of one body see.
#[derive(Clone)]
struct Scope {
    names: HashMap<String, Binding>,
    numbers: Numbers,
    /// What a statement without `from` reads.
    previous: ValueId,
    /// In front of the names of layers: `blocks.0.`
    path: String,
    /// In front of the names in files, up to the enclosing block.
    file_root: String,
    /// Between that and a statement's name: the repeats around it.
    file_path: String,
    /// How many unnamed statements of a kind there were.
    counts: HashMap<String, usize>,
}

struct Resolver<'a> {
    blocks: HashMap<String, &'a Block>,
    /// The blocks that are being expanded: one that uses itself would never end.
    open_blocks: Vec<String>,
    graph: Graph,
    sink: &'a mut Sink,
}

fn blocks<'a>(blocks: &'a [Block], sink: &mut Sink) -> HashMap<String, &'a Block> {
    let mut found = HashMap::new();
    for block in blocks {
        let name = block.name.to_string();
        if matches!(words::find_layer(&name, Dialect::Torch), Lookup::Found(_)) {
            sink.push(diagnose::block_hides_layer(&block.name));
        } else if found.insert(name, block).is_some() {
            sink.push(diagnose::repeated_name(&block.name));
        }
    }
    found
}

impl<'a> Resolver<'a> {
    fn chain(&mut self, chain: &'a Chain) {
        let numbers = Numbers::default();
        let mut names = HashMap::new();
        for port in &chain.inputs {
            let shape = self.or_report(numbers.shape(&port.shape)).unwrap_or(Shape::unknown(1));
            let span = port.name.as_ref().map_or(port.shape.span, Ident::span);
            let name = port.name.as_ref().map_or("input".to_owned(), Ident::to_string);
            let value = self.graph.inputs.len();
            let binding = Binding { value, input: value, node: None };
            if names.insert(name.clone(), binding).is_some()
                && let Some(name) = &port.name
            {
                self.sink.push(diagnose::repeated_name(name));
            }
            self.graph.inputs.push(Input { name, shape, span });
        }
        if let [only] = self.graph.inputs.as_slice()
            && only.name != "input"
        {
            names.insert("input".to_owned(), Binding { value: 0, input: 0, node: None });
        }
        if self.graph.inputs.is_empty() {
            // Reported by the parser; a shape that fits everything keeps the rest alive.
            self.graph.inputs.push(Input {
                name: "input".to_owned(),
                shape: Shape::unknown(1),
                span: chain.input_span,
            });
            return;
        }
        let mut scope = Scope {
            names,
            numbers,
            previous: 0,
            path: String::new(),
            file_root: String::new(),
            file_path: String::new(),
            counts: HashMap::new(),
        };
        self.graph.members = self.body(&chain.body, &mut scope);
        for port in &chain.outputs {
            let shape = self.or_report(scope.numbers.shape(&port.shape)).unwrap_or(Shape::unknown(1));
            let (name, value, span) = match &port.name {
                None => ("output".to_owned(), Some(scope.previous), port.shape.span),
                Some(name) => (name.to_string(), self.lookup(name, &scope).map(|found| found.value), name.span()),
            };
            if let Some(value) = value {
                self.mark_read(value);
            }
            if self.graph.outputs.iter().any(|output| output.name == name) {
                if let Some(name) = &port.name {
                    self.sink.push(diagnose::repeated_name(name));
                }
                continue;
            }
            self.graph.outputs.push(Output { name, value, shape, span });
        }
    }

    /// The statements of one body, in order.
    fn body(&mut self, body: &'a [Stmt], scope: &mut Scope) -> Vec<Member> {
        let mut members = Vec::new();
        for stmt in body {
            if self.graph.nodes.len() >= MOST_LAYERS {
                self.sink.push(diagnose::too_many_layers(MOST_LAYERS, stmt.span()));
                // Once is enough.
                return members;
            }
            let input = scope.previous;
            let (member, node) = match &stmt.kind {
                StmtKind::Layer(layer) => match self.blocks.get(&layer.op.to_string()).copied() {
                    Some(block) => (self.block(stmt, layer, block, scope), None),
                    None => {
                        let node = self.layer(stmt, layer, scope);
                        let name = self.field_name(stmt, node);
                        (Some(Member::Layer { name, node }), Some(node))
                    }
                },
                StmtKind::Repeat(repeat) => (self.repeat(stmt, repeat, scope), None),
                StmtKind::Broken(span) => {
                    let node = self.broken(stmt, *span, scope);
                    (None, Some(node))
                }
            };
            members.extend(member);
            // A layer reads what its `from` says.
            let input = match node {
                Some(node) => self.graph.nodes[node].inputs.first().copied().unwrap_or(input),
                None => input,
            };
            if let Some(label) = &stmt.label {
                let binding = Binding { value: scope.previous, input, node };
                let name = label.to_string();
                if name == "input" || name == "output" {
                    self.sink.push(diagnose::reserved_name(label));
                } else if scope.names.insert(name, binding).is_some() {
                    self.sink.push(diagnose::repeated_name(label));
                }
            }
        }
        members
    }

    fn field_name(&self, stmt: &Stmt, node: NodeId) -> Ident {
        match &stmt.label {
            Some(label) => label.clone(),
            None => {
                let name = &self.graph.nodes[node].name;
                let last = name.rsplit('.').next().unwrap_or(name);
                Ident::new(last, self.graph.nodes[node].spans.op.span())
            }
        }
    }

    fn repeat(&mut self, stmt: &'a Stmt, repeat: &'a Repeat, scope: &mut Scope) -> Option<Member> {
        let (variable, turns) = match &repeat.count {
            Count::Times { value, span } => {
                if *value < 1 {
                    self.sink.push(diagnose::no_turns(*value, *span));
                }
                (None, (0..*value).collect::<Limited>())
            }
            Count::Range { var, range } => {
                let low = self.or_report(scope.numbers.size(&range.low))?;
                let Some(high) = &range.high else {
                    self.sink.push(diagnose::open_repeat(var));
                    return None;
                };
                let high = self.or_report(scope.numbers.size(high))?;
                let high = if range.inclusive { high.saturating_add(1) } else { high };
                if low >= high {
                    self.sink.push(diagnose::no_turns(0, var.span()));
                }
                (Some(var), (low..high).collect())
            }
            Count::List { var, sizes } => {
                let mut values = Vec::new();
                for size in sizes {
                    values.push(self.or_report(scope.numbers.size(size))?);
                }
                if values.is_empty() {
                    self.sink.push(diagnose::no_turns(0, var.span()));
                }
                (Some(var), values.into_iter().collect())
            }
        };
        let name = self.group_name(stmt, "repeat", scope);
        let mut members = Vec::new();
        for (turn, value) in turns.0.into_iter().enumerate() {
            let input = scope.previous;
            let numbers = match variable {
                Some(variable) => scope.numbers.with(variable.to_string(), value),
                None => scope.numbers.clone(),
            };
            let file_name = match &stmt.attrs.file_name {
                Some(file_name) => fill_in(&file_name.value(), &numbers, turn),
                None => name.clone(),
            };
            let mut inner = Scope {
                numbers,
                previous: input,
                path: format!("{}{name}.{turn}.", scope.path),
                file_path: format!("{}{file_name}.{turn}.", scope.file_path),
                counts: HashMap::new(),
                ..scope.clone()
            };
            inner.names.insert("input".to_owned(), Binding { value: input, input, node: None });
            // Names inside are the turn's own: they may be used again by the next.
            members.push(self.body(&repeat.body, &mut inner));
            let output = inner.previous;
            if variable.is_none() {
                let span = stmt.span();
                self.graph.bodies.push(Body { name: name.clone(), span, input, output });
            }
            scope.previous = output;
            if self.graph.nodes.len() >= MOST_LAYERS {
                break;
            }
        }
        Some(Member::Repeat { name: Ident::new(&name, stmt.span()), turns: members })
    }

    fn block(&mut self, stmt: &'a Stmt, layer: &'a Layer, block: &'a Block, scope: &mut Scope) -> Option<Member> {
        let block_name = block.name.to_string();
        if self.open_blocks.contains(&block_name) {
            self.sink.push(diagnose::recursive_block(&layer.op));
            self.broken(stmt, layer.op.span(), scope);
            return None;
        }
        let mut numbers = Numbers::default();
        let given = &layer.args.positional;
        if given.len() != block.params.len() || !layer.args.fields.is_empty() {
            self.sink.push(diagnose::block_arguments(&layer.op, &block.params, given.len()));
            self.broken(stmt, layer.op.span(), scope);
            return None;
        }
        for (param, value) in block.params.iter().zip(given) {
            let size = match value {
                Value::Size(size) => scope.numbers.size(size),
                Value::Word(name) => scope.numbers.size(&crate::syntax::SizeExpr::Name(name.clone())),
                _ => Err(diagnose::block_argument(param, value)),
            };
            let size = self.or_report(size)?;
            numbers = numbers.with(param.to_string(), size);
        }
        let input = match &layer.from {
            Some(source) => self.source(source, scope)?,
            None => scope.previous,
        };
        self.mark_read(input);
        let name = self.group_name(stmt, &snake(&block_name), scope);
        let file_name = match &stmt.attrs.file_name {
            Some(file_name) => fill_in(&file_name.value(), &scope.numbers, 0),
            None => format!("{}{name}", scope.file_path),
        };
        let mut inner = Scope {
            names: HashMap::from([("input".to_owned(), Binding { value: input, input, node: None })]),
            numbers,
            previous: input,
            path: format!("{}{name}.", scope.path),
            file_root: format!("{}{file_name}.", scope.file_root),
            file_path: String::new(),
            counts: HashMap::new(),
        };
        self.open_blocks.push(block_name);
        let members = self.body(&block.body, &mut inner);
        self.open_blocks.pop();
        scope.previous = inner.previous;
        // A comment or `restores` on the use speaks of the block's last layer.
        if let Some(last) = self.graph.producer(inner.previous)
            && inner.previous != input
        {
            let (comment, restores) = self.claims(layer, scope);
            let node = &mut self.graph.nodes[last];
            node.comment = comment.or(node.comment);
            node.restores = restores.or(node.restores.take());
        }
        Some(Member::Block { name: Ident::new(&name, stmt.span()), members })
    }

    /// The name of a repeat or of a block's use: what was written, or kind and number.
    fn group_name(&mut self, stmt: &Stmt, kind: &str, scope: &mut Scope) -> String {
        match &stmt.label {
            Some(label) => label.to_string(),
            None => next_name(kind, scope),
        }
    }

    fn layer(&mut self, stmt: &'a Stmt, layer: &'a Layer, scope: &mut Scope) -> NodeId {
        let Some(found) = self.find_layer(&layer.op) else { return self.broken(stmt, layer.op.span(), scope) };
        let words = found.words;
        let rank = match self.rank(found, layer, scope) {
            Ok(rank) => rank,
            Err(report) => {
                self.sink.push(report);
                return self.broken(stmt, layer.op.span(), scope);
            }
        };
        let name = match &stmt.label {
            Some(label) => label.to_string(),
            None => next_name(words.snake, scope),
        };
        let mut builder = Builder {
            words,
            rank,
            dialect: self.graph.dialect,
            scope,
            settings: Vec::new(),
            holes: Vec::new(),
            activation: None,
            operands: None,
            undo: None,
            like: None,
            spans: Spans { label: stmt.label.clone(), op: layer.op.clone(), positional: None, fields: Vec::new() },
            reports: Vec::new(),
        };
        builder.read(layer);
        let Builder { settings, holes, activation, operands, undo, like, spans, reports, .. } = builder;
        let complete = reports.is_empty();
        for report in reports {
            self.sink.push(report);
        }
        let inputs = self.inputs(layer, words, operands, like, scope);
        let activation = activation.and_then(|value| self.activation(value));
        let recipe = match (&undo, complete) {
            (_, false) => Recipe::Broken,
            (Some(name), true) => self.undo(name, words, rank, settings, scope),
            (None, true) => self.given(words, rank, &settings, &holes, &spans),
        };
        let (comment, restores) = self.claims(layer, scope);
        let file_name = self.file_name(stmt, &name, scope);
        let recipe = if inputs.is_some() { recipe } else { Recipe::Broken };
        let node = Node {
            name: format!("{}{name}", scope.path),
            file_name,
            op_name: words.name(rank),
            docs: stmt.attrs.docs.clone(),
            recipe,
            holes,
            inputs: inputs.unwrap_or_else(|| vec![scope.previous]),
            activation,
            comment,
            restores,
            spans,
            read: false,
        };
        self.push(node, scope)
    }

    fn push(&mut self, node: Node, scope: &mut Scope) -> NodeId {
        for value in node.inputs.clone() {
            self.mark_read(value);
        }
        let id = self.graph.nodes.len();
        self.graph.nodes.push(node);
        scope.previous = self.graph.value(id);
        id
    }

    /// A statement that could not be read: its name stands, its shape is not known.
    fn broken(&mut self, stmt: &Stmt, span: Span, scope: &mut Scope) -> NodeId {
        let name = match &stmt.label {
            Some(label) => label.to_string(),
            None => next_name("broken", scope),
        };
        let node = Node {
            name: format!("{}{name}", scope.path),
            file_name: name,
            op_name: String::new(),
            docs: stmt.attrs.docs.clone(),
            recipe: Recipe::Broken,
            holes: Vec::new(),
            inputs: vec![scope.previous],
            activation: None,
            comment: None,
            restores: None,
            spans: Spans {
                label: stmt.label.clone(),
                op: Ident::new("broken", span),
                positional: None,
                fields: Vec::new(),
            },
            // Who reads it may not have been readable either.
            read: true,
        };
        self.push(node, scope)
    }

    fn find_layer(&mut self, op: &Ident) -> Option<LayerName> {
        let dialect = self.graph.dialect;
        match words::find_layer(&op.to_string(), dialect) {
            Lookup::Found(found) => Some(found),
            Lookup::Elsewhere { words, dialects } => {
                self.sink.push(diagnose::layer_elsewhere(op, &words, dialects, dialect));
                None
            }
            Lookup::Unknown { nearest } => {
                let blocks = self.blocks.keys().cloned();
                let nearest = nearest.or_else(|| words::nearest(&op.to_string(), blocks));
                self.sink.push(diagnose::unknown_layer(op, nearest));
                None
            }
        }
    }

    /// The number of spatial axes: the name says it, or the kernel does (`Conv` of flax and onnx).
    fn rank(&self, found: LayerName, layer: &Layer, scope: &Scope) -> Result<Option<usize>, Report> {
        if found.rank.is_some() || found.words.ranks.is_empty() {
            return Ok(found.rank);
        }
        let kernel = layer.args.fields.iter().find(|field| {
            matches!(words::find_field(found.words, &field.name.to_string(), self.graph.dialect), Lookup::Found(words) if words.name == "kernel")
        });
        match kernel.map(|field| &field.value) {
            Some(Value::Tuple(values, _)) if (1..=3).contains(&values.len()) => Ok(Some(values.len())),
            _ => {
                let input = self.graph.inputs.get(scope.previous).map(|input| input.shape.rank());
                match input {
                    Some(rank @ 2..=4) => Ok(Some(rank - 1)),
                    _ => Err(diagnose::open_rank(&layer.op)),
                }
            }
        }
    }

    fn given(
        &mut self,
        words: &'static LayerWords,
        rank: Option<usize>,
        settings: &[(&'static str, Setting)],
        holes: &[Hole],
        spans: &Spans,
    ) -> Recipe {
        let Some(mut op) = fields::default_op(words.kind, rank.unwrap_or(0), self.graph.dialect) else {
            self.sink.push(diagnose::layer_not_yet(&spans.op));
            return Recipe::Broken;
        };
        for (field, setting) in settings {
            fields::set(&mut op, field, setting);
        }
        let given = |field: &str| settings.iter().any(|(name, _)| *name == field);
        if let Op::Pool(pool) = &mut op
            && !given("stride")
        {
            if holes.contains(&Hole::Axis(AxisField::Kernel)) {
                self.sink.push(diagnose::kernel_hole_without_stride(spans.op.span()));
                return Recipe::Broken;
            }
            // PyTorch: the stride is the kernel unless it is given.
            pool.stride = pool.kernel;
        }
        Recipe::Given(op)
    }

    fn undo(
        &mut self,
        name: &Ident,
        words: &'static LayerWords,
        rank: Option<usize>,
        overrides: Vec<(&'static str, Setting)>,
        scope: &Scope,
    ) -> Recipe {
        let Some(found) = self.lookup(name, scope) else { return Recipe::Broken };
        let Some(of) = found.node else {
            self.sink.push(diagnose::cannot_undo(name, None));
            return Recipe::Broken;
        };
        let undone = match &self.graph.nodes[of].recipe {
            Recipe::Given(Op::Conv(conv)) => Some((conv.direction, conv.rank)),
            // What undoes a convolution is a transposed one of the same rank, and the reverse.
            Recipe::Undo { .. } | Recipe::Broken => None,
            Recipe::Given(_) => {
                self.sink.push(diagnose::cannot_undo(name, Some(&self.graph.nodes[of].op_name)));
                return Recipe::Broken;
            }
        };
        if let Some((direction, undone_rank)) = undone {
            use convshape_arith::op::Direction;
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

    fn activation(&mut self, value: &'a Value) -> Option<Op> {
        let dialect = self.graph.dialect;
        let (name, span, args) = match value {
            Value::Word(name) => (name.to_string(), name.span(), None),
            Value::Str(text) => (text.value(), text.span(), None),
            Value::Call { name, args } => (name.to_string(), name.span(), Some(args)),
            other => {
                self.sink.push(diagnose::not_an_activation(&other.to_string(), None, other.span()));
                return None;
            }
        };
        let words = match words::find_activation(&name, dialect) {
            Lookup::Found(found) => found.words,
            Lookup::Elsewhere { .. } => {
                self.sink.push(diagnose::not_an_activation(&name, None, span));
                return None;
            }
            Lookup::Unknown { nearest } => {
                self.sink.push(diagnose::not_an_activation(&name, nearest, span));
                return None;
            }
        };
        if matches!(words.kind, Kind::Prelu | Kind::Snake | Kind::Dropout) {
            self.sink.push(diagnose::activation_with_parameters(&words.name(None), span));
            return None;
        }
        let mut op = fields::default_op(words.kind, 0, dialect)?;
        let Some(args) = args else { return Some(op) };
        let leading = args.positional.iter().filter_map(|value| match words.positional {
            Positional::Field(name) => Some((name, value, value.span())),
            _ => None,
        });
        let mut given: Vec<(&'static str, &Value, Span)> = leading.collect();
        if given.len() < args.positional.len() {
            self.sink.push(diagnose::no_leading_part(&words.name(None), span));
        }
        for field in &args.fields {
            match words::find_field(words, &field.name.to_string(), dialect) {
                Lookup::Found(found) => given.push((found.name, &field.value, field.name.span())),
                Lookup::Elsewhere { .. } => {
                    self.sink.push(diagnose::unknown_field(&field.name, &words.name(None), None, &[]))
                }
                Lookup::Unknown { nearest } => {
                    let known: Vec<_> = words.fields.iter().map(|field| field.name).collect();
                    self.sink.push(diagnose::unknown_field(&field.name, &words.name(None), nearest, &known));
                }
            }
        }
        for (field, value, _) in given {
            let field = words.fields.iter().find(|known| known.name == field)?;
            if let Some(Some(setting)) = self.or_report(settle(field, value, &Numbers::default(), dialect)) {
                fields::set(&mut op, field.name, &setting);
            }
        }
        Some(op)
    }

    /// The values that a layer reads; `None` where that is not known, which is reported.
    fn inputs(
        &mut self,
        layer: &'a Layer,
        words: &'static LayerWords,
        operands: Option<&'a [Value]>,
        like: Option<&'a Ident>,
        scope: &Scope,
    ) -> Option<Vec<ValueId>> {
        let joins = words.positional == Positional::Names;
        let mut inputs = match &layer.from {
            None => vec![scope.previous],
            Some(Source::Several(sources, span)) => {
                if !joins {
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
                    Value::Name(reference) => {
                        self.sink.push(diagnose::no_ports(&reference.name));
                        return None;
                    }
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

    fn source(&mut self, source: &Source, scope: &Scope) -> Option<ValueId> {
        match source {
            Source::Previous(_) => Some(scope.previous),
            Source::Named(reference) => {
                let found = self.lookup(&reference.name, scope)?;
                if let Some(port) = &reference.port {
                    self.sink.push(diagnose::no_ports(port));
                    return None;
                }
                Some(found.value)
            }
            Source::Several(_, span) => {
                self.sink.push(diagnose::nested_sources(*span));
                None
            }
        }
    }

    fn lookup(&mut self, name: &Ident, scope: &Scope) -> Option<Binding> {
        let text = name.to_string();
        let found = scope.names.get(&text).copied();
        if found.is_none() {
            // `r3` that an unnamed statement is called in messages cannot be referred to.
            let unnamed = self.graph.nodes.iter().any(|node| node.spans.label.is_none() && node.name == text);
            let nearest = words::nearest(&text, scope.names.keys().cloned());
            self.sink.push(diagnose::unknown_name(name, nearest, unnamed));
        }
        found
    }

    fn claims(&mut self, layer: &'a Layer, scope: &Scope) -> (Option<(Shape, Span)>, Option<Restores>) {
        let comment = layer
            .shape
            .as_ref()
            .and_then(|pattern| self.or_report(scope.numbers.shape(pattern)).map(|shape| (shape, pattern.span)));
        let restores = layer.restores.as_ref().and_then(|name| {
            let found = self.lookup(name, scope)?;
            Some(Restores { name: name.to_string(), input: found.input, node: found.node, span: name.span() })
        });
        (comment, restores)
    }

    /// The name in files. Inside repeats an explicit name replaces the whole path up to the
    /// enclosing block: it has the repeat's variable in it.
    fn file_name(&self, stmt: &Stmt, name: &str, scope: &Scope) -> String {
        match &stmt.attrs.file_name {
            Some(given) => format!("{}{}", scope.file_root, fill_in(&given.value(), &scope.numbers, 0)),
            None => format!("{}{}{name}", scope.file_root, scope.file_path),
        }
    }

    fn mark_read(&mut self, value: ValueId) {
        if let Some(node) = self.graph.producer(value) {
            self.graph.nodes[node].read = true;
        }
    }

    fn or_report<T>(&mut self, result: Result<T, Report>) -> Option<T> {
        result.map_err(|report| self.sink.push(report)).ok()
    }
}

/// Reads one layer's arguments.
struct Builder<'a, 's> {
    words: &'static LayerWords,
    rank: Option<usize>,
    dialect: Dialect,
    scope: &'s Scope,
    settings: Vec<(&'static str, Setting)>,
    holes: Vec<Hole>,
    activation: Option<&'a Value>,
    operands: Option<&'a [Value]>,
    undo: Option<Ident>,
    like: Option<&'a Ident>,
    spans: Spans,
    reports: Vec<Report>,
}

impl<'a> Builder<'a, '_> {
    fn read(&mut self, layer: &'a Layer) {
        self.leading(layer);
        let mut given: Vec<&'static str> = self.spans.fields.iter().map(|(name, _)| *name).collect();
        for field in &layer.args.fields {
            let name = field.name.to_string();
            let found = match words::find_field(self.words, &name, self.dialect) {
                Lookup::Found(found) => found,
                Lookup::Elsewhere { words, dialects } => {
                    self.reports.push(diagnose::field_elsewhere(&field.name, words, dialects, self.dialect));
                    continue;
                }
                Lookup::Unknown { nearest } => {
                    let known: Vec<&str> = self
                        .words
                        .all_fields()
                        .filter(|known| known.dialects.contains(&self.dialect))
                        .map(|known| known.name)
                        .collect();
                    self.reports.push(diagnose::unknown_field(
                        &field.name,
                        &self.words.name(self.rank),
                        nearest,
                        &known,
                    ));
                    continue;
                }
            };
            if given.contains(&found.name) {
                self.reports.push(diagnose::repeated_field(&field.name));
                continue;
            }
            given.push(found.name);
            self.spans.fields.push((found.name, field.value.span()));
            self.field(found, &field.value);
        }
        self.complete(&given);
    }

    /// The leading part.
    fn leading(&mut self, layer: &'a Layer) {
        let values = layer.args.positional.as_slice();
        if self.words.positional == Positional::Names {
            self.operands = Some(values);
            return;
        }
        let [value] = values else {
            if let Some(extra) = values.get(1) {
                self.reports.push(diagnose::one_leading_part(&self.words.name(self.rank), extra.span()));
            }
            return;
        };
        self.spans.positional = Some(value.span());
        if let Value::Undo { name, .. } = value {
            self.undo = Some(name.clone());
            return;
        }
        match self.words.positional {
            Positional::Channels => match value {
                Value::Arrow { from, to } => {
                    if !matches!(**from, Value::Hole(_)) {
                        self.named("in_channels", from);
                    }
                    self.named("out_channels", to);
                }
                other => self.named("out_channels", other),
            },
            Positional::Field(name) => self.named(name, value),
            Positional::Names | Positional::Path => {}
            Positional::None => self.reports.push(diagnose::no_leading_part(&self.words.name(self.rank), value.span())),
        }
    }

    /// A field that the leading part fills.
    fn named(&mut self, name: &str, value: &'a Value) {
        if let Some(field) = self.words.fields.iter().find(|field| field.name == name) {
            self.spans.fields.push((field.name, value.span()));
            self.field(field, value);
        }
    }

    fn field(&mut self, field: &'static FieldWords, value: &'a Value) {
        match (field.takes, value) {
            // Reported by the parser.
            (_, Value::Broken(_)) => self.reports.push(Report::silent()),
            (Takes::Activation, _) => self.activation = Some(value),
            (Takes::Name, Value::Word(name)) => {
                self.like = Some(name);
                self.settings.push((field.name, Setting::Like));
            }
            (Takes::Dialect, _) => {
                let written = value.to_string();
                if written != self.dialect.name() {
                    self.reports.push(diagnose::layer_dialect_not_yet(&written, value.span()));
                }
            }
            _ => match settle(field, value, &self.scope.numbers, self.dialect) {
                Ok(Some(setting)) => self.setting(field, setting, value.span()),
                Ok(None) => self.hole(field),
                Err(report) => self.reports.push(report),
            },
        }
    }

    fn setting(&mut self, field: &'static FieldWords, setting: Setting, span: Span) {
        // Layers whose name has no rank check this when they see their input.
        if let (Some(rank), Some(written)) = (self.rank, setting.axes())
            && rank != written
        {
            self.reports.push(diagnose::field_rank(field.name, &self.words.name(self.rank), written, rank, span));
            return;
        }
        self.settings.push((field.name, setting));
    }

    fn hole(&mut self, field: &'static FieldWords) {
        match field.name {
            "kernel" => self.holes.push(Hole::Axis(AxisField::Kernel)),
            "padding" => self.holes.push(Hole::Axis(AxisField::Padding)),
            "output_padding" => self.holes.push(Hole::Axis(AxisField::OutputPadding)),
            "out_channels" => self.holes.push(Hole::OutChannels),
            // Input channels and a norm's channels are taken from what comes in.
            _ => {}
        }
    }

    /// Whether everything needed is there, and nothing that excludes something else.
    fn complete(&mut self, given: &[&'static str]) {
        if self.undo.is_some() || !self.reports.is_empty() {
            return;
        }
        for needed in fields::required(self.words.kind) {
            if !needed.iter().any(|field| given.contains(field)) {
                let op = self.words.name(self.rank);
                self.reports.push(diagnose::missing_field(&self.spans.op, &op, self.words, needed));
                return;
            }
        }
        let both: Vec<&str> =
            fields::exclusive(self.words.kind).iter().copied().filter(|field| given.contains(field)).collect();
        if let [first, second, ..] = both.as_slice() {
            let span = self.spans.of(Some(second));
            self.reports.push(diagnose::exclusive_fields(first, second, span));
        }
    }
}

/// The numbers of a repeat's turns, no more than there may be layers.
struct Limited(Vec<i64>);

impl FromIterator<i64> for Limited {
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> Limited {
        Limited(numbers.into_iter().take(MOST_LAYERS).collect())
    }
}

fn next_name(kind: &str, scope: &mut Scope) -> String {
    loop {
        let count = scope.counts.entry(kind.to_owned()).or_insert(0);
        *count += 1;
        let name = format!("{kind}{count}");
        // A statement may have been given this very name.
        if !scope.names.contains_key(&name) {
            return name;
        }
    }
}

/// `{i}` in a file name is a repeat's variable; a repeat without one counts its turns.
fn fill_in(name: &str, numbers: &Numbers, turn: usize) -> String {
    let mut text = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((variable, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        match numbers.get(variable.trim()) {
            Some(value) => text.push_str(&value.to_string()),
            None => text.push_str(&turn.to_string()),
        }
        rest = after;
    }
    text + rest
}

/// `DoubleConv` as a name of a statement: `double_conv`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for (place, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && place > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
