//! Finds the mistakes in a chain, each once, and the edits that fix them.
//!
//! A fix counts if the whole chain has no error afterwards. Candidate edits are derived from the problem (`goals`: the
//! sizes that would fit; `needs`: the sizes that earlier values must then have; `layers`, `channels`, `refused`,
//! `inputs`, `joint`: the edits that give them), then tried in the order of how plausible they are (`trial`). If an
//! edit only moves the mistake to another layer, the same edit is tried there (`follow`).

mod arguments;
mod candidates;
mod channels;
mod collect;
mod edit;
mod follow;
mod formulas;
mod goals;
mod inputs;
mod joint;
mod layers;
mod needs;
mod operands;
mod order;
mod other_layers;
mod phrase;
mod preimage;
mod refused;
mod stages;
mod steps;
mod trial;
mod unlike;
mod words;

pub(crate) use self::candidates::{ancestors, blamed};
pub(crate) use self::edit::{ArgumentPlace, Edit, field_text, transposed};

use convshape_arith::fault::Reason;
use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use self::candidates::{Candidate, Candidates};
use self::collect::{candidates, guesses};
use self::trial::Trial;
use crate::check::{Checked, Place, Problem, check};
use crate::graph::{Graph, NodeId, Recipe, Replaced};
use crate::syntax::Front;

/// The most fixes shown for one mistake.
const MOST_FIXES: usize = 3;

/// Fixes whose cost exceeds the best one's by more than this are not shown.
const FAR_FETCHED: u32 = 20;

/// A fix of a single layer that costs no more than this is shown alone.
const LIKELY: u32 = 16;

/// How many edits that move a mistake are followed.
const MOST_FOLLOWED: usize = 8;

/// How many other inputs that move a mistake are followed, besides these.
const MOST_PORTS: usize = 2;

/// How many edits may follow from another input.
const MOST_FOLLOWING: usize = 4;

/// Other arguments of blocks that move a mistake on and are followed: each costs several checks of the whole chain.
const MOST_USES: usize = 3;

/// What they cost more to believe.
const SEVERAL_USES: u32 = 10;

/// How many first steps are tried if no fix solves everything.
const MOST_STEPS: usize = 4;

/// A first step that costs more than this is only a guess.
const PLAUSIBLE: u32 = 26;

/// Fixes are searched for this many mistakes; nobody reads more.
const MOST_MISTAKES: usize = 12;

/// In longer chains no fixes are searched, because each one that works requires a check of the whole chain.
const MOST_LAYERS: usize = 20_000;

/// The chain's graph with different arguments for blocks.
pub(crate) type Reread<'a> = dyn Fn(&[Replaced]) -> Option<Graph> + 'a;

/// Edits that fix a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Fix {
    pub(crate) edits: Vec<Edit>,
    /// How implausible it is: low for small changes nearby.
    cost: u32,
    /// Problems that remain afterwards.
    left: Vec<Place>,
    /// Whether two mistakes must have been made.
    in_two_parts: bool,
}

/// The result of a search.
#[derive(Clone, Default, Debug)]
pub(crate) struct Found {
    /// The most likely fix first.
    pub(crate) fixes: Vec<Fix>,
    /// Additional notes.
    pub(crate) notes: Vec<String>,
    /// What a reader can do if no edit fixes it.
    pub(crate) advice: Vec<String>,
    /// How many other uses of a block, or passes of a repeat, have the same mistake.
    pub(crate) more: usize,
    /// Edits after which a different problem appears, the most likely first.
    steps: Vec<Candidate>,
    /// Edits that may be half of a fix, the most likely first.
    parts: Vec<Candidate>,
}

/// One mistake.
pub(crate) struct Mistake {
    pub(crate) problem: Problem,
    pub(crate) found: Found,
    /// The chain with the earlier mistakes fixed, if this one appears only then.
    pub(crate) behind: Option<(Graph, Checked)>,
}

impl Fix {
    /// The edit, unless this is advice.
    pub(crate) fn only(&self) -> Option<&Edit> {
        match self.edits.as_slice() {
            [edit] => Some(edit),
            _ => None,
        }
    }

