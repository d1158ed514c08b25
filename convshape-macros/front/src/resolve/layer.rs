//! One layer: its row in the table of words, its recipe, its activation.

use convshape_arith::op::{Activation, Cell, Dialect, Op, Recurrent, RecurrentOutput, WeightFrom};
use convshape_arith::solve::AxisField;
use proc_macro2::Ident;
use syn::ext::IdentExt;

use super::Resolver;
use super::arguments::Builder;
use super::scope::Scope;
use crate::diagnose::{self, Report};
use crate::fields::{self, Setting};
use crate::graph::{Hole, Misfit, Node, NodeId, Recipe, Spans, ValueId, Writing};
use crate::numbers::{Bound, BoundActivation, Numbers};
use crate::syntax::{Args, Layer, Reference, Source, Stmt, Text, Value};
use crate::unseen::visible;
use crate::value::written_dialect;
use crate::words::{self, Kind, LayerName, LayerWords, Lookup};

/// The most outputs of a `Split` that can be named.
const MOST_PIECES: i64 = 4096;

/// A layer's row of words, its dialect and its number of spatial axes.
type FoundWord = (LayerName, Dialect, Option<usize>);

impl<'a> Resolver<'a> {
    pub(super) fn layer(&mut self, stmt: &'a Stmt, layer: &'a Layer, scope: &mut Scope<'a>) -> NodeId {
        if let Some(Bound::Activation(bound)) = scope.numbers.get(&layer.op.to_string()) {
            let bound = bound.clone();
            return self.bound_layer(stmt, layer, &bound, scope);
        }
        // An unknown word may be a block's.
        if let Some(span) = stmt.attrs.transparent
            && words::is_layer(&layer.op.to_string())
        {
            self.sink.push(diagnose::transparent_layer(&layer.op, span));
        }
        if let Some(word) = self.word(stmt, layer, scope) {
            return self.layer_of(word, stmt, layer, scope);
        }
        let Some((word, meant)) = self.misspelt(layer, scope) else {
            return self.broken(stmt, layer.op.span(), scope);
        };
        // What follows is checked as if the name were right.
        let muted = self.sink.mute(true);
        let id = self.layer_of(word, stmt, layer, scope);
        self.sink.mute(muted);
        let node = &mut self.graph.nodes[id];
        (node.spans.op, node.writing.rewritten) = (Ident::new(&meant, layer.op.span()), true);
        node.writing.misspelt = Some((layer.op.clone(), meant));
        id
    }

    /// The layer that a misspelt word must mean, and its right spelling.
    fn misspelt(&mut self, layer: &'a Layer, scope: &Scope<'a>) -> Option<(FoundWord, String)> {
        let text = layer.op.to_string();
        let meant = self.of_rank(self.unknown_layers.get(&text)?.clone()?, layer, scope);
        let dialect = written_dialect(&layer.args).unwrap_or(self.graph.dialect);
        let found = words::misspelt_layer(&text, &meant, dialect)?;
        let rank = self.rank(found, layer, dialect, scope).ok()?;
        Some(((found, dialect, rank), meant))
    }

