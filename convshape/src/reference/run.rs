//! The interpreter: runs one sample through a program, step by step, in planned memory.

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;

use crate::model::slot::Slot;
use crate::reference::kernels::{self, Operands};
use crate::reference::layout::{self, Layout};
use convshape_arith::program::{Action, Step};

/// The parameters of a program.
#[derive(Clone, Copy)]
pub(crate) struct Params<'p> {
    /// Gives the elements of a model's parameter by its index.
    pub(crate) all: &'p dyn Fn(usize) -> &'p [f32],
    /// The index of the program's first parameter.
    pub(crate) first: usize,
}

/// Runs one sample. Afterwards the outputs are in `memory`, see [`output`].
///
/// `inputs` have the shapes that the memory was planned for, `memory` has as many elements as the layout says, and the
/// parameters have the shapes of their layers. Does not allocate.
pub(crate) fn run<L: Layout>(layout: &L, params: Params<'_>, inputs: &dyn Operands<f32>, memory: &mut [f32]) {
    let program = layout.program();
    let slots = layout.slots();
    let mut next = params.first;
    let (values, room) = memory.split_at_mut(layout::elements(slots, program.inputs.len()));
    for step in program.steps {
        let first = step.first_run.map_or(next, |of| params.first + program.first_param(of));
        next += program.own_params(step);
        match step.action {
            Action::Layer(op) => {
                let mut own: [&[f32]; convshape_arith::param::MAX_PARAMS] = [&[]; convshape_arith::param::MAX_PARAMS];
                let mut count = 0;
                let tied = step.first_run.map_or(step.tied, |of| program.steps[of].tied);
                if let Some(of) = tied {
                    own[0] = (params.all)(params.first + program.first_param(of) + op.tied_param());
                    count = 1;
                }
                for index in first..first + op.params().len() {
                    own[count] = (params.all)(index);
                    count += 1;
                }
                let own = &own[..count];
                let output = slots[step.output];
                let (below, rest) = values.split_at_mut(output.place);
                let (y, above) = rest.split_at_mut(output.size());
                let reads = StepOperands { step, inputs, slots, below, above, gap: output.place + output.size() };
                layer(&op, program.order, own, &reads, &output.shape, y);
            }
            Action::Chain { index } => {
                let chain = layout.chain(index);
                let reads = StepOperands { step, inputs, slots, below: values, above: &[], gap: 0 };
                run(chain, Params { first, ..params }, &reads, room);
                for (port, output) in chain.program().outputs.iter().enumerate() {
                    let place = slots[step.output + port].place;
                    if output.value >= step.inputs.len() {
                        let from = self::output(chain, port, &NONE, room);
                        values[place..place + from.len()].copy_from_slice(from);
                        continue;
                    }
                    // The sub-chain returns one of its inputs.
                    let value = step.inputs[output.value];
                    match value.checked_sub(program.inputs.len()) {
                        Some(_) => {
                            let from = slots[value];
                            values.copy_within(from.place..from.place + from.count, place);
                        }
                        None => {
                            let (_, from) = inputs.get(value);
                            values[place..place + from.len()].copy_from_slice(from);
                        }
                    }
                }
            }
        }
    }
}

/// Runs one layer.
fn layer(op: &Op, order: AxisOrder, params: &[&[f32]], inputs: &StepOperands<'_>, output: &Shape, y: &mut [f32]) {
    if let Op::Conv(conv) = op.bind(core::slice::from_ref(inputs.get(0).0), order)
        && kernels::convolution(&conv, order, params, inputs, output, y)
    {
        return;
    }
    // Without the reason, because the text of all reasons would be most of a small program.
    let done = kernels::apply(op, order, params, inputs, output, y);
    assert!(done.is_ok(), "a program is laid out for shapes that its layers take");
}

/// No operands.
const NONE: [(&Shape, &[f32]); 0] = [];

/// The elements of an output, after a run.
pub(crate) fn output<'a>(
    layout: &impl Layout,
    port: usize,
    inputs: &'a dyn Operands<f32>,
    memory: &'a [f32],
) -> &'a [f32] {
    let value = layout.program().outputs[port].value;
    if value < layout.program().inputs.len() {
        return inputs.get(value).1;
    }
    let slot = layout.slots()[value];
    &memory[slot.place..slot.place + slot.count]
}

/// The operands of a step.
struct StepOperands<'a> {
    step: &'a Step,
    /// The inputs of the program.
    inputs: &'a dyn Operands<f32>,
    slots: &'a [Slot],
    /// The memory before the output of the step, and that from offset `gap` on.
    below: &'a [f32],
    above: &'a [f32],
    gap: usize,
}

