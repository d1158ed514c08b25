//! Fixes that no change of a layer's values can express: another dialect, a missing field, another word or name, and
//! statements in another order. Each is tried by reading the changed text again.

mod spoken;

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;

use convshape_arith::code;
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use proc_macro2::{Delimiter, Group, Ident, LineColumn, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

pub(crate) use self::spoken::{ReadBack, spoken};

use self::spoken::in_dialect;
use crate::diagnose::{Report, Sink};
use crate::fix::transposed;
use crate::graph::{Graph, Recipe};
use crate::words::{self, with_rank};

/// The most texts that are read for one chain: each costs as much as the chain itself.
const MOST_READ: usize = 48;

/// The most numbers or pairs of numbers that are tried. The rest of `MOST_READ` is left to see that no others fit.
const MOST_TRIED: usize = 32;

/// Longer chains are not read again.
pub(crate) const MOST_LAYERS: usize = 400;

/// A word of more dialects says nothing about the chain's.
const MOST_DIALECTS: usize = 2;

/// How far from a mistake statements are exchanged.
const NEAR: usize = 3;

/// The values tried for a missing field, the commonest first.
const VALUES: [i64; 12] = [3, 2, 1, 4, 5, 7, 6, 8, 9, 11, 10, 16];

/// A text with one change.
struct Rewrite {
    text: Vec<TokenTree>,
    help: String,
    /// The token that changes, if it is another than the one reported.
    at: Option<Span>,
}

/// Puts a change of the text into the first report, if it leaves no error and no other fix does.
pub(crate) fn improve(text: TokenStream, graph: &Graph, accepts: &dyn Fn(TokenStream) -> bool, sink: &mut Sink) {
    let reports = sink.reports();
    let [first, others @ ..] = reports.as_slice() else { return };
    if graph.nodes.len() > MOST_LAYERS || others.is_empty() && first.has_edit() {
        return;
    }
    let reader = Reader { graph, accepts, text: text.into_iter().collect(), read: Cell::new(0) };
    let found = reader.of_words(first).or_else(|| reader.in_another_order(&reports));
    let found = found.or_else(|| reader.with_sources_exchanged());
    if let Some(Rewrite { help, at, .. }) = found {
        sink.keep_first(&help, at);
    }
}

/// Reads texts.
struct Reader<'a> {
    graph: &'a Graph,
    accepts: &'a dyn Fn(TokenStream) -> bool,
    text: Vec<TokenTree>,
    read: Cell<usize>,
}

