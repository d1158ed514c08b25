//! What editors read. Under `cfg(rust_analyzer)` the user's tokens stand once more where they mean
//! something to it: a layer's name is a field, a word of the language an item of the library's
//! module `layers`. Hover, go-to-definition, rename and completion follow. A compiler skips it all.

mod vocabulary;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Expansion;
use super::model::camel;
use crate::graph::{Member, NodeId};
use crate::syntax::{Block, Layer, Source, Stmt, StmtKind, Value};
use crate::words::{self, Positional};

impl Expansion<'_> {
    /// The items that only editors see.
    pub(super) fn editor(&self) -> TokenStream {
        let krate = &self.krate;
        let mut probe = Probe { expansion: self, blocks: HashMap::new(), items: TokenStream::new(), scopes: 0 };
        for block in &self.chain.blocks {
            probe.block(block);
        }
        probe.root();
        let words = probe.words();
        let items = probe.items;
        let (generics, _) = self.generics();
        quote! {
            #[allow(unexpected_cfgs)]
            const _: () = {
                #[cfg(rust_analyzer)]
                const _: () = {
                    fn __any<T>() -> &'static T {
                        loop {}
                    }
                    use #krate::layers as __layers;
                    #items
                    fn __words #generics () {
                        #words
                    }
                };
            };
        }
    }
}

/// Writes the items.
struct Probe<'a> {
    expansion: &'a Expansion<'a>,
    blocks: HashMap<String, &'a Block>,
    items: TokenStream,
    /// How many bodies were written.
    scopes: usize,
}

/// A body whose names are visible.
struct Scope {
    /// The variable that has the names as fields.
    variable: Ident,
    ty: Ident,
    names: HashSet<String>,
}

