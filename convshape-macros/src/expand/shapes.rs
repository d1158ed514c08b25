//! Shapes as tokens: as values and as types.

use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Expansion;

impl Expansion<'_> {
    /// `Shape::of(&[16, 14, 14])`
    pub(super) fn shape_value(&self, shape: &Shape) -> TokenStream {
        let krate = &self.krate;
        let arith = quote!(#krate::__private::arith);
        if shape.is_known() {
            let sizes = shape.sizes().iter().map(|size| Literal::i64_unsuffixed(size.number().unwrap_or(1)));
            return quote!(#arith::shape::Shape::of(&[#(#sizes),*]));
        }
        let sizes = shape.sizes().iter().map(|size| match size {
            Size::Number(n) => {
                let n = Literal::i64_unsuffixed(*n);
                quote!(#arith::size::Size::Number(#n))
            }
            _ => quote!(#arith::size::Size::Unknown),
        });
        quote!(#arith::shape::Shape::new(&[#(#sizes),*], &[]))
    }

    /// `Chw<16, 14, 14>`
    pub(super) fn shape_type(&self, shape: &Shape) -> TokenStream {
        let krate = &self.krate;
        let sizes = shape.sizes().iter().map(|size| {
            // What is not known was refused; the type only keeps the rest of the code alive.
            Literal::i64_unsuffixed(
                size.number().filter(|size| (0..=1 << 20).contains(size) || !self.refused).unwrap_or(1),
            )
        });
        let last = self.graph.order() == AxisOrder::ChannelsLast;
        let name = match (shape.rank(), last) {
            (0 | 1, _) => quote!(C),
            (2, false) => quote!(Cl),
            (2, true) => quote!(Lc),
            (3, false) => quote!(Chw),
            (3, true) => quote!(Hwc),
            (4, false) => quote!(Cdhw),
            (4, true) => quote!(Dhwc),
            (5, _) => quote!(Dims5),
            _ => quote!(Dims6),
        };
        quote!(#krate::#name<#(#sizes),*>)
    }

    /// `ndarray::Ix4`: the axes of a batch.
    pub(super) fn batch_dimension(&self, shape: &Shape) -> TokenStream {
        let krate = &self.krate;
        match shape.rank() + 1 {
            2 => quote!(#krate::ndarray::Ix2),
            3 => quote!(#krate::ndarray::Ix3),
            4 => quote!(#krate::ndarray::Ix4),
            5 => quote!(#krate::ndarray::Ix5),
            6 => quote!(#krate::ndarray::Ix6),
            _ => quote!(#krate::ndarray::IxDyn),
        }
    }
}
