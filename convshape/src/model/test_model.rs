//! Two small models for unit tests, as the macro would write them.

use convshape_arith::op::{Activation, AxisOrder, Conv, Dialect, Direction, Op};
use convshape_arith::shape::Shape;

use crate::model::cache::Cache;
use crate::model::chain::{Chain, LayerInfo};
use crate::model::param::{Assembly, Param, ParamGroup, Statistics, Weight, WeightBias};
use crate::model::parts::Parts;
use convshape_arith::program::{Action, HasProgram, Program, ProgramPort, Step};

const fn conv(direction: Direction, inputs: i64, outputs: i64, bias: bool) -> Op {
    Op::Conv(Conv {
        inputs: Some(inputs),
        outputs,
        kernel: [2, 1, 1],
        stride: [2, 1, 1],
        bias,
        ..Conv::new(Dialect::Torch, direction, 1)
    })
}

const fn step(name: &'static str, action: Action, inputs: &'static [usize], output: usize) -> Step {
    Step { name, file_name: name, action, inputs, output, tied: None, first_run: None }
}

macro_rules! group {
    ($model:ident { $($field:ident),+ }) => {
        impl ParamGroup for $model {
            fn assemble(parts: &mut Assembly<'_>) -> $model {
                $model { $($field: ParamGroup::assemble(parts),)+ cache: Cache::default() }
            }

            fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
                $(self.$field.visit(f);)+
            }

            fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
                $(self.$field.visit_mut(f);)+
            }

            fn cache(&self) -> Option<&Cache> {
                Some(&self.cache)
            }
        }
    };
}

/// `enc: Conv1d(2 -> 3, kernel: 2, stride: 2); dec: ConvTranspose1d(undo enc)` on `[2, 4]`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Small {
    pub(crate) enc: WeightBias,
    pub(crate) dec: Weight,
    cache: Cache,
}

group!(Small { enc, dec });

impl HasProgram for Small {
    const PROGRAM: &'static Program = &Program {
        name: "Small",
        order: AxisOrder::ChannelsFirst,
        inputs: &[ProgramPort { name: "input", shape: Shape::of(&[2, 4]), value: 0 }],
        steps: &[
            step("enc", Action::Layer(conv(Direction::Forward, 2, 3, true)), &[0], 1),
            step("dec", Action::Layer(conv(Direction::Transposed, 3, 2, false)), &[1], 2),
        ],
        outputs: &[ProgramPort { name: "output", shape: Shape::of(&[2, 4]), value: 2 }],
        chains: &[],
        values: 3,
    };
}

impl Parts for Small {}

impl Chain for Small {
    const LAYERS: &'static [LayerInfo] = &[];
    const INPUTS: &'static [(&'static str, Shape)] = &[("input", Shape::of(&[2, 4]))];
    const OUTPUTS: &'static [(&'static str, Shape)] = &[("output", Shape::of(&[2, 4]))];
}

/// `norm: BatchNorm(2, affine: false); sub: Chain(Small); Add(sub, y); head: Conv1d(2 -> 3, ..)` with
/// two inputs and the outputs `Relu(head)` and `sub`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Outer {
    pub(crate) norm: Statistics,
    pub(crate) sub: Small,
    pub(crate) head: Weight,
    cache: Cache,
}

group!(Outer { norm, sub, head });

impl HasProgram for Outer {
    const PROGRAM: &'static Program = &Program {
        name: "Outer",
        order: AxisOrder::ChannelsFirst,
        inputs: &[
            ProgramPort { name: "x", shape: Shape::of(&[2, 4]), value: 0 },
            ProgramPort { name: "y", shape: Shape::of(&[2, 4]), value: 1 },
        ],
        steps: &[
            step(
                "norm",
                Action::Layer(Op::BatchNorm {
                    dialect: Dialect::Torch,
                    channels: Some(2),
                    eps: 1e-5,
                    affine: false,
                    momentum: 0.1,
                }),
                &[0],
                2,
            ),
            step("sub", Action::Chain { index: 0 }, &[2], 3),
            step("add", Action::Layer(Op::Add), &[3, 1], 4),
            step("head", Action::Layer(conv(Direction::Forward, 2, 3, false)), &[4], 5),
            step("relu", Action::Layer(Op::Activation(Activation::Relu)), &[5], 6),
        ],
        outputs: &[
            ProgramPort { name: "out", shape: Shape::of(&[3, 2]), value: 6 },
            ProgramPort { name: "sub", shape: Shape::of(&[2, 4]), value: 3 },
        ],
        chains: &[Small::PROGRAM],
        values: 7,
    };
}

impl Parts for Outer {}

impl Chain for Outer {
    const LAYERS: &'static [LayerInfo] = &[];
    const INPUTS: &'static [(&'static str, Shape)] = &[("x", Shape::of(&[2, 4])), ("y", Shape::of(&[2, 4]))];
    const OUTPUTS: &'static [(&'static str, Shape)] = &[("out", Shape::of(&[3, 2])), ("sub", Shape::of(&[2, 4]))];
}
