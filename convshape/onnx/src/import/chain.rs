//! Names and writes the lines of a chain.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;

use super::Import;
use super::lines::{Line, NUMBER};
use super::names::{Names, Shortened, camel, field, identifier, last_word, snake, without_rank};
use super::pieces::{Block, Number, Pieces, Use};
use super::turns::{Turns, turns};

/// A chain of lines, blocks and repeats.
pub(super) struct Chain<'a> {
    import: &'a Import,
    lines: &'a [Line<'a>],
    outputs: &'a [(String, usize)],
    blocks: Vec<BlockText<'a>>,
    items: Vec<Item>,
    /// The names of the chain's own values.
    labels: HashMap<usize, String>,
    /// The names of the lines' parameters in files; empty for a line without.
    pub(super) file_names: Vec<String>,
    /// Whether input and output are written without a name.
    unnamed: [bool; 2],
}

/// What a statement of the chain is.
enum Item {
    Line(usize),
    Use(Use),
    Repeat(Vec<Use>, Turns),
}

/// A block with its names.
struct BlockText<'a> {
    block: &'a Block,
    name: String,
    parameters: Vec<String>,
    /// Its inputs, if there are several.
    reads: Vec<String>,
    labels: HashMap<usize, String>,
}

impl<'a> Chain<'a> {
    /// `names`: those of the lines' parameters in the file, if there are any.
    pub(super) fn new(
        import: &'a Import,
        lines: &'a [Line<'a>],
        names: &[Option<String>],
        outputs: &'a [(String, usize)],
        pieces: &'a Pieces,
    ) -> Chain<'a> {
        let blocks = blocks(lines, pieces);
        let mut uses = pieces.uses.clone();
        for (index, block) in blocks.iter().enumerate().filter(|(_, block)| has_params(lines, block.block)) {
            let own =
                uses.iter_mut().filter(|part| part.block == index && part.module.is_none() && part.first_run.is_none());
            own.enumerate().for_each(|(at, part)| part.module = Some(format!("{}.{at}", snake(&block.name))));
        }
        let items = items(lines, outputs, uses);
        let mut chain = Chain {
            import,
            lines,
            outputs,
            blocks,
            items,
            labels: HashMap::new(),
            file_names: vec![String::new(); lines.len()],
            unnamed: [false; 2],
        };
        chain.name(names);
        chain
    }

    /// Names the chain's own values and its parameters in files.
    fn name(&mut self, names: &[Option<String>]) {
        let mut needed = HashSet::new();
        let mut previous = 0;
        for item in &self.items {
            match item {
                Item::Line(line) => previous = read(&self.lines[*line], previous, &mut needed),
                Item::Use(part) => previous = used(part, previous, &mut needed),
                Item::Repeat(parts, _) => {
                    used(&parts[0], previous, &mut needed);
                    previous = parts[parts.len() - 1].outputs[0];
                }
            }
        }
        let modules = self.items.iter().filter_map(|item| match item {
            Item::Line(line) => names[*line].as_deref().filter(|_| self.lines[*line].first_run.is_none()),
            Item::Use(part) => part.module.as_deref().filter(|_| part.first_run.is_none()),
            Item::Repeat(..) => None,
        });
        let short = Shortened::of(modules);
        let (mut used, mut files) = (Names::default(), Names::default());
        // A sole port is called `input` or `output` if it has no name.
        self.unnamed = [
            self.import.inputs == ["input"],
            matches!(self.outputs, [(name, value)] if name == "output" && *value == previous),
        ];
        for (name, value) in self.outputs.iter().filter(|_| !self.unnamed[1]) {
            self.labels.insert(*value, used.unique(&identifier(name)));
        }
        for (value, name) in self.import.inputs.iter().enumerate() {
            let name = if self.unnamed[0] { name.clone() } else { used.unique(&identifier(name)) };
            self.labels.insert(value, name);
        }
        for item in &self.items {
            match item {
                Item::Line(line) => {
                    let name = names[*line].as_deref();
                    let own = &self.lines[*line];
                    label(own, name, "", &short, &needed, &mut used, &mut self.labels);
                    if own.has_params() {
                        let name = name.unwrap_or(&self.labels[&own.value]);
                        self.file_names[*line] = files.of_parameters(name, own.fields());
                    }
                }
                Item::Use(part) => {
                    let name =
                        part.module.as_deref().map(|module| short.name(module, &snake(&self.blocks[part.block].name)));
                    self.blocks[part.block].label_use(self.lines, part, name, &mut used, &mut self.labels);
                }
                Item::Repeat(parts, turns) => {
                    let (name, last) = (turns.name(), &parts[parts.len() - 1]);
                    self.blocks[last.block].label_use(self.lines, last, name, &mut used, &mut self.labels);
                }
            }
        }
        for item in &self.items {
            let parts = match item {
                Item::Line(_) => continue,
                Item::Use(part) => std::slice::from_ref(part),
                Item::Repeat(parts, _) => parts,
            };
            for part in parts {
                let block = &self.blocks[part.block];
                for (place, line) in part.lines.clone().enumerate().filter(|(_, line)| self.lines[*line].has_params()) {
                    let module = part.module.as_deref().unwrap_or_default();
                    self.file_names[line] = format!("{module}.{}", block.file_name(self.lines, place));
                }
            }
        }
    }

    pub(super) fn source(&self, name: &str) -> String {
        let port = |value: usize, is_unnamed: bool| match is_unnamed {
            true => self.import.shapes[value].to_string(),
            false => format!("{} {}", self.labels[&value], self.import.shapes[value]),
        };
        let mut text = format!("convshape::conv_chain! {{\n    pub struct {name} {{\n");
        if let Some(symbols) = self.import.open.header(&self.import.shapes) {
            let _ = writeln!(text, "        for {symbols};\n");
        }
        self.blocks.iter().for_each(|block| text.push_str(&block.text(self.lines)));
        let [input, output] = self.unnamed;
        let ports: Vec<String> = (0..self.import.inputs.len()).map(|value| port(value, input)).collect();
        let _ = writeln!(text, "        input: {};\n", ports.join(", "));
        let mut previous = 0;
        for item in &self.items {
            match item {
                Item::Line(line) => {
                    let line_text = self.line(*line, previous);
                    line_text.into_iter().for_each(|line| text.push_str(&format!("        {line}\n")));
                    previous = self.lines[*line].following(previous);
                }
                Item::Use(part) => {
                    let label = self.label_of(part);
                    let module = part.module.as_deref().filter(|module| part.first_run.is_none() && *module != label);
                    let attribute = module.map(name_attribute);
                    let from = from(&part.inputs, previous, &self.labels);
                    let _ =
                        writeln!(text, "        {}{label}: {}{from};", attribute.unwrap_or_default(), self.call(part));
                    previous = part.outputs[0];
                }
                Item::Repeat(parts, turns) => {
                    text.push_str(&self.repeat(parts, turns, previous));
                    previous = parts[parts.len() - 1].outputs[0];
                }
            }
        }
        let ports: Vec<String> = self.outputs.iter().map(|(_, value)| port(*value, output)).collect();
        let _ = write!(text, "\n        output: {};\n    }}\n}}\n", ports.join(", "));
        text
    }

    fn line(&self, index: usize, previous: usize) -> Option<String> {
        let line = &self.lines[index];
        let numbers: Vec<String> = line.numbers.iter().map(i64::to_string).collect();
        statement(line, &numbers, &self.file_names[index], &self.labels, previous)
    }

    /// The name of a use's statement.
    fn label_of(&self, part: &Use) -> &str {
        self.statement_of(part.outputs[0])
    }

    /// The name of the statement that gives a value.
    fn statement_of(&self, value: usize) -> &str {
        let label = self.labels[&value].as_str();
        label.split('.').next().unwrap_or(label)
    }

    /// `Layer(64, 256)`, or `reuse layer`.
    fn call(&self, part: &Use) -> String {
        if let Some(first) = part.first_run {
            return format!("reuse {}", self.statement_of(first));
        }
        let arguments: Vec<String> = part.arguments.iter().map(i64::to_string).collect();
        let name = &self.blocks[part.block].name;
        if arguments.is_empty() { name.clone() } else { format!("{name}({})", arguments.join(", ")) }
    }

    fn repeat(&self, parts: &[Use], turns: &Turns, previous: usize) -> String {
        let (first, last) = (&parts[0], &parts[parts.len() - 1]);
        let label = self.label_of(last);
        let carried = first.inputs[turns.carried];
        let outside = if carried == previous { String::new() } else { format!(" from {}", self.labels[&carried]) };
        let mut inside = self.labels.clone();
        inside.insert(carried, "input".to_owned());
        let from = from(&first.inputs, carried, &inside);
        let attribute = turns.module.as_deref().map(name_attribute).unwrap_or_default();
        let (head, call) = (&turns.head, self.call(first));
        let short = format!("        {label}: repeat {head}{outside} {{ {attribute}{call}{from}; }}\n");
        match short.len() <= 121 {
            true => short,
            false => format!(
                "        {label}: repeat {head}{outside} {{\n            {attribute}{call}{from};\n        }}\n"
            ),
        }
    }
}

