//! The words as Rust items, for rustdoc and editors: a module per dialect, a struct per layer, a field per field. The
//! macro's expansion refers to them with the user's tokens.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use convshape_arith::op::Dialect;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::defaults::{Unwritten, unwritten};
use super::{Dialects, FieldWords, GRAMMAR, Group, LayerWords, Positional, Takes, Word, spell};

/// The modules of all dialects, and `grammar` with the words of the grammar.
pub(crate) fn markers() -> TokenStream {
    let dialects = super::ALL.iter().map(|dialect| {
        let name = Ident::new(dialect.name(), Span::call_site());
        let doc = format!("The layers of the {name} dialect.");
        let (layers, groups) = layers(*dialect);
        let activations = groups.iter().filter(|(_, group)| **group == Group::Activation);
        let activations = activations.map(|(name, _)| format_ident!("{name}"));
        quote! {
            #[doc = #doc]
            #[allow(non_camel_case_types)]
            pub mod #name {
                use super::values;
                #layers
                /// The activations among them, which an editor offers after `activation:`.
                #[doc(hidden)]
                pub mod activations {
                    pub use super::{#(#activations),*};
                }
            }
        }
    });
    let words = GRAMMAR.iter().map(|word| {
        let name = syn::parse_str::<Ident>(word.name).unwrap_or_else(|_| Ident::new_raw(word.name, Span::call_site()));
        let doc = word.doc;
        quote!(#[doc = #doc] pub struct #name;)
    });
    let values = value_words().into_iter().map(|word| {
        let (name, doc) = (format_ident!("{}", word.name), word.doc);
        quote!(#[doc = #doc] pub struct #name;)
    });
    quote! {
        #(#dialects)*
        /// The words that are values of fields.
        #[allow(non_camel_case_types)]
        pub mod words {
            #(#values)*
        }
        /// The words that give a chain its structure.
        #[allow(non_camel_case_types)]
        pub mod grammar {
            #(#words)*
        }
    }
}

/// Each word that some field takes, once.
pub(super) fn value_words() -> Vec<&'static Word> {
    let mut seen = BTreeSet::new();
    let fields = super::layers().flat_map(LayerWords::all_fields);
    let words = fields.flat_map(|field| match field.takes {
        Takes::Word(words) | Takes::Padding(words) | Takes::Pads(words) => words,
        Takes::SizePerAxisOr(words) => words,
        _ => &[],
    });
    words.filter(|word| seen.insert(word.name)).collect()
}

/// The layers of a dialect, each under its own name and under the framework's, and the group of each name.
fn layers(dialect: Dialect) -> (TokenStream, BTreeMap<String, Group>) {
    let mut items = TokenStream::new();
    let mut seen = BTreeMap::new();
    for row in super::layers().filter(|row| row.dialects.contains(&dialect)) {
        let ranks: Vec<Option<usize>> = match row.ranks {
            [] => vec![None],
            ranks => ranks.iter().copied().map(Some).collect(),
        };
        for rank in ranks {
            let name = row.name(rank);
            let fields = fields(row, dialect);
            let doc = format!("{}\n\nShapes: {}.\n\n{}", row.doc, row.rule.shapes, leading(row));
            let ident = format_ident!("{name}");
            seen.insert(name, row.group);
            items.extend(quote!(#[doc = #doc] pub struct #ident { #fields }));
        }
        for alias in row.aliases.iter().filter(|alias| alias.dialects.contains(&dialect)) {
            let ranks: &[usize] = match (alias.name.contains('#'), row.ranks) {
                (false, _) => &[2],
                (true, []) => &[1, 2, 3],
                (true, ranks) => ranks,
            };
            for rank in ranks {
                items.extend(also(row, spell(alias.name, Some(*rank)), *rank, &mut seen));
            }
        }
        if row.group == Group::Activation {
            // As a word: `activation: relu`.
            items.extend(also(row, row.snake.to_owned(), 2, &mut seen));
        }
    }
    (items, seen)
}

/// Another name of a layer.
fn also(row: &LayerWords, name: String, rank: usize, seen: &mut BTreeMap<String, Group>) -> TokenStream {
    let ident = format_ident!("{name}");
    let rank = if row.ranks.is_empty() { None } else { Some(rank) };
    let canonical = format_ident!("{}", row.name(rank));
    let doc = row.doc;
    let Entry::Vacant(entry) = seen.entry(name) else { return TokenStream::new() };
    entry.insert(row.group);
    quote!(#[doc = #doc] pub type #ident = #canonical;)
}

fn fields(row: &LayerWords, dialect: Dialect) -> TokenStream {
    let known = |dialects: Dialects| dialects.contains(&dialect);
    let mut items = TokenStream::new();
    for field in row.all_fields().filter(|field| known(field.dialects)) {
        let ty = takes_type(field.takes);
        let name = format_ident!("{}", field.name);
        let doc = field_doc(row, field, dialect);
        items.extend(quote!(#[doc = #doc] pub #name: values::#ty,));
        for alias in field.aliases.iter().filter(|alias| known(alias.dialects)) {
            let also = format_ident!("{}", alias.name);
            let doc = format!("`{name}`: {doc}");
            items.extend(quote!(#[doc = #doc] pub #also: values::#ty,));
        }
    }
    items
}

/// The positional part.
fn leading(row: &LayerWords) -> String {
    match row.positional {
        Positional::None => "Every value has its field's name.".to_owned(),
        Positional::Channels => "The channels come first, `1 -> 16` or `16`, or `undo name`.".to_owned(),
        Positional::Undo => "`undo` with the name of the max pooling comes first.".to_owned(),
        Positional::Names => "The names of statements come first; `_` is the previous one.".to_owned(),
        Positional::Axes => "The axes come first: numbers from 0 without the batch, or names.".to_owned(),
        Positional::Two(first, second) => format!("`{first}` and `{second}` come first and need no names."),
        Positional::Path => "The type of the other chain comes first.".to_owned(),
        Positional::Field(name) => format!("The first value may be `{name}` without its name."),
    }
}

/// One line about a field, with its words and its default in a dialect.
fn field_doc(row: &LayerWords, field: &FieldWords, dialect: Dialect) -> String {
    let mut doc = field.doc.to_owned();
    if let Takes::Word(words) | Takes::Padding(words) | Takes::SizePerAxisOr(words) = field.takes {
        let known = words.iter().filter(|word| word.dialects.contains(&dialect));
        let known: Vec<String> = known.map(|word: &Word| format!("`{}`", word.name)).collect();
        if !known.is_empty() {
            doc += &format!("; the words are {}", known.join(", "));
        }
    }
    if field.hole {
        doc += "; `_` lets the compiler find it";
    }
    if let Unwritten::Is(value) = unwritten(row, field, dialect) {
        doc += &format!("; the default is `{value}`");
    }
    doc
}

/// The type in `layers::values` that describes a field's values.
fn takes_type(of: Takes) -> Ident {
    Ident::new(takes(of), Span::call_site())
}

/// Its name.
pub(super) fn takes(takes: Takes) -> &'static str {
    match takes {
        Takes::Size => "Size",
        Takes::SizePerAxis | Takes::SizePerAxisOr(_) => "SizePerAxis",
        Takes::Padding(_) | Takes::Pads(_) => "Padding",
        Takes::Amount | Takes::Sides => "Amount",
        Takes::Float => "Float",
        Takes::FloatPerAxis | Takes::FactorPerAxis => "FloatPerAxis",
        Takes::Bool => "Bool",
        Takes::Word(_) => "Word",
        Takes::Shape => "Shape",
        Takes::Range => "Range",
        Takes::Pieces => "Pieces",
        Takes::Init => "Init",
        Takes::Array => "Array",
        Takes::Axes | Takes::AxesWithBatch => "Axes",
        Takes::Name => "Name",
        Takes::Activation => "Activation",
        Takes::Dialect => "Dialect",
    }
}
