//! From syntax to graph: names are bound, blocks and repeats unrolled, defaults filled in.

mod arguments;
mod bind;
mod branch;
mod condition;
mod custom;
mod file_name;
mod inputs;
mod layer;
mod pieces;
mod reuse;
mod scope;
mod undo;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use convshape_arith::op::{Dialect, Op};
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::Symbol;
use proc_macro2::{Ident, Span, TokenStream};

use crate::check::output_rank;
use crate::diagnose::{self, Report, Sink};
use crate::graph::{Graph, Input, Member, MemberKind, Node, NodeId, Output, Recipe, Replaced, Restores, ValueId};
use crate::numbers::Numbers;
use crate::syntax::{Block, Chain, Layer, Range, ShapePattern, Stmt, StmtKind, Strictness, SymbolDecl};
use crate::unseen::Unseen;
use crate::words::{self, Lookup};
use reuse::Sharing;
use scope::{Binding, LayerOutputs, Outputs, Piece, Run, Scope};

/// Longer chains are rejected: a repeat count with an extra digit would hang the compiler.
const MOST_LAYERS: usize = 50_000;

/// The nearest match is looked for this many times; nobody reads more.
const MOST_NEAREST: usize = 64;

/// Binds a chain's names. What cannot be bound is reported and left out of later stages.
pub(crate) fn resolve(krate: &TokenStream, chain: &Chain, sink: &mut Sink) -> Graph {
    resolve_with(krate, chain, Vec::new(), sink)
}

/// The graph with other arguments for blocks; `None` if more than `unbound` things then cannot be bound.
pub(crate) fn with_arguments(
    krate: &TokenStream,
    chain: &Chain,
    replaced: &[Replaced],
    unbound: usize,
) -> Option<Graph> {
    let mut sink = Sink::default();
    let graph = resolve_with(krate, chain, replaced.to_vec(), &mut sink);
    (sink.reports().len() <= unbound).then_some(graph)
}

fn resolve_with(krate: &TokenStream, chain: &Chain, replaced: Vec<Replaced>, sink: &mut Sink) -> Graph {
    let unseen = Unseen::default();
    let plain = Numbers::new(krate.clone(), &[], unseen.clone());
    let symbols = symbols(&chain.headers.symbols, &plain, sink);
    let graph = Graph {
        dialect: chain.headers.dialect.unwrap_or(Dialect::Torch),
        lossy: chain.headers.lossy.unwrap_or(Strictness::Allow),
        lint: chain.headers.lint.unwrap_or(Strictness::Warn),
        symbols: scope_of(symbols),
        unseen,
        chained: false,
        kept: None,
        inputs: Vec::new(),
        nodes: Vec::new(),
        outputs: Vec::new(),
        bodies: Vec::new(),
        last_passes: Vec::new(),
        uses: Vec::new(),
        members: Vec::new(),
        names: HashMap::new(),
    };
    let numbers = Numbers::new(krate.clone(), graph.symbols, graph.unseen.clone());
    let mut resolver = Resolver {
        blocks: blocks(&chain.blocks, sink),
        open_blocks: Vec::new(),
        replaced,
        ports: HashMap::new(),
        drafted: HashSet::new(),
        sharing: Vec::new(),
        params: HashMap::new(),
        made: HashMap::new(),
        graph,
        ranks: Vec::new(),
        unknown_layers: HashMap::new(),
        unknown_names: 0,
        ends: Vec::new(),
        sink,
    };
    resolver.chain(chain, numbers);
    resolver.graph
}

/// A symbol's name and range.
type NewSymbol = (String, i64, i64);

/// The scope with these symbols. Scopes are never freed, so equal ones are one: an editor resolves a chain at every
/// keystroke.
fn scope_of(symbols: Vec<NewSymbol>) -> &'static [Symbol] {
    static KNOWN: Mutex<Vec<&'static [Symbol]>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let parts = |symbol: &Symbol| (symbol.name.to_owned(), symbol.low, symbol.high);
    let is_same = |scope: &&'static [Symbol]| scope.iter().map(parts).eq(symbols.iter().cloned());
    if let Some(scope) = known.iter().copied().find(is_same) {
        return scope;
    }
    let new = symbols.into_iter().map(|(name, low, high)| Symbol { name: String::leak(name), low, high });
    let scope = Vec::leak(new.collect());
    known.push(scope);
    scope
}

