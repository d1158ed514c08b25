//! Reads what builds layers: a layer, a sequence, a list of parts.

use std::rc::Rc;

use proc_macro2::{Delimiter, Group, TokenTree};

use super::super::Unported;
use super::super::expr::{Arg, Call, Expr, expr, is_punct, is_word, line_of, text_of};
use super::{INITIALISERS, Leaf, Module, Read, Reader};
use crate::words;

impl Reader {
    /// The module that an expression makes or names. `None` if it makes none.
    pub(super) fn module(&mut self, tokens: &[TokenTree]) -> Read<Option<Module>> {
        let line = line_of(tokens).unwrap_or(1);
        let Expr::Call(call) = expr(tokens) else { return Ok(None) };
        match call.calls.as_slice() {
            [] => {
                let name = call.name().to_owned();
                let module =
                    self.modules.get(&name).filter(|_| call.path.len() == 1 || call.path[0] == "self").cloned();
                if module.is_some() {
                    self.used.insert(name);
                }
                Ok(module)
            }
            [args] if is_printed(&call) => self.printed_class(call.name(), args).map(Some),
            [_] => self.layer(&call, line),
            _ => Ok(None),
        }
    }

    /// A module as PyTorch prints it: `Net((conv1): Conv2d(..) (fc): Linear(..))`.
    fn printed_class(&mut self, name: &str, parts: &[Arg]) -> Read<Module> {
        if name != "Sequential" {
            self.program.class.get_or_insert_with(|| name.to_owned());
            self.program.notes.push(format!(
                "`{name}` is printed without its `forward`: its parts are read as if each took what the one before gives"
            ));
        }
        self.sequence(parts).map(Module::Sequence)
    }

    /// The layer that a call makes; `None` if it does not make a layer.
    pub(super) fn layer(&mut self, call: &Call, line: usize) -> Read<Option<Module>> {
        let name = call.name();
        if name == "Sequential" {
            return self.sequence(&call.calls[0]).map(|parts| Some(Module::Sequence(parts)));
        }
        if !words::is_layer(name) && name != "InputLayer" {
            return Ok(None);
        }
        let args = &call.calls[0];
        let mut kept = Vec::new();
        let mut label = None;
        for arg in args {
            let name = arg.name.as_deref().unwrap_or_default();
            if let Some(word) = self.open_name(&arg.value) {
                let reason = format!("`{word}` is a parameter without a number: write `{word} = 16` in a line before");
                return Err(Unported::new(line, reason));
            } else if matches!(name, "input_shape" | "shape" | "batch_shape" | "batch_input_shape") {
                self.shape(&arg.value);
            } else if name == "input_dim" {
                self.program.shapes.push(vec![text_of(&self.known(&arg.value))]);
            } else if name == "name" {
                label = match expr(&arg.value) {
                    Expr::Text(text) => Some(text),
                    Expr::Call(_) | Expr::List(_) | Expr::Other => None,
                };
            } else if INITIALISERS.iter().any(|end| name.ends_with(end)) {
                self.program.notes.push(format!("line {line}: `{name}` is left out: it says nothing about shapes"));
            } else {
                kept.push(Arg { name: arg.name.clone(), value: self.known(&arg.value) });
            }
        }
        self.leaves += 1;
        let leaf = Leaf { number: self.leaves, line, call: name.to_owned(), args: kept, label };
        Ok(Some(Module::Layer(Rc::new(leaf))))
    }

    /// The parts of `Sequential(..)`: layers, a list of them, or named ones in an `OrderedDict`.
    fn sequence(&mut self, args: &[Arg]) -> Read<Vec<(String, Module)>> {
        let mut parts = Vec::new();
        for arg in args.iter().filter(|arg| arg.name.as_deref().is_none_or(|name| name == "layers")) {
            self.part(None, &arg.value, &mut parts)?;
        }
        Ok(parts)
    }

    fn part(&mut self, name: Option<String>, tokens: &[TokenTree], parts: &mut Vec<(String, Module)>) -> Read<()> {
        let line = line_of(tokens).unwrap_or(1);
        let listed = match expr(tokens) {
            Expr::List(items) => Some(items),
            Expr::Call(call) if call.name() == "OrderedDict" => match call.calls.first().map(Vec::as_slice) {
                Some([arg]) => match expr(&arg.value) {
                    Expr::List(items) => Some(items),
                    Expr::Call(_) | Expr::Text(_) | Expr::Other => None,
                },
                _ => None,
            },
            Expr::Call(_) | Expr::Text(_) | Expr::Other => None,
        };
        if let Some(items) = listed {
            // `("conv1", nn.Conv2d(..))`
            if let [name, value] = items.as_slice()
                && let Expr::Text(name) = expr(name)
            {
                return self.part(Some(name), value, parts);
            }
            return items.iter().try_for_each(|item| self.part(None, item, parts));
        }
        if let [star, ..] = tokens
            && is_punct(star, '*')
        {
            return Err(Unported::new(line, format!("`{}` unpacks a list: write its layers out", text_of(tokens))));
        }
        // As PyTorch prints a model: `(0): Conv2d(..)` without commas between the parts.
        if let [TokenTree::Group(index), colon, ..] = tokens
            && is_punct(colon, ':')
        {
            return self.printed(index, &tokens[2..], parts);
        }
        if let Expr::Call(call) = expr(tokens)
            && call.name() == "Input"
            && let Some(args) = call.calls.first()
        {
            let shape = args.iter().find(|arg| arg.name.as_deref().is_none_or(|name| name.ends_with("shape")));
            shape.into_iter().for_each(|shape| self.shape(&shape.value));
            return Ok(());
        }
        match self.module(tokens)? {
            Some(Module::Layer(leaf)) if leaf.call == "InputLayer" => Ok(()),
            Some(module) => {
                parts.push((name.unwrap_or_else(|| parts.len().to_string()), module));
                Ok(())
            }
            None => match expr(tokens) {
                Expr::Call(call) => Err(self.no_layer(call.name(), line)),
                _ => Err(Unported::new(line, format!("`{}` is not a layer", text_of(tokens)))),
            },
        }
    }