/// A line of the chain, or of a block; `file_name` is that of its parameters, empty if it has none.
fn statement(
    line: &Line<'_>,
    numbers: &[String],
    file_name: &str,
    labels: &HashMap<usize, String>,
    previous: usize,
) -> Option<String> {
    if line.port().is_some() {
        return None;
    }
    let names = || line.reads.iter().map(|value| labels[value].as_str()).collect::<Vec<_>>().join(", ");
    let label = labels.get(&line.value).map(|label| format!("{label}: ")).unwrap_or_default();
    if let Some(first) = line.first_run {
        return Some(format!("{label}reuse {}{};", labels[&first], from(line.reads, previous, labels)));
    }
    let mut inside = if line.has_operands() { names() } else { String::new() };
    let mut numbers = numbers.iter();
    for piece in line.arguments.split_inclusive(NUMBER) {
        match piece.strip_suffix(NUMBER) {
            Some(piece) => inside.extend([piece, numbers.next().map_or("", String::as_str)]),
            None => inside.push_str(piece),
        }
    }
    let arguments = if inside.is_empty() { String::new() } else { format!("({inside})") };
    let from = if line.has_operands() { String::new() } else { from(line.reads, previous, labels) };
    let is_label = labels.get(&line.value).is_some_and(|label| label == file_name);
    let attribute = if file_name.is_empty() || is_label { String::new() } else { name_attribute(file_name) };
    Some(format!("{attribute}{label}{}{arguments}{from};", line.word))
}

