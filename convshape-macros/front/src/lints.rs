//! Lints: what is legal but surely a mistake. A warning, unless the chain says `lint: allow` or `deny`.

use std::collections::BTreeSet;

use convshape_arith::code;
use convshape_arith::layer::axis_name;
use convshape_arith::op::{Axes, Axis, AxisOrder, Class, Conv, Dialect, Direction, Op, PaddingMode};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use crate::check::Checked;
use crate::diagnose::Report;
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::syntax::Strictness;
use crate::words::Elsewhere;

/// The findings in the order of the statements, each once however often its statement runs.
pub(crate) fn find(graph: &Graph, checked: &Checked) -> Vec<Report> {
    if graph.lint == Strictness::Allow {
        return Vec::new();
    }
    let lints = Lints { graph, checked, fixed: graph.fixed(), images: images(graph, checked) };
    let mut reports = Vec::new();
    let mut told = BTreeSet::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        if !node.lint || !node.recipe.is_layer() {
            continue;
        }
        let found = [
            lints.two_activations(id),
            lints.dropout_before_norm(id),
            lints.norm_of_one(id),
            lints.window_of_border(id),
            lints.bias_before_norm(id),
            lints.channels_or_last(id),
            lints.only_last(id),
            lints.attends_channels(id),
            lints.counts_from_the_sample(id),
            lints.image_turned_round(id),
        ];
        for (lint, report) in found.into_iter().enumerate() {
            let Some(report) = report else { continue };
            if told.insert((node.origin, lint)) {
                let silence = format!("to keep it, write `lint: allow` in `{}`", node.name);
                reports.push(report.note(silence));
            }
        }
    }
    reports.extend(lints.words_without_effect());
    reports
}

struct Lints<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
    /// Which values have no batch.
    fixed: Vec<bool>,
    /// Which values have channels in front of their positions.
    images: Vec<bool>,
}

/// Whether a layer over space gave each value, and nothing has reordered or merged its axes since.
fn images(graph: &Graph, checked: &Checked) -> Vec<bool> {
    let mut images = vec![false; graph.inputs.len()];
    for (node, op) in graph.nodes.iter().zip(&checked.ops) {
        let reads = node.inputs.iter().any(|value| images.get(*value) == Some(&true));
        images.push(match op {
            Some(
                Op::Conv(_)
                | Op::SeparableConv(_)
                | Op::Pool(_)
                | Op::AdaptivePool { .. }
                | Op::Upsample(_)
                | Op::PixelShuffle { .. }
                | Op::PixelUnshuffle { .. },
            ) => graph.order() == AxisOrder::ChannelsFirst,
            Some(op) => reads && (op.keeps_shape() || op.class() == Class::Join),
            None => reads && matches!(node.recipe, Recipe::Same),
        });
    }
    images
}

/// Fewer rows are no image.
const SMALL_IMAGE: i64 = 16;

/// The origin of a value: a node, and whether its activation or the layer itself gives it.
enum Origin {
    Activation(NodeId, Op),
    Layer(NodeId, Op),
}

