//! Normalisation over neighbouring channels, and by a vector norm.

use core::ops::Range;

use convshape_arith::op::Op;

use super::axes::ReductionGroups;
use super::layout::ChannelLayout;
use super::number::Number;

/// The parameters of an `Op::LocalResponseNorm`.
pub(super) struct Response {
    /// The number of channels in a window before and after the middle one.
    below: usize,
    above: usize,
    /// `alpha / size`
    pub(super) factor: f64,
    pub(super) beta: f64,
    k: f64,
}

impl Response {
    /// The parameters of a layer. For any other layer they are those of the identity.
    #[expect(clippy::cast_precision_loss, reason = "a number of channels")]
    pub(super) fn of(op: &Op) -> Response {
        let Op::LocalResponseNorm { dialect, size, alpha, beta, k } = *op else {
            return Response { below: 0, above: 0, factor: 0.0, beta: 0.0, k: 1.0 };
        };
        let (below, above) = dialect.channel_window(size);
        let count = |channels| usize::try_from(channels).unwrap_or(usize::MAX);
        Response { below: count(below), above: count(above), factor: alpha / size as f64, beta, k }
    }

    /// The channels in the window of a channel.
    fn window(&self, channel: usize, channels: usize) -> Range<usize> {
        channel.saturating_sub(self.below)..channel.saturating_add(self.above).saturating_add(1).min(channels)
    }

    /// The channels whose windows contain a channel.
    #[cfg(feature = "train")]
    pub(super) fn readers(&self, channel: usize, channels: usize) -> Range<usize> {
        channel.saturating_sub(self.above)..channel.saturating_add(self.below).saturating_add(1).min(channels)
    }

    /// The base of the power that a value is divided by.
    pub(super) fn base<T: Number>(&self, layout: &ChannelLayout, position: usize, channel: usize, x: &[T]) -> f64 {
        let squares = self.window(channel, layout.count).map(|channel| {
            let x = x[layout.at(channel, position)].get();
            x * x
        });
        self.k + self.factor * squares.sum::<f64>()
    }
}

pub(super) fn local_response<T: Number>(response: &Response, layout: &ChannelLayout, x: &[T], y: &mut [T]) {
    for position in 0..layout.positions {
        for channel in 0..layout.count {
            let at = layout.at(channel, position);
            let base = response.base(layout, position, channel, x);
            y[at] = T::of(x[at].get() / libm::pow(base, response.beta));
        }
    }
}

/// The parameters of an `Op::LpNorm`.
pub(super) struct Lp {
    pub(super) p: f64,
    pub(super) eps: f64,
}

impl Lp {
    /// The norm of a group; `x` starts at its first element.
    pub(super) fn norm<T: Number>(&self, groups: &ReductionGroups, x: &[T]) -> f64 {
        let values = groups.members().map(|at| libm::fabs(x[at].get()));
        if self.p == 1.0 {
            values.sum()
        } else if self.p == 2.0 {
            libm::sqrt(values.map(|value| value * value).sum())
        } else {
            libm::pow(values.map(|value| libm::pow(value, self.p)).sum(), 1.0 / self.p)
        }
    }
}

pub(super) fn lp_norm<T: Number>(lp: &Lp, groups: &ReductionGroups, x: &[T], y: &mut [T]) {
    for start in groups.starts() {
        let norm = lp.norm(groups, &x[start..]);
        // NaN propagates.
        let divisor = if norm < lp.eps { lp.eps } else { norm };
        for at in groups.members() {
            y[start + at] = T::of(x[start + at].get() / divisor);
        }
    }
}

/// Normalisation over neighbouring channels, and by a vector norm.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use super::{Lp, Response};
    use crate::reference::kernels::axes::ReductionGroups;
    use crate::reference::kernels::layout::ChannelLayout;
    use crate::reference::kernels::number::Real;

    /// With `b` the base of a channel, `y = x b^-beta`. The gradient of a channel is `dy b^-beta` minus `2 beta factor x`
    /// times the sum of `dy x b^(-beta - 1)` over the channels whose windows contain it.
    pub(in crate::reference::kernels) fn local_response<T: Real>(
        response: &Response,
        layout: &ChannelLayout,
        [x, dy]: [&[T]; 2],
        dx: &mut [T],
    ) {
        let beta = response.beta;
        for position in 0..layout.positions {
            for channel in 0..layout.count {
                let at = layout.at(channel, position);
                let base = response.base(layout, position, channel, x);
                let mut gradient = dy[at].get() * libm::pow(base, -beta);
                for reader in response.readers(channel, layout.count) {
                    let place = layout.at(reader, position);
                    let base = response.base(layout, position, reader, x);
                    let product = dy[place].get() * x[place].get() * libm::pow(base, -beta - 1.0);
                    gradient -= 2.0 * beta * response.factor * x[at].get() * product;
                }
                dx[at] += T::of(gradient);
            }
        }
    }

    /// With `n` the norm, the gradient is `dy / n` less `sum(dy x) / n^2` times the derivative of `n`, which is `sign(x)
    /// |x|^(p - 1) / n^(p - 1)`. Where the divisor is `eps`, it is `dy / eps`.
    pub(in crate::reference::kernels) fn lp_norm<T: Real>(
        lp: &Lp,
        groups: &ReductionGroups,
        [x, dy]: [&[T]; 2],
        dx: &mut [T],
    ) {
        for start in groups.starts() {
            let norm = lp.norm(groups, &x[start..]);
            if norm < lp.eps {
                groups.members().for_each(|at| dx[start + at] += T::of(dy[start + at].get() / lp.eps));
                continue;
            }
            let product: f64 = groups.members().map(|at| dy[start + at].get() * x[start + at].get()).sum();
            for at in groups.members() {
                let value = x[start + at].get();
                let slope = if value == 0.0 {
                    0.0
                } else {
                    libm::copysign(libm::pow(libm::fabs(value) / norm, lp.p - 1.0), value)
                };
                dx[start + at] += T::of((dy[start + at].get() - product / norm * slope) / norm);
            }
        }
    }
}