/// `for h in 1.., w in 1..=64;`
fn symbols(declared: &[SymbolDecl], numbers: &Numbers, sink: &mut Sink) -> Vec<NewSymbol> {
    let mut symbols: Vec<NewSymbol> = Vec::new();
    for declaration in declared {
        let name = declaration.name.to_string();
        if symbols.iter().any(|(known, ..)| *known == name) || symbols.len() == usize::from(u8::MAX) {
            sink.push(diagnose::repeated_name(&declaration.name));
            continue;
        }
        let range = declaration.range.as_ref().and_then(|range| symbol_range(&declaration.name, range, numbers, sink));
        // With any range, sizes that use a symbol can be read.
        let (low, high) = range.unwrap_or((1, i64::MAX));
        symbols.push((name, low, high));
    }
    symbols
}

/// The least and the largest value of a symbol. A fault is reported.
fn symbol_range(name: &Ident, range: &Range, numbers: &Numbers, sink: &mut Sink) -> Option<(i64, i64)> {
    let bounds = numbers.int(&range.low).and_then(|low| match &range.high {
        None => Ok((low, i64::MAX)),
        Some(high) => numbers.int(high).map(|high| (low, if range.inclusive { high } else { high.saturating_sub(1) })),
    });
    match bounds {
        Err(report) => sink.push(report),
        Ok((low, high)) if low < 0 || low > high || Unseen::is(low) || Unseen::is(high) => {
            sink.push(diagnose::symbol_range(name, range.span()));
        }
        Ok(bounds) => return Some(bounds),
    }
    None
}

/// A shape of which only the number of axes could be read.
fn open_shape(pattern: &ShapePattern) -> Shape {
    Shape::unknown(pattern.dims.len().clamp(1, MAX_RANK))
}

/// The result of resolving a statement, in addition to the value that the next one reads.
struct Given<'a> {
    /// The first value that it reads.
    input: ValueId,
    /// The layer, if it is one.
    node: Option<NodeId>,
    outputs: Outputs,
    piece: Piece<'a>,
}

struct Resolver<'a> {
    blocks: BTreeMap<String, Option<&'a Block>>,
    /// The blocks being expanded, to detect one that uses itself.
    open_blocks: Vec<String>,
    /// A replacement for an argument of a block.
    replaced: Vec<Replaced>,
    /// The chain's inputs, which every body sees.
    ports: HashMap<String, Binding<'a>>,
    /// The branches not taken whose layers were used for the types of fields.
    drafted: HashSet<usize>,
    /// The statements being run again, the innermost last.
    sharing: Vec<Sharing>,
    /// The parameters of layers that are read as values.
    params: HashMap<(NodeId, usize), ValueId>,
    /// The outputs read so far of layers with several, by the layer that gives the first and the number of the output.
    made: HashMap<(NodeId, usize), ValueId>,
    graph: Graph,
    /// The number of axes of each value, if known so far.
    ranks: Vec<Option<usize>>,
    /// Words that are not layers, each with what was probably meant.
    unknown_layers: HashMap<String, Option<String>>,
    /// Unknown names.
    unknown_names: usize,
    /// The names of the chain's outputs.
    ends: Vec<String>,
    sink: &'a mut Sink,
}

/// The blocks by name; `None` for one with the name of a layer.
fn blocks<'a>(blocks: &'a [Block], sink: &mut Sink) -> BTreeMap<String, Option<&'a Block>> {
    let mut found = BTreeMap::new();
    for block in blocks {
        let name = block.name.to_string();
        if matches!(words::find_layer(&name, Dialect::Torch), Lookup::Found(_)) {
            sink.push(diagnose::block_hides_layer(&block.name));
            found.insert(name, None);
        } else if found.insert(name, Some(block)).is_some() {
            sink.push(diagnose::repeated_name(&block.name));
        }
    }
    found
}