    /// Whether it consists of these edits, in whatever order.
    fn is(&self, edits: &[Edit]) -> bool {
        self.edits.len() == edits.len() && edits.iter().all(|edit| self.edits.contains(edit))
    }

    /// Whether it inserts statements in several places, some of which resize, or declares more axes and elements: two
    /// mistakes are more likely.
    fn is_far(&self, graph: &Graph) -> bool {
        let inserted = |edit: &Edit| match edit {
            Edit::Insert { ops, .. } => Some(ops.iter().any(|op| matches!(op, Op::Conv(_) | Op::Pool(_)))),
            _ => None,
        };
        let inserted: Vec<bool> = self.edits.iter().filter_map(inserted).collect();
        let redeclared = match self.only() {
            Some(Edit::Output { output, shape }) => {
                let declared = &graph.outputs[*output].shape;
                declared.rank() < shape.rank() && declared.elements() != shape.elements()
            }
            _ => false,
        };
        redeclared || inserted.len() > 1 && inserted.contains(&true)
    }

    /// Whether it restores rows that rounding down dropped.
    pub(crate) fn restores_rows(&self) -> bool {
        self.edits.iter().any(|edit| match edit {
            Edit::Input { .. } | Edit::Like { .. } => true,
            Edit::Field { field, .. } => matches!(*field, "output_padding" | "ceil_mode"),
            _ => false,
        })
    }

    /// Whether it is likely, and its words are of a form that a tool can apply.
    pub(crate) fn is_likely(&self, graph: &Graph) -> bool {
        !self.in_two_parts && phrase::is_applicable(&self.edits, graph)
    }

    /// As worded in a `help:` line.
    pub(crate) fn words(&self, graph: &Graph) -> String {
        phrase::phrase(&self.edits, graph)
    }
}

/// The problems that may remain when one is fixed: those of other mistakes.
pub(crate) struct OtherProblems(Vec<Place>);

impl OtherProblems {
    fn accepts(&self, problem: &Problem) -> bool {
        self.0.contains(&problem.place())
    }
}

/// The mistakes that cause the problems of a chain, in its order.
///
/// If parts of the chain could not be read (`unread`), no other output is suggested.
pub(crate) fn mistakes(
    graph: &Graph,
    checked: &Checked,
    problems: &[Problem],
    unread: bool,
    reread: &Reread<'_>,
) -> Vec<Mistake> {
    if problems.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Mistake> = Vec::new();
    let mut trial = Trial::new(graph, checked, reread);
    trial.unread = unread;
    let mut open: Vec<Problem> = problems.to_vec();
    let mut mended = false;
    while !open.is_empty() {
        let problem = open.remove(0);
        if let Some(advice) = steps::in_front(&mut trial, &problem) {
            // The rest is read in a different form.
            found.push(Mistake { problem, found: advice, behind: None });
            break;
        }
        let searched = found.len() < MOST_MISTAKES && graph.nodes.len() <= MOST_LAYERS;
        // Other occurrences of the same statement must be fixed too.
        let others = open.iter().filter(|other| !same_statement(graph, &problem, other));
        let others: Vec<Place> = others.map(Problem::place).collect();
        let mut fixes = if searched { search(&mut trial, &problem, &others) } else { Found::default() };
        let doubtful = fixes.fixes.first().is_none_or(|fix| fix.is_far(&trial.graph));
        let step = doubtful.then(|| first_step(&mut trial, &problem, &others, &fixes)).flatten();
        if step.is_some() {
            fixes.fixes.clear();
        }
        if fixes.fixes.is_empty() && step.is_none() {
            fixes.fixes.extend(in_two_parts(&mut trial, &problem, &others, &fixes.parts));
        }
        let is_new = !problems.iter().any(|known| same_mistake(known, &problem));
        let behind = (mended && is_new).then(|| (trial.graph.clone(), trial.checked.clone()));
        match fixes.fixes.first().cloned() {
            None if step.is_some() => {
                // A second mistake appears once this one is fixed: look for its fix in the fixed chain.
                fixes.fixes.extend(step);
                trial.make(&fixes.fixes[0].edits);
                mended = true;
                open = trial.checked.problems.iter().filter(|left| !same_mistake(left, &problem)).cloned().collect();
            }
            // The remaining mistakes are looked for as if this one were fixed.
            Some(best) => {
                open.retain(|other| best.left.contains(&other.place()) && !same_statement(graph, &problem, other));
                if !open.is_empty() {
                    trial.make(&best.edits);
                    mended = true;
                    let places: Vec<Place> = open.iter().map(Problem::place).collect();
                    open =
                        trial.checked.problems.iter().filter(|left| places.contains(&left.place())).cloned().collect();
                }
            }
            None => open.retain(|other| !same_statement(graph, &problem, other)),
        }
        fixes.more = uses_that_show(graph, problems, &problem);
        let problem = problems.iter().find(|known| is_rewritten(known, &problem)).cloned().unwrap_or(problem);
        found.push(Mistake { problem, found: fixes, behind });
    }
    found
}

