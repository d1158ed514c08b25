//! `LAYERS`: the data of each statement.

use convshape_arith::op::MAX_SPATIAL;
use convshape_arith::receptive::Receptive;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Expansion;
use super::deferred::op_name;
use super::distinct::{Distinct, plain};
use crate::graph::{NodeId, Recipe, ValueId};

impl Expansion<'_> {
    /// The columns of `LAYERS`, with one row per statement.
    pub(super) fn layers(&self) -> TokenStream {
        let krate = &self.krate;
        let receptive = self.receptive_fields();
        let places = self.places();
        let mut shapes = Distinct::default();
        let (mut names, mut ops, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let (mut costs, mut fields) = (Vec::new(), Vec::new());
        let (mut reads, mut read_counts, mut undoes) = (Vec::new(), Vec::new(), Vec::new());
        for (id, node) in self.graph.nodes.iter().enumerate() {
            if !node.recipe.is_layer() || node.is_output_of_run() {
                continue;
            }
            let (input, output) = (node.inputs[0], self.graph.given_by(id));
            if let Some(of) = self.undone(id) {
                let (row, of) = (plain(names.len()), plain(places[of]));
                undoes.push(quote!([#row, #of]));
            }
            names.push(&node.name);
            ops.push(&node.op_name);
            let [input, output] = [input, output].map(|value| plain(self.place_of(value, &mut shapes)));
            ends.push(quote!([#input, #output]));
            costs.push(self.costs_value(id));
            fields.push(self.field_value(self.graph.value(id), &receptive));
            reads.extend(node.inputs.iter().map(|value| plain(places[*value])));
            read_counts.push(plain(node.inputs.len()));
        }
        let shapes = self.shape_table(&shapes);
        let count = names.len();
        quote! {
            #krate::__private::Layers {
                names: &[#(#names),*],
                ops: &[#(#ops),*],
                shapes: &[#(#shapes),*],
                ends: &[#(#ends),*],
                costs: &[#(#costs),*],
                fields: &const { [#(#fields),*] },
                reads: &[#(#reads),*],
                read_counts: &[#(#read_counts),*],
                undoes: &[#(#undoes),*],
            }
            .rows::<#count>()
        }
    }

    /// `[parameters, multiply-adds]` of a layer.
    fn costs_value(&self, id: NodeId) -> TokenStream {
        let krate = &self.krate;
        let check = quote!(#krate::__private::check);
        let node = &self.graph.nodes[id];
        let own = node.first_run.is_none();
        match &node.recipe {
            Recipe::Chain { path } => {
                let params = if own { quote!(#check::chain_params::<#path>()) } else { quote!(0) };
                let inputs = node.inputs.iter().map(|value| self.shape_of(*value));
                quote!([#params, #check::chain_macs::<#path>(&[#(#inputs),*])])
            }
            _ if self.deferred() => {
                let (op, order) = (op_name(id), self.order_value());
                let inputs = node.inputs.iter().map(|value| self.shape_of(*value));
                let output = self.shape_of(self.graph.value(id));
                let params = if own { quote!(#check::params(&Self::#op)) } else { quote!(0) };
                quote!([#params, Self::#op.macs(&[#(#inputs),*], &#output, #order)])
            }
            _ => {
                let (params, macs) = self.costs(id);
                let (params, macs) = (Literal::u64_unsuffixed(params), Literal::u64_unsuffixed(macs));
                quote!([#params, #macs])
            }
        }
    }

    /// The receptive field of a value, in the form that `check::rows` takes.
    fn field_value(&self, value: ValueId, fields: &[Receptive]) -> TokenStream {
        if self.deferred() {
            return self.deferred_field(value);
        }
        let rows = match fields[value] {
            Receptive::Rows { rows, .. } => rows,
            Receptive::Whole => [0; MAX_SPATIAL],
        };
        let rows = rows.map(Literal::i64_unsuffixed);
        quote!([#(#rows),*])
    }

    /// The trainable parameters and the multiply-adds of a layer.
    pub(super) fn costs(&self, node: NodeId) -> (u64, u64) {
        let Some(op) = self.op(node) else { return (0, 0) };
        let (_, output) = self.ends(node);
        let inputs: Vec<_> = self.graph.nodes[node].inputs.iter().map(|value| self.shape(*value)).collect();
        let own = self.graph.nodes[node].first_run.is_none();
        let params = if own { op.params().trainable().unwrap_or(0) } else { 0 };
        // What a layer refuses behind an error, it does not count.
        let order = self.graph.order();
        (params, if op.output(&inputs, order).is_ok() { op.macs(&inputs, &output, order) } else { 0 })
    }
}
