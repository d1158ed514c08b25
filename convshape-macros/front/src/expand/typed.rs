//! A literal chain as a layer of the library's module `typed`. A macro of the library receives it, and drops it if the
//! library was built without that module.

use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Expansion;

impl Expansion<'_> {
    /// The implementations of `typed::Layer`; none if a size is known only to const evaluation or at run time.
    pub(super) fn typed_layer(&self, inputs: &[Shape], outputs: &[Shape]) -> TokenStream {
        let literal = self.chain.generics.is_none() && !self.graph.deferred();
        if !literal || !inputs.iter().chain(outputs).all(Self::is_fixed) {
            return TokenStream::new();
        }
        let (krate, name) = (&self.krate, &self.chain.name);
        let tensor = |shape: &Shape| {
            let shape = self.shape_type(shape);
            quote!(#krate::Tensor<#krate::__private::core::primitive::f32, #shape>)
        };
        let given = match outputs {
            [output] => tensor(output),
            _ => {
                let outputs = outputs.iter().map(tensor);
                quote!((#(#outputs),*))
            }
        };
        match (inputs, outputs) {
            ([input], [output]) => {
                let taken = tensor(input);
                let shapes = match (self.typed_shape(input), self.typed_shape(output)) {
                    (Some(from), Some(to)) => quote!(#from => #to),
                    _ => TokenStream::new(),
                };
                quote!(#krate::__typed_layer! { #name(#taken) -> #given, #shapes })
            }
            ([input], _) => {
                let taken = tensor(input);
                quote!(#krate::__typed_layer! { #name(#taken) -> #given, })
            }
            _ => {
                let taken = inputs.iter().map(tensor);
                let places = (0..inputs.len()).map(Literal::usize_unsuffixed);
                quote!(#krate::__typed_layer! { #name(#(#taken => #places),*) -> #given })
            }
        }
    }

    /// `typed::Chw<U1, U28, U28>`, with sizes as binary digits, because not every size has a name.
    fn typed_shape(&self, shape: &Shape) -> Option<TokenStream> {
        let krate = &self.krate;
        let name = match (shape.rank(), self.graph.order()) {
            (1, _) => quote!(C),
            (2, AxisOrder::ChannelsFirst) => quote!(Cl),
            (2, AxisOrder::ChannelsLast) => quote!(Lc),
            (3, AxisOrder::ChannelsFirst) => quote!(Chw),
            (3, AxisOrder::ChannelsLast) => quote!(Hwc),
            (4, AxisOrder::ChannelsFirst) => quote!(Cdhw),
            (4, AxisOrder::ChannelsLast) => quote!(Dhwc),
            _ => return None,
        };
        let digits = quote!(#krate::typed::typenum);
        let size = |number: i64| {
            let places = (0..i64::BITS - number.leading_zeros()).rev();
            places.fold(quote!(#digits::UTerm), |above, place| match number >> place & 1 {
                0 => quote!(#digits::UInt<#above, #digits::B0>),
                _ => quote!(#digits::UInt<#above, #digits::B1>),
            })
        };
        // As in the other types: unknown or absurd sizes were reported as errors.
        let known = |number: &i64| !self.refused || (0..=1 << 20).contains(number);
        let sizes = shape.sizes().iter().map(|number| size(number.number().filter(known).unwrap_or(1)));
        Some(quote!(#krate::typed::#name<#(#sizes),*>))
    }
}
