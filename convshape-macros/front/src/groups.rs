//! How a model's parameters are grouped into structs: one for the chain, one per block, and one per repeat.
//!
//! All uses of a block share a struct, and so do all passes of a repeat, whatever their arguments and whichever
//! branches of an `if` they take. A field that only some of them have is an `Option`; passes whose number differs
//! between uses are a `Turns`.

use std::collections::{BTreeMap, HashMap, HashSet};

use convshape_arith::op::Op;
use convshape_arith::shape::{MAX_RANK, Shape};
use proc_macro2::{Ident, TokenStream};
use quote::format_ident;

use crate::check::Checked;
use crate::graph::{Graph, Member, MemberKind, NodeId, Recipe};

/// The structs of a chain.
pub(crate) struct Groups {
    /// The structs of blocks and passes, each after those that it contains.
    pub(crate) structs: Vec<ModelStruct>,
    /// The model itself.
    pub(crate) root: ModelStruct,
    /// The struct of each block and repeat that has parameters.
    of: HashMap<Key, usize>,
    /// Fields of a block that would have two types, or another position, in another use of it.
    pub(crate) conflicts: Vec<Ident>,
}

/// One struct.
pub(crate) struct ModelStruct {
    pub(crate) name: Ident,
    pub(crate) fields: Vec<ModelField>,
}

/// One field.
pub(crate) struct ModelField {
    pub(crate) name: Ident,
    pub(crate) docs: FieldDocs,
    /// Whether it is an `Option`.
    pub(crate) optional: bool,
    pub(crate) kind: FieldKind,
}

/// What a field's documentation says.
pub(crate) enum FieldDocs {
    Layer(NodeId),
    /// The user's own words.
    Other(TokenStream),
}

/// The type of a field.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum FieldKind {
    /// The parameters of a layer.
    Layer(Vec<LayerParam>),
    Chain(ChainPath),
    /// The parameters of a user-defined layer, by its type.
    Custom(ChainPath),
    /// The index of a struct.
    Group(usize),
    /// The passes of a repeat: the struct, and the smallest and largest number of passes.
    Turns {
        group: usize,
        least: usize,
        most: usize,
    },
}

/// The type of another chain, equal to another one that is written alike.
#[derive(Clone, Debug)]
pub(crate) struct ChainPath(pub(crate) TokenStream);

impl PartialEq for ChainPath {
    fn eq(&self, other: &ChainPath) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

/// A parameter of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LayerParam {
    pub(crate) name: &'static str,
    /// Whether some of the layers that share the field lack it.
    pub(crate) optional: bool,
}

/// The bodies that share a struct.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Key {
    Block(String),
    Turn(usize),
}

impl Key {
    fn of(member: &Member) -> Option<Key> {
        match &member.kind {
            MemberKind::Layer(_) | MemberKind::Absent(_) => None,
            MemberKind::Block { block, .. } => Some(Key::Block(block.to_string())),
            MemberKind::Repeat { .. } => Some(Key::Turn(member.origin)),
        }
    }
}

/// The structs for the parameters of a graph.
pub(crate) fn of(chain: &Ident, graph: &Graph, checked: &Checked) -> Groups {
    let mut bodies = HashMap::new();
    collect(&graph.members, &mut bodies);
    let mut builder = GroupBuilder {
        graph,
        checked,
        chain,
        bodies,
        structs: Vec::new(),
        of: HashMap::new(),
        names: HashSet::from([chain.to_string()]),
        conflicts: Vec::new(),
    };
    let root = builder.group(chain.clone(), &[&graph.members]);
    let of = builder.of.into_iter().filter_map(|(key, group)| Some((key, group?))).collect();
    Groups { structs: builder.structs, root, of, conflicts: builder.conflicts }
}

/// All bodies, by the block or repeat they belong to.
fn collect<'a>(members: &'a [Member], bodies: &mut HashMap<Key, Vec<&'a [Member]>>) {
    for member in members {
        let Some(key) = Key::of(member) else { continue };
        match &member.kind {
            MemberKind::Layer(_) | MemberKind::Absent(_) => {}
            MemberKind::Block { members, .. } => {
                bodies.entry(key).or_default().push(members);
                collect(members, bodies);
            }
            MemberKind::Repeat { turns } => {
                bodies.entry(key).or_default().extend(turns.iter().map(Vec::as_slice));
                turns.iter().for_each(|turn| collect(turn, bodies));
            }
        }
    }
}

struct GroupBuilder<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
    chain: &'a Ident,
    bodies: HashMap<Key, Vec<&'a [Member]>>,
    structs: Vec<ModelStruct>,
    /// `None` for a body without parameters.
    of: HashMap<Key, Option<usize>>,
    /// The type names used so far.
    names: HashSet<String>,
    conflicts: Vec<Ident>,
}

