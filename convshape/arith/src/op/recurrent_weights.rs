//! Where the weights of recurrent layers are in their parameters.

use super::{Cell, Dialect, Recurrent, Trace};

/// Where the weights of one direction of one layer are among the parameters, whatever their layout.
///
/// Gates are counted in PyTorch's order, products from the one with the input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecurrentWeights {
    /// The place of its first parameter among those of the layer.
    pub first: usize,
    /// Features that it reads.
    pub inputs: usize,
    hidden: usize,
    /// The gates' places in the framework's order.
    order: [usize; 4],
    transposed: bool,
    /// The place of each of the two biases: parameter from `first` on, and its first number.
    biases: [Option<(usize, usize)>; 2],
}

impl RecurrentWeights {
    /// The weights of layer number `at` in one direction; it reads `inputs` features.
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
            // keras has the update gate first.
            Cell::Gru { .. } if keras => [1, 0, 2, 3],
            _ => [0, 1, 2, 3],
        };
        let first = (at * trace.directions + direction) * set;
        RecurrentWeights { first, inputs, hidden: trace.hidden, order, transposed: keras, biases }
    }

    /// Whether the kernels are matrices with a row for each unit of each gate, with the gates in the order of [`Trace`].
    pub fn is_row_major(&self) -> bool {
        !self.transposed
    }

    /// The place of a weight in the kernel of one product, of a gate's unit and a feature among `features`.
    fn at(&self, gates: usize, gate: usize, unit: usize, feature: usize, features: usize) -> usize {
        let row = self.order[gate] * self.hidden + unit;
        if self.transposed { feature * gates * self.hidden + row } else { row * features + feature }
    }

    /// The place of a weight of the input.
    pub fn input(&self, gates: usize, gate: usize, unit: usize, feature: usize) -> usize {
        self.at(gates, gate, unit, feature, self.inputs)
    }

    /// The place of a weight of the state.
    pub fn state(&self, gates: usize, gate: usize, unit: usize, feature: usize) -> usize {
        self.at(gates, gate, unit, feature, self.hidden)
    }

    /// The parameter with a product's bias, and the place of a gate's unit in it.
    pub fn bias(&self, product: usize, gate: usize, unit: usize) -> Option<(usize, usize)> {
        let (param, start) = self.biases[product]?;
        Some((self.first + param, start + self.order[gate] * self.hidden + unit))
    }
}
