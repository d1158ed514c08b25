//! The chain as constants: the program that runs, the tables that say what it is.

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::receptive::Receptive;
use convshape_arith::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Expansion;
use crate::graph::NodeId;

impl Expansion<'_> {
    /// `impl Parts` and `impl Chain`.
    pub(super) fn program(&self) -> TokenStream {
        let krate = &self.krate;
        let name = &self.chain.name;
        let text = name.to_string();
        let steps = self.steps();
        let order = match self.graph.order() {
            AxisOrder::ChannelsFirst => quote!(ChannelsFirst),
            AxisOrder::ChannelsLast => quote!(ChannelsLast),
        };
        let ports: Vec<(String, Shape, usize)> = self
            .graph
            .inputs
            .iter()
            .enumerate()
            .map(|(value, input)| (input.name.clone(), input.shape, value))
            .collect();
        let outputs = self.graph.outputs.iter().zip(self.outputs());
        let results: Vec<(String, Shape, usize)> = outputs
            .map(|(output, shape)| (output.name.clone(), shape, output.value.map_or(0, |value| steps.values[value])))
            .collect();
        let port = |(name, shape, value): &(String, Shape, usize)| {
            let shape = self.shape_value(shape);
            quote!(#krate::__private::Port { name: #name, shape: #shape, value: #value })
        };
        let entry = |(name, shape, _): &(String, Shape, usize)| {
            let shape = self.shape_value(shape);
            quote!((#name, #shape))
        };
        let (input_ports, output_ports) = (ports.iter().map(port), results.iter().map(port));
        let (input_table, output_table) = (ports.iter().map(entry), results.iter().map(entry));
        let layers = self.layers();
        let (code, count) = (&steps.code, steps.count);
        quote! {
            impl #krate::__private::Parts for #name {
                const PROGRAM: &'static #krate::__private::Program = &#krate::__private::Program {
                    name: #text,
                    order: #krate::__private::arith::op::AxisOrder::#order,
                    inputs: &[#(#input_ports),*],
                    steps: &[#(#code),*],
                    outputs: &[#(#output_ports),*],
                    values: #count,
                };
                const CHAINS: &'static [#krate::__private::Linked] = &[];
            }

            impl #krate::Chain for #name {
                const LAYERS: &'static [#krate::LayerInfo] = &[#(#layers),*];
                const INPUTS: &'static [(&'static #krate::__private::str, #krate::Shape)] = &[#(#input_table),*];
                const OUTPUTS: &'static [(&'static #krate::__private::str, #krate::Shape)] = &[#(#output_table),*];
            }
        }
    }

    /// A layer, and its activation as a step of its own.
    fn steps(&self) -> Steps {
        let krate = &self.krate;
        let mut steps =
            Steps { code: Vec::new(), values: (0..self.graph.inputs.len()).collect(), count: self.graph.inputs.len() };
        for (id, node) in self.graph.nodes.iter().enumerate() {
            if self.refused {
                steps.values.push(0);
                continue;
            }
            let Some(op) = self.op(id) else { continue };
            let (name, file_name) = (&node.name, &node.file_name);
            let inputs: Vec<usize> = node.inputs.iter().map(|value| steps.values[*value]).collect();
            steps.push(self.step(krate, name, file_name, op, &inputs, steps.count));
            if let Some(activation) = &node.activation {
                let input = [steps.count - 1];
                steps.push(self.step(krate, name, file_name, activation, &input, steps.count));
            }
            steps.values.push(steps.count - 1);
        }
        steps
    }

    fn step(
        &self,
        krate: &TokenStream,
        name: &str,
        file_name: &str,
        op: &Op,
        inputs: &[usize],
        output: usize,
    ) -> TokenStream {
        let op = self.op_value(op);
        quote! {
            #krate::__private::Step {
                name: #name,
                file_name: #file_name,
                action: #krate::__private::Action::Layer(#op),
                inputs: &[#(#inputs),*],
                output: #output,
            }
        }
    }

    /// `LAYERS`, a row a statement.
    fn layers(&self) -> Vec<TokenStream> {
        let krate = &self.krate;
        let fields = self.receptive_fields();
        (0..self.graph.nodes.len())
            .map(|id| {
                let node = &self.graph.nodes[id];
                let (name, op) = (&node.name, &node.op_name);
                let (input, output) = self.ends(id);
                let (params, macs) = self.costs(id);
                let rows = match fields[self.graph.value(id)] {
                    Receptive::Rows { rows, .. } => rows[..output.rank().saturating_sub(1).min(rows.len())].to_vec(),
                    Receptive::Whole => Vec::new(),
                };
                let rows = rows.into_iter().map(Literal::i64_unsuffixed);
                let (input, output) = (self.shape_value(&input), self.shape_value(&output));
                quote! {
                    #krate::LayerInfo {
                        name: #name,
                        op: #op,
                        input: #input,
                        output: #output,
                        params: #params,
                        macs: #macs,
                        receptive_field: &[#(#rows),*],
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

/// The steps of a program.
struct Steps {
    code: Vec<TokenStream>,
    /// The program's value of each value of the graph.
    values: Vec<usize>,
    /// How many values the program has.
    count: usize,
}

impl Steps {
    fn push(&mut self, code: TokenStream) {
        self.code.push(code);
        self.count += 1;
    }
}
