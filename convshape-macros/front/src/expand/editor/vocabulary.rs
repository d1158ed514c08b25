//! The words of the language with the user's tokens: hover shows their meaning, completion offers fields.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{Probe, usable};
use crate::syntax::{Args, Block, Condition, Count, Range, SizeExpr, Stmt, StmtKind, Value};
use crate::value::written_dialect;
use crate::words::{self, Positional, Takes};

impl<'a> Probe<'a> {
    /// A block as a type, so that its name can be followed.
    pub(super) fn block(&mut self, block: &'a Block) {
        let (name, docs) = (&block.name, &block.docs);
        if usable(name) && self.blocks.insert(name.to_string(), block).is_none() {
            self.items.extend(quote!(#docs struct #name;));
        }
    }

    /// The words of the grammar, and those of the blocks and the chain.
    pub(super) fn words(&self) -> TokenStream {
        let chain = self.expansion.chain;
        let mut code = TokenStream::new();
        for word in chain.words.iter().filter(|word| usable(word)) {
            code.extend(quote!(_ = __any::<__layers::grammar::#word>();));
        }
        for block in &chain.blocks {
            let names: Vec<&Ident> = block.params.iter().map(|param| &param.name).collect();
            let params = names.iter().copied().map(size_named);
            let body = self.body(&block.body.stmts, &mut names.iter().map(ToString::to_string).collect());
            code.extend(quote!({ #(#params)* #body }));
        }
        let symbols = chain.headers.symbols.iter().map(|symbol| size_named(&symbol.name));
        let names = chain.headers.symbols.iter().map(|symbol| symbol.name.to_string());
        let body = self.body(&chain.body, &mut names.collect());
        code.extend(quote!(#(#symbols)* #body));
        code
    }

    /// The words of statements; `sizes` are the names declared by a `block`, a `repeat` or a `for`.
    fn body(&self, body: &[Stmt], sizes: &mut Vec<String>) -> TokenStream {
        let mut code = TokenStream::new();
        for stmt in body {
            match &stmt.kind {
                StmtKind::Layer(layer) => code.extend(self.call(quote!(), &layer.op, &layer.args, sizes)),
                StmtKind::Repeat(repeat) => {
                    let mut head = TokenStream::new();
                    let before = sizes.len();
                    match &repeat.count {
                        Count::Times(size) => size_names(size, &mut head),
                        Count::Range { var, range } => {
                            range_names(range, &mut head);
                            head.extend(size_named(var));
                            sizes.push(var.to_string());
                        }
                        Count::List { vars, values, .. } => {
                            values.iter().for_each(|value| self.value(value, sizes, &mut head));
                            head.extend(vars.iter().map(size_named));
                            sizes.extend(vars.iter().map(Ident::to_string));
                        }
                    }
                    let inner = self.body(&repeat.body.stmts, sizes);
                    sizes.truncate(before);
                    code.extend(quote!({ #head #inner }));
                }
                StmtKind::If(branches) => {
                    for branch in &branches.branches {
                        let mut head = TokenStream::new();
                        branch.condition.iter().for_each(|condition| condition_names(condition, &mut head));
                        let inner = self.body(&branch.stmts, sizes);
                        code.extend(quote!({ #head #inner }));
                    }
                }
                StmtKind::Reuse(_) | StmtKind::Broken(_) => {}
            }
        }
        code
    }

    /// A value that may be an activation.
    fn value(&self, value: &Value, sizes: &[String], code: &mut TokenStream) {
        let activation = |name: &Ident| {
            let known = words::find_activation(&name.to_string(), self.expansion.graph.dialect);
            known.any().is_some() && !sizes.contains(&name.to_string())
        };
        match value {
            Value::Word(name) if activation(name) => code.extend(self.activation(name, &Args::default(), sizes)),
            Value::Call { name, args } if activation(name) => code.extend(self.activation(name, args, sizes)),
            Value::Tuple(values, _) => values.iter().for_each(|value| self.value(value, sizes, code)),
            other => value_names(other, code),
        }
    }

    /// An activation with its fields, in a module without other layers, so that only activations are offered.
    fn activation(&self, op: &Ident, args: &Args, sizes: &[String]) -> TokenStream {
        self.call(quote!(::activations), op, args, sizes)
    }

    /// A layer with its fields, in this module of the dialect's.
    fn call(&self, module: TokenStream, op: &Ident, args: &Args, sizes: &[String]) -> TokenStream {
        if !usable(op) {
            return TokenStream::new();
        }
        if sizes.contains(&op.to_string()) {
            return quote!(_ = &#op;);
        }
        let mut code = TokenStream::new();
        if self.blocks.contains_key(&op.to_string()) {
            let fields = args.fields.iter().map(|field| &field.value);
            args.positional.iter().chain(fields).for_each(|value| self.value(value, sizes, &mut code));
            return quote!({ _ = __any::<#op>(); #code });
        }
        let dialect = written_dialect(args).unwrap_or(self.expansion.graph.dialect);
        let found = words::find_layer(&op.to_string(), dialect)
            .any()
            .or_else(|| words::find_activation(&op.to_string(), dialect).any());
        let positional = found.map_or(Positional::None, |found| found.words.positional);
        let mut fields: Vec<&Ident> = args.fields.iter().map(|field| &field.name).collect();
        for value in &args.positional {
            match (positional, value) {
                (Positional::Names | Positional::Path, _) => {}
                // Constants are upper case; a lower-case word is a field that is being typed.
                (_, Value::Word(word)) if found.is_some() && half_typed(word, sizes) => fields.push(word),
                (_, value) => value_names(value, &mut code),
            }
        }
        if positional != Positional::Names {
            fields.extend(&args.half_typed);
        }
        for field in &args.fields {
            let takes = found.and_then(|found| {
                let field = words::find_field(found.words, &field.name.to_string(), dialect).any()?;
                Some(field.takes)
            });
            match (takes, &field.value) {
                (Some(Takes::Activation), Value::Word(name)) => {
                    code.extend(self.activation(name, &Args::default(), sizes))
                }
                (Some(Takes::Activation), Value::Call { name, args }) => {
                    code.extend(self.activation(name, args, sizes))
                }
                (Some(Takes::Dialect), Value::Word(name)) if usable(name) => {
                    code.extend(quote!(_ = __any::<__layers::grammar::#name>();));
                }
                (Some(Takes::Name | Takes::Dialect), Value::Word(_)) => {}
                (Some(Takes::Word(words) | Takes::Padding(words) | Takes::SizePerAxisOr(words)), Value::Word(name)) => {
                    match words::find_word(words, &name.to_string(), dialect).any() {
                        Some(word) => {
                            let word = Ident::new(word, name.span());
                            code.extend(quote!(_ = __any::<__layers::words::#word>();));
                        }
                        None => value_names(&field.value, &mut code),
                    }
                }
                (_, value) => value_names(value, &mut code),
            }
        }
        let fields = fields.into_iter().filter(|name| usable(name));
        let dialect = Ident::new(dialect.name(), Span::call_site());
        quote!({ #code let __layer = __any::<__layers::#dialect #module::#op>(); #(_ = __layer.#fields;)* })
    }
}

/// Whether a word before the fields is not a size.
fn half_typed(word: &Ident, sizes: &[String]) -> bool {
    let word = word.to_string();
    word.starts_with(|first: char| first.is_ascii_lowercase()) && !sizes.contains(&word)
}

/// A size that is a name of its own.
fn size_named(name: &Ident) -> TokenStream {
    if usable(name) { quote!(let #name = __layers::values::Named;) } else { TokenStream::new() }
}

fn value_names(value: &Value, code: &mut TokenStream) {
    match value {
        Value::Size(size) => size_names(size, code),
        Value::Word(name) if usable(name) => code.extend(quote!(_ = &#name;)),
        Value::Arrow { from, to } => {
            value_names(from, code);
            value_names(to, code);
        }
        Value::Tuple(values, _) | Value::List(values, _) => values.iter().for_each(|value| value_names(value, code)),
        Value::Range(range) => range_names(range, code),
        _ => {}
    }
}

fn condition_names(condition: &Condition, code: &mut TokenStream) {
    match condition {
        Condition::Value(value) => value_names(value, code),
        Condition::Compare { left, right, .. } => {
            value_names(left, code);
            value_names(right, code);
        }
        Condition::Not(of) => condition_names(of, code),
        Condition::And(left, right) | Condition::Or(left, right) => {
            condition_names(left, code);
            condition_names(right, code);
        }
        Condition::Broken => {}
    }
}

fn range_names(range: &Range, code: &mut TokenStream) {
    size_names(&range.low, code);
    range.high.iter().for_each(|high| size_names(high, code));
}

fn size_names(size: &SizeExpr, code: &mut TokenStream) {
    match size {
        SizeExpr::Name(name) if usable(name) => code.extend(quote!(_ = &#name;)),
        SizeExpr::Negated { of, .. } => size_names(of, code),
        SizeExpr::Binary { left, right, .. } => {
            size_names(left, code);
            size_names(right, code);
        }
        SizeExpr::Int { .. } | SizeExpr::Float { .. } | SizeExpr::Name(_) | SizeExpr::Path { .. } => {}
    }
}
