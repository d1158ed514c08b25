//! A layer as tokens: the constant in the program.

use convshape_arith::op::{Constant, Custom, Plain, TypeName, Visitor};
use convshape_arith::shape::Shape;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use super::Expansion;

impl Expansion<'_> {
    /// A number, or the expression that it is a placeholder for.
    pub(super) fn int(&self, value: i64) -> TokenStream {
        if let Some(expr) = self.graph.unseen.get(value) {
            return expr.value;
        }
        let value = Literal::i64_unsuffixed(value);
        quote!(#value)
    }

    pub(super) fn option<T>(&self, value: Option<T>, tokens: impl Fn(T) -> TokenStream) -> TokenStream {
        let krate = &self.krate;
        match value {
            Some(value) => {
                let value = tokens(value);
                quote!(#krate::__private::core::option::Option::Some(#value))
            }
            None => quote!(#krate::__private::core::option::Option::None),
        }
    }

    /// A layer, or a part of one.
    pub(super) fn plain(&self, value: &dyn Plain) -> TokenStream {
        self.written(value).tokens
    }

    /// The fields of a struct.
    pub(super) fn plain_fields(&self, value: &dyn Plain) -> Vec<(&'static str, TokenStream)> {
        self.written(value).fields
    }

    fn written(&self, value: &dyn Plain) -> OpWriter<'_> {
        let mut writer = OpWriter { expansion: self, tokens: TokenStream::new(), fields: Vec::new() };
        value.visit(&mut writer);
        writer
    }
}

/// Writes one value.
struct OpWriter<'a> {
    expansion: &'a Expansion<'a>,
    tokens: TokenStream,
    /// The fields, if it is a struct.
    fields: Vec<(&'static str, TokenStream)>,
}

impl Visitor for OpWriter<'_> {
    fn int(&mut self, value: i64) {
        self.tokens = self.expansion.int(value);
    }

    fn count(&mut self, value: usize) {
        self.tokens = quote!(#value);
    }

    fn real(&mut self, value: f64) {
        self.tokens = match self.expansion.graph.unseen.get_real(value) {
            Some(expr) => expr.value,
            None if value.is_finite() => {
                let value = Literal::f64_suffixed(value);
                quote!(#value)
            }
            // Infinity has no literal.
            None => {
                let sign = if value < 0.0 { quote!(-) } else { quote!() };
                quote!((#sign 1.0_f64 / 0.0_f64))
            }
        };
    }

    fn truth(&mut self, value: bool) {
        self.tokens = quote!(#value);
    }

    fn option(&mut self, value: Option<&dyn Plain>) {
        self.tokens = self.expansion.option(value, |value| self.expansion.plain(value));
    }

    fn list(&mut self, values: &[&dyn Plain]) {
        let values = values.iter().map(|value| self.expansion.plain(*value));
        self.tokens = quote!([#(#values),*]);
    }

    fn pair(&mut self, values: [&dyn Plain; 2]) {
        let [first, second] = values.map(|value| self.expansion.plain(value));
        self.tokens = quote!((#first, #second));
    }

    fn shape(&mut self, shape: &Shape) {
        self.tokens = self.expansion.shape_value(shape);
    }

    fn constant(&mut self, constant: &Constant) {
        let (krate, path) = (&self.expansion.krate, self.expansion.graph.unseen.array(constant));
        self.tokens = quote!(#krate::__private::arith::op::Constant::of(&#path));
    }

    fn custom(&mut self, layer: &Custom) {
        let (krate, path) = (&self.expansion.krate, self.expansion.graph.unseen.custom(layer));
        self.tokens = quote!(#krate::__private::arith::op::Custom::of(#krate::__private::custom_type::<#path>()));
    }

    fn fields(&mut self, name: TypeName, fields: &[(&'static str, &dyn Plain)]) {
        let ident = |name: &str| Ident::new(name, Span::call_site());
        let krate = &self.expansion.krate;
        let (module, ty, variant) = (ident(name.module), ident(name.name), name.variant.map(ident));
        let variant = variant.map(|variant| quote!(::#variant));
        self.fields = fields.iter().map(|(field, value)| (*field, self.expansion.plain(*value))).collect();
        let written = match self.fields.as_slice() {
            [] => quote!(),
            [("", value)] => quote!((#value)),
            fields => {
                let (names, values): (Vec<Ident>, Vec<&TokenStream>) =
                    fields.iter().map(|(field, value)| (ident(field), value)).unzip();
                quote!({ #(#names: #values),* })
            }
        };
        self.tokens = quote!(#krate::__private::arith::#module::#ty #variant #written);
    }
}