impl<'a> Resolver<'a> {
    /// Rejects a chain as a layer of itself.
    fn refuse_itself(&mut self, name: &Ident) {
        for node in &mut self.graph.nodes {
            let Recipe::Chain { path } = &node.recipe else { continue };
            let mut words = path.clone().into_iter();
            let first = words.next().map(|word| word.to_string());
            let qualified = words.next().is_some_and(|next| next.to_string() == ":");
            if first.as_deref() == Some("Self") || first == Some(name.to_string()) && !qualified {
                self.sink.push(diagnose::chain_in_itself(node.spans.op.span(), name));
                node.recipe = Recipe::Broken;
            }
        }
    }

    fn chain(&mut self, chain: &'a Chain, numbers: Numbers) {
        let Some(names) = self.chain_inputs(chain, &numbers) else { return };
        self.ports = names.clone();
        let mut scope = Scope {
            names,
            own: HashSet::new(),
            untaken: HashMap::new(),
            numbers,
            previous: 0,
            path: String::new(),
            statements: String::new(),
            block: None,
            file_root: String::new(),
            file_path: String::new(),
            turn: None,
            labels: Rc::default(),
            counts: HashMap::new(),
        };
        self.ends = chain.outputs.iter().flat_map(|port| port.name.as_ref()).map(Ident::to_string).collect();
        self.graph.members = self.body(&chain.body, &mut scope);
        self.refuse_itself(&chain.name);
        if let Some(last) = self.graph.nodes.get(MOST_LAYERS - 1) {
            self.sink.push(diagnose::too_many_layers(MOST_LAYERS, last.spans.op.span()));
            // Checking all of them would take long and show nothing new.
            self.graph.nodes.clear();
            self.graph.bodies.clear();
            self.graph.uses.clear();
            self.graph.members.clear();
            self.graph.names.clear();
            return;
        }
        self.chain_outputs(chain, &scope);
    }

