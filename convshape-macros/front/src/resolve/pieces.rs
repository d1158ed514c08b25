//! Repeats and blocks, unrolled.

use std::collections::HashMap;
use std::rc::Rc;

use convshape_arith::size::Size;
use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;

use super::file_name::fill_in;
use super::scope::{Binding, NamedOutput, Outputs, Piece, Scope, snake};
use super::{Given, MOST_LAYERS, Resolver};
use crate::diagnose;
use crate::graph::{Argument, Carried, Entry, Member, MemberKind, NodeId, Use, ValueId};
use crate::numbers::{Bound, Numbers};
use crate::syntax::{self, Block, Count, Layer, Repeat, SizeExpr, Source, Stmt, Text, Value};
use crate::unseen::Unseen;

/// The result of a body.
pub(super) struct Done {
    pub(super) members: Vec<Member>,
    pub(super) outputs: Vec<NamedOutput>,
}

/// The prefixes of the names inside a block or repeat.
pub(super) struct Names {
    /// The piece's own name: `blocks`.
    pub(super) name: String,
    /// `#[name = ".."]`: the name in files, with placeholders for a repeat's variables.
    pub(super) file_name: Option<Text>,
    /// `#[name(transparent)]`: it adds nothing to the names in files.
    pub(super) transparent: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn repeat(
        &mut self,
        stmt: &'a Stmt,
        repeat: &'a Repeat,
        scope: &mut Scope<'a>,
    ) -> (Option<Member>, Given<'a>) {
        let reads = &repeat.body.reads;
        let Some(inputs) = self.piece_inputs("repeat", repeat.span, reads, repeat.from.as_ref(), scope) else {
            return self.unreadable(stmt, stmt.span(), scope);
        };
        let names = self.names(stmt, "repeat", scope);
        let outer = Rc::new(scope.clone());
        let Some(turns) = self.run_repeat(stmt, repeat, &inputs, &names, scope) else {
            return self.unreadable(stmt, stmt.span(), scope);
        };
        let (members, outputs) = turns;
        let outputs = self.leave(&names.name, &inputs, outputs, scope);
        let member = group(stmt, &names.name, stmt.attrs.docs.clone(), MemberKind::Repeat { turns: members });
        let piece = Piece::Repeat { repeat, stmt, scope: outer };
        (Some(member), Given { input: inputs[0], node: None, outputs, piece })
    }

    /// The passes of a repeat.
    pub(super) fn run_repeat(
        &mut self,
        stmt: &'a Stmt,
        repeat: &'a Repeat,
        inputs: &[ValueId],
        names: &Names,
        scope: &Scope<'a>,
    ) -> Option<(Vec<Vec<Member>>, Vec<NamedOutput>)> {
        let origin = std::ptr::from_ref(stmt).addr();
        let turns = self.turns(&repeat.count, origin, &scope.numbers)?;
        let body = &repeat.body;
        let carried = if body.outputs.is_empty() { 1 } else { body.outputs.len() };
        if carried != inputs.len() {
            self.sink.push(diagnose::carried_values(repeat, inputs.len(), carried));
            return None;
        }
        let mut members = Vec::new();
        let mut values: Vec<ValueId> = inputs.to_vec();
        let mut outputs = passed_through(body, inputs);
        let mut before: Vec<Option<usize>> = vec![None; inputs.len()];
        for (turn, bound) in turns.rows.into_iter().enumerate() {
            let numbers = turns
                .vars
                .iter()
                .zip(bound)
                .fold(scope.numbers.clone(), |numbers, (var, value)| numbers.with(var.to_string(), value));
            let file_name = self.file_name(names, &numbers, Some(turn)).unwrap_or_else(|| names.name.clone());
            let mut inner = scope.inner(numbers, scope.names.clone(), values[0]);
            inner.turn = Some(turn);
            inner.path = format!("{}{}.{turn}.", scope.path, names.name);
            inner.statements = format!("{}{}.", scope.statements, names.name);
            if !names.transparent {
                inner.file_path = format!("{}{file_name}.{turn}.", scope.file_path);
            }
            bind_inputs(&body.reads, &values, &mut inner.names);
            let first = self.graph.nodes.len();
            let done = self.run_body(body, &mut inner);
            if let Count::List { vars, values, .. } = &repeat.count {
                let (block, statement) = (inner.statements.clone(), format!("{}{}", scope.statements, names.name));
                let arguments = cells(vars.len(), turn, &values[turn]);
                let entry = Some(Entry { turn, span: values[turn].span() });
                let nodes = first..self.graph.nodes.len();
                let variables = Vec::new();
                let span = repeat.span;
                self.graph.uses.push(Use { block, statement, origin, arguments, variables, entry, span, nodes });
            }
            members.push(done.members);
            outputs = done.outputs;
            let gives: Vec<ValueId> = outputs.iter().map(|output| output.value).collect();
            if let Count::Times(count) = &repeat.count {
                let statement = format!("{}{}", scope.statements, names.name);
                for (place, output) in outputs.iter().enumerate() {
                    let one = outputs.len() == 1;
                    let name = if one { names.name.clone() } else { output_name(&names.name, output) };
                    let (span, input, output) = (stmt.span(), values[place], output.value);
                    let (statement, count, earlier) = (statement.clone(), count.to_string(), before[place]);
                    let carried = Carried { name, span, input, output, statement, count, before: earlier, free: false };
                    self.graph.bodies.push(carried);
                    before[place] = Some(self.graph.bodies.len() - 1);
                }
            }
            values = gives;
            if self.graph.nodes.len() >= MOST_LAYERS {
                break;
            }
        }
        if outputs.len() > 1 && members.len() > 1 {
            self.graph.last_passes.push(values);
        }
        Some((members, outputs))
    }

