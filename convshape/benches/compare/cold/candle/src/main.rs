//! Runs an autoencoder once.

use candle_core::{DType, Device, Result, Tensor};

fn weights(shape: &[usize]) -> Result<Tensor> {
    Tensor::randn(0.0_f32, 0.1, shape, &Device::Cpu)
}

fn conv(x: &Tensor, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let w = weights(&[outputs, x.dim(1)?, kernel, kernel])?;
    x.conv2d(&w, padding, stride, 1, 1)?.broadcast_add(&weights(&[1, outputs, 1, 1])?)
}

fn transposed(x: &Tensor, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    let w = weights(&[x.dim(1)?, outputs, kernel, kernel])?;
    let y = x.conv_transpose2d(&w, padding, stride - 1, stride, 1)?;
    y.broadcast_add(&weights(&[1, outputs, 1, 1])?)
}

fn main() -> Result<()> {
    let x = Tensor::zeros(&[1, 1, 28, 28], DType::F32, &Device::Cpu)?;
    let x = conv(&x, 16, 3, 2, 1)?.relu()?;
    let x = conv(&x, 32, 3, 2, 1)?.relu()?;
    let x = conv(&x, 64, 7, 1, 0)?.relu()?;
    let x = transposed(&x, 32, 7, 1, 0)?.relu()?;
    let x = transposed(&x, 16, 3, 2, 1)?.relu()?;
    let x = transposed(&x, 1, 3, 2, 1)?;
    let y = (x.neg()?.exp()? + 1.0)?.recip()?;
    println!("{}", y.flatten_all()?.to_vec1::<f32>()?[0]);
    Ok(())
}