    /// The chain's inputs and what their names mean; `None` if there are none.
    fn chain_inputs(&mut self, chain: &'a Chain, numbers: &Numbers) -> Option<HashMap<String, Binding<'a>>> {
        let mut names = HashMap::new();
        for port in &chain.inputs {
            let shape = self.or_report(numbers.shape(&port.shape)).unwrap_or_else(|| open_shape(&port.shape));
            let span = port.name.as_ref().map_or(port.shape.span, Ident::span);
            let name = port.name.as_ref().map_or("input".to_owned(), Ident::to_string);
            let value = self.graph.inputs.len();
            if names.insert(name.clone(), Binding::input(value)).is_some()
                && let Some(name) = &port.name
            {
                self.sink.push(diagnose::repeated_name(name));
            }
            self.ranks.push(Some(shape.rank()));
            self.graph.inputs.push(Input { name, shape, span });
        }
        if let [only] = self.graph.inputs.as_slice()
            && only.name != "input"
        {
            names.insert("input".to_owned(), Binding::input(0));
        }
        if self.graph.inputs.is_empty() {
            // Reported by the parser. A shape that fits everything keeps the rest working.
            self.graph.inputs.push(Input {
                name: "input".to_owned(),
                shape: Shape::unknown(1),
                span: chain.input_span,
            });
            return None;
        }
        Some(names)
    }

    fn chain_outputs(&mut self, chain: &'a Chain, scope: &Scope<'a>) {
        let mut repeated: Vec<&Ident> = Vec::new();
        for port in &chain.outputs {
            let shape = self.or_report(scope.numbers.shape(&port.shape)).unwrap_or_else(|| open_shape(&port.shape));
            let (name, value, span) = match &port.name {
                None => ("output".to_owned(), Some(scope.previous), port.shape.span),
                Some(name) => (name.to_string(), self.lookup(name, scope).map(|found| found.value), name.span()),
            };
            if let Some(value) = value {
                self.mark_read(value);
            }
            if self.graph.outputs.iter().any(|output| output.name == name) {
                repeated.extend(&port.name);
                continue;
            }
            self.graph.outputs.push(Output { name, value, shape, span });
        }
        let unread = |name: &&String| {
            let node = scope.names.get(*name).and_then(|found| self.graph.producer(found.value));
            node.is_some_and(|node| !self.graph.nodes[node].read)
        };
        let mut unread = scope.own.iter().filter(unread);
        let meant = unread.next().filter(|_| unread.next().is_none()).cloned();
        for name in repeated {
            self.sink.push(diagnose::repeated_port(name, meant.clone()));
        }
    }

    /// The statements of one body, in order.
    fn body(&mut self, stmts: &'a [Stmt], scope: &mut Scope<'a>) -> Vec<Member> {
        scope.labels =
            Rc::new(scope::labels(stmts).into_iter().map(|label| (label.to_string(), label.span().start())).collect());
        self.statements(stmts, scope)
    }

    /// Statements that add to a scope: those of a body, or of the taken branch of an `if`.
    fn statements(&mut self, stmts: &'a [Stmt], scope: &mut Scope<'a>) -> Vec<Member> {
        let mut members = Vec::new();
        for (at, stmt) in stmts.iter().enumerate() {
            if self.graph.nodes.len() >= MOST_LAYERS {
                // `resolve` reports it once.
                return members;
            }
            if let StmtKind::If(branches) = &stmt.kind {
                members.extend(self.branches(stmt, branches, scope));
                continue;
            }
            let start = self.graph.nodes.len();
            let (member, given) = self.statement(stmt, scope);
            let nodes = start..self.graph.nodes.len();
            let mut repeated = false;
            if let Some(label) = &stmt.label {
                let run = Some(Rc::new(Run { nodes, piece: given.piece }));
                let Given { input, node, outputs, .. } = given;
                let source = |node: &NodeId| matches!(self.graph.nodes[*node].recipe, Recipe::Given(Op::Source { .. }));
                let value = node.filter(source).map_or(scope.previous, |node| self.graph.value(node));
                let binding = Binding { value, input, node, outputs, run };
                let name = label.to_string();
                if name == "input" || name == "output" {
                    self.sink.push(diagnose::reserved_name(label));
                } else if name == "repeat" || name == "reuse" {
                    self.sink.push(diagnose::name_of_the_grammar(label));
                } else if scope.untaken.contains_key(&name) || !scope.own.insert(name.clone()) {
                    let ends = scope.path.is_empty() && self.ends.contains(&name);
                    let read_below = ends || stmts[at + 1..].iter().any(|below| below.mentions(&name));
                    let free = scope.free_name(&name);
                    self.sink.push(diagnose::repeated_label(label, &free, read_below));
                    repeated = true;
                    // The next statement of this name needs yet another.
                    scope.names.insert(free, binding.clone());
                    // As in Python, what follows means the last one.
                    scope.names.insert(name, binding);
                } else {
                    scope.names.insert(name, binding);
                }
            }
            // Two fields with the same name would be an error of their own.
            members.extend(member.filter(|_| !repeated));
        }
        members
    }

    /// One statement other than an `if`.
    fn statement(&mut self, stmt: &'a Stmt, scope: &mut Scope<'a>) -> (Option<Member>, Given<'a>) {
        let layer = match &stmt.kind {
            StmtKind::Layer(layer) => layer,
            StmtKind::Repeat(repeat) => return self.repeat(stmt, repeat, scope),
            StmtKind::Reuse(reuse) => return (None, self.reuse(stmt, reuse, scope)),
            StmtKind::Broken(_) | StmtKind::If(_) => return self.unreadable(stmt, stmt.span(), scope),
        };
        match self.blocks.get(&layer.op.to_string()).copied() {
            Some(Some(block)) => self.block(stmt, layer, block, scope),
            // It is unclear whether the layer or the block is meant.
            Some(None) => self.unreadable(stmt, layer.op.span(), scope),
            None => {
                if let Some(block) = self.misspelt_block(layer) {
                    let first = self.graph.nodes.len();
                    let done = self.block(stmt, layer, block, scope);
                    let read = Some((layer.op.clone(), block.name.to_string()));
                    self.graph.nodes[first..].iter_mut().for_each(|node| node.writing.misspelt = read.clone());
                    return done;
                }
                let node = self.layer(stmt, layer, scope);
                let name = self.field_name(stmt, node);
                let Node { docs, inputs, recipe, outputs, .. } = &self.graph.nodes[node];
                let outputs = match recipe {
                    Recipe::Chain { .. } => Outputs::Chain(node),
                    Recipe::Broken => Outputs::Unknown,
                    _ if !outputs.is_empty() => {
                        LayerOutputs::of(self.graph.given_by(node) - self.graph.inputs.len(), outputs.clone())
                    }
                    _ => Outputs::One,
                };
                let given = Given { input: inputs[0], node: Some(node), outputs, piece: Piece::Layer };
                let (docs, origin) = (docs.clone(), std::ptr::from_ref(stmt).addr());
                let member = Member { name, docs, optional: false, origin, kind: MemberKind::Layer(node) };
                (Some(member), given)
            }
        }
    }

    /// Reports a misspelt block and returns the block that is meant; `None` for any other word.
    fn misspelt_block(&mut self, layer: &Layer) -> Option<&'a Block> {
        let word = layer.op.to_string();
        let Lookup::Unknown { nearest } = words::find_layer(&word, self.graph.dialect) else { return None };
        let near = words::nearest(&word, self.blocks.keys().cloned().chain(nearest))?;
        let block = self.blocks.get(&near).copied().flatten()?;
        self.sink.push(diagnose::unknown_layer(&layer.op, Some(near)));
        Some(block)
    }

