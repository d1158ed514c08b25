//! Repeats and blocks, unrolled.

use std::collections::HashMap;
use std::rc::Rc;

use convshape_arith::size::Size;
use proc_macro2::Ident;
use syn::ext::IdentExt;

use super::file_name::fill_in;
use super::scope::{Binding, Scope, snake};
use super::{MOST_LAYERS, Resolver};
use crate::diagnose;
use crate::graph::{Body, Member};
use crate::syntax::{Block, Count, Layer, Repeat, SizeExpr, Stmt, Value};
use crate::unseen::Unseen;

impl<'a> Resolver<'a> {
    pub(super) fn repeat(&mut self, stmt: &'a Stmt, repeat: &'a Repeat, scope: &mut Scope) -> Option<Member> {
        let Some((variable, turns)) = self.turns(repeat, scope) else {
            self.broken(stmt, stmt.span(), scope);
            return None;
        };
        let name = self.group_name(stmt, "repeat", scope);
        let mut members = Vec::new();
        for (turn, value) in turns.0.into_iter().enumerate() {
            let input = scope.previous;
            let numbers = match variable {
                Some(variable) => scope.numbers.with(variable.to_string(), Size::Number(value)),
                None => scope.numbers.clone(),
            };
            let given = stmt.attrs.file_name.as_ref().map(|given| fill_in(given, &numbers, Some(turn)));
            let file_name = match given {
                Some(Ok(given)) => given,
                Some(Err(report)) => {
                    // Of every turn the same.
                    if turn == 0 {
                        self.sink.push(report);
                    }
                    name.clone()
                }
                None => name.clone(),
            };
            let mut inner = Scope {
                numbers,
                previous: input,
                turn: Some(turn),
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
        self.graph.names.insert(scope.previous, format!("{}{name}", scope.path));
        let docs = stmt.attrs.docs.clone();
        Some(Member::Repeat { name: group_ident(stmt, &name), docs, turns: members })
    }

    /// A repeat's variable and the values that it takes.
    fn turns(&mut self, repeat: &'a Repeat, scope: &Scope) -> Option<(Option<&'a Ident>, Limited)> {
        Some(match &repeat.count {
            Count::Times { value, span } => {
                if *value < 1 {
                    self.sink.push(diagnose::no_turns(*value, *span));
                }
                (None, (0..*value).collect())
            }
            Count::Range { var, range } => {
                let low = self.turn(&range.low, scope)?;
                let Some(high) = &range.high else {
                    self.sink.push(diagnose::open_repeat(var));
                    return None;
                };
                let high = self.turn(high, scope)?;
                let high = if range.inclusive { high.saturating_add(1) } else { high };
                if low >= high {
                    self.sink.push(diagnose::no_turns(0, var.span()));
                }
                (Some(var), (low..high).collect())
            }
            Count::List { var, sizes } => {
                let mut values = Vec::new();
                for size in sizes {
                    values.push(self.or_report(scope.numbers.int(size))?);
                }
                if values.is_empty() {
                    self.sink.push(diagnose::no_turns(0, var.span()));
                }
                (Some(var), values.into_iter().collect())
            }
        })
    }

    pub(super) fn block(
        &mut self,
        stmt: &'a Stmt,
        layer: &'a Layer,
        block: &'a Block,
        scope: &mut Scope,
    ) -> Option<Member> {
        let block_name = block.name.to_string();
        if self.open_blocks.contains(&block_name) {
            self.sink.push(diagnose::recursive_block(&layer.op));
            self.broken(stmt, layer.op.span(), scope);
            return None;
        }
        let mut numbers = scope.numbers.outermost();
        let given = &layer.args.positional;
        if given.len() != block.params.len() || !layer.args.fields.is_empty() {
            self.sink.push(diagnose::block_arguments(&layer.op, &block.params, given.len()));
            self.broken(stmt, layer.op.span(), scope);
            return None;
        }
        for (param, value) in block.params.iter().zip(given) {
            let size = match value {
                Value::Size(size) => scope.numbers.size(size),
                Value::Word(name) => scope.numbers.size(&SizeExpr::Name(name.clone())),
                _ => Err(diagnose::block_argument(param, value)),
            };
            let Some(size) = self.or_report(size) else {
                self.broken(stmt, layer.op.span(), scope);
                return None;
            };
            numbers = numbers.with(param.to_string(), size);
        }
        let input = match &layer.from {
            Some(source) => self.source(source, scope),
            None => Some(scope.previous),
        };
        let Some(input) = input else {
            self.broken(stmt, layer.op.span(), scope);
            return None;
        };
        self.mark_read(input);
        let name = self.group_name(stmt, &snake(&block_name), scope);
        let file_name = match &stmt.attrs.file_name {
            Some(given) => match fill_in(given, &scope.numbers, scope.turn) {
                Ok(given) => given,
                Err(report) => {
                    self.sink.push(report);
                    name.clone()
                }
            },
            None => format!("{}{name}", scope.file_path),
        };
        let mut inner = Scope {
            names: HashMap::from([("input".to_owned(), Binding { value: input, input, node: None })]),
            numbers,
            previous: input,
            path: format!("{}{name}.", scope.path),
            file_root: format!("{}{file_name}.", scope.file_root),
            file_path: String::new(),
            turn: None,
            labels: Rc::default(),
            counts: HashMap::new(),
        };
        self.open_blocks.push(block_name);
        let members = self.body(&block.body, &mut inner);
        self.open_blocks.pop();
        scope.previous = inner.previous;
        self.graph.names.insert(scope.previous, format!("{}{name}", scope.path));
        // A comment or `restores` on the use speaks of the block's last layer.
        if let Some(last) = self.graph.producer(inner.previous)
            && inner.previous != input
        {
            let (comment, restores) = self.claims(layer, scope);
            let node = &mut self.graph.nodes[last];
            node.comment = comment.or(node.comment);
            node.restores = restores.or(node.restores.take());
        }
        let docs = [&stmt.attrs.docs, &block.docs].into_iter().cloned().collect();
        Some(Member::Block { name: group_ident(stmt, &name), docs, members })
    }

    /// A bound of a repeat: the macro itself must see it.
    fn turn(&mut self, bound: &SizeExpr, scope: &Scope) -> Option<i64> {
        let bound_number = self.or_report(scope.numbers.int(bound))?;
        if Unseen::is(bound_number) {
            self.sink.push(diagnose::unseen_repeat(&bound.to_string(), bound.span()));
            return None;
        }
        Some(bound_number)
    }

    /// The name of a repeat or of a block's use: what was written, or kind and number.
    fn group_name(&self, stmt: &Stmt, kind: &str, scope: &mut Scope) -> String {
        match &stmt.label {
            Some(label) => label.unraw().to_string(),
            None => scope.next_name(kind),
        }
    }
}

/// The field of a repeat or a block: its name as written, which may be `r#loop`.
fn group_ident(stmt: &Stmt, name: &str) -> Ident {
    stmt.label.clone().unwrap_or_else(|| Ident::new(name, stmt.span()))
}

/// The numbers of a repeat's turns, no more than there may be layers.
struct Limited(Vec<i64>);

impl FromIterator<i64> for Limited {
    fn from_iter<I: IntoIterator<Item = i64>>(numbers: I) -> Limited {
        Limited(numbers.into_iter().take(MOST_LAYERS).collect())
    }
}