/// A field while bodies are compared.
struct Draft<'a> {
    member: &'a Member,
    optional: bool,
    /// How many bodies have it.
    seen: usize,
    kind: FieldKind,
}

impl<'a> GroupBuilder<'a> {
    /// The struct that bodies share.
    fn group(&mut self, name: Ident, bodies: &[&'a [Member]]) -> ModelStruct {
        let mut drafts: BTreeMap<String, Draft<'a>> = BTreeMap::new();
        let mut order = Order::default();
        for body in bodies {
            let mut before = None;
            let there = names_of_those_there(body);
            for member in *body {
                // A branch that is not taken may have the same name.
                let double = is_absent(member) && there.contains(&member.name);
                let Some(kind) = self.kind(member, &name).filter(|_| !double) else { continue };
                let text = member.name.to_string();
                before = Some(order.add(&text, before));
                match drafts.get_mut(&text) {
                    None => {
                        let seen = usize::from(!is_absent(member));
                        drafts.insert(text, Draft { member, optional: member.optional, seen, kind });
                    }
                    Some(draft) => {
                        draft.optional |= member.optional;
                        draft.seen += usize::from(!is_absent(member));
                        if is_absent(draft.member) {
                            draft.member = member;
                        }
                        if !join(&mut draft.kind, kind) {
                            self.conflicts.push(member.name.clone());
                        }
                    }
                }
            }
        }
        let mut fields = Vec::new();
        let (names, consistent) = order.names();
        if !consistent {
            self.conflicts.extend(drafts.values().find(|draft| draft.optional).map(|draft| draft.member.name.clone()));
        }
        for text in names {
            let Some(Draft { member, optional, seen, kind }) = drafts.remove(&text) else { continue };
            let docs = match &member.kind {
                MemberKind::Layer(node) => FieldDocs::Layer(*node),
                MemberKind::Absent(_) | MemberKind::Block { .. } | MemberKind::Repeat { .. } => {
                    FieldDocs::Other(member.docs.clone())
                }
            };
            fields.push(ModelField {
                name: member.name.clone(),
                docs,
                optional: optional || seen < bodies.len(),
                kind,
            });
        }
        ModelStruct { name, fields }
    }

    /// The type of a member; `None` if it has no parameters.
    fn kind(&mut self, member: &'a Member, parent: &Ident) -> Option<FieldKind> {
        match &member.kind {
            MemberKind::Layer(node) => layer(self.graph, self.checked, *node),
            MemberKind::Absent(recipe) => absent(self.graph, recipe),
            MemberKind::Block { block, .. } => {
                let name = format!("{}{}", self.chain, camel(&block.to_string()));
                self.shared(member, name, block).map(FieldKind::Group)
            }
            MemberKind::Repeat { turns } => {
                let name = format!("{parent}{}", camel(&member.name.to_string()));
                let group = self.shared(member, name, &member.name)?;
                Some(FieldKind::Turns { group, least: turns.len(), most: turns.len() })
            }
        }
    }

    /// The struct of a block or of a repeat's pass.
    fn shared(&mut self, member: &Member, name: String, at: &Ident) -> Option<usize> {
        let key = Key::of(member)?;
        if let Some(known) = self.of.get(&key) {
            return *known;
        }
        let name = format_ident!("{}", self.unique(name), span = at.span());
        let bodies = self.bodies.remove(&key).unwrap_or_default();
        let group = self.group(name, &bodies);
        let index = (!group.fields.is_empty()).then(|| {
            self.structs.push(group);
            self.structs.len() - 1
        });
        self.of.insert(key, index);
        index
    }

    /// An unused name.
    fn unique(&mut self, name: String) -> String {
        let mut numbered = name.clone();
        let mut number = 1;
        while !self.names.insert(numbered.clone()) {
            number += 1;
            numbered = format!("{name}{number}");
        }
        numbered
    }
}

/// Merges two types into one. `false` if they have nothing in common.
fn join(kind: &mut FieldKind, other: FieldKind) -> bool {
    match (kind, other) {
        (FieldKind::Layer(parts), FieldKind::Layer(others)) => {
            // A `Parameter` is a field itself, not a group of fields.
            let alone = |parts: &[LayerParam]| parts.iter().any(|part| part.name.is_empty());
            if alone(parts) != alone(&others) {
                return false;
            }
            if *parts != others {
                join_parts(parts, &others);
            }
            true
        }
        (FieldKind::Turns { group, least, most }, FieldKind::Turns { group: same, least: fewer, most: more })
            if *group == same =>
        {
            *least = (*least).min(fewer);
            *most = (*most).max(more);
            true
        }
        (kind, other) => *kind == other,
    }
}

/// The parameters of both layers, in an order that suits both.
fn join_parts(parts: &mut Vec<LayerParam>, others: &[LayerParam]) {
    for part in parts.iter_mut() {
        let other = others.iter().find(|other| other.name == part.name);
        part.optional |= other.is_none_or(|other| other.optional);
    }
    let mut place = 0;
    for other in others {
        match parts.iter().position(|part| part.name == other.name) {
            Some(at) => place = at + 1,
            None => {
                parts.insert(place, LayerParam { optional: true, ..*other });
                place += 1;
            }
        }
    }
}

/// The parameters of a layer.
fn layer(graph: &Graph, checked: &Checked, id: NodeId) -> Option<FieldKind> {
    let node = &graph.nodes[id];
    if let Recipe::Chain { path } = &node.recipe {
        return Some(FieldKind::Chain(ChainPath(path.clone())));
    }
    if let Some(op) = checked.ops.get(id).and_then(Option::as_ref) {
        return parts(op, graph);
    }
    let likely = likely(&node.op_name);
    let parts: Vec<LayerParam> = likely.into_iter().map(|name| LayerParam { name, optional: false }).collect();
    (!parts.is_empty()).then_some(FieldKind::Layer(parts))
}

/// The type of a layer that occurs only in branches not taken.
fn absent(graph: &Graph, recipe: &Recipe) -> Option<FieldKind> {
    let op = match recipe {
        Recipe::Chain { path } => return Some(FieldKind::Chain(ChainPath(path.clone()))),
        Recipe::Given(op) => *op,
        Recipe::Undo { .. }
        | Recipe::Unpool { .. }
        | Recipe::Port { .. }
        | Recipe::Param { .. }
        | Recipe::Same
        | Recipe::Again { .. }
        | Recipe::Broken => {
            return None;
        }
    };
    parts(&op, graph)
}

/// The names of an op's parameters; the number of channels does not matter.
fn parts(op: &Op, graph: &Graph) -> Option<FieldKind> {
    if let Op::Custom { layer, .. } = op {
        return graph.unseen.custom(layer).map(|path| FieldKind::Custom(ChainPath(path)));
    }
    let any = Shape::of(&[1; MAX_RANK]);
    let params = op.bind(&[any], graph.order()).params();
    let parts: Vec<LayerParam> = params.iter().map(|param| LayerParam { name: param.field, optional: false }).collect();
    (!parts.is_empty()).then_some(FieldKind::Layer(parts))
}

/// Whether a member occurs only in branches that are not taken.
fn is_absent(member: &Member) -> bool {
    match &member.kind {
        MemberKind::Layer(_) => false,
        MemberKind::Absent(_) => true,
        MemberKind::Block { members, .. } => !members.is_empty() && members.iter().all(is_absent),
        MemberKind::Repeat { turns } => {
            turns.iter().any(|turn| !turn.is_empty()) && turns.iter().flatten().all(is_absent)
        }
    }
}

/// The names of the members that a body really has, if some are in branches not taken.
fn names_of_those_there(body: &[Member]) -> HashSet<&Ident> {
    if !body.iter().any(is_absent) {
        return HashSet::new();
    }
    body.iter().filter(|member| !is_absent(member)).map(|member| &member.name).collect()
}

/// The parameters of a rejected layer: the field stays, so that code using it does not cause more errors.
fn likely(op_name: &str) -> Vec<&'static str> {
    const WEIGHTED: [&str; 4] = ["Conv", "Linear", "GroupNorm", "LayerNorm"];
    if op_name.starts_with("BatchNorm") {
        vec!["weight", "bias", "running_mean", "running_var"]
    } else if WEIGHTED.iter().any(|kind| op_name.starts_with(kind)) {
        vec!["weight", "bias"]
    } else if op_name == "Parameter" {
        vec![""]
    } else {
        Vec::new()
    }
}