    /// The first part of a printed model, and those after it.
    fn printed(&mut self, index: &Group, rest: &[TokenTree], parts: &mut Vec<(String, Module)>) -> Read<()> {
        let next = |at: usize| {
            matches!(&rest[at..], [TokenTree::Group(group), colon, ..]
                if group.delimiter() == Delimiter::Parenthesis && is_punct(colon, ':'))
        };
        let end = (1..rest.len()).find(|&at| next(at)).unwrap_or(rest.len());
        self.part(Some(text_of(&index.stream().into_iter().collect::<Vec<_>>())), &rest[..end], parts)?;
        if end < rest.len() { self.part(None, &rest[end..], parts) } else { Ok(()) }
    }

    /// Whether the arguments of a call have values of the model.
    pub(super) fn reads_values(&self, args: &[Arg]) -> bool {
        let known = |word: &TokenTree| self.values.keys().any(|name| is_word(word, name));
        args.iter().any(|arg| arg.value.iter().any(known))
    }

    pub(super) fn no_layer(&self, name: &str, line: usize) -> Unported {
        let reason = match words::instead(name) {
            _ if self.own.contains(name) => format!("`{name}` is the program's own: write its layers out"),
            Some(instead) => format!("`{name}` is no layer of a chain: {instead}"),
            None => format!("`{name}` is no layer that a chain has"),
        };
        Unported::new(line, reason)
    }

    /// An argument as Python writes it.
    pub(super) fn arg(&self, arg: &Arg) -> String {
        let value = text_of(&arg.value);
        arg.name.as_ref().map_or(value.clone(), |name| format!("{name}={value}"))
    }

    /// A parameter of a function in an expression, whose number only a caller knows.
    fn open_name(&self, tokens: &[TokenTree]) -> Option<String> {
        tokens.iter().find_map(|token| match token {
            TokenTree::Ident(word) if self.unknown.contains(&word.to_string()) => Some(word.to_string()),
            TokenTree::Group(group) => self.open_name(&group.stream().into_iter().collect::<Vec<_>>()),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        })
    }

    /// Whether tokens make a layer: `nn.Conv2d(`, `Sequential(`.
    pub(super) fn makes_layers(&self, tokens: &[TokenTree]) -> bool {
        tokens.iter().enumerate().any(|(at, token)| match token {
            TokenTree::Ident(word) => {
                let name = word.to_string();
                let called = matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                let upper = name.starts_with(|first: char| first.is_ascii_uppercase());
                called && upper && (name == "Sequential" || words::is_layer(&name))
            }
            TokenTree::Group(group) => self.makes_layers(&group.stream().into_iter().collect::<Vec<_>>()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }

    /// The tokens of a number, a word in quotes, or a tuple, with known names filled in. `None` for anything else.
    pub(super) fn constant(&self, tokens: &[TokenTree]) -> Option<Vec<TokenTree>> {
        fn is_constant(tokens: &[TokenTree]) -> bool {
            tokens.iter().all(|token| match token {
                TokenTree::Literal(_) => true,
                TokenTree::Ident(word) => matches!(word.to_string().as_str(), "True" | "False" | "None"),
                TokenTree::Punct(punct) => "+-*/%,".contains(punct.as_char()),
                TokenTree::Group(group) => is_constant(&group.stream().into_iter().collect::<Vec<_>>()),
            })
        }
        let known = self.known(tokens);
        (!known.is_empty() && is_constant(&known)).then_some(known)
    }

    /// The tokens with the values of known names.
    pub(super) fn known(&self, tokens: &[TokenTree]) -> Vec<TokenTree> {
        let mut known = Vec::new();
        let mut rest = tokens;
        while let [token, after @ ..] = rest {
            let (name, after) = match (token, after) {
                (TokenTree::Ident(object), [dot, TokenTree::Ident(name), after @ ..])
                    if object == "self" && is_punct(dot, '.') =>
                {
                    (Some(name), after)
                }
                (TokenTree::Ident(name), after) => (Some(name), after),
                (_, after) => (None, after),
            };
            let value = name.and_then(|name| self.constants.get(&name.to_string()));
            match (value, token) {
                (Some(value), _) if value.len() == 1 => known.extend(value.iter().cloned()),
                (Some(value), _) => {
                    known.push(Group::new(Delimiter::Parenthesis, value.iter().cloned().collect()).into());
                }
                (None, TokenTree::Group(group)) => {
                    let inner = self.known(&group.stream().into_iter().collect::<Vec<_>>());
                    let mut same = Group::new(group.delimiter(), inner.into_iter().collect());
                    same.set_span(group.span());
                    known.push(same.into());
                }
                (None, token) => {
                    known.push(token.clone());
                    rest = &rest[1..];
                    continue;
                }
            }
            rest = after;
        }
        known
    }
}

/// Whether a call has the parts of a printed module as arguments: `(0): Conv2d(..)`.
fn is_printed(call: &Call) -> bool {
    let parts = |args: &Vec<Arg>| match args.first().map(|arg| arg.value.as_slice()) {
        Some([TokenTree::Group(_), colon, ..]) => is_punct(colon, ':'),
        _ => false,
    };
    !words::is_layer(call.name()) && call.calls.first().is_some_and(parts)
}