    /// A layer whose word is known.
    fn layer_of(&mut self, word: FoundWord, stmt: &'a Stmt, layer: &'a Layer, scope: &mut Scope<'a>) -> NodeId {
        let (found, dialect, rank) = word;
        let words = found.words;
        let name = match &stmt.label {
            Some(label) => label.unraw().to_string(),
            None => scope.next_name(words.snake),
        };
        let spans = Spans { label: stmt.label.clone(), op: layer.op.clone(), positional: None, fields: Vec::new() };
        let mut read = Builder::new(words, rank, dialect, spans);
        read.read(&layer.args, &scope.numbers);
        let mut unseen = read.settings.iter().any(|(_, setting)| setting.unseen());
        let complete = read.reports.is_empty();
        read.reports.drain(..).for_each(|report| self.sink.push(report));
        let mut inputs = self.inputs(layer, words, read.operands, read.like.as_ref(), scope);
        let function = read.activation.and_then(|value| self.activation(value, dialect, &scope.numbers));
        let function = function.map(|bound| bound.op);
        let mut recipe = if complete { self.recipe(&mut read, function, layer, scope) } else { Recipe::Broken };
        let activation = self.activation_after(function, &layer.op, words.kind, dialect, &read.spans);
        let is_tied = read.settings.iter().any(|one| matches!(one, ("tied", Setting::Bool(true))));
        let mut tied = is_tied.then(|| self.tied(&recipe, read.undo.as_ref(), &name, &read.spans)).flatten();
        if let (true, Some([_, _])) = (words.kind.reads_weight(), inputs.as_deref()) {
            self.reads_weight(&mut recipe, tied.take(), &name, &read.spans);
        }
        let (mut comment, restores) = self.claims(layer, scope);
        let mut shapes = read.settings.iter().filter(|(field, _)| *field == "shape");
        if words.kind == Kind::Input
            && let (Some((_, Setting::Shape(shape))), None) = (shapes.next(), shapes.next())
        {
            comment = Some((*shape, read.spans.of(Some("shape"))));
        }
        let writing = writing(&mut read, layer, &name, scope);
        let misfit = rank
            .filter(|_| !read.misfits.is_empty())
            .map(|rank| self.misfit(&layer.op, &writing, &read.spans, &read.misfits, rank, inputs.as_deref()));
        let file_name = self.file_name_of(stmt, read.file_name.take(), &name, scope);
        let recipe = if inputs.is_some() { recipe } else { Recipe::Broken };
        if let (Recipe::Unpool { of }, Some(inputs)) = (&recipe, &mut inputs) {
            // Where that layer found its maxima.
            inputs.push(self.graph.nodes[*of].inputs[0]);
        }
        let outputs = self.outputs_of(&recipe, layer, &read.settings, scope);
        if let Recipe::Given(Op::Custom { shape, .. }) = &recipe {
            unseen = !shape.is_known() || visible(shape) != *shape;
        }
        let node = Node {
            name: format!("{}{name}", scope.path),
            file_name,
            op_name: words.name(rank),
            docs: stmt.attrs.docs.clone(),
            recipe,
            holes: read.holes,
            inputs: inputs.unwrap_or_else(|| vec![scope.previous]),
            activation,
            outputs,
            comment,
            restores,
            spans: read.spans,
            named_axes: named_axes(&found).or(read.last_axis.map(|axis| (axis - 1, axis))),
            unseen,
            origin: std::ptr::from_ref(stmt).addr(),
            lint: read.lint,
            read: false,
            tied,
            first_run: None,
            writing,
            inserted: None,
        };
        let id = self.push(node, scope);
        match misfit {
            Some((report, true)) => self.sink.guess(id, report),
            Some((report, false)) => {
                self.sink.push(report);
                self.graph.nodes[id].recipe = Recipe::Broken;
            }
            None => {}
        }
        self.first_of_run(id, scope);
        id
    }

    /// What a layer does, by its arguments.
    fn recipe(&mut self, read: &mut Builder<'a>, function: Option<Op>, layer: &'a Layer, scope: &Scope<'a>) -> Recipe {
        let (words, rank) = (read.words, read.rank);
        match (&read.undo, read.path.take()) {
            (_, Some(path)) if words.kind == Kind::Custom => self.custom(path, layer, scope),
            (_, Some(path)) => Recipe::Chain { path },
            (Some(name), None) => self.undo(name, words, rank, read.settings.clone(), scope),
            // keras: the function is itself the layer.
            (None, None) if words.kind == Kind::Activation => function.map_or(Recipe::Broken, Recipe::Given),
            (None, None) => self.given(words, rank, read.dialect, &read.settings, &read.holes, &read.spans),
        }
    }

    /// The function applied to a layer's result. That of keras' recurrent layers is part of the step, and that of its
    /// `Activation` is the layer itself.
    fn activation_after(
        &mut self,
        function: Option<Op>,
        op: &Ident,
        kind: Kind,
        dialect: Dialect,
        spans: &Spans,
    ) -> Option<Op> {
        let of_step = kind.is_recurrent() && dialect == Dialect::Keras;
        if of_step && function.is_some_and(|op| op != Op::Activation(Activation::Tanh)) {
            self.sink.push(diagnose::activation_of_a_step(op, spans.of(Some("activation"))));
        }
        function.filter(|op| !of_step && kind != Kind::Activation && *op != Op::Identity)
    }

    /// A convolution that reads its weight from its second input, and so cannot share another layer's.
    fn reads_weight(&mut self, recipe: &mut Recipe, tied: Option<NodeId>, name: &str, spans: &Spans) {
        if tied.is_some() {
            self.sink.push(diagnose::tied_and_given(name, spans.of(Some("tied"))));
            *recipe = Recipe::Broken;
        }
        if let Recipe::Given(Op::Conv(conv)) = recipe {
            conv.weight = WeightFrom::Input;
        }
    }

