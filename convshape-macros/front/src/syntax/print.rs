//! The tree as source text, so that a message can show a corrected line.

use std::fmt::{self, Display, Formatter};

use convshape_arith::operator::Operator;
use proc_macro2::{Delimiter, TokenTree};

use super::{
    Args, Comparison, Condition, Dim, Field, Front, Layer, Param, ParamKind, Port, Range, Reference, ShapePattern,
    SizeExpr, Source, Value,
};

impl Display for Layer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.op, self.args)?;
        if let Some(source) = &self.from {
            write!(f, " from {source}")?;
        }
        if let Some(shape) = &self.shape {
            write!(f, " -> {shape}")?;
        }
        if !self.ports.is_empty() {
            write!(f, " -> {}", list(&self.ports))?;
        }
        if let Some(name) = &self.restores {
            write!(f, " restores {name}")?;
        }
        Ok(())
    }
}

impl Display for Param {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        if self.kind != ParamKind::Size {
            write!(f, ": {}", self.kind.word())?;
        }
        self.default.as_ref().map_or(Ok(()), |default| write!(f, " = {default}"))
    }
}

/// With parentheses, which are omitted if they are empty.
impl Display for Args {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.positional.is_empty() && self.fields.is_empty() {
            return Ok(());
        }
        let positional = self.positional.iter().map(ToString::to_string);
        let fields = self.fields.iter().map(ToString::to_string);
        let args: Vec<String> = positional.chain(fields).collect();
        write!(f, "({})", args.join(", "))
    }
}

impl Display for Front {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let leading = (!self.leading.is_empty()).then(|| self.leading.clone());
        let fields = self.fields.iter().map(|(name, value)| format!("{name}: {value}"));
        f.write_str(&leading.into_iter().chain(fields).collect::<Vec<String>>().join(", "))
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value)
    }
}

impl Display for Port {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} {}", self.shape),
            None => self.shape.fmt(f),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Source::Named(reference) => reference.fmt(f),
            Source::Previous => f.write_str("_"),
            Source::Several(sources, _) => write!(f, "({})", list(sources)),
        }
    }
}

impl Display for Reference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(f, "{}.{}", self.name, port.value()),
            None => self.name.fmt(f),
        }
    }
}

impl Display for ShapePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", list(&self.dims))
    }
}

impl Display for Dim {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Size(size) => size.fmt(f),
            Dim::Any | Dim::Broken => f.write_str("_"),
        }
    }
}

impl Display for Range {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.low, if self.inclusive { "=" } else { "" })?;
        self.high.as_ref().map_or(Ok(()), |high| high.fmt(f))
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Size(size) => size.fmt(f),
            Value::Bool { value, .. } => value.fmt(f),
            Value::Word(word) => word.fmt(f),
            Value::Str(text) => write!(f, "{:?}", text.value()),
            Value::Hole(_) | Value::Broken(_) => f.write_str("_"),
            Value::Arrow { from, to } => write!(f, "{from} -> {to}"),
            Value::Undo { name, .. } => write!(f, "undo {name}"),
            // A single value is a tuple only with the comma.
            Value::Tuple(values, _) if values.len() == 1 => write!(f, "({},)", values[0]),
            Value::Tuple(values, _) => write!(f, "({})", list(values)),
            Value::List(values, _) => write!(f, "[{}]", list(values)),
            Value::Range(range) => range.fmt(f),
            Value::Call { name, args } => write!(f, "{name}{args}"),
            Value::Name(reference) => reference.fmt(f),
        }
    }
}

