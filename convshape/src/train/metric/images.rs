//! Metrics of values: differences, and the similarity of images.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use ndarray::{ArrayViewD, Axis};

use super::Metric;
use crate::model::error::ShapeError;
use crate::train::Context;
use crate::train::loss::same_shape;

/// The mean of the absolute differences.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct MeanAbsoluteError {
    sum: f64,
    count: f64,
}

impl Metric for MeanAbsoluteError {
    fn name(&self) -> String {
        "mean_absolute_error".into()
    }

    fn reset(&mut self) {
        *self = MeanAbsoluteError::default();
    }

    fn update(
        &mut self,
        _: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError> {
        same_shape("MeanAbsoluteError", output, target)?;
        self.sum += output.iter().zip(target).map(|(y, t)| (f64::from(*y) - f64::from(*t)).abs()).sum::<f64>();
        self.count += output.len() as f64;
        Ok(())
    }

    fn value(&self) -> f64 {
        self.sum / self.count
    }
}

/// The peak signal-to-noise ratio in decibels, `10 log10(range^2 / mse)`, with the mean squared difference over all
/// data.
#[derive(Clone, PartialEq, Debug)]
pub struct Psnr {
    range: f64,
    sum: f64,
    count: f64,
}

impl Psnr {
    /// For values that span `range`: 1 for 0 to 1, 255 for bytes.
    #[must_use]
    pub fn new(range: f64) -> Psnr {
        Psnr { range, sum: 0.0, count: 0.0 }
    }
}

impl Metric for Psnr {
    fn name(&self) -> String {
        "psnr".into()
    }

    fn reset(&mut self) {
        *self = Psnr::new(self.range);
    }

    fn update(
        &mut self,
        _: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError> {
        same_shape("Psnr", output, target)?;
        self.sum += output.iter().zip(target).map(|(y, t)| (f64::from(*y) - f64::from(*t)).powi(2)).sum::<f64>();
        self.count += output.len() as f64;
        Ok(())
    }

    fn value(&self) -> f64 {
        10.0 * (self.range * self.range * self.count / self.sum).log10()
    }
}

/// The structural similarity of images (Wang et al., 2004): windows of 11 by 11 pixels weighted by a
/// Gaussian of 1.5 pixels, `K1 = 0.01`, `K2 = 0.03`, the mean over all whole windows, channels and
/// samples.
#[derive(Clone, PartialEq, Debug)]
pub struct Ssim {
    range: f64,
    sum: f64,
    count: f64,
}

/// The side of a window in pixels, and the deviation of its weights.
const WINDOW: usize = 11;
const DEVIATION: f64 = 1.5;

impl Ssim {
    /// For values that span `range`: 1 for 0 to 1, 255 for bytes.
    #[must_use]
    pub fn new(range: f64) -> Ssim {
        Ssim { range, sum: 0.0, count: 0.0 }
    }

    /// Adds the windows of one plane of `width` pixels a row.
    fn plane(&mut self, x: &[f64], y: &[f64], width: usize) {
        let products = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>();
        let [mean_x, mean_y] = [x, y].map(|plane| blurred(plane, width));
        let [xx, yy, xy] = [(x, x), (y, y), (x, y)].map(|(a, b)| blurred(&products(a, b), width));
        let (c1, c2) = ((0.01 * self.range).powi(2), (0.03 * self.range).powi(2));
        for place in 0..mean_x.len() {
            let (a, b) = (mean_x[place], mean_y[place]);
            let (variance_x, variance_y, covariance) = (xx[place] - a * a, yy[place] - b * b, xy[place] - a * b);
            self.sum +=
                (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (variance_x + variance_y + c2));
            self.count += 1.0;
        }
    }
}

impl Metric for Ssim {
    fn name(&self) -> String {
        "ssim".into()
    }

    fn reset(&mut self) {
        *self = Ssim::new(self.range);
    }

