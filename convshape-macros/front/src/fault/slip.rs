//! Lines written as in Python, Rust or a drawing. Their meaning is clear, so the message shows the whole line as it
//! should be, and later stages use that line.

/// How a line shows that it is in another language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Slip {
    /// `stride=2`
    Equals(String),
    /// `nn.Conv2d`
    Module(String),
    /// `layers::Conv2d`
    Path(String),
    /// `self.conv1 = ..`
    Assignment(String),
    /// `(conv1): Conv2d(..)`, or a model with such lines in its parentheses.
    Printed(String),
    /// `16` in `Conv2d(1, 16, 3)`
    Positional(String),
    /// `True`, `False`, `None`
    Constant(String),
    /// `Conv2D(16, 3)(x)`
    Applied(String),
    /// `Bidirectional(LSTM(64))`
    Wrapped(String),
    /// `([x, skip])` after a layer that joins statements.
    Joined(String),
    /// `torch.cat([a, b])`
    List(String),
    /// `[None, 28, 28]`
    Batch(String),
    /// `Reshape([16, -1])`
    Open,
    /// `Input(shape=(28, 28, 1))`
    Input(String),
    /// `a, b = ..`
    Unpacked(String),
    /// `let c = ..`
    Let(String),
    /// `1 => 16`
    Arrow(String),
    /// `Conv2d((1, 16), kernel: 3)`
    Channels(String),
    /// `Flatten(1..)`, `Mean(height, width)`
    Axes { found: String, fields: &'static str },
    /// `-> enc1`, `restores [1, 28, 28]`
    Target { word: &'static str, takes: &'static str, other: &'static str },
    /// `input -> Conv2d(1 -> 16)`
    Flow,
    /// `restores: enc1`
    Colon(String),
    /// `output: 10`
    Shape(String),
    /// `dialect: "keras"`
    Quoted(String),
    /// `kernel 3`
    NoColon(String),
    /// `1 -> 16 kernel: 3`
    NoComma(String),
    /// `Conv2d(1 -> 16; kernel: 3)`
    Semicolon,
    /// `Conv2d 1 -> 16`
    NoParentheses(String),
    /// `Conv2d[1 -> 16]`
    Brackets(String),
    /// `3x3`
    Times(String),
    /// `Conv2d(..).stride(2)`
    Method(String),
    /// `a + b`
    Operator { found: String, layer: &'static str },
    /// `for i in 0..3 { .. }`
    Loop(String),
    /// `repeat(3) { .. }`
    Count(String),
    /// `from x` among the positional values.
    Inside(String),
    /// `-> [16, 14, 14] from x`
    Order(&'static str),
    /// `conv-1: ..`
    Name(String),
    /// `type: ..`
    Keyword(String),
}

impl Slip {
    /// Whether it is Python; the others belong to no particular language.
    pub(crate) fn is_python(&self) -> bool {
        matches!(
            self,
            Slip::Equals(_)
                | Slip::Module(_)
                | Slip::Assignment(_)
                | Slip::Printed(_)
                | Slip::Positional(_)
                | Slip::Constant(_)
                | Slip::Applied(_)
                | Slip::Wrapped(_)
                | Slip::Joined(_)
                | Slip::List(_)
                | Slip::Batch(_)
                | Slip::Open
                | Slip::Unpacked(_)
                | Slip::Input(_)
        )
    }

    /// Whether only a layer's arguments are not in this language.
    pub(crate) fn is_in_arguments(&self) -> bool {
        matches!(self, Slip::Positional(_) | Slip::Equals(_) | Slip::Constant(_) | Slip::Axes { .. })
    }

    /// Whether another slip is the same habit, in which case its lines are reported together.
    pub(crate) fn is_same_habit(&self, other: &Slip) -> bool {
        match (self, other) {
            (Slip::Batch(found), Slip::Batch(again))
            | (Slip::Shape(found), Slip::Shape(again))
            | (Slip::Constant(found), Slip::Constant(again))
            | (Slip::Arrow(found), Slip::Arrow(again)) => found == again,
            (Slip::Positional(_), Slip::Positional(_))
            | (Slip::Equals(_), Slip::Equals(_))
            | (Slip::Module(_), Slip::Module(_))
            | (Slip::Path(_), Slip::Path(_))
            | (Slip::Assignment(_), Slip::Assignment(_))
            | (Slip::Printed(_), Slip::Printed(_))
            | (Slip::Applied(_), Slip::Applied(_))
            | (Slip::Wrapped(_), Slip::Wrapped(_))
            | (Slip::Joined(_), Slip::Joined(_))
            | (Slip::Unpacked(_), Slip::Unpacked(_))
            | (Slip::Keyword(_), Slip::Keyword(_))
            | (Slip::Let(_), Slip::Let(_))
            | (Slip::NoColon(_), Slip::NoColon(_))
            | (Slip::NoComma(_), Slip::NoComma(_))
            | (Slip::NoParentheses(_), Slip::NoParentheses(_))
            | (Slip::Brackets(_), Slip::Brackets(_))
            | (Slip::Method(_), Slip::Method(_))
            | (Slip::Semicolon, Slip::Semicolon) => true,
            _ => false,
        }
    }

    /// What was found, in one line.
    pub(crate) fn message(&self) -> String {
        match self {
            Slip::Equals(found) => format!("`{found}` is written as in Python; a field takes `:`"),
            Slip::Module(found) => format!("`{found}` is written as in Python; a layer has no module"),
            Slip::Path(found) => format!("`{found}`: a layer is named without a path"),
            Slip::Assignment(found) => format!("`{found} =` is written as in Python; a name takes `:`"),
            Slip::Printed(found) => format!("`{found}` is as Python prints a model; here each layer is a statement"),
            Slip::Positional(found) => {
                format!("`{found}` is written as in Python; only the first part of a layer goes without a name")
            }
            Slip::Constant(found) => format!("`{found}` is written as in Python"),
            Slip::Wrapped(found) => format!("`{found}` is written as in Python; a layer has no other around it"),
            Slip::Joined(found) => {
                format!("`{found}` is written as in Python; what a layer joins is in its parentheses")
            }
            Slip::Applied(found) => format!("`{found}` is written as in Python; what a layer reads follows `from`"),
            Slip::List(found) => format!("`{found}` is written as in Python; a layer takes names without a list"),
            Slip::Batch(found) => {
                format!("`{found}` is Python's batch axis, which no shape has here: a chain takes batches of any size")
            }
            Slip::Open => "`-1` is written as in Python; a size that follows from the others is `_`".to_owned(),
            Slip::Input(found) => {
                format!("`{found}` is written as in Python; a chain begins with the shape of its input")
            }
            Slip::Unpacked(found) => {
                format!("`{found}`: a statement has one name, by which its outputs are read")
            }
            Slip::Let(found) => format!("`{found}` is not needed: a name is written before a `:`"),
            Slip::Arrow(found) => format!("expected `->`, found `{found}`"),
            Slip::Channels(found) => format!("channels are written with `->`, found `{found}`"),
            Slip::Axes { found, fields } => format!("axes are given as {fields} here, found `{found}`"),
            Slip::Target { word, takes, other } => format!("`{word}` takes {takes}; this is for `{other}`"),
            Slip::Flow => "what a layer reads follows it, after `from`".to_owned(),
            Slip::Colon(word) => format!("`{word}` is followed by a name alone"),
            Slip::Shape(found) => format!("a shape is written in `[` and `]`, found `{found}`"),
            Slip::Quoted(found) => format!("`{found}` is a word of the language, which has no quotes"),
            Slip::NoColon(field) => format!("expected `:` after `{field}`"),
            Slip::NoComma(found) => format!("expected `,` before `{found}`"),
            Slip::Semicolon => "expected `,` between values, found `;`".to_owned(),
            Slip::NoParentheses(layer) => format!("the values of `{layer}` need parentheses"),
            Slip::Brackets(layer) => format!("the values of `{layer}` are written in `(` and `)`"),
            Slip::Times(found) => format!("`{found}` is not a number: sizes per axis are separated by commas"),
            Slip::Method(found) => format!("`{found}` is written as a method; a field belongs in the parentheses"),
            Slip::Operator { found, layer } => format!("`{found}` between values is the layer `{layer}`"),
            Slip::Loop(found) => format!("`{found}` is not a loop of this language, which has `repeat`"),
            Slip::Count(found) => format!("`{found}` is not how `repeat` is written"),
            Slip::Order(word) => format!("`{word}` is out of place here"),
            Slip::Inside(word) => format!("`{word}` is not a field: it follows the parentheses"),
            Slip::Name(found) => format!("`{found}` is not a name: names are letters, digits and `_`"),
            Slip::Keyword(found) => format!("`{found}` is a keyword of Rust, which cannot be a name"),
        }
    }
}
