//! `input` and `output`.

use proc_macro2::{Delimiter, TokenTree};

use super::chain::Progress;
use super::cursor::Cursor;
use super::{Parsed, Parser, Stage};
use crate::fault::{Part, Slip, SyntaxFault};
use crate::syntax::{Chain, Port};
use crate::words;

/// Longer tuples have no `Debug` and no `PartialEq`.
const MOST_PORTS: usize = 12;

impl Parser {
    /// Whether `input:` or `output:` is here, or what must mean it: `inputs: [1, 28, 28]`, `output = 10`.
    pub(super) fn part(&mut self, c: &Cursor<'_>) -> Option<Part> {
        let word = c.ident_at(0)?;
        let name = word.to_string();
        let parts = [Part::Input, Part::Output];
        let part = parts.into_iter().find(|part| part.word() == name);
        if part.is_some() {
            // `input [1, 28, 28]`; `ports_of` reports the `:`.
            let bare = matches!(c.peek_at(1), Some(TokenTree::Literal(_)));
            let bracket = matches!(c.peek_at(1), Some(TokenTree::Group(_)));
            return part.filter(|_| c.colon_at(1) || c.equals_at(1) || bare || bracket);
        }
        if !c.colon_at(1) && !c.equals_at(1) {
            return None;
        }
        c.group_at(2, Delimiter::Bracket)?;
        let nearest = words::nearest(&name, parts.iter().map(|part| part.word().to_owned()))?;
        let what = "a part of a chain";
        let known = "`input`, `output`".to_owned();
        let part = parts.into_iter().find(|part| part.word() == nearest);
        self.fault(SyntaxFault::UnknownWord { span: word.span(), what, found: name, known, nearest: Some(nearest) });
        part
    }

    pub(super) fn ports_of(&mut self, part: Part, c: &mut Cursor<'_>, chain: &mut Chain, progress: &mut Progress) {
        let (seen, stage) = match part {
            Part::Input => {
                self.has_input = true;
                (&mut progress.input, Stage::Input)
            }
            Part::Output => (&mut progress.output, Stage::Output),
        };
        let again = std::mem::replace(seen, true);
        let faults = self.faults.len();
        let span = c.span();
        if c.is_word(part.word()) {
            self.word(part.word(), span);
        }
        if again {
            self.fault(SyntaxFault::Twice { span, part: part.word().to_owned() });
        } else {
            self.reach(stage, c, progress);
        }
        self.sign = None;
        c.bump();
        self.colon(c, part.word());
        let ports = match self.ports(c, part) {
            Ok(ports) => {
                self.report_slip(|| {
                    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
                    format!("{}: {};", part.word(), ports.join(", "))
                });
                self.semicolon(c);
                ports
            }
            Err(fault) => {
                self.fault(fault);
                // What follows in `output` is not a statement, though `y: a [16]` looks like one.
                while part == Part::Output && !c.at_end() && !c.is_punct(";") {
                    c.bump();
                }
                c.skip_statement();
                Vec::new()
            }
        };
        if again {
            // Reporting it once is enough: what follows may not be meant as a port at all.
            self.faults.truncate(faults + 1);
            return;
        }
        match part {
            Part::Input => (chain.input_span, chain.inputs) = (span, ports),
            Part::Output => (chain.output_span, chain.outputs) = (span, ports),
        }
    }

    /// The `:` after the word of a header or a part.
    pub(super) fn colon(&mut self, c: &mut Cursor<'_>, word: &str) {
        if c.colon_at(0) {
            c.bump();
        } else if c.equals_at(0) {
            self.slip(c.span(), Slip::Assignment(word.to_owned()));
            c.bump();
        } else {
            self.slip(c.span(), Slip::NoColon(word.to_owned()));
        }
    }