    fn update(
        &mut self,
        context: &Context,
        output: &ArrayViewD<'_, f32>,
        target: &ArrayViewD<'_, f32>,
    ) -> Result<(), ShapeError> {
        same_shape("Ssim", output, target)?;
        let channel = context.channel_axis(output.ndim());
        let sides: Vec<usize> =
            (1..output.ndim()).filter(|axis| *axis != channel.0).map(|axis| output.len_of(Axis(axis))).collect();
        let &[height, width] = sides.as_slice() else {
            return Err(ShapeError::Metric { metric: "Ssim", found: output.shape().to_vec() });
        };
        if height < WINDOW || width < WINDOW {
            return Err(ShapeError::Metric { metric: "Ssim", found: output.shape().to_vec() });
        }
        for (output, target) in output.axis_iter(Axis(0)).zip(target.axis_iter(Axis(0))) {
            let channel = Axis(channel.0 - 1);
            for (output, target) in output.axis_iter(channel).zip(target.axis_iter(channel)) {
                let plane = |view: &ArrayViewD<'_, f32>| view.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
                self.plane(&plane(&output), &plane(&target), width);
            }
        }
        Ok(())
    }

    fn value(&self) -> f64 {
        self.sum / self.count
    }
}

/// The weighted means of all whole windows.
fn blurred(plane: &[f64], width: usize) -> Vec<f64> {
    let mut weights = [0.0; WINDOW];
    for (place, weight) in weights.iter_mut().enumerate() {
        let distance = place as f64 - (WINDOW / 2) as f64;
        *weight = (-distance * distance / (2.0 * DEVIATION * DEVIATION)).exp();
    }
    let all: f64 = weights.iter().sum();
    let (height, columns) = (plane.len() / width, width + 1 - WINDOW);
    let mut rows = vec![0.0; height * columns];
    for (place, sum) in rows.iter_mut().enumerate() {
        let start = place / columns * width + place % columns;
        *sum = weights.iter().zip(&plane[start..]).map(|(weight, x)| weight / all * x).sum();
    }
    let positions = (height + 1 - WINDOW) * columns;
    let mut means = vec![0.0; positions];
    for (place, mean) in means.iter_mut().enumerate() {
        *mean = weights.iter().enumerate().map(|(row, weight)| weight / all * rows[place + row * columns]).sum();
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, ArrayD};

    fn value(metric: &mut dyn Metric, output: &ArrayD<f32>, target: &ArrayD<f32>) -> f64 {
        metric.update(&Context::default(), &output.view(), &target.view()).unwrap();
        metric.value()
    }

    #[test]
    fn differences() {
        let a = ArrayD::from_elem(vec![2, 1, 2, 2], 0.5_f32);
        let b = ArrayD::from_elem(vec![2, 1, 2, 2], 0.6_f32);
        assert!((value(&mut MeanAbsoluteError::default(), &a, &b) - 0.1).abs() < 1e-6);
        assert!((value(&mut Psnr::new(1.0), &a, &b) - 20.0).abs() < 1e-5);
        assert_eq!(value(&mut Psnr::new(1.0), &a, &a), f64::INFINITY);
    }

    #[test]
    fn similarity() {
        let image =
            Array4::from_shape_fn((1, 2, 13, 12), |(_, c, y, x)| ((3 * x + 5 * y + c) % 7) as f32 / 7.0).into_dyn();
        assert!((value(&mut Ssim::new(1.0), &image, &image) - 1.0).abs() < 1e-12);
        // Of constant images only the first factor is left: (2 a b + c1) / (a^2 + b^2 + c1).
        let (a, b) = (ArrayD::from_elem(vec![1, 1, 11, 11], 0.25_f32), ArrayD::from_elem(vec![1, 1, 11, 11], 0.75_f32));
        let expected = (2.0 * 0.25 * 0.75 + 1e-4) / (0.25 * 0.25 + 0.75 * 0.75 + 1e-4);
        assert!((value(&mut Ssim::new(1.0), &a, &b) - expected).abs() < 1e-9);
        let inverted = image.mapv(|x| 1.0 - x);
        assert!(value(&mut Ssim::new(1.0), &inverted, &image) < 0.0);
        let small = ArrayD::from_elem(vec![1, 1, 10, 11], 0.5_f32);
        assert!(Ssim::new(1.0).update(&Context::default(), &small.view(), &small.view()).is_err());
    }
}