/// ` from x` or ` from (x, y)` if it does not read the previous statement.
fn from(reads: &[usize], previous: usize, labels: &HashMap<usize, String>) -> String {
    match reads {
        [] => String::new(),
        [only] if *only == previous => String::new(),
        [only] => format!(" from {}", labels[only]),
        all => format!(" from ({})", all.iter().map(|value| labels[value].as_str()).collect::<Vec<_>>().join(", ")),
    }
}

fn name_attribute(name: &str) -> String {
    format!("#[name = {name:?}] ")
}

/// Records which values a line names; returns the value that the next line reads if it names none.
fn read(line: &Line<'_>, previous: usize, needed: &mut HashSet<usize>) -> usize {
    if line.names_reads(previous) {
        needed.extend(line.reads);
    }
    line.following(previous)
}

/// Records which values the use of a block names; returns the value that the next line reads if it names none.
fn used(part: &Use, previous: usize, needed: &mut HashSet<usize>) -> usize {
    if part.inputs != [previous] {
        needed.extend(&part.inputs);
    }
    part.outputs[0]
}

/// Names a line's output, if anything refers to it. `name` is that of its parameters in the file.
fn label(
    line: &Line<'_>,
    name: Option<&str>,
    module: &str,
    short: &Shortened,
    needed: &HashSet<usize>,
    used: &mut Names,
    labels: &mut HashMap<usize, String>,
) {
    if let Some(suffix) = line.port() {
        let run = labels.get(&line.reads[0]).cloned().unwrap_or_default();
        labels.insert(line.value, run + suffix);
        return;
    }
    if labels.contains_key(&line.value) || !(line.has_params() || needed.contains(&line.value)) {
        return;
    }
    let word = match name {
        Some(name) => short.name(name, &snake(&line.word)),
        None => {
            let path = line.statement.path.strip_prefix(module).unwrap_or(&line.statement.path);
            let (part, kind) = (last_word(path), snake(&line.word));
            match part {
                "" => field(&kind),
                part if says(part, &kind) => field(part),
                part => field(&format!("{part}_{kind}")),
            }
        }
    };
    labels.insert(line.value, used.unique(&word));
}