impl Lints<'_> {
    fn op(&self, node: NodeId) -> Option<Op> {
        self.checked.ops.get(node).copied().flatten()
    }

    fn input_shape(&self, node: NodeId) -> Option<Shape> {
        self.checked.shapes.get(*self.graph.nodes[node].inputs.first()?).copied().flatten()
    }

    /// The last function applied to a value, looking through statements that only make claims.
    fn source(&self, value: ValueId) -> Option<Origin> {
        let id = self.graph.producer(value)?;
        let node = &self.graph.nodes[id];
        if matches!(node.recipe, Recipe::Same) {
            return self.source(*node.inputs.first()?);
        }
        match node.activation {
            Some(op) => Some(Origin::Activation(id, op)),
            None => Some(Origin::Layer(id, self.op(id)?)),
        }
    }

    fn source_of(&self, node: NodeId) -> Option<Origin> {
        self.source(*self.graph.nodes[node].inputs.first()?)
    }

    fn name(&self, node: NodeId) -> &str {
        &self.graph.nodes[node].name
    }

    /// Two such functions in a row: Nikanjam, Ben Braiek, Morovati and Khomh, "Automatic Fault Detection for Deep
    /// Learning Programs Using Graph Transformations" (2021), list it among the faults of network structure.
    fn two_activations(&self, id: NodeId) -> Option<Report> {
        let node = &self.graph.nodes[id];
        let own = self.op(id)?;
        // A layer with an `activation` may be such a function itself.
        let (first, second, field) = if let Some(second) = node.activation.filter(|_| bends(&own)) {
            ((id, own), second, Some("activation"))
        } else if bends(&own) {
            match self.source_of(id)? {
                Origin::Activation(of, op) | Origin::Layer(of, op) => ((of, op), own, None),
            }
        } else {
            return None;
        };
        if !bends(&first.1) || !bends(&second) || !self.graph.nodes[first.0].lint {
            return None;
        }
        let message = match field {
            Some(_) => {
                format!("the activation of `{}` is a second one in a row: the layer is one itself", self.name(id))
            }
            None => {
                format!("`{}` is a second activation in a row: `{}` ends with one", self.name(id), self.name(first.0))
            }
        };
        let report = Report::new(code::TWO_ACTIVATIONS, node.spans.of(field), message);
        Some(report.help("leave one of the two out, or put a layer between them"))
    }

    /// Li, Chen, Hu and Yang, "Understanding the Disharmony between Dropout and Batch Normalization by Variance Shift"
    /// (2019).
    fn dropout_before_norm(&self, id: NodeId) -> Option<Report> {
        let Op::BatchNorm { .. } = self.op(id)? else { return None };
        let Origin::Layer(of, Op::Dropout { p, .. }) = self.source_of(id)? else { return None };
        if p == 0.0 || !self.graph.nodes[of].lint {
            return None;
        }
        let message = format!("`{}` normalises what `{}` has dropped from", self.name(id), self.name(of));
        Some(
            Report::new(code::DROPOUT_BEFORE_NORM, self.graph.nodes[id].spans.op.span(), message)
                .note("dropout changes the variance in training alone, so the running variance is wrong afterwards")
                .help(format!("put `{}` after `{}`", self.name(of), self.name(id))),
        )
    }

    /// `(x - mean) / std` of a single value is 0.
    fn norm_of_one(&self, id: NodeId) -> Option<Report> {
        let input = self.input_shape(id)?;
        let count = |shape: &Shape| match shape.elements() {
            Ok(Size::Number(count)) => Some(count),
            _ => None,
        };
        let (values, what) = match self.op(id)? {
            // All channels of a group at all positions.
            Op::GroupNorm { groups, .. } => (count(&input)?.checked_div(groups)?, "each group"),
            Op::LayerNorm { size: Some(size), .. } => (count(&size)?, "each part"),
            _ => return None,
        };
        (values == 1).then(|| {
            let message = format!("`{}` normalises single values: {what} of {input} has one", self.name(id));
            Report::new(code::NORM_OF_ONE, self.graph.nodes[id].spans.op.span(), message)
                .note("the mean of one value is the value, and their difference is 0 whatever comes in")
                .help("leave the layer out, or normalise over more values")
        })
    }

    /// A window that reads only zeros gives just the bias.
    fn window_of_border(&self, id: NodeId) -> Option<Report> {
        let Op::Conv(conv @ Conv { direction: Direction::Forward, padding_mode: PaddingMode::Zeros, .. }) =
            self.op(id)?
        else {
            return None;
        };
        let (input, order) = (self.input_shape(id)?, self.graph.order());
        let windows = conv.windows(&input, order).ok()?;
        let given = self.checked.shapes.get(self.graph.value(id)).copied().flatten()?;
        for (axis, window) in windows.iter().enumerate().take(conv.rank) {
            let (Size::Number(size), Size::Number(outputs)) =
                (input.size(order.spatial(axis)), given.size(order.spatial(axis)))
            else {
                continue;
            };
            let reads = |output: i64| {
                let first = output.saturating_mul(window.stride).saturating_sub(window.lo);
                // The first tap after the border at the start.
                let step = window.dilation.max(1);
                let tap = first.saturating_neg().max(0).saturating_add(step - 1) / step;
                let row = first.saturating_add(tap.saturating_mul(step));
                // Between the rows of a dilated input there are zeros.
                tap < window.kernel && row <= (size - 1).saturating_mul(window.input_dilation)
            };
            let Some(output) = [0, outputs - 1].into_iter().find(|output| !reads(*output)) else { continue };
            let first = output.saturating_mul(window.stride) - window.lo;
            let last = first.saturating_add((window.kernel - 1).saturating_mul(window.dilation));
            let axis = axis_name(axis, conv.rank);
            let message = format!("`{}` has a window on {axis} that sees only border", self.name(id));
            return Some(
                Report::new(code::WINDOW_OF_BORDER, self.graph.nodes[id].spans.of(Some("padding")), message)
                    .line(format!(
                        "window {output} of {outputs} reads rows {first} to {last}, the input has 0 to {}",
                        size - 1
                    ))
                    .help("pad less than the kernel's extent"),
            );
        }
        None
    }

    /// A batch norm subtracts the mean, and the bias with it. Only `deny` reports this, because published models do it.
    fn bias_before_norm(&self, id: NodeId) -> Option<Report> {
        if self.graph.lint != Strictness::Deny {
            return None;
        }
        let Op::BatchNorm { .. } = self.op(id)? else { return None };
        let Origin::Layer(of, Op::Conv(Conv { bias: true, .. }) | Op::Linear { bias: true, .. }) =
            self.source_of(id)?
        else {
            return None;
        };
        if !self.graph.nodes[of].lint {
            return None;
        }
        let message = format!("`{}` has a bias that `{}` removes", self.name(of), self.name(id));
        Some(
            Report::new(code::BIAS_BEFORE_NORM, self.graph.nodes[of].spans.of(Some("bias")), message)
                .note("a batch norm subtracts the mean of each channel, and the bias with it")
                .edit(format!("in `{}`, set `bias: false`", self.name(of))),
        )
    }

    /// One warning for all arguments of keras and flax that say how to train, which have no effect here.
    fn words_without_effect(&self) -> Option<Report> {
        let nodes = self.graph.nodes.iter().filter(|node| node.lint);
        let mut words = nodes.filter_map(|node| node.writing.without_effect.as_ref());
        let (word, elsewhere) = words.next()?;
        let reason = match elsewhere {
            Elsewhere::Init => "`init` draws weights as the framework does by default; those of a file are not drawn",
            Elsewhere::Training => "a penalty on weights is the optimiser's: `Adam::new(1e-3).weight_decay(1e-4)`",
            Elsewhere::Input => "the chain begins with its `input`",
        };
        let report = Report::new(code::NO_EFFECT, word.span(), format!("`{word}` has no effect here")).note(reason);
        let start = word.span().start().line;
        let mut lines: Vec<usize> =
            words.map(|(word, _)| word.span().start().line).filter(|line| *line != start).collect();
        lines.dedup();
        let listed: Vec<String> = lines.iter().take(6).map(ToString::to_string).collect();
        Some(match lines.as_slice() {
            [] => report,
            [line] => report.note(format!("line {line} has such a word too")),
            _ => report.note(format!("lines {} have such words too", listed.join(", "))),
        })
    }

    /// A value with one axis that fits the channels and the last axis. NumPy's rule, which PyTorch follows, aligns the
    /// last axes: <https://numpy.org/doc/stable/user/basics.broadcasting.html>.
    fn channels_or_last(&self, id: NodeId) -> Option<Report> {
        let (Op::Add | Op::Mul | Op::Sub | Op::Div | Op::Maximum | Op::Minimum) = self.op(id)? else { return None };
        let (node, order) = (&self.graph.nodes[id], self.graph.order());
        let output = self.checked.shape(self.graph.value(id))?;
        let last = output.rank().checked_sub(1).filter(|last| *last != order.channel(output.rank()))?;
        let Size::Number(size @ 2..) = output.size(last) else { return None };
        let number = Size::Number(size);
        if !output.size(order.channel(output.rank())).same(number) {
            return None;
        }
        let fits_both = |shape: &Shape| shape.rank() == 1 && shape.size(0).same(number);
        let value =
            node.inputs.iter().copied().find(|value| self.checked.shape(*value).as_ref().is_some_and(fits_both))?;
        let name = self.graph.value_name(value);
        let ones = |count: usize| ", 1".repeat(count);
        let last = named(Axis::At(-1), output.rank(), order);
        let message = format!("`{name}` in `{}` has the size of the channels and of the {last}, {size}", self.name(id));
        Some(
            Report::new(code::CHANNELS_OR_LAST, node.spans.op.span(), message)
                .note(format!("it goes over the channels of {output}; PyTorch would take the last axis"))
                .help(format!(
                    "give `{name}` the shape `[{size}{}]` for the channels, or `[1, {size}]` for the {last}",
                    ones(output.rank() - 1)
                )),
        )
    }

    /// An image whose channels are at the other end of its shape: `[3, 224, 224]` in keras, whose convolution takes any
    /// number of channels.
    fn image_turned_round(&self, id: NodeId) -> Option<Report> {
        let Op::Conv(conv @ Conv { inputs: None, rank: 2, .. }) = self.graph.given(id)? else { return None };
        let (node, order) = (&self.graph.nodes[id], self.graph.order());
        let input = node.inputs.first().and_then(|value| self.graph.inputs.get(*value))?;
        let sizes: Vec<i64> = input.shape.sizes().iter().map(|size| size.number()).collect::<Option<_>>()?;
        let [first, middle, last] = sizes[..] else { return None };
        let (other, [height, width], turned) = match order {
            AxisOrder::ChannelsLast => (first, [middle, last], [middle, last, first]),
            AxisOrder::ChannelsFirst => (last, [first, middle], [last, first, middle]),
        };
        // Few rows may be meant, if no window covers several of them.
        let thin = if order == AxisOrder::ChannelsLast { 0 } else { 1 };
        let like_an_image = height.min(width) >= SMALL_IMAGE && height.max(width) <= 2 * height.min(width);
        if !matches!(other, 1 | 3) || !like_an_image || conv.kernel[thin] == 1 {
            return None;
        }
        let (channels, there) = match order {
            AxisOrder::ChannelsLast => (last, "last"),
            AxisOrder::ChannelsFirst => (first, "first"),
        };
        let message = format!("`{}` takes {} as {channels} channels", node.name, input.shape);
        let turned = Shape::new(&turned.map(Size::Number), input.shape.scope());
        Some(
            Report::new(code::TURNED_IMAGE, node.spans.op.span(), message)
                .note(format!("channels come {there} in {}", node.writing.dialect.name()))
                .help(format!("an image with {other} channels is `{turned}` here")),
        )
    }

    fn reads_image(&self, id: NodeId) -> bool {
        self.graph.nodes[id].inputs.iter().any(|value| self.images.get(*value) == Some(&true))
    }

    /// A value with one axis that fits only the last axis of an image: a bias or gate for the channels of another layer.
    fn only_last(&self, id: NodeId) -> Option<Report> {
        let (Op::Add | Op::Mul | Op::Sub | Op::Div | Op::Maximum | Op::Minimum) = self.op(id)? else { return None };
        let (node, order) = (&self.graph.nodes[id], self.graph.order());
        let output = self.checked.shape(self.graph.value(id))?;
        let last = output.rank().checked_sub(1)?;
        let (Size::Number(size @ 2..), channels) = (output.size(last), output.size(order.channel(output.rank())))
        else {
            return None;
        };
        let fits_last = |value: &ValueId| {
            self.checked.shape(*value).is_some_and(|shape| shape.rank() == 1 && shape.size(0).same(Size::Number(size)))
        };
        let value = node.inputs.iter().copied().find(fits_last)?;
        if channels.same(Size::Number(size)) || !self.reads_image(id) {
            return None;
        }
        let (name, axis) = (self.graph.value_name(value), named(Axis::At(-1), output.rank(), order));
        let message =
            format!("`{name}` in `{}` has the size of the {axis}, {size}, not of the channels", self.name(id));
        Some(
            Report::new(code::ONLY_LAST, node.spans.op.span(), message)
                .note(format!("it goes over the {axis} of {output}, as in PyTorch, which aligns the last axes"))
                .help(format!(
                    "give `{name}` the shape `[1, {size}]` if the {axis} is meant, or as many values as channels"
                )),
        )
    }

    /// `[channels, positions]`, read as `[tokens, features]`. In PyTorch's `scaled_dot_product_attention` the features
    /// are the last axis: <https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html>.
    fn attends_channels(&self, id: NodeId) -> Option<Report> {
        let (Op::Attention(_) | Op::MultiHead(_)) = self.op(id)? else { return None };
        let node = &self.graph.nodes[id];
        let input = self.input_shape(id)?;
        if !self.reads_image(id) {
            return None;
        }
        let axis = |back: i64| named(Axis::At(-back), input.rank(), self.graph.order());
        let (tokens, features) = (axis(2), axis(1));
        let message =
            format!("`{}` takes the {tokens} of {input} as tokens, the {features} as features", self.name(id));
        let before = if input.rank() == 2 { "`Permute(1, 0);`" } else { "`Flatten(from: 1);` and `Permute(1, 0);`" };
        Some(
            Report::new(code::ATTENDS_CHANNELS, node.spans.op.span(), message)
                .help(format!("positions become tokens with {before} before it")),
        )
    }

    /// An `axis` in the words of a framework that counts the batch as axis 0, or PyTorch's `dim` of a value that has no
    /// batch there.
    fn counts_from_the_sample(&self, id: NodeId) -> Option<Report> {
        let node = &self.graph.nodes[id];
        let framework = match node.writing.dialect {
            Dialect::Torch => "PyTorch",
            Dialect::Onnx => "ONNX",
            Dialect::Jax => "JAX",
            Dialect::Flax => "Flax",
            Dialect::Keras => "Keras",
        };
        let (field, word) = node.writing.words.iter().find(|(field, _)| matches!(*field, "axis" | "axes"))?;
        let fixed = node.inputs.iter().all(|value| self.fixed[*value]);
        let counts_the_batch = node.writing.dialect != Dialect::Torch;
        if fixed == counts_the_batch || (fixed && word != "dim") {
            return None;
        }
        let input = self.input_shape(id)?.rank();
        let (axes, rank) = match self.op(id)? {
            // The new axis is one of the output's.
            Op::Stack { axis } => (vec![axis], input + 1),
            Op::Concat { axis }
            | Op::Slice { axis, .. }
            | Op::Split { axis, .. }
            | Op::Softmax { axis, .. }
            | Op::Glu { axis }
            | Op::Unflatten { axis, .. }
            | Op::Pad { axis: Some(axis), .. } => (vec![axis], input),
            Op::Reduce { axes: Some(axes), .. } | Op::LpNorm { axes, .. } => (axes.as_slice().to_vec(), input),
            _ => return None,
        };
        let numbers = axes.iter().map(|axis| match axis {
            Axis::At(number) => Some(*number),
            Axis::Channels | Axis::Depth | Axis::Height | Axis::Width | Axis::Length => None,
        });
        // `dim` is stored without the batch, which PyTorch counts only where there is one.
        let least = if fixed { 0 } else { 1 };
        let numbers =
            numbers.collect::<Option<Vec<i64>>>().filter(|numbers| numbers.iter().any(|number| *number >= least))?;
        let order = self.graph.order();
        let reading = |less: i64| -> (String, Setting) {
            let at = |number: &i64| Axis::At(if *number < 0 { *number } else { number - less });
            let from_end = |number: &i64| match at(number) {
                Axis::At(at) if at >= 0 => Axis::At(at - i64::try_from(rank).unwrap_or(i64::MAX)),
                counted => counted,
            };
            let names: Vec<String> = numbers.iter().map(|number| named(at(number), rank, order)).collect();
            let axes: Vec<Axis> = numbers.iter().map(from_end).collect();
            (names.join(" and the "), Setting::Axes(Axes::of(&axes).unwrap_or(Axes::NONE)))
        };
        let given: Vec<Axis> = numbers.iter().copied().map(Axis::At).collect();
        let given = Setting::Axes(Axes::of(&given)?);
        if fixed {
            let more: Vec<Axis> = numbers.iter().map(|number| Axis::At(number + i64::from(*number >= 0))).collect();
            let theirs = Setting::Axes(Axes::of(&more)?);
            let value = self.graph.value_name(*node.inputs.first()?);
            let message = format!("`dim` in `{}` counts the batch as 0, which `{value}` does not have", node.name);
            return Some(
                Report::new(code::COUNTED_AXIS, node.spans.of(Some(field)), message)
                    .note(format!("`dim: {theirs}` is `axis: {given}` here; PyTorch would take `axis: {theirs}`"))
                    .help(format!("write `axis: {given}` or `axis: {theirs}`")),
            );
        }
        let (ours, this) = reading(0);
        let message = format!("`{word}: {given}` in `{}` is the {ours}: axes are counted without the batch", node.name);
        let report = Report::new(code::COUNTED_AXIS, node.spans.of(Some(field)), message);
        // No layer mixes samples.
        if numbers.contains(&0) {
            return Some(
                report
                    .note(format!("{framework} counts the batch as axis 0"))
                    .help(format!("write `{word}: {this}` for the {ours}")),
            );
        }
        let (theirs, other) = reading(1);
        Some(
            report
                .note(format!("{framework} counts the batch as axis 0: there it is the {theirs}"))
                .help(format!("write `{word}: {this}` for the {ours}, or `{word}: {other}` for the {theirs}")),
        )
    }
}

