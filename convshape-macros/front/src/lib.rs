//! The front end of `convshape::conv_chain!`: tokens in, findings and code out.
//!
//! An ordinary crate, so that tools can call it; the macro is a thin wrapper around it.
//!
//! A pipeline with one file per stage: tokens are parsed into syntax (`parse`), names are bound and blocks unrolled
//! (`resolve`), shapes are computed (`check`), code is written (`expand`). Mistakes are collected on the way and put
//! into words in one place (`diagnose`), with fixes that were tried (`fix`).

mod check;
mod data;
mod diagnose;
mod expand;
mod fault;
mod fields;
mod fix;
#[cfg(test)]
mod fuzz;
mod graph;
mod groups;
mod inspect;
mod lints;
mod numbers;
mod parse;
mod port;
mod resolve;
mod rewrite;
mod same;
mod syntax;
mod unseen;
mod value;
mod weights;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use convshape_arith::op::Dialect;
use convshape_arith::shape::Shape;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;

use crate::check::Clash;
use crate::diagnose::Sink;
pub use crate::diagnose::{Finding, Level, meant};
use crate::fault::{Part, SyntaxFault};
use crate::graph::{Graph, KeptLines};
pub use crate::inspect::{Deferred, InspectedLayer, InspectedPort, InspectedUse, Inspection, ListEntry};
pub use crate::port::{Ported, Unported, port};
pub use crate::same::same;
use crate::words::Dialects;

/// The code for one `conv_chain!`, with findings as `compile_error!`s on their tokens. Expects the library's path in
/// brackets before the chain.
pub fn expand(tokens: TokenStream) -> TokenStream {
    let (krate, tokens) = library_path(tokens);
    let (code, sink) = read(krate, tokens, &crate_folder(), |chain| chain.map(expand::expand));
    let reports = sink.into_tokens();
    quote!(#code #reports)
}

/// The findings for the chain inside one `conv_chain!`, in the order in which the compiler shows them: errors, then
/// warnings.
pub fn findings(tokens: TokenStream) -> Vec<Finding> {
    inspect(tokens, &crate_folder()).findings
}

/// The chain inside one `conv_chain!` as data. `folder` is the folder of the crate's Cargo.toml, against which paths in
/// the chain are resolved.
pub fn inspect(tokens: TokenStream, folder: &Path) -> Inspection {
    let (inspection, sink) =
        read(quote!(::convshape), tokens, folder, |chain| chain.map_or_else(Inspection::default, Inspection::of));
    Inspection { findings: sink.into_findings(), ..inspection }
}

/// The chain inside one `conv_chain!` as the graph that the library runs. `None` if the chain has an error, or if only
/// const evaluation knows all of it: `Chain(..)`, `Custom(..)`, const generics.
pub fn graph(tokens: TokenStream, folder: &Path) -> Option<convshape_arith::graph::Graph> {
    read(quote!(::convshape), tokens, folder, |chain| chain?.library_graph()).0
}

/// Whether a word names a layer in some dialect, so that no block can have that name.
pub fn is_layer(word: &str) -> bool {
    words::is_layer(word)
}

/// The words of the language as items, for the library's module `layers`.
pub fn layer_words() -> TokenStream {
    words::markers()
}

/// The folder of the crate that is being compiled.
fn crate_folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default().into()
}

