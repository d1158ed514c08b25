//! Edits that people make by mistake, each applied once to the text of a chain.

use std::ops::Range;

use crate::fix::statement::{Body, Layer, Statement, statements};
use crate::fix::token::{Token, tokens};

/// Draws a number below another.
pub type Draw<'a> = dyn FnMut(usize) -> usize + 'a;

/// A kind of edit. `None` if the chain has no place for it.
type Slip = fn(&Text<'_>, &mut Draw<'_>) -> Option<String>;

/// Every kind of edit, by name.
pub const SLIPS: [(&str, Slip); 15] = [
    ("a number", number),
    ("a channel count", channels),
    ("a field's value", field),
    ("a field left out", unset),
    ("a layer left out", drop_layer),
    ("a Flatten left out", drop_view),
    ("two layers swapped", swap),
    ("the input's axes", axes),
    ("a batch axis", batch),
    ("another reference", reference),
    ("the rank", rank),
    ("the direction", direction),
    ("another framework's field", word),
    ("a letter missing", typo),
    ("a letter missing in a reference", typo_in_reference),
];

/// Fields whose values count rows.
const ROWS: [&str; 19] = [
    "kernel",
    "kernel_size",
    "kernel_shape",
    "pool_size",
    "stride",
    "strides",
    "window_strides",
    "padding",
    "pads",
    "dilation",
    "dilations",
    "dilation_rate",
    "kernel_dilation",
    "groups",
    "group",
    "output_padding",
    "scale",
    "scale_factor",
    "factor",
];

/// Words of two frameworks for one field.
const WORDS: [(&str, &str); 6] = [
    ("kernel", "kernel_shape"),
    ("kernel_size", "kernel"),
    ("stride", "strides"),
    ("strides", "stride"),
    ("padding", "pads"),
    ("groups", "group"),
];

/// A chain's text, taken apart.
pub struct Text<'a> {
    source: &'a str,
    tokens: Vec<Token<'a>>,
    statements: Vec<Statement<'a>>,
}