/// What messages call an axis: by its name, if it has one.
fn named(axis: Axis, rank: usize, order: AxisOrder) -> String {
    let place = axis.index(rank, order);
    let named = Axis::NAMED.into_iter().find(|named| named.index(rank, order) == place && place.is_some());
    match (named.and_then(Axis::name), place) {
        (Some(name), _) => name.to_owned(),
        (None, Some(place)) => format!("axis {place}"),
        (None, None) => "missing axis".to_owned(),
    }
}

/// Whether it is a non-linearity that separates the layers of a network. Two in a row are a mistake. Bounds,
/// exponentials and softmax limit a value's range and often follow another activation.
fn bends(op: &Op) -> bool {
    match op {
        Op::Activation(activation) => activation.bends(),
        Op::Prelu { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    /// The warnings and errors of a chain's statements.
    fn findings(headers: &str, input: &str, body: &str) -> Vec<String> {
        let chain = format!("struct Net {{ {headers} input: {input}; {body} }}");
        let tokens = chain.parse().expect("tokens");
        crate::findings(tokens).into_iter().map(|found| format!("{} {}", found.code, found.message)).collect()
    }

    #[test]
    fn what_is_surely_not_meant_is_told() {
        let cases = [
            (
                "c: Conv2d(1 -> 4, kernel: 3, activation: Relu); Sigmoid; output: [4, 6, 6];",
                "CS0801 `sigmoid1` is a second activation in a row: `c` ends with one",
            ),
            (
                "Dropout(0.5); n: BatchNorm; output: [1, 8, 8];",
                "CS0802 `n` normalises what `dropout1` has dropped from",
            ),
            (
                "GlobalAvgPool; n: GroupNorm(groups: 1); output: [1];",
                "CS0803 `n` normalises single values: each group of [1] has one",
            ),
            (
                "c: Conv2d(1 -> 4, kernel: 3, padding: 3); output: [4, 12, 12];",
                "CS0804 `c` has a window on height that sees only border",
            ),
        ];
        for (body, expected) in cases {
            let found = findings("", "[1, 8, 8]", body);
            assert_eq!(found, [expected], "{body}");
            assert_eq!(findings("lint: deny;", "[1, 8, 8]", body), [expected], "{body}");
            assert!(findings("lint: allow;", "[1, 8, 8]", body).is_empty(), "{body}");
        }
    }

    #[test]
    fn an_operand_that_fits_two_axes_is_told() {
        let warning = "CS0806 `gate` in `add1` has the size of the channels and of the width, 8";
        let body = |shape: &str| format!("c: Identity; gate: Parameter({shape}); Add(c, gate); output: [8, 6, 8];");
        assert_eq!(findings("", "[8, 6, 8]", &body("[8]")), [warning]);
        for clear in ["[8, 1, 1]", "[1, 8]", "[1]", "[6, 8]"] {
            assert!(findings("", "[8, 6, 8]", &body(clear)).is_empty(), "{clear}");
        }
        assert!(findings("dialect: keras;", "[8, 6, 8]", &body("[8]")).is_empty());
        assert!(findings("", "[8, 6, 7]", &body("[8]").replace("[8, 6, 8]", "[8, 6, 7]")).is_empty());
    }

    #[test]
    fn an_operand_that_fits_only_the_width_is_told() {
        let told = |input: &str, layer: &str, shape: &str| {
            let body = format!("{layer}; gate: Parameter({shape}); Add(_, gate); output: {input};");
            findings("", input, &body)
        };
        let warning = "CS0811 `gate` in `add1` has the size of the width, 8, not of the channels";
        assert_eq!(told("[4, 6, 8]", "Conv2d(4 -> 4, kernel: 1); Relu", "[8]"), [warning]);
        assert!(told("[4, 6, 8]", "Conv2d(4 -> 4, kernel: 1); Relu", "[1, 8]").is_empty());
        assert!(told("[4, 6, 8]", "Conv2d(4 -> 4, kernel: 1); Relu", "[4]").is_empty());
        // Tokens with features, whatever is in front.
        assert!(told("[4, 6, 8]", "Linear(8 -> 8)", "[8]").is_empty());
        assert!(told("[4, 6, 8]", "Relu", "[8]").is_empty());
    }

    #[test]
    fn an_attention_over_channels_is_told() {
        let told = |input: &str, body: &str| findings("", input, body);
        let image = "c: Conv2d(8 -> 8, kernel: 1); Silu; a: Attention(_, _, _, heads: 2); output: [8, 6, 4];";
        assert_eq!(
            told("[8, 6, 4]", image),
            ["CS0810 `a` takes the height of [8, 6, 4] as tokens, the width as features"]
        );
        let sound = "c: Conv1d(8 -> 8, kernel: 1); a: MultiHeadAttention(heads: 2); output: [8, 6];";
        assert_eq!(
            told("[8, 6]", sound),
            ["CS0810 `a` takes the channels of [8, 6] as tokens, the length as features"]
        );
        let tokens = "Conv2d(8 -> 8, kernel: 1); Flatten(from: 1); Permute(1, 0); Attention(_, _, _, heads: 2); output: [24, 8];";
        assert!(told("[8, 6, 4]", tokens).is_empty());
        // The channels as tokens, written so.
        let channels = "Conv2d(8 -> 8, kernel: 1); Flatten(from: 1); Attention(_, _, _, heads: 2); output: [8, 24];";
        assert!(told("[8, 6, 4]", channels).is_empty());
        assert!(told("[8, 6, 4]", "Attention(_, _, _, heads: 2); output: [8, 6, 4];").is_empty());
        // Each value is looked at once.
        let sums: String = (0..60).map(|at| format!("s{at}: Scale(0.5); t{at}: Tanh; Add(s{at}, t{at});")).collect();
        assert!(told("[8, 4]", &format!("{sums} Attention(_, _, _, heads: 2); output: [8, 4];")).is_empty());
    }

    #[test]
    fn an_image_turned_round_is_told() {
        let told = |dialect: &str, input: &str, layer: &str| {
            let found = findings(&format!("dialect: {dialect};"), input, &format!("c: {layer}; output: [_, _, _];"));
            found.into_iter().find(|found| found.starts_with("CS08"))
        };
        let warning = Some("CS0812 `c` takes [3, 224, 224] as 224 channels".to_owned());
        assert_eq!(told("keras", "[3, 224, 224]", "Conv2D(16, kernel_size: 3)"), warning);
        assert_eq!(told("flax", "[3, 224, 224]", "Conv(features: 16, kernel_size: (3, 3))"), warning);
        assert_eq!(
            told("torch", "[96, 128, 3]", "Conv2d(16, kernel: 3)"),
            Some("CS0812 `c` takes [96, 128, 3] as 96 channels".to_owned())
        );
        for (input, layer) in [
            ("[224, 224, 3]", "Conv2D(16, kernel_size: 3)"),
            // Three rows, which no window mixes.
            ("[3, 224, 224]", "Conv2D(16, kernel_size: (1, 3))"),
            // The channels are written.
            ("[3, 224, 224]", "Conv2d(224 -> 16, kernel: 3)"),
            // Three rows of a long signal, a small map, three frames with few features.
            ("[3, 500, 64]", "Conv2D(16, kernel_size: 3)"),
            ("[3, 8, 8]", "Conv2D(16, kernel_size: 3)"),
            ("[8, 224, 224]", "Conv2D(16, kernel_size: 3)"),
        ] {
            assert_eq!(told("keras", input, layer), None, "{input} {layer}");
        }
    }

    #[test]
    fn an_axis_in_a_frameworks_word_is_told() {
        let cases = [
            ("keras", "Softmax(axis: 1)", "`axis: 1` in `softmax1` is the width: axes are counted without the batch"),
            (
                "flax",
                "Concat(a, a, axis: 2)",
                "`axis: 2` in `concat1` is the channels: axes are counted without the batch",
            ),
            (
                "onnx",
                "ReduceMean(axes: 1, keepdims: 1)",
                "`axes: 1` in `mean1` is the height: axes are counted without the batch",
            ),
        ];
        for (dialect, layer, expected) in cases {
            let chain = |layer: &str| format!("a: Identity; {layer}; output: [_, _, _];");
            let found = |layer: &str| -> Vec<String> {
                let found = findings(&format!("dialect: {dialect};"), "[6, 4, 2]", &chain(layer));
                found.into_iter().filter(|found| found.starts_with("CS0807")).collect()
            };
            assert_eq!(found(layer), [format!("CS0807 {expected}")]);
            assert!(
                found(
                    &layer
                        .replace("s: 1", "s: -2")
                        .replace("axis: 1", "axis: -2")
                        .replace("(0, 1)", "(-3, -2)")
                        .replace(": 2", ": -1")
                )
                .is_empty(),
                "{layer}"
            );
        }
        assert!(findings("", "[6, 4, 2]", "Softmax(axis: 1); output: [6, 4, 2];").is_empty());
        assert!(findings("", "[6, 4, 2]", "Softmax(dim: 1); output: [6, 4, 2];").is_empty());
    }

    #[test]
    fn the_axes_of_a_parameter_count_from_0_in_every_framework() {
        let body =
            |axes: &str| format!("g: Parameter([4, 1, 3]); Mean({axes}) from g; Add(input, _); output: [1, 8, 8];");
        let found = |dialect: &str, axes: &str| findings(dialect, "[1, 8, 8]", &body(axes));
        assert!(found("dialect: jax;", "axis: (0, 1, 2)").is_empty());
        assert!(found("", "axis: (0, 1, 2)").is_empty());
        assert!(found("", "dim: (-1, -2, -3)").is_empty());
        let warning = "CS0807 `dim` in `mean1` counts the batch as 0, which `g` does not have";
        assert_eq!(found("", "dim: (1, 2, 3)"), [warning]);
    }

    #[test]
    fn either_of_two_layers_allows_a_lint() {
        let bodies = [
            "c: Conv2d(1, kernel: 1, lint: allow); BatchNorm; output: [1, 8, 8];",
            "c: Conv2d(1, kernel: 1); BatchNorm(lint: allow); output: [1, 8, 8];",
            "Dropout(lint: allow); BatchNorm; output: [1, 8, 8];",
            "Relu(lint: allow); Tanh; output: [1, 8, 8];",
        ];
        for body in bodies {
            assert!(findings("lint: deny;", "[1, 8, 8]", body).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_layer_can_be_left_out() {
        let body = "c: Conv2d(1 -> 4, kernel: 3, padding: 3, lint: allow); output: [4, 12, 12];";
        assert!(findings("", "[1, 8, 8]", body).is_empty());
    }

    #[test]
    fn a_repeat_is_told_once() {
        let body = "repeat 3 { c: Conv2d(4, kernel: 3, padding: 1, activation: Relu); Tanh; } output: [4, 8, 8];";
        assert_eq!(findings("", "[4, 8, 8]", body).len(), 1);
    }

    #[test]
    fn a_bias_before_a_norm_is_told_where_lints_are_denied() {
        let body = "c: Conv2d(1 -> 4, kernel: 3); BatchNorm; Relu; output: [4, 6, 6];";
        assert!(findings("", "[1, 8, 8]", body).is_empty());
        assert_eq!(findings("lint: deny;", "[1, 8, 8]", body), ["CS0805 `c` has a bias that `batch_norm1` removes"]);
    }

    /// What published models do: VGG's bias before a norm, DeepLab's dilated branches, DenseNet's order, the gates of
    /// squeeze-and-excitation, dropout before a linear layer.
    #[test]
    fn published_models_are_silent() {
        let bodies = [
            "Conv2d(4, kernel: 3, padding: 1); BatchNorm; Relu; MaxPool2d(2); output: [4, 16, 16];",
            "a: Conv2d(4, kernel: 3, padding: 18, dilation: 18, bias: false); BatchNorm; Relu; output: [4, 32, 32];",
            "BatchNorm; Relu; Conv2d(4, kernel: 3, padding: 1, bias: false); Dropout(0.2); j: Concat(input, _); \
             BatchNorm; Relu; output: [8, 32, 32];",
            "GlobalAvgPool; Linear(4 -> 2, activation: Relu); Linear(2 -> 4, activation: Sigmoid); Reshape([4, 1, 1]); \
             Mul(input); output: [4, 32, 32];",
            "Flatten; Dropout(0.5); Linear(8, activation: Relu); Dropout(0.5); Linear(2); Softmax; output: [2];",
            "Conv2d(4, kernel: 7, padding: 3); Relu; Clamp(min: 0.0, max: 1.0); output: [4, 32, 32];",
        ];
        for body in bodies {
            assert_eq!(findings("", "[4, 32, 32]", body), [""; 0], "{body}");
        }
    }
}
