//! rten.

use std::sync::Arc;

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor, TensorView};

use super::Ready;
use crate::net::Net;
use crate::{Failure, onnx};

pub(crate) struct Rten {
    model: Model,
    options: RunOptions,
    x: Tensor<f32>,
    y: Option<Value>,
}

impl Rten {
    pub(crate) fn new(net: &Net, threads: usize) -> Result<Rten, Failure> {
        let model = ModelOptions::with_all_ops().prepack_weights(true).load(onnx::encode(net))?;
        let pool = Arc::new(ThreadPool::with_num_threads(threads));
        let options = RunOptions::default().with_thread_pool(Some(pool));
        Ok(Rten { model, options, x: Tensor::from_data(net.x.shape(), net.input()), y: None })
    }
}

impl Ready for Rten {
    fn run(&mut self) -> Result<(), Failure> {
        self.y = Some(self.model.run_one(self.x.view().into(), Some(self.options.clone()))?);
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        let y: TensorView<'_, f32> = self.y.as_ref().ok_or("not run")?.try_into()?;
        Ok(y.to_vec())
    }
}