impl<'a> Text<'a> {
    /// Takes a chain apart.
    #[must_use]
    pub fn new(source: &'a str) -> Text<'a> {
        let tokens = tokens(source);
        let statements = statements(&tokens);
        Text { source, tokens, statements }
    }

    fn layers(&self) -> impl Iterator<Item = (&Statement<'a>, &Layer<'a>)> {
        self.statements.iter().filter_map(|statement| match &statement.body {
            Body::Layer(layer) => Some((statement, layer)),
            Body::Port(_) | Body::List(_) | Body::Count(_) => None,
        })
    }

    fn ports(&self, word: &str) -> impl Iterator<Item = Range<usize>> {
        self.statements.iter().filter_map(move |statement| match &statement.body {
            Body::Port(shape) if statement.path == [word] => Some(shape.clone()),
            _ => None,
        })
    }

    /// The numbers in a part of the text.
    fn numbers(&self, within: &Range<usize>) -> Vec<Range<usize>> {
        let inside = |token: &&Token<'_>| within.start <= token.span.start && token.span.end <= within.end;
        let number = |token: &&Token<'_>| token.text.bytes().all(|byte| byte.is_ascii_digit());
        self.tokens.iter().filter(inside).filter(number).map(|token| token.span.clone()).collect()
    }

    /// Everything inside the outermost braces.
    fn body(&self) -> Range<usize> {
        self.source.find('{').unwrap_or(0)..self.source.len()
    }

    fn with(&self, at: Range<usize>, text: &str) -> String {
        let mut changed = self.source.to_owned();
        changed.replace_range(at, text);
        changed
    }

    /// A statement with its `;`.
    fn whole(&self, statement: &Statement<'_>) -> Option<Range<usize>> {
        let end = self.tokens.iter().find(|token| token.text == ";" && token.span.start > statement.start)?;
        Some(statement.start..end.span.end)
    }

    /// Whether a statement has no name, or one that nothing refers to.
    fn unread(&self, statement: &Statement<'_>) -> bool {
        let Some(name) = statement.path.last() else { return true };
        self.tokens.iter().filter(|token| token.text == name).count() <= 1
    }

    /// Another number, as by a slip.
    fn other(&self, at: Range<usize>, draw: &mut Draw<'_>) -> Option<String> {
        let now: u64 = self.source[at.clone()].parse().ok()?;
        let other = [now + 1, now.checked_sub(1)?, now * 2, now / 2, now + 2][draw(5)];
        (other != now).then(|| self.with(at, &other.to_string()))
    }
}

/// One of several.
fn one<T>(mut from: Vec<T>, draw: &mut Draw<'_>) -> Option<T> {
    if from.is_empty() {
        return None;
    }
    let at = draw(from.len());
    Some(from.swap_remove(at))
}

fn number(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let at = one(text.numbers(&text.body()), draw)?;
    text.other(at, draw)
}

fn channels(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let arrows = text.layers().filter_map(|(_, layer)| layer.args.first().filter(|arg| arg.field.is_none()));
    let numbers =
        arrows.filter(|arg| text.source[arg.span.clone()].contains("->")).flat_map(|arg| text.numbers(&arg.span));
    let at = one(numbers.collect(), draw)?;
    text.other(at, draw)
}

fn field(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let of_rows = |field: Option<&str>| field.is_some_and(|field| ROWS.contains(&field));
    let fields = text.layers().flat_map(|(_, layer)| layer.args.iter()).filter(|arg| of_rows(arg.field));
    let at = one(fields.flat_map(|arg| text.numbers(&arg.span)).collect(), draw)?;
    text.other(at, draw)
}

fn unset(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let fields = text.layers().flat_map(|(_, layer)| layer.args.iter().skip(1)).filter(|arg| arg.field.is_some());
    let at = one(fields.map(|arg| arg.whole.clone()).collect(), draw)?;
    let comma = text.source[..at.start].rfind(',')?;
    Some(text.with(comma..at.end, ""))
}

fn drop_layer(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let free = text.layers().filter(|(statement, _)| text.unread(statement));
    let (statement, _) = one(free.collect(), draw)?;
    Some(text.with(text.whole(statement)?, ""))
}

fn drop_view(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let view = |op: &str| matches!(op, "Flatten" | "Reshape" | "Permute" | "Transpose" | "GlobalAvgPool" | "Unflatten");
    let views = text.layers().filter(|(statement, layer)| view(layer.op.text) && text.unread(statement));
    let (statement, _) = one(views.collect(), draw)?;
    Some(text.with(text.whole(statement)?, ""))
}

fn swap(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let layers: Vec<&Statement<'_>> = text.layers().map(|(statement, _)| statement).collect();
    let beside = |pair: &&[&Statement<'_>]| match (text.whole(pair[0]), text.whole(pair[1])) {
        (Some(a), Some(b)) => text.source[a.end..b.start].trim().is_empty(),
        _ => false,
    };
    let pair = one(layers.windows(2).filter(beside).collect(), draw)?;
    let (a, b) = (text.whole(pair[0])?, text.whole(pair[1])?);
    let (first, between, second) = (&text.source[a.clone()], &text.source[a.end..b.start], &text.source[b.clone()]);
    (first != second).then(|| text.with(a.start..b.end, &format!("{second}{between}{first}")))
}

fn axes(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let at = one(text.ports("input").collect(), draw)?;
    let mut sizes: Vec<&str> = text.source[at.clone()].strip_prefix('[')?.strip_suffix(']')?.split(',').collect();
    let count = sizes.len().max(1);
    sizes.rotate_left((1 + draw(2)) % count);
    let sizes: Vec<&str> = sizes.into_iter().map(str::trim).collect();
    let changed = text.with(at, &format!("[{}]", sizes.join(", ")));
    (changed != text.source).then_some(changed)
}

fn batch(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let input = one(text.ports("input").collect(), draw)?;
    let batch = [1, 8, 32, 64][draw(4)];
    let within = |port: &Range<usize>| text.source[port.start..].starts_with('[').then_some(port.start + 1);
    let output = text.ports("output").next().filter(|_| draw(2) == 0);
    let mut changed = text.source.to_owned();
    // From the end.
    for port in output.into_iter().chain([input]) {
        changed.insert_str(within(&port)?, &format!("{batch}, "));
    }
    Some(changed)
}

fn reference(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let names = named(text);
    let token = one(references(text, &names), draw)?;
    // One that was given before, but not that of the statement itself.
    let start = text.source[..token.span.start].rfind([';', '{'])?;
    let before = names.iter().filter(|name| name.span.start < start && name.text != token.text);
    let other = one(before.collect(), draw)?;
    Some(text.with(token.span.clone(), other.text))
}

fn rank(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let ranked = text.layers().map(|(_, layer)| &layer.op).filter(|op| op.text.ends_with(['d', 'D']));
    let op = one(ranked.filter(|op| op.text.contains(['1', '2', '3'])).collect(), draw)?;
    let other = ["1", "2", "3"][draw(3)];
    let renamed = op.text.replace(['1', '2', '3'], other);
    (renamed != op.text).then(|| text.with(op.span.clone(), &renamed))
}

fn direction(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let convs = text.layers().map(|(_, layer)| &layer.op).filter(|op| op.text.starts_with("Conv"));
    let op = one(convs.collect(), draw)?;
    let turned = match op.text {
        text if text.contains("Transpose") => text.replace("Transpose", ""),
        text if text.ends_with('D') => format!("{text}Transpose"),
        text => text.replacen("Conv", "ConvTranspose", 1),
    };
    let known = |op: &str| !op.contains("General") && !op.contains("Custom");
    known(op.text).then(|| text.with(op.span.clone(), &turned))
}

fn word(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let fields = text.tokens.windows(2).filter(|pair| pair[1].text == ":");
    let words = fields.filter_map(|pair| {
        let (_, other) = WORDS.iter().find(|(word, _)| *word == pair[0].text)?;
        Some((pair[0].span.clone(), *other))
    });
    let (at, other) = one(words.collect(), draw)?;
    Some(text.with(at, other))
}

fn typo(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let ops = text.layers().map(|(_, layer)| layer.op.span.clone());
    let fields = text.layers().flat_map(|(_, layer)| layer.args.iter()).filter_map(|arg| {
        let field = arg.field?;
        Some(arg.whole.start..arg.whole.start + field.len())
    });
    let at = one(ops.chain(fields).filter(|at| at.len() > 4).collect(), draw)?;
    let gap = at.start + 1 + draw(at.len() - 2);
    Some(text.with(gap..gap + 1, ""))
}

fn typo_in_reference(text: &Text<'_>, draw: &mut Draw<'_>) -> Option<String> {
    let token = one(references(text, &named(text)), draw)?;
    let at = token.span.clone();
    (at.len() > 2).then(|| text.with(at.end - 2..at.end - 1, ""))
}

/// The names that statements have, where they are given.
fn named<'t, 'a>(text: &'t Text<'a>) -> Vec<&'t Token<'a>> {
    let named = |token: &&Token<'_>| {
        let of_layer = |statement: &Statement<'_>| {
            matches!(statement.body, Body::Layer(_)) && statement.path.last().is_some_and(|last| last == token.text)
        };
        text.statements.iter().any(of_layer)
    };
    let labels = text.tokens.windows(2).filter(|next| next[1].text == ":").map(|next| &next[0]);
    labels
        .filter(|token| !matches!(token.text, "input" | "output" | "dialect" | "lint" | "lossy"))
        .filter(named)
        .collect()
}

/// The places where a statement's name is read.
fn references<'t, 'a>(text: &'t Text<'a>, names: &[&Token<'_>]) -> Vec<&'t Token<'a>> {
    let name = |token: &Token<'_>| names.iter().any(|name| name.text == token.text);
    let reads = text.tokens.windows(2).filter(|pair| name(&pair[0]) && pair[1].text != ":");
    reads.map(|pair| &pair[0]).collect()
}
