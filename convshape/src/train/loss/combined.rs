//! Combinations of losses.

use alloc::vec::Vec;

use ndarray::{ArrayD, ArrayViewD};

use super::{Context, Evaluation, LastLayer, Loss, miscounted, same_shape, single};
use crate::model::error::ShapeError;

/// The methods that all combinations share.
macro_rules! without_context {
    () => {
        fn evaluate(
            &mut self,
            outputs: &[ArrayViewD<'_, f32>],
            targets: &[ArrayViewD<'_, f32>],
        ) -> Result<Evaluation, ShapeError> {
            self.evaluate_in(&Context::default(), outputs, targets)
        }
    };
}

/// A loss times a constant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weighted<L>(
    /// The constant.
    pub f64,
    /// The loss.
    pub L,
);

impl<L: Loss> Loss for Weighted<L> {
    fn outputs(&self) -> usize {
        self.1.outputs()
    }

    fn targets(&self) -> usize {
        self.1.targets()
    }

    without_context!();

    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let mut evaluation = self.1.evaluate_in(context, outputs, targets)?;
        evaluation.value *= self.0;
        for gradient in &mut evaluation.gradients {
            gradient.mapv_inplace(|element| single(f64::from(element) * self.0));
        }
        Ok(evaluation)
    }

    fn applies(&self, output: usize) -> Option<LastLayer> {
        self.1.applies(output)
    }
}

/// The sum of two losses that read the same outputs and targets from the first on: `Sum(Mse, Weighted(0.1, L1))`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sum<A, B>(
    /// The first loss.
    pub A,
    /// The second loss.
    pub B,
);

impl<A: Loss, B: Loss> Loss for Sum<A, B> {
    fn outputs(&self) -> usize {
        self.0.outputs().max(self.1.outputs())
    }

    fn targets(&self) -> usize {
        self.0.targets().max(self.1.targets())
    }

    without_context!();

    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let counted = miscounted(self, outputs, targets);
        let first = |loss: [usize; 2]| Some((outputs.get(..loss[0])?, targets.get(..loss[1])?));
        let (a, b) = ([self.0.outputs(), self.0.targets()], [self.1.outputs(), self.1.targets()]);
        let (Some(a), Some(b)) = (first(a), first(b)) else { return Err(counted) };
        let mut sum = self.0.evaluate_in(context, a.0, a.1)?;
        let other = self.1.evaluate_in(context, b.0, b.1)?;
        sum.value += other.value;
        let mut others = other.gradients.into_iter();
        for (gradient, other) in sum.gradients.iter_mut().zip(&mut others) {
            same_shape("Sum", &gradient.view(), &other.view())?;
            *gradient += &other;
        }
        sum.gradients.extend(others);
        Ok(sum)
    }

    fn applies(&self, output: usize) -> Option<LastLayer> {
        let of =
            |loss: &dyn Fn(usize) -> Option<LastLayer>, outputs| (output < outputs).then(|| loss(output)).flatten();
        of(&|at| self.0.applies(at), self.0.outputs()).or(of(&|at| self.1.applies(at), self.1.outputs()))
    }
}

/// A loss on a later output: `On(2, Mse)` skips two outputs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct On<L>(
    /// How many outputs to skip.
    pub usize,
    /// The loss.
    pub L,
);

impl<L: Loss> Loss for On<L> {
    fn outputs(&self) -> usize {
        self.0 + self.1.outputs()
    }

    fn targets(&self) -> usize {
        self.1.targets()
    }

    without_context!();

    fn evaluate_in(
        &mut self,
        context: &Context,
        outputs: &[ArrayViewD<'_, f32>],
        targets: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let counted = miscounted(self, outputs, targets);
        let (before, own) = outputs.split_at_checked(self.0).ok_or(counted)?;
        let mut evaluation = self.1.evaluate_in(context, own, targets)?;
        let zeros = before.iter().map(|output| ArrayD::zeros(output.raw_dim()));
        evaluation.gradients = zeros.chain(evaluation.gradients).collect();
        Ok(evaluation)
    }

    fn applies(&self, output: usize) -> Option<LastLayer> {
        self.1.applies(output.checked_sub(self.0)?)
    }
}

/// Outputs and targets that the losses of a tuple have not read yet.
struct Rest<'r, 'a> {
    outputs: &'r [ArrayViewD<'a, f32>],
    targets: &'r [ArrayViewD<'a, f32>],
}

impl Rest<'_, '_> {
    /// Adds a loss on the next outputs and targets; `None` if there are too few.
    fn take(
        &mut self,
        loss: &mut impl Loss,
        context: &Context,
        sum: &mut Evaluation,
    ) -> Option<Result<(), ShapeError>> {
        let (outputs, other_outputs) = self.outputs.split_at_checked(loss.outputs())?;
        let (targets, other_targets) = self.targets.split_at_checked(loss.targets())?;
        (self.outputs, self.targets) = (other_outputs, other_targets);
        Some(loss.evaluate_in(context, outputs, targets).map(|evaluation| {
            sum.value += evaluation.value;
            sum.gradients.extend(evaluation.gradients);
        }))
    }
}

/// The sum of several losses: the first reads the first outputs and targets, the next those that follow.
macro_rules! tuples {
    ($(($($loss:ident $index:tt),+))+) => {$(
        impl<$($loss: Loss),+> Loss for ($($loss,)+) {
            fn outputs(&self) -> usize {
                0 $(+ self.$index.outputs())+
            }

            fn targets(&self) -> usize {
                0 $(+ self.$index.targets())+
            }

            without_context!();

            fn evaluate_in(
                &mut self,
                context: &Context,
                outputs: &[ArrayViewD<'_, f32>],
                targets: &[ArrayViewD<'_, f32>],
            ) -> Result<Evaluation, ShapeError> {
                let mut sum = Evaluation { value: 0.0, gradients: Vec::new() };
                let mut rest = Rest { outputs, targets };
                $(match rest.take(&mut self.$index, context, &mut sum) {
                    Some(evaluated) => evaluated?,
                    None => return Err(miscounted(self, outputs, targets)),
                })+
                Ok(sum)
            }

            fn applies(&self, output: usize) -> Option<LastLayer> {
                let mut before = 0;
                $(
                    if output < before + self.$index.outputs() {
                        return self.$index.applies(output - before);
                    }
                    before += self.$index.outputs();
                )+
                let _ = before;
                None
            }
        }
    )+};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
}
