//! Normalisation over neighbouring channels, and by a vector norm.

use super::Real;
use crate::reference::kernels::axes::ReductionGroups;
use crate::reference::kernels::layout::ChannelLayout;
use crate::reference::kernels::local::{Lp, Response};

/// With `b` the base of a channel, `y = x b^-beta`. The gradient of a channel is `dy b^-beta` minus `2 beta factor x`
/// times the sum of `dy x b^(-beta - 1)` over the channels whose windows contain it.
pub(super) fn local_response<T: Real>(response: &Response, layout: &ChannelLayout, [x, dy]: [&[T]; 2], dx: &mut [T]) {
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
pub(super) fn lp_norm<T: Real>(lp: &Lp, groups: &ReductionGroups, [x, dy]: [&[T]; 2], dx: &mut [T]) {
    for start in groups.starts() {
        let norm = lp.norm(groups, &x[start..]);
        if norm < lp.eps {
            groups.members().for_each(|at| dx[start + at] += T::of(dy[start + at].get() / lp.eps));
            continue;
        }
        let product: f64 = groups.members().map(|at| dy[start + at].get() * x[start + at].get()).sum();
        for at in groups.members() {
            let value = x[start + at].get();
            let slope =
                if value == 0.0 { 0.0 } else { libm::copysign(libm::pow(libm::fabs(value) / norm, lp.p - 1.0), value) };
            dx[start + at] += T::of((dy[start + at].get() - product / norm * slope) / norm);
        }
    }
}
