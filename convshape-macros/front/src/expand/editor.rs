//! Code that only editors read. Under `cfg(rust_analyzer)` the user's tokens are repeated where rust-analyzer
//! understands them: a layer's name is a field, a word of the language is an item of the library's module `layers`.
//! This gives hover, go-to-definition, rename and completion. The compiler skips it all.

mod vocabulary;

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Expansion;
use crate::graph::{Member, MemberKind, NodeId};
use crate::syntax::{Block, Body, Layer, Source, Stmt, StmtKind, Value};
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
    /// The number of bodies written so far.
    scopes: usize,
}

/// A body whose names are in scope.
struct VisibleBody {
    /// The variable whose fields are the names, those of layers with parameters through `Deref`.
    variable: Ident,
    ty: Ident,
    /// The variable whose fields are offered for a name that is being typed: the same names and nothing internal.
    offer: Ident,
    offer_ty: Ident,
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
        self.scope(&chain.body, &graph.members, group, inputs.collect(), &outputs, &mut Vec::new());
    }

    /// The names of a body as a struct's fields, and the uses of them.
    fn scope(
        &mut self,
        body: &'a [Stmt],
        members: &'a [Member],
        group: Option<TokenStream>,
        inputs: Vec<(Ident, String)>,
        outputs: &[&Ident],
        outer: &mut Vec<VisibleBody>,
    ) {
        let krate = &self.expansion.krate;
        let core = quote!(#krate::__private::core);
        let id = self.scopes;
        self.scopes += 1;
        let (ty, variable) = (format_ident!("__Names{id}"), format_ident!("__names{id}"));
        let (offer_ty, offer) = (format_ident!("__Offer{id}"), format_ident!("__offer{id}"));
        let mut statements = Vec::new();
        flat(body, &mut statements);
        let body = statements;
        let (names, fields) = self.names(&body, members, &inputs);
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
        let offered = names.iter().filter_map(|name| syn::parse_str::<Ident>(name).ok());
        let offered = quote!(#(#offered: __layers::values::Named,)*);
        outer.push(VisibleBody { variable, ty: ty.clone(), offer, offer_ty: offer_ty.clone(), names });
        let uses = self.uses(&body, outputs, outer);
        let params = outer
            .iter()
            .map(|VisibleBody { variable, ty, offer, offer_ty, .. }| quote!(#variable: &#ty, #offer: &#offer_ty));
        self.items.extend(quote! {
            struct #ty { #fields }
            struct #offer_ty { #offered }
            #deref
            fn #ty(#(#params),*) { #uses }
        });
        self.nested(&body, members, outer);
        outer.pop();
    }

    /// The names that a body defines, and a field for each, which editors complete.
    fn names(
        &self,
        body: &[&'a Stmt],
        members: &'a [Member],
        inputs: &[(Ident, String)],
    ) -> (HashSet<String>, TokenStream) {
        let mut names: HashSet<String> = inputs.iter().map(|(name, _)| name.to_string()).collect();
        let mut fields = TokenStream::new();
        for (name, doc) in inputs {
            fields.extend(quote!(#[doc = #doc] #name: __layers::values::Named,));
        }
        let known: HashSet<String> = members.iter().map(|member| member.name.to_string()).collect();
        for stmt in body {
            let Some(label) = stmt.label.as_ref().filter(|label| usable(label)) else { continue };
            // Two branches of an `if` may define the same name.
            if names.insert(label.to_string()) && !known.contains(&label.to_string()) {
                let docs = &stmt.attrs.docs;
                fields.extend(quote!(#docs #label: __layers::values::Named,));
            }
        }
        // A named layer with parameters is a field of the group itself.
        let expansion = self.expansion;
        let has_parameters =
            |member: &&Member| expansion.groups.has_parameters(member, expansion.graph, expansion.checked);
        for member in members.iter().filter(|member| !has_parameters(member)) {
            let name = &member.name;
            let (docs, op) = match &member.kind {
                MemberKind::Layer(node) => (self.expansion.layer_docs(*node), self.op_type(*node)),
                MemberKind::Absent(_) | MemberKind::Block { .. } | MemberKind::Repeat { .. } => {
                    (member.docs.clone(), quote!(__layers::values::Named))
                }
            };
            fields.extend(quote!(#docs #name: #op,));
        }
        (names, fields)
    }

    /// The uses of names in the statements of a body, and in the chain's outputs.
    fn uses(&self, body: &[&'a Stmt], outputs: &[&Ident], outer: &[VisibleBody]) -> TokenStream {
        let mut uses = TokenStream::new();
        for name in outputs {
            uses.extend(refer(name, outer));
        }
        for stmt in body {
            let mut use_of = |name: &'a Ident| uses.extend(refer(name, outer));
            match &stmt.kind {
                StmtKind::Layer(layer) => {
                    references(layer, self.blocks.contains_key(&layer.op.to_string()), &mut use_of);
                }
                StmtKind::Repeat(repeat) => repeat.from.iter().for_each(|from| source(from, &mut use_of)),
                StmtKind::Reuse(reuse) => {
                    use_of(&reuse.of);
                    reuse.from.iter().for_each(|from| source(from, &mut use_of));
                }
                StmtKind::If(_) | StmtKind::Broken(_) => {}
            }
        }
        uses
    }

    /// The bodies of the blocks and repeats among the statements.
    fn nested(&mut self, body: &[&'a Stmt], members: &'a [Member], outer: &mut Vec<VisibleBody>) {
        for stmt in body {
            let (inner, alone): (&'a Body, bool) = match &stmt.kind {
                StmtKind::Repeat(repeat) => (&repeat.body, false),
                StmtKind::Layer(layer) => match self.blocks.get(&layer.op.to_string()) {
                    Some(block) => (&block.body, true),
                    None => continue,
                },
                StmtKind::If(_) | StmtKind::Reuse(_) | StmtKind::Broken(_) => continue,
            };
            let origin = std::ptr::from_ref(*stmt).addr();
            let Some(member) = members.iter().find(|member| member.origin == origin) else { continue };
            let turn: &[Member] = match &member.kind {
                MemberKind::Layer(_) | MemberKind::Absent(_) => continue,
                MemberKind::Block { members, .. } => members,
                MemberKind::Repeat { turns } => turns.first().map_or(&[], Vec::as_slice),
            };
            let group = self.expansion.groups.of_piece(member).map(|group| {
                let name = &group.name;
                quote!(#name)
            });
            let doc = || "What the body reads.".to_owned();
            let mut inputs = vec![(Ident::new("input", Span::call_site()), doc())];
            inputs.extend(inner.reads.iter().filter(|name| usable(name)).map(|name| (name.clone(), doc())));
            let mut outputs = Vec::new();
            inner.outputs.iter().for_each(|output| source(&output.source, &mut |name| outputs.push(name)));
            // A block does not see the names around it.
            let mut own = Vec::new();
            let outer = if alone { &mut own } else { &mut *outer };
            self.scope(&inner.stmts, turn, group, inputs, &outputs, outer);
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
fn refer(name: &Ident, scopes: &[VisibleBody]) -> TokenStream {
    let text = name.to_string();
    let scope = scopes.iter().rev().find(|scope| scope.names.contains(&text));
    match (scope, scopes.last()) {
        _ if !usable(name) => TokenStream::new(),
        (Some(VisibleBody { variable, .. }), _) => quote!(_ = &#variable.#name;),
        // A half-typed name is completed with names of the innermost body.
        (None, Some(VisibleBody { offer, .. })) => quote!(_ = &#offer.#name;),
        (None, None) => TokenStream::new(),
    }
}

/// The statements of a body, including those in the branches of an `if`.
fn flat<'a>(body: &'a [Stmt], all: &mut Vec<&'a Stmt>) {
    for stmt in body {
        match &stmt.kind {
            StmtKind::If(branches) => branches.branches.iter().for_each(|branch| flat(&branch.stmts, all)),
            _ => all.push(stmt),
        }
    }
}

/// The names of statements in a source.
fn source<'a>(from: &'a Source, use_of: &mut dyn FnMut(&'a Ident)) {
    match from {
        Source::Named(reference) => use_of(&reference.name),
        Source::Previous => {}
        Source::Several(sources, _) => sources.iter().for_each(|inner| source(inner, use_of)),
    }
}

/// The names that a statement refers to.
fn references<'a>(layer: &'a Layer, block: bool, use_of: &mut dyn FnMut(&'a Ident)) {
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

/// Whether Rust accepts the name: a keyword would be a second error.
fn usable(name: &Ident) -> bool {
    syn::parse_str::<Ident>(&name.to_string()).is_ok()
}
