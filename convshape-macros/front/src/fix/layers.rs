//! Edits of one layer that give the required number of rows. Each is tried on the layer alone, with the layer's own
//! arithmetic; a trial then shows the effect on the chain.

use convshape_arith::layer::AxisMap;
use convshape_arith::op::{Amount, AxisOrder, Conv, Direction, MAX_SPATIAL, Op, Padding, PerAxis, ResizeTo};
use convshape_arith::padding::conv_padding;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::AxisField;

use super::candidates::{Candidates, unfolds};
use super::goals::Goal;
use super::needs::Need;
use super::preimage::{SizeRange, given, sampled};
use super::{Edit, unlike, words};
use crate::check::Checked;
use crate::fields::{self, Setting};
use crate::graph::{Graph, Node, NodeId, Recipe};

/// How many values of a field are tried above and below the present one.
const STEPS: i64 = 72;

/// The largest kernel and stride that are tried together.
const LARGEST_BLOCK: i64 = 16;

/// The cost of another size for a feature map that is reshaped from a vector.
const RESHAPED: u32 = 20;

/// A layer that should give different sizes.
pub(super) struct ChangedLayer<'a> {
    pub(super) graph: &'a Graph,
    pub(super) node: NodeId,
    pub(super) op: Op,
    /// Its inputs, with numbers for symbols.
    inputs: Vec<Shape>,
    /// The axes with wrong sizes.
    ranges: PerAxis<Option<SizeRange>>,
    /// Spatial axes.
    rank: usize,
    /// The extra cost of every edit, for its distance from the mistake.
    extra: u32,
    /// The value whose sizes are the target.
    like: Option<usize>,
}

/// Edits of the layer that gives a value, so that it gives the required sizes.
pub(super) fn edits(graph: &Graph, checked: &Checked, need: &Need, goal: &Goal, found: &mut Candidates) {
    let Some(node) = graph.producer(need.value) else { return };
    let Some(op) = checked.ops[node] else { return };
    if let Op::Reshape { shape } = op {
        reshaped(graph, checked, node, &shape, need, found);
        return;
    }
    let Some(layer) = ChangedLayer::new(graph, checked, node, op, need, goal) else { return };
    layer.edits(found);
}

/// A vector that becomes a map of the required sizes, and the layer that gives the vector.
fn reshaped(graph: &Graph, checked: &Checked, node: NodeId, now: &Shape, need: &Need, found: &mut Candidates) {
    let mut shape = *now;
    for axis in 0..now.rank().saturating_sub(1).min(MAX_SPATIAL) {
        if let Some((least, _)) = need.ranges[axis] {
            shape = shape.with(graph.order().spatial(axis), Size::Number(least));
        }
    }
    let above = graph.shaper(graph.nodes[node].inputs[0]);
    if let (Some(linear), Ok(Size::Number(outputs))) = (above, shape.elements())
        && let (Some(Op::Linear { .. }), Some([Size::Number(inputs)])) =
            (graph.given(linear), checked.shape(graph.nodes[linear].inputs[0]).as_ref().map(Shape::sizes))
        && now.rank() > 1
        && shape != *now
    {
        let inputs = *inputs;
        found.push(vec![Edit::Channels { node: linear, inputs, outputs }, Edit::Reshape { node, shape }], RESHAPED);
    }
}