impl<'a> Probe<'a> {
    fn root(&mut self) {
        let chain = self.expansion.chain;
        let graph = self.expansion.graph;
        let (name, (_, arguments)) = (&chain.name, self.expansion.generics());
        let group = Some(quote!(#name #arguments));
        let inputs = chain.inputs.iter().zip(&graph.inputs).map(|(port, input)| {
            let name = port.name.clone().unwrap_or_else(|| Ident::new("input", chain.input_span));
            (name, format!("An input of the chain: `{}`.", input.shape))
        });
        let outputs: Vec<&Ident> = chain.outputs.iter().filter_map(|port| port.name.as_ref()).collect();
        let path = chain.name.to_string();
        self.scope(&chain.body, &graph.members, group, &path, inputs.collect(), &outputs, &mut Vec::new());
    }

    /// The names of a body as a struct's fields, and what refers to them.
    #[expect(clippy::too_many_arguments, reason = "one place, called for the chain and for what is nested in it")]
    fn scope(
        &mut self,
        body: &'a [Stmt],
        members: &'a [Member],
        group: Option<TokenStream>,
        path: &str,
        inputs: Vec<(Ident, String)>,
        outputs: &[&Ident],
        outer: &mut Vec<Scope>,
    ) {
        let krate = &self.expansion.krate;
        let core = quote!(#krate::__private::core);
        let id = self.scopes;
        self.scopes += 1;
        let (ty, variable) = (format_ident!("__Names{id}"), format_ident!("__names{id}"));
        let mut names: HashSet<String> = inputs.iter().map(|(name, _)| name.to_string()).collect();
        let mut fields = TokenStream::new();
        for (name, doc) in &inputs {
            fields.extend(quote!(#[doc = #doc] #name: __layers::values::Named,));
        }
        let known: HashMap<String, &Member> =
            members.iter().map(|member| (member.name().to_string(), member)).collect();
        for stmt in body {
            let Some(label) = stmt.label.as_ref().filter(|label| usable(label)) else { continue };
            names.insert(label.to_string());
            if !known.contains_key(&label.to_string()) {
                let docs = &stmt.attrs.docs;
                fields.extend(quote!(#docs #label: __layers::values::Named,));
            }
        }
        // What has parameters is a field of the group itself.
        for member in members.iter().filter(|member| !self.expansion.has_params(member)) {
            let name = member.name();
            let (docs, op) = match member {
                Member::Layer { node, .. } => (self.expansion.layer_docs(*node), self.op_type(*node)),
                Member::Block { docs, .. } | Member::Repeat { docs, .. } => {
                    (docs.clone(), quote!(__layers::values::Named))
                }
            };
            fields.extend(quote!(#docs #name: #op,));
        }
        let (generics, _) = if outer.is_empty() { self.expansion.generics() } else { Default::default() };
        let deref = group.map(|group| {
            quote! {
                impl #generics #core::ops::Deref for #ty {
                    type Target = #group;
                    fn deref(&self) -> &#group {
                        loop {}
                    }
                }
            }
        });
        outer.push(Scope { variable, ty: ty.clone(), names });
        let mut uses = TokenStream::new();
        for name in outputs {
            uses.extend(refer(name, outer));
        }
        for stmt in body {
            if let StmtKind::Layer(layer) = &stmt.kind {
                references(layer, self.blocks.contains_key(&layer.op.to_string()), &mut |name| {
                    uses.extend(refer(name, outer));
                });
            }
        }
        let params = outer.iter().map(|Scope { variable, ty, .. }| quote!(#variable: &#ty));
        self.items.extend(quote! {
            struct #ty { #fields }
            #deref
            fn #ty(#(#params),*) { #uses }
        });
        self.nested(body, &known, members, path, outer);
        outer.pop();
    }

    /// The bodies of the blocks and repeats among the statements.
    fn nested(
        &mut self,
        body: &'a [Stmt],
        known: &HashMap<String, &'a Member>,
        members: &'a [Member],
        path: &str,
        outer: &mut Vec<Scope>,
    ) {
        let labels: HashSet<String> =
            body.iter().filter_map(|stmt| stmt.label.as_ref()).map(Ident::to_string).collect();
        let groups = |member: &&Member| !matches!(member, Member::Layer { .. });
        let mut unnamed = members.iter().filter(groups).filter(|member| !labels.contains(&member.name().to_string()));
        for stmt in body {
            let (inner, alone) = match &stmt.kind {
                StmtKind::Repeat(repeat) => (&repeat.body, false),
                StmtKind::Layer(layer) => match self.blocks.get(&layer.op.to_string()) {
                    Some(block) => (&block.body, true),
                    None => continue,
                },
                StmtKind::Broken(_) => continue,
            };
            let member = match &stmt.label {
                Some(label) => known.get(&label.to_string()).copied(),
                None => unnamed.next(),
            };
            let Some(member) = member else { continue };
            let turn: &[Member] = match member {
                Member::Layer { .. } => continue,
                Member::Block { members, .. } => members,
                Member::Repeat { turns, .. } => turns.first().map_or(&[], Vec::as_slice),
            };
            let path = format!("{path}{}", camel(&member.name().to_string()));
            let group = self.expansion.has_params(member).then(|| {
                let group = format_ident!("{path}");
                quote!(#group)
            });
            let input = (Ident::new("input", Span::call_site()), "What the body reads.".to_owned());
            // A block does not see the names around it.
            let mut own = Vec::new();
            let outer = if alone { &mut own } else { &mut *outer };
            self.scope(inner, turn, group, &path, vec![input], &[], outer);
        }
    }

    fn op_type(&self, node: NodeId) -> TokenStream {
        let dialect = self.dialect();
        let op = &self.expansion.graph.nodes[node].op_name;
        match syn::parse_str::<Ident>(op) {
            Ok(op) => quote!(__layers::#dialect::#op),
            Err(_) => quote!(__layers::values::Named),
        }
    }

    fn dialect(&self) -> Ident {
        Ident::new(self.expansion.graph.dialect.name(), Span::call_site())
    }
}

/// A use of a name, in the innermost body that has it.
fn refer(name: &Ident, scopes: &[Scope]) -> TokenStream {
    let text = name.to_string();
    let scope = scopes.iter().rev().find(|scope| scope.names.contains(&text)).or(scopes.last());
    match scope {
        // A half-typed name is completed to those of the innermost body.
        Some(Scope { variable, .. }) if usable(name) => quote!(_ = &#variable.#name;),
        _ => TokenStream::new(),
    }
}

/// The names of statements that a statement speaks of.
fn references<'a>(layer: &'a Layer, block: bool, use_of: &mut dyn FnMut(&'a Ident)) {
    fn source<'a>(from: &'a Source, use_of: &mut dyn FnMut(&'a Ident)) {
        match from {
            Source::Named(reference) => use_of(&reference.name),
            Source::Previous => {}
            Source::Several(sources, _) => sources.iter().for_each(|inner| source(inner, use_of)),
        }
    }
    if let Some(from) = &layer.from {
        source(from, use_of);
    }
    layer.restores.iter().for_each(&mut *use_of);
    let found = words::find_layer(&layer.op.to_string(), convshape_arith::op::Dialect::Torch).any();
    let joins = !block && found.is_some_and(|found| found.words.positional == Positional::Names);
    for value in &layer.args.positional {
        match value {
            Value::Undo { name, .. } => use_of(name),
            Value::Word(name) if joins => use_of(name),
            Value::Name(reference) if joins => use_of(&reference.name),
            _ => {}
        }
    }
    if let Some(words::Lookup::Found(_)) =
        found.map(|found| words::find_field(found.words, "like", convshape_arith::op::Dialect::Torch))
        && let Some(Value::Word(name)) = layer.args.field("like").map(|field| &field.value)
    {
        use_of(name);
    }
}

/// Whether Rust takes the name: a keyword would be a second mistake.
fn usable(name: &Ident) -> bool {
    syn::parse_str::<Ident>(&name.to_string()).is_ok()
}
