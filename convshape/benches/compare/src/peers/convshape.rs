//! convshape: one sample into existing memory, a batch into a new array.

use convshape::__private::Parts;
use convshape::ndarray::ArrayD;
use convshape::train::{Mse, Sgd, Train};
use convshape::{Model, Workspace};

use super::{LEARNING_RATE, Ready};
use crate::Failure;
use crate::net::Net;
use crate::suite::run_one;

pub(crate) struct Inference<M> {
    model: M,
    x: ArrayD<f32>,
    y: ArrayD<f32>,
    workspace: Workspace,
}

impl<M: Model + Parts> Inference<M> {
    pub(crate) fn new(model: M, net: &Net) -> Inference<M> {
        let y = ArrayD::from_elem(&net.output_shape[..], f32::NAN);
        Inference { model, x: net.x.clone(), y, workspace: Workspace::new::<M>() }
    }
}

impl<M: Model + Parts> Ready for Inference<M> {
    fn run(&mut self) -> Result<(), Failure> {
        match (self.x.shape()[0], self.x.as_slice(), self.y.as_slice_mut()) {
            (1, Some(x), Some(y)) => run_one(&self.model, x, y, &mut self.workspace),
            _ => self.y = self.model.run_batch(&[self.x.view()])?.swap_remove(0),
        }
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.y.iter().copied().collect())
    }
}

pub(crate) struct Training<M> {
    model: M,
    x: ArrayD<f32>,
    optimizer: Sgd,
    losses: Vec<f32>,
}

impl<M: Model + Parts> Training<M> {
    pub(crate) fn new(model: M, net: &Net) -> Training<M> {
        Training { model, x: net.x.clone(), optimizer: Sgd::new(LEARNING_RATE), losses: Vec::new() }
    }
}

impl<M: Model + Parts> Ready for Training<M> {
    fn run(&mut self) -> Result<(), Failure> {
        let (loss, gradients) = self.model.loss_gradients(&[self.x.view()], &[self.x.view()], &mut Mse)?;
        self.optimizer.step(&mut self.model, &gradients).expect("parameters of their own shapes");
        self.losses.push(loss);
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.losses.clone())
    }
}
