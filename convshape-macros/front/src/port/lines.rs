//! Python's logical lines as tokens: a bracket or a `\` continues a line, comments end, strings may have either quote.

use proc_macro2::{TokenStream, TokenTree};

use super::Unported;

/// One logical line, or a part of it up to a `;`.
pub(super) struct Line {
    /// Its first line in the text, from 1.
    pub(super) number: usize,
    /// The width of its indentation.
    pub(super) indent: usize,
    /// Their spans have the text's line numbers.
    pub(super) tokens: Vec<TokenTree>,
}

/// The lines that are not empty.
pub(super) fn lines(python: &str) -> Result<Vec<Line>, Unported> {
    let python = without_prompts(python);
    let mut reader = LineReader { rest: &python, number: 1, depth: 0, open: None, lines: Vec::new() };
    while reader.step()? {}
    if let (Some(open), true) = (&reader.open, reader.depth > 0) {
        return Err(Unported::new(open.number, "the bracket that opens here has no end"));
    }
    reader.end()?;
    Ok(reader.lines)
}

/// The text without the prompts of an interactive session.
fn without_prompts(python: &str) -> String {
    if !python.trim_start().starts_with(">>> ") {
        return python.to_owned();
    }
    let line = |line: &str| {
        let line = line.trim_start();
        let code = [">>> ", "... "].iter().find_map(|prompt| line.strip_prefix(prompt));
        code.map_or(String::new(), str::to_owned)
    };
    python.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Most brackets inside each other.
const DEEPEST: usize = 64;

/// Stands before a string with values in braces.
pub(super) const FORMAT: &str = "__format ";

struct LineReader<'a> {
    rest: &'a str,
    /// The current line of the text.
    number: usize,
    /// The number of open brackets.
    depth: usize,
    open: Option<Open>,
    lines: Vec<Line>,
}

/// The line that is being read.
struct Open {
    number: usize,
    indent: usize,
    text: String,
}

impl LineReader<'_> {
    /// Reads one character, comment or string; `false` at the end.
    fn step(&mut self) -> Result<bool, Unported> {
        if self.open.is_none() {
            let indent = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
            self.rest = &self.rest[indent..];
            self.open = Some(Open { number: self.number, indent, text: String::new() });
        }
        let Some(next) = self.rest.chars().next() else { return Ok(false) };
        let after = &self.rest[next.len_utf8()..];
        match next {
            '#' => {
                self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..];
                return Ok(true);
            }
            '\n' if self.depth == 0 => self.end()?,
            ';' if self.depth == 0 => {
                let indent = self.open.as_ref().map_or(0, |open| open.indent);
                self.end()?;
                self.open = Some(Open { number: self.number, indent, text: String::new() });
            }
            '\\' if after.trim_start_matches('\r').starts_with('\n') => {
                self.push("\n");
                self.number += 1;
                self.rest = after.trim_start_matches('\r').get(1..).unwrap_or("");
                return Ok(true);
            }
            '"' | '\'' => {
                self.string(next)?;
                return Ok(true);
            }
            // `//` would be a comment.
            '/' if after.starts_with('/') => {
                self.push("/ /");
                self.rest = &after[1..];
                return Ok(true);
            }
            '.' => {
                let number = self.open.as_ref().is_some_and(|open| {
                    !open.text.ends_with(|last: char| last.is_alphanumeric() || "_)]".contains(last))
                });
                self.push(if number && after.starts_with(|digit: char| digit.is_ascii_digit()) { "0." } else { "." });
            }
            _ => {
                self.depth += usize::from("([{".contains(next));
                if self.depth > DEEPEST {
                    return Err(Unported::new(self.number, "brackets inside brackets, too many to be read"));
                }
                self.depth = self.depth.saturating_sub(usize::from(")]}".contains(next)));
                self.push(next.encode_utf8(&mut [0; 4]));
            }
        }
        self.number += usize::from(next == '\n');
        self.rest = after;
        Ok(true)
    }

    fn push(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.text.push_str(text);
        }
    }

    /// A string, written as Rust writes it. The lines it fills are kept, so that numbers stay right.
    fn string(&mut self, quote: char) -> Result<(), Unported> {
        let start = self.number;
        if let Some(open) = &mut self.open {
            let prefix = open.text.trim_end_matches(|last: char| "rbfuRBFU".contains(last)).len();
            let word = open.text[..prefix].ends_with(|last: char| last.is_alphanumeric() || last == '_');
            let formats = !word && open.text[prefix..].contains(['f', 'F']);
            open.text.truncate(if word { open.text.len() } else { prefix });
            open.text.push_str(if formats { FORMAT } else { "" });
        }
        let triple = quote.to_string().repeat(3);
        let end = if self.rest.starts_with(&triple) { triple } else { quote.to_string() };
        let mut content = String::new();
        self.rest = &self.rest[end.len()..];
        while !self.rest.starts_with(&end) {
            let mut chars = self.rest.chars();
            let Some(next) = chars.next().filter(|next| *next != '\n' || end.len() == 3) else {
                return Err(Unported::new(start, "the string that begins here has no end"));
            };
            content.push(next);
            self.number += usize::from(next == '\n');
            if next == '\\' {
                content.extend(chars.next());
            }
            self.rest = chars.as_str();
        }
        self.rest = &self.rest[end.len()..];
        self.push(&format!("{content:?}{}", "\n".repeat(self.number - start)));
        Ok(())
    }

    /// Ends the line that is open.
    fn end(&mut self) -> Result<(), Unported> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let text = format!("{}{}", "\n".repeat(open.number - 1), open.text);
        let tokens: TokenStream =
            text.parse().map_err(|_| Unported::new(open.number, format!("`{}` is not Python", open.text.trim())))?;
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        if !tokens.is_empty() {
            self.lines.push(Line { number: open.number, indent: open.indent, tokens });
        }
        Ok(())
    }
}
