//! Finds repeated stretches of lines and makes blocks of them.
//!
//! Two stretches match if their lines are the same layers that read each other in the same way, and if their names in
//! the file are equal after the module's name. Integers may differ: they become the block's parameters.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use super::lines::Line;

/// A stretch that occurs more than once.
pub(super) struct Block {
    /// The integers of its lines, in order.
    pub(super) numbers: Vec<Number>,
    /// Its lines that others read.
    pub(super) outputs: Vec<usize>,
    /// The names of its lines in the file, after that of the module; `None` if the file does not name them.
    pub(super) names: Vec<Option<String>>,
    /// The lines of its first use.
    pub(super) lines: Range<usize>,
}

/// A number in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Number {
    Literal(i64),
    /// A parameter, times a factor.
    Parameter {
        index: usize,
        times: i64,
    },
}

/// One use of a block.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) block: usize,
    pub(super) lines: Range<usize>,
    /// The parameters' values.
    pub(super) arguments: Vec<i64>,
    /// The values that it reads.
    pub(super) inputs: Vec<usize>,
    /// The values that others read.
    pub(super) outputs: Vec<usize>,
    /// The module's name in the file.
    pub(super) module: Option<String>,
    /// The first output of the use that it runs again, with the same parameters.
    pub(super) first_run: Option<usize>,
}

/// The blocks of a chain, and their uses in order.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) blocks: Vec<Block>,
    pub(super) uses: Vec<Use>,
}

/// The lines of a chain and their readers.
pub(super) struct Listing<'l, 'a> {
    pub(super) lines: &'l [Line<'a>],
    /// The line that gives a value; `None` for an input.
    pub(super) line_of: Vec<Option<usize>>,
    /// The last line that reads each line; for an output of the chain, a line past the end.
    pub(super) last_reader: Vec<usize>,
    /// The names of lines in the file, if there are any.
    pub(super) names: &'l [Option<String>],
}

/// The most lines of a block.
const MOST_LINES: usize = 200;
/// The most stretches that are examined, so that a long file takes only seconds.
const MOST_STRETCHES: usize = 400_000;
const MOST_BLOCKS: usize = 24;
const MOST_INPUTS: usize = 4;
const MOST_OUTPUTS: usize = 2;
const MOST_PARAMETERS: usize = 6;
const MOST_TIMES: i64 = 4;
/// The smallest saving of a block, in quarters of a line.
const LEAST_GAIN: i64 = 8;

/// Picks the blocks with the largest savings, one after the other. Without `parameters`, only stretches with equal
/// numbers match.
pub(super) fn find(listing: &Listing<'_, '_>, parameters: bool) -> Pieces {
    let groups = listing.groups();
    let mut pieces = Pieces::default();
    let mut taken = vec![false; listing.lines.len()];
    while pieces.blocks.len() < MOST_BLOCKS {
        let Some(best) = listing.best(&groups, &taken, parameters) else { break };
        let first = best.uses[0].lines.clone();
        let (numbers, arguments) = parameterised(&listing.numbers(&best.uses));
        let block = pieces.blocks.len();
        for (mut part, arguments) in best.uses.into_iter().zip(arguments) {
            part.lines.clone().for_each(|line| taken[line] = true);
            part.block = block;
            part.arguments = arguments;
            pieces.uses.push(part);
        }
        let outputs = best.outputs;
        pieces.blocks.push(Block { numbers, outputs, names: best.names, lines: first });
    }
    pieces.uses.sort_by_key(|part| part.lines.start);
    pieces
}

/// Runs of `count` lines that may be equal, by their start.
struct Group {
    length: usize,
    starts: Vec<usize>,
}

impl Group {
    /// An upper bound of the saving.
    fn bound(&self) -> i64 {
        gain(self.length, self.starts.len(), 1)
    }
}

struct Candidate {
    uses: Vec<Use>,
    outputs: Vec<usize>,
    names: Vec<Option<String>>,
    gain: i64,
}

/// The saving of `count` uses of a block, in quarters of a line. Consecutive uses are one statement.
#[expect(clippy::cast_possible_wrap, reason = "lines of one file")]
fn gain(length: usize, count: usize, statements: usize) -> i64 {
    4 * ((length * count) as i64 - (length + 2 + statements) as i64)
}