/// The corrected arguments of lines in another language, as worded in a `help:` line; `None` if a line keeps none.
pub(crate) fn corrected(graph: &Graph) -> Option<String> {
    let fronts = graph.nodes.iter().filter_map(|node| node.writing.correction.as_ref()?.front.as_ref());
    let empty = |front: &Front| front.leading.is_empty() && front.fields.is_empty();
    (!fronts.into_iter().any(empty)).then(|| phrase::phrase(&[], graph))
}

/// Another shape of an input, and what changes with it: the features of a layer, the output. As worded in a `help:`
/// line.
pub(crate) fn other_input(graph: &Graph, input: usize, shape: Shape) -> Option<String> {
    let mut trial = Trial::new(graph, &check(graph), &|_| None);
    let mut edits = vec![Edit::Input { input, shape }];
    for _ in 0..MOST_FOLLOWING {
        match &*trial.run(&edits, &|_| true).left {
            [] => return Some(phrase::phrase(&edits, graph)),
            // The wording with two shapes is for chains with one input and one output.
            [Problem::Output { output, found }] if graph.inputs.len() == 1 && graph.outputs.len() == 1 => {
                edits.push(Edit::Output { output: *output, shape: Some(*found).filter(Shape::is_known)? });
            }
            [problem @ Problem::Layer { .. }, ..] => edits.push(refused::other_features(problem)?),
            _ => return None,
        }
    }
    None
}

/// Another shape of a declared output, along with the change of a layer that gives it.
pub(crate) fn other_output(graph: &Graph, output: usize, shape: Shape) -> Option<String> {
    let mut edited = graph.clone();
    edited.outputs[output].shape = shape;
    let checked = check(&edited);
    let [problem @ Problem::Output { .. }] = &*checked.problems else { return None };
    let found = search(&mut Trial::new(&edited, &checked, &|_| None), problem, &[]);
    let fix = found.fixes.first().filter(|fix| fix.left.is_empty())?;
    // A change of an input affects more than the labels require.
    let of_layers = fix.edits.iter().all(|edit| edit.node().is_some());
    of_layers.then(|| format!("let the chain give `{shape}`: {}, and `{shape}` in `output`", fix.words(&edited)))
}