/// Reads and checks a chain and collects findings in the sink. Calls `make` with it, unless it could not be read at
/// all.
fn read<T>(
    krate: TokenStream,
    tokens: TokenStream,
    folder: &Path,
    make: impl FnOnce(Option<&expand::Expansion<'_>>) -> T,
) -> (T, Sink) {
    let mut sink = Sink::default();
    let text = tokens.clone();
    let (chain, mut faults) = parse::parse(tokens);
    if let (Some(chain), [SyntaxFault::Missing { part: Part::Output, shape, .. }]) = (&chain, &mut faults[..]) {
        *shape = last_shape(&krate, chain);
    }
    let syntax = diagnose::syntax(&faults);
    let of_syntax = syntax.len();
    for report in syntax {
        sink.push(report);
    }
    let Some(chain) = chain else { return (make(None), sink) };
    let mut graph = resolve::resolve(&krate, &chain, &mut sink);
    let unbound = sink.reports().len() - of_syntax;
    let foreign = sink.foreign_words();
    sink.merge_foreign_words(graph.dialect);
    sink.merge_repeated();
    sink.merge_lines();
    let kept = kept_lines(&faults, &graph).filter(|_| sink.has_only(of_syntax));
    let checked = settle(&mut graph, &mut sink);
    let right = sink.has_only(of_syntax) && checked.problems.is_empty();
    let short = graph.nodes.len() <= rewrite::MOST_LAYERS;
    let spoken = if short { spoken(&krate, &text, &chain, foreign, right) } else { None };
    let reread = |replaced: &[graph::Replaced]| resolve::with_arguments(&krate, &chain, replaced, unbound);
    // What the lines of `forward` do is missing in the chain.
    if spoken.is_none() && !faults.iter().any(SyntaxFault::is_of_forward) {
        report(&mut graph, &checked, &faults, kept, &reread, &mut sink);
    }
    for Clash { node, kind } in check::clashes(&graph, &checked) {
        let node = &graph.nodes[node];
        sink.push(diagnose::repeated_file_name(&node.file_name, kind, node.spans.op.span()));
    }
    let groups = groups::of(&chain.name, &graph, &checked);
    for field in &groups.conflicts {
        sink.push(diagnose::two_types(field));
    }
    if let Some(spoken) = spoken {
        sink.replace(spoken);
    } else if faults.is_empty() {
        rewrite::improve(text, &graph, &|text| is_accepted(&krate, text), &mut sink);
    }
    let refused = sink.refused();
    // In a chain with errors, parts are missing, and that may be the only problem.
    for warning in checked.warnings.iter().filter(|_| !refused) {
        sink.warn(diagnose::describe(&graph, &checked, warning, &fix::Found::default()));
    }
    for lint in if refused { Vec::new() } else { lints::find(&graph, &checked) } {
        if graph.lint == syntax::Strictness::Deny {
            sink.push(lint);
        } else {
            sink.warn(lint);
        }
    }
    let weights = weights::of(&chain, &graph, &checked, folder, &mut sink);
    let data = data::of(&chain, &graph, &checked, folder, &mut sink);
    let refused = sink.refused();
    let made = make(Some(&expand::Expansion {
        krate,
        chain: &chain,
        graph: &graph,
        checked: &checked,
        groups: &groups,
        weights: weights.as_ref(),
        data: data.as_ref(),
        refused,
    }));
    (made, sink)
}

/// Whether a text is a chain without errors, as far as the macro sees it.
fn is_accepted(krate: &TokenStream, text: TokenStream) -> bool {
    let read = read_again(krate, text);
    read.right && read.faults.is_empty()
}

/// A text with what is wrong with it.
fn read_again(krate: &TokenStream, text: TokenStream) -> rewrite::ReadBack {
    let (chain, faults) = parse::parse(text);
    let Some(chain) = chain else { return rewrite::ReadBack { faults, named: false, right: false } };
    let mut sink = Sink::default();
    let mut graph = resolve::resolve(krate, &chain, &mut sink);
    let checked = settle(&mut graph, &mut sink);
    let named = !sink.refused();
    // What should have been read is not left out either.
    let unread = checked.warnings.iter().any(|warning| matches!(warning, check::Problem::Unread { .. }));
    let right = named
        && !unread
        && checked.problems.is_empty()
        && check::clashes(&graph, &checked).is_empty()
        && groups::of(&chain.name, &graph, &checked).conflicts.is_empty();
    rewrite::ReadBack { faults, named, right }
}

/// The report for a chain in the words of a dialect that it does not name. `foreign` are those that are not translated,
/// `right` says that no line has an error but those of Python.
fn spoken(
    krate: &TokenStream,
    text: &TokenStream,
    chain: &syntax::Chain,
    foreign: Vec<(Ident, Dialects)>,
    right: bool,
) -> Option<diagnose::Report> {
    let settled = foreign.is_empty() && right;
    let mut words: Vec<(Ident, Dialects)> = foreign.into_iter().chain(chain.translated.iter().cloned()).collect();
    words.sort_by_key(|(word, _)| word.span().start());
    let own = chain.headers.dialect.unwrap_or(Dialect::Torch);
    rewrite::spoken(text, &words, settled, own, &|text| read_again(krate, text))
}

/// The output shape of the last layer, if the chain has no other error.
fn last_shape(krate: &TokenStream, chain: &syntax::Chain) -> Option<Shape> {
    let mut sink = Sink::default();
    let mut graph = resolve::resolve(krate, chain, &mut sink);
    let checked = settle(&mut graph, &mut sink);
    let last = graph.nodes.len().checked_sub(1)?;
    let shape = checked.shapes[graph.value(last)].filter(Shape::is_known);
    shape.filter(|_| !sink.refused() && checked.problems.is_empty())
}

/// Checks a graph. If reading a layer as its help suggests leaves an error, that reading is dropped.
fn settle(graph: &mut Graph, sink: &mut Sink) -> check::Checked {
    let checked = check::check(graph);
    let right = checked.problems.is_empty();
    let guessed = sink.guessed();
    sink.settle_guesses(right);
    if right || guessed.is_empty() {
        return checked;
    }
    for node in guessed {
        graph.nodes[node].recipe = graph::Recipe::Broken;
    }
    check::check(graph)
}

/// A fix that corrects more lines than this is too long to read.
const MOST_CORRECTED: usize = 24;

/// The lines in another language, if these are all syntax errors of the chain.
fn kept_lines(faults: &[SyntaxFault], graph: &Graph) -> Option<KeptLines> {
    let lines: Option<usize> = faults.iter().map(SyntaxFault::lines_with_arguments).sum();
    let corrected = graph.nodes.iter().filter(|node| node.writing.correction.is_some()).map(|node| node.origin);
    let in_arguments = lines.is_some_and(|lines| {
        (1..=MOST_CORRECTED).contains(&lines) && lines == corrected.collect::<BTreeSet<usize>>().len()
    });
    match in_arguments {
        true => Some(KeptLines::InArguments),
        false => (!faults.is_empty() && faults.iter().all(SyntaxFault::is_python)).then_some(KeptLines::Whole),
    }
}

/// Reports the problems of a graph, each mistake once, with its fixes.
fn report(
    graph: &mut Graph,
    checked: &check::Checked,
    faults: &[SyntaxFault],
    kept: Option<KeptLines>,
    reread: &fix::Reread<'_>,
    sink: &mut Sink,
) {
    let refused = sink.refused() && kept.is_none();
    // If it undoes the wrong layer, its shape says nothing about what was meant.
    let undoes =
        |node: usize| matches!(graph.nodes[node].recipe, graph::Recipe::Undo { .. } | graph::Recipe::Unpool { .. });
    let unclear = refused
        || checked.problems.iter().any(|problem| matches!(problem.place(), check::Place::Layer(node) if undoes(node)));
    // A missing layer may be the only problem with the output.
    let follows = |problem: &check::Problem| {
        unclear && matches!(problem, check::Problem::Output { found, .. } if !found.is_known())
    };
    let problems: Vec<check::Problem> = checked.problems.iter().filter(|problem| !follows(problem)).cloned().collect();
    let mistakes = fix::mistakes(graph, checked, &problems, refused, reread);
    if let ([], Some(lines @ KeptLines::InArguments)) = (mistakes.as_slice(), kept) {
        graph.kept = Some(lines);
        fix::corrected(graph).iter().for_each(|help| sink.edit_first(help));
        return;
    }
    if let ([only], Some(lines)) = (mistakes.as_slice(), kept) {
        // Without a fix the corrected lines are shown by themselves.
        let lines = if only.found.fixes.is_empty() { KeptLines::Whole } else { lines };
        graph.kept = Some(lines);
        let report = diagnose::describe(graph, checked, &only.problem, &only.found);
        sink.replace(faults.iter().fold(report, |report, fault| match lines {
            KeptLines::InArguments => report.note_first(fault.note()),
            KeptLines::Whole => diagnose::kept_lines(report, fault),
        }));
        return;
    }
    for mistake in mistakes {
        let behind = mistake.behind.as_ref().map(|(graph, checked)| (graph, checked));
        let (graph, checked) = behind.unwrap_or((graph, checked));
        sink.push(diagnose::describe(graph, checked, &mistake.problem, &mistake.found));
    }
}

/// `[$crate] rest` into the path and the rest.
fn library_path(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = tokens.into_iter();
    match tokens.next() {
        Some(TokenTree::Group(path)) => (path.stream(), tokens.collect()),
        other => (quote!(::convshape), other.into_iter().chain(tokens).collect()),
    }
}