impl Display for SizeExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SizeExpr::Int { value, .. } => value.fmt(f),
            SizeExpr::Name(name) => name.fmt(f),
            SizeExpr::Path { tokens, .. } => f.write_str(&source_text(tokens.clone())),
            // `{:?}` writes `1.0`, which is a float again when it is read.
            SizeExpr::Float { value, .. } => write!(f, "{value:?}"),
            SizeExpr::Negated { of, .. } => match **of {
                SizeExpr::Binary { .. } => write!(f, "-({of})"),
                _ => write!(f, "-{of}"),
            },
            SizeExpr::Binary { left, operator: operator @ (Operator::Min | Operator::Max), right, .. } => {
                write!(f, "{}({left}, {right})", operator.symbol())
            }
            SizeExpr::Binary { left, operator, right, .. } => {
                let outer = precedence(*operator);
                // With equal precedence the left operator binds first; for powers the right one.
                let to_the_right = *operator == Operator::Pow;
                operand(f, left, |inner| inner < outer || to_the_right && inner == outer)?;
                write!(f, " {} ", operator.symbol())?;
                // A sign on the right needs no parentheses: `2 ** -1`.
                let looser = |inner| inner < outer || !to_the_right && inner == outer;
                operand(f, right, |inner| inner != NEGATION && looser(inner))
            }
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        /// An operand, in parentheses if it binds more loosely.
        fn side(f: &mut Formatter<'_>, condition: &Condition, loose: bool) -> fmt::Result {
            if loose { write!(f, "({condition})") } else { condition.fmt(f) }
        }
        let or = |condition: &Condition| matches!(condition, Condition::Or(..));
        match self {
            Condition::Value(value) => value.fmt(f),
            Condition::Compare { left, comparison, right, .. } => write!(f, "{left} {comparison} {right}"),
            Condition::Not(of) => {
                f.write_str("!")?;
                side(f, of, matches!(**of, Condition::Compare { .. } | Condition::And(..) | Condition::Or(..)))
            }
            Condition::And(left, right) => {
                side(f, left, or(left))?;
                f.write_str(" && ")?;
                side(f, right, or(right))
            }
            Condition::Or(left, right) => write!(f, "{left} || {right}"),
            Condition::Broken => f.write_str("_"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        })
    }
}

/// An operand, in parentheses if its content binds too loosely.
fn operand(f: &mut Formatter<'_>, size: &SizeExpr, loose: impl Fn(u8) -> bool) -> fmt::Result {
    let inner = match size {
        SizeExpr::Binary { operator, .. } => precedence(*operator),
        SizeExpr::Negated { .. } => NEGATION,
        SizeExpr::Int { value, .. } if *value < 0 => NEGATION,
        SizeExpr::Float { value, .. } if value.is_sign_negative() => NEGATION,
        SizeExpr::Int { .. } | SizeExpr::Float { .. } | SizeExpr::Name(_) | SizeExpr::Path { .. } => {
            return size.fmt(f);
        }
    };
    if loose(inner) { write!(f, "({size})") } else { size.fmt(f) }
}

/// How tightly a sign binds: less than `**`, more than everything else.
const NEGATION: u8 = 4;

fn precedence(operator: Operator) -> u8 {
    match operator {
        Operator::Shl | Operator::Shr => 1,
        Operator::Add | Operator::Sub => 2,
        Operator::Mul | Operator::Div | Operator::Rem => 3,
        Operator::Pow => 5,
        // Written as functions.
        Operator::Min | Operator::Max => u8::MAX,
    }
}

fn list(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Tokens as a person would write them, without the spaces of a printed token stream: `cfg::C`, `i in [16, 32]`.
pub(crate) fn source_text(tokens: impl IntoIterator<Item = TokenTree>) -> String {
    let mut text = String::new();
    let mut after_word = false;
    for token in tokens {
        let word = matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
        let opens = match &token {
            TokenTree::Group(group) => group.delimiter() != Delimiter::Parenthesis || text.ends_with(" in"),
            TokenTree::Ident(_) | TokenTree::Literal(_) | TokenTree::Punct(_) => false,
        };
        if after_word && (word || opens) || word && text.ends_with(')') {
            text.push(' ');
        }
        match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                text.push_str(&source_text(group.stream()));
                text.push_str(close);
            }
            token => text.push_str(&token.to_string()),
        }
        if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',') {
            text.push(' ');
        }
        after_word = word;
    }
    text
}
