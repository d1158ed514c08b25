//! Fixes by search: small edits of the graph, each tried through the same check that found the
//! mistake, so that nothing is suggested that does not help or that the dialect refuses.

mod amounts;
mod behind;
mod candidates;
mod channels;
mod inputs;
mod joint;
mod refused;
mod words;

pub(crate) use self::behind::behind;

use convshape_arith::op::{Direction, Op};
use convshape_arith::shape::Shape;

use crate::check::{Checked, Place, Problem, check};
use crate::fields::{self, Setting};
use crate::graph::{Graph, NodeId, Recipe};

/// The most fixes that are shown for one mistake.
const MOST_FIXES: usize = 3;

/// A fix that costs so much more than the best one is not shown.
const FAR_FETCHED: u32 = 25;

/// One change of what was written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Edit {
    /// `set FIELD: VALUE`
    Field { node: NodeId, field: &'static str, setting: Setting },
    /// `write A -> B`
    Channels { node: NodeId, inputs: i64, outputs: i64 },
    /// `write [..]` in a `Reshape`
    Reshape { node: NodeId, shape: Shape },
    /// The transposed convolution in place of the convolution.
    Transposed { node: NodeId },
    /// `write [..]` in an input
    Input { input: usize, shape: Shape },
}

/// An edit that mends a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Fix {
    pub(crate) edit: Edit,
    /// What it costs the user to believe: small for small changes close by.
    cost: u32,
    /// Where something is still wrong afterwards.
    pub(crate) left: Vec<Place>,
    /// Whether nothing is wrong afterwards that was not wrong before.
    clean: bool,
}

impl Edit {
    /// The graph with the edit made.
    pub(crate) fn apply(&self, graph: &Graph) -> Graph {
        let mut edited = graph.clone();
        match self {
            Edit::Field { node, field, setting } => set(&mut edited, *node, &[(field, setting.clone())]),
            Edit::Channels { node, inputs, outputs } => {
                let settings = [("in_channels", Setting::Int(*inputs)), ("out_channels", Setting::Int(*outputs))];
                set(&mut edited, *node, &settings);
            }
            Edit::Reshape { node, shape } => set(&mut edited, *node, &[("shape", Setting::Shape(*shape))]),
            Edit::Transposed { node } => {
                if let Recipe::Given(Op::Conv(conv)) = &mut edited.nodes[*node].recipe {
                    conv.direction = Direction::Transposed;
                }
            }
            Edit::Input { input, shape } => edited.inputs[*input].shape = *shape,
        }
        edited
    }

    /// The node that it changes.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Edit::Field { node, .. }
            | Edit::Channels { node, .. }
            | Edit::Reshape { node, .. }
            | Edit::Transposed { node } => Some(*node),
            Edit::Input { .. } => None,
        }
    }

    /// The field that it changes.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Edit::Field { field, .. } => field,
            Edit::Channels { .. } => "channels",
            Edit::Reshape { .. } => "shape",
            Edit::Transposed { .. } => "",
            Edit::Input { .. } => "input",
        }
    }

    /// Whether it adds rows by a crop below zero.
    fn is_negative_crop(&self) -> bool {
        match self {
            Edit::Field { field: "padding", setting: Setting::Pairs { values, axes }, .. } => {
                values.iter().take(axes.unwrap_or(values.len())).any(|(lo, hi)| *lo < 0 || *hi < 0)
            }
            _ => false,
        }
    }

    /// As a `help:` line says it; a machine can apply it.
    pub(crate) fn words(&self, graph: &Graph) -> String {
        // A later run is written where the first one is.
        let name = |node: NodeId| &graph.nodes[graph.nodes[node].first_run.unwrap_or(node)].name;
        match self {
            Edit::Field { node, field, setting } => format!("in `{}`, set `{field}: {setting}`", name(*node)),
            Edit::Channels { node, inputs, outputs } => format!("in `{}`, write `{inputs} -> {outputs}`", name(*node)),
            Edit::Reshape { node, shape } => format!("in `{}`, write `{shape}`", name(*node)),
            Edit::Transposed { node } => {
                let transposed = graph.nodes[*node].op_name.replace("Conv", "ConvTranspose");
                format!("or was `{transposed}` meant for `{}`?", name(*node))
            }
            Edit::Input { input, shape } => format!("in `{}`, write `{shape}`", graph.inputs[*input].name),
        }
    }
}

