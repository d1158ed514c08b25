//! Checks that a layer's real numbers are in range.

use super::Init;
use crate::fault::{Fault, Reason};

const FRACTION: &str = "from 0 to 1";

/// The first fault of two checks.
pub(crate) const fn both(first: Result<(), Fault>, second: Result<(), Fault>) -> Result<(), Fault> {
    match first {
        Ok(()) => second,
        Err(fault) => Err(fault),
    }
}

pub(crate) const fn outside(field: &'static str, value: f64, wanted: &'static str) -> Fault {
    Fault::new(Reason::Number { field, value, wanted })
}

pub(crate) const fn fraction(field: &'static str, value: f64) -> Result<(), Fault> {
    if value >= 0.0 && value <= 1.0 { Ok(()) } else { Err(outside(field, value, FRACTION)) }
}

pub(crate) const fn positive(field: &'static str, value: f64) -> Result<(), Fault> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(outside(field, value, "above 0")) }
}

pub(crate) const fn finite(field: &'static str, value: f64) -> Result<(), Fault> {
    if value.is_finite() { Ok(()) } else { Err(outside(field, value, "finite")) }
}

impl Init {
    /// Checks that its number is in range.
    pub(crate) const fn check_numbers(self) -> Result<(), Fault> {
        match self {
            Init::Constant(value) => finite("init", value),
            Init::Uniform { bound: scale }
            | Init::Normal { deviation: scale }
            | Init::TruncatedNormal { deviation: scale } => positive("init", scale),
            Init::Orthogonal | Init::ForgetBias { .. } => Ok(()),
        }
    }
}
