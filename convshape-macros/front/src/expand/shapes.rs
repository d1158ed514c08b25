//! Shapes as tokens: as values and as types.

use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::Expansion;
use crate::unseen::Expr;

impl Expansion<'_> {
    /// `Shape::of(&[16, 14, 14])`
    pub(super) fn shape_value(&self, shape: &Shape) -> TokenStream {
        let krate = &self.krate;
        let arith = quote!(#krate::__private::arith);
        if let Some(numbers) = shape.sizes().iter().map(|size| size.number()).collect::<Option<Vec<i64>>>() {
            let sizes = numbers.into_iter().map(|number| self.int(number));
            return quote!(#arith::shape::Shape::of(&[#(#sizes),*]));
        }
        let sizes = shape.sizes().iter().map(|size| match size {
            Size::Number(n) => {
                let n = self.int(*n);
                quote!(#arith::size::Size::Number(#n))
            }
            Size::Symbolic { scale, symbol, offset } => {
                let (scale, offset) = (self.int(*scale), self.int(*offset));
                quote!(#arith::size::Size::Symbolic { scale: #scale, symbol: #symbol, offset: #offset })
            }
            Size::Unknown => quote!(#arith::size::Size::Unknown),
        });
        let symbols = self.graph.symbols.iter().map(|symbol| {
            let (name, low, high) = (symbol.name, self.int(symbol.low), self.int(symbol.high));
            quote!(#arith::size::Symbol { name: #name, low: #low, high: #high })
        });
        quote!(#arith::shape::Shape::new(&[#(#sizes),*], &[#(#symbols),*]))
    }

    /// Whether every size of a shape is fixed once the type is known.
    pub(super) fn is_fixed(shape: &Shape) -> bool {
        !shape.sizes().iter().any(|size| matches!(size, Size::Symbolic { .. }))
    }

    /// The type of a port's shape. If stable Rust cannot express it, `Output<Self>`, which the chain defines.
    pub(super) fn port_type(&self, shape: &Shape, whole: &str) -> TokenStream {
        let krate = &self.krate;
        let writable = |size: &Size| match size {
            Size::Number(number) => match self.graph.unseen.get(*number) {
                Some(expr) => expr.path.is_some() || self.chain.generics.is_none(),
                None => true,
            },
            _ => !self.deferred(),
        };
        if shape.sizes().iter().all(writable) {
            return self.shape_type(shape);
        }
        let whole = Ident::new(whole, Span::call_site());
        quote!(#krate::#whole<Self>)
    }

    /// `Chw<16, 14, 14>`
    pub(super) fn shape_type(&self, shape: &Shape) -> TokenStream {
        let krate = &self.krate;
        let sizes = shape.sizes().iter().map(|size| {
            match size.number().map(|number| (number, self.graph.unseen.get(number))) {
                // Without braces Rust would take `cfg::C` for a type.
                Some((_, Some(Expr { path: Some(path), .. }))) if path.clone().into_iter().nth(1).is_some() => {
                    quote!({ #path })
                }
                Some((_, Some(Expr { path: Some(path), .. }))) => path,
                Some((_, Some(Expr { value, .. }))) => {
                    quote!({ (#value) as #krate::__private::core::primitive::usize })
                }
                Some((number, None)) if !self.refused || (0..=1 << 20).contains(&number) => {
                    let number = Literal::i64_unsuffixed(number);
                    quote!(#number)
                }
                // Unknown sizes were reported as errors; the type only keeps the rest of the code compiling.
                _ => quote!(1),
            }
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