impl Groups {
    /// The struct of a block's use or of a repeat's pass.
    pub(crate) fn of_piece(&self, member: &Member) -> Option<&ModelStruct> {
        let index = self.of.get(&Key::of(member)?)?;
        self.structs.get(*index)
    }

    /// A model's optional fields and numbers of passes, in the order of the fields.
    pub(crate) fn choices(&self, graph: &Graph, checked: &Checked) -> Vec<usize> {
        let mut choices = Vec::new();
        self.choose(&self.root, &graph.members, graph, checked, &mut choices);
        choices
    }

    fn choose(&self, group: &ModelStruct, body: &[Member], graph: &Graph, checked: &Checked, choices: &mut Vec<usize>) {
        let there = body.iter().filter(|member| !is_absent(member));
        let members: HashMap<String, &Member> = there.map(|member| (member.name.to_string(), member)).collect();
        for field in &group.fields {
            let member = members.get(&field.name.to_string());
            let member = member.filter(|member| self.has_parameters(member, graph, checked));
            if field.optional {
                choices.push(usize::from(member.is_some()));
            }
            let Some(member) = member else { continue };
            match (&field.kind, &member.kind) {
                (FieldKind::Layer(parts), MemberKind::Layer(node)) => {
                    let Some(FieldKind::Layer(own)) = layer(graph, checked, *node) else { continue };
                    let has = |part: &LayerParam| own.iter().any(|known| known.name == part.name);
                    choices.extend(parts.iter().filter(|part| part.optional).map(|part| usize::from(has(part))));
                }
                (FieldKind::Group(index), MemberKind::Block { members, .. }) => {
                    self.choose(&self.structs[*index], members, graph, checked, choices);
                }
                (FieldKind::Turns { group, least, most }, MemberKind::Repeat { turns }) => {
                    if least != most {
                        choices.push(turns.len());
                    }
                    for turn in turns {
                        self.choose(&self.structs[*group], turn, graph, checked, choices);
                    }
                }
                // A sub-chain makes its own choices. Other pairs are conflicts, which were reported.
                _ => {}
            }
        }
    }

