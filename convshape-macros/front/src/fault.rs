//! What can be wrong with the text of a chain, before it means anything.

use proc_macro2::Span;

/// A mistake in the writing, on the token that must change.
#[derive(Clone, Debug)]
pub(crate) enum SyntaxFault {
    /// Something else must stand here.
    Unexpected { span: Span, found: String, expected: &'static str, help: Option<String> },
    /// A word that is none of those that may stand here.
    UnknownWord { span: Span, what: &'static str, found: String, known: String, nearest: Option<String> },
    /// A statement without its `;`.
    MissingSemicolon { span: Span },
    /// A `(` or `[` that is still open at the end of its statement.
    Unclosed { span: Span, bracket: char },
    /// `from`, `->` and `restores` in another order, or one of them twice.
    TailOrder { span: Span, word: &'static str },
    /// More values without a name than the layer takes.
    TooManyValues { span: Span, layer: String, help: String },
    /// Brackets in brackets, or operators in a row, beyond what anybody writes.
    TooDeep { span: Span },
    /// Another language's way to write what this one has.
    Python { span: Span, form: PythonForm, rewritten: String },
    /// The batch axis in a shape.
    BatchAxis { span: Span, found: String },
    /// No `input` or no `output`.
    Missing { span: Span, part: Part, chain: String },
    /// The same part again.
    Twice { span: Span, part: String },
    /// A part that is in the wrong place.
    Misplaced { span: Span, part: String, place: &'static str },
    /// `struct Name {}`
    EmptyChain { span: Span, chain: String },
    /// `repeat 3 {}` or `block B() {}`
    EmptyBody { span: Span, what: &'static str },
    /// A number that does not fit `i64` (or a float that is not finite).
    TooLarge { span: Span, found: String },
    /// A number with a suffix or digits that a size does not have.
    Malformed { span: Span, found: String, write: Option<String> },
    /// An attribute that a statement does not take.
    Attribute { span: Span, found: String },
}

/// A part that every chain has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Input,
    Output,
}

/// How a line shows that it comes from Python.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PythonForm {
    /// `stride=2`
    Equals(String),
    /// `nn.Conv2d`
    Module(String),
    /// `self.conv1 = ..`
    Assignment(String),
    /// `16` in `Conv2d(1, 16, 3)`
    Positional(String),
    /// `True`, `False`, `None`
    Constant(String),
}

impl SyntaxFault {
    /// The token to point at.
    pub(crate) fn span(&self) -> Span {
        match self {
            SyntaxFault::Unexpected { span, .. }
            | SyntaxFault::UnknownWord { span, .. }
            | SyntaxFault::MissingSemicolon { span }
            | SyntaxFault::Unclosed { span, .. }
            | SyntaxFault::TailOrder { span, .. }
            | SyntaxFault::TooManyValues { span, .. }
            | SyntaxFault::TooDeep { span }
            | SyntaxFault::Python { span, .. }
            | SyntaxFault::BatchAxis { span, .. }
            | SyntaxFault::Missing { span, .. }
            | SyntaxFault::Twice { span, .. }
            | SyntaxFault::Misplaced { span, .. }
            | SyntaxFault::EmptyChain { span, .. }
            | SyntaxFault::EmptyBody { span, .. }
            | SyntaxFault::TooLarge { span, .. }
            | SyntaxFault::Malformed { span, .. }
            | SyntaxFault::Attribute { span, .. } => *span,
        }
    }

    /// The code under which `convshape::errors` explains it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            SyntaxFault::Unexpected { .. }
            | SyntaxFault::UnknownWord { .. }
            | SyntaxFault::MissingSemicolon { .. }
            | SyntaxFault::Unclosed { .. }
            | SyntaxFault::TailOrder { .. }
            | SyntaxFault::TooManyValues { .. }
            | SyntaxFault::TooDeep { .. } => "CS0001",
            SyntaxFault::Python { .. } | SyntaxFault::BatchAxis { .. } => "CS0002",
            SyntaxFault::Missing { .. }
            | SyntaxFault::Twice { .. }
            | SyntaxFault::Misplaced { .. }
            | SyntaxFault::EmptyChain { .. }
            | SyntaxFault::EmptyBody { .. } => "CS0003",
            SyntaxFault::TooLarge { .. } | SyntaxFault::Malformed { .. } => "CS0004",
            SyntaxFault::Attribute { .. } => "CS0005",
        }
    }

    /// The first line: what was found.
    pub(crate) fn message(&self) -> String {
        match self {
            SyntaxFault::Unexpected { found, expected, .. } => format!("expected {expected}, found {found}"),
            SyntaxFault::UnknownWord { what, found, .. } => format!("`{found}` is not {what}"),
            SyntaxFault::MissingSemicolon { .. } => "expected `;` after this".to_owned(),
            SyntaxFault::Unclosed { bracket, .. } => format!("this `{bracket}` is not closed before the `;`"),
            SyntaxFault::TailOrder { word, .. } => format!("`{word}` is out of place here"),
            SyntaxFault::TooManyValues { layer, .. } => {
                format!("`{layer}` does not take this many values without a name")
            }
            SyntaxFault::TooDeep { .. } => "this is nested too deeply".to_owned(),
            SyntaxFault::Python { form, .. } => form.message(),
            SyntaxFault::BatchAxis { found, .. } => {
                format!("`{found}` is Python's batch axis, which a shape here does not have")
            }
            SyntaxFault::Missing { part, chain, .. } => format!("`{chain}` has no `{}`", part.word()),
            SyntaxFault::Twice { part, .. } => format!("`{part}` is given twice"),
            SyntaxFault::Misplaced { part, place, .. } => format!("`{part}` stands {place}"),
            SyntaxFault::EmptyChain { chain, .. } => {
                format!("`{chain}` is empty: a chain has an `input` and an `output`")
            }
            SyntaxFault::EmptyBody { what, .. } => format!("this `{what}` has no statements"),
            SyntaxFault::TooLarge { found, .. } => format!("the number {found} is too large"),
            SyntaxFault::Malformed { found, .. } => format!("`{found}` is not a number that this language has"),
            SyntaxFault::Attribute { found, .. } => format!("the attribute `{found}` is not understood here"),
        }
    }

    /// What to write instead; each is a `help:` line.
    pub(crate) fn helps(&self) -> Vec<String> {
        match self {
            SyntaxFault::Unexpected { help, .. } => help.iter().cloned().collect(),
            SyntaxFault::UnknownWord { nearest: Some(nearest), .. } => vec![format!("did you mean `{nearest}`?")],
            SyntaxFault::UnknownWord { known, .. } => vec![format!("write one of {known}")],
            SyntaxFault::MissingSemicolon { .. } => vec!["every statement ends with `;`".to_owned()],
            SyntaxFault::Unclosed { bracket, .. } => {
                vec![format!("close it with `{}`", if *bracket == '(' { ')' } else { ']' })]
            }
            SyntaxFault::TailOrder { .. } => {
                vec!["the order is `Layer(..) from a -> [..] restores b`, each at most once".to_owned()]
            }
            SyntaxFault::TooManyValues { help, .. } => vec![help.clone()],
            SyntaxFault::TooDeep { .. } => vec!["write it with fewer brackets and operators".to_owned()],
            SyntaxFault::Python { rewritten, .. } => vec![format!("write `{rewritten}`")],
            SyntaxFault::BatchAxis { found, .. } => {
                let mut helps = vec!["leave it out: a chain runs on batches of any size".to_owned()];
                if found == "-1" {
                    helps.push("a size that follows from the others is `_`".to_owned());
                }
                helps
            }
            SyntaxFault::Missing { part, .. } => vec![part.help().to_owned()],
            SyntaxFault::Twice { part, .. } => vec![match part.as_str() {
                "input" | "output" => format!("several are written in one: `{part}: a [1, 28, 28], b [10];`"),
                _ => "remove one of the two".to_owned(),
            }],
            SyntaxFault::Misplaced { .. } => vec![
                "the order is: `dialect: ..;` and other headers, blocks, `input: ..;`, statements, `output: ..;`"
                    .to_owned(),
            ],
            SyntaxFault::EmptyChain { .. } => vec![
                "write `input: [1, 28, 28]; Conv2d(1 -> 8, kernel: 3); output: [8, 26, 26];` between the braces"
                    .to_owned(),
            ],
            SyntaxFault::EmptyBody { .. } => vec!["write a statement between the braces, or remove it".to_owned()],
            SyntaxFault::TooLarge { .. } => vec!["a size fits `i64`, a float fits `f64`".to_owned()],
            SyntaxFault::Malformed { write: Some(write), .. } => vec![format!("write `{write}`")],
            SyntaxFault::Malformed { .. } => vec!["sizes are whole numbers such as `16`".to_owned()],
            SyntaxFault::Attribute { .. } => {
                vec![
                    "a statement takes doc comments and `#[name = \"encoder.0\"]`, its name in weight files".to_owned(),
                ]
            }
        }
    }
}

impl Part {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Part::Input => "input",
            Part::Output => "output",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Part::Input => "write its shape before the layers, without the batch axis: `input: [1, 28, 28];`",
            Part::Output => "write the shape that must come out after the layers: `output: [1, 28, 28];`",
        }
    }
}

impl PythonForm {
    fn message(&self) -> String {
        match self {
            PythonForm::Equals(found) => format!("`{found}` is written as in Python; a field takes `:`"),
            PythonForm::Module(found) => format!("`{found}` is written as in Python; a layer has no module"),
            PythonForm::Assignment(found) => format!("`{found} =` is written as in Python; a name takes `:`"),
            PythonForm::Positional(found) => {
                format!("`{found}` is written as in Python; only what stands in front goes without a name")
            }
            PythonForm::Constant(found) => format!("`{found}` is written as in Python"),
        }
    }
}
