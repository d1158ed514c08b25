//! `if`: the branch taken, and the names that the other branches would define.

use std::rc::Rc;

use convshape_arith::op::Op;

use super::Resolver;
use super::condition::{Verdict, decide};
use super::scope::{Binding, Outputs, Piece, Run, Scope, Untaken, labels};
use crate::diagnose;
use crate::graph::{Member, MemberKind, Recipe};
use crate::syntax::{Branch, If, Stmt, StmtKind};

impl<'a> Resolver<'a> {
    /// The statements of the taken branch, in the scope around the `if`.
    pub(super) fn branches(&mut self, stmt: &'a Stmt, branches: &'a If, scope: &mut Scope<'a>) -> Vec<Member> {
        let mut because = Vec::new();
        let mut taken = None;
        for (index, branch) in branches.branches.iter().enumerate() {
            let Some(condition) = &branch.condition else {
                taken = Some(index);
                break;
            };
            match decide(condition, &scope.numbers) {
                Ok(verdict) => {
                    because.push(verdict.explained(condition));
                    if let Verdict { holds: true, .. } = verdict {
                        taken = Some(index);
                        break;
                    }
                }
                Err(report) => {
                    self.sink.push(report);
                    self.undecided(stmt, branches, scope);
                    return Vec::new();
                }
            }
        }
        self.untaken(branches, taken, &because, scope);
        let before = scope.clone();
        if let Some(taken) = taken.filter(|_| share_names(branches)) {
            scope.statements.push_str(&branch_name(branches, taken));
        }
        let mut members = Vec::new();
        for (index, branch) in branches.branches.iter().enumerate() {
            members.extend(match taken {
                Some(taken) if taken == index => self.statements(&branch.stmts, scope),
                _ => self.draft(branch, &before),
            });
        }
        scope.statements = before.statements;
        members.iter_mut().for_each(|member| member.optional = true);
        members
    }

    /// The layers of a branch not taken, needed only for the types of their fields. Mistakes in it are not reported,
    /// because they depend on arguments that were not given.
    fn draft(&mut self, branch: &'a Branch, scope: &Scope<'a>) -> Vec<Member> {
        // Doing it once is enough: all uses of a block have one type.
        if !self.drafted.insert(std::ptr::from_ref(branch).addr()) {
            return Vec::new();
        }
        let (nodes, bodies, chained) = (self.graph.nodes.len(), self.graph.bodies.len(), self.graph.chained);
        let uses = self.graph.uses.len();
        let muted = self.sink.mute(true);
        let sharing = std::mem::take(&mut self.sharing);
        let mut members = self.statements(&branch.stmts, &mut scope.clone());
        self.sharing = sharing;
        self.sink.mute(muted);
        self.make_absent(&mut members);
        let first = self.graph.value(nodes);
        self.graph.names.retain(|value, _| *value < first);
        self.params.retain(|_, value| *value < first);
        self.made.retain(|_, value| *value < first);
        self.graph.nodes.truncate(nodes);
        self.ranks.truncate(first);
        self.graph.bodies.truncate(bodies);
        self.graph.uses.truncate(uses);
        self.graph.chained = chained;
        members
    }

    /// Replaces layers by their recipes.
    fn make_absent(&self, members: &mut [Member]) {
        for member in members {
            match &mut member.kind {
                MemberKind::Layer(node) => {
                    let recipe = match (&self.graph.nodes[*node].recipe, self.layout(*node)) {
                        // It has the parameters of a convolution.
                        (Recipe::Undo { .. }, Some(conv)) => Recipe::Given(Op::Conv(conv)),
                        (recipe, _) => recipe.clone(),
                    };
                    member.kind = MemberKind::Absent(Box::new(recipe));
                }
                MemberKind::Absent(_) => {}
                MemberKind::Block { members, .. } => self.make_absent(members),
                MemberKind::Repeat { turns } => turns.iter_mut().for_each(|turn| self.make_absent(turn)),
            }
        }
    }

    /// Records the names that the other branches would define.
    fn untaken(&mut self, branches: &'a If, taken: Option<usize>, because: &[String], scope: &mut Scope<'a>) {
        let given = taken.map(|taken| labels(&branches.branches[taken].stmts)).unwrap_or_default();
        let mut untaken = Vec::new();
        let others = branches.branches.iter().enumerate().filter(|(index, _)| taken != Some(*index));
        for (_, branch) in others {
            for label in labels(&branch.stmts) {
                let name = label.to_string();
                if scope.own.contains(&name) || scope.untaken.contains_key(&name) {
                    // It is defined before the `if`, so it exists whichever branch is taken.
                    self.sink.push(diagnose::repeated_in_branch(label, &scope.free_name(&name)));
                } else if !given.contains(&label) {
                    untaken.push(name);
                }
            }
        }
        scope.untaken.extend(untaken.into_iter().map(|name| (name, Untaken { because: because.to_vec() })));
    }

    /// An `if` whose condition cannot be decided: every name that a branch defines is unknown.
    fn undecided(&mut self, stmt: &'a Stmt, branches: &'a If, scope: &mut Scope<'a>) {
        let (input, nodes) = (scope.previous, self.graph.nodes.len());
        let node = self.broken(stmt, branches.span, scope);
        let run = Rc::new(Run { nodes: nodes..nodes, piece: Piece::Broken });
        for label in branches.branches.iter().flat_map(|branch| labels(&branch.stmts)) {
            let binding = Binding {
                value: scope.previous,
                input,
                node: Some(node),
                outputs: Outputs::Unknown,
                run: Some(run.clone()),
            };
            scope.own.insert(label.to_string());
            scope.names.insert(label.to_string(), binding);
        }
    }
}

/// Whether statements in different branches have the same name, or may get the same.
fn share_names(branches: &If) -> bool {
    let names = |branch: &Branch| -> Vec<String> {
        let name = |stmt: &Stmt| match (&stmt.label, &stmt.kind) {
            (Some(label), _) => Some(label.to_string()),
            (None, StmtKind::Layer(layer)) => Some(layer.op.to_string()),
            (None, StmtKind::Repeat(_) | StmtKind::If(_) | StmtKind::Reuse(_) | StmtKind::Broken(_)) => None,
        };
        branch.stmts.iter().filter_map(name).collect()
    };
    let all: Vec<Vec<String>> = branches.branches.iter().map(names).collect();
    all.iter().enumerate().any(|(at, names)| all[at + 1..].iter().flatten().any(|name| names.contains(name)))
}

/// What tells the statements of a branch from those of the others: `if.`, `else.`
fn branch_name(branches: &If, taken: usize) -> String {
    match (taken, &branches.branches[taken].condition) {
        (0, _) => "if.".to_owned(),
        (_, None) => "else.".to_owned(),
        (1, Some(_)) => "else_if.".to_owned(),
        (taken, Some(_)) => format!("else_if{taken}."),
    }
}
