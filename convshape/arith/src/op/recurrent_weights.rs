//! Where the weights of recurrent layers are stored in their parameters.

use super::{Cell, Dialect, Recurrent, Trace};

/// Where the weights of one direction of one layer are stored, for every layout.
///
/// Gates are in PyTorch's order; of the two products the one with the input comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecurrentWeights {
    /// The index of its first parameter among those of the layer.
    pub first: usize,
    /// Its input features.
    pub inputs: usize,
    hidden: usize,
    /// The position of each gate in the framework's order.
    order: [usize; 4],
    transposed: bool,
    /// Where the two biases are: the parameter, counted from `first`, and its first element.
    biases: [Option<(usize, usize)>; 2],
}

impl RecurrentWeights {
    /// The weights of layer `at` in one direction, with `inputs` input features.
    pub fn new(layer: &Recurrent, at: usize, direction: usize, inputs: usize) -> RecurrentWeights {
        let trace = Trace::new(layer, 0);
        let keras = layer.dialect == Dialect::Keras;
        let (set, biases) = match (layer.bias, keras, layer.cell) {
            (false, _, _) => (2, [None, None]),
            (true, false, _) => (4, [Some((2, 0)), Some((3, 0))]),
            (true, true, Cell::Gru { reset_after: true }) => (3, [Some((2, 0)), Some((2, trace.gates * trace.hidden))]),
            (true, true, _) => (3, [Some((2, 0)), None]),
        };
        let order = match layer.cell {
            // keras puts the update gate first.
            Cell::Gru { .. } if keras => [1, 0, 2, 3],
            _ => [0, 1, 2, 3],
        };
        let first = (at * trace.directions + direction) * set;
        RecurrentWeights { first, inputs, hidden: trace.hidden, order, transposed: keras, biases }
    }

    /// Whether the kernels have one row per gate and unit, with the gates in the order of [`Trace`].
    pub fn is_row_major(&self) -> bool {
        !self.transposed
    }

    /// The index of a weight in the kernel of one product, for a gate, a unit and one of `features` features.
    fn at(&self, gates: usize, gate: usize, unit: usize, feature: usize, features: usize) -> usize {
        let row = self.order[gate] * self.hidden + unit;
        if self.transposed { feature * gates * self.hidden + row } else { row * features + feature }
    }

    /// The position of a weight of the input.
    pub fn input(&self, gates: usize, gate: usize, unit: usize, feature: usize) -> usize {
        self.at(gates, gate, unit, feature, self.inputs)
    }

    /// The position of a weight of the state.
    pub fn state(&self, gates: usize, gate: usize, unit: usize, feature: usize) -> usize {
        self.at(gates, gate, unit, feature, self.hidden)
    }

    /// The parameter that holds a product's bias, and the index of a gate's unit in it.
    pub fn bias(&self, product: usize, gate: usize, unit: usize) -> Option<(usize, usize)> {
        let (param, start) = self.biases[product]?;
        Some((self.first + param, start + self.order[gate] * self.hidden + unit))
    }
}
