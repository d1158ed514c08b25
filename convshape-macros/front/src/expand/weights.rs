//! The method that returns the model with its compiled-in weights.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Expansion;
use crate::graph::Recipe;
use crate::weights::Tensor;

impl Expansion<'_> {
    /// `pretrained`, where the chain names a file.
    pub(super) fn pretrained(&self) -> TokenStream {
        let Some(text) = &self.chain.headers.weights else { return TokenStream::new() };
        let krate = &self.krate;
        let core = quote!(#krate::__private::core);
        let doc = format!("The model with the weights of `{}`, which are compiled in.", text.value());
        let (tensors, file) = match self.weights.filter(|_| !self.refused) {
            // Signatures only: this code never runs.
            None => (Vec::new(), quote!(*b"")),
            Some(file) => {
                let tensors = file.tensors(self.graph, self.checked);
                let tensors = tensors.into_iter().map(|(name, tensor)| self.stored(name, tensor, file.header.end));
                let path = &file.path;
                // Embeds the file, so that the compiler notices when it changes.
                (tensors.collect(), quote!(*#core::include_bytes!(#path)))
            }
        };
        // A generic chain is checked where it is used.
        let checked = self.chain.generics.is_some().then(|| quote!(let () = Self::CHECK;));
        quote! {
            #[doc(hidden)]
            const __TENSORS: &'static [#krate::__private::Stored] = &[#(#tensors),*];

            #[doc = #doc]
            ///
            /// Nothing is read when it is called and nothing can fail, because names, types, shapes and elements were
            /// checked at compile time.
            #[must_use]
            pub fn pretrained() -> Self {
                #checked
                const { #krate::__private::check_plain(Self::__TENSORS) };
                static FILE: &#krate::__private::Aligned<[#core::primitive::u8]> = &#krate::__private::Aligned(#file);
                #krate::__private::pretrained(&FILE.0, Self::__TENSORS)
            }
        }
    }

    /// A tensor of a file with a header that ends at `header`.
    fn stored(&self, name: &str, tensor: &Tensor, header: u64) -> TokenStream {
        let krate = &self.krate;
        let kind = format_ident!("{}", tensor.dtype);
        let sizes = tensor.shape.iter().map(|size| Literal::usize_unsuffixed(*size));
        let (start, end) = tensor.bytes;
        let (start, end) = (Literal::u64_unsuffixed(header + start), Literal::u64_unsuffixed(header + end));
        quote! {
            #krate::__private::Stored {
                name: #name,
                shape: &[#(#sizes),*],
                kind: #krate::__private::Float::#kind,
                bytes: (#start, #end),
            }
        }
    }

    /// What const evaluation checks about the weights: every layer, in case the macro has not seen it.
    pub(super) fn deferred_weights(&self) -> TokenStream {
        if self.weights.is_none() || !self.deferred() {
            return TokenStream::new();
        }
        let checks = self.graph.nodes.iter().enumerate().map(|(id, node)| {
            let (name, file_name, span) = (&node.name, &node.file_name, node.spans.op.span());
            let tensors = quote!(Self::__TENSORS);
            if node.first_run.is_some() {
                return TokenStream::new();
            }
            let check = match &node.recipe {
                Recipe::Chain { path } => {
                    self.on(span, &quote!(chain_weights::<#path>), &quote!(#name, #file_name, #tensors))
                }
                Recipe::Given(_) | Recipe::Undo { .. } => {
                    let Some(op) = self.op_of(id) else { return TokenStream::new() };
                    self.on(span, &quote!(weights), &quote!(#name, #file_name, &#op, #tensors))
                }
                Recipe::Unpool { .. }
                | Recipe::Again { .. }
                | Recipe::Port { .. }
                | Recipe::Param { .. }
                | Recipe::Same
                | Recipe::Broken => {
                    return TokenStream::new();
                }
            };
            quote!(#check;)
        });
        quote!(#(#checks)*)
    }
}