    /// A statement that could not be read or whose parts do not fit, which is reported.
    fn unreadable(&mut self, stmt: &Stmt, span: Span, scope: &mut Scope<'a>) -> (Option<Member>, Given<'a>) {
        let input = scope.previous;
        let node = self.broken(stmt, span, scope);
        (None, Given { input, node: Some(node), outputs: Outputs::Unknown, piece: Piece::Broken })
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

    fn push(&mut self, mut node: Node, scope: &mut Scope<'_>) -> NodeId {
        for value in node.inputs.clone() {
            self.mark_read(value);
        }
        self.share(&mut node);
        let id = self.graph.nodes.len();
        self.graph.chained |= matches!(node.recipe, Recipe::Chain { .. } | Recipe::Given(Op::Custom { .. }));
        let rank = self.rank_of(&node);
        self.ranks.push(rank);
        // A statement that reads nothing is not the previous value of the next one.
        if !matches!(node.recipe, Recipe::Given(Op::Source { .. }) | Recipe::Param { .. }) {
            scope.previous = self.graph.inputs.len() + id;
        }
        self.graph.nodes.push(node);
        id
    }

    /// The number of axes of a layer's output, if it follows from its inputs.
    fn rank_of(&self, node: &Node) -> Option<usize> {
        if let Some((shape, _)) = node.comment {
            return Some(shape.rank());
        }
        let ranks: Vec<Option<usize>> =
            node.inputs.iter().map(|value| self.ranks.get(*value).copied().flatten()).collect();
        match &node.recipe {
            Recipe::Given(op) => output_rank(op, &ranks, self.graph.order()),
            Recipe::Undo { .. } | Recipe::Unpool { .. } | Recipe::Same => ranks.first().copied().flatten(),
            Recipe::Again { of } => self.ranks[self.graph.value(*of)],
            Recipe::Param { of, param } => self.layer_params(*of).get(*param).map(|spec| spec.shape.rank()),
            Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Broken => None,
        }
    }

    /// A statement that could not be read: its name is known, its shape is not.
    fn broken(&mut self, stmt: &Stmt, span: Span, scope: &mut Scope<'_>) -> NodeId {
        let name = match &stmt.label {
            Some(label) => label.to_string(),
            None => {
                let word = match &stmt.kind {
                    StmtKind::Layer(layer) => layer.op.to_string(),
                    _ => String::new(),
                };
                let known = words::named_layer(&word, self.graph.dialect).map(|known| known.words.snake.to_owned());
                let block = || self.blocks.contains_key(&word).then(|| scope::snake(&word));
                scope.next_name(&known.or_else(block).unwrap_or_else(|| "broken".to_owned()))
            }
        };
        let (op, origin) = (Ident::new("broken", span), std::ptr::from_ref(stmt).addr());
        let name = format!("{}{name}", scope.path);
        let mut node = Node::new(name, op, Recipe::Broken, vec![scope.previous], origin);
        node.docs = stmt.attrs.docs.clone();
        node.spans.label = stmt.label.clone();
        // Its readers may have been unreadable too.
        node.read = true;
        self.push(node, scope)
    }

    fn lookup(&mut self, name: &Ident, scope: &Scope<'a>) -> Option<Binding<'a>> {
        let text = name.to_string();
        let found = scope.names.get(&text).cloned();
        if found.is_none() {
            self.unknown_names += 1;
            let report = self.no_such_name(name, &text, scope);
            self.sink.push(report);
        }
        found
    }

    /// Why a name is unknown here.
    fn no_such_name(&self, name: &Ident, text: &str, scope: &Scope<'a>) -> Report {
        if let Some(untaken) = scope.untaken.get(text) {
            return diagnose::untaken_name(name, &untaken.because);
        }
        if let Some(given) = scope.labels.get(text) {
            // Earlier ones are known, so a name given before this place is that of the statement itself.
            return if *given < name.span().start() { diagnose::own_name(name) } else { diagnose::later_name(name) };
        }
        // Names such as `r3`, which messages give to unnamed statements, cannot be referred to.
        let unnamed = |node: &Node| node.spans.label.is_none() && node.name == text;
        if self.graph.nodes.iter().any(unnamed) {
            return diagnose::unnamed_layer(name);
        }
        // A name inside a block or a repeat, the nearest first.
        let inside = self.graph.nodes.iter().rev().find_map(|node| {
            let (outer, last) = node.name.rsplit_once('.')?;
            (last == text && node.spans.label.is_some()).then_some(outer)
        });
        let outside = |node: &Node| node.spans.label.is_some() && node.name == text;
        if let Some(block) = scope.block.as_ref().filter(|_| self.graph.nodes.iter().any(outside)) {
            return diagnose::outside_name(name, block);
        }
        // Sorted, so that the message is always the same.
        let nearest = || {
            let known: BTreeSet<String> = scope.names.keys().cloned().collect();
            let mut close = known.iter().filter(|name| words::difference(text, name) == 1);
            // A short name has one letter more or less, if no other has.
            let only = close.next().filter(|_| close.next().is_none()).cloned();
            words::nearest(text, known.into_iter()).or(only)
        };
        let nearest = if self.unknown_names <= MOST_NEAREST { nearest() } else { None };
        diagnose::unknown_name(name, nearest, inside)
    }

    fn claims(&mut self, layer: &'a Layer, scope: &Scope<'a>) -> (Option<(Shape, Span)>, Option<Restores>) {
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

    fn mark_read(&mut self, value: ValueId) {
        if let Some(node) = self.graph.producer(value) {
            self.graph.nodes[node].read = true;
        }
    }

    fn or_report<T>(&mut self, result: Result<T, Report>) -> Option<T> {
        result.map_err(|report| self.sink.push(report)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::scope_of;

    #[test]
    fn equal_scopes_are_one() {
        let scope = |high| scope_of(vec![("h".to_owned(), 1, high)]);
        assert!(std::ptr::eq(scope(64), scope(64)));
        assert_eq!(scope(8)[0].high, 8);
    }
}