impl Reader<'_> {
    /// The first text without an error.
    fn first(&self, rewrites: impl IntoIterator<Item = Rewrite>) -> Option<Rewrite> {
        let mut rewrites = rewrites.into_iter().take_while(|_| self.read.replace(self.read.get() + 1) < MOST_READ);
        rewrites.find(|rewrite| (self.accepts)(rewrite.text.iter().cloned().collect()))
    }

    /// Another word, name, field or dialect.
    fn of_words(&self, report: &Report) -> Option<Rewrite> {
        let at = place(&self.text, report.span().start())?;
        if report.code() == Some(code::VALUE.id)
            && let Some(resized) = self.first(self.resized(&at))
        {
            return Some(resized);
        }
        if let Some(leading) = report.leading().iter().find_map(|leading| self.with_leading(&at, leading)) {
            return Some(leading);
        }
        let word = word(&self.text, &at)?;
        if let Some((field, leads)) = report.needed() {
            if field == "out_channels" {
                return self.only(&|counts| self.with_field(&at, field, leads, &number(counts[0])), 1);
            }
            let same = (field == "padding").then(|| ident("same"));
            let values = same.into_iter().chain(VALUES.iter().map(|value| number(*value)));
            return self.first(values.filter_map(|value| self.with_field(&at, field, leads, &value)));
        }
        // What an earlier report suggests is right if it leaves no error.
        let meant =
            report.word_meant().map(|(other, help)| Rewrite { help: help.to_owned(), ..self.meant(&at, other) });
        if let Some(meant) = self.first(meant) {
            return Some(meant);
        }
        match report.code()? {
            code if code == code::DIALECT.id => {
                if let Some(ranked) = self.first(self.ranked(&at, &word)) {
                    return Some(ranked);
                }
                // A word of many dialects does not show which one is meant.
                let telling = report.dialects().filter(|dialects| dialects.len() <= MOST_DIALECTS).unwrap_or_default();
                let texts = telling.iter().filter_map(|dialect| in_dialect(&self.text, *dialect));
                let other = self.first(texts);
                other.or_else(|| self.first(self.transposed(&at)))
            }
            code if code == code::UNKNOWN_FIELD.id => self.first(self.transposed(&at)),
            code if code == code::FIELD_RANK.id => self.first(self.ranks(&at)),
            code if code == code::UNKNOWN_LAYER.id => {
                let meant = report.word_meant().map_or(word.as_str(), |(meant, _)| meant);
                let ranks = (1..=3).map(|rank| with_rank(meant, rank)).filter(|other| words::is_layer(other));
                self.first(ranks.map(|other| self.meant(&at, &other)))
            }
            // A name that messages give to an unnamed statement says which one is meant.
            code if code == code::UNKNOWN_NAME.id && self.is_unnamed(&word) => None,
            code if [code::UNKNOWN_NAME.id, code::REPEATED_NAME.id, code::UNDO.id].contains(&code) => {
                let moved = self.first(self.moved_up(&at, &word));
                moved.or_else(|| if report.is_spelled() { None } else { self.first(self.other_names(&at, &word)) })
            }
            code if code == code::NOT_FIXED.id => self.first(self.counted(&at, &word)),
            code if [code::CONCAT.id, code::BROADCAST.id].contains(&code) => self.first(self.other_operands(&at)),
            _ => None,
        }
    }

    /// The text with a name at a place as the variable of the repeat around it.
    fn counted(&self, at: &[usize], name: &str) -> Option<Rewrite> {
        let mut around = (1..at.len()).rev().map(|depth| &at[..depth]);
        let (around, count, repeat) = around.find_map(|around| {
            let (brace, outer) = around.split_last()?;
            let tokens = tokens_at(&self.text, outer)?;
            let word = brace.checked_sub(2)?;
            let count = matches!(tokens[brace - 1], TokenTree::Literal(_)).then(|| tokens[brace - 1].to_string())?;
            is_word(&tokens[word], "repeat").then(|| (around, count, repeat_name(&tokens[..=word])))
        })?;
        let text = changed(&self.text, around, &|tokens, brace| {
            let count = tokens[brace - 1].clone();
            let first = TokenTree::Literal(Literal::usize_unsuffixed(0));
            let dot = TokenTree::Punct(Punct::new('.', Spacing::Joint));
            tokens.splice(brace - 1..brace, [ident(name), ident("in"), first, dot, punct('.'), count]);
        });
        Some(Rewrite {
            text,
            help: format!("in `{repeat}`, put `{name} in 0..{count}` in place of `{count}`"),
            at: None,
        })
    }

    fn is_unnamed(&self, name: &str) -> bool {
        self.graph.nodes.iter().any(|node| node.name == name && node.spans.label.is_none())
    }

    /// The texts with another name at a place; before a dot if this is what follows one.
    fn other_names(&self, at: &[usize], word: &str) -> Vec<Rewrite> {
        let names = |at: &[usize], word: &str| -> Vec<Rewrite> {
            // What the statement reads already is not meant again.
            let beside = tokens_at(&self.text, &at[..at.len() - 1]).unwrap_or_default();
            let read = |name: &String| beside.iter().any(|token| at.len() > 2 && is_word(token, name));
            self.names(word).iter().filter(|name| !read(name)).map(|other| self.meant(at, other)).collect()
        };
        let mut found = names(at, word);
        let mut before = at.to_vec();
        if let Some(last) = before.last_mut()
            && let Some(owner) = last.checked_sub(2)
        {
            *last = owner + 1;
            let dotted =
                tokens_at(&self.text, &at[..at.len() - 1]).is_some_and(|tokens| is_punct(&tokens[owner + 1], '.'));
            before.pop();
            before.push(owner);
            if let Some(owner) = self::word(&self.text, &before).filter(|_| dotted) {
                found.extend(names(&before, &owner));
            }
        }
        found
    }

    /// The texts with another name for one that the statement at a place reads.
    fn other_operands(&self, at: &[usize]) -> Vec<Rewrite> {
        let Some(around) = at.get(..2) else { return Vec::new() };
        let Some(tokens) = tokens_at(&self.text, &around[..1]) else { return Vec::new() };
        let known = self.names("");
        let mut found = Vec::new();
        for index in statement(&tokens, around[1]) {
            let inside: Vec<(Vec<usize>, TokenTree)> = match &tokens[index] {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    let at = |inner| vec![around[0], index, inner];
                    group.stream().into_iter().enumerate().map(|(inner, token)| (at(inner), token)).collect()
                }
                token => vec![(vec![around[0], index], token.clone())],
            };
            let read: HashSet<String> = inside.iter().map(|(_, token)| token.to_string()).collect();
            for (at, token) in inside {
                let word = token.to_string();
                let labels = tokens.get(index + 1).is_some_and(|next| is_punct(next, ':')) && at.len() == 2;
                if known.contains(&word) && !labels {
                    // What the statement reads already is not meant again.
                    let others = self.names(&word).into_iter().filter(|other| !read.contains(other));
                    found.extend(others.map(|other| self.meant(&at, &other)));
                }
            }
        }
        found
    }

    /// The text with another word at a place.
    fn meant(&self, at: &[usize], word: &str) -> Rewrite {
        let help = format!("did you mean `{word}`?");
        Rewrite { text: replaced(&self.text, at, word), help, at: span_of(&self.text, at) }
    }

    /// The text with a field that the layer at a place lacks.
    fn with_field(&self, at: &[usize], field: &str, leads: bool, value: &TokenTree) -> Option<Rewrite> {
        let name = self.name_of(at)?;
        let text = changed(&self.text, at, &|tokens, at| {
            let given = match tokens.get(at + 1) {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
                _ => None,
            };
            let mut inside: Vec<TokenTree> = given.clone().into_iter().flatten().collect();
            if leads {
                inside.splice(0..0, [value.clone(), punct(',')]);
            } else {
                if inside.last().is_some_and(|last| !is_punct(last, ',')) {
                    inside.push(punct(','));
                }
                inside.extend([ident(field), punct(':'), value.clone()]);
            }
            let group = TokenTree::Group(Group::new(Delimiter::Parenthesis, inside.into_iter().collect()));
            match given {
                Some(_) => tokens[at + 1] = group,
                None => tokens.insert(at + 1, group),
            }
        });
        let help = match leads {
            true => format!("in `{name}`, write `{value}`"),
            false => format!("in `{name}`, set `{field}: {value}`"),
        };
        Some(Rewrite { text, help, at: None })
    }

    /// The text with another leading part of the block's use at a place or around it.
    fn with_leading(&self, at: &[usize], leading: &[Option<String>]) -> Option<Rewrite> {
        let used = || {
            let (group, around) = at.split_last()?.1.split_last()?;
            let at = [around, &[group.checked_sub(1)?]].concat();
            Some((self.name_of(&at)?, at))
        };
        let (name, at) = self.name_of(at).map(|name| (name, at.to_vec())).or_else(used)?;
        let with = |numbers: &[i64]| {
            let mut numbers = numbers.iter().map(ToString::to_string);
            let values: Option<Vec<String>> =
                leading.iter().map(|value| value.clone().or_else(|| numbers.next())).collect();
            let values = values?.join(", ");
            let written: TokenStream = format!("{values},").parse().ok()?;
            let text = changed(&self.text, &at, &|tokens, at| {
                let given = match tokens.get(at + 1) {
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                        let given = group.stream().into_iter().collect();
                        tokens.remove(at + 1);
                        given
                    }
                    _ => Vec::new(),
                };
                let named = given.windows(2).position(|pair| is_punct(&pair[1], ':')).unwrap_or(given.len());
                let inside = written.clone().into_iter().chain(given.into_iter().skip(named)).collect();
                tokens.insert(at + 1, TokenTree::Group(Group::new(Delimiter::Parenthesis, inside)));
            });
            Some(Rewrite { text, help: format!("in `{name}`, write `{values}`"), at: None })
        };
        self.only(&with, leading.iter().filter(|value| value.is_none()).count())
    }

    /// The text with numbers of the chain, if no other numbers fit as well.
    fn only(&self, with: &dyn Fn(&[i64]) -> Option<Rewrite>, unknown: usize) -> Option<Rewrite> {
        let counts = self.counts();
        let tried: Vec<Vec<i64>> = match unknown {
            0 => vec![Vec::new()],
            1 => counts.into_iter().map(|count| vec![count]).collect(),
            2 => counts.iter().flat_map(|one| counts.iter().map(|two| vec![*one, *two])).collect(),
            _ => Vec::new(),
        };
        let mut tried = tried.into_iter().take(MOST_TRIED);
        let (found, numbers) = tried.find_map(|numbers| Some((self.first(with(&numbers))?, numbers)))?;
        let is_free = |at: usize| {
            let mut others = numbers.clone();
            others[at] = others[at].saturating_add(1);
            self.first(with(&others)).is_some()
        };
        (!(0..unknown).any(is_free)).then_some(found)
    }

    /// The numbers of channels that layers take, and the sizes of ports.
    fn counts(&self) -> Vec<i64> {
        let taken = self.graph.nodes.iter().filter_map(|node| match &node.recipe {
            Recipe::Given(Op::Conv(conv)) => conv.inputs,
            Recipe::Given(Op::Linear { inputs, .. }) => *inputs,
            Recipe::Given(Op::BatchNorm { channels, .. } | Op::GroupNorm { channels, .. }) => *channels,
            _ => None,
        });
        let (outputs, inputs) = (self.graph.outputs.iter(), self.graph.inputs.iter());
        let ports: Vec<Shape> = outputs.map(|port| port.shape).chain(inputs.map(|port| port.shape)).collect();
        let of_ports = ports.iter().flat_map(Shape::sizes).filter_map(|size| size.number());
        let mut counts: Vec<i64> = Vec::new();
        for count in taken.chain(of_ports) {
            if !counts.contains(&count) {
                counts.push(count);
            }
        }
        counts
    }

    /// The texts with PyTorch's resizing, which takes any factor, in place of keras' at a place or around it.
    fn resized(&self, at: &[usize]) -> Option<Rewrite> {
        let (at, word) = self.layer_at(at)?;
        let name = self.name_of(&at)?;
        if !word.starts_with("UpSampling") && word != "Upsample" {
            return None;
        }
        let text = changed(&self.text, &at, &|tokens, at| {
            tokens[at] = ident("Upsample");
            if let Some(TokenTree::Group(group)) = tokens.get(at + 1).cloned() {
                let torch = [punct(','), ident("dialect"), punct(':'), ident("torch")];
                let inside = group.stream().into_iter().chain(torch).collect();
                tokens[at + 1] = TokenTree::Group(Group::new(Delimiter::Parenthesis, inside));
            }
        });
        let set = format!("set `dialect: torch` in `{name}`");
        let help = match word.as_str() {
            "Upsample" => format!("in `{name}`, set `dialect: torch`"),
            _ => format!("put `Upsample` in place of `{word}` in `{name}` and {set}"),
        };
        Some(Rewrite { text, help, at: None })
    }

    /// The texts with the transposed layer, or the one that it transposes, at a place or around it.
    fn transposed(&self, at: &[usize]) -> Option<Rewrite> {
        let (at, word) = self.layer_at(at)?;
        let other = match word.contains("Transpose") {
            true => word.replace("Transpose", ""),
            false => transposed(&word),
        };
        (other != word && words::is_layer(&other)).then(|| self.meant(&at, &other))
    }

    /// The texts with the names that the layer at this place has with a number of axes, such as `Conv2d` for `Conv`.
    fn ranked(&self, at: &[usize], word: &str) -> Vec<Rewrite> {
        let found = words::named_layer(word, self.graph.dialect).filter(|found| found.rank.is_none());
        let names = found.iter().flat_map(|found| found.words.ranks.iter().map(|rank| found.words.name(Some(*rank))));
        let other = words::other_layer(word, self.graph.dialect).map(|found| found.words.name(found.rank));
        names.chain(other).map(|name| self.meant(at, &name)).collect()
    }

    /// The texts with the layer for another number of axes.
    fn ranks(&self, at: &[usize]) -> Vec<Rewrite> {
        let Some((at, word)) = self.layer_at(at) else { return Vec::new() };
        let others = (1..=3).map(|rank| with_rank(&word, rank)).filter(|other| *other != word);
        others.filter(|other| words::is_layer(other)).map(|other| self.meant(&at, &other)).collect()
    }

    /// The layer's word at a place, or the one whose arguments are around it.
    fn layer_at(&self, at: &[usize]) -> Option<(Vec<usize>, String)> {
        let mut at = at.to_vec();
        loop {
            let found = word(&self.text, &at).filter(|word| words::is_layer(word));
            if let Some(found) = found {
                return Some((at, found));
            }
            at.pop();
            let last = at.last_mut()?;
            *last = last.checked_sub(1)?;
        }
    }

    /// Names of statements and inputs, the most similar first.
    fn names(&self, word: &str) -> Vec<String> {
        let statements = self.graph.nodes.iter().filter(|node| node.spans.label.is_some()).map(|node| &node.name);
        let ports = self.graph.inputs.iter().map(|port| &port.name);
        let statements = statements.chain(self.graph.uses.iter().map(|used| &used.statement));
        let mut names: Vec<String> =
            statements.chain(ports).filter(|name| !name.contains('.') && *name != word).cloned().collect();
        names.sort_by_key(|name| words::difference(word, name));
        names.dedup();
        names
    }

    /// The text with the statement of a name before the one that reads it.
    fn moved_up(&self, at: &[usize], name: &str) -> Option<Rewrite> {
        // The reader may name it among its arguments.
        let (around, inside) = (1..=at.len()).rev().find_map(|depth| {
            let tokens = tokens_at(&self.text, &at[..depth - 1])?;
            let defined = tokens.windows(2).position(|pair| is_word(&pair[0], name) && is_punct(&pair[1], ':'))?;
            Some((&at[..depth], (statement(&tokens, at[depth - 1]), statement(&tokens, defined))))
        })?;
        let (reads, gives) = inside;
        if gives.start < reads.end {
            return None;
        }
        self.exchanged(around, gives, reads)
    }

    /// The text with one statement moved before another.
    fn exchanged(&self, around: &[usize], moved: Range<usize>, before: Range<usize>) -> Option<Rewrite> {
        let tokens = tokens_at(&self.text, around.split_last()?.1)?;
        let (moved_name, before_name) =
            (self.statement_name(&tokens[moved.clone()])?, self.statement_name(&tokens[before.clone()])?);
        let text = changed(&self.text, around, &|tokens, _| {
            let taken: Vec<TokenTree> = tokens.drain(moved.clone()).collect();
            tokens.splice(before.start..before.start, taken);
        });
        Some(Rewrite { text, help: format!("move `{moved_name}` before `{before_name}`"), at: None })
    }

    /// Two neighbours near a mistake, exchanged.
    fn in_another_order(&self, reports: &[Report]) -> Option<Rewrite> {
        let mut tried: Vec<usize> = Vec::new();
        for report in reports {
            let Some(at) = place(&self.text, report.span().start()) else { continue };
            // Only the statements of the chain itself: a block has several uses.
            let Some(around) = at.get(..2) else { continue };
            let tokens = tokens_at(&self.text, &around[..1])?;
            let all = statements(&tokens);
            let Some(here) = all.iter().position(|range| range.contains(&around[1])) else { continue };
            let (first, last) = (here.saturating_sub(NEAR), (here + NEAR).min(all.len() - 1));
            let mut pairs: Vec<usize> = (first..last).filter(|pair| !tried.contains(pair)).collect();
            pairs.sort_by_key(|pair| pair.abs_diff(here));
            tried.extend(&pairs);
            let rewrites =
                pairs.iter().filter_map(|pair| self.exchanged(around, all[pair + 1].clone(), all[*pair].clone()));
            if let Some(found) = self.first(rewrites) {
                return Some(found);
            }
        }
        None
    }

    /// Two values that a statement of the chain reads, in each other's places: `from (skip, x)`.
    fn with_sources_exchanged(&self) -> Option<Rewrite> {
        let body = self.text.len().checked_sub(1)?;
        let tokens = tokens_at(&self.text, &[body])?;
        let mut rewrites = Vec::new();
        for range in statements(&tokens) {
            let from = range.clone().find(|at| is_word(&tokens[*at], "from"));
            let (Some(from), Some(name)) = (from, self.statement_name(&tokens[range])) else { continue };
            let Some(sources) = tokens_at(&tokens, &[from + 1]) else { continue };
            let sources: Vec<&[TokenTree]> = sources.split(|token| is_punct(token, ',')).collect();
            for place in 1..sources.len() {
                let mut other = sources.clone();
                other.swap(place - 1, place);
                let written: Vec<String> =
                    other.iter().map(|source| source.iter().map(ToString::to_string).collect()).collect();
                let read = format!("({})", written.join(", "));
                let Ok(group) = read.parse::<TokenStream>() else { continue };
                let text = changed(&self.text, &[body, from], &|tokens, from| {
                    tokens.splice(from + 1..from + 2, group.clone());
                });
                rewrites.push(Rewrite { text, help: format!("in `{name}`, read `{read}`"), at: None });
            }
        }
        self.first(rewrites)
    }

    /// How messages call the statement whose layer's word is at a place.
    fn name_of(&self, at: &[usize]) -> Option<String> {
        let token = tokens_at(&self.text, at.split_last()?.1)?.into_iter().nth(*at.last()?)?;
        let node = self.graph.nodes.iter().find(|node| node.spans.op.span().start() == token.span().start())?;
        let known = &node.writing.statement;
        Some(if known.is_empty() { node.name.clone() } else { known.clone() })
    }

    /// How messages call a statement.
    fn statement_name(&self, statement: &[TokenTree]) -> Option<String> {
        let first = statement.iter().position(|token| matches!(token, TokenTree::Ident(_)))?;
        let labelled = statement.get(first + 1).is_some_and(|next| is_punct(next, ':'));
        let at = if labelled { first + 2 } else { first };
        let start = statement.get(at)?.span().start();
        let of_layer = self.graph.nodes.iter().find(|node| node.spans.op.span().start() == start);
        match of_layer.map(|node| &node.writing.statement).filter(|name| !name.is_empty()) {
            Some(name) => Some(name.clone()),
            None if labelled && !is_header(&statement[first]) => Some(statement[first].to_string()),
            None => None,
        }
    }
}

