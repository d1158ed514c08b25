//! Converts between the caller's order of axes and the layout of a view.

use std::ops::Range;

use convshape_arith::op::AxisOrder;

use super::buffer::{Grid, View};
use super::simd::{Kernel, Level, MOST_LANES, Simd};
use super::threads::{Spread, Threads};
use super::tuning::MOVE;

/// The conversion of a value between the caller's order and a view.
#[derive(Clone, Copy)]
pub(super) struct Relayout {
    pub(super) level: Level,
    pub(super) view: View,
}

impl Relayout {
    /// Copies samples `x` in the caller's order to the view.
    pub(super) fn import(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        let (grid, buffer) = (self.view.grid(), &self.view.buffer);
        let planes = Spread { units: grid.channels, step: buffer.channel_stride(), ..Spread::samples(buffer.sample()) };
        let spread = if buffer.planar { planes } else { self.view.spread() };
        spread.run(threads, MOVE * grid.elements(), samples, y, &|y, base, samples, units| {
            let mut own = RelayoutShare {
                order: self.view.order,
                grid,
                view: self.view,
                start: 0,
                channel: 0,
                samples,
                export: false,
                base,
                x,
                y,
            };
            if buffer.planar {
                own.channel = units.start;
                own.view.channels = units.len();
            } else {
                let (view, start) = self.view.share(&units);
                own.start = (start[0] * grid.size[1] + start[1]) * grid.size[2] + start[2];
                own.view = view;
            }
            self.level.run(own);
        });
    }

    /// Copies samples `x` of the view to the caller's order.
    pub(super) fn export(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        let grid = self.view.grid();
        // Shares are whole blocks of channels, which are transposed together.
        let apart = self.view.order == AxisOrder::ChannelsFirst && !self.view.buffer.planar;
        let block = if apart { MOST_LANES } else { grid.channels.max(1) };
        let units = grid.channels.div_ceil(block);
        let spread = Spread { units, step: block * grid.positions(), ..Spread::samples(grid.elements()) };
        spread.run(threads, MOVE * grid.elements(), samples, y, &|y, base, samples, units| {
            let (channel, mut view) = (units.start * block, self.view);
            view.channel += channel;
            view.channels = (units.len() * block).min(grid.channels - channel);
            self.level.run(RelayoutShare {
                order: self.view.order,
                grid,
                view,
                start: 0,
                channel,
                samples,
                export: true,
                base,
                x,
                y,
            });
        });
    }
}

/// Some rows or channels of a value. The output starts at `base`.
struct RelayoutShare<'a> {
    order: AxisOrder,
    /// The sizes of the whole value.
    grid: Grid,
    view: View,
    /// The first position and the first channel.
    start: usize,
    channel: usize,
    samples: Range<usize>,
    export: bool,
    base: usize,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for RelayoutShare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if self.view.buffer.planar {
            return self.planes(simd);
        }
        // Without a border a sample is one row.
        let (rows, width) = self.view.long_rows();
        for sample in self.samples.clone() {
            for row in 0..rows {
                let own = sample * self.view.buffer.sample() + self.view.long_row(row);
                self.row(simd, sample, own, self.start + row * width, width);
            }
        }
    }
}

impl RelayoutShare<'_> {
    /// Converts `width` neighbouring positions, the first of which is at offset `own` of the view.
    #[inline(always)]
    fn row<S: Simd>(&mut self, simd: S, sample: usize, own: usize, position: usize, width: usize) {
        let (channels, positions, step) = (self.view.channels, self.grid.positions(), self.view.buffer.width);
        let (x, export) = (self.x, self.export);
        let neighbours = self.order == AxisOrder::ChannelsLast || self.grid.channels == 1;
        let theirs = sample * self.grid.elements();
        let theirs = theirs + if neighbours { position * channels } else { self.channel * positions + position };
        let (from, to) = if export { (own, theirs - self.base) } else { (theirs, own - self.base) };
        let y = &mut self.y[to..];
        if neighbours && step == channels {
            y[..width * channels].copy_from_slice(&x[from..][..width * channels]);
        } else if neighbours {
            let (x_step, y_step) = if export { (step, channels) } else { (channels, step) };
            for position in 0..width {
                y[position * y_step..][..channels].copy_from_slice(&x[from + position * x_step..][..channels]);
            }
        } else if channels < MOST_LANES / 2 {
            for channel in 0..channels {
                if export {
                    let x = x[from + channel..].iter().step_by(step);
                    y[channel * positions..][..width].iter_mut().zip(x).for_each(|(y, x)| *y = *x);
                } else {
                    let y = y[channel..].iter_mut().step_by(step);
                    y.zip(&x[from + channel * positions..][..width]).for_each(|(y, x)| *y = *x);
                }
            }
        } else {
            for channel in (0..channels).step_by(MOST_LANES) {
                for position in (0..width).step_by(MOST_LANES) {
                    let (own, theirs) = (position * step + channel, channel * positions + position);
                    let count = [MOST_LANES.min(width - position), MOST_LANES.min(channels - channel)];
                    if export {
                        simd.transpose(&x[from + own..], step, &mut y[theirs..], positions, count);
                    } else {
                        simd.transpose(&x[from + theirs..], positions, &mut y[own..], step, [count[1], count[0]]);
                    }
                }
            }
        }
    }

    /// Planes, which differ from the caller's only by their border. Imported planes get their border here.
    #[inline(always)]
    fn planes<S: Simd>(&mut self, simd: S) {
        let (x, buffer) = (self.x, &self.view.buffer);
        let ([depth, height, width], row, low) = (buffer.size, buffer.strides()[1], buffer.low[2]);
        let [depths, heights] = [buffer.padded(0), buffer.padded(1)];
        let channels = self.channel..self.channel + self.view.channels;
        let planes = self.samples.clone().flat_map(|sample| channels.clone().map(move |channel| [sample, channel]));
        for plane in planes.map(|[sample, channel]| sample * self.grid.channels + channel) {
            for h in 0..depths * heights {
                let own = plane * buffer.channel_stride() + h * row;
                let (d, h) = ((h / heights).wrapping_sub(buffer.low[0]), (h % heights).wrapping_sub(buffer.low[1]));
                let inside = d < depth && h < height;
                let theirs = if inside { ((plane * depth + d) * height + h) * width } else { 0 };
                if self.export {
                    if inside {
                        copy(simd, &x[own + low..][..width], &mut self.y[theirs - self.base..]);
                    }
                } else {
                    let y = &mut self.y[own - self.base..][..row];
                    if inside {
                        y[..low].iter_mut().for_each(|y| *y = 0.0);
                        copy(simd, &x[theirs..][..width], &mut y[low..]);
                        y[low + width..].iter_mut().for_each(|y| *y = 0.0);
                    } else {
                        y.fill(0.0);
                    }
                }
            }
        }
    }
}

/// Copies contiguous elements. For short runs the call of `memcpy` would take longer than the copy.
#[inline(always)]
pub(super) fn copy<S: Simd>(simd: S, x: &[f32], y: &mut [f32]) {
    let count = x.len();
    if count < S::LANES {
        // Powers of two, whose copies are a load and a store.
        macro_rules! part {
            ($($power:literal)*) => {$(
                if count & $power > 0 {
                    let at = count % $power;
                    y[at..at + $power].copy_from_slice(&x[at..at + $power]);
                }
            )*};
        }
        if count % 2 == 1 {
            y[0] = x[0];
        }
        part!(2 4 8);
        return;
    }
    for at in (0..count).step_by(S::LANES) {
        let at = at.min(count - S::LANES);
        simd.store(simd.load(&x[at..]), &mut y[at..]);
    }
}