/// Whether a module's name says the kind of its layer: `pool0` and `maxpool` of `max_pool2d`, `relu_2` of `relu`.
fn says(part: &str, kind: &str) -> bool {
    let letters = |word: &str| word.chars().filter(char::is_ascii_alphabetic).collect::<String>();
    let (part, kind) = (letters(part), letters(without_rank(kind)));
    part.starts_with(&kind) || part.len() > 3 && kind.contains(&part)
}

fn has_params(lines: &[Line<'_>], block: &Block) -> bool {
    lines[block.lines.clone()].iter().any(Line::has_params)
}

/// The statements of a chain. Consecutive uses that differ only in their module become a repeat.
fn items(lines: &[Line<'_>], outputs: &[(String, usize)], uses: Vec<Use>) -> Vec<Item> {
    let is_output = |value: usize| outputs.iter().any(|(_, output)| *output == value);
    let is_read =
        |value: usize, from: usize| is_output(value) || lines[from..].iter().any(|line| line.reads.contains(&value));
    let mut items = Vec::new();
    let (mut line, mut at) = (0, 0);
    while line < lines.len() {
        match uses.get(at) {
            Some(part) if part.lines.start == line => match turns(&uses[at..], &is_read) {
                Some((length, turns)) => {
                    items.push(Item::Repeat(uses[at..at + length].to_vec(), turns));
                    line = uses[at + length - 1].lines.end;
                    at += length;
                }
                None => {
                    items.push(Item::Use(part.clone()));
                    line = part.lines.end;
                    at += 1;
                }
            },
            _ => {
                items.push(Item::Line(line));
                line += 1;
            }
        }
    }
    items
}

fn blocks<'a>(lines: &[Line<'_>], pieces: &'a Pieces) -> Vec<BlockText<'a>> {
    let mut names = HashSet::new();
    let name = |(index, block): (usize, &'a Block)| {
        let first = pieces.uses.iter().find(|part| part.block == index);
        let module = first.and_then(|part| part.module.as_deref()).unwrap_or_default();
        let word = camel(&one_of(module));
        let word = match word.as_str() {
            "" => "Block".to_owned(),
            word if convshape_front::is_layer(word) => format!("{word}Block"),
            word => identifier(word),
        };
        let mut name = word.clone();
        let mut count = 1;
        while !names.insert(name.clone()) {
            count += 1;
            name = format!("{word}{count}");
        }
        BlockText::new(lines, block, name, first.map_or(&[], |part| part.inputs.as_slice()), module)
    };
    pieces.blocks.iter().enumerate().map(name).collect()
}

/// The name for a module: `block` for `blocks.3`, `layer` for `layer1.0`.
fn one_of(module: &str) -> String {
    let word = last_word(module).trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    match word.strip_suffix('s') {
        Some(one) if !module.ends_with(word) && !one.ends_with('s') => one.to_owned(),
        _ => word.to_owned(),
    }
}

impl<'a> BlockText<'a> {
    /// A block with names; its first use is of `module` and reads `inputs`.
    fn new(lines: &[Line<'_>], block: &'a Block, name: String, inputs: &[usize], module: &str) -> BlockText<'a> {
        let mut used = Names::default();
        let parameters = parameters(lines, block).into_iter().map(|name| used.unique(name)).collect();
        let reads: Vec<String> = match inputs {
            [_] => Vec::new(),
            inputs => ["x", "y", "z", "w"].iter().zip(inputs).map(|(name, _)| used.unique(name)).collect(),
        };
        let mut labels: HashMap<usize, String> = match inputs {
            [only] => HashMap::from([(*only, "input".to_owned())]),
            inputs => inputs.iter().copied().zip(reads.iter().cloned()).collect(),
        };
        let mut needed = HashSet::new();
        let own = &lines[block.lines.clone()];
        let last =
            own.iter().fold(inputs.first().copied().unwrap_or(0), |previous, line| read(line, previous, &mut needed));
        let outputs: Vec<usize> = block.outputs.iter().map(|&line| own[line].value).collect();
        if outputs != [last] {
            needed.extend(outputs);
        }
        let firsts = own.iter().zip(&block.names).filter(|(line, _)| line.first_run.is_none());
        let short = Shortened::of(firsts.filter_map(|(_, name)| name.as_deref()));
        for (line, name) in own.iter().zip(&block.names) {
            label(line, name.as_deref(), module, &short, &needed, &mut used, &mut labels);
        }
        BlockText { block, name, parameters, reads, labels }
    }

    /// Names the outputs of a use.
    fn label_use(
        &self,
        lines: &[Line<'_>],
        part: &Use,
        name: Option<String>,
        used: &mut Names,
        labels: &mut HashMap<usize, String>,
    ) {
        let known = labels.get(&part.outputs[0]).cloned();
        let label = known.unwrap_or_else(|| used.unique(&name.unwrap_or_else(|| snake(&self.name))));
        for (place, &value) in part.outputs.iter().enumerate() {
            let port = if part.outputs.len() == 1 { String::new() } else { format!(".{}", self.output(lines, place)) };
            labels.insert(value, format!("{label}{port}"));
        }
    }

    /// The name of a line's parameters in files, after that of the use.
    fn file_name(&self, lines: &[Line<'_>], place: usize) -> String {
        let value = lines[self.block.lines.start + place].value;
        self.block.names[place].clone().unwrap_or_else(|| self.labels[&value].clone())
    }

    /// The name of one of several outputs.
    fn output(&self, lines: &[Line<'_>], place: usize) -> String {
        let value = lines[self.block.lines.start + self.block.outputs[place]].value;
        self.labels.get(&value).map(|label| label.replace('.', "_")).unwrap_or_default()
    }

    fn text(&self, lines: &[Line<'_>]) -> String {
        let reads = if self.reads.is_empty() { String::new() } else { format!(" reads {}", self.reads.join(", ")) };
        let mut text = format!("        block {}({}){reads} {{\n", self.name, self.parameters.join(", "));
        let mut numbers = self.block.numbers.iter().map(|number| match number {
            Number::Literal(number) => number.to_string(),
            Number::Parameter { index, times: 1 } => self.parameters[*index].clone(),
            Number::Parameter { index, times } => format!("{times} * {}", self.parameters[*index]),
        });
        let own = &lines[self.block.lines.clone()];
        let first = own.iter().flat_map(|line| line.reads).find(|value| !own.iter().any(|line| line.value == **value));
        let mut previous = first.copied().unwrap_or(0);
        for (place, line) in own.iter().enumerate() {
            let numbers: Vec<String> = numbers.by_ref().take(line.numbers.len()).collect();
            let file_name = if line.has_params() { self.file_name(lines, place) } else { String::new() };
            let line_text = statement(line, &numbers, &file_name, &self.labels, previous);
            line_text.into_iter().for_each(|line| text.push_str(&format!("            {line}\n")));
            previous = line.following(previous);
        }
        let outputs: Vec<usize> = self.block.outputs.iter().map(|&line| own[line].value).collect();
        if outputs != [previous] {
            let name = |(place, value): (usize, &usize)| match &self.labels[value] {
                label if label.contains('.') && outputs.len() > 1 => format!("{}: {label}", self.output(lines, place)),
                label => label.clone(),
            };
            let names: Vec<String> = outputs.iter().enumerate().map(name).collect();
            let _ = writeln!(text, "            output: {};", names.join(", "));
        }
        text + "        }\n\n"
    }
}

/// The names of a block's parameters: each is named after the field in which it is first used.
fn parameters<'l>(lines: &'l [Line<'_>], block: &Block) -> Vec<&'l str> {
    let mut found: BTreeMap<usize, &str> = BTreeMap::new();
    let mut slots = block.numbers.iter();
    for line in &lines[block.lines.clone()] {
        let pieces: Vec<&str> = line.arguments.split(NUMBER).collect();
        for (place, number) in slots.by_ref().take(line.numbers.len()).enumerate() {
            let Number::Parameter { index, .. } = number else { continue };
            let before = pieces[place].trim_end_matches(['(', '[', ' ']);
            let field = before.strip_suffix(':').map(|text| text.rsplit([' ', ',']).next().unwrap_or(text));
            let name = match field {
                Some(field) => field,
                None if pieces[place + 1].starts_with(" ->") => "inputs",
                None if before.ends_with("->") => "outputs",
                None => "size",
            };
            let known = found.entry(*index).or_insert(name);
            // Both an input and an output.
            if matches!((&**known, name), ("inputs", "outputs") | ("outputs", "inputs")) {
                *known = "channels";
            }
        }
    }
    found.into_values().collect()
}
