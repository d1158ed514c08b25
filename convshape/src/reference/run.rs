//! The interpreter: runs one sample through a program, step by step, in planned memory.

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::param::MAX_PARAMS;
use convshape_arith::program::{FlatLayer, Program};
use convshape_arith::shape::Shape;

use crate::model::slot::Slot;
use crate::reference::kernels::{self, Operands};

/// Runs one sample. Afterwards the outputs are in `memory`, see [`output`].
///
/// `params` gives the elements of a model's parameter by its index. The memory is planned for inputs of these shapes, it
/// has as many elements as the slots say, and the parameters have the shapes of their layers. Does not allocate.
pub(crate) fn run<'p>(
    program: &'static Program,
    slots: &[Slot],
    params: &dyn Fn(usize) -> &'p [f32],
    inputs: &dyn Operands<f32>,
    memory: &mut [f32],
) {
    for layer in program.flat() {
        let mut own: [&[f32]; MAX_PARAMS] = [&[]; MAX_PARAMS];
        let mut count = 0;
        for index in layer.tied_param.into_iter().chain(layer.first_param..layer.first_param + layer.op.params().len())
        {
            own[count] = params(index);
            count += 1;
        }
        let output = &slots[layer.output()];
        let (below, rest) = memory.split_at_mut(output.place);
        let (y, above) = rest.split_at_mut(output.size());
        let gap = output.place + output.size();
        let reads = LayerOperands { layer: &layer, inputs, slots, below, above, gap };
        apply(layer.op, program.order, &own[..count], &reads, &output.shape, y);
    }
}

/// Runs one layer.
fn apply(op: &Op, order: AxisOrder, params: &[&[f32]], inputs: &LayerOperands<'_>, output: &Shape, y: &mut [f32]) {
    if let Op::Conv(conv) = op.bind(core::slice::from_ref(inputs.get(0).0), order)
        && kernels::convolution(&conv, order, params, inputs, output, y)
    {
        return;
    }
    // Without the reason, because the text of all reasons would be most of a small program.
    let done = kernels::apply(op, order, params, inputs, output, y);
    assert!(done.is_ok(), "a program is laid out for shapes that its layers take");
}

/// The elements of an output, after a run.
pub(crate) fn output<'a>(
    program: &Program,
    slots: &[Slot],
    port: usize,
    inputs: &'a dyn Operands<f32>,
    memory: &'a [f32],
) -> &'a [f32] {
    let slot = &slots[program.outputs[port].value];
    match slot.input {
        Some(input) => inputs.get(input).1,
        None => &memory[slot.place..slot.place + slot.count],
    }
}

/// The operands of a layer.
struct LayerOperands<'a> {
    layer: &'a FlatLayer,
    /// The inputs of the program.
    inputs: &'a dyn Operands<f32>,
    slots: &'a [Slot],
    /// The memory before the output of the layer, and that from offset `gap` on.
    below: &'a [f32],
    above: &'a [f32],
    gap: usize,
}

