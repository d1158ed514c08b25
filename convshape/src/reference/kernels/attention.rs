//! Attention, query by query: first the largest score, then the weighted sum of the values, key by key. Only a few
//! numbers per query are stored.

use convshape_arith::op::{Attention, MultiHead, Op};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::dense::Dense;
use super::layout::sizes;
use super::number::Number;

/// Output features that are summed together.
const COLUMNS: usize = 32;

/// The operands of attention, divided into heads.
#[derive(Clone, Copy)]
pub(super) struct Heads<'a, T> {
    pub(super) heads: usize,
    pub(super) tokens: usize,
    pub(super) keys: usize,
    /// Features of a token's query and key, and of its value.
    pub(super) width: usize,
    pub(super) values: usize,
    pub(super) scale: f64,
    causal: bool,
    /// Queries, keys, and the values added to the scores.
    pub(super) q: &'a [T],
    pub(super) k: &'a [T],
    pub(super) added: Option<&'a [T]>,
    /// The elements from the values added to the scores of a head to those of the next; 0 if all heads share them.
    added_step: usize,
}

/// The operands of all windows: one for each index of the axes in front of `[tokens, features]`.
pub(super) struct AttentionWindows<'a, T> {
    layer: &'a Attention,
    /// The shapes of queries, keys and values.
    shapes: [&'a Shape; 3],
    /// Queries, keys and values.
    inputs: [&'a [T]; 3],
    added: Option<(&'a Shape, &'a [T])>,
}

impl<'a, T: Number> AttentionWindows<'a, T> {
    pub(super) fn new(
        layer: &'a Attention,
        shapes: [&'a Shape; 3],
        inputs: [&'a [T]; 3],
        added: Option<(&'a Shape, &'a [T])>,
    ) -> Self {
        AttentionWindows { layer, shapes, inputs, added }
    }

    /// The operands of each window, its values, and the index of its first element in queries, keys, values, the values
    /// added to the scores and the output.
    pub(super) fn each(&self) -> impl Iterator<Item = (Heads<'a, T>, &'a [T], [usize; 5])> {
        let [[tokens, width], [keys, _], [_, values]] = self.shapes.map(|shape| {
            let sizes = &sizes(shape)[..shape.rank()];
            [sizes[sizes.len() - 2], sizes[sizes.len() - 1]]
        });
        let AttentionWindows { layer, shapes, inputs: [q, k, v], added } = *self;
        let heads = usize::try_from(layer.heads).unwrap_or(1).max(1);
        let scale = layer.factor(i64::try_from(width / heads).unwrap_or(1));
        (0..q.len() / (tokens * width)).map(move |window| {
            let [row, step] = added.map_or([0; 2], |(shape, _)| layer.added_rows(shape, shapes[0], window));
            let first = [tokens * width, keys * width, keys * values, 0, tokens * values].map(|size| window * size);
            let first = [first[0], first[1], first[2], row * keys, first[4]];
            let own = Heads {
                heads,
                tokens,
                keys,
                width,
                values,
                scale,
                causal: layer.causal,
                q: &q[first[0]..][..tokens * width],
                k: &k[first[1]..][..keys * width],
                added: added.map(|(_, numbers)| &numbers[first[3]..]),
                added_step: step * keys,
            };
            (own, &v[first[2]..][..keys * values], first)
        })
    }

    /// The output of all windows.
    pub(super) fn attend(&self, y: &mut [T]) {
        for (heads, v, first) in self.each() {
            attend(&heads, v, &mut y[first[4]..][..heads.tokens * heads.values]);
        }
    }
}

impl<T: Number> Heads<'_, T> {
    /// Features of a head's query, and of its value.
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.width / self.heads, self.values / self.heads]
    }

    /// The number of keys that a query sees.
    pub(super) fn seen(&self, token: usize) -> usize {
        if self.causal { self.keys.min(token + 1) } else { self.keys }
    }

    /// The index of the value that is added to a score.
    pub(super) fn place(&self, head: usize, token: usize, key: usize) -> usize {
        head * self.added_step + token * self.keys + key
    }

    fn score(&self, head: usize, token: usize, key: usize) -> f64 {
        let size = self.width / self.heads;
        let q = &self.q[token * self.width + head * size..][..size];
        let k = &self.k[key * self.width + head * size..][..size];
        let sum: f64 = q.iter().zip(k).map(|(q, k)| q.get() * k.get()).sum();
        sum * self.scale + self.added.map_or(0.0, |added| added[self.place(head, token, key)].get())
    }

    /// The largest score of a query, and the sum of the exponentials of the scores minus it; [`Heads::weight`] needs
    /// both.
    pub(super) fn softmax(&self, head: usize, token: usize) -> [f64; 2] {
        let mut largest = f64::NEG_INFINITY;
        for key in 0..self.seen(token) {
            let score = self.score(head, token, key);
            largest = if score > largest || score.is_nan() { score } else { largest };
        }
        let powers = (0..self.seen(token)).map(|key| libm::exp(self.score(head, token, key) - largest));
        [largest, powers.sum()]
    }

    /// The weight of a key; 0 if all scores are minus infinity.
    pub(super) fn weight(&self, head: usize, token: usize, key: usize, [largest, sum]: [f64; 2]) -> f64 {
        if largest == f64::NEG_INFINITY {
            return 0.0;
        }
        libm::exp(self.score(head, token, key) - largest) / sum
    }
}

