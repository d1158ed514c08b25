//! Chains whose sizes only const evaluation knows. Every layer and every shape is a constant of the type, computed from
//! earlier ones by the library's checks, whose errors point at the user's tokens.

use convshape_arith::op::{AxisOrder, Conv, Dialect, Direction, MAX_SPATIAL, Op, WeightFrom};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::Expansion;
use crate::fields::{self, Setting};
use crate::graph::{Graph, Hole, Node, NodeId, Recipe, ValueId};

impl Expansion<'_> {
    /// `Self::__SHAPE_3`
    fn shape_constant(&self, value: ValueId) -> TokenStream {
        let name = shape_name(value);
        quote!(Self::#name)
    }

    /// A value's shape in code: a constant of the type, or the shape itself.
    pub(super) fn shape_of(&self, value: ValueId) -> TokenStream {
        if self.deferred() { self.shape_constant(value) } else { self.shape_value(&self.shape(value)) }
    }

    /// A layer as code.
    pub(super) fn op_of(&self, node: NodeId) -> Option<TokenStream> {
        if self.deferred() {
            let name = op_name(node);
            return Some(quote!(Self::#name));
        }
        self.op(node).map(|op| self.plain(op))
    }

    pub(super) fn order_value(&self) -> TokenStream {
        let krate = &self.krate;
        let order = match self.graph.order() {
            AxisOrder::ChannelsFirst => quote!(ChannelsFirst),
            AxisOrder::ChannelsLast => quote!(ChannelsLast),
        };
        quote!(#krate::__private::arith::op::AxisOrder::#order)
    }

    /// The constants, and for a type without generics their evaluation.
    pub(super) fn constants(&self) -> TokenStream {
        if !self.deferred() {
            return TokenStream::new();
        }
        let krate = &self.krate;
        let name = &self.chain.name;
        let (generics, arguments) = self.generics();
        let shape = quote!(#krate::Shape);
        let inputs = self.graph.inputs.iter().enumerate().map(|(value, input)| {
            let (constant, written) = (shape_name(value), self.shape_value(&input.shape));
            let checked = self.on(input.span, &quote!(input), &quote!(#written));
            quote!(#[doc(hidden)] const #constant: #shape = #checked;)
        });
        let nodes = (0..self.graph.nodes.len()).map(|node| self.node_constants(node));
        let now = self.chain.generics.is_none().then(|| quote_spanned!(name.span()=> const _: () = #name::CHECK;));
        quote! {
            #[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
            impl #generics #name #arguments {
                #(#inputs)*
                #(#nodes)*
            }
            #now
        }
    }

    fn node_constants(&self, id: NodeId) -> TokenStream {
        let krate = &self.krate;
        let node = &self.graph.nodes[id];
        let (name, order, span) = (&node.name, self.order_value(), node.spans.op.span());
        let shape = shape_name(self.graph.value(id));
        let field = field_name(self.graph.value(id));
        let mut inputs: Vec<TokenStream> = node.inputs.iter().map(|value| self.shape_constant(*value)).collect();
        if let Some((least, most)) = node.named_axes {
            let input = &inputs[0];
            inputs[0] = self.on(span, &quote!(named_rank), &quote!(#name, #input, #least, #most));
        }
        let receptive = quote!(#krate::__private::arith::receptive::Receptive);
        let fields: Vec<TokenStream> = node.inputs.iter().map(|value| self.field_constant(*value)).collect();
        let (first_field, more_fields) = (&fields[0], &fields[1..]);
        match &node.recipe {
            Recipe::Chain { path } => {
                let gives = self.on(span, &quote!(chain::<#path>), &quote!(#name, &[#(#inputs),*], #order));
                quote! {
                    #[doc(hidden)] const #shape: #krate::Shape = #gives;
                    #[doc(hidden)] const #field: #receptive = #receptive::Whole;
                }
            }
            Recipe::Same => {
                let (input, field_of) = (&inputs[0], &fields[0]);
                quote! {
                    #[doc(hidden)] const #shape: #krate::Shape = #input;
                    #[doc(hidden)] const #field: #receptive = #field_of;
                }
            }
            Recipe::Port { of, port } => {
                let Recipe::Chain { path } = &self.graph.nodes[*of].recipe else { return TokenStream::new() };
                let text = port.value();
                let index = self.on(port.span(), &quote!(port::<#path>), &quote!(#text));
                let chain_inputs = self.graph.nodes[*of].inputs.iter().map(|value| self.shape_constant(*value));
                quote! {
                    #[doc(hidden)] const #shape: #krate::Shape =
                        #krate::__private::check::chain_output::<#path>(#index, &[#(#chain_inputs),*]);
                    #[doc(hidden)] const #field: #receptive = #receptive::Whole;
                }
            }
            _ => {
                let op = op_name(id);
                let value = self.deferred_op(id);
                let operands = node.inputs.iter().map(|value| self.graph.value_name(*value));
                let gives = self.on(
                    span,
                    &quote!(layer),
                    &quote!(#name, &Self::#op, &[#(#inputs),*], #order, &[#(#operands),*]),
                );
                let input = &inputs[0];
                quote! {
                    #[doc(hidden)] const #op: #krate::__private::arith::op::Op = #value;
                    #[doc(hidden)] const #shape: #krate::Shape = #gives;
                    #[doc(hidden)] const #field: #receptive =
                        #first_field #(.joined(#more_fields))* .through(&Self::#op, &#input, &Self::#shape, #order);
                }
            }
        }
    }

    /// A call of one of the library's checks, whose error rustc shows on the user's token.
    ///
    /// The path's token and the parentheses carry its span. The path to the library cannot, so it is imported first.
    pub(super) fn on(&self, span: Span, function: &TokenStream, arguments: &TokenStream) -> TokenStream {
        let krate = &self.krate;
        let function: TokenStream = function
            .clone()
            .into_iter()
            .enumerate()
            .map(|(place, mut token)| {
                if place == 0 {
                    token.set_span(span);
                }
                token
            })
            .collect();
        let call = quote_spanned!(span=> check:: #function (#arguments));
        quote!({ use #krate::__private::check; #call })
    }

    fn field_constant(&self, value: ValueId) -> TokenStream {
        if value < self.graph.inputs.len() {
            let krate = &self.krate;
            return quote!(#krate::__private::arith::receptive::Receptive::INPUT);
        }
        let name = field_name(value);
        quote!(Self::#name)
    }

    /// A receptive field that const evaluation computes.
    pub(super) fn deferred_field(&self, value: ValueId) -> TokenStream {
        let krate = &self.krate;
        let field = self.field_constant(value);
        quote!(#krate::__private::check::field(#field))
    }

    /// A layer with its channels bound and its holes solved.
    fn deferred_op(&self, id: NodeId) -> TokenStream {
        let krate = &self.krate;
        let node = &self.graph.nodes[id];
        let (name, order, span) = (&node.name, self.order_value(), node.spans.op.span());
        let input = self.shape_constant(node.inputs[0]);
        let open: Vec<Ident> =
            node.open().iter().map(|field| Ident::new(&format!("{field:?}"), Span::call_site())).collect();
        let open: Vec<TokenStream> =
            open.iter().map(|field| quote!(#krate::__private::arith::solve::AxisField::#field)).collect();
        let target = self.target(id, node);
        let written = match &node.recipe {
            Recipe::Undo { of, overrides } => {
                let (of_op, of_input) = (op_name(*of), self.shape_constant(self.graph.nodes[*of].inputs[0]));
                let base = self.on(span, &quote!(undo), &quote!(&Self::#of_op, &#of_input, #order));
                let mut fields = self.overrides(overrides);
                if node.inputs.len() > 1 {
                    let weight = self.plain(&WeightFrom::Input);
                    fields.push(quote!(weight: #weight));
                }
                quote!(#krate::__private::arith::op::Op::Conv(#krate::__private::arith::op::Conv { #(#fields,)* ..#base }))
            }
            Recipe::Unpool { of } => {
                let of = op_name(*of);
                quote!(#krate::__private::check::unpool(&Self::#of))
            }
            Recipe::Given(op) if node.holes.contains(&Hole::OutChannels) => {
                let mut op = *op;
                // A placeholder: the target's channels are computed with the shapes.
                let channels = self.on(span, &quote!(channels), &quote!(&#target, #order));
                let stand_in = self.graph.unseen.add(crate::unseen::Expr { value: channels, path: None });
                fields::set(&mut op, "out_channels", &Setting::Int(stand_in));
                self.plain(&op)
            }
            Recipe::Given(op) => self.plain(op),
            Recipe::Again { of } => {
                let of = op_name(*of);
                quote!(Self::#of)
            }
            Recipe::Param { of, param } => {
                let of = op_name(*of);
                quote!(#krate::__private::check::param(&Self::#of, #param))
            }
            Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Same | Recipe::Broken => return TokenStream::new(),
        };
        let inputs = node.inputs.iter().map(|value| self.shape_constant(*value));
        let bound = quote!(#written.bind(&[#(#inputs),*], #order));
        if open.is_empty() {
            return bound;
        }
        let span = node.spans.of(node.holes.first().map(|hole| hole.field()));
        self.on(span, &quote!(fill), &quote!(#name, #bound, &[#(#open),*], &#input, &#target, #order))
    }

    /// What a layer with holes must give.
    fn target(&self, id: NodeId, node: &Node) -> TokenStream {
        if let Some((shape, _)) = &node.comment {
            return self.shape_value(shape);
        }
        if let Some(restores) = &node.restores {
            return self.shape_constant(restores.input);
        }
        let output = crate::check::reached_output(self.graph, id);
        output.map_or(TokenStream::new(), |output| self.shape_value(&self.graph.outputs[output].shape))
    }

    /// The fields after `undo name`, as fields of the struct.
    fn overrides(&self, overrides: &[(&'static str, Setting)]) -> Vec<TokenStream> {
        // Only the fields that are written below are read.
        let mut op = Op::Conv(Conv::new(Dialect::Torch, Direction::Forward, MAX_SPATIAL));
        for (field, setting) in overrides {
            fields::set(&mut op, field, setting);
        }
        let mut written: Vec<&str> = overrides.iter().map(|(field, _)| fields::name_in_op(field)).collect();
        if crate::check::reshapes_undo(overrides) {
            written.push("output_padding");
        }
        let Op::Conv(conv) = op else { return Vec::new() };
        let all = self.plain_fields(&conv).into_iter().filter(|(field, _)| written.contains(field));
        all.map(|(field, value)| {
            let field = Ident::new(field, Span::call_site());
            quote!(#field: #value)
        })
        .collect()
    }

    /// The body of `CHECK`.
    pub(super) fn deferred_checks(&self) -> TokenStream {
        let krate = &self.krate;
        let check = quote!(#krate::__private::check);
        let order = self.order_value();
        let last = self.graph.nodes.iter().enumerate().map(|(id, node)| {
            let name = shape_name(self.graph.value(id));
            // If one fails, rustc reports it again, on the layer and not on the whole chain.
            quote_spanned!(node.spans.op.span()=> let _ = Self::#name;)
        });
        let activations = self.graph.nodes.iter().enumerate().filter_map(|(id, node)| {
            let (name, op) = (&node.name, self.plain(node.activation.as_ref()?));
            let shape = self.shape_constant(self.graph.value(id));
            let arguments = quote!(#name, &#op, &#shape, #order);
            let check = self.on(node.spans.of(Some("activation")), &quote!(activation), &arguments);
            Some(quote!(#check;))
        });
        let claims = self.graph.nodes.iter().enumerate().flat_map(|(id, node)| {
            let name = &node.name;
            let found = self.shape_constant(self.graph.value(id));
            let comment = node.comment.as_ref().map(|(shape, span)| {
                let written = self.shape_value(shape);
                let check = self.on(*span, &quote!(comment), &quote!(#name, &#found, &#written));
                quote!(#check;)
            });
            let restores = node.restores.as_ref().map(|restores| {
                let (of, wanted) = (&restores.name, self.shape_constant(restores.input));
                let (op, input) = self.maker(id);
                let check = self.on(
                    restores.span,
                    &quote!(restores),
                    &quote!(#name, #of, &#found, &#wanted, #op, &#input, #order),
                );
                quote!(#check;)
            });
            [comment, restores]
        });
        let bodies = self.graph.bodies.iter().map(|body| {
            let (name, input, output) = (&body.name, self.shape_constant(body.input), self.shape_constant(body.output));
            let check = self.on(body.span, &quote!(body), &quote!(#name, &#input, &#output));
            quote!(#check;)
        });
        let outputs = self.graph.outputs.iter().filter_map(|output| {
            let value = output.value?;
            let (name, giver) = (&output.name, self.graph.value_name(value));
            let (found, declared) = (self.shape_constant(value), self.shape_value(&output.shape));
            let (op, input) = match self.graph.producer(value) {
                Some(node) => self.maker(node),
                None => (self.plain(&None::<i64>), found.clone()),
            };
            Some(
                quote_spanned!(output.span=> #check::output(#name, #giver, &#found, &#declared, #op, &#input, #order);),
            )
        });
        let claims = claims.flatten();
        quote!(#(#last)* #(#activations)* #(#claims)* #(#bodies)* #(#outputs)*)
    }

    /// The layer that gives a node's value and the layer's input, for the formulas in messages.
    fn maker(&self, node: NodeId) -> (TokenStream, TokenStream) {
        let input = self.shape_constant(self.graph.nodes[node].inputs[0]);
        let op = matches!(
            self.graph.nodes[node].recipe,
            Recipe::Given(_) | Recipe::Undo { .. } | Recipe::Unpool { .. } | Recipe::Again { .. }
        );
        let op = op.then_some(node);
        let op = self.option(op, |node| {
            let name = op_name(node);
            quote!(&Self::#name)
        });
        (op, input)
    }
}

fn shape_name(value: ValueId) -> Ident {
    format_ident!("__SHAPE_{value}")
}

fn field_name(value: ValueId) -> Ident {
    format_ident!("__FIELD_{value}")
}

pub(super) fn op_name(node: NodeId) -> Ident {
    format_ident!("__OP_{node}")
}

/// The sub-chains in the order of their steps.
pub(super) fn chains(graph: &Graph) -> impl Iterator<Item = (NodeId, &TokenStream)> {
    graph.nodes.iter().enumerate().filter_map(|(id, node)| match &node.recipe {
        Recipe::Chain { path } => Some((id, path)),
        _ => None,
    })
}