impl Operands<f32> for LayerOperands<'_> {
    fn count(&self) -> usize {
        self.layer.step.inputs.len()
    }

    fn get(&self, index: usize) -> (&Shape, &[f32]) {
        let slot = &self.slots[self.layer.first_value + self.layer.step.inputs[index]];
        if let Some(input) = slot.input {
            return self.inputs.get(input);
        }
        let place = slot.place;
        let elements = match place.checked_sub(self.gap) {
            Some(place) if !self.above.is_empty() => &self.above[place..place + slot.count],
            // It is where the output is.
            _ if place == self.below.len() => &[],
            _ => &self.below[place..place + slot.count],
        };
        (&slot.shape, elements)
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;

    use convshape_arith::op::{Activation, Conv, Dialect, Direction, WeightFrom};

    use super::*;
    use crate::model::slot::elements;
    use crate::reference::layout::{slots, slots_for};
    use convshape_arith::program::{Action, ProgramPort, Step};

    const fn step(action: Action, inputs: &'static [usize], output: usize) -> Step {
        Step { name: "step", file_name: "step", action, inputs, output, tied: None, first_run: None }
    }

    const fn port(shape: &[i64], value: usize) -> ProgramPort {
        ProgramPort { name: "port", shape: Shape::of(shape), value }
    }

    const LINEAR: Op = Op::Linear { dialect: Dialect::Torch, inputs: Some(2), outputs: 1, bias: true };

    /// `Linear`, the input doubled, and the input itself.
    const INNER: Program = Program {
        name: "Inner",
        order: AxisOrder::ChannelsFirst,
        inputs: &[port(&[2], 0)],
        steps: &[step(Action::Layer(LINEAR), &[0], 1), step(Action::Layer(Op::Add), &[0, 0], 2)],
        outputs: &[port(&[1], 1), port(&[2], 2), port(&[2], 0)],
        chains: &[],
        values: 3,
    };

    const INNER_SLOTS: &[Slot] = &slots::<3>(&INNER, &[], &[Shape::of(&[1]), Shape::of(&[2])], &[0, 1]);

    /// The sub-chain on the flat input, its first output broadcast over its second, `Linear`; the input
    /// itself, and what the sub-chain hands through.
    const OUTER: Program = Program {
        name: "Outer",
        order: AxisOrder::ChannelsFirst,
        inputs: &[port(&[2, 1], 0)],
        steps: &[
            step(Action::Layer(Op::Activation(Activation::Relu)), &[0], 1),
            step(Action::Layer(Op::FLATTEN), &[1], 2),
            step(Action::Chain { index: 0 }, &[2], 3),
            step(Action::Layer(Op::Mul), &[4, 3], 6),
            step(Action::Layer(LINEAR), &[6], 7),
            step(Action::Layer(Op::Scale { by: 2.0 }), &[7], 8),
        ],
        outputs: &[port(&[1], 8), port(&[2, 1], 0), port(&[1], 8), port(&[2], 5)],
        chains: &[&INNER],
        values: 9,
    };

    const CHAINS: &[&[Slot]] = &[INNER_SLOTS];
    const SLOTS: &[Slot] =
        &slots::<12>(&OUTER, CHAINS, &[Shape::of(&[2, 1]), Shape::of(&[2]), Shape::of(&[1])], &[0, 1, 0, 1, 2, 2]);

    fn outputs(slots: &[Slot]) -> Vec<Vec<f32>> {
        const PARAMS: [&[f32]; 4] = [&[1.0, 10.0], &[100.0], &[1.0, -1.0], &[0.5]];
        let inputs: [(&Shape, &[f32]); 1] = [(&OUTER.inputs[0].shape, &[1.0, 3.0])];
        // The previous content does not matter.
        let mut memory = vec![f32::NAN; elements(slots)];
        run(&OUTER, slots, &|index| PARAMS[index], &inputs, &mut memory);
        (0..OUTER.outputs.len()).map(|port| output(&OUTER, slots, port, &inputs, &memory).to_vec()).collect()
    }

    #[test]
    fn values_reach_their_readers() {
        // [1, 3] gives 131 and [2, 6]; twice (2 - 6) * 131 + 0.5.
        let expected = [vec![-1047.0], vec![1.0, 3.0], vec![-1047.0], vec![1.0, 3.0]];
        assert_eq!(outputs(SLOTS), expected);
        let planned = slots_for(&OUTER, &[Shape::of(&[2, 1])]).unwrap();
        assert_eq!(elements(&planned), elements(SLOTS));
        assert_eq!(outputs(&planned), expected);
    }

    /// A sub-chain, a convolution, and one with that one's weight.
    const TIED: Program = Program {
        name: "Tied",
        order: AxisOrder::ChannelsFirst,
        inputs: &[port(&[2], 0)],
        steps: &[
            step(Action::Chain { index: 0 }, &[0], 1),
            step(Action::Layer(Op::Reshape { shape: Shape::of(&[1, 1]) }), &[1], 4),
            step(Action::Layer(conv(Direction::Forward, false)), &[4], 5),
            Step { tied: Some(2), ..step(Action::Layer(conv(Direction::Transposed, true)), &[5], 6) },
        ],
        outputs: &[port(&[1, 1], 6)],
        chains: &[&INNER],
        values: 7,
    };

    /// One channel, one tap.
    const fn conv(direction: Direction, tied: bool) -> Op {
        let conv = Conv::new(Dialect::Torch, direction, 1);
        let weight = if tied { WeightFrom::Tied } else { WeightFrom::Own };
        Op::Conv(Conv { inputs: Some(1), outputs: 1, weight, bias: tied, ..conv })
    }

    #[test]
    fn a_tied_weight_is_that_of_its_layer() {
        const SLOTS: &[Slot] = &slots::<10>(&TIED, CHAINS, &[Shape::of(&[1, 1])], &[0; 4]);
        // The sub-chain's weight and bias, the shared weight, the bias of its second use.
        let params: [&[f32]; 4] = [&[1.0, 10.0], &[100.0], &[3.0], &[0.5]];
        let inputs: [(&Shape, &[f32]); 1] = [(&TIED.inputs[0].shape, &[1.0, 3.0])];
        let mut memory = vec![f32::NAN; elements(SLOTS)];
        run(&TIED, SLOTS, &|index| params[index], &inputs, &mut memory);
        assert_eq!(output(&TIED, SLOTS, 0, &inputs, &memory), [131.0 * 9.0 + 0.5]);
    }

    #[test]
    fn values_share_memory() {
        // The flat input, which the sub-chain hands through; its other outputs 1 + 2; the product; the sum takes the
        // place of what was read. The sub-chain's values are those of the chain around it.
        let places: Vec<usize> = SLOTS[1..].iter().map(|slot| slot.place).collect();
        assert_eq!(places, [0, 0, 2, 3, 0, 5, 2, 2, 0, 2, 3]);
        assert_eq!(elements(SLOTS), 7);
    }

    #[test]
    fn an_error_names_the_layer_of_the_sub_chain() {
        let Err(error) = slots_for(&OUTER, &[Shape::of(&[3, 1])]) else { panic!("3 features are too many") };
        assert!(error.to_string().starts_with("`step.step`"), "{error}");
    }
}