    /// The variables of a repeat and their values.
    fn turns(&mut self, count: &'a Count, origin: usize, numbers: &Numbers) -> Option<Turns<'a>> {
        let sizes = |values: std::ops::Range<i64>| {
            let values = values.take(MOST_LAYERS);
            values.map(|value| vec![Bound::Size(Size::Number(value))]).collect()
        };
        Some(match count {
            Count::Times(size) => {
                let count = self.turn(size, numbers)?;
                let written = matches!(size, SizeExpr::Int { .. });
                if count < 0 || count == 0 && written {
                    self.sink.push(diagnose::no_turns(count, size.span()));
                    return None;
                }
                let turns = usize::try_from(count).unwrap_or(usize::MAX).min(MOST_LAYERS);
                Turns { vars: &[], rows: vec![Vec::new(); turns] }
            }
            Count::Range { var, range } => {
                let low = self.turn(&range.low, numbers)?;
                let Some(high) = &range.high else {
                    self.sink.push(diagnose::open_repeat(var));
                    return None;
                };
                let written = matches!((&range.low, high), (SizeExpr::Int { .. }, SizeExpr::Int { .. }));
                let high = self.turn(high, numbers)?;
                let high = if range.inclusive { high.saturating_add(1) } else { high };
                if low > high || low == high && written {
                    self.sink.push(diagnose::no_turns(high.saturating_sub(low), var.span()));
                    return None;
                }
                Turns { vars: std::slice::from_ref(var), rows: sizes(low..high) }
            }
            Count::List { vars, values, span } => {
                if values.is_empty() {
                    self.sink.push(diagnose::no_turns(0, *span));
                    return None;
                }
                let mut rows = self.rows(vars, values, numbers)?;
                for replaced in self.replaced.iter().filter(|replaced| replaced.origin == origin) {
                    let cell = rows.iter_mut().flatten().nth(replaced.index)?;
                    *cell = Bound::Size(Size::Number(replaced.number));
                }
                Turns { vars, rows }
            }
        })
    }

    pub(super) fn block(
        &mut self,
        stmt: &'a Stmt,
        layer: &'a Layer,
        block: &'a Block,
        scope: &mut Scope<'a>,
    ) -> (Option<Member>, Given<'a>) {
        let name = block.name.to_string();
        if self.open_blocks.contains(&name) {
            self.sink.push(diagnose::recursive_block(&layer.op));
            return self.unreadable(stmt, layer.op.span(), scope);
        }
        let origin = std::ptr::from_ref(stmt).addr();
        let numbers = self.arguments(layer, block, origin, scope);
        let inputs = self.piece_inputs(&name, layer.op.span(), &block.body.reads, layer.from.as_ref(), scope);
        let (Some(numbers), Some(inputs)) = (numbers, inputs) else {
            return self.unreadable(stmt, layer.op.span(), scope);
        };
        let names = self.names(stmt, &snake(&name), scope);
        let first = self.graph.nodes.len();
        let done = self.run_block(block, numbers.clone(), &inputs, &names, scope);
        let statement = format!("{}{}", scope.statements, names.name);
        let (arguments, nodes) = (written(layer, block), first..self.graph.nodes.len());
        let variables = scope.numbers.sizes();
        let span = layer.op.span();
        self.graph.uses.push(Use { block: name, statement, origin, arguments, variables, entry: None, span, nodes });
        let outputs = self.leave(&names.name, &inputs, done.outputs, scope);
        self.claim(stmt, layer, &names.name, first, scope);
        let docs = [&stmt.attrs.docs, &block.docs].into_iter().cloned().collect();
        let kind = MemberKind::Block { block: block.name.clone(), members: done.members };
        let member = group(stmt, &names.name, docs, kind);
        let piece = Piece::Block { block, numbers };
        (Some(member), Given { input: inputs[0], node: None, outputs, piece })
    }

    /// The statements of a block, with its parameters and inputs bound.
    pub(super) fn run_block(
        &mut self,
        block: &'a Block,
        numbers: Numbers,
        inputs: &[ValueId],
        names: &Names,
        scope: &Scope<'a>,
    ) -> Done {
        let file_name = self.file_name(names, &scope.numbers, scope.turn);
        let file_name = file_name.unwrap_or_else(|| format!("{}{}", scope.file_path, names.name));
        let mut inner = scope.inner(numbers, self.ports.clone(), inputs[0]);
        inner.path = format!("{}{}.", scope.path, names.name);
        inner.statements = format!("{}.", block.name);
        inner.block = Some(block.name.to_string());
        inner.file_root = match names.transparent || block.transparent {
            // The names that the block gives in files are relative to where it is used: `layer1.0.`.
            true => format!("{}{}", scope.file_root, scope.file_path),
            false => format!("{}{file_name}.", scope.file_root),
        };
        inner.file_path = String::new();
        bind_inputs(&block.body.reads, inputs, &mut inner.names);
        self.open_blocks.push(block.name.to_string());
        let done = self.run_body(&block.body, &mut inner);
        self.open_blocks.pop();
        done
    }

    /// The statements of a body, and its outputs.
    fn run_body(&mut self, body: &'a syntax::Body, inner: &mut Scope<'a>) -> Done {
        let first = self.graph.nodes.len();
        let members = self.body(&body.stmts, inner);
        let mut outputs: Vec<NamedOutput> = Vec::new();
        for output in &body.outputs {
            let name = output_ident(output);
            let Some(value) = self.source(&output.source, inner) else {
                outputs.push(NamedOutput { name, value: inner.previous });
                continue;
            };
            match &name {
                None if body.outputs.len() > 1 => self.sink.push(diagnose::unnamed_output(output.span)),
                Some(name) if outputs.iter().any(|known| known.name.as_ref() == Some(name)) => {
                    self.sink.push(diagnose::repeated_output(&Ident::new(name, output.span)));
                }
                _ => {}
            }
            let comment = output.shape.as_ref().and_then(|pattern| {
                let shape = self.or_report(inner.numbers.shape(pattern))?;
                Some((shape, pattern.span))
            });
            let value = match comment {
                Some(_) => self.claim_of(value, comment, None, first, output.span, inner),
                None => value,
            };
            outputs.push(NamedOutput { name, value });
        }
        // A use may need only some of several outputs.
        for output in outputs.iter().skip(1) {
            self.mark_read(output.value);
        }
        if outputs.is_empty() {
            outputs.push(NamedOutput { name: None, value: inner.previous });
        }
        Done { members, outputs }
    }

    /// The inputs of a block or repeat, as many as it has.
    pub(super) fn piece_inputs(
        &mut self,
        piece: &str,
        span: Span,
        reads: &[Ident],
        from: Option<&Source>,
        scope: &mut Scope<'a>,
    ) -> Option<Vec<ValueId>> {
        let inputs = self.sources(from, scope)?;
        if inputs.len() != reads.len().max(1) {
            let span = from.and_then(Source::span).unwrap_or(span);
            self.sink.push(diagnose::piece_inputs(piece, reads, inputs.len(), from.is_some(), span));
            return None;
        }
        inputs.iter().for_each(|value| self.mark_read(*value));
        Some(inputs)
    }

    /// Continues after a block or repeat: its first output is the previous value, and all outputs have names.
    pub(super) fn leave(
        &mut self,
        name: &str,
        inputs: &[ValueId],
        outputs: Vec<NamedOutput>,
        scope: &mut Scope<'a>,
    ) -> Outputs {
        let one = outputs.len() == 1;
        for output in outputs.iter().rev().filter(|output| !inputs.contains(&output.value)) {
            let name = if one { name.to_owned() } else { output_name(name, output) };
            self.graph.names.insert(output.value, format!("{}{name}", scope.path));
        }
        if let [first, ..] = outputs.as_slice() {
            scope.previous = first.value;
        }
        Outputs::Named(outputs.into())
    }

    /// A claim on a use of a block applies to its output.
    fn claim(&mut self, stmt: &'a Stmt, layer: &'a Layer, name: &str, first: NodeId, scope: &mut Scope<'a>) {
        let (comment, restores) = self.claims(layer, scope);
        if comment.is_some() || restores.is_some() {
            let value = scope.previous;
            scope.previous = self.claim_of(value, comment, restores, first, stmt.span(), scope);
            if scope.previous != value {
                let node = self.graph.producer(scope.previous);
                node.into_iter().for_each(|node| self.graph.nodes[node].name = format!("{}{name}", scope.path));
            }
        }
    }

    /// A bound of a repeat, which the macro must know.
    fn turn(&mut self, bound: &SizeExpr, numbers: &Numbers) -> Option<i64> {
        let bound_number = self.or_report(numbers.int(bound))?;
        if Unseen::is(bound_number) {
            self.sink.push(diagnose::unseen_repeat(&bound.to_string(), bound.span()));
            return None;
        }
        Some(bound_number)
    }

    /// The name of a repeat or of a block's use: the written one, or its kind and a number.
    fn names(&self, stmt: &Stmt, kind: &str, scope: &mut Scope<'a>) -> Names {
        let name = match &stmt.label {
            Some(label) => label.unraw().to_string(),
            None => scope.next_name(kind),
        };
        Names { name, file_name: stmt.attrs.file_name.clone(), transparent: stmt.attrs.transparent.is_some() }
    }

    /// The given name in files, filled in. A mistake in it is the same for all passes and is reported once.
    fn file_name(&mut self, names: &Names, numbers: &Numbers, turn: Option<usize>) -> Option<String> {
        match fill_in(names.file_name.as_ref()?, numbers, turn) {
            Ok(name) => Some(name),
            Err(report) => {
                if turn.is_none_or(|turn| turn == 0) {
                    self.sink.push(report);
                }
                None
            }
        }
    }
}

/// The passes of a repeat: its variables, and a row of values per pass.
struct Turns<'a> {
    vars: &'a [Ident],
    rows: Vec<Vec<Bound>>,
}

