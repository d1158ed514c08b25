//! Where the weights of recurrent layers are stored in their parameters.

use super::{Cell, Dialect, Recurrent, Trace};

/// The most gates of a cell.
const GATES: usize = 4;

/// Where the weights of one direction of one layer are stored, for every layout.
///
/// Gates are in PyTorch's order; of the two products the one with the input comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecurrentWeights {
    /// Its input features.
    pub inputs: usize,
    hidden: usize,
    /// For each product and gate the parameter with its kernel, and the gate's first unit there.
    kernels: [[(usize, usize); GATES]; 2],
    /// For each product and gate the parameter with its bias, and the gate's first unit there.
    biases: [[Option<(usize, usize)>; GATES]; 2],
    /// The units of one feature in a kernel that has a row per feature; `None` if it has a row per unit.
    units: Option<usize>,
}

impl RecurrentWeights {
    /// The weights of layer `at` in one direction, with `inputs` input features.
    pub fn new(layer: &Recurrent, at: usize, direction: usize, inputs: usize) -> RecurrentWeights {
        let trace = Trace::new(layer, 0);
        let (gates, hidden) = (trace.gates, trace.hidden);
        let first = (at * trace.directions + direction) * layer.set();
        let (mut kernels, mut biases) = ([[(0, 0); GATES]; 2], [[None; GATES]; 2]);
        for (product, gate) in (0..2).flat_map(|product| (0..gates).map(move |gate| (product, gate))) {
            let (kernel, bias) = match (layer.dialect, layer.cell) {
                (Dialect::Flax, _) => {
                    let kernel = first + layer.gate_param(product, gate);
                    ((kernel, 0), layer.gate_has_bias(product, gate).then_some((kernel + 1, 0)))
                }
                (Dialect::Keras, cell) => {
                    let place = match cell {
                        // The update gate comes first.
                        Cell::Gru { .. } => [1, 0, 2][gate],
                        Cell::Lstm | Cell::Rnn { .. } => gate,
                    };
                    let bias = match (product, cell) {
                        (0, _) => Some(place),
                        (_, Cell::Gru { reset_after: true }) => Some(gates + place),
                        _ => None,
                    };
                    ((first + product, place * hidden), bias.map(|place| (first + 2, place * hidden)))
                }
                (Dialect::Torch | Dialect::Onnx | Dialect::Jax, _) => {
                    ((first + product, gate * hidden), Some((first + 2 + product, gate * hidden)))
                }
            };
            (kernels[product][gate], biases[product][gate]) = (kernel, bias.filter(|_| layer.bias));
        }
        let units = match layer.dialect {
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => None,
            Dialect::Keras => Some(gates * hidden),
            Dialect::Flax => Some(hidden),
        };
        RecurrentWeights { inputs, hidden, kernels, biases, units }
    }

    /// The parameter that stores the kernel of a product as it is used: one row for each gate and unit, with the gates in
    /// the order of [`Trace`]. `None` if it is stored in another order or in several parameters.
    pub fn rows(&self, product: usize) -> Option<usize> {
        self.units.is_none().then_some(self.kernels[product][0].0)
    }

    /// The parameter that holds a product's weight for a gate, a unit and a feature, and its index there.
    pub fn weight(&self, product: usize, gate: usize, unit: usize, feature: usize) -> (usize, usize) {
        let (param, first) = self.kernels[product][gate];
        let features = if product == 0 { self.inputs } else { self.hidden };
        let place = match self.units {
            Some(units) => feature * units + first + unit,
            None => (first + unit) * features + feature,
        };
        (param, place)
    }

    /// The parameter that holds a product's bias for a gate and a unit, and its index there.
    pub fn bias(&self, product: usize, gate: usize, unit: usize) -> Option<(usize, usize)> {
        self.biases[product][gate].map(|(param, first)| (param, first + unit))
    }
}
