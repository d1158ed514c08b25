//! How parameters start.

/// How a parameter is initialised if nothing is loaded.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Init {
    /// Uniform within `-bound..bound`.
    Uniform {
        /// The bound.
        bound: f64,
    },
    /// Normal around zero.
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
    /// Normal around zero, cut at two standard deviations: numbers outside are drawn again.
    TruncatedNormal {
        /// The standard deviation before the cut.
        deviation: f64,
    },
    /// The same value everywhere.
    Constant(f64),
    /// A matrix with orthonormal rows, or orthonormal columns if it has more rows than columns.
    Orthogonal,
    /// The bias of an `LSTM` in keras: 1 for the forget gate (the second `hidden` elements), otherwise 0.
    ForgetBias {
        /// Elements per gate.
        hidden: i64,
    },
}

#[expect(clippy::cast_precision_loss, reason = "a bound of random numbers")]
pub(crate) const fn positive(fan: i64) -> f64 {
    if fan < 1 { 1.0 } else { fan as f64 }
}

/// The square root by Newton's method: `f64::sqrt` is neither `const` nor in `core`.
pub(crate) const fn sqrt(x: f64) -> f64 {
    let mut root = if x > 1.0 { x } else { 1.0 };
    let mut step = 0;
    // Starting from above, each step halves the error of the exponent or doubles the correct digits; 100 steps are
    // enough for any f64.
    while step < 100 {
        root = 0.5 * (root + x / root);
        step += 1;
    }
    root
}