impl Listing<'_, '_> {
    /// Groups of stretches that are equal apart from integers and names, those with the largest possible saving first.
    fn groups(&self) -> Vec<Group> {
        let count = self.lines.len();
        let longest = MOST_LINES.min(count / 2).min(MOST_STRETCHES / count.max(1));
        let mut found: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
        for start in 0..count {
            let mut hasher = DefaultHasher::new();
            let (mut inputs, mut layers) = (Vec::new(), Vec::new());
            for length in 1..=longest.min(count - start) {
                let line = &self.lines[start + length - 1];
                if line.port().is_some()
                    && line.reads.iter().all(|&run| self.line_of[run].is_none_or(|run| run < start))
                {
                    // A run and its outputs stay together.
                    break;
                }
                self.hash(start, start + length - 1, (&mut inputs, &mut layers), &mut hasher);
                found.entry((length, hasher.finish())).or_default().push(start);
            }
        }
        let groups = found.into_iter().filter(|(_, starts)| starts.len() > 1);
        let mut groups: Vec<Group> = groups.map(|((length, _), starts)| Group { length, starts }).collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.bound()), group.starts[0], group.length));
        groups
    }

    /// A line as part of a stretch: its layer, which of the stretch's parameters it has, and which of its lines and inputs
    /// it reads.
    fn hash(
        &self,
        start: usize,
        line: usize,
        (inputs, layers): (&mut Vec<usize>, &mut Vec<usize>),
        hasher: &mut DefaultHasher,
    ) {
        let own = &self.lines[line];
        (&own.word, &own.arguments, own.layer().map(|layer| place(layer, layers))).hash(hasher);
        for &value in own.reads {
            match self.line_of[value].filter(|&read| read >= start) {
                Some(read) => (0, line - read).hash(hasher),
                None => (1, place(value, inputs)).hash(hasher),
            }
        }
    }

    fn best(&self, groups: &[Group], taken: &[bool], parameters: bool) -> Option<Candidate> {
        let mut best: Option<Candidate> = None;
        for group in groups {
            let least = best.as_ref().map_or(LEAST_GAIN, |best| best.gain + 1);
            if group.bound() < least {
                break;
            }
            for (names, starts) in self.like_names(group, taken, parameters) {
                let least = best.as_ref().map_or(LEAST_GAIN, |best| best.gain + 1);
                if gain(group.length, starts.len(), 1) >= least {
                    let candidate = self.candidate(group.length, &starts, names).filter(|one| one.gain >= least);
                    best = candidate.or(best);
                }
            }
        }
        best
    }

    /// The stretches of a group with matching names, without overlaps.
    fn like_names(
        &self,
        group: &Group,
        taken: &[bool],
        parameters: bool,
    ) -> Vec<(Vec<Option<String>>, Vec<(usize, Option<String>)>)> {
        type Key = (Vec<Option<String>>, Vec<i64>);
        let mut alike: Vec<(Key, Vec<(usize, Option<String>)>)> = Vec::new();
        let mut places: HashMap<Key, usize> = HashMap::new();
        for &start in &group.starts {
            let lines = start..start + group.length;
            if taken[lines.clone()].contains(&true) {
                continue;
            }
            let Some((module, names)) = self.module(lines.clone()) else { continue };
            let numbers = if parameters {
                Vec::new()
            } else {
                self.lines[lines].iter().flat_map(|line| line.numbers.clone()).collect()
            };
            let key = (names, numbers);
            let at = *places.entry(key.clone()).or_insert_with(|| {
                alike.push((key, Vec::new()));
                alike.len() - 1
            });
            let known = &mut alike[at].1;
            if known.last().is_none_or(|(last, _)| last + group.length <= start) {
                known.push((start, module));
            }
        }
        alike.into_iter().map(|((names, _), starts)| (names, starts)).collect()
    }

    /// The module that a stretch's parameters belong to, and their names in it; `None` if they have no common module.
    fn module(&self, lines: Range<usize>) -> Option<(Option<String>, Vec<Option<String>>)> {
        let names = &self.names[lines];
        let mut named = names.iter().flatten();
        let Some(first) = named.next() else { return Some((None, vec![None; names.len()])) };
        let mut module = first.rsplit_once('.')?.0;
        for name in named {
            while !name.strip_prefix(module).is_some_and(|rest| rest.starts_with('.')) {
                module = module.rsplit_once('.')?.0;
            }
        }
        let rest = |name: &String| name[module.len() + 1..].to_owned();
        Some((Some(module.to_owned()), names.iter().map(|name| name.as_ref().map(rest)).collect()))
    }

    fn candidate(
        &self,
        length: usize,
        starts: &[(usize, Option<String>)],
        names: Vec<Option<String>>,
    ) -> Option<Candidate> {
        if starts.len() < 2 {
            return None;
        }
        let starts = self.with_whole_runs(length, starts);
        if starts.len() < 2 {
            return None;
        }
        let ranges = || starts.iter().map(|(start, ..)| *start..start + length);
        let is_read = |line: usize| ranges().any(|lines| self.last_reader[lines.start + line] >= lines.end);
        let outputs: Vec<usize> = (0..length).filter(|&line| is_read(line)).collect();
        let gives_output = ranges().any(|lines| self.last_reader[lines].contains(&self.lines.len()));
        let inputs: Vec<Vec<usize>> = ranges().map(|lines| self.inputs(lines)).collect();
        let count = inputs[0].len();
        let is_part = outputs.iter().any(|&line| {
            // What is read are its ports or its weight.
            let is_port_read = |(start, ..): &(usize, _, _)| {
                let value = self.lines[start + line].value;
                self.lines.iter().any(|line| line.port().is_some() && line.reads.contains(&value))
            };
            self.lines[starts[0].0 + line].statement.inputs.is_empty() || starts.iter().any(is_port_read)
        });
        if !(1..=MOST_INPUTS).contains(&count)
            || !(1..=MOST_OUTPUTS).contains(&outputs.len())
            || gives_output && outputs.len() > 1
            || is_part
        {
            return None;
        }
        let give_first = outputs[0];
        let give = |lines: &Range<usize>| outputs.iter().map(|&line| self.lines[lines.start + line].value).collect();
        let uses: Vec<Use> = ranges()
            .zip(&starts)
            .zip(inputs)
            .map(|((lines, (_, module, first)), inputs)| {
                let outputs = give(&lines);
                let first_run = first.map(|start| self.lines[start + give_first].value);
                Use { block: 0, lines, arguments: Vec::new(), inputs, outputs, module: module.clone(), first_run }
            })
            .collect();
        let numbers = self.numbers(&uses);
        let parameters = parameterised(&numbers).1[0].len();
        if parameters > MOST_PARAMETERS {
            return None;
        }
        #[expect(clippy::cast_possible_wrap, reason = "lines of one file")]
        let cost = (3 * uses.len() * (count - 1 + outputs.len() - 1) + 2 * parameters + self.strangers(&uses)) as i64;
        let goes_on = |at: &usize| uses[at - 1].lines.end == uses[*at].lines.start && numbers[at - 1] == numbers[*at];
        let statements = uses.len() - (1..uses.len()).filter(goes_on).count();
        let gain = gain(length, uses.len(), statements) - cost;
        // Several elements of a list are better blocks each.
        let gain = if elements(&names) > 1 { gain / 2 } else { gain };
        Some(Candidate { gain, uses, outputs, names })
    }

    /// The stretches that can be uses of one block, and for each the start of the one that it runs again: a stretch either
    /// has all its parameters, and every line that runs them again is in one such stretch, or it runs all those of another.
    fn with_whole_runs(
        &self,
        length: usize,
        starts: &[(usize, Option<String>)],
    ) -> Vec<(usize, Option<String>, Option<usize>)> {
        let owner = |line: &Line<'_>| line.layer().and_then(|layer| self.line_of[layer]);
        let lines = |start: usize| &self.lines[start..start + length];
        let owners = |start: usize| lines(start).iter().filter_map(owner).collect::<Vec<usize>>();
        let numbers = |start: usize| lines(start).iter().flat_map(|line| &line.numbers).collect::<Vec<_>>();
        let is_inside = |line: usize, start: usize| (start..start + length).contains(&line);
        let has_all = |start: usize| owners(start).iter().all(|&line| is_inside(line, start));
        let mut starts: Vec<(usize, Option<String>, Option<usize>)> =
            starts.iter().map(|(start, module)| (*start, module.clone(), None)).collect();
        let runs: Vec<(usize, usize)> = self
            .lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.first_run.is_some())
            .filter_map(|(at, line)| Some((at, owner(line)?)))
            .collect();
        // Without one stretch others may no longer fit.
        loop {
            let known: Vec<usize> = starts.iter().map(|(start, ..)| *start).collect();
            starts.retain_mut(|(start, _, first_run)| {
                if has_all(*start) {
                    let mut own = runs.iter().filter(|(_, owner)| is_inside(*owner, *start));
                    return own.all(|(at, _)| known.iter().any(|&other| is_inside(*at, other)));
                }
                let is_same = |other: &&usize| {
                    has_all(**other) && owners(**other) == owners(*start) && numbers(**other) == numbers(*start)
                };
                *first_run = known.iter().find(is_same).copied();
                first_run.is_some()
            });
            if starts.len() == known.len() {
                return starts;
            }
        }
    }

    /// The values that a stretch reads but does not give, in the order in which it reads them.
    fn inputs(&self, lines: Range<usize>) -> Vec<usize> {
        let mut inputs = Vec::new();
        for &value in self.lines[lines.clone()].iter().flat_map(|line| line.reads) {
            if self.line_of[value].is_none_or(|read| read < lines.start) {
                place(value, &mut inputs);
            }
        }
        inputs
    }

    /// The lines that belong to a different module than the rest.
    fn strangers(&self, uses: &[Use]) -> usize {
        let strange = |part: &Use| {
            let Some(module) = &part.module else { return 0 };
            let inside = |path: &str| {
                path.is_empty()
                    || path.strip_prefix(module.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            self.lines[part.lines.clone()].iter().filter(|line| !inside(&line.statement.path)).count()
        };
        uses.iter().map(strange).sum()
    }

    /// The numbers of each use.
    fn numbers(&self, uses: &[Use]) -> Vec<Vec<i64>> {
        let of =
            |part: &Use| self.lines[part.lines.clone()].iter().flat_map(|line| line.numbers.iter().copied()).collect();
        uses.iter().map(of).collect()
    }
}

/// How many elements of a list a block's parameters belong to, counting those with several: of `0.a`, `0.b`, `1.a` one.
fn elements(names: &[Option<String>]) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (first, rest) in names.iter().flatten().filter_map(|name| name.split_once('.')) {
        if first.bytes().all(|letter| letter.is_ascii_digit()) && !rest.bytes().all(|letter| letter.is_ascii_digit()) {
            *counts.entry(first).or_insert(0) += 1;
        }
    }
    counts.values().filter(|count| **count > 1).count()
}