/// A body's inputs by name, and `input` for the first.
fn bind_inputs<'a>(reads: &[Ident], values: &[ValueId], names: &mut HashMap<String, Binding<'a>>) {
    names.insert("input".to_owned(), Binding::input(values[0]));
    for (name, value) in reads.iter().zip(values) {
        names.insert(name.to_string(), Binding::input(*value));
    }
}

/// The result of a repeat with zero passes: its inputs.
fn passed_through(body: &syntax::Body, inputs: &[ValueId]) -> Vec<NamedOutput> {
    let names = body.outputs.iter().map(output_ident).chain(std::iter::repeat(None));
    inputs.iter().zip(names).map(|(value, name)| NamedOutput { name, value: *value }).collect()
}

/// The name of a body's output: the given one, or that of its statement.
fn output_ident(output: &syntax::BodyOutput) -> Option<String> {
    match (&output.name, &output.source) {
        (Some(name), _) => Some(name.unraw().to_string()),
        (None, Source::Named(reference)) => Some(match &reference.port {
            Some(port) => port.value(),
            None => reference.name.unraw().to_string(),
        }),
        (None, _) => None,
    }
}

/// The outside name of an output; the first output is named like the block or repeat itself.
fn output_name(piece: &str, output: &NamedOutput) -> String {
    match &output.name {
        Some(name) => format!("{piece}.{name}"),
        None => piece.to_owned(),
    }
}