impl Operands<f32> for StepOperands<'_> {
    fn count(&self) -> usize {
        self.step.inputs.len()
    }

    fn get(&self, index: usize) -> (&Shape, &[f32]) {
        let value = self.step.inputs[index];
        if value < self.inputs.count() {
            return self.inputs.get(value);
        }
        let slot = &self.slots[value];
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
    use crate::model::parts::Linked;
    use crate::reference::layout::{Dynamic, slots};
    use convshape_arith::program::{Port, Program};

    const fn step(action: Action, inputs: &'static [usize], output: usize) -> Step {
        Step { name: "step", file_name: "step", action, inputs, output, tied: None, first_run: None }
    }

    const fn port(shape: &[i64], value: usize) -> Port {
        Port { name: "port", shape: Shape::of(shape), value }
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

    const INNER_LINKED: Linked = Linked {
        program: &INNER,
        chains: &[],
        slots: &slots::<3>(&INNER, &[], &[Shape::of(&[1]), Shape::of(&[2])], &[0, 1]),
    };

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

    const CHAINS: &[Linked] = &[INNER_LINKED];
    const OUTER_LINKED: Linked = Linked {
        program: &OUTER,
        chains: CHAINS,
        slots: &slots::<9>(
            &OUTER,
            CHAINS,
            &[Shape::of(&[2, 1]), Shape::of(&[2]), Shape::of(&[1])],
            &[0, 1, 0, 1, 2, 2],
        ),
    };

    fn outputs(layout: &impl Layout, elements: usize) -> Vec<Vec<f32>> {
        const PARAMS: [&[f32]; 4] = [&[1.0, 10.0], &[100.0], &[1.0, -1.0], &[0.5]];
        let inputs: [(&Shape, &[f32]); 1] = [(&OUTER.inputs[0].shape, &[1.0, 3.0])];
        // The previous content does not matter.
        let mut memory = vec![f32::NAN; elements];
        run(layout, Params { all: &|index| PARAMS[index], first: 0 }, &inputs, &mut memory);
        (0..OUTER.outputs.len()).map(|port| output(layout, port, &inputs, &memory).to_vec()).collect()
    }

    #[test]
    fn values_reach_their_readers() {
        // [1, 3] gives 131 and [2, 6]; twice (2 - 6) * 131 + 0.5.
        let expected = [vec![-1047.0], vec![1.0, 3.0], vec![-1047.0], vec![1.0, 3.0]];
        assert_eq!(outputs(&OUTER_LINKED, OUTER_LINKED.elements()), expected);
        let dynamic = Dynamic::new(OUTER_LINKED, &[Shape::of(&[2, 1])]).unwrap();
        assert_eq!(dynamic.elements(), OUTER_LINKED.elements());
        assert_eq!(outputs(&dynamic, dynamic.elements()), expected);
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
        const LINKED: Linked = Linked {
            program: &TIED,
            chains: CHAINS,
            slots: &slots::<7>(&TIED, CHAINS, &[Shape::of(&[1, 1])], &[0; 4]),
        };
        // The sub-chain's weight and bias, the shared weight, the bias of its second use.
        let params: [&[f32]; 4] = [&[1.0, 10.0], &[100.0], &[3.0], &[0.5]];
        let inputs: [(&Shape, &[f32]); 1] = [(&TIED.inputs[0].shape, &[1.0, 3.0])];
        let mut memory = vec![f32::NAN; LINKED.elements()];
        run(&LINKED, Params { all: &|index| params[index], first: 0 }, &inputs, &mut memory);
        assert_eq!(output(&LINKED, 0, &inputs, &memory), [131.0 * 9.0 + 0.5]);
    }

    #[test]
    fn values_share_memory() {
        // The flat input, which the sub-chain hands through; its outputs 1 + 2 + 2; then the product and
        // the sum take the places of what was read.
        let places: Vec<usize> = OUTER_LINKED.slots[1..].iter().map(|slot| slot.place).collect();
        assert_eq!(places, [0, 0, 2, 3, 5, 0, 2, 2]);
        assert_eq!(OUTER_LINKED.elements(), 7 + 3);
    }

    #[test]
    fn an_error_names_the_layer_of_the_sub_chain() {
        let Err(error) = Dynamic::new(OUTER_LINKED, &[Shape::of(&[3, 1])]) else { panic!("3 features are too many") };
        assert!(error.to_string().starts_with("`step.step`"), "{error}");
    }
}