    /// The report on fields with values for the wrong number of axes, and whether the layer's name is right and the
    /// fields are wrong. If the input has as many axes as the fields have values, it is the name.
    fn misfit(
        &self,
        op: &Ident,
        writing: &Writing,
        spans: &Spans,
        misfits: &[Misfit],
        rank: usize,
        inputs: Option<&[ValueId]>,
    ) -> (Report, bool) {
        let axes = self.axes_of_input(inputs);
        let meant = axes.filter(|axes| misfits.iter().all(|misfit| misfit.written == *axes));
        (diagnose::field_ranks(op, writing, spans, misfits, rank, meant), meant.is_none())
    }

    /// What the layer's word says; `None` if it cannot be read, which is reported.
    fn word(&mut self, stmt: &'a Stmt, layer: &'a Layer, scope: &Scope<'a>) -> Option<FoundWord> {
        let dialect = self.dialect_of(&layer.args, self.graph.dialect)?;
        let found = self.find_layer(stmt, layer, dialect, scope)?;
        let words = found.words;
        let rank = match self.rank(found, layer, dialect, scope) {
            Ok(rank) => rank,
            Err(report) => {
                self.sink.push(report);
                return None;
            }
        };
        if words.kind == Kind::MaxUnpool && !matches!(layer.args.positional.as_slice(), [Value::Undo { .. }]) {
            let pool = self.last_max_pool(rank);
            let report = diagnose::unpools_nothing(stmt.label.as_ref(), &layer.op, layer.from.as_ref(), pool);
            self.sink.push(report);
            return None;
        }
        Some((found, dialect, rank))
    }

    /// The number of spatial axes of a layer's first input, if that is an input of the chain.
    fn axes_of_input(&self, inputs: Option<&[ValueId]>) -> Option<usize> {
        self.graph.inputs.get(*inputs?.first()?)?.shape.rank().checked_sub(1)
    }

    /// The layer's name in files: keras' `name`, the statement's attribute, or the statement's own name.
    fn file_name_of(&mut self, stmt: &Stmt, given: Option<Text>, name: &str, scope: &Scope<'a>) -> String {
        if let Some(given) = given.filter(|_| stmt.attrs.file_name.is_none()) {
            return format!("{}{}", scope.file_root, given.value());
        }
        scope.file_name(stmt, name).unwrap_or_else(|report| {
            // The same for every pass of a repeat.
            if scope.turn.is_none_or(|turn| turn == 0) {
                self.sink.push(report);
            }
            format!("{}{}{name}", scope.file_root, scope.file_path)
        })
    }

