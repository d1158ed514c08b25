//! The struct with its parameters.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::Expansion;
use super::distinct::plain;
use super::docs::after;
use crate::groups::{FieldDocs, FieldKind, LayerParam, ModelStruct, camel};

/// How many fields one function visits.
const FIELDS_A_PART: usize = 64;

/// A field of a struct in code.
struct FieldTokens {
    name: Ident,
    docs: TokenStream,
    ty: TokenStream,
}

impl Expansion<'_> {
    /// The model's struct and those of its blocks and repeats.
    pub(super) fn model(&self) -> TokenStream {
        let mut pieces = TokenStream::new();
        let doc = format!("Parameters of [`{}`].", self.chain.name);
        // Whether each struct has the chain's generic parameters: one after those that it contains.
        let mut generic = Vec::new();
        for group in &self.groups.structs {
            let fields = self.fields(group, &generic, &mut pieces);
            let parameters = if self.is_generic(group, &generic) { self.generics() } else { Default::default() };
            generic.push(!parameters.0.is_empty());
            pieces.extend(self.group_items(&group.name, &quote!(#[doc = #doc]), &fields, parameters, false));
        }
        let attrs = &self.chain.attrs;
        let docs = self.struct_docs();
        let fields = self.fields(&self.groups.root, &generic, &mut pieces);
        let body = self.group_items(&self.chain.name, &quote!(#attrs #docs), &fields, self.generics(), true);
        quote!(#body #pieces)
    }

    /// Whether the type of a field mentions a generic parameter of the chain.
    fn is_generic(&self, group: &ModelStruct, generic: &[bool]) -> bool {
        let parameters: Vec<String> = match &self.chain.generics {
            Some(generics) => super::parameters(generics.clone()).iter().map(ToString::to_string).collect(),
            None => return false,
        };
        group.fields.iter().any(|field| match &field.kind {
            FieldKind::Layer(_) => false,
            FieldKind::Chain(path) | FieldKind::Custom(path) => mentions(path.0.clone(), &parameters),
            FieldKind::Group(index) | FieldKind::Turns { group: index, .. } => generic[*index],
        })
    }

    /// The fields of a struct. Layers whose parameters differ between uses get a struct of their own, which is added to
    /// `pieces`.
    fn fields(&self, group: &ModelStruct, generic: &[bool], pieces: &mut TokenStream) -> Vec<FieldTokens> {
        let krate = &self.krate;
        let of_group = |index: usize| {
            let (ty, (_, arguments)) = (&self.groups.structs[index].name, self.generics());
            if generic[index] { quote!(#ty #arguments) } else { quote!(#ty) }
        };
        let fields = group.fields.iter().map(|field| {
            let name = &field.name;
            let ty = match &field.kind {
                FieldKind::Layer(parts) => self.layer_type(group, name, parts, pieces),
                FieldKind::Chain(path) => path.0.clone(),
                FieldKind::Custom(path) => {
                    let path = &path.0;
                    quote!(#krate::CustomParams<#path>)
                }
                FieldKind::Group(index) => of_group(*index),
                FieldKind::Turns { group, least, most } => {
                    let (ty, same, most) = (of_group(*group), least == most, plain(*most));
                    if same { quote!([#ty; #most]) } else { quote!(#krate::Turns<#ty, #most>) }
                }
            };
            let docs = match &field.docs {
                FieldDocs::Layer(node) => self.layer_docs(*node),
                FieldDocs::Other(docs) => match &field.kind {
                    FieldKind::Turns { .. } => after(docs, format!("The parameters of `{name}`, a turn each.")),
                    _ => after(docs, format!("The parameters of `{name}`.")),
                },
            };
            let ty = if field.optional { quote!(#krate::__private::core::option::Option<#ty>) } else { ty };
            FieldTokens { name: name.clone(), docs, ty }
        });
        fields.collect()
    }

    /// The type of a layer's parameters.
    fn layer_type(
        &self,
        group: &ModelStruct,
        name: &Ident,
        parts: &[LayerParam],
        pieces: &mut TokenStream,
    ) -> TokenStream {
        let krate = &self.krate;
        let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
        let known = match names.as_slice() {
            _ if parts.iter().any(|part| part.optional) => None,
            // A `Parameter`.
            [""] => Some(quote!(Param)),
            ["weight"] => Some(quote!(Weight)),
            ["bias"] => Some(quote!(Bias)),
            ["weight", "bias"] => Some(quote!(WeightBias)),
            ["depthwise_weight", "pointwise_weight"] => Some(quote!(SeparableWeights)),
            ["depthwise_weight", "pointwise_weight", "bias"] => Some(quote!(SeparableWeightsBias)),
            ["running_mean", "running_var"] => Some(quote!(Statistics)),
            ["weight", "bias", "running_mean", "running_var"] => Some(quote!(Normalisation)),
            _ => None,
        };
        if let Some(known) = known {
            return quote!(#krate::#known);
        }
        let ty = format_ident!("{}{}", group.name, camel(&name.to_string()), span = name.span());
        let fields: Vec<FieldTokens> = parts
            .iter()
            .map(|part| {
                let field = Ident::new(part.name, Span::call_site());
                let param = quote!(#krate::Param);
                let ty = if part.optional { quote!(#krate::__private::core::option::Option<#param>) } else { param };
                let doc = format!("The `{field}` of `{name}`.");
                FieldTokens { name: field, docs: quote!(#[doc = #doc]), ty }
            })
            .collect();
        let doc = format!("Parameters of `{name}` in [`{}`].", self.chain.name);
        pieces.extend(self.group_items(&ty, &quote!(#[doc = #doc]), &fields, Default::default(), false));
        quote!(#ty)
    }

    /// A struct and its implementations of the library's traits. A whole model also caches its packed weights, which
    /// its `Debug` leaves out.
    fn group_items(
        &self,
        name: &Ident,
        attrs: &TokenStream,
        fields: &[FieldTokens],
        (generics, arguments): (TokenStream, TokenStream),
        whole: bool,
    ) -> TokenStream {
        let krate = &self.krate;
        let vis = &self.chain.vis;
        let core = quote!(#krate::__private::core);
        // The methods' uses of a field have a place of their own: editors show what is at each use of the user's.
        let unplaced = |field: &FieldTokens| {
            let mut name = field.name.clone();
            name.set_span(Span::call_site());
            name
        };
        let names: Vec<Ident> = fields.iter().map(unplaced).collect();
        let names: Vec<&Ident> = names.iter().collect();
        let fields = fields.iter().map(|FieldTokens { name, docs, ty }| quote!(#docs pub #name: #ty));
        // A struct without fields is written without braces, and its arguments are unused.
        let next = if names.is_empty() { format_ident!("_next") } else { format_ident!("next") };
        let visit = if names.is_empty() { format_ident!("_f") } else { format_ident!("f") };
        let (visits, visits_mut) = self.visits(name, &names, &visit, !generics.is_empty());
        let (title, titles) = (name.unraw().to_string(), names.iter().map(|name| name.unraw().to_string()));
        let (mut cache, mut fresh, mut keep, mut choices) = (None, None, None, None);
        if whole {
            let made = self.groups.choices(self.graph, self.checked);
            let made = made.into_iter().map(plain);
            choices = (made.len() > 0).then(|| quote!(let #next = &mut #next.with(&[#(#made),*]);));
            cache = Some(quote!(#[doc(hidden)] pub __cache: #krate::__private::Cache));
            fresh = Some(quote!(__cache: #core::default::Default::default()));
            keep = Some(quote! {
                fn cache(&self) -> #core::option::Option<&#krate::__private::Cache> {
                    #core::option::Option::Some(&self.__cache)
                }
            });
        }
        quote! {
            #attrs
            #[derive(#core::clone::Clone)]
            #vis struct #name #generics { #(#fields,)* #cache }

            impl #generics #core::fmt::Debug for #name #arguments {
                fn fmt(&self, f: &mut #core::fmt::Formatter<'_>) -> #core::fmt::Result {
                    #krate::__private::debug(f, #title, &[#((#titles, &self.#names)),*])
                }
            }

            impl #generics #krate::__private::ParamGroup for #name #arguments {
                fn assemble(#next: &mut #krate::__private::Assembly<'_>) -> Self {
                    #choices
                    Self { #(#names: #krate::__private::ParamGroup::assemble(#next),)* #fresh }
                }

                fn visit<'a>(&'a self, #visit: &mut dyn #core::ops::FnMut(&'a #krate::Param)) {
                    #(#visits)*
                }

                fn visit_mut(&mut self, #visit: &mut dyn #core::ops::FnMut(&mut #krate::Param)) {
                    #(#visits_mut)*
                }

                #keep
            }
        }
    }

    /// The statements that visit a struct's fields, shared and mutable. Borrow checking is slow for long functions, so
    /// several short ones visit the fields. They cannot name the parameters of a generic type, which has one function.
    fn visits(
        &self,
        name: &Ident,
        names: &[&Ident],
        visit: &Ident,
        generic: bool,
    ) -> (Vec<TokenStream>, Vec<TokenStream>) {
        let krate = &self.krate;
        let core = quote!(#krate::__private::core);
        let part = if generic { usize::MAX } else { FIELDS_A_PART };
        let parts = names.chunks(part.min(names.len().max(1)));
        parts
            .map(|fields| {
                let each = quote!(#(#krate::__private::ParamGroup::visit(&group.#fields, f);)*);
                let each_mut = quote!(#(#krate::__private::ParamGroup::visit_mut(&mut group.#fields, f);)*);
                if fields.len() == names.len() {
                    return (
                        quote!(let (group, f) = (self, #visit); #each),
                        quote!(let (group, f) = (self, #visit); #each_mut),
                    );
                }
                let param = quote!(#krate::Param);
                (
                    quote!({
                        fn part<'a>(group: &'a #name, f: &mut dyn #core::ops::FnMut(&'a #param)) { #each }
                        part(self, #visit);
                    }),
                    quote!({
                        fn part(group: &mut #name, f: &mut dyn #core::ops::FnMut(&mut #param)) { #each_mut }
                        part(self, #visit);
                    }),
                )
            })
            .unzip()
    }
}

/// Whether a name occurs in a type.
fn mentions(ty: TokenStream, names: &[String]) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), names),
        TokenTree::Ident(ident) => names.contains(&ident.to_string()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
