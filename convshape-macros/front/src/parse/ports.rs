//! `input` and `output`.

use proc_macro2::Delimiter;

use super::chain::{Progress, Stage};
use super::cursor::Cursor;
use super::statement::skip;
use super::{Parsed, Parser};
use crate::fault::{Part, SyntaxFault};
use crate::syntax::{Chain, Port};
use crate::words;

impl Parser {
    /// Whether `input:` or `output:` stands here, or what must mean it: `inputs: [1, 28, 28]`.
    pub(super) fn part(&mut self, c: &Cursor<'_>) -> Option<Part> {
        let word = c.ident_at(0)?;
        let name = word.to_string();
        let parts = [Part::Input, Part::Output];
        let part = parts.into_iter().find(|part| part.word() == name);
        if c.group_at(1, Delimiter::Bracket).is_some() {
            // `input [1, 28, 28]`; `ports_of` reports the `:`.
            return part;
        }
        if !c.colon_at(1) || part.is_some() {
            return part.filter(|_| c.colon_at(1));
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
            Part::Input => (&mut progress.input, Stage::Input),
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
        c.bump();
        if c.punct(":").is_none() {
            let fault = c.unexpected("`:`");
            self.fault(fault);
        }
        let ports = match self.ports(c) {
            Ok(ports) => {
                self.semicolon(c);
                ports
            }
            Err(fault) => {
                self.fault(fault);
                skip(c);
                Vec::new()
            }
        };
        if again {
            // Once is enough: what stands behind it may not be meant as a port at all.
            self.faults.truncate(faults + 1);
            return;
        }
        match part {
            Part::Input => (chain.input_span, chain.inputs) = (span, ports),
            Part::Output => (chain.output_span, chain.outputs) = (span, ports),
        }
    }

    /// `[1, 28, 28]` or `a [1, 28, 28], b [10]`
    fn ports(&mut self, c: &mut Cursor<'_>) -> Parsed<Vec<Port>> {
        let mut ports = Vec::new();
        loop {
            let name = c.ident_at(0).cloned();
            if name.is_some() {
                c.bump();
            }
            let named = name.is_some();
            let shape = self.shape(c)?;
            ports.push(Port { name, shape });
            if !c.is_punct(",") {
                return Ok(ports);
            }
            if !named {
                let help = Some("several ports have names: `a [1, 28, 28], b [10]`".to_owned());
                return Err(c.unexpected_with("`;`", help));
            }
            c.bump();
            if c.is_punct(";") {
                return Ok(ports);
            }
        }
    }
}
