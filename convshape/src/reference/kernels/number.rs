//! The numbers a kernel reads and writes.

use crate::model::tensor::Element;

/// An element as a number. Kernels read it as `f64`, compute in `f64` and round once at the end.
pub trait Number: Element {
    /// The value, exactly.
    fn get(self) -> f64;

    /// The nearest element to a value.
    fn of(value: f64) -> Self;
}

impl Number for f32 {
    fn get(self) -> f64 {
        self.into()
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    fn of(value: f64) -> f32 {
        value as f32
    }
}

impl Number for f64 {
    fn get(self) -> f64 {
        self
    }

    fn of(value: f64) -> f64 {
        value
    }
}
