//! The macro behind `convshape::conv_chain!`, which calls the crate `convshape-front`.

/// The macro that `convshape::conv_chain!` calls. The page of that macro is the reference. Expects the library's path
/// in brackets before the chain; `conv_chain!` puts it there.
#[proc_macro]
pub fn conv_chain(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    convshape_front::expand(tokens.into()).into()
}

/// The words of the language as items, for the library's module `layers`.
#[doc(hidden)]
#[proc_macro]
pub fn layer_words(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    convshape_front::layer_words().into()
}
