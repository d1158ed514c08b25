//! The text of a chain as a tree, every node with its span. Nothing is resolved here: an identifier may be a word of
//! the language, a statement's name or a constant.

mod print;

use convshape_arith::op::Dialect;
use convshape_arith::operator::Operator;
use proc_macro2::{Ident, Span, TokenStream};

pub(crate) use print::source_text;

/// A whole `struct Name { .. }`.
#[derive(Clone)]
pub(crate) struct Chain {
    /// Docs and outer attributes, kept on the generated struct.
    pub(crate) attrs: TokenStream,
    pub(crate) vis: TokenStream,
    pub(crate) name: Ident,
    /// `<..>` with its brackets.
    pub(crate) generics: Option<TokenStream>,
    pub(crate) headers: Headers,
    pub(crate) blocks: Vec<Block>,
    /// Empty if `input` is missing or could not be read, which was reported.
    pub(crate) inputs: Vec<Port>,
    /// The word `input`, or the chain's name if it is missing.
    pub(crate) input_span: Span,
    pub(crate) body: Vec<Stmt>,
    /// Empty if `output` is missing or could not be read, which was reported.
    pub(crate) outputs: Vec<Port>,
    /// The word `output`, or the chain's name if it is missing.
    pub(crate) output_span: Span,
    /// The words of the grammar (`from`, `restores`, ..), for editors.
    pub(crate) words: Vec<Ident>,
    /// Words of other dialects in lines of Python, which are read in the chain's own words, and where they are known.
    pub(crate) translated: Vec<(Ident, &'static [Dialect])>,
}

/// The headers, before the blocks.
#[derive(Clone, Default)]
pub(crate) struct Headers {
    pub(crate) dialect: Option<Dialect>,
    pub(crate) symbols: Vec<SymbolDecl>,
    pub(crate) lossy: Option<Strictness>,
    pub(crate) lint: Option<Strictness>,
    pub(crate) weights: Option<Text>,
    pub(crate) data: Option<DataHeader>,
}

/// `data: ("x.npy", "y.npy") as (images, labels)`
#[derive(Clone)]
pub(crate) struct DataHeader {
    pub(crate) files: Vec<Text>,
    /// Whether the files are in parentheses, which means one array per file.
    pub(crate) listed: bool,
    /// The names of arrays.
    pub(crate) names: Option<Vec<Text>>,
}

/// What to do about legal but suspicious things: a stride that drops rows, a lint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strictness {
    Allow,
    Warn,
    Deny,
}

/// `h in 1..=64` of a `for` header.
#[derive(Clone)]
pub(crate) struct SymbolDecl {
    pub(crate) name: Ident,
    /// `None` if it could not be read.
    pub(crate) range: Option<Range>,
}

/// `low..`, `low..high` or `low..=high`.
#[derive(Clone)]
pub(crate) struct Range {
    pub(crate) low: SizeExpr,
    pub(crate) high: Option<SizeExpr>,
    pub(crate) inclusive: bool,
}

/// `block Name(a, b: bool = true) reads x, y { .. }`
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) docs: TokenStream,
    /// Whether its uses add nothing to the names inside it.
    pub(crate) transparent: bool,
    pub(crate) name: Ident,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Body,
}

/// A parameter of a block: `act: activation = Relu`.
#[derive(Clone)]
pub(crate) struct Param {
    pub(crate) name: Ident,
    pub(crate) kind: ParamKind,
    pub(crate) default: Option<Value>,
}

/// The kinds of values of a block's parameter or a repeat's variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ParamKind {
    Size,
    Bool,
    Real,
    Activation,
}

/// The body of a block or a repeat.
#[derive(Clone)]
pub(crate) struct Body {
    /// `reads x, y`: the names of its inputs; empty if it only has `input`.
    pub(crate) reads: Vec<Ident>,
    pub(crate) stmts: Vec<Stmt>,
    /// `output: ..`: its outputs; empty for its last statement.
    pub(crate) outputs: Vec<BodyOutput>,
}

/// One output of a body: `mu: fc1 [16]`.
#[derive(Clone)]
pub(crate) struct BodyOutput {
    pub(crate) name: Option<Ident>,
    pub(crate) source: Source,
    pub(crate) shape: Option<ShapePattern>,
    pub(crate) span: Span,
}

