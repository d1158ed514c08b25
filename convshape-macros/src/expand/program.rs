//! The chain as constants: the program that runs, the tables that say what it is.

use convshape_arith::receptive::Receptive;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Expansion;
use super::deferred::chains;
use crate::graph::{NodeId, Recipe, ValueId};

impl Expansion<'_> {
    /// `impl Parts` and `impl Chain`.
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
        let port = |(name, shape, value): &(&str, TokenStream, TokenStream)| quote!(#krate::__private::Port { name: #name, shape: #shape, value: #value });
        let entry = |(name, shape, _): &(&str, TokenStream, TokenStream)| quote!((#name, #shape));
        let (input_ports, output_ports) = (inputs.iter().map(port), outputs.iter().map(port));
        let (input_table, output_table) = (inputs.iter().map(entry), outputs.iter().map(entry));
        let layers = self.layers();
        let chains = chains(self.graph).map(|(_, path)| quote!(#krate::__private::Linked::of::<#path>()));
        let count = values.count();
        let slots = self.slots(&count);
        quote! {
            impl #generics #krate::__private::Parts for #name #arguments {
                const PROGRAM: &'static #krate::__private::Program = &#krate::__private::Program {
                    name: #text,
                    order: #order,
                    inputs: &[#(#input_ports),*],
                    steps: &[#(#steps),*],
                    outputs: &[#(#output_ports),*],
                    values: #count,
                };
                const CHAINS: &'static [#krate::__private::Linked] = &[#(#chains),*];
                #slots
            }

            impl #generics #krate::Chain for #name #arguments {
                const LAYERS: &'static [#krate::LayerInfo] = &[#(#layers),*];
                const INPUTS: &'static [(&'static #krate::__private::str, #krate::Shape)] = &[#(#input_table),*];
                const OUTPUTS: &'static [(&'static #krate::__private::str, #krate::Shape)] = &[#(#output_table),*];
            }
        }
    }

    /// The places of the values in memory, where all sizes are numbers. How many outputs a generic
    /// chain's sub-chains have cannot be said in a type.
    fn slots(&self, count: &TokenStream) -> TokenStream {
        let mut ends = self.graph.inputs.iter().map(|input| input.shape).chain(self.outputs());
        let counted = self.chain.generics.is_none() || chains(self.graph).next().is_none();
        if self.refused || !counted || !ends.all(|shape| Self::is_fixed(&shape)) {
            return TokenStream::new();
        }
        let krate = &self.krate;
        let operands = self.graph.nodes.iter().map(|node| node.inputs.len()).max().unwrap_or(0);
        quote! {
            const SLOTS: &'static [#krate::__private::Slot] =
                &#krate::__private::slots::<{ #count }, #operands>(Self::PROGRAM, Self::CHAINS);
        }
    }

    fn input_shape(&self, value: ValueId) -> TokenStream {
        if self.deferred() { self.shape_of(value) } else { self.shape_value(&self.graph.inputs[value].shape) }
    }

    /// The program's value of each value of the graph: a layer with an activation gives two, a
    /// sub-chain as many as it has outputs.
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
                Recipe::Port { of, port } => {
                    let text = port.to_string();
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

    /// A layer, and its activation as a step of its own.
    fn steps(&self, values: &Values) -> Vec<TokenStream> {
        if self.refused {
            return Vec::new();
        }
        let krate = &self.krate;
        let mut steps = Vec::new();
        let mut chain = 0_usize;
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let (name, file_name) = (&node.name, &node.file_name);
            let step = |action: TokenStream, inputs: &[TokenStream], output: TokenStream| {
                quote! {
                    #krate::__private::Step {
                        name: #name,
                        file_name: #file_name,
                        action: #krate::__private::Action::#action,
                        inputs: &[#(#inputs),*],
                        output: #output,
                    }
                }
            };
            let inputs: Vec<TokenStream> = node.inputs.iter().map(|value| values.of(*value)).collect();
            let output = values.of(self.graph.value(id));
            match (&node.recipe, self.op_of(id)) {
                (Recipe::Port { .. }, _) => {}
                (Recipe::Chain { .. }, _) => {
                    steps.push(step(quote!(Chain { index: #chain }), &inputs, output));
                    chain += 1;
                }
                (_, None) => {}
                (_, Some(op)) => match &node.activation {
                    None => steps.push(step(quote!(Layer(#op)), &inputs, output)),
                    Some(activation) => {
                        let activation = self.op_value(activation);
                        let between = quote!(#output - 1);
                        steps.push(step(quote!(Layer(#op)), &inputs, between.clone()));
                        steps.push(step(quote!(Layer(#activation)), &[between], output));
                    }
                },
            }
        }
        steps
    }

    /// `LAYERS`, a row a statement.
    fn layers(&self) -> Vec<TokenStream> {
        let krate = &self.krate;
        let check = quote!(#krate::__private::check);
        let fields = self.receptive_fields();
        let places = self.places();
        let layers =
            self.graph.nodes.iter().enumerate().filter(|(_, node)| !matches!(node.recipe, Recipe::Port { .. }));
        layers
            .map(|(id, node)| {
                let (name, op) = (&node.name, &node.op_name);
                let value = self.graph.value(id);
                let (params, macs) = match (&node.recipe, self.op_of(id)) {
                    (Recipe::Chain { path }, _) => {
                        (quote!(#check::chain_params::<#path>()), quote!(#check::chain_macs::<#path>()))
                    }
                    (_, Some(op)) if self.deferred() => {
                        let (input, output) = (self.shape_of(node.inputs[0]), self.shape_of(value));
                        let order = self.order_value();
                        (quote!(#check::params(&#op)), quote!(#op.macs(&#input, &#output, #order)))
                    }
                    _ => {
                        let (params, macs) = self.costs(id);
                        (quote!(#params), quote!(#macs))
                    }
                };
                let (input, output) = (self.shape_of(node.inputs[0]), self.shape_of(value));
                let rows = match fields[value] {
                    _ if self.deferred() => self.deferred_rows(value),
                    Receptive::Rows { rows, .. } => {
                        let spatial = self.shape(value).rank().saturating_sub(1).min(rows.len());
                        let rows = rows[..spatial].iter().map(|rows| Literal::i64_unsuffixed(*rows));
                        quote!(&[#(#rows),*])
                    }
                    Receptive::Whole => quote!(&[]),
                };
                let reads = node.inputs.iter().map(|value| places[*value]);
                let undoes = self.option(self.undone(id), |value: ValueId| {
                    let place = places[value];
                    quote!(#place)
                });
                quote! {
                    #krate::LayerInfo {
                        name: #name,
                        op: #op,
                        input: #input,
                        output: #output,
                        params: #params,
                        macs: #macs,
                        receptive_field: #rows,
                        reads: &[#(#reads),*],
                        undoes: #undoes,
                    }
                }
            })
            .collect()
    }

    /// The trainable parameters and the multiply-adds of a layer.
    pub(super) fn costs(&self, node: NodeId) -> (u64, u64) {
        let Some(op) = self.op(node) else { return (0, 0) };
        let (input, output) = self.ends(node);
        if self.refused {
            return (0, 0);
        }
        (op.params().trainable().unwrap_or(0), op.macs(&input, &output, self.graph.order()))
    }
}

/// The program's values.
struct Values {
    /// For each value of the graph.
    of: Vec<TokenStream>,
    /// The next free number, without those of sub-chains.
    next: usize,
    /// How many values the sub-chains so far have.
    more: TokenStream,
}

impl Values {
    fn of(&self, value: ValueId) -> TokenStream {
        self.of[value].clone()
    }

    /// The next value, `count` of them being used.
    fn take(&mut self, count: usize) -> TokenStream {
        let (first, more) = (self.next, &self.more);
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