/// The index of a value in a list; appends it if it is missing.
fn place(value: usize, list: &mut Vec<usize>) -> usize {
    list.iter().position(|&known| known == value).unwrap_or_else(|| {
        list.push(value);
        list.len() - 1
    })
}

/// The numbers of a block that differ between uses, and the parameters' values of each use.
fn parameterised(uses: &[Vec<i64>]) -> (Vec<Number>, Vec<Vec<i64>>) {
    let column = |slot: usize| -> Vec<i64> { uses.iter().map(|numbers| numbers[slot]).collect() };
    let is_same = |column: &[i64]| column.iter().all(|number| *number == column[0]);
    let slots = uses[0].len();
    let mut found: Vec<Vec<i64>> = Vec::new();
    for slot in 0..slots {
        let column = column(slot);
        if !is_same(&column) && !found.contains(&column) {
            found.push(column);
        }
    }
    // A number becomes a parameter if it is not a multiple of a smaller one.
    let mut smallest = found.clone();
    smallest.sort();
    let mut bases: Vec<Vec<i64>> = Vec::new();
    for column in smallest {
        if !bases.iter().any(|base| times(&column, base).is_some()) {
            bases.push(column);
        }
    }
    let parameters: Vec<Vec<i64>> = found.into_iter().filter(|column| bases.contains(column)).collect();
    let number = |slot: usize| {
        let column = column(slot);
        if is_same(&column) {
            return Number::Literal(column[0]);
        }
        let found = parameters.iter().enumerate().find_map(|(index, base)| Some((index, times(&column, base)?)));
        let (index, times) = found.expect("each column is a parameter or a multiple of one");
        Number::Parameter { index, times }
    };
    let arguments = (0..uses.len()).map(|at| parameters.iter().map(|column| column[at]).collect()).collect();
    ((0..slots).map(number).collect(), arguments)
}

/// The factor between two lists of numbers, if it is small enough to be readable.
fn times(list: &[i64], base: &[i64]) -> Option<i64> {
    // Zero says nothing about the factor.
    let at = base.iter().position(|number| *number != 0)?;
    let factor = list[at].checked_div(base[at]).filter(|factor| (1..=MOST_TIMES).contains(factor))?;
    list.iter().zip(base).all(|(number, base)| base.checked_mul(factor) == Some(*number)).then_some(factor)
}

#[cfg(test)]
mod tests {
    use super::{Number, parameterised};

    /// Three numbers change from the first use to the second, two of them from 0. The kernel of 7 does not change.
    #[test]
    fn a_number_may_be_zero_in_the_first_use() {
        let (numbers, arguments) = parameterised(&[vec![0, 7, 0, 4], vec![1, 7, 3, 1]]);
        assert_eq!(arguments, [[0, 4], [1, 1]]);
        let expected = [(0, 1), (0, 3), (1, 1)].map(|(index, times)| Number::Parameter { index, times });
        assert_eq!(numbers, [expected[0], Number::Literal(7), expected[1], expected[2]]);
    }
}