/// For each query, the sum of the values weighted by the softmax of its scores.
fn attend<T: Number>(heads: &Heads<'_, T>, v: &[T], y: &mut [T]) {
    let [_, size] = heads.sizes();
    for head in 0..heads.heads {
        for token in 0..heads.tokens {
            let softmax = heads.softmax(head, token);
            let y = &mut y[token * heads.values + head * size..][..size];
            for (part, y) in y.chunks_mut(COLUMNS).enumerate() {
                let mut sums = [0.0; COLUMNS];
                for key in 0..heads.seen(token) {
                    let weight = heads.weight(head, token, key, softmax);
                    let v = &v[key * heads.values + head * size + part * COLUMNS..][..y.len()];
                    sums.iter_mut().zip(v).for_each(|(sum, v)| *sum += weight * v.get());
                }
                y.iter_mut().zip(sums).for_each(|(y, sum)| *y = T::of(sum));
            }
        }
    }
}

/// The linear layers of a [`MultiHead`] and the attention between them. `y` has the elements of the output, then
/// scratch space for queries, keys, values and the output of the heads: [`Slot::room`](crate::model::slot::Slot::room).
pub(super) fn multi_head<T: Number>(
    layer: &MultiHead,
    params: &[&[T]],
    inputs: [(&Shape, &[T]); 3],
    output: &Shape,
    y: &mut [T],
) {
    let [query, key, value, last] = layer.linear_layers();
    let (y, room) = y.split_at_mut(sizes(output)[..output.rank()].iter().product());
    // Those of all windows.
    let token_counts = inputs.map(|(shape, _)| sizes(shape)[..shape.rank() - 1].iter().product::<usize>());
    let widths = [query, key, value].map(|part| usize::try_from(part.outputs).unwrap_or(0));
    let (q, rest) = room.split_at_mut(token_counts[0] * widths[0]);
    let (k, rest) = rest.split_at_mut(token_counts[1] * widths[1]);
    let (v, attended) = rest.split_at_mut(token_counts[2] * widths[2]);
    let linear = |op: &Op, places: [Option<usize>; 2], x: &[T], y: &mut [T]| {
        let own = places.map(|place| place.map_or(&[][..], |place| params[place]));
        let own = if places[1].is_some() { &own[..] } else { &own[..1] };
        Dense::new(op).run(own, x, y);
    };
    linear(&query.op, query.params, inputs[0].1, q);
    linear(&key.op, key.params, inputs[1].1, k);
    linear(&value.op, value.params, inputs[2].1, v);
    let parts = [query.outputs, key.outputs, value.outputs];
    let shapes = [0, 1, 2].map(|part| inputs[part].0.with(inputs[part].0.rank() - 1, Size::Number(parts[part])));
    let attended = &mut attended[..token_counts[0] * widths[2]];
    AttentionWindows::new(&layer.attention(), shapes.each_ref(), [q, k, v], None).attend(attended);
    linear(&last.op, last.params, attended, y);
}

/// Attention.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{AttentionWindows, Heads};
    use crate::reference::kernels::number::Real;

    /// Adds the gradients of queries, keys and values, and those of the values added to the scores if requested.
    pub(in crate::reference::kernels) fn attend<T: Real>(
        windows: &AttentionWindows<'_, T>,
        [y, dy]: [&[T]; 2],
        dx: &mut [&mut [T]],
    ) {
        for (heads, v, first) in windows.each() {
            let size = heads.tokens * heads.values;
            let mut dx: Vec<&mut [T]> = dx.iter_mut().zip(first).map(|(dx, first)| &mut dx[first..]).collect();
            of_window(&heads, v, [y, dy].map(|all| &all[first[4]..][..size]), &mut dx);
        }
    }

    fn of_window<T: Real>(heads: &Heads<'_, T>, v: &[T], [y, dy]: [&[T]; 2], dx: &mut [&mut [T]]) {
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
}