/// The field for a repeat or a block: its name as written, which may be `r#loop`.
fn group(stmt: &Stmt, name: &str, docs: TokenStream, kind: MemberKind) -> Member {
    let name = stmt.label.clone().unwrap_or_else(|| Ident::new(name, stmt.span()));
    Member { name, docs, optional: false, origin: std::ptr::from_ref(stmt).addr(), kind }
}

fn argument(index: usize, name: Option<String>, value: &Value) -> Argument {
    let number = match value {
        Value::Size(SizeExpr::Int { value, .. }) => Some(*value),
        _ => None,
    };
    Argument { index, name, text: value.to_string(), number }
}

/// An entry in the list of a repeat, as written.
fn cells(vars: usize, turn: usize, value: &Value) -> Vec<Argument> {
    let cells = match value {
        Value::Tuple(elements, _) if vars > 1 => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    cells.iter().enumerate().map(|(column, value)| argument(turn * vars + column, None, value)).collect()
}

/// The arguments of a block's use, as written.
fn written(layer: &Layer, block: &Block) -> Vec<Argument> {
    let positional = layer.args.positional.iter().enumerate().map(|(index, value)| argument(index, None, value));
    let named = layer.args.fields.iter().filter_map(|field| {
        let index = block.params.iter().position(|param| param.name == field.name)?;
        Some(argument(index, Some(field.name.to_string()), &field.value))
    });
    positional.chain(named).collect()
}
