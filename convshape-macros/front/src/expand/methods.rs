//! The inherent methods of a model.

use convshape_arith::shape::Shape;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::Expansion;
use crate::unseen::visible;
use crate::words::list;

impl Expansion<'_> {
    /// The inherent methods.
    pub(super) fn methods(&self) -> TokenStream {
        let krate = &self.krate;
        let name = &self.chain.name;
        let core = quote!(#krate::__private::core);
        let inputs: Vec<_> = self.graph.inputs.iter().map(|input| input.shape).collect();
        let mut outputs = self.outputs();
        if outputs.is_empty() {
            // Error case. `()` would be the type of no outputs and cause errors of its own.
            outputs.push(Shape::unknown(1));
        }
        let (pretrained, weight_checks) = (self.pretrained(), self.deferred_weights());
        let (dataset, data_checks) = (self.dataset(), self.deferred_data());
        let (generics, arguments) = self.generics();
        let checks = if self.deferred() { self.deferred_checks() } else { self.array_checks() };
        let checked = self.checked();
        let forward = self.forward_methods(&inputs, &outputs);
        let batch = self.batch_methods(&inputs, &outputs);
        let whole = self.whole_ports(&inputs, &outputs);
        let typed = self.typed_layer(&inputs, &outputs);
        quote! {
            #whole

            impl #generics #name #arguments {
                /// The shapes of this chain were checked while it compiled.
                pub const CHECK: () = { #checks #weight_checks #data_checks };

                #krate::__alloc! {
                    /// A model with random parameters, initialised like the dialect's framework.
                    #[must_use]
                    pub fn init(rng: &mut impl #krate::rand::Rng) -> Self {
                        #checked
                        #krate::__private::init(rng)
                    }

                    /// The layers as a table: outputs, parameters, multiply-adds, receptive fields.
                    #[must_use]
                    pub fn summary() -> #krate::Summary {
                        #checked
                        #krate::__private::summary::<Self>()
                    }
                }

                /// A model that borrows its parameters from one array: layer by layer, and within a layer in the order
                /// of its fields. Nothing is copied.
                ///
                /// # Errors
                /// If the array does not have as many elements as the model.
                pub fn from_static(
                    weights: &'static [#krate::__private::core::primitive::f32],
                ) -> #core::result::Result<Self, #krate::ShapeError> {
                    #checked
                    #krate::__private::from_static(weights)
                }

                #pretrained

                #dataset

                #forward

                #batch
            }

            #krate::__weight_files! { [#generics] #name #arguments }
            #typed
        }
    }

    /// A generic chain is checked where it is used; reading the constant forces the check.
    fn checked(&self) -> Option<TokenStream> {
        self.chain.generics.is_some().then(|| quote!(let () = Self::CHECK;))
    }

    /// The methods that run one sample, if all sizes are in the types.
    fn forward_methods(&self, inputs: &[Shape], outputs: &[Shape]) -> Option<TokenStream> {
        if !inputs.iter().chain(outputs).all(Self::is_fixed) {
            return None;
        }
        let krate = &self.krate;
        let checked = self.checked();
        let shapes = |shapes: &[Shape], whole| tuple(shapes.iter().map(|shape| self.port_type(shape, whole)));
        let (input_shapes, output_shapes) = (shapes(inputs, "Input"), shapes(outputs, "Output"));
        let tensor = |shape: &Shape, whole: &str| {
            let shape = self.port_type(shape, whole);
            quote!(#krate::Tensor<#krate::__private::core::primitive::f32, #shape>)
        };
        let input_tensors = tuple(inputs.iter().map(|shape| {
            let tensor = tensor(shape, "Input");
            quote!(&#tensor)
        }));
        let output_tensors = tuple(outputs.iter().map(|shape| tensor(shape, "Output")));
        let doc = format!("Runs one sample: {} to {}.", shape_list(inputs), shape_list(outputs));
        Some(quote! {
            #krate::__alloc! {
                #[doc = #doc]
                ///
                /// # Panics
                /// If a parameter was replaced by one of a different shape.
                #[must_use]
                pub fn forward(&self, x: #input_tensors) -> #output_tensors {
                    #checked
                    #krate::__private::forward(self, x)
                }
            }

            /// Like `forward`, but between tensors or nested arrays in the caller's memory. After the first run, which
            /// packs the weights, it does not allocate.
            ///
            /// # Panics
            /// If a parameter was replaced by one of a different shape.
            pub fn forward_into(
                &self,
                x: impl #krate::__private::InputSlices<#input_shapes>,
                y: impl #krate::__private::OutputSlices<#output_shapes>,
                workspace: &mut impl #krate::Memory,
            ) {
                #checked
                #krate::__private::forward_into(self, x, y, workspace)
            }
        })
    }

    /// The methods that take arrays with a batch axis: `forward_batch`, and those for gradients.
    fn batch_methods(&self, inputs: &[Shape], outputs: &[Shape]) -> TokenStream {
        let krate = &self.krate;
        let core = quote!(#krate::__private::core);
        let checked = self.checked();
        let view = |shape| {
            let dimension = self.batch_dimension(shape);
            quote!(#krate::ndarray::ArrayView<'_, #krate::__private::core::primitive::f32, #dimension>)
        };
        let array = |shape| {
            let dimension = self.batch_dimension(shape);
            quote!(#krate::ndarray::Array<#krate::__private::core::primitive::f32, #dimension>)
        };
        let (input_views, output_views) = (tuple(inputs.iter().map(view)), tuple(outputs.iter().map(view)));
        let (input_arrays, output_arrays) = (tuple(inputs.iter().map(array)), tuple(outputs.iter().map(array)));
        let doc = format!("Runs a batch, the batch axis first: {} to {}.", shape_list(inputs), shape_list(outputs));
        quote! {
            #krate::__ndarray! {
                #[doc = #doc]
                ///
                /// # Errors
                /// If an input does not have that shape; the error names the axis.
                pub fn forward_batch(
                    &self,
                    x: #input_views,
                ) -> #core::result::Result<#output_arrays, #krate::ShapeError> {
                    #checked
                    #krate::__private::forward_batch(self, x)
                }
            }

            #krate::__training! { x: #input_views, dy: #output_views, dx: #input_arrays }
        }
    }

    /// What `Input<Self>` and `Output<Self>` depend on: the number of axes.
    fn whole_ports(&self, inputs: &[Shape], outputs: &[Shape]) -> TokenStream {
        if self.chain.generics.is_none() && !self.deferred() {
            return TokenStream::new();
        }
        let krate = &self.krate;
        let name = &self.chain.name;
        let (generics, arguments) = self.generics();
        let rank = |shapes: &[Shape]| {
            let rank = shapes.first().map_or(1, Shape::rank);
            let rank = Ident::new(&format!("Rank{rank}"), name.span());
            quote!(#krate::__private::#rank)
        };
        let (input, output) = (rank(inputs), rank(outputs));
        quote! {
            impl #generics #krate::__private::Ends for #name #arguments {
                type InputRank = #input;
                type OutputRank = #output;
            }
        }
    }
}

/// A single type by itself, several as a tuple.
fn tuple(types: impl Iterator<Item = TokenStream>) -> TokenStream {
    let types: Vec<TokenStream> = types.collect();
    match types.as_slice() {
        [only] => quote!(#only),
        _ => quote!((#(#types),*)),
    }
}

/// Shapes in a sentence, with the macro's placeholders left out.
fn shape_list(shapes: &[Shape]) -> String {
    list(shapes.iter().map(visible))
}