    /// The named outputs of a layer that has several.
    fn outputs_of(
        &self,
        recipe: &Recipe,
        layer: &Layer,
        settings: &[(&'static str, Setting)],
        scope: &Scope<'a>,
    ) -> Vec<(String, Op)> {
        match recipe {
            Recipe::Given(Op::Recurrent(recurrent)) => outputs_of_run(recurrent, settings),
            Recipe::Given(Op::Custom { layer: custom, .. }) => self.outputs_of_custom(*custom, &layer.ports, scope),
            Recipe::Given(op) => pieces(op, settings),
            _ => Vec::new(),
        }
    }

    /// The output of a recurrent layer's run that its statement stands for: a layer of its own after the run, with the
    /// statement's claims and activation.
    pub(super) fn first_of_run(&mut self, run: NodeId, scope: &mut Scope<'a>) -> Option<NodeId> {
        let value = self.graph.value(run);
        let node = &mut self.graph.nodes[run];
        let Some((name, op @ (Op::RecurrentOutput { .. } | Op::CustomOutput { .. }))) = node.outputs.first().cloned()
        else {
            return None;
        };
        let mut first = node.clone();
        (node.activation, node.comment, node.restores) = (None, None, None);
        first.file_name = format!("{}.{name}", first.file_name);
        first.recipe = Recipe::Given(op);
        (first.first_run, first.named_axes) = (None, None);
        first.inputs = vec![value];
        Some(self.push(first, scope))
    }

    /// The dialect of one layer or activation: the surrounding one, unless it names another.
    fn dialect_of(&mut self, args: &Args, around: Dialect) -> Option<Dialect> {
        let Some(field) = args.field("dialect") else { return Some(around) };
        let found = written_dialect(args);
        if found.is_none() {
            let name = field.value.text().unwrap_or_else(|| field.value.to_string());
            let nearest = words::nearest(&name, words::dialect_names().map(str::to_owned));
            self.sink.push(diagnose::unknown_dialect(&name, nearest, field.value.span()));
        }
        found
    }

    fn find_layer(&mut self, stmt: &Stmt, layer: &Layer, dialect: Dialect, scope: &Scope<'_>) -> Option<LayerName> {
        let op = &layer.op;
        let text = op.to_string();
        let nearest = match (self.unknown_layers.get(&text), words::find_layer(&text, dialect)) {
            (None, Lookup::Found(found)) => return Some(found),
            (None, Lookup::Elsewhere { mut words, dialects }) => {
                let read = self.axes_read(layer, scope).filter(|axes| words.words.ranks.contains(axes));
                words.rank = words.rank.or(read);
                self.sink.push(diagnose::layer_elsewhere(op, stmt.label.as_ref(), &words, dialects, dialect));
                return None;
            }
            (Some(nearest), _) => nearest.clone(),
            (None, Lookup::Unknown { nearest }) => {
                // The written word may be an unrelated name of the layer.
                let known = self.blocks.keys().cloned().chain(nearest.clone());
                let nearest = words::nearest(&text, known).or(nearest);
                self.unknown_layers.insert(text, nearest.clone());
                nearest
            }
        };
        let nearest = nearest.map(|nearest| self.of_rank(nearest, layer, scope));
        self.sink.push(diagnose::unknown_layer(op, nearest));
        None
    }

    /// Adapts the suggested name to the number of axes that come in (`Conv2d`, `Conv1d`), unless the misspelt word has a
    /// number itself.
    fn of_rank(&self, name: String, layer: &Layer, scope: &Scope<'_>) -> String {
        let numbered = layer.op.to_string().contains(|letter: char| letter.is_ascii_digit());
        let mut value = self.value_read(layer, scope).filter(|_| !numbered);
        // What could not be read rarely changes the number of axes.
        while let Some(node) =
            value.filter(|value| self.ranks[*value].is_none()).and_then(|value| self.graph.producer(value))
        {
            value = Some(self.graph.nodes[node].inputs[0]);
        }
        let axes = value.and_then(|value| self.axes_of(value));
        let ranked = axes.map(|axes| words::with_rank(&name, axes)).filter(|ranked| words::is_layer(ranked));
        ranked.unwrap_or(name)
    }

    /// The number of spatial axes, from the name or the kernel (`Conv` of flax and onnx).
    fn rank(
        &self,
        found: LayerName,
        layer: &Layer,
        dialect: Dialect,
        scope: &Scope<'_>,
    ) -> Result<Option<usize>, Report> {
        if found.rank.is_some() || found.words.ranks.is_empty() {
            return Ok(found.rank);
        }
        let kernel = layer.args.fields.iter().find(|field| {
            matches!(words::find_field(found.words, &field.name.to_string(), dialect), Lookup::Found(words) if words.name == "kernel")
        });
        if let Some(items) = kernel.and_then(|field| field.value.items())
            && (1..=3).contains(&items.len())
        {
            return Ok(Some(items.len()));
        }
        match self.axes_read(layer, scope) {
            Some(rank) => Ok(Some(rank)),
            None => Err(diagnose::open_rank(&layer.op)),
        }
    }

    /// The number of spatial axes of what a layer reads.
    fn axes_read(&self, layer: &Layer, scope: &Scope<'_>) -> Option<usize> {
        self.axes_of(self.value_read(layer, scope)?)
    }

    fn axes_of(&self, value: ValueId) -> Option<usize> {
        let rank = self.ranks.get(value).copied().flatten();
        rank.filter(|rank| (2..=4).contains(rank)).map(|rank| rank - 1)
    }

    /// The first value that a layer reads.
    fn value_read(&self, layer: &Layer, scope: &Scope<'_>) -> Option<ValueId> {
        let first = match &layer.from {
            // Its weight comes second.
            Some(Source::Several(sources, _)) => sources.first(),
            from => from.as_ref(),
        };
        match first {
            None | Some(Source::Previous) => Some(scope.previous),
            Some(Source::Named(Reference { name, port: None })) => {
                scope.names.get(&name.to_string()).map(|found| found.value)
            }
            Some(Source::Named(_) | Source::Several(..)) => None,
        }
    }

    fn given(
        &mut self,
        words: &'static LayerWords,
        rank: Option<usize>,
        dialect: Dialect,
        settings: &[(&'static str, Setting)],
        holes: &[Hole],
        spans: &Spans,
    ) -> Recipe {
        // Every layer except a sub-chain without its type, which is reported.
        let Some(mut op) = words.default_op(dialect, rank.unwrap_or(0)) else { return Recipe::Broken };
        if !self.set_all(&mut op, settings, &words.name(rank), spans) {
            return Recipe::Broken;
        }
        let given = |field: &str| settings.iter().any(|(name, _)| *name == field);
        if let Op::Pool(pool) = &mut op
            && !given("stride")
        {
            if holes.contains(&Hole::Axis(AxisField::Kernel)) {
                self.sink.push(diagnose::kernel_hole_without_stride(spans.op.span()));
                return Recipe::Broken;
            }
            *pool = pool.with_default_stride();
        }
        Recipe::Given(op)
    }

    /// An activation parameter as a layer: `act;`.
    fn bound_layer(&mut self, stmt: &Stmt, layer: &'a Layer, bound: &BoundActivation, scope: &mut Scope<'a>) -> NodeId {
        let args = &layer.args;
        if !args.positional.is_empty() || !args.fields.is_empty() {
            self.sink.push(diagnose::bound_with_arguments(&layer.op));
            return self.broken(stmt, layer.op.span(), scope);
        }
        if let Some(Source::Several(_, span)) = &layer.from {
            self.sink.push(diagnose::one_input(&layer.op, false, *span));
            return self.broken(stmt, layer.op.span(), scope);
        }
        let Some(inputs) = self.sources(layer.from.as_ref(), scope) else {
            return self.broken(stmt, layer.op.span(), scope);
        };
        let name = match &stmt.label {
            Some(label) => label.unraw().to_string(),
            None => scope.next_name(bound.words.snake),
        };
        let (comment, restores) = self.claims(layer, scope);
        let name = format!("{}{name}", scope.path);
        let origin = std::ptr::from_ref(stmt).addr();
        let mut node = Node::new(name, layer.op.clone(), Recipe::Given(bound.op), inputs, origin);
        node.op_name = bound.words.name(None);
        node.docs = stmt.attrs.docs.clone();
        node.spans.label = stmt.label.clone();
        (node.comment, node.restores) = (comment, restores);
        self.push(node, scope)
    }

    /// The function applied to a layer's result: `Relu`, `"relu"` or `LeakyRelu(0.2)`, or a parameter that stands for
    /// one. `None` if it is not a function, which is reported.
    pub(super) fn activation(
        &mut self,
        value: &'a Value,
        dialect: Dialect,
        numbers: &Numbers,
    ) -> Option<BoundActivation> {
        if let Value::Word(name) = value
            && let Some(bound) = numbers.get(&name.to_string())
        {
            if let Bound::Activation(bound) = bound {
                return Some(bound.clone());
            }
            self.sink.push(diagnose::bound_as_activation(name, bound.kind()));
            return None;
        }
        let (name, span, args) = match value {
            Value::Word(name) => (name.to_string(), name.span(), None),
            Value::Str(text) => (text.value(), text.span(), None),
            Value::Call { name, args } => (name.to_string(), name.span(), Some(args)),
            other => {
                self.sink.push(diagnose::not_an_activation(&other.to_string(), None, other.span()));
                return None;
            }
        };
        let dialect = match args {
            Some(args) => self.dialect_of(args, dialect)?,
            None => dialect,
        };
        let words = match words::find_activation(&name, dialect) {
            Lookup::Found(found) => found.words,
            Lookup::Elsewhere { words, dialects } => {
                self.sink.push(diagnose::layer_elsewhere(&Ident::new(&name, span), None, &words, dialects, dialect));
                return None;
            }
            Lookup::Unknown { nearest } => {
                // A word in quotes stays one.
                let quoted = |nearest: String| match (value, words::find_activation(&nearest, dialect)) {
                    (Value::Str(_), Lookup::Found(found)) => format!("\"{}\"", found.words.snake),
                    _ => nearest,
                };
                self.sink.push(diagnose::not_an_activation(&name, nearest.map(quoted), span));
                return None;
            }
        };
        let default = words.default_op(dialect, 0);
        if !words.is_function() {
            self.sink.push(diagnose::activation_with_parameters(&words.name(None), span));
            return None;
        }
        let spans = Spans { label: None, op: Ident::new(words.snake, span), positional: None, fields: Vec::new() };
        let none = Args::default();
        let mut builder = Builder::new(words, None, dialect, spans);
        builder.read(args.unwrap_or(&none), numbers);
        let Builder { settings, spans, reports, .. } = builder;
        if !reports.is_empty() {
            reports.into_iter().for_each(|report| self.sink.push(report));
            return None;
        }
        let mut op = default?;
        if let (Op::Activation(Activation::LeakyRelu { slope }), Dialect::Keras, true) =
            (&mut op, dialect, name == words.snake)
        {
            // keras' function has a different default than its layer.
            *slope = 0.2;
        }
        self.set_all(&mut op, &settings, &words.name(None), &spans).then_some(BoundActivation { op, words })
    }

    /// Sets the fields of a layer, and reports those that it does not take.
    fn set_all(&mut self, op: &mut Op, settings: &[(&'static str, Setting)], name: &str, spans: &Spans) -> bool {
        let mut taken = true;
        for (field, setting) in settings {
            if !fields::set(op, field, setting) {
                self.sink.push(diagnose::setting_not_taken(name, field, &setting.to_string(), spans.of(Some(field))));
                taken = false;
            }
        }
        taken
    }
}

/// How a layer was written.
fn writing(read: &mut Builder<'_>, layer: &Layer, name: &str, scope: &Scope<'_>) -> Writing {
    Writing {
        row: Some(read.words),
        dialect: read.dialect,
        words: std::mem::take(&mut read.written),
        expressions: std::mem::take(&mut read.expressions),
        variables: scope.numbers.sizes(),
        operands: operand_names(read.operands, layer.from.as_ref()),
        per_axis: read.settings.iter().any(|(_, setting)| setting.axes().is_some()),
        rewritten: layer.args.rewritten || !read.misfits.is_empty(),
        misspelt: None,
        correction: layer.args.correction.clone(),
        statement: format!("{}{name}", scope.statements),
        block: scope.block.clone(),
        sourced: layer.from.is_some(),
        without_effect: read.without_effect.take(),
    }
}

/// The operands of a layer that joins values, as written: `input, _`.
fn operand_names(operands: Option<&[Value]>, from: Option<&Source>) -> Vec<String> {
    match (operands, from) {
        (Some([only]), _) => vec!["_".to_owned(), only.to_string()],
        (Some(operands @ [_, ..]), _) => operands.iter().map(ToString::to_string).collect(),
        (_, Some(Source::Several(sources, _))) => sources.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The named outputs of a recurrent layer, beginning with the one that the statement stands for.
fn outputs_of_run(layer: &Recurrent, settings: &[(&'static str, Setting)]) -> Vec<(String, Op)> {
    let sequences = settings.iter().find(|(field, _)| *field == "return_sequences");
    let last = match sequences {
        Some((_, setting)) => *setting == Setting::Bool(false),
        // keras gives only the last output by default.
        None => layer.dialect == Dialect::Keras,
    };
    let first = if last { RecurrentOutput::Last } else { RecurrentOutput::Sequence };
    let cell = (layer.cell == Cell::Lstm).then_some(("c_n", RecurrentOutput::Cell));
    let all = [("output", first), ("h_n", RecurrentOutput::Hidden)].into_iter().chain(cell);
    all.map(|(name, output)| (name.to_owned(), Op::RecurrentOutput { layer: *layer, output })).collect()
}

/// The named outputs of a `Split`, each as the layer that gives it. Other layers have a single unnamed one.
fn pieces(op: &Op, settings: &[(&'static str, Setting)]) -> Vec<(String, Op)> {
    let Op::Split { axis, pieces, .. } = *op else { return Vec::new() };
    let Some((_, setting)) = settings.iter().find(|(field, _)| *field == "pieces") else { return Vec::new() };
    let count = match setting {
        Setting::Int(count) => *count,
        Setting::Pieces(ends) => i64::try_from(ends.len()).unwrap_or(i64::MAX),
        _ => 0,
    };
    let piece = |index| {
        let mut op = Op::Split { axis, index, pieces };
        fields::set(&mut op, "pieces", setting).then(|| (index.to_string(), op))
    };
    (0..count.min(MOST_PIECES)).filter_map(piece).collect()
}

/// The numbers of spatial axes that a layer's name allows, if the layer itself takes any.
fn named_axes(found: &LayerName) -> Option<(usize, usize)> {
    let rank = found.rank?;
    match found.words.kind {
        // PyTorch takes `[C]` as well as `[C, L]`.
        Kind::BatchNorm if rank == 1 => Some((0, 1)),
        _ if found.words.is_spatial() => None,
        _ => Some((rank, rank)),
    }
}
