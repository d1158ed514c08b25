//! Attention.

use alloc::vec;

use super::Real;
use crate::reference::kernels::attention::Heads;

/// Adds the gradients of queries, keys and values, and those of the values added to the scores if requested.
pub(super) fn attend<T: Real>(heads: &Heads<'_, T>, v: &[T], [y, dy]: [&[T]; 2], dx: &mut [&mut [T]]) {
    let [size, values] = heads.sizes();
    let (mut weights, mut dweights) = (vec![0.0; heads.keys], vec![0.0; heads.keys]);
    for head in 0..heads.heads {
        for token in 0..heads.tokens {
            let seen = heads.seen(token);
            let softmax = heads.softmax(head, token);
            let row = token * heads.values + head * values..token * heads.values + (head + 1) * values;
            let (y, dy) = (&y[row.clone()], &dy[row]);
            // The weighted mean of the gradients of the weights, which softmax subtracts from each.
            let mean: f64 = y.iter().zip(dy).map(|(y, dy)| y.get() * dy.get()).sum();
            for key in 0..seen {
                let v = &v[key * heads.values + head * values..][..values];
                let of_weight: f64 = v.iter().zip(dy).map(|(v, dy)| v.get() * dy.get()).sum();
                weights[key] = heads.weight(head, token, key, softmax);
                dweights[key] = weights[key] * (of_weight - mean);
            }
            for key in 0..seen {
                let (q, k) = (token * heads.width + head * size, key * heads.width + head * size);
                let dscore = dweights[key] * heads.scale;
                for feature in 0..size {
                    dx[0][q + feature] += T::of(dscore * heads.k[k + feature].get());
                    dx[1][k + feature] += T::of(dscore * heads.q[q + feature].get());
                }
                let dv = &mut dx[2][key * heads.values + head * values..][..values];
                dv.iter_mut().zip(dy).for_each(|(dv, dy)| *dv += T::of(weights[key] * dy.get()));
                if let Some(added) = dx.get_mut(3) {
                    added[heads.place(head, token, key)] += T::of(dweights[key]);
                }
            }
        }
    }
}
