//! Recurrent layers: what a step does, and where the values of a run are stored.

use super::Dialect;
use crate::size::{Size, SizeError};

/// What a recurrent layer does in one step, with `x` the step's features and `h` the last state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cell {
    /// Long short-term memory with a cell state. Gates, in this order: input, forget, cell, output.
    Lstm,
    /// Gated recurrent unit. Gates, in PyTorch's order: reset, update, new.
    Gru {
        /// Whether the reset gate multiplies the recurrent product (PyTorch, keras), and not the state before it.
        reset_after: bool,
    },
    /// One gate: `tanh` or `relu` of the sum of both products.
    Rnn {
        /// Whether it is `relu`.
        relu: bool,
    },
}

/// A recurrent layer on `[length, features]`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Recurrent {
    /// What a step does.
    pub cell: Cell,
    /// Whose names, layout and initialisation its parameters have.
    pub dialect: Dialect,
    /// Input features; `None` takes what comes in.
    pub inputs: Option<i64>,
    /// Features of a state.
    pub hidden: i64,
    /// Layers, each of which reads the outputs of the one before.
    pub layers: i64,
    /// Whether a second run from the end to the start adds its outputs.
    pub bidirectional: bool,
    /// Whether biases are added.
    pub bias: bool,
    /// Probability of a zero in training, in what is read by all layers but the first.
    pub dropout: f64,
}

/// What is read of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecurrentOutput {
    /// The outputs of the last layer at all steps: `[length, directions * hidden]`.
    Sequence,
    /// The last layer's state after its last step, both directions in a row: `[directions * hidden]`.
    Last,
    /// All states after the last step: `[layers * directions, hidden]`.
    Hidden,
    /// All cell states after the last step: `[layers * directions, hidden]`.
    Cell,
}

impl Cell {
    /// How many gates it has.
    pub const fn gates(self) -> i64 {
        match self {
            Cell::Lstm => 4,
            Cell::Gru { .. } => 3,
            Cell::Rnn { .. } => 1,
        }
    }

    /// How many states it hands on: the cell state is one.
    pub const fn states(self) -> i64 {
        match self {
            Cell::Lstm => 2,
            Cell::Gru { .. } | Cell::Rnn { .. } => 1,
        }
    }

    /// Rows that a step keeps for the way back, besides its output: the gates, and the cell state (`Lstm`) or what
    /// the reset gate has to do with (`Gru`).
    const fn kept(self) -> i64 {
        match self {
            Cell::Lstm | Cell::Gru { .. } => self.gates() + 1,
            Cell::Rnn { .. } => 0,
        }
    }
}

impl Recurrent {
    /// A layer with the defaults of its framework.
    pub const fn new(dialect: Dialect, cell: Cell) -> Recurrent {
        Recurrent { cell, dialect, inputs: None, hidden: 0, layers: 1, bidirectional: false, bias: true, dropout: 0.0 }
    }

    /// 2 if it is bidirectional, else 1.
    pub const fn directions(&self) -> i64 {
        if self.bidirectional { 2 } else { 1 }
    }

    /// Features of an output: those of both directions.
    pub const fn width(&self) -> i64 {
        self.directions().saturating_mul(self.hidden)
    }

    /// Features that one of the layers reads.
    pub const fn inputs_of(&self, layer: i64) -> Option<i64> {
        if layer == 0 { self.inputs } else { Some(self.width()) }
    }

    /// Rows of [`Recurrent::width`] numbers before the outputs: the last states.
    const fn state_rows(&self) -> i64 {
        self.layers.saturating_mul(self.cell.states())
    }

    /// Rows for each step.
    const fn step_rows(&self) -> i64 {
        self.layers.saturating_mul(self.cell.kept() + 1)
    }

    /// The rows of a run over `length` steps. See [`Trace`].
    ///
    /// # Errors
    /// If the number does not fit.
    pub const fn rows(&self, length: Size) -> Result<Size, SizeError> {
        match length.times(self.step_rows()) {
            Ok(rows) => rows.plus(self.state_rows()),
            Err(error) => Err(error),
        }
    }

    /// The number of steps of a run with `rows` rows.
    pub const fn steps(&self, rows: Size) -> Option<Size> {
        let (each, states) = (self.step_rows(), self.state_rows());
        if each < 1 {
            return None;
        }
        match rows {
            Size::Unknown => Some(Size::Unknown),
            Size::Number(rows) if rows >= states && (rows - states) % each == 0 => {
                Some(Size::Number((rows - states) / each))
            }
            Size::Symbolic { scale, symbol, offset } if scale % each == 0 => match offset.checked_sub(states) {
                Some(rest) if rest % each == 0 => {
                    Some(Size::Symbolic { scale: scale / each, symbol, offset: rest / each })
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Where the values of a run are stored. An `Op::Recurrent` gives one value with all of them, in rows of as many
/// numbers as an output has; each [`RecurrentOutput`] is a part of it:
///
/// - the last states `[layers * directions, hidden]`, after them the last cell states,
/// - the outputs of the last layer `[length, directions * hidden]`,
/// - for each layer and direction what the way back needs: the gates `[length, gates, hidden]` after their functions,
///   and one number more for each unit: the cell state (`Lstm`), what the reset gate multiplies (`Gru`, reset after
///   the product) or what it gives (`Gru`, reset before),
/// - the outputs of the layers before the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trace {
    /// Steps.
    pub length: usize,
    /// Features of a state.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Directions.
    pub directions: usize,
    /// Gates.
    pub gates: usize,
    states: usize,
    kept: usize,
}

impl Trace {
    /// That of a run.
    pub fn new(recurrent: &Recurrent, length: usize) -> Trace {
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        Trace {
            length,
            hidden: count(recurrent.hidden),
            layers: count(recurrent.layers),
            directions: count(recurrent.directions()),
            gates: count(recurrent.cell.gates()),
            states: count(recurrent.cell.states()),
            kept: count(recurrent.cell.kept()),
        }
    }

    /// Numbers in a row: an output at one step.
    pub fn width(&self) -> usize {
        self.directions * self.hidden
    }

    /// The first number of the last states; of the last cell states, if that is `state` 1.
    pub fn last(&self, state: usize) -> usize {
        state * self.layers * self.width()
    }

    /// The first number of a layer's outputs.
    pub fn outputs(&self, layer: usize) -> usize {
        let last = self.states * self.layers;
        let rows =
            if layer + 1 == self.layers { last } else { last + self.length * (1 + self.layers * self.kept + layer) };
        rows * self.width()
    }

    /// The first number of the gates of a layer's run in one direction.
    pub fn gates(&self, layer: usize, direction: usize) -> usize {
        let rows = self.states * self.layers + self.length;
        rows * self.width() + (layer * self.directions + direction) * self.length * self.kept * self.hidden
    }

    /// The first of the numbers that are kept besides the gates.
    pub fn extra(&self, layer: usize, direction: usize) -> usize {
        self.gates(layer, direction) + self.length * self.gates * self.hidden
    }

    /// The first number of an output, and how many it has.
    pub fn part(&self, output: RecurrentOutput) -> (usize, usize) {
        let states = self.layers * self.width();
        match output {
            RecurrentOutput::Sequence => (self.outputs(self.layers - 1), self.length * self.width()),
            RecurrentOutput::Last => (states - self.width(), self.width()),
            RecurrentOutput::Hidden => (0, states),
            RecurrentOutput::Cell => (states, states),
        }
    }
}