    /// `[1, 28, 28]` or `a [1, 28, 28], b [10]`
    pub(super) fn ports(&mut self, c: &mut Cursor<'_>, part: Part) -> Parsed<Vec<Port>> {
        let mut ports = Vec::new();
        loop {
            let name = match c.ident_at(0) {
                Some(_) => self.name(c),
                None => None,
            };
            if name.is_some() && c.colon_at(0) {
                self.slip(c.span(), Slip::Colon(name.as_ref().map(ToString::to_string).unwrap_or_default()));
                c.bump();
            }
            if let Some(name) = name.as_ref().filter(|_| c.at_end() || c.is_punct(";") || c.is_punct(",")) {
                let help = format!("write its shape after the name: `{}: {name} [16];`", part.word());
                return Err(c.unexpected_with("a shape such as `[1, 28, 28]`", Some(help)));
            }
            if let (Part::Output, Some(name)) = (part, name.as_ref())
                && let Some(help) = renamed(c, &name.to_string())
            {
                return Err(c.unexpected_with("a shape such as `[1, 28, 28]`", Some(help)));
            }
            if let Some(names) = tuple_of_names(c) {
                let ports: Vec<String> = names.iter().map(|name| format!("{name} [16]")).collect();
                let help = format!("write a shape after each name: `{}: {};`", part.word(), ports.join(", "));
                return Err(c.unexpected_with("a shape such as `[1, 28, 28]`", Some(help)));
            }
            let named = name.is_some();
            let shape = self.shape(c)?;
            let name = match c.word("from") {
                // `output: [10] from x`
                Some(span) => {
                    self.slip(span, Slip::Inside("from".to_owned()));
                    Some(c.ident("the name of a statement")?)
                }
                None => name,
            };
            if ports.len() == MOST_PORTS {
                let help = Some("join values with `Concat` or `Stack`, or divide the chain into several".to_owned());
                let (span, found) = (shape.span, "another".to_owned());
                return Err(SyntaxFault::Unexpected { span, found, expected: "at most 12 ports", help });
            }
            ports.push(Port { name, shape });
            let is_port = part == Part::Output && c.ident_at(1).is_some();
            if !c.is_punct(",") || starts_part(c) && !is_port {
                return Ok(ports);
            }
            if !named {
                let help = self.with_names(c.clone(), ports, part);
                let fault = c.unexpected_with("`;`", Some(help));
                while !c.at_end() && !c.is_punct(";") {
                    c.bump();
                }
                return Err(fault);
            }
            c.bump();
            if c.is_punct(";") {
                return Ok(ports);
            }
        }
    }

    /// What to write for several ports, of which the first have no names and more follow.
    fn with_names(&mut self, mut c: Cursor<'_>, mut ports: Vec<Port>, part: Part) -> String {
        while c.is_punct(",") && ports.len() < MOST_PORTS {
            c.bump();
            let name = c.ident_at(0).and_then(|_| self.name(&mut c));
            let Ok(shape) = self.shape(&mut c) else { break };
            ports.push(Port { name, shape });
        }
        let text = |(port, letter): (Port, char)| match (&port.name, part) {
            (Some(_), _) => port.to_string(),
            (None, Part::Input) => format!("{letter} {}", port.shape),
            (None, Part::Output) => format!(".. {}", port.shape),
        };
        let texts = ports.into_iter().zip('a'..).map(text).collect::<Vec<String>>().join(", ");
        match part {
            Part::Input => format!("several ports have names: `{texts}`"),
            Part::Output => format!("each of several outputs comes after its statement's name: `{texts}`"),
        }
    }
}

/// What to write for an output with another name than its statement's, or for one of several outputs of a statement:
/// `y: a [16]`, `y: s.0 [16]`, `s.0 [16]`.
fn renamed(c: &Cursor<'_>, name: &str) -> Option<String> {
    let (name, statement, port) = match c.ident_at(0) {
        Some(of) => (name, of.to_string(), c.punct_at(1, ".").then(|| c.peek_at(2))),
        None if c.is_punct(".") => ("last", name.to_owned(), Some(c.peek_at(1))),
        None => return None,
    };
    let port = port.flatten().map(|port| format!(".{port}")).unwrap_or_default();
    Some(format!("give it a name before: `{name}: Identity from {statement}{port};`, and `output: {name} [16];`"))
}

/// Whether this comma is meant as a `;`: what follows is not a port.
fn starts_part(c: &Cursor<'_>) -> bool {
    let port = c.group_at(1, Delimiter::Bracket).is_some()
        || c.ident_at(1).is_some()
            && (c.group_at(2, Delimiter::Bracket).is_some()
                || c.colon_at(2) && c.group_at(3, Delimiter::Bracket).is_some());
    !port && !c.punct_at(1, ";")
}

/// `(a, b)` where ports belong.
fn tuple_of_names(c: &Cursor<'_>) -> Option<Vec<String>> {
    let tokens: Vec<TokenTree> = c.group_at(0, Delimiter::Parenthesis)?.stream().into_iter().collect();
    let names: Option<Vec<String>> = tokens
        .split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
        .map(|part| match part {
            [TokenTree::Ident(name)] => Some(name.to_string()),
            _ => None,
        })
        .collect();
    names.filter(|names| names.len() > 1)
}
