//! tract.

use std::io::Cursor;
use std::sync::Arc;

use tract_linalg::multithread::{Executor, set_default_executor};
use tract_onnx::prelude::*;

use super::Ready;
use crate::net::Net;
use crate::{Failure, onnx};

pub(crate) struct Tract {
    model: Arc<TypedRunnableModel>,
    x: TValue,
    y: TVec<TValue>,
}

impl Tract {
    pub(crate) fn new(net: &Net, threads: usize) -> Result<Tract, Failure> {
        set_default_executor(if threads > 1 { Executor::multithread(threads) } else { Executor::SingleThread });
        let model = tract_onnx::onnx().model_for_read(&mut Cursor::new(onnx::encode(net)))?;
        let model = model.into_optimized()?.into_runnable()?;
        let x: TValue = Tensor::from_shape(net.x.shape(), &net.input())?.into();
        Ok(Tract { model, x, y: TVec::new() })
    }
}

impl Ready for Tract {
    fn run(&mut self) -> Result<(), Failure> {
        self.y = self.model.run(tvec![self.x.clone()])?;
        Ok(())
    }

    fn output(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.y.first().ok_or("not run")?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }
}