/// One input or output.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) name: Option<Ident>,
    pub(crate) shape: ShapePattern,
}

/// `[C, 7, _]`
#[derive(Clone)]
pub(crate) struct ShapePattern {
    pub(crate) dims: Vec<Dim>,
    pub(crate) span: Span,
}

/// One axis of a shape.
#[derive(Clone)]
pub(crate) enum Dim {
    Size(SizeExpr),
    /// `_`
    Any,
    /// Unreadable, and reported already: matches every size.
    Broken,
}

/// One statement.
#[derive(Clone)]
pub(crate) struct Stmt {
    pub(crate) attrs: Attrs,
    pub(crate) label: Option<Ident>,
    pub(crate) kind: StmtKind,
}

/// The attributes of a statement.
#[derive(Clone, Default)]
pub(crate) struct Attrs {
    pub(crate) docs: TokenStream,
    /// `#[name = "encoder.0"]`: the name in weight files.
    pub(crate) file_name: Option<Text>,
    /// `#[name(transparent)]`: it adds nothing to the names inside a block or repeat.
    pub(crate) transparent: Option<Span>,
}

#[derive(Clone)]
pub(crate) enum StmtKind {
    Layer(Layer),
    Repeat(Repeat),
    If(If),
    Reuse(Reuse),
    /// Unreadable, and reported already: its name is kept, its output shape is unknown.
    Broken(Span),
}

/// `Conv2d(1 -> 16, kernel: 3) from a -> [16, _, _] restores b`
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) op: Ident,
    pub(crate) args: Args,
    pub(crate) from: Option<Source>,
    pub(crate) shape: Option<ShapePattern>,
    /// `-> z [64, 8, 8], loss [1]`: the outputs of a `Custom` with several.
    pub(crate) ports: Vec<Port>,
    pub(crate) restores: Option<Ident>,
}

/// The arguments in a layer's parentheses.
#[derive(Clone, Default)]
pub(crate) struct Args {
    /// The positional part: at most one value, except for the names of `Concat`, `Add`, `Mul` and the parameters of a
    /// block.
    pub(crate) positional: Vec<Value>,
    pub(crate) fields: Vec<Field>,
    /// Single words after these: fields that are being typed. Reported already.
    pub(crate) half_typed: Vec<Ident>,
    /// The fields at the end that are written with `:`.
    pub(crate) kept: Vec<Kept>,
    /// Whether something in another language follows one of them.
    pub(crate) mixed: bool,
    /// Whether they are read in a different form than written, which is reported.
    pub(crate) rewritten: bool,
    /// The first arguments as they should be, if only they are in another language.
    pub(crate) correction: Option<Correction>,
}

/// A field that is written with `:`.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) name: String,
    /// Whether its value is Python's `True` or `False`.
    pub(crate) respelled: bool,
}

/// A layer's arguments as they should be.
#[derive(Clone, Debug)]
pub(crate) struct Correction {
    /// What to write in place of those before the first `field: value`; `None` if they are right.
    pub(crate) front: Option<Front>,
    /// The fields after them whose values are spelled as in Python, each with the value here.
    pub(crate) respelled: Vec<(String, String)>,
    /// The words of the fields after them, which stay otherwise.
    pub(crate) kept: Vec<String>,
}

/// The arguments before the first `field: value`.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub(crate) leading: String,
    /// Each with its word.
    pub(crate) fields: Vec<(String, String)>,
}

/// `kernel: 3`
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

#[derive(Clone)]
pub(crate) struct Repeat {
    /// The word `repeat`.
    pub(crate) span: Span,
    pub(crate) count: Count,
    pub(crate) from: Option<Source>,
    pub(crate) body: Body,
}

/// How often a body is repeated.
#[derive(Clone)]
pub(crate) enum Count {
    /// `repeat 3`, `repeat 2 * n`
    Times(SizeExpr),
    /// `repeat i in 0..3`
    Range { var: Ident, range: Range },
    /// `repeat c in [16, 32]`, `repeat (c, n) in [(16, 1), (24, 2)]`
    List { vars: Vec<Ident>, values: Vec<Value>, span: Span },
}

