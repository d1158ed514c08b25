//! One layer through the parser, which knows how Python writes it.

use convshape_arith::op::Dialect;

use crate::fault::SyntaxFault;
use crate::parse;
use crate::syntax::{Layer, Source, StmtKind};
use crate::words::{self, Kind, Positional};

/// The layer in a line such as `nn.Conv2d(1, 16, 3)`, which reads `labels`.
pub(super) fn read(text: &str, dialect: Dialect, labels: &[String]) -> Result<Layer, String> {
    let known: String = labels.iter().map(|label| format!("{label}: Identity; ")).collect();
    let chain = format!("struct M {{ dialect: {}; input: [1]; {known}{text}; output: [1]; }}", dialect.name());
    let unread = || format!("`{text}` cannot be read as a layer");
    let (chain, faults) = parse::parse(chain.parse().map_err(|_| unread())?);
    if let Some(fault) = faults.iter().find(|fault| !matches!(fault, SyntaxFault::Slip { .. })) {
        let helps = fault.helps();
        return Err(std::iter::once(fault.message()).chain(helps).collect::<Vec<_>>().join("; "));
    }
    let mut statements = chain.map(|chain| chain.body).unwrap_or_default().split_off(labels.len());
    match (statements.pop().map(|statement| statement.kind), statements.as_slice()) {
        (Some(StmtKind::Layer(layer)), []) => Ok(layer),
        _ => Err(unread()),
    }
}

/// The name that a layer reads, if it names exactly one.
pub(super) fn source(layer: &Layer) -> Option<String> {
    match &layer.from {
        Some(Source::Named(reference)) => Some(reference.to_string()),
        Some(Source::Previous | Source::Several(..)) | None => None,
    }
}

/// Whether a second use of a layer shares anything with the first: its parameters.
pub(super) fn is_shared(layer: &Layer, dialect: Dialect) -> bool {
    has_params(&layer.op.to_string(), dialect)
}

/// Whether the layer of a name has parameters.
pub(super) fn has_params(name: &str, dialect: Dialect) -> bool {
    let op =
        words::named_layer(name, dialect).and_then(|found| found.words.default_op(dialect, found.rank.unwrap_or(2)));
    op.is_some_and(|op| op.params().iter().count() > 0)
}

/// Whether what a layer gives in PyTorch shares its memory with what it takes.
pub(super) fn is_view(layer: &Layer, dialect: Dialect) -> bool {
    const VIEWS: [&str; 8] = ["Identity", "Flatten", "Unflatten", "Reshape", "Transpose", "Permute", "Slice", "Split"];
    let op = layer.op.to_string();
    let drops = || words::named_layer(&op, dialect).is_some_and(|found| found.words.kind == Kind::Dropout);
    VIEWS.contains(&op.as_str()) || drops()
}

/// Whether a layer reads values by their names in its parentheses.
pub(super) fn joins(name: &str, dialect: Dialect) -> bool {
    words::named_layer(name, dialect).is_some_and(|found| found.words.positional == Positional::Names)
}