/// How messages call the repeat whose word is the last of some tokens.
fn repeat_name(tokens: &[TokenTree]) -> String {
    let label = |at: usize| match tokens[..at] {
        [.., ref label, ref colon] if is_punct(colon, ':') => Some(label.to_string()),
        _ => None,
    };
    let repeats = (0..tokens.len()).filter(|at| is_word(&tokens[*at], "repeat"));
    let unnamed = repeats.filter(|at| label(*at).is_none()).count();
    label(tokens.len().saturating_sub(1)).unwrap_or_else(|| format!("repeat{unnamed}"))
}

/// Where a token is: its index in each group around it.
fn place(tokens: &[TokenTree], start: LineColumn) -> Option<Vec<usize>> {
    tokens.iter().enumerate().find_map(|(index, token)| match token {
        TokenTree::Group(group) => {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let mut at = place(&inside, start)?;
            at.insert(0, index);
            Some(at)
        }
        token => (token.span().start() == start).then(|| vec![index]),
    })
}

/// The tokens inside a group.
fn tokens_at(text: &[TokenTree], at: &[usize]) -> Option<Vec<TokenTree>> {
    at.iter().try_fold(text.to_vec(), |tokens, index| match tokens.get(*index)? {
        TokenTree::Group(group) => Some(group.stream().into_iter().collect()),
        _ => None,
    })
}