/// `if a == b { .. } else if c { .. } else { .. }`
#[derive(Clone)]
pub(crate) struct If {
    /// The word `if`.
    pub(crate) span: Span,
    pub(crate) branches: Vec<Branch>,
}

/// One branch of an `if`.
#[derive(Clone)]
pub(crate) struct Branch {
    /// `None` for `else`.
    pub(crate) condition: Option<Condition>,
    pub(crate) stmts: Vec<Stmt>,
}

/// The condition of an `if`.
#[derive(Clone)]
pub(crate) enum Condition {
    /// `bias`, `true`
    Value(Value),
    /// The span is that of the operator.
    Compare {
        left: Value,
        comparison: Comparison,
        right: Value,
        span: Span,
    },
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    /// Unreadable, and reported already.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// `reuse head from p4 -> [16, 14, 14]`
#[derive(Clone)]
pub(crate) struct Reuse {
    /// The word `reuse`.
    pub(crate) span: Span,
    /// The statement to run again.
    pub(crate) of: Ident,
    pub(crate) from: Option<Source>,
    pub(crate) shape: Option<ShapePattern>,
}

/// The source of a statement.
#[derive(Clone)]
pub(crate) enum Source {
    /// `a`, or `a.b`: the output `b` of `a`.
    Named(Reference),
    /// `_`: the previous statement.
    Previous,
    /// `(a, b)`
    Several(Vec<Source>, Span),
}

/// A statement's name, or one of its outputs or parameters: `a`, `a.b`, `a.0`.
#[derive(Clone)]
pub(crate) struct Reference {
    pub(crate) name: Ident,
    pub(crate) port: Option<Text>,
}

/// A string, or the name or number of an output. (syn's own type needs more of syn's features to be cloneable.)
#[derive(Clone, Debug)]
pub(crate) struct Text {
    value: String,
    span: Span,
}

/// The value of a field, or a positional value.
#[derive(Clone)]
pub(crate) enum Value {
    /// A number or arithmetic; a single identifier is a [`Value::Word`].
    Size(SizeExpr),
    Bool {
        value: bool,
        span: Span,
    },
    Word(Ident),
    Str(Text),
    /// `_`
    Hole(Span),
    /// `16 -> 32`
    Arrow {
        from: Box<Value>,
        to: Box<Value>,
    },
    /// `undo enc1`: the span is that of `undo`.
    Undo {
        name: Ident,
        span: Span,
    },
    /// `(3, 5)`
    Tuple(Vec<Value>, Span),
    /// `[3, 5]`, `[(0, 1), (1, 1)]`
    List(Vec<Value>, Span),
    /// `0..16`
    Range(Box<Range>),
    /// `LeakyRelu(0.2)`
    Call {
        name: Ident,
        args: Args,
    },
    /// `a.b`
    Name(Reference),
    /// Unreadable, and reported already.
    Broken(Span),
}

/// A number as written: a size, or in a value perhaps a real number.
#[derive(Clone)]
pub(crate) enum SizeExpr {
    Int {
        value: i64,
        span: Span,
    },
    Float {
        value: f64,
        span: Span,
    },
    Name(Ident),
    /// `cfg::C`, `Self::C`, `Encoder<28>`
    Path {
        tokens: TokenStream,
        span: Span,
    },
    Negated {
        of: Box<SizeExpr>,
        span: Span,
    },
    /// The span is that of the operator, or of the word `min` or `max`.
    Binary {
        left: Box<SizeExpr>,
        operator: Operator,
        right: Box<SizeExpr>,
        span: Span,
    },
}

impl Stmt {
    /// The name if there is one, otherwise the layer.
    pub(crate) fn span(&self) -> Span {
        match (&self.label, &self.kind) {
            (Some(label), _) => label.span(),
            (None, StmtKind::Layer(layer)) => layer.op.span(),
            (None, StmtKind::Repeat(repeat)) => repeat.span,
            (None, StmtKind::If(branches)) => branches.span,
            (None, StmtKind::Reuse(reuse)) => reuse.span,
            (None, StmtKind::Broken(span)) => *span,
        }
    }

