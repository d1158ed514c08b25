//! The chain as constants: the program to run, and the tables that describe it.

use convshape_arith::op::Op;
use proc_macro2::TokenStream;
use quote::quote;

use super::Expansion;
use super::deferred::{chains, op_name};
use super::distinct::{Distinct, plain};
use crate::graph::{NodeId, Recipe, ValueId};

impl Expansion<'_> {
    /// `impl HasProgram`, `impl Parts` and `impl Chain`.
    pub(super) fn program(&self) -> TokenStream {
        let krate = &self.krate;
        let name = &self.chain.name;
        let (generics, arguments) = self.generics();
        let text = name.to_string();
        let values = self.values();
        let steps = self.steps(&values);
        let order = self.order_value();
        let inputs: Vec<(&str, TokenStream, TokenStream)> = self
            .graph
            .inputs
            .iter()
            .enumerate()
            .map(|(value, input)| (input.name.as_str(), self.input_shape(value), quote!(#value)))
            .collect();
        let shapes = self.outputs();
        let outputs: Vec<(&str, TokenStream, TokenStream)> = self
            .graph
            .outputs
            .iter()
            .zip(&shapes)
            .map(|(output, shape)| {
                let shape = match output.value {
                    Some(value) if self.deferred() => self.shape_of(value),
                    _ => self.shape_value(shape),
                };
                let value = output.value.map_or(quote!(0), |value| values.of(value));
                (output.name.as_str(), shape, value)
            })
            .collect();
        let port = |(name, shape, value): &(&str, TokenStream, TokenStream)| quote!(#krate::__private::ProgramPort { name: #name, shape: #shape, value: #value });
        let entry = |(name, shape, _): &(&str, TokenStream, TokenStream)| quote!((#name, #shape));
        let (input_ports, output_ports) = (inputs.iter().map(port), outputs.iter().map(port));
        let (input_table, output_table) = (inputs.iter().map(entry), outputs.iter().map(entry));
        let layers = self.layers();
        let programs = chains(self.graph).map(|(_, path)| quote!(<#path as #krate::__private::HasProgram>::PROGRAM));
        let count = values.count();
        let slots = self.slots(&count);
        quote! {
            // `Scale(2 ** 0.5)` is a number here, close to one with a name.
            #[allow(clippy::approx_constant)]
            impl #generics #krate::__private::HasProgram for #name #arguments {
                const PROGRAM: &'static #krate::__private::Program = &#krate::__private::Program {
                    name: #text,
                    order: #order,
                    inputs: &[#(#input_ports),*],
                    steps: &#steps,
                    outputs: &[#(#output_ports),*],
                    chains: &[#(#programs),*],
                    values: #count,
                };
            }

            impl #generics #krate::__private::Parts for #name #arguments {
                #slots
            }

            impl #generics #krate::Chain for #name #arguments {
                const LAYERS: &'static [#krate::LayerInfo] = &#layers;
                const INPUTS: &'static [(&'static #krate::__private::str, #krate::Shape)] = &[#(#input_table),*];
                const OUTPUTS: &'static [(&'static #krate::__private::str, #krate::Shape)] = &[#(#output_table),*];
            }
        }
    }

    /// The positions of values in memory, if all sizes are numbers. The outputs of a generic chain's sub-chains cannot
    /// be counted in a type.
    fn slots(&self, count: &TokenStream) -> TokenStream {
        let mut ends = self.graph.inputs.iter().map(|input| input.shape).chain(self.outputs());
        let counted = self.chain.generics.is_none() || chains(self.graph).next().is_none();
        if self.refused || !counted || !ends.all(|shape| Self::is_fixed(&shape)) {
            return TokenStream::new();
        }
        let krate = &self.krate;
        let chains: Vec<&TokenStream> = chains(self.graph).map(|(_, path)| path).collect();
        let mut shapes = Distinct::default();
        let mut steps = Vec::new();
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let shape = match node.recipe {
                Recipe::Port { .. } | Recipe::Same => continue,
                // A sub-chain has its own shapes.
                Recipe::Chain { .. } => 0,
                _ => self.place_of(self.graph.value(id), &mut shapes),
            };
            // An activation is a separate step that keeps the shape.
            steps.extend((0..=usize::from(node.activation.is_some())).map(|_| plain(shape)));
        }
        let shapes = self.shape_table(&shapes);
        quote! {
            const SLOTS: &'static [#krate::__private::Slot] = {
                let chains: &'static [&'static [#krate::__private::Slot]] =
                    &[#(<#chains as #krate::__private::Parts>::SLOTS),*];
                // For a sub-chain with symbolic sizes they are known only when it runs.
                if #krate::__private::laid_out(chains) {
                    const VALUES: #krate::__private::core::primitive::usize =
                        #count #(+ <#chains as #krate::__private::HasProgram>::PROGRAM.flat_values())*;
                    &#krate::__private::slots::<VALUES>(
                        <Self as #krate::__private::HasProgram>::PROGRAM,
                        chains,
                        &[#(#shapes),*],
                        &[#(#steps),*],
                    )
                } else {
                    &[]
                }
            };
        }
    }

    fn input_shape(&self, value: ValueId) -> TokenStream {
        if self.deferred() { self.shape_of(value) } else { self.shape_value(&self.graph.inputs[value].shape) }
    }

    /// Maps each value of the graph to the program's: a layer with an activation gives two values, a sub-chain one per
    /// output.
    fn values(&self) -> Values {
        let krate = &self.krate;
        let mut values = Values { of: Vec::new(), next: 0, more: TokenStream::new() };
        for _ in &self.graph.inputs {
            let value = values.take(1);
            values.of.push(value);
        }
        for node in &self.graph.nodes {
            let value = match &node.recipe {
                Recipe::Chain { path } => {
                    let value = values.take(0);
                    values.more.extend(quote!(+ <#path as #krate::Chain>::OUTPUTS.len()));
                    value
                }
                Recipe::Same => values.of(node.inputs[0]),
                Recipe::Port { of, port } => {
                    let text = port.value();
                    let base = values.of(self.graph.value(*of));
                    match &self.graph.nodes[*of].recipe {
                        Recipe::Chain { path } => quote!(#base + #krate::__private::check::port::<#path>(#text)),
                        _ => base,
                    }
                }
                _ if node.activation.is_some() => {
                    values.take(1);
                    values.take(1)
                }
                _ => values.take(1),
            };
            values.of.push(value);
        }
        values
    }

    /// The columns of the steps: a layer, and its activation as a separate step.
    fn steps(&self, values: &Values) -> TokenStream {
        let krate = &self.krate;
        if self.refused {
            return quote!([]);
        }
        let mut actions = Distinct::default();
        let (mut names, mut file_names, mut action) = (Vec::new(), Vec::new(), Vec::new());
        let (mut inputs, mut input_counts, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        // The first step of each node. A node that uses another's parameters refers to the step of that one.
        let (mut places, mut tied, mut first_runs) = (Vec::new(), Vec::new(), Vec::new());
        let mut chains = 0;
        for (id, node) in self.graph.nodes.iter().enumerate() {
            places.push(names.len());
            if let Some(of) = node.first_run {
                let (step, of) = (plain(names.len()), plain(places[of]));
                first_runs.push(quote!([#step, #of]));
            } else if let (Some(of), _) | (None, Recipe::Param { of, .. }) = (node.tied.as_ref(), &node.recipe) {
                let (step, of) = (plain(names.len()), plain(places[*of]));
                tied.push(quote!([#step, #of]));
            }
            let does = match (&node.recipe, self.op(id)) {
                (Recipe::Port { .. } | Recipe::Same, _) => continue,
                (Recipe::Chain { .. }, _) => {
                    chains += 1;
                    Does::Chain(chains - 1)
                }
                _ if self.deferred() => Does::Constant(id),
                (_, Some(op)) => Does::Layer(*op),
                (_, None) => continue,
            };
            let read: Vec<TokenStream> = node.inputs.iter().map(|value| values.of(*value)).collect();
            let output = values.of(self.graph.value(id));
            let mut step = |does: Does, read: Vec<TokenStream>, output: TokenStream| {
                names.push(&node.name);
                file_names.push(&node.file_name);
                action.push(plain(actions.place(does)));
                input_counts.push(plain(read.len()));
                inputs.extend(read);
                outputs.push(output);
            };
            match &node.activation {
                None => step(does, read, output),
                Some(activation) => {
                    let between = quote!(#output - 1);
                    step(does, read, between.clone());
                    step(Does::Layer(*activation), vec![between], output);
                }
            }
        }
        let actions = actions.all.iter().map(|does| {
            let action = match does {
                Does::Layer(op) => {
                    let op = self.plain(op);
                    quote!(Layer(#op))
                }
                Does::Constant(node) => {
                    let op = op_name(*node);
                    quote!(Layer(Self::#op))
                }
                Does::Chain(index) => quote!(Chain { index: #index }),
            };
            quote!(#krate::__private::Action::#action)
        });
        let count = names.len();
        quote! {
            #krate::__private::Steps {
                names: &[#(#names),*],
                file_names: &[#(#file_names),*],
                actions: &[#(#actions),*],
                action: &[#(#action),*],
                inputs: &const { [#(#inputs),*] },
                input_counts: &[#(#input_counts),*],
                outputs: &[#(#outputs),*],
                tied: &[#(#tied),*],
                first_runs: &[#(#first_runs),*],
            }
            .rows::<#count>()
        }
    }
}

/// The program's values.
struct Values {
    /// One per value of the graph.
    of: Vec<TokenStream>,
    /// The next free index, not counting the values of sub-chains.
    next: usize,
    /// The number of values of the sub-chains so far.
    more: TokenStream,
}

impl Values {
    fn of(&self, value: ValueId) -> TokenStream {
        self.of[value].clone()
    }

    /// Reserves `count` values and returns the first.
    fn take(&mut self, count: usize) -> TokenStream {
        let (first, more) = (self.next, &self.more);
        let first = plain(first);
        let value = quote!(#first #more);
        self.next += count;
        value
    }

    /// How many there are.
    fn count(&self) -> TokenStream {
        let (next, more) = (self.next, &self.more);
        quote!(#next #more)
    }
}

/// The operation of a step.
#[derive(PartialEq)]
enum Does {
    Layer(Op),
    /// The layer that const evaluation computes for a node.
    Constant(NodeId),
    Chain(usize),
}
