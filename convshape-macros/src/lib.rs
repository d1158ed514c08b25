//! The macro behind `convshape::conv_chain!`: the crate `convshape-front`, called by the compiler.

/// The macro that `convshape::conv_chain!` calls, whose page is the reference. Expects the library's path in brackets in
/// front, which that macro puts there.
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