    /// Whether a name stands somewhere in it, other than as its own.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        let stands = |text: String| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
        let in_any = |stmts: &[Stmt]| stmts.iter().any(|stmt| stmt.mentions(name));
        match &self.kind {
            StmtKind::Layer(layer) => stands(layer.to_string()),
            StmtKind::Repeat(Repeat { from, body, .. }) => {
                from.iter().chain(body.outputs.iter().map(|output| &output.source)).any(|read| stands(read.to_string()))
                    || in_any(&body.stmts)
            }
            StmtKind::If(branches) => branches.branches.iter().any(|branch| in_any(&branch.stmts)),
            StmtKind::Reuse(reuse) => reuse.of == name || reuse.from.iter().any(|read| stands(read.to_string())),
            StmtKind::Broken(_) => false,
        }
    }
}

impl Text {
    pub(crate) fn new(value: String, span: Span) -> Text {
        Text { value, span }
    }

    pub(crate) fn value(&self) -> String {
        self.value.clone()
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Its text as an identifier; `None` for a number.
    pub(crate) fn ident(&self) -> Option<Ident> {
        let name = self.value.starts_with(|first: char| !first.is_ascii_digit());
        name.then(|| Ident::new(&self.value, self.span))
    }
}

impl Args {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Source {
    /// The first token; `_` has none.
    pub(crate) fn span(&self) -> Option<Span> {
        match self {
            Source::Named(reference) => Some(reference.span()),
            Source::Previous => None,
            Source::Several(_, span) => Some(*span),
        }
    }
}

impl ParamKind {
    pub(crate) const ALL: [ParamKind; 4] = [ParamKind::Size, ParamKind::Bool, ParamKind::Real, ParamKind::Activation];

    /// As the language writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ParamKind::Size => "size",
            ParamKind::Bool => "bool",
            ParamKind::Real => "real",
            ParamKind::Activation => "activation",
        }
    }
}

impl Range {
    pub(crate) fn span(&self) -> Span {
        self.low.span()
    }
}

impl Reference {
    pub(crate) fn span(&self) -> Span {
        self.name.span()
    }
}

impl Value {
    /// The sizes between its brackets, if it has any.
    pub(crate) fn items(&self) -> Option<&[Value]> {
        match self {
            Value::Tuple(values, _) | Value::List(values, _) => Some(values),
            _ => None,
        }
    }

    /// A word, with or without quotes.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Value::Word(word) => Some(word.to_string()),
            Value::Str(text) => Some(text.value()),
            _ => None,
        }
    }

    /// The token to point at: the first token of the value.
    pub(crate) fn span(&self) -> Span {
        match self {
            Value::Size(size) => size.span(),
            Value::Word(word) => word.span(),
            Value::Str(text) => text.span(),
            Value::Arrow { from, .. } => from.span(),
            Value::Range(range) => range.span(),
            Value::Call { name, .. } => name.span(),
            Value::Name(reference) => reference.span(),
            Value::Bool { span, .. }
            | Value::Undo { span, .. }
            | Value::Hole(span)
            | Value::Tuple(_, span)
            | Value::List(_, span)
            | Value::Broken(span) => *span,
        }
    }
}

impl SizeExpr {
    /// The first token.
    pub(crate) fn span(&self) -> Span {
        match self {
            SizeExpr::Int { span, .. }
            | SizeExpr::Float { span, .. }
            | SizeExpr::Path { span, .. }
            | SizeExpr::Negated { span, .. } => *span,
            SizeExpr::Name(name) => name.span(),
            // The name of the function.
            SizeExpr::Binary { operator: Operator::Min | Operator::Max, span, .. } => *span,
            SizeExpr::Binary { left, .. } => left.span(),
        }
    }

    /// Whether it contains a number with decimals, which cannot be a size.
    pub(crate) fn has_decimals(&self) -> bool {
        match self {
            SizeExpr::Float { .. } => true,
            SizeExpr::Negated { of, .. } => of.has_decimals(),
            SizeExpr::Binary { left, right, .. } => left.has_decimals() || right.has_decimals(),
            SizeExpr::Int { .. } | SizeExpr::Name(_) | SizeExpr::Path { .. } => false,
        }
    }
}
