//! The method that gives the model with its compiled-in weights.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Expansion;

impl Expansion<'_> {
    /// `pretrained`, where the chain names a file.
    pub(super) fn pretrained(&self) -> TokenStream {
        let Some(text) = &self.chain.headers.weights else { return TokenStream::new() };
        let krate = &self.krate;
        let core = quote!(#krate::__private::core);
        let doc = format!("The model with the weights of `{}`, which are compiled in.", text.value());
        let body = match self.weights.filter(|_| !self.refused) {
            // Signatures only: it does not come to run.
            None => quote!(#krate::__private::pretrained(&[], &[])),
            Some(file) => {
                let path = &file.path;
                // Borrowed from the file's first byte on, so that the compiler looks at the file again
                // when it changes.
                let tensors = file.tensors(self.graph, self.checked).into_iter().map(|(name, tensor)| {
                    let kind = format_ident!("{}", tensor.dtype);
                    let (start, end) = tensor.bytes;
                    let start = Literal::u64_unsuffixed(file.header.end + start);
                    let end = Literal::u64_unsuffixed(file.header.end + end);
                    quote! {
                        #krate::__private::Stored {
                            name: #name,
                            kind: #krate::__private::Float::#kind,
                            bytes: (#start, #end),
                        }
                    }
                });
                quote! {
                    static FILE: &#krate::__private::Aligned<[u8]> =
                        &#krate::__private::Aligned(*#core::include_bytes!(#path));
                    #krate::__private::pretrained(&FILE.0, &[#(#tensors),*])
                }
            }
        };
        quote! {
            #[doc = #doc]
            ///
            /// Nothing is read when it is called, and nothing can fail: names, types and shapes were checked while
            /// this was compiled. Numbers were not; an infinity or NaN in the file is one in the model.
            #[must_use]
            pub fn pretrained() -> Self {
                #body
            }
        }
    }
}