    /// Whether a member is a field of the generated struct.
    pub(crate) fn has_parameters(&self, member: &Member, graph: &Graph, checked: &Checked) -> bool {
        match &member.kind {
            MemberKind::Layer(node) => layer(graph, checked, *node).is_some(),
            MemberKind::Absent(recipe) => absent(graph, recipe).is_some(),
            MemberKind::Block { .. } | MemberKind::Repeat { .. } => self.of_piece(member).is_some(),
        }
    }
}

/// The names of fields in an order that suits all bodies.
#[derive(Default)]
struct Order {
    names: Vec<String>,
    index: HashMap<String, usize>,
    /// For each name, the names that directly follow it.
    after: Vec<Vec<usize>>,
    /// For each name, how many names it follows.
    waits: Vec<usize>,
}

impl Order {
    /// Adds a name after another one of the same body.
    fn add(&mut self, name: &str, before: Option<usize>) -> usize {
        let next = self.names.len();
        let at = *self.index.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.names.push(name.to_owned());
            self.after.push(Vec::new());
            self.waits.push(0);
        }
        if let Some(before) = before
            && !self.after[before].contains(&at)
        {
            self.after[before].push(at);
            self.waits[at] += 1;
        }
        at
    }

    /// The names in order, earlier ones first if nothing else decides; and whether such an order exists.
    fn names(mut self) -> (Vec<String>, bool) {
        let mut ready: std::collections::BTreeSet<usize> =
            (0..self.names.len()).filter(|at| self.waits[*at] == 0).collect();
        let mut ordered = Vec::new();
        while let Some(at) = ready.pop_first() {
            ordered.push(at);
            for next in std::mem::take(&mut self.after[at]) {
                self.waits[next] -= 1;
                if self.waits[next] == 0 {
                    ready.insert(next);
                }
            }
        }
        let complete = ordered.len() == self.names.len();
        let rest: Vec<usize> = (0..self.names.len()).filter(|at| !complete && !ordered.contains(at)).collect();
        (ordered.into_iter().chain(rest).map(|at| self.names[at].clone()).collect(), complete)
    }
}

/// `down_1` as part of a type's name: `Down1`.
pub(crate) fn camel(name: &str) -> String {
    name.trim_start_matches("r#")
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(bodies: &[&[&str]]) -> (Vec<String>, bool) {
        let mut order = Order::default();
        for body in bodies {
            let mut before = None;
            for name in *body {
                before = Some(order.add(name, before));
            }
        }
        order.names()
    }

    #[test]
    fn fields_come_in_an_order_that_all_bodies_have() {
        assert_eq!(order(&[&["s"], &["t", "s"]]), (vec!["t".into(), "s".into()], true));
        assert_eq!(order(&[&["a"], &["b"], &["a", "b"]]), (vec!["a".into(), "b".into()], true));
        assert_eq!(order(&[&["a", "c"], &["a", "b", "c"]]).0, ["a", "b", "c"]);
        assert!(!order(&[&["a", "b"], &["b", "a"]]).1);
    }

    #[test]
    fn layers_of_one_name_have_one_type() {
        let part = |name, optional| LayerParam { name, optional };
        let mut parts = vec![part("weight", false), part("bias", false)];
        join_parts(&mut parts, &[part("weight", false)]);
        assert_eq!(parts, [part("weight", false), part("bias", true)]);
        let mut parts = vec![part("weight", false)];
        join_parts(&mut parts, &[part("weight", false), part("bias", false), part("running_mean", false)]);
        assert_eq!(parts, [part("weight", false), part("bias", true), part("running_mean", true)]);
    }
}