impl<'a> ChangedLayer<'a> {
    fn new(
        graph: &'a Graph,
        checked: &Checked,
        node: NodeId,
        op: Op,
        need: &Need,
        goal: &Goal,
    ) -> Option<ChangedLayer<'a>> {
        let inputs = graph.nodes[node].inputs.iter().map(|value| Some(sampled(&checked.shape(*value)?)));
        let inputs = inputs.collect::<Option<Vec<Shape>>>()?;
        let rank = inputs.first()?.rank().checked_sub(1).filter(|rank| *rank <= MAX_SPATIAL)?;
        let like = goal.like.filter(|_| need.value == goal.value);
        let mut layer = ChangedLayer {
            graph,
            node,
            op,
            inputs,
            ranges: need.ranges,
            rank,
            extra: 3 * need.distance.min(40) + goal.extra,
            like,
        };
        // It decides the sizes of all layers after it.
        if unfolds(graph, checked, node).is_some() {
            layer.extra = goal.extra;
        }
        for axis in 0..rank {
            if layer.ranges[axis].is_some_and(|range| layer.rows(&op, axis).is_some_and(|rows| within(rows, range))) {
                layer.ranges[axis] = None;
            }
        }
        layer.ranges.iter().any(Option::is_some).then_some(layer)
    }

    fn order(&self) -> AxisOrder {
        self.graph.order()
    }

    fn written(&self) -> &Node {
        &self.graph.nodes[self.node]
    }

    fn size(&self, axis: usize) -> Option<i64> {
        self.inputs[0].size(self.order().spatial(axis)).number()
    }

    /// The rows over which windows move on one axis: with the zeros that a convolution puts between them.
    fn spread(&self, axis: usize) -> Option<i64> {
        match self.op {
            Op::Conv(conv) => self.size(axis)?.checked_sub(1)?.checked_mul(conv.input_dilation[axis])?.checked_add(1),
            _ => self.size(axis),
        }
    }

    /// The size that a changed layer gives on one axis.
    fn rows(&self, op: &Op, axis: usize) -> Option<i64> {
        given(op, &self.inputs, self.order(), axis, self.size(axis)?)
    }

    /// Whether a changed layer gives the required sizes.
    fn serves(&self, op: &Op) -> bool {
        self.wrong().all(|(axis, range)| self.rows(op, axis).is_some_and(|rows| within(rows, range)))
    }

    fn wrong(&self) -> impl Iterator<Item = (usize, SizeRange)> + '_ {
        (0..self.rank).filter_map(|axis| Some((axis, self.ranges[axis]?)))
    }

    fn edits(&self, found: &mut Candidates) {
        match self.op {
            Op::Conv(conv) => self.conv(&conv, found),
            Op::Pool(pool) => {
                for (word, cost) in words::of_pool(&pool) {
                    self.word("padding", Setting::Word(word), cost, found);
                }
                if self.takes("ceil_mode") {
                    // Written, it was asked for; that it rounds up was not.
                    self.word("ceil_mode", Setting::Bool(!pool.ceil_mode), if pool.ceil_mode { 4 } else { 15 }, found);
                }
                let odd = pool.kernel[..pool.rank].iter().all(|rows| rows % 2 == 1);
                if odd && pool.padding == Padding::Symmetric([0; MAX_SPATIAL]) && pool.stride != pool.kernel {
                    let half = pool.kernel.map(|rows| rows / 2);
                    self.word("padding", Setting::ints(half, pool.rank), 14, found);
                }
                if pool.stride != pool.kernel {
                    self.word("stride", Setting::ints(pool.kernel, pool.rank), 12, found);
                }
                // A window of one row pools nothing.
                self.field(AxisField::Kernel, 2, 24, found);
                self.field(AxisField::Stride, 1, 24, found);
                self.field(AxisField::Padding, 0, 26, found);
                self.uneven_padding(36, found);
            }
            Op::Upsample(upsample) => match upsample.to {
                ResizeTo::Scale(scales) => self.upsample(&scales, found),
                ResizeTo::Size(sizes) => {
                    if let Some(sizes) = self.exact_sizes(&sizes) {
                        self.offer("size", Setting::ints(sizes, self.rank), 14, 0, found);
                    }
                }
                ResizeTo::Like => {}
            },
            Op::AdaptivePool { size, rank, .. } => {
                if let Some(sizes) = self.exact_sizes(&size) {
                    self.offer("size", Setting::ints(sizes, rank), 14, 0, found);
                }
            }
            Op::Pad { amount, axis: None, .. } | Op::Crop { amount } => self.amount(&amount, found),
            _ => {}
        }
    }

    /// The kernel and the stride, swapped.
    fn swapped(&self, conv: &Conv, found: &mut Candidates) {
        let (kernel, stride, rank) = (conv.kernel, conv.stride, conv.rank);
        let swapped = Op::Conv(Conv { kernel: stride, stride: kernel, ..*conv });
        if (0..rank).all(|axis| stride[axis] > kernel[axis]) && self.serves(&swapped) {
            let set = |field, values| Edit::Field { node: self.node, field, setting: Setting::ints(values, rank) };
            found.push(vec![set("kernel", stride), set("stride", kernel)], 8 + self.extra);
        }
    }

    fn conv(&self, conv: &Conv, found: &mut Candidates) {
        let stride_cost = if conv.stride[..conv.rank] == conv.kernel[..conv.rank] { 18 } else { 24 };
        for (field, setting, cost) in words::of_conv(conv) {
            self.word(field, setting, cost, found);
        }
        self.swapped(conv, found);
        self.field(AxisField::Padding, 0, 20, found);
        self.field(AxisField::Stride, 1, stride_cost, found);
        // Patches that were to lie side by side.
        if (0..conv.rank).all(|axis| conv.stride[axis] < conv.kernel[axis] && 2 * conv.stride[axis] > conv.kernel[axis])
        {
            self.word("stride", Setting::ints(conv.kernel, conv.rank), 12, found);
        }
        self.field(AxisField::Kernel, 1, 26, found);
        if conv.dilation[..conv.rank].iter().any(|rows| *rows > 1) {
            let with = |op: &Op, axis: usize, value: i64| match *op {
                Op::Conv(mut conv) => {
                    conv.dilation[axis] = value;
                    Op::Conv(conv)
                }
                other => other,
            };
            self.values("dilation", &conv.dilation, 1, 28, with, found);
        }
        match conv.direction {
            Direction::Forward => {
                self.uneven_padding(32, found);
                let transposed = Op::Conv(Conv { direction: Direction::Transposed, ..*conv });
                let plain = self.written().spans.op.to_string().starts_with("Conv");
                if plain && matches!(self.written().recipe, Recipe::Given(_)) && self.serves(&transposed) {
                    found.push(vec![Edit::Transposed { node: self.node }], 30 + self.extra);
                }
            }
            Direction::Transposed => {
                self.field(AxisField::OutputPadding, 0, 10, found);
                // The padding that gives `input * stride`, which may be far from the present one.
                if let Some((padding, [0, 0, 0])) = conv.crop_to_stride() {
                    self.word("padding", Setting::ints(padding, conv.rank), 12, found);
                }
                self.stride_and_output_padding(conv, found);
                self.blocks(conv, found);
                self.without_upsampling(conv, found);
                self.uneven_crop(conv, found);
            }
        }
    }

    fn takes(&self, field: &str) -> bool {
        self.written().writing.takes(field)
    }

    /// A field with a number per axis.
    fn field(&self, field: AxisField, least: i64, cost: u32, found: &mut Candidates) {
        let Some(now) = self.op.axis_field(field) else { return };
        let with = |op: &Op, axis: usize, value: i64| op.with_axis_field(field, axis, value);
        self.values(field.name(), &now, least, cost, with, found);
    }

    /// For each wrong axis, the nearest value that works; together they are one edit.
    fn values(
        &self,
        field: &'static str,
        now: &PerAxis<i64>,
        least: i64,
        cost: u32,
        with: impl Fn(&Op, usize, i64) -> Op,
        found: &mut Candidates,
    ) {
        if !self.takes(field) {
            return;
        }
        let mut best = *now;
        let mut op = self.op;
        for (axis, range) in self.wrong() {
            let does = |value: &i64| {
                *value >= least && self.rows(&with(&op, axis, *value), axis).is_some_and(|rows| within(rows, range))
            };
            let near = nearest(now[axis]).find(does);
            let Some(value) = near.or_else(|| self.by_rows(field, now[axis], axis, range).find(does)) else { return };
            best[axis] = value;
            op = with(&op, axis, value);
        }
        let steps = (0..self.rank).map(|axis| best[axis].abs_diff(now[axis])).max().unwrap_or(0);
        self.copy_to_unseen(now, &mut best);
        let equal = |values: &PerAxis<i64>| values[..self.rank].iter().all(|value| *value == values[0]);
        let uneven = if equal(now) && !equal(&best) { 6 } else { 0 };
        if self.beyond_reach(field, &best) && !self.beyond_reach(field, now) {
            return;
        }
        // A kernel over everything that comes in.
        let whole = field == "kernel" && self.wrong().all(|(_, range)| range == (1, 1));
        let cost = if whole { cost - 4 } else { cost };
        let skips = if self.skips_rows(field, &best) && !self.skips_rows(field, now) { 14 } else { 0 };
        let wide = if self.is_wide(field, &best) { 8 } else { 0 };
        let cost = cost.saturating_add_signed(self.regularity(&op)) + uneven + skips + wide;
        self.offer(field, Setting::ints(best, self.rank), cost, steps, found);
    }

    /// The paddings of a transposed convolution that give the ends of a range: each row of padding takes two. More than
    /// its kernel reaches is never meant.
    fn by_rows(&self, field: &str, now: i64, axis: usize, (low, high): SizeRange) -> impl Iterator<Item = i64> {
        let most = match self.op {
            Op::Conv(conv) if conv.direction == Direction::Transposed && field == "padding" => {
                conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis])
            }
            _ => -1,
        };
        let rows = self.rows(&self.op, axis);
        let ends = [low, high].map(|end| rows.map(|rows| now.saturating_add(rows.saturating_sub(end) / 2)));
        ends.into_iter().flatten().filter(move |padding| *padding <= most)
    }

    /// Whether a window would see only border, or a transposed convolution would lose all that its kernel adds.
    fn beyond_reach(&self, field: &str, values: &PerAxis<i64>) -> bool {
        let reach = |axis: usize| match self.op {
            Op::Conv(conv) => conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]),
            _ => i64::MAX,
        };
        field == "padding" && (0..self.rank).any(|axis| values[axis] > reach(axis))
    }

    /// Whether a border is wider than it takes to keep the size, and no other layer like this one has it.
    fn is_wide(&self, field: &str, values: &PerAxis<i64>) -> bool {
        let Op::Conv(conv) = self.op else { return false };
        let reach = |axis: usize| conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]);
        let wide = (0..self.rank).any(|axis| values[axis] > reach(axis).saturating_add(1) / 2);
        let has =
            |op: &Op| op.axis_field(AxisField::Padding).is_some_and(|rows| rows[..self.rank] == values[..self.rank]);
        let mut others = (0..self.graph.nodes.len()).filter_map(|node| self.graph.given(node));
        field == "padding"
            && conv.direction == Direction::Forward
            && wide
            && !others.any(|other| unlike::same_window(&self.op, &other) && has(&other))
    }

    /// Whether windows this far apart would leave rows unread.
    fn skips_rows(&self, field: &str, strides: &PerAxis<i64>) -> bool {
        let kernel = match self.op {
            Op::Conv(conv) if conv.direction == Direction::Forward => conv.kernel,
            Op::Pool(pool) => pool.kernel,
            _ => return false,
        };
        field == "stride" && (0..self.rank).any(|axis| strides[axis] > kernel[axis])
    }

    /// An axis known only to const evaluation is assumed to be like the known one.
    fn copy_to_unseen(&self, now: &PerAxis<i64>, best: &mut PerAxis<i64>) {
        let Some(changed) = (0..self.rank).find(|axis| best[*axis] != now[*axis]) else { return };
        for axis in 0..self.rank {
            if self.graph.deferred() && self.size(axis).is_none() && now[axis] == now[changed] {
                best[axis] = best[changed];
            }
        }
    }

    /// Sizes usually stay, double or halve, so an edit with that result is likelier than another.
    fn regularity(&self, op: &Op) -> i32 {
        let mut sum = 0;
        for (axis, _) in self.wrong() {
            let whole = |op: &Op| match (self.size(axis), self.rows(op, axis)) {
                (Some(from @ 1..), Some(to @ 1..)) => from % to == 0 || to % from == 0,
                _ => false,
            };
            sum = match (whole(&self.op), whole(op)) {
                (false, true) => -10,
                (true, false) => 8,
                _ => sum,
            };
        }
        sum
    }

    /// A setting that applies to all axes.
    fn word(&self, field: &'static str, setting: Setting, cost: u32, found: &mut Candidates) {
        let mut op = self.op;
        if self.takes(field) && fields::set(&mut op, field, &setting) && op != self.op && self.serves(&op) {
            self.offer(field, setting, cost, 0, found);
        }
    }

    fn offer(&self, field: &'static str, setting: Setting, cost: u32, steps: u64, found: &mut Candidates) {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).min(MOST_STEPS);
        found.push(vec![Edit::Field { node: self.node, field, setting }], cost + self.extra + steps);
    }

    /// A stride with the output padding that makes up for rounding down.
    fn stride_and_output_padding(&self, conv: &Conv, found: &mut Candidates) {
        if !self.takes("output_padding") || conv.output_size.is_some() {
            return;
        }
        let (mut strides, mut paddings) = (conv.stride, conv.output_padding.unwrap_or([0; MAX_SPATIAL]));
        for (axis, range) in self.wrong() {
            let pair = nearest(conv.stride[axis]).filter(|stride| *stride >= 2).find_map(|stride| {
                let op = self.op.with_axis_field(AxisField::Stride, axis, stride);
                let with = |padding| op.with_axis_field(AxisField::OutputPadding, axis, padding);
                // Each row of output padding adds a row.
                let most = self.rows(&with(stride - 1), axis)?;
                let less = most.saturating_sub(range.0).min(stride - 2);
                let padding = (stride - 1).checked_sub(less).filter(|_| less >= 0)?;
                let rows = most - less;
                within(rows, range).then_some((stride, padding))
            });
            let Some((stride, padding)) = pair else { return };
            (strides[axis], paddings[axis]) = (stride, padding);
        }
        let edit = |field, values| Edit::Field { node: self.node, field, setting: Setting::ints(values, conv.rank) };
        let steps = (0..conv.rank).map(|axis| strides[axis].abs_diff(conv.stride[axis])).max().unwrap_or(0);
        let steps = u32::try_from(steps).unwrap_or(u32::MAX).min(100);
        found.push(vec![edit("stride", strides), edit("output_padding", paddings)], 24 + 2 * steps + self.extra);
    }

    /// The kernel and the stride, if they are equal, so that each row still becomes a block of rows.
    fn blocks(&self, conv: &Conv, found: &mut Candidates) {
        let rows = conv.kernel[..conv.rank].iter().zip(&conv.stride);
        if rows.clone().any(|(kernel, stride)| kernel != stride) || rows.clone().any(|(kernel, _)| *kernel < 2) {
            return;
        }
        let all = |rows: i64| std::array::from_fn(|axis| if axis < conv.rank { rows } else { 1 });
        let serves = |rows: &i64| self.serves(&Op::Conv(Conv { kernel: all(*rows), stride: all(*rows), ..*conv }));
        if let Some(rows) = (2..=LARGEST_BLOCK).find(serves) {
            let set = |field| Edit::Field { node: self.node, field, setting: Setting::ints(all(rows), conv.rank) };
            found.push(vec![set("kernel"), set("stride")], 20 + self.extra);
        }
    }

    /// Stride 1, which leaves no room for an output padding.
    fn without_upsampling(&self, conv: &Conv, found: &mut Candidates) {
        let padded = conv.output_padding.is_some_and(|rows| rows[..conv.rank].iter().any(|rows| *rows > 0));
        let plain = Conv { stride: [1; MAX_SPATIAL], output_padding: Some([0; MAX_SPATIAL]), ..*conv };
        if padded && self.takes("output_padding") && self.serves(&Op::Conv(plain)) {
            let set = |field, value| Edit::Field {
                node: self.node,
                field,
                setting: Setting::Ints { values: [value; MAX_SPATIAL], axes: None },
            };
            found.push(vec![set("stride", 1), set("output_padding", 0)], 22 + self.extra);
        }
    }

    /// `padding: [(lo, hi), ..]` if no symmetric padding works.
    fn uneven_padding(&self, cost: u32, found: &mut Candidates) {
        let mut pairs = [(0, 0); MAX_SPATIAL];
        for (axis, pair) in pairs.iter_mut().enumerate().take(self.rank) {
            let Ok(Some(AxisMap::Window(window))) = self.op.axis_map(&self.inputs[0], self.order(), axis) else {
                return;
            };
            *pair = (window.lo, window.hi);
            let (Some((low, high)), Some(rows)) = (self.ranges[axis], self.spread(axis)) else { continue };
            let sides = conv_padding(rows, low, window.kernel, window.stride, window.dilation);
            // With a wider border, a window would see nothing else.
            let reach = window.kernel.saturating_sub(1).saturating_mul(window.dilation);
            let sensible = |lo: i64, hi: i64| low == high && lo >= 0 && lo.max(hi) <= reach;
            let Some(sides) = sides.filter(|sides| sensible(sides.lo, sides.hi)) else { return };
            *pair = (sides.lo, sides.hi);
        }
        let setting = Setting::Pairs { values: pairs, axes: Some(self.rank) };
        // If it is written as pairs, it stays a list of pairs.
        let paired = matches!(self.op, Op::Conv(Conv { padding: Padding::Pairs(_), .. }));
        if paired || pairs[..self.rank].iter().any(|(lo, hi)| lo != hi) {
            self.word("padding", setting, if paired { 14 } else { cost }, found);
        }
    }

    /// The crop of a transposed convolution as pairs, with the surplus at the end. Rows are added only as far as an
    /// output padding could.
    fn uneven_crop(&self, conv: &Conv, found: &mut Candidates) {
        let Ok(scatters) = conv.scatters(&self.inputs[0], self.order()) else { return };
        let mut pairs = [(0, 0); MAX_SPATIAL];
        let mut most = 0;
        for (axis, pair) in pairs.iter_mut().enumerate().take(conv.rank) {
            let (lo, mut hi) = (scatters[axis].lo, scatters[axis].hi);
            if let (Some((low, _)), Some(rows)) = (self.ranges[axis], self.rows(&self.op, axis)) {
                let more = rows.saturating_sub(low);
                if more < 0 && more.saturating_neg() >= conv.stride[axis].max(conv.dilation[axis]) {
                    return;
                }
                hi = hi.saturating_add(more);
                most = most.max(more.unsigned_abs());
            }
            *pair = words::written_crop(conv, axis, lo, hi);
        }
        let setting = Setting::Pairs { values: pairs, axes: Some(conv.rank) };
        let negative = pairs[..conv.rank].iter().any(|(lo, hi)| *lo < 0 || *hi < 0);
        let cost = if negative { 46 } else { 32 };
        self.word("padding", setting, cost + u32::try_from(most / 4).unwrap_or(40).min(40), found);
    }

    /// An integer factor, the size itself, or the size of another value.
    fn upsample(&self, scales: &PerAxis<f64>, found: &mut Candidates) {
        if let Some(factors) = self.whole_factors(scales) {
            let setting = Setting::Floats { values: factors, axes: Some(self.rank) };
            let equal = factors[..self.rank].iter().all(|factor| factor.to_bits() == factors[0].to_bits());
            let setting = if equal { Setting::Floats { values: factors, axes: None } } else { setting };
            self.offer("scale", setting, 20, 0, found);
        }
        let sizes = std::array::from_fn(|axis| self.rows(&self.op, axis).unwrap_or(1));
        if let Some(sizes) = self.exact_sizes(&sizes).filter(|_| self.takes("size")) {
            self.offer("size", Setting::ints(sizes, self.rank), 26, 0, found);
        }
        let before = |value: &usize| *value < self.graph.value(self.node) && self.graph.reference(*value).is_some();
        if let Some(value) = self.like.filter(before).filter(|_| self.takes("like")) {
            // Resizing by a few rows makes up for a lost row; by more it hides another mistake.
            let apart = self
                .wrong()
                .any(|(axis, (low, _))| self.rows(&self.op, axis).is_none_or(|rows| rows.abs_diff(low) > 1));
            found.push(vec![Edit::Like { node: self.node, value }], if apart { 40 } else { 24 } + self.extra);
        }
    }

    fn whole_factors(&self, now: &PerAxis<f64>) -> Option<PerAxis<f64>> {
        let mut factors = *now;
        for (axis, (low, high)) in self.wrong() {
            let rows = self.size(axis).filter(|rows| *rows > 0)?;
            let factor = low.checked_add(rows - 1)? / rows;
            if factor < 1 || factor.checked_mul(rows)? > high {
                return None;
            }
            factors[axis] = f64::from(i32::try_from(factor).ok()?);
        }
        Some(factors)
    }

    /// The sizes, if the wrong ones may only be a single number.
    fn exact_sizes(&self, now: &PerAxis<i64>) -> Option<PerAxis<i64>> {
        let mut sizes = *now;
        for (axis, (low, high)) in self.wrong() {
            if low != high {
                return None;
            }
            sizes[axis] = low;
        }
        Some(sizes)
    }

    /// The amount of a `Crop` or `Pad` that corrects the number of rows, as evenly as before.
    fn amount(&self, amount: &Amount, found: &mut Candidates) {
        let Amount::Pairs { rank, pairs: now } = *amount else { return };
        let adds = matches!(self.op, Op::Pad { .. });
        let mut pairs = now;
        for (axis, (low, high)) in self.wrong() {
            let (Some(rows), true) = (self.rows(&self.op, axis), low == high) else { return };
            let more = if adds { low.saturating_sub(rows) } else { rows.saturating_sub(low) };
            let total = now[axis].0.saturating_add(now[axis].1).saturating_add(more);
            if total < 0 {
                return;
            }
            pairs[axis] = match now[axis] {
                // What is at one side stays there.
                (0, 1..) => (0, total),
                (1.., 0) => (total, 0),
                _ => (total / 2, total - total / 2),
            };
        }
        let axes = rank.unwrap_or(self.rank);
        let even = pairs[..axes].iter().all(|(lo, hi)| lo == hi);
        let setting = if even {
            Setting::ints(pairs.map(|(lo, _)| lo), axes)
        } else {
            Setting::Pairs { values: pairs, axes: Some(axes) }
        };
        self.offer("amount", setting, 12, 0, found);
    }
}

/// Numbers further away than this are equally far.
const MOST_STEPS: u32 = 24;

/// The numbers around one, the nearest first.
fn nearest(now: i64) -> impl Iterator<Item = i64> {
    (1..=STEPS).flat_map(move |step| [now.saturating_sub(step), now.saturating_add(step)])
}

fn within(rows: i64, (low, high): SizeRange) -> bool {
    low <= rows && rows <= high
}