/// Sets fields of a statement: in every turn of a repeat and every use of a block.
fn set(graph: &mut Graph, node: NodeId, settings: &[(&'static str, Setting)]) {
    let origin = graph.nodes[node].origin;
    for node in graph.nodes.iter_mut().filter(|node| node.origin == origin) {
        for (field, setting) in settings {
            match &mut node.recipe {
                Recipe::Given(op) => {
                    // A pooling layer's stride follows its kernel where it was not written.
                    let follows = *field == "kernel" && !node.spans.fields.iter().any(|(name, _)| *name == "stride");
                    fields::set(op, field, setting);
                    if let (Op::Pool(pool), true) = (op, follows) {
                        *pool = pool.with_default_stride();
                    }
                }
                Recipe::Undo { overrides, .. } => {
                    overrides.retain(|(name, _)| name != field);
                    overrides.push((field, setting.clone()));
                }
                // Another run follows the first.
                Recipe::Again { .. } | Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Same | Recipe::Broken => {}
            }
        }
    }
}

/// Tries edits against one mistake.
pub(crate) struct Search<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
    problem: &'a Problem,
    /// The places where something is wrong, this one left out.
    others: Vec<Place>,
    fixes: Vec<Fix>,
    /// What else the search has learnt.
    notes: Vec<String>,
    /// Edits that help together only, in words.
    joint: Option<String>,
}

/// What a search has found.
#[derive(Default)]
pub(crate) struct Found {
    /// The most likely fix first.
    pub(crate) fixes: Vec<Fix>,
    /// What else there is to say.
    pub(crate) notes: Vec<String>,
    /// Changes of several layers that mend it together, in words.
    pub(crate) joint: Option<String>,
}

/// The fixes of one mistake, the most likely first.
pub(crate) fn search(graph: &Graph, checked: &Checked, problem: &Problem) -> Found {
    let others = checked.problems.iter().map(Problem::place).filter(|place| *place != problem.place()).collect();
    let mut search = Search { graph, checked, problem, others, fixes: Vec::new(), notes: Vec::new(), joint: None };
    candidates::try_all(&mut search);
    joint::try_all(&mut search);
    let (notes, joint) = (std::mem::take(&mut search.notes), search.joint.clone());
    let fixes = search.finish();
    // Sizes are worth a note only where changing the input is among the fixes.
    let sized = fixes.iter().any(|fix| matches!(fix.edit, Edit::Input { .. }));
    Found { fixes, notes: if sized { notes } else { Vec::new() }, joint }
}

impl Search<'_> {
    /// Makes an edit, and keeps it if it helps.
    fn offer(&mut self, edit: Edit, cost: u32) -> bool {
        if self.fixes.iter().any(|fix| fix.edit == edit) {
            return false;
        }
        // `undo enc` stands where channels would.
        if let Edit::Channels { node, .. } = edit
            && matches!(self.graph.nodes[node].recipe, Recipe::Undo { .. })
        {
            return false;
        }
        let after = check(&edit.apply(self.graph));
        let mended = after.problems.iter().all(|problem| problem.place() != self.problem.place());
        if !mended {
            return false;
        }
        let left: Vec<Place> = after.problems.iter().map(Problem::place).collect();
        let clean = left.iter().all(|place| self.others.contains(place));
        // What another run needs must suit the first one too.
        if !clean && edit.node().is_some_and(|node| self.graph.nodes[node].first_run.is_some()) {
            return false;
        }
        self.fixes.push(Fix { edit, cost, left, clean });
        clean
    }

    /// The problem that is left at this place after an edit, if there is one.
    fn left_by(&self, edit: &Edit) -> (Option<Problem>, Checked) {
        let after = check(&edit.apply(self.graph));
        let left = after.problems.iter().find(|problem| problem.place() == self.problem.place()).cloned();
        (left, after)
    }

    /// The fixes after which all is well; where there are none, those that at least mend this
    /// mistake on the layer that has it.
    fn finish(self) -> Vec<Fix> {
        let node = match self.problem {
            Problem::Layer { node, .. } | Problem::Restores { node, .. } | Problem::Comment { node, .. } => Some(*node),
            Problem::Output { output, .. } => {
                self.graph.outputs[*output].value.and_then(|value| self.graph.producer(value))
            }
            _ => None,
        };
        let mut fixes = self.fixes;
        if fixes.iter().any(|fix| fix.clean) {
            fixes.retain(|fix| fix.clean);
        } else {
            // What has the layer refused instead mends nothing.
            let refused = node.map(Place::Layer);
            fixes.retain(|fix| fix.edit.node() == node && !fix.left.iter().any(|place| Some(*place) == refused));
            fixes.retain(|_| node.is_some());
            fixes.truncate(1);
        }
        // What mends other places too has found the cause.
        fixes.sort_by_key(|fix| (fix.left.len(), fix.cost));
        let fewest = fixes.first().map_or(0, |fix| fix.left.len());
        fixes.retain(|fix| fix.left.len() == fewest);
        // One fix a field and layer: the next best value of the same field is no news.
        // A statement is one layer, however often a repeat runs it.
        let place = |fix: &Fix| (fix.edit.node().map(|node| self.graph.nodes[node].origin), fix.edit.field());
        let mut shown: Vec<Fix> = Vec::new();
        for fix in fixes {
            if !shown.iter().any(|other| place(other) == place(&fix)) {
                shown.push(fix);
            }
        }
        // A negative crop says less plainly what an output padding says.
        let padded: Vec<Option<NodeId>> =
            shown.iter().filter(|fix| fix.edit.field() == "output_padding").map(|fix| fix.edit.node()).collect();
        shown.retain(|fix| {
            !(fix.edit.is_negative_crop() && (self.joint.is_some() || padded.contains(&fix.edit.node())))
        });
        // A far-fetched edit next to an obvious one confuses. Another input size is always worth
        // knowing.
        let cheapest = shown.first().map_or(0, |fix| fix.cost);
        let input = |fix: &Fix| matches!(fix.edit, Edit::Input { .. });
        let mut kept = 0;
        let mut input_shown = false;
        shown.retain(|fix| {
            let room = kept < MOST_FIXES && fix.cost <= cheapest + FAR_FETCHED;
            let keep = room || (input(fix) && !input_shown);
            kept += usize::from(keep);
            input_shown |= keep && input(fix);
            keep
        });
        shown
    }
}