/// An edit that fixes a mistake and uncovers a second one, if that one can be fixed too.
fn first_step(trial: &mut Trial, problem: &Problem, others: &[Place], found: &Found) -> Option<Fix> {
    let known = OtherProblems(others.to_vec());
    // Another value that is read mends a place by itself. Beside a far fix, so does a `Flatten`.
    let far = !found.fixes.is_empty();
    let mends_alone = |step: &&Candidate| match step.edits.as_slice() {
        [Edit::Operand { .. }] => true,
        [Edit::Insert { ops, .. }] => far && ops.as_slice() == [Op::FLATTEN],
        _ => false,
    };
    let moved = if far { &[][..] } else { &found.steps[..] };
    let mut steps: Vec<&Candidate> =
        moved.iter().take(MOST_STEPS).chain(found.parts.iter().filter(mends_alone)).collect();
    steps.retain(|step| step.cost <= PLAUSIBLE);
    steps.sort_by_key(|step| step.cost);
    for step in steps {
        let outcome = trial.run(&step.edits, &|_| true);
        let mends = outcome.left.iter().all(|left| !same_mistake(left, problem));
        let Some(next) = outcome.left.iter().find(|left| !known.accepts(left)).filter(|_| mends) else { continue };
        let mut further = trial.with(&step.edits);
        let found = search(&mut further, next, others);
        trial.spend_as(&further);
        if found.fixes.first().is_some_and(|fix| fix.cost <= PLAUSIBLE) {
            return Some(Fix {
                edits: step.edits.clone(),
                cost: step.cost,
                left: others.to_vec(),
                in_two_parts: false,
            });
        }
    }
    None
}

/// An edit and the fix of what it uncovers.
fn in_two_parts(trial: &mut Trial, problem: &Problem, others: &[Place], parts: &[Candidate]) -> Option<Fix> {
    // Sizes beyond all measure say nothing about what was meant.
    if matches!(problem, Problem::Layer { fault, .. } if matches!(fault.reason, Reason::Size(_))) {
        return None;
    }
    let known = OtherProblems(others.to_vec());
    for part in parts.iter().filter(|part| part.cost <= PLAUSIBLE) {
        let outcome = trial.run(&part.edits, &|_| true);
        let mends = outcome.left.iter().all(|left| !same_mistake(left, problem));
        let Some(next) = outcome.left.iter().find(|left| !known.accepts(left)).filter(|_| mends) else { continue };
        let mut further = trial.with(&part.edits);
        let found = search(&mut further, next, others);
        trial.spend_as(&further);
        let apart = |fix: &&Fix| {
            fix.cost <= PLAUSIBLE
                && fix.edits.iter().all(|edit| part.edits.iter().all(|other| !edit.overlaps(other, &trial.graph)))
        };
        if let Some(fix) = found.fixes.iter().find(apart) {
            let edits = [part.edits.clone(), fix.edits.clone()].concat();
            return Some(Fix { edits, cost: part.cost + fix.cost, left: fix.left.clone(), in_two_parts: true });
        }
    }
    None
}

/// Whether a problem is still there. What a layer does with its axes is not looked at before it has them.
fn same_mistake(left: &Problem, before: &Problem) -> bool {
    let of_axes = |problem: &Problem| match problem {
        Problem::Layer { fault, .. } => matches!(fault.reason, Reason::Axis { .. } | Reason::Rank { .. }),
        _ => false,
    };
    let other_rank = match (left, before) {
        (Problem::Output { found: left, .. }, Problem::Output { found: before, .. }) => left.rank() != before.rank(),
        _ => false,
    };
    left.place() == before.place() && of_axes(left) == of_axes(before) && !other_rank
}

/// Whether an earlier fix has changed the layer that is rejected: a message quotes what is written.
fn is_rewritten(known: &Problem, now: &Problem) -> bool {
    match (known, now) {
        (Problem::Layer { node, op, .. }, Problem::Layer { node: same, op: other, .. }) => node == same && op != other,
        _ => false,
    }
}

/// Whether two problems belong to one statement in the text: other passes of a repeat, other uses of a block.
fn same_statement(graph: &Graph, a: &Problem, b: &Problem) -> bool {
    match (a.node(), b.node()) {
        (Some(a), Some(b)) => graph.nodes[a].origin == graph.nodes[b].origin,
        _ => false,
    }
}

/// The other uses of a block that show the same mistake.
fn uses_that_show(graph: &Graph, problems: &[Problem], problem: &Problem) -> usize {
    // The other outputs of a `Split` are separate layers, but not another use.
    let of_one_use =
        |node: NodeId| matches!(graph.nodes[node].recipe, Recipe::Given(Op::Split { index, .. }) if index > 0);
    let other = |other: &&Problem| {
        other.node() != problem.node() && same_statement(graph, problem, other) && !other.node().is_some_and(of_one_use)
    };
    problems.iter().filter(other).count()
}

