//! Syntax errors: what can be wrong with the text of a chain.

mod slip;

use convshape_arith::shape::Shape;
use proc_macro2::Span;

pub(crate) use slip::Slip;

/// A syntax error, on the token that must change.
#[derive(Clone, Debug)]
pub(crate) enum SyntaxFault {
    /// Something else was expected here.
    Unexpected { span: Span, found: String, expected: &'static str, help: Option<String> },
    /// A word that is not one of the allowed ones.
    UnknownWord { span: Span, what: &'static str, found: String, known: String, nearest: Option<String> },
    /// A statement without its `;`, or with something else in its place.
    End { span: Span, found: Option<String>, also: Lines },
    /// A `(` or `[` that is still open at the end of its statement.
    Unclosed { span: Span, bracket: char },
    /// `from`, `->` and `restores` in the wrong order, or one of them twice.
    TailOrder { span: Span, word: &'static str },
    /// More positional values than the layer takes.
    TooManyValues { span: Span, layer: String, help: String },
    /// Brackets or operators nested more deeply than anyone would write.
    TooDeep { span: Span },
    /// A construct from another language that has a counterpart here.
    Slip { span: Span, slip: Slip, rewritten: String, also: Vec<(usize, String)> },
    /// Layers inside a layer's parentheses: each is a statement.
    Nested { span: Span, layer: String, statements: String, also: Vec<(usize, String)> },
    /// What a chain cannot contain, such as `return`.
    Foreign { span: Span, found: String, help: &'static str, also: Lines },
    /// `# ..`
    Comment { span: Span, also: Lines },
    /// No `input` or no `output`; the shape of that output, if it is known.
    Missing { span: Span, part: Part, chain: String, shape: Option<Shape> },
    /// A part that occurs twice.
    Twice { span: Span, part: String },
    /// A part in the wrong place.
    Misplaced { span: Span, part: String, place: &'static str, help: String },
    /// `struct Name {}`
    EmptyChain { span: Span, chain: String },
    /// `repeat 3 {}` or `block B() {}`
    EmptyBody { span: Span, what: &'static str },
    /// A number that does not fit `i64`, or a float that is not finite.
    TooLarge { span: Span, found: String },
    /// A number with a suffix or digits that a size cannot have.
    Malformed { span: Span, found: String, write: Option<String> },
    /// A name before an `if`.
    NamedIf { span: Span },
    /// An attribute that a statement does not take.
    Attribute { span: Span, found: String },
}

/// Where the parts of a chain belong.
pub(crate) const ORDER: &str =
    "the order is: `dialect: ..;` and other headers, blocks, `input: ..;`, statements, `output: ..;`";

/// A part that every chain has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Input,
    Output,
}

/// What to write for the lines of PyTorch's `forward`.
pub(crate) const FORWARD: &str = "leave the lines of `forward` out: layers run in the order in which they are written, \
                                  and an activation is a layer too: `Relu;`";

/// Further lines with the same habit: a fault that occurs many times is reported once.
pub(crate) type Lines = Vec<usize>;

impl SyntaxFault {
    /// Merges a fault with the same habit in a later line.
    pub(crate) fn takes_in(&mut self, other: &SyntaxFault) -> bool {
        let first = self.span();
        let (lines, same) = match (&mut *self, other) {
            (SyntaxFault::End { also, .. }, SyntaxFault::End { .. }) => (also, true),
            (SyntaxFault::Foreign { help, also, .. }, SyntaxFault::Foreign { help: again, found, .. }) => {
                (also, *help == *again || *help == FORWARD && found == "return")
            }
            (SyntaxFault::Comment { also, .. }, SyntaxFault::Comment { .. }) => (also, true),
            (SyntaxFault::Slip { slip, also, .. }, SyntaxFault::Slip { slip: again, rewritten, span, .. }) => {
                let same = slip.is_same_habit(again);
                if same {
                    also.push((span.start().line, rewritten.clone()));
                }
                return same;
            }
            (SyntaxFault::Nested { also, .. }, SyntaxFault::Nested { span, statements, .. }) => {
                also.push((span.start().line, statements.clone()));
                return true;
            }
            _ => return false,
        };
        let (line, first) = (other.span().start().line, first.start().line);
        if same && line != first && lines.last() != Some(&line) {
            lines.push(line);
        }
        same
    }

    /// How many lines have arguments in another language, if that is all that is wrong with them.
    pub(crate) fn lines_with_arguments(&self) -> Option<usize> {
        match self {
            SyntaxFault::Slip { slip, also, .. } if slip.is_in_arguments() => Some(1 + also.len()),
            _ => None,
        }
    }

    /// Whether it is a line of PyTorch's `forward`. What such a line does is missing in the chain.
    pub(crate) fn is_of_forward(&self) -> bool {
        matches!(self, SyntaxFault::Foreign { help, .. } if *help == FORWARD)
    }

    /// Whether it is a line kept from Python.
    pub(crate) fn is_python(&self) -> bool {
        self.is_of_forward() || matches!(self, SyntaxFault::Slip { slip, .. } if slip.is_python())
    }

    /// What was found, for a message about another mistake.
    pub(crate) fn note(&self) -> String {
        let first = self.span().start().line;
        match self {
            SyntaxFault::Slip { also, .. } if !also.is_empty() => {
                let also: Vec<usize> = also.iter().map(|(line, _)| *line).collect();
                format!("on line {first}, {}{}", self.message(), lines(&also))
            }
            _ => format!("on line {first}, {}", self.message()),
        }
    }

    /// What to write instead, for a message about another mistake.
    pub(crate) fn helps_by_line(&self) -> Vec<String> {
        let SyntaxFault::Slip { span, rewritten, also, .. } = self else { return self.helps() };
        let first = [(span.start().line, rewritten.clone())];
        let all = first.iter().chain(also.iter().take(MOST_LINES));
        all.map(|(line, text)| format!("on line {line}, write `{text}`")).collect()
    }

    /// The token to point at.
    pub(crate) fn span(&self) -> Span {
        match self {
            SyntaxFault::Unexpected { span, .. }
            | SyntaxFault::UnknownWord { span, .. }
            | SyntaxFault::End { span, .. }
            | SyntaxFault::Unclosed { span, .. }
            | SyntaxFault::TailOrder { span, .. }
            | SyntaxFault::TooManyValues { span, .. }
            | SyntaxFault::TooDeep { span }
            | SyntaxFault::Slip { span, .. }
            | SyntaxFault::Nested { span, .. }
            | SyntaxFault::Foreign { span, .. }
            | SyntaxFault::Comment { span, .. }
            | SyntaxFault::Missing { span, .. }
            | SyntaxFault::Twice { span, .. }
            | SyntaxFault::Misplaced { span, .. }
            | SyntaxFault::EmptyChain { span, .. }
            | SyntaxFault::EmptyBody { span, .. }
            | SyntaxFault::TooLarge { span, .. }
            | SyntaxFault::Malformed { span, .. }
            | SyntaxFault::NamedIf { span }
            | SyntaxFault::Attribute { span, .. } => *span,
        }
    }

    /// The code of its page in `convshape::errors`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            SyntaxFault::Unexpected { .. }
            | SyntaxFault::UnknownWord { .. }
            | SyntaxFault::End { .. }
            | SyntaxFault::Unclosed { .. }
            | SyntaxFault::TailOrder { .. }
            | SyntaxFault::TooManyValues { .. }
            | SyntaxFault::NamedIf { .. }
            | SyntaxFault::TooDeep { .. }
            | SyntaxFault::Nested { .. }
            | SyntaxFault::Foreign { .. }
            | SyntaxFault::Comment { .. } => "CS0001",
            SyntaxFault::Slip { slip, .. } if !slip.is_python() => "CS0001",
            SyntaxFault::Slip { .. } => "CS0002",
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
            SyntaxFault::End { found: None, .. } => "expected `;` after this".to_owned(),
            SyntaxFault::End { found: Some(found), .. } => format!("expected `;`, found `{found}`"),
            SyntaxFault::Unclosed { bracket, .. } => format!("this `{bracket}` is not closed before the `;`"),
            SyntaxFault::TailOrder { word, .. } => format!("`{word}` is out of place here"),
            SyntaxFault::TooManyValues { layer, .. } => {
                format!("`{layer}` does not take this many values without a name")
            }
            SyntaxFault::TooDeep { .. } => "this is nested too deeply".to_owned(),
            SyntaxFault::Slip { slip, .. } => slip.message(),
            SyntaxFault::Nested { layer, .. } => {
                format!("`{layer}` has layers in its parentheses; each is a statement and reads the one before it")
            }
            SyntaxFault::Foreign { found, .. } => format!("`{found}` is not part of a chain"),
            SyntaxFault::Comment { .. } => "a comment begins with `//`, not with `#`".to_owned(),
            SyntaxFault::Missing { part, chain, .. } => format!("`{chain}` has no `{}`", part.word()),
            SyntaxFault::Twice { part, .. } => format!("`{part}` is given twice"),
            SyntaxFault::Misplaced { part, place, .. } => format!("`{part}` comes {place}"),
            SyntaxFault::EmptyChain { chain, .. } => {
                format!("`{chain}` is empty: a chain has an `input` and an `output`")
            }
            SyntaxFault::EmptyBody { what, .. } => format!("this `{what}` has no statements"),
            SyntaxFault::TooLarge { found, .. } => format!("the number {found} is too large"),
            SyntaxFault::Malformed { found, .. } => format!("`{found}` is not a number that this language has"),
            SyntaxFault::NamedIf { .. } => "an `if` has no name".to_owned(),
            SyntaxFault::Attribute { found, .. } => format!("the attribute `{found}` is not understood here"),
        }
    }

    /// What to write instead; each is a `help:` line.
    pub(crate) fn helps(&self) -> Vec<String> {
        match self {
            SyntaxFault::Unexpected { help, .. } => help.iter().cloned().collect(),
            SyntaxFault::UnknownWord { nearest: Some(nearest), .. } => vec![format!("did you mean `{nearest}`?")],
            SyntaxFault::UnknownWord { known, .. } => vec![format!("write one of {known}")],
            SyntaxFault::End { found: None, also, .. } => {
                vec![format!("insert `;` after this: every statement ends with it{}", lines(also))]
            }
            SyntaxFault::End { found: Some(found), also, .. } => {
                vec![format!("write `;` instead of `{found}`: every statement ends with it{}", lines(also))]
            }
            SyntaxFault::Unclosed { bracket, .. } => {
                vec![format!("close it with `{}`", if *bracket == '(' { ')' } else { ']' })]
            }
            SyntaxFault::TailOrder { .. } => {
                vec!["the order is `Layer(..) from a -> [..] restores b`, each at most once".to_owned()]
            }
            SyntaxFault::TooManyValues { help, .. } => vec![help.clone()],
            SyntaxFault::TooDeep { .. } => vec!["write it with fewer brackets and operators".to_owned()],
            // Only shapes have a form that tools can apply.
            SyntaxFault::Slip { slip, rewritten, also, .. } => match (port(rewritten), also.as_slice()) {
                (Some(_), _) if !matches!(slip, Slip::Batch(_) | Slip::Shape(_)) => {
                    vec![format!("write `{rewritten}`")]
                }
                (Some((part, shape)), []) => vec![format!("in `{part}`, write `{shape}`")],
                (Some((part, shape)), [(_, other)]) if port(other).is_some_and(|(other, _)| other != part) => {
                    let (other, other_shape) = port(other).unwrap_or(("", ""));
                    vec![format!("write `{shape}` in `{part}` and `{other_shape}` in `{other}`")]
                }
                _ => by_line(rewritten, also),
            },
            SyntaxFault::Nested { statements, also, .. } => by_line(statements, also),
            SyntaxFault::Foreign { help, also, .. } => vec![format!("{help}{}", lines(also))],
            SyntaxFault::Comment { also, .. } => vec![format!("write `// ..`{}", lines(also))],
            SyntaxFault::Missing { part: Part::Input, .. } => {
                vec!["write its shape before the layers, without the batch axis: `input: [1, 28, 28];`".to_owned()]
            }
            SyntaxFault::Missing { part: Part::Output, shape: Some(shape), .. } => {
                vec![format!("write the shape that comes out after the layers: `output: {shape};`")]
            }
            SyntaxFault::Missing { part: Part::Output, shape: None, .. } => {
                vec!["write the shape that must come out after the layers: `output: [1, 28, 28];`".to_owned()]
            }
            SyntaxFault::Twice { part, .. } => vec![match part.as_str() {
                "input" | "output" => format!("several are written in one: `{part}: a [1, 28, 28], b [10];`"),
                _ => "remove one of the two".to_owned(),
            }],
            SyntaxFault::Misplaced { help, .. } => vec![help.clone()],
            SyntaxFault::EmptyChain { .. } => vec![
                "write `input: [1, 28, 28]; Conv2d(1 -> 8, kernel: 3); output: [8, 26, 26];` between the braces"
                    .to_owned(),
            ],
            SyntaxFault::EmptyBody { .. } => vec!["write a statement between the braces, or remove it".to_owned()],
            SyntaxFault::TooLarge { .. } => vec!["a size fits `i64`, a float fits `f64`".to_owned()],
            SyntaxFault::Malformed { write: Some(write), .. } => vec![format!("write `{write}`")],
            SyntaxFault::Malformed { .. } => vec!["sizes are whole numbers such as `16`".to_owned()],
            SyntaxFault::NamedIf { .. } => vec![
                "name a statement in each branch: `if a == b { s: Identity; } else { s: Conv2d(a -> b, kernel: 1); }`"
                    .to_owned(),
            ],
            SyntaxFault::Attribute { .. } => {
                vec![
                    "a statement takes doc comments and `#[name = \"encoder.0\"]`, its name in weight files".to_owned(),
                ]
            }
        }
    }
}

/// Lines with a habit that are shown corrected.
const MOST_LINES: usize = 12;

/// What to write in the line of a fault and in later ones.
fn by_line(first: &str, also: &[(usize, String)]) -> Vec<String> {
    let others = also.iter().take(MOST_LINES).map(|(line, text)| format!("on line {line}, write `{text}`"));
    std::iter::once(format!("write `{first}`")).chain(others).collect()
}

/// `input: [1, 28, 28];` as its part and its shape.
fn port(line: &str) -> Option<(&str, &str)> {
    let (part, shape) = line.strip_suffix(';')?.split_once(": ")?;
    (matches!(part, "input" | "output") && shape.starts_with('[')).then_some((part, shape))
}

/// Further places of a habit.
pub(crate) fn lines(also: &[usize]) -> String {
    if also.is_empty() { String::new() } else { format!(" ({} too)", line_numbers(also)) }
}

/// `line 5`, `lines 5, 6`
pub(crate) fn line_numbers(lines: &[usize]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = lines.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if lines.len() > SHOWN { ", .." } else { "" };
    format!("{} {}{more}", if lines.len() == 1 { "line" } else { "lines" }, shown.join(", "))
}

impl Part {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Part::Input => "input",
            Part::Output => "output",
        }
    }
}
