//! Code for data files: the compiler watches them for changes, and the program opens them at run time.

use convshape_arith::data::Labels;
use convshape_arith::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Expansion;
use crate::data::{DataArrays, Paired, is_probability, labels, port_name, port_shape};
use crate::diagnose::brief;
use crate::unseen::visible;

impl Expansion<'_> {
    /// `dataset`, where the chain names data.
    pub(super) fn dataset(&self) -> TokenStream {
        let Some(header) = &self.chain.headers.data else { return TokenStream::new() };
        let krate = &self.krate;
        let core = quote!(#krate::__private::core);
        let files: Vec<String> = header.files.iter().map(|file| format!("`{}`", file.value())).collect();
        let doc = format!("The arrays of {}, as inputs and targets.", files.join(" and "));
        let (paths, arrays) = match self.data.filter(|_| !self.refused) {
            // Signatures only: this code never runs.
            None => (&[][..], Vec::new()),
            Some(DataArrays { files, arrays }) => {
                (files.as_slice(), arrays.iter().map(|paired| self.stored_array(paired)).collect())
            }
        };
        // Makes the compiler watch the files. The function is never called, and its contents are not part of the
        // program.
        let tracked = paths.iter().map(|path| quote!(let _ = #core::include_bytes!(#path);));
        quote! {
            #[doc(hidden)]
            #[allow(dead_code)]
            const __DATA: () = {
                #[allow(dead_code)]
                fn __files() {
                    #(#tracked)*
                }
            };

            #krate::__training_data! {
                #[doc = #doc]
                ///
                /// Opens the files from where they were at compile time, and checks them again.
                ///
                /// # Errors
                /// If a file cannot be read, or has changed in a way that no longer fits.
                pub fn dataset() -> #core::result::Result<#krate::train::data::Files, #krate::train::DataError> {
                    #krate::__private::dataset::<Self>(&[#(#paths),*], &[#(#arrays),*])
                }
            }
        }
    }

    /// `(0, "images", 0)`: the file, the array's name, its port.
    fn stored_array(&self, paired: &Paired) -> TokenStream {
        let (file, port) = (Literal::usize_unsuffixed(paired.file), Literal::usize_unsuffixed(paired.port));
        let name = &paired.array.name;
        quote!((#file, #name, #port))
    }

    /// What const evaluation checks about the data: ports whose sizes the macro cannot see.
    pub(super) fn deferred_data(&self) -> TokenStream {
        let Some(of) = self.data.filter(|_| self.deferred()) else { return TokenStream::new() };
        let order = self.order_value();
        let checks = of.arrays.iter().map(|paired| {
            let (shape, output) = match paired.port.checked_sub(self.graph.inputs.len()) {
                None => (self.graph.inputs[paired.port].shape, false),
                Some(output) => (self.outputs()[output], true),
            };
            if known(&shape) {
                return TokenStream::new();
            }
            let shape = match (output, self.graph.outputs.get(paired.port.wrapping_sub(self.graph.inputs.len()))) {
                (true, Some(output)) => match output.value {
                    Some(value) => self.shape_of(value),
                    None => return TokenStream::new(),
                },
                _ => self.shape_of(paired.port),
            };
            let krate = &self.krate;
            let (core, data) = (quote!(#krate::__private::core), quote!(#krate::__private::arith::data));
            let (name, port) = (brief(&paired.array.name), port_name(self.graph, paired.port));
            let sizes = paired.array.shape.iter().map(|size| Literal::usize_unsuffixed(*size));
            let (dtype, whole) = (paired.array.dtype.to_string(), paired.array.dtype.is_whole());
            let found = quote!(#data::Found { name: #name, shape: &[#(#sizes),*], dtype: #dtype, whole: #whole });
            // Elements that cannot be read are an error when the file is opened.
            let labels = match (output && whole).then(|| labels(of, paired)) {
                Some(Ok(labels)) => {
                    let Labels { range: (low, high), two, map, candidates } = labels.stored();
                    let (low, high) = (Literal::i64_suffixed(low), Literal::i64_suffixed(high));
                    let candidates = candidates.iter().map(|(label, sample)| {
                        let (label, sample) = (Literal::i64_suffixed(*label), Literal::usize_suffixed(*sample));
                        quote!((#label, #sample))
                    });
                    let is = port_shape(self.graph, self.checked, paired.port);
                    let probability = is_probability(self.graph, self.checked, paired, &is);
                    quote!(#core::option::Option::Some((
                        #data::Labels { range: (#low, #high), two: #two, map: #map, candidates: &[#(#candidates),*] },
                        #probability
                    )))
                }
                Some(Err(_)) | None => quote!(#core::option::Option::None),
            };
            let check = self.on(
                paired.span,
                &quote!(data),
                &quote!(&#found, #port, &#data::ArrayPort { shape: &#shape, order: #order, output: #output }, #labels),
            );
            quote!(#check;)
        });
        quote!(#(#checks)*)
    }
}

/// Whether the macro sees every size.
fn known(shape: &Shape) -> bool {
    visible(shape) == *shape && shape.is_known()
}