/// The fixes of one mistake, the most likely first.
fn search(trial: &mut Trial, problem: &Problem, others: &[Place]) -> Found {
    // If a fix solves everything, it has found the cause; otherwise other mistakes may remain.
    let alone = Search::run(trial, problem, &OtherProblems(Vec::new()), others);
    let near = alone.fixes.first().is_some_and(|fix| !fix.is_far(&trial.graph));
    if near || others.is_empty() {
        return alone;
    }
    let beside = Search::run(trial, problem, &OtherProblems(others.to_vec()), others);
    if beside.fixes.is_empty() { alone } else { beside }
}

struct Search<'a, 'b> {
    trial: &'a mut Trial<'b>,
    problem: &'a Problem,
    known: &'a OtherProblems,
    fixes: Vec<Fix>,
}

impl<'b> Search<'_, 'b> {
    fn run(trial: &mut Trial<'b>, problem: &Problem, known: &OtherProblems, others: &[Place]) -> Found {
        if matches!(problem, Problem::NoTarget { .. } | Problem::Unread { .. }) {
            return Found::default();
        }
        let mut all = candidates(&trial.graph, &trial.checked, problem);
        all.keep(|edit| !edit.overwrites_a_variable(&trial.graph));
        if trial.unread {
            all.keep(|edit| !matches!(edit, Edit::Output { .. }));
        }
        let mut search = Search { trial, problem, known, fixes: Vec::new() };
        let (mut moved, mut other) = search.offer_nearest(all);
        let of_several = search.offer_arguments();
        let likely = search.fixes.first().is_some_and(|fix| fix.cost <= LIKELY);
        let sized = if search.looks_at_inputs() { search.offer_inputs() } else { Vec::new() };
        if !likely {
            search.follow([&moved, &of_several, &other], others);
        }
        if search.fixes.is_empty() {
            search.guess();
        }
        let fixes = search.finish();
        // Sizes deserve a note only if another input is the most likely fix.
        let is_input = fixes.first().is_some_and(|fix| fix.edits.iter().any(|edit| matches!(edit, Edit::Input { .. })));
        let notes = if is_input { sized } else { Vec::new() };
        moved.truncate(MOST_STEPS * 2);
        other.truncate(MOST_STEPS);
        Found { fixes, notes, more: 0, steps: moved, parts: other, advice: Vec::new() }
    }

    /// Tries candidates near the mistake. Returns those that only move it, and those that do not help.
    fn offer_nearest(&mut self, all: Candidates) -> (Vec<Candidate>, Vec<Candidate>) {
        let (mut moved, mut other) = (Vec::new(), Vec::new());
        for candidate in all.sorted() {
            if self.is_done(candidate.cost) {
                break;
            }
            if !self.offer(&candidate) {
                let list = if self.may_go_on(&candidate) { &mut moved } else { &mut other };
                list.push(candidate);
            }
        }
        (moved, other)
    }

    /// Tries other arguments of one use of a block. Returns those that several uses may need.
    fn offer_arguments(&mut self) -> Vec<Candidate> {
        let mut of_several = Vec::new();
        for candidate in arguments::candidates(&self.trial.graph, self.problem) {
            if self.fixes.iter().filter(|fix| fix.cost <= candidate.cost).count() >= MOST_FIXES {
                break;
            }
            if !self.offer(&candidate) {
                of_several.push(Candidate { cost: candidate.cost + SEVERAL_USES, ..candidate });
            }
        }
        of_several
    }

    /// Tries inputs of other sizes and forms. Returns notes on the sizes that work.
    fn offer_inputs(&mut self) -> Vec<String> {
        let mut notes = Vec::new();
        for sizes in inputs::nearest_sizes(self.trial, self.problem, self.known) {
            for candidate in &sizes.candidates {
                self.offer(candidate);
            }
            notes.extend(sizes.notes);
        }
        for candidate in inputs::other_forms(self.trial, self.known) {
            self.offer(&candidate);
        }
        notes
    }

    /// Tries what moved the mistake together with what follows from it: candidates that moved it, arguments of several
    /// uses, and the others, which count only if nothing else fixes it.
    fn follow(&mut self, [moved, several, other]: [&[Candidate]; 3], others: &[Place]) {
        // Numbers of features follow from other edits only if nothing else fixes it.
        for counted in [false, true] {
            if counted && !self.fixes.is_empty() {
                break;
            }
            let uncounted = other.iter().take(if counted { MOST_FOLLOWED } else { 0 });
            let several = several.iter().take(MOST_USES);
            // An input is rarely among the cheapest, and what follows from it is the output alone.
            let ports = moved.iter().skip(MOST_FOLLOWED).filter(|one| matches!(*one.edits, [Edit::Input { .. }]));
            let moved = moved.iter().take(MOST_FOLLOWED).chain(ports.take(MOST_PORTS));
            for candidate in moved.chain(several).chain(uncounted) {
                let completed = follow::completed(self.trial, candidate, self.problem, self.known, others, counted);
                if let Some(completed) = completed {
                    self.offer(&completed);
                }
            }
        }
    }

    /// Tries what is rarely meant.
    fn guess(&mut self) {
        for candidate in guesses(&self.trial.graph, &self.trial.checked, self.problem).sorted() {
            if self.is_done(candidate.cost) {
                break;
            }
            self.offer(&candidate);
        }
    }

    /// Whether candidates of this cost no longer need to be tried.
    fn is_done(&self, cost: u32) -> bool {
        let mut costs: Vec<u32> = self.fixes.iter().map(|fix| fix.cost).collect();
        costs.sort_unstable();
        let best = costs.first().copied();
        costs.len() >= MOST_FIXES || best.is_some_and(|best| cost > best + FAR_FETCHED) || self.trial.is_spent()
    }

    /// Tries a candidate, and keeps it if it helps.
    fn offer(&mut self, candidate: &Candidate) -> bool {
        if let Some(known) = self.fixes.iter_mut().find(|fix| fix.is(&candidate.edits)) {
            known.cost = known.cost.min(candidate.cost);
            return true;
        }
        let known = self.known;
        let outcome = self.trial.run(&candidate.edits, &|problem| known.accepts(problem));
        let mended = outcome.accepted && !self.only_stretches(candidate);
        if mended {
            let left = outcome.left.iter().map(Problem::place).collect();
            self.fixes.push(Fix { edits: candidate.edits.clone(), cost: candidate.cost, left, in_two_parts: false });
        }
        mended
    }

    /// Whether a candidate may be part of a mistake that was made in several places. Reordered axes or an inserted
    /// layer are not.
    fn may_go_on(&self, candidate: &Candidate) -> bool {
        // An order of axes that one layer wants is undone before the next.
        let reordered = matches!(self.problem, Problem::Layer { fault, .. }
            if matches!(fault.reason, Reason::Steps { .. } | Reason::Tokens { .. } | Reason::NormShape { .. }));
        !candidate.edits.iter().any(|edit| match edit {
            Edit::Insert { .. } => !reordered,
            Edit::Input { input, shape } => {
                let now = &self.trial.graph.inputs[*input].shape;
                let channel = self.trial.graph.order().channel(now.rank());
                now.rank() != shape.rank() || !now.size(channel).same(shape.size(channel))
            }
            Edit::Project { .. }
            | Edit::Operand { .. }
            | Edit::Removed { .. }
            | Edit::Order { .. }
            | Edit::Fit { .. }
            | Edit::Transposed { .. }
            | Edit::Undo { .. }
            | Edit::Free { .. }
            | Edit::Output { .. }
            | Edit::Argument { .. } => true,
            Edit::Field { .. }
            | Edit::Channels { .. }
            | Edit::Open { .. }
            | Edit::Formula { .. }
            | Edit::Keep { .. }
            | Edit::Reshape { .. }
            | Edit::Renamed { .. }
            | Edit::Like { .. } => false,
        })
    }

    /// Whether a sum would fit only because one side has a single row that broadcasts over the other.
    fn only_stretches(&mut self, candidate: &Candidate) -> bool {
        let Problem::Layer { node, op: Op::Add | Op::Mul, fault, .. } = self.problem else { return false };
        if candidate.edits.iter().any(|edit| matches!(edit, Edit::Argument { .. })) {
            return false;
        }
        let graph = &self.trial.graph;
        let meant = candidate.edits.iter().any(|edit| match edit {
            Edit::Project { .. } | Edit::Fit { .. } | Edit::Insert { .. } => true,
            // A parameter is given the axes along which it broadcasts.
            Edit::Reshape { node, .. } => matches!(graph.given(*node), Some(Op::Source { .. })),
            _ => false,
        });
        if meant || !matches!(fault.reason, Reason::Join { .. }) {
            return false;
        }
        let before: Vec<_> =
            self.trial.graph.nodes[*node].inputs.iter().map(|value| self.trial.checked.shape(*value)).collect();
        let (_, stretched) = self.trial.inspect(&candidate.edits, &|_| true, |graph, checked| {
            let shapes: Vec<_> = graph.nodes[*node].inputs.iter().map(|value| checked.shape(*value)).collect();
            // One number per channel is a scale, not a row.
            let ranks = |pair: &[Option<Shape>]| pair[0].map(|shape| shape.rank()) == pair[1].map(|shape| shape.rank());
            let apart = shapes.windows(2).any(|pair| ranks(pair) && pair[0] != pair[1]);
            (apart && !(0..shapes.len()).all(|at| keeps_rows(before[at], shapes[at]))).then_some(shapes)
        });
        // A value that had one row before was meant to broadcast.
        let was_one = |shape: &Option<Shape>| {
            let sizes = shape.map(|shape| shape.sizes()[1..].to_vec());
            sizes.is_some_and(|sizes| !sizes.is_empty() && sizes.iter().all(|size| size.number() == Some(1)))
        };
        let before = self.trial.graph.nodes[*node].inputs.iter().map(|value| self.trial.checked.shape(*value));
        let meant = before.filter(was_one).count() == 1 && self.trial.graph.order() == AxisOrder::ChannelsFirst;
        stretched.is_some_and(|after| !(meant && after.iter().filter(|shape| was_one(shape)).count() == 1))
    }

    /// Whether another input may be what was meant.
    fn looks_at_inputs(&self) -> bool {
        match self.problem {
            Problem::Layer { fault, .. } => !matches!(
                fault.reason,
                Reason::Channels { .. }
                    | Reason::Groups { .. }
                    | Reason::TooFew { .. }
                    | Reason::NotPositive { .. }
                    | Reason::Negative { .. }
                    | Reason::NotInDialect { .. }
                    | Reason::Exclusive { .. }
                    | Reason::PaddingNumber
                    | Reason::TransposedGroups
                    | Reason::TransposedPaddingMode
                    | Reason::Rank { .. }
            ),
            Problem::Body { .. } | Problem::Hole { .. } | Problem::NoTarget { .. } | Problem::Unread { .. } => false,
            Problem::Input { .. }
            | Problem::Restores { .. }
            | Problem::Comment { .. }
            | Problem::Output { .. }
            | Problem::Lossy { .. } => true,
        }
    }

    fn finish(self) -> Vec<Fix> {
        let mut fixes = self.fixes;
        // A fix that also works elsewhere has found the cause.
        fixes.sort_by_key(|fix| (fix.left.len(), fix.cost));
        let best = fixes.first().map_or(0, |fix| fix.cost);
        fixes.retain(|fix| fix.cost <= best.saturating_add(FAR_FETCHED));
        // A second value of the same field adds nothing: keep the best.
        let mut fields: Vec<(usize, &'static str)> = Vec::new();
        let graph = &self.trial.graph;
        fixes.retain(|fix| match fix.only() {
            Some(Edit::Field { node, field, .. }) => {
                let place = (graph.nodes[*node].origin, *field);
                let new = !fields.contains(&place);
                fields.push(place);
                new
            }
            _ => true,
        });
        // Among other orders of the statements the nearest is meant.
        let order = |fix: &Fix| matches!(fix.only(), Some(Edit::Order { .. }));
        let nearest = fixes.iter().find(|fix| order(fix)).map(|fix| fix.edits.clone());
        fixes.retain(|fix| !order(fix) || Some(&fix.edits) == nearest.as_ref());
        // If axes are in another order, no other sizes were meant.
        if let Some(Edit::Input { input, shape }) = fixes.first().and_then(Fix::only).cloned()
            && is_reordered(&graph.inputs[input].shape, &shape)
        {
            let other = |fix: &Fix| {
                !matches!(fix.only(), Some(Edit::Input { input: again, shape: new })
                if *again == input && *new != shape)
            };
            fixes.retain(other);
        }
        // A square input stays a square, if one fits. The likeliest larger and smaller ones are enough.
        let rows = |shape: &Shape| square(shape, graph.order()).and_then(|rows| rows.number());
        let resized = |fix: &Fix| match fix.only() {
            Some(Edit::Input { input, shape }) => Some((*input, rows(&graph.inputs[*input].shape)?, rows(shape))),
            _ => None,
        };
        let squares: Vec<usize> =
            fixes.iter().filter_map(resized).filter_map(|(input, _, then)| then.map(|_| input)).collect();
        let mut sides: Vec<(usize, bool)> = Vec::new();
        fixes.retain(|fix| match resized(fix) {
            Some((input, now, Some(then))) => {
                let new = !sides.contains(&(input, then > now));
                sides.push((input, then > now));
                new
            }
            Some((input, _, None)) => !squares.contains(&input),
            None => true,
        });
        let mut said: Vec<String> = Vec::new();
        fixes.retain(|fix| {
            let words = fix.words(&self.trial.graph);
            let new = !said.contains(&words);
            said.push(words);
            new
        });
        fixes.truncate(MOST_FIXES);
        fixes
    }
}

