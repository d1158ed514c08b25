//! The struct with its parameters.

use convshape_arith::param::Role;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::Expansion;
use super::docs::after;
use crate::graph::{Member, NodeId, Recipe};

/// How many fields one function visits.
const FIELDS_A_PART: usize = 64;

/// A struct of parameters: the model itself, or a piece of it.
struct Group {
    fields: Vec<Field>,
}

struct Field {
    name: Ident,
    docs: TokenStream,
    ty: TokenStream,
}

impl Expansion<'_> {
    /// The model's struct and those of its blocks and repeats.
    pub(super) fn model(&self) -> TokenStream {
        let mut pieces = Vec::new();
        let group = self.group(&self.graph.members, &self.chain.name.to_string(), &mut pieces);
        let attrs = &self.chain.attrs;
        let docs = self.struct_docs();
        let body = self.group_items(&self.chain.name, &quote!(#attrs #docs), &group, true);
        quote!(#body #(#pieces)*)
    }

    /// The fields that members come to; what has no parameters is left out. The structs of nested
    /// pieces are added to `pieces`.
    fn group(&self, members: &[Member], path: &str, pieces: &mut Vec<TokenStream>) -> Group {
        let fields = members.iter().filter_map(|member| self.field(member, path, pieces)).collect();
        Group { fields }
    }

    fn field(&self, member: &Member, path: &str, pieces: &mut Vec<TokenStream>) -> Option<Field> {
        match member {
            Member::Layer { name, node } if matches!(self.graph.nodes[*node].recipe, Recipe::Chain { .. }) => {
                let Recipe::Chain { path } = &self.graph.nodes[*node].recipe else { return None };
                Some(Field { name: name.clone(), docs: self.layer_docs(*node), ty: path.clone() })
            }
            Member::Layer { name, node } => {
                let ty = self.layer_group(*node)?;
                Some(Field { name: name.clone(), docs: self.layer_docs(*node), ty })
            }
            Member::Block { name, docs, members } => {
                let ty = self.piece(name, members, path, pieces)?;
                let docs = after(docs, format!("The parameters of `{name}`."));
                Some(Field { name: name.clone(), docs, ty: quote!(#ty) })
            }
            Member::Repeat { name, docs, turns } => {
                let ty = self.piece(name, turns.first()?, path, pieces)?;
                let count = turns.len();
                let docs = after(docs, format!("The parameters of `{name}`, a turn each."));
                Some(Field { name: name.clone(), docs, ty: quote!([#ty; #count]) })
            }
        }
    }

    /// The struct of a block or of a repeat's turn, named by its place: `UnetDown1`.
    fn piece(&self, name: &Ident, members: &[Member], path: &str, pieces: &mut Vec<TokenStream>) -> Option<Ident> {
        let path = format!("{path}{}", camel(&name.to_string()));
        let group = self.group(members, &path, pieces);
        if group.fields.is_empty() {
            return None;
        }
        let ty = format_ident!("{path}", span = name.span());
        let doc = format!("Parameters of [`{}`].", self.chain.name);
        pieces.push(self.group_items(&ty, &quote!(#[doc = #doc]), &group, false));
        Some(ty)
    }

    /// A struct and what it is to the library; a whole model also keeps its packed weights.
    fn group_items(&self, name: &Ident, attrs: &TokenStream, group: &Group, whole: bool) -> TokenStream {
        let krate = &self.krate;
        let (generics, arguments) = if whole { self.generics() } else { Default::default() };
        let vis = &self.chain.vis;
        let core = quote!(#krate::__private::core);
        let names: Vec<&Ident> = group.fields.iter().map(|field| &field.name).collect();
        let fields = group.fields.iter().map(|Field { name, docs, ty }| quote!(#docs pub #name: #ty));
        // A struct without fields is written without braces, and its arguments go unused.
        let next = if names.is_empty() { format_ident!("_next") } else { format_ident!("next") };
        let visit = if names.is_empty() { format_ident!("_f") } else { format_ident!("f") };
        // Borrow checking takes more than twice as long for a function twice as long, so many fields are
        // visited in parts; a part cannot name the parameters of a generic type.
        let part = if generics.is_empty() { FIELDS_A_PART } else { usize::MAX };
        let parts = names.chunks(part.min(names.len().max(1)));
        let (visits, visits_mut): (Vec<TokenStream>, Vec<TokenStream>) = parts
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
            .unzip();
        let (mut cache, mut fresh, mut keep) = (None, None, None);
        if whole {
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
            #[derive(#core::clone::Clone, #core::fmt::Debug)]
            #vis struct #name #generics { #(#fields,)* #cache }

            impl #generics #krate::__private::ParamGroup for #name #arguments {
                fn assemble(#next: &mut dyn #core::ops::FnMut() -> #krate::Param) -> Self {
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

    /// The group of parameters that a layer has.
    pub(super) fn layer_group(&self, node: NodeId) -> Option<TokenStream> {
        let krate = &self.krate;
        let Some(op) = self.op(node) else {
            // Refused; the field stays so that code which uses it gives no error of its own.
            let name = &self.graph.nodes[node].op_name;
            let likely = ["Conv", "Linear", "GroupNorm", "LayerNorm"].iter().any(|kind| name.starts_with(kind));
            return if name.starts_with("BatchNorm") {
                Some(quote!(#krate::Normalisation))
            } else {
                likely.then(|| quote!(#krate::WeightBias))
            };
        };
        let group = group(&op.params().iter().map(|param| param.role).collect::<Vec<_>>())?;
        let group = Ident::new(group, Span::call_site());
        Some(quote!(#krate::#group))
    }
}

/// The library's struct of a layer's parameters; `None` if there are none.
///
/// # Panics
/// If there is no such struct: a test asks for that of every layer.
pub(crate) fn group(roles: &[Role]) -> Option<&'static str> {
    Some(match roles {
        [] => return None,
        [Role::Kernel | Role::Slope] => "Weight",
        [Role::Bias] => "Bias",
        [Role::Kernel, Role::Bias] | [Role::Scale, Role::Shift] => "WeightBias",
        [Role::Depthwise, Role::Pointwise] => "SeparableWeights",
        [Role::Depthwise, Role::Pointwise, Role::Bias] => "SeparableWeightsBias",
        [Role::Mean, Role::Variance] => "Statistics",
        [Role::Scale, Role::Shift, Role::Mean, Role::Variance] => "Normalisation",
        other => panic!("no struct has the fields {other:?}"),
    })
}

/// `down_1` as part of a type's name: `Down1`.
pub(super) fn camel(name: &str) -> String {
    name.trim_start_matches("r#")
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
        })
        .collect()
}