fn word(text: &[TokenTree], at: &[usize]) -> Option<String> {
    let (last, around) = at.split_last()?;
    match tokens_at(text, around)?.get(*last)? {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn span_of(text: &[TokenTree], at: &[usize]) -> Option<Span> {
    let (last, around) = at.split_last()?;
    Some(tokens_at(text, around)?.get(*last)?.span())
}

/// The text with the tokens around a place changed.
fn changed(text: &[TokenTree], at: &[usize], change: &dyn Fn(&mut Vec<TokenTree>, usize)) -> Vec<TokenTree> {
    let mut tokens = text.to_vec();
    match at {
        [] => {}
        [last] => change(&mut tokens, *last),
        [index, rest @ ..] => {
            if let Some(TokenTree::Group(group)) = text.get(*index) {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut other = Group::new(group.delimiter(), changed(&inside, rest, change).into_iter().collect());
                other.set_span(group.span());
                tokens[*index] = TokenTree::Group(other);
            }
        }
    }
    tokens
}

/// The text with another word.
fn replaced(text: &[TokenTree], at: &[usize], word: &str) -> Vec<TokenTree> {
    changed(text, at, &|tokens, at| tokens[at] = TokenTree::Ident(Ident::new(word, tokens[at].span())))
}

/// The statement that a token belongs to, with its end.
fn statement(tokens: &[TokenTree], at: usize) -> Range<usize> {
    let start = tokens[..at].iter().rposition(ends).map_or(0, |end| end + 1);
    let end = tokens[at..].iter().position(ends).map_or(tokens.len(), |end| at + end + 1);
    start..end
}

fn statements(tokens: &[TokenTree]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let next = statement(tokens, start);
        start = next.end;
        found.push(next);
    }
    found
}

fn ends(token: &TokenTree) -> bool {
    is_punct(token, ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_header(token: &TokenTree) -> bool {
    ["input", "output", "dialect", "lossy", "lint", "weights", "data"].iter().any(|word| is_word(token, word))
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

fn punct(letter: char) -> TokenTree {
    TokenTree::Punct(Punct::new(letter, Spacing::Alone))
}

fn number(value: i64) -> TokenTree {
    TokenTree::Literal(Literal::i64_unsuffixed(value))
}

fn ident(word: &str) -> TokenTree {
    TokenTree::Ident(Ident::new(word, Span::call_site()))
}
