//! Recurrent layers: their cells, and where the values of a run are stored.

use super::Dialect;
use super::plain::plain;
use crate::size::{Size, SizeError};

/// What a recurrent layer computes in one step, from the step's features `x` and the previous state `h`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cell {
    /// Long short-term memory with a cell state. Gates, in this order: input, forget, cell, output.
    Lstm,
    /// Gated recurrent unit. Gates, in PyTorch's order: reset, update, new.
    Gru {
        /// Whether the reset gate multiplies the recurrent product (PyTorch, keras) and not the state before it.
        reset_after: bool,
    },
    /// A single gate: `tanh` or `relu` of the sum of both products.
    Rnn {
        /// Whether it is `relu`.
        relu: bool,
    },
}

plain!(enum op::Cell { Lstm, Gru { reset_after }, Rnn { relu } });

/// A recurrent layer on `[length, features]`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Recurrent {
    /// The cell.
    pub cell: Cell,
    /// The framework whose names, layouts and initialisation its parameters have.
    pub dialect: Dialect,
    /// Input features; `None` takes them from the input.
    pub inputs: Option<i64>,
    /// Features of the state.
    pub hidden: i64,
    /// The number of layers; each reads the outputs of the one before.
    pub layers: i64,
    /// Whether a second run, from the end to the start, adds its outputs.
    pub bidirectional: bool,
    /// Whether biases are added.
    pub bias: bool,
    /// The dropout probability of the inputs of all layers but the first.
    pub dropout: f64,
}

plain!(struct op::Recurrent { cell, dialect, inputs, hidden, layers, bidirectional, bias, dropout });

/// Which output of a run is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecurrentOutput {
    /// The last layer's outputs at all steps: `[length, directions * hidden]`.
    Sequence,
    /// The last layer's final state, both directions in one row: `[directions * hidden]`.
    Last,
    /// All final states: `[layers * directions, hidden]`.
    Hidden,
    /// All final cell states: `[layers * directions, hidden]`.
    Cell,
}

plain!(enum op::RecurrentOutput { Sequence, Last, Hidden, Cell });

impl Cell {
    /// Every kind of cell.
    pub const ALL: [Cell; 5] = [
        Cell::Lstm,
        Cell::Gru { reset_after: true },
        Cell::Gru { reset_after: false },
        Cell::Rnn { relu: false },
        Cell::Rnn { relu: true },
    ];

    /// The number of gates.
    pub const fn gates(self) -> i64 {
        match self {
            Cell::Lstm => 4,
            Cell::Gru { .. } => 3,
            Cell::Rnn { .. } => 1,
        }
    }

    /// The number of states passed from step to step, counting the cell state.
    pub const fn states(self) -> i64 {
        match self {
            Cell::Lstm => 2,
            Cell::Gru { .. } | Cell::Rnn { .. } => 1,
        }
    }

    /// Rows that a step stores for the backward pass in addition to its output: the gates, and the cell state (`Lstm`)
    /// or the operand or result of the reset gate (`Gru`).
    const fn kept(self) -> i64 {
        match self {
            Cell::Lstm | Cell::Gru { .. } => self.gates() + 1,
            Cell::Rnn { .. } => 0,
        }
    }
}

impl Recurrent {
    /// A layer with its framework's defaults.
    pub const fn new(dialect: Dialect, cell: Cell) -> Recurrent {
        Recurrent { cell, dialect, inputs: None, hidden: 0, layers: 1, bidirectional: false, bias: true, dropout: 0.0 }
    }

    /// 2 if it is bidirectional, otherwise 1.
    pub const fn directions(&self) -> i64 {
        if self.bidirectional { 2 } else { 1 }
    }

    /// Features of an output: both directions together.
    pub const fn width(&self) -> i64 {
        self.directions().saturating_mul(self.hidden)
    }

    /// Input features of one of the layers.
    pub const fn inputs_of(&self, layer: i64) -> Option<i64> {
        if layer == 0 { self.inputs } else { Some(self.width()) }
    }

    /// Rows of [`Recurrent::width`] elements that precede the outputs: the final states.
    const fn state_rows(&self) -> i64 {
        self.layers.saturating_mul(self.cell.states())
    }

    /// Rows per step.
    const fn step_rows(&self) -> i64 {
        self.layers.saturating_mul(self.cell.kept() + 1)
    }

    /// The rows of a run over `length` steps. See [`Trace`].
    ///
    /// # Errors
    /// If the number overflows.
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

/// Where the values of a run are stored. An `Op::Recurrent` gives one value that contains all of them, in rows as long
/// as an output; each [`RecurrentOutput`] is a part of it:
///
/// - the final states `[layers * directions, hidden]`, then the final cell states,
/// - the outputs of the last layer `[length, directions * hidden]`,
/// - for each layer and direction what the backward pass needs: the gates `[length, gates, hidden]` after their
///   activation, and one more number per unit: the cell state (`Lstm`), the operand of the reset gate (`Gru`, reset
///   after the product) or its result (`Gru`, reset before),
/// - the outputs of the other layers.
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
    /// The layout of a run.
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

    /// Elements per row: an output at one step.
    pub fn width(&self) -> usize {
        self.directions * self.hidden
    }

    /// The start of the final states, or of the final cell states if `state` is 1.
    pub fn last(&self, state: usize) -> usize {
        state * self.layers * self.width()
    }

    /// The start of a layer's outputs.
    pub fn outputs(&self, layer: usize) -> usize {
        let last = self.states * self.layers;
        let rows =
            if layer + 1 == self.layers { last } else { last + self.length * (1 + self.layers * self.kept + layer) };
        rows * self.width()
    }

    /// The start of the gates of a layer's run in one direction.
    pub fn gates(&self, layer: usize, direction: usize) -> usize {
        let rows = self.states * self.layers + self.length;
        rows * self.width() + (layer * self.directions + direction) * self.length * self.kept * self.hidden
    }

    /// The start of the values stored in addition to the gates.
    pub fn extra(&self, layer: usize, direction: usize) -> usize {
        self.gates(layer, direction) + self.length * self.gates * self.hidden
    }

    /// The start and length of an output.
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
