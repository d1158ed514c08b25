//! Sizes that inputs leave open, besides the batch, as symbols of the chain.
//!
//! The file is read twice, each time with other numbers in their place. If both give the same layers, these hold for
//! any size, and their shapes are computed again with symbols.

use convshape::Shape;
use convshape::graph::{Op, Size, Symbol};

use super::words::{arguments, kind};
use super::{Import, ImportError, ORDER, Statement};
use crate::proto;

/// How many symbols there are.
const COUNT: u8 = 6;

/// The symbols' names: those of height, width, depth and length first.
const NAMES: [&str; COUNT as usize] = ["h", "w", "d", "l", "m", "n"];

/// The least values of symbols that are tried.
const LOWS: usize = 64;

/// The factors of symbols that are tried: a stride must divide them.
const SCALES: [i64; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// The symbols for each least value.
static SCOPES: [[Symbol; NAMES.len()]; LOWS] = {
    let mut scopes = [[Symbol { name: "", low: 1, high: i64::MAX }; NAMES.len()]; LOWS];
    let mut low = 0;
    while low < LOWS {
        let mut at = 0;
        while at < NAMES.len() {
            scopes[low][at] = Symbol { name: NAMES[at], low: low as i64 + 1, high: i64::MAX };
            at += 1;
        }
        low += 1;
    }
    scopes
};

/// The open sizes of a file.
pub(super) struct OpenSizes {
    /// Numbers for some, and whether an input has that size.
    given: Vec<(String, i64, bool)>,
    /// How many times the file was read before. Each time, other numbers take the place of the open sizes.
    turn: i64,
    sizes: Vec<OpenSize>,
}

struct OpenSize {
    /// Its name in the file.
    name: String,
    /// Its symbol, as an index of [`NAMES`].
    symbol: u8,
    /// The inputs that have it, and their axes.
    axes: Vec<(usize, usize)>,
}

impl OpenSizes {
    pub(super) fn new(given: &[(String, i64)], turn: i64) -> OpenSizes {
        let given = given.iter().map(|(name, number)| (name.clone(), *number, false)).collect();
        OpenSizes { given, turn, sizes: Vec::new() }
    }

    /// A size for which a number was given, and which no input has.
    pub(super) fn unused(&self) -> Option<&str> {
        self.given.iter().find(|(.., is_used)| !is_used).map(|(name, ..)| name.as_str())
    }

    /// The names of the sizes that are open.
    pub(super) fn names(&self) -> Vec<String> {
        self.sizes.iter().map(|size| format!("`{}`", size.name)).collect()
    }

    pub(super) fn are_there(&self) -> bool {
        !self.sizes.is_empty()
    }

    /// The number for the size of an axis, given or standing for it; `None` if there are more open sizes than symbols.
    /// `otherwise` is its name if the file has none.
    pub(super) fn number(
        &mut self,
        dim: &proto::Dimension,
        otherwise: &str,
        (input, at): (usize, usize),
        rank: usize,
    ) -> Option<i64> {
        let name = match &dim.value {
            Some(proto::Size::Param(name)) if !matches!(name.as_str(), "" | "?") => name.clone(),
            _ => otherwise.to_owned(),
        };
        if let Some((_, number, is_used)) = self.given.iter_mut().find(|(given, ..)| *given == name) {
            *is_used = true;
            return Some(*number);
        }
        let place = match self.sizes.iter().position(|size| size.name == name) {
            Some(place) => place,
            None => {
                let usual = match (rank, rank - at) {
                    (1 | 2, 1) => 3,
                    (3.., 1) => 1,
                    (3.., 2) => 0,
                    (4.., 3) => 2,
                    _ => 4,
                };
                let is_free = |symbol: &u8| self.sizes.iter().all(|size| size.symbol != *symbol);
                let symbol = (usual..COUNT).chain(0..usual).find(is_free)?;
                self.sizes.push(OpenSize { name, symbol, axes: Vec::new() });
                self.sizes.len() - 1
            }
        };
        self.sizes[place].axes.push((input, at));
        // A multiple of every factor, and another one for each size and turn.
        Some(SCALES[SCALES.len() - 1] * (2 + place as i64 + 11 * self.turn))
    }

    /// `h in 1.., w in 1..`, for shapes with symbols.
    pub(super) fn header(&self, shapes: &[Shape]) -> Option<String> {
        let symbols: Vec<String> = self
            .sizes
            .iter()
            .filter_map(|size| {
                let &(input, at) = size.axes.first()?;
                let Size::Symbolic { symbol, .. } = shapes[input].size(at) else { return None };
                let Symbol { name, low, .. } = shapes[input].scope().get(usize::from(symbol))?;
                Some(format!("{name} in {low}.."))
            })
            .collect();
        (!symbols.is_empty()).then(|| symbols.join(", "))
    }
}

impl Import {
    /// Puts symbols in the place of the numbers; `other` was read with other numbers.
    pub(super) fn make_symbolic(&mut self, other: &Import) -> Result<(), ImportError> {
        let same = self.statements.iter().zip(&other.statements).take_while(|(own, other)| own == other).count();
        if same < self.statements.len() {
            return Err(self.needs_numbers(same));
        }
        let mut refused = 0;
        for scale in SCALES {
            for low in 0..LOWS {
                match self.symbolic_shapes(scale, low) {
                    Ok(shapes) => {
                        self.shapes = shapes;
                        return Ok(());
                    }
                    Err(statement) => refused = refused.max(statement),
                }
            }
        }
        Err(self.needs_numbers(refused))
    }

    /// The shapes with symbols of this factor and least value, or the first statement that refuses its input.
    fn symbolic_shapes(&self, scale: i64, low: usize) -> Result<Vec<Shape>, usize> {
        let mut shapes = self.shapes[..self.inputs.len()].to_vec();
        for size in &self.open.sizes {
            for &(input, at) in &size.axes {
                let mut sizes = shapes[input].sizes().to_vec();
                sizes[at] = Size::Symbolic { scale, symbol: size.symbol, offset: 0 };
                shapes[input] = Shape::new(&sizes, &SCOPES[low]);
            }
        }
        for (at, statement) in self.statements.iter().enumerate() {
            let inputs: Vec<Shape> = statement.inputs.iter().map(|&value| shapes[value]).collect();
            shapes.push(match statement.op {
                Op::Source { shape, .. } => shape,
                op => op.output(&inputs, ORDER).map_err(|_| at)?,
            });
        }
        Ok(shapes)
    }

    fn needs_numbers(&self, statement: usize) -> ImportError {
        let written = |Statement { op, .. }: &Statement| format!("{}({})", kind(op), arguments(op).join(", "));
        ImportError::OpenSizes {
            names: self.open.sizes.iter().map(|size| size.name.clone()).collect(),
            layer: self.statements.get(statement).map(written).unwrap_or_default(),
        }
    }
}