/// Whether a value has a single row only where it had one.
fn keeps_rows(before: Option<Shape>, after: Option<Shape>) -> bool {
    let one = |size: &Size| size.number() == Some(1);
    match (before, after) {
        (Some(before), Some(after)) if before.rank() == after.rank() => {
            before.sizes().iter().zip(after.sizes()).all(|(before, after)| one(before) || !one(after))
        }
        _ => false,
    }
}

/// The rows of a shape with as many on every axis, of which there are several.
fn square(shape: &Shape, order: AxisOrder) -> Option<Size> {
    let mut rows = (0..shape.rank().saturating_sub(1)).map(|axis| shape.size(order.spatial(axis)));
    let first = rows.next().filter(|_| shape.rank() > 2)?;
    rows.all(|other| other.same(first)).then_some(first)
}

/// Whether two shapes have the same sizes in different orders.
fn is_reordered(a: &Shape, b: &Shape) -> bool {
    let sorted = |shape: &Shape| {
        let mut sizes: Vec<Option<i64>> = shape.sizes().iter().map(|size| size.number()).collect();
        sizes.sort_unstable();
        sizes
    };
    a != b && sorted(a) == sorted(b)
}

impl<'a> Trial<'a> {
    /// Applies edits permanently.
    fn make(&mut self, edits: &[Edit]) {
        *self = self.with(edits);
    }

    /// A trial of the chain with some edits applied.
    fn with(&self, edits: &[Edit]) -> Trial<'a> {
        if let Some(graph) = self.reread(edits) {
            let checked = check(&graph);
            return self.of(&graph, &checked);
        }
        let mut graph = self.graph.clone();
        for edit in edits {
            let turns: Vec<NodeId> = edit.node().map_or_else(Vec::new, |node| self.turns(node).to_vec());
            edit.apply(&mut graph, &turns, &mut Vec::new(), &mut edit::Touched::default());
        }
        let checked = check(&graph);
        self.of(&graph, &checked)
    }
}
