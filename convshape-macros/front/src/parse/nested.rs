//! Layers in the parentheses of another: each is a statement of its own, but for an activation, which is a field.

use convshape_arith::op::Dialect;
use proc_macro2::Ident;

use super::Parser;
use crate::syntax::{Args, Field, Layer, Value};
use crate::words::{self, LayerName, LayerWords, Positional};

/// Containers: they run the layers in their parentheses and are not layers themselves.
const SEQUENCES: [&str; 5] = ["Sequential", "sequential", "Chain", "Seq", "add"];

impl Parser {
    /// The word that shows nested layers, and the statements for them: `Sequential(Conv2d(..), ReLU())`,
    /// `Relu(Conv2d(..))`, `Conv2d(8 -> 16, 3, BatchNorm)`.
    pub(super) fn nested_layers(&mut self, label: Option<&Ident>, layer: &Layer) -> Option<(Ident, String)> {
        let name = layer.op.to_string();
        // flax: `nn.RNN` runs the cell in its parentheses over all steps, as the cell does here by itself.
        let runs_cell = name == "RNN" && self.dialect == Dialect::Flax;
        let own = words::find_function(&name, self.dialect);
        let sequence = runs_cell || SEQUENCES.contains(&name.as_str());
        // A chain's type may have the name of a layer.
        if name == "Chain" && matches!(layer.args.positional.as_slice(), [Value::Word(_)]) {
            return None;
        }
        let (before, after) = match (sequence, own) {
            (true, _) => (layer.args.positional.iter().filter_map(|value| as_layer(value, true)).collect(), Vec::new()),
            (false, Some(own)) => inside(&layer.args, &own),
            (false, None) => return None,
        };
        if before.is_empty() && after.is_empty() {
            return None;
        }
        let own = own.filter(|_| !sequence);
        // What is in the wrong place.
        let misplaced = if before.is_empty() { after[0].op.clone() } else { layer.op.clone() };
        let outer = own.map(|own| outer(layer, &own));
        let mut statements: Vec<Layer> = before.into_iter().chain(outer).chain(after).collect();
        // The first reads what the line reads, the last gives what it gives.
        if let Some(last) = statements.last_mut() {
            (last.shape, last.restores) = (layer.shape.clone(), layer.restores.clone());
        }
        if let Some(first) = statements.first_mut() {
            first.from = layer.from.clone();
        }
        let mut texts = Vec::new();
        let last = statements.len() - 1;
        for (at, mut inner) in statements.into_iter().enumerate() {
            let label = label.filter(|_| at == last);
            match self.nested_layers(label, &inner) {
                Some((_, text)) => texts.push(text),
                None => {
                    self.rewrite(&mut inner.op, &mut inner.args, self.dialect);
                    let label = label.map(|label| format!("{label}: ")).unwrap_or_default();
                    texts.push(format!("{label}{inner};"));
                }
            }
        }
        Some((misplaced, texts.join(" ")))
    }

    /// Takes an activation without a name from the values: `Conv2d(1 -> 8, 3, Relu)`.
    pub(super) fn take_activation(&mut self, layer: &LayerWords, args: &mut Args) -> Option<Value> {
        let given = |field: &Field| words::find_field(layer, &field.name.to_string(), self.dialect).any();
        if !takes_activation(layer)
            || args.fields.iter().any(|field| given(field).is_some_and(|words| words.name == "activation"))
        {
            return None;
        }
        let at = args.positional.iter().position(is_activation)?;
        Some(args.positional.remove(at))
    }
}

/// The layers in the parentheses of one that itself is a layer: those that run before it, and those that run after it.
fn inside(args: &Args, own: &LayerName) -> (Vec<Layer>, Vec<Layer>) {
    let positional = || args.positional.iter();
    if run_before(args, own) {
        return (positional().filter_map(|value| as_layer(value, false)).collect(), Vec::new());
    }
    if matches!(own.words.positional, Positional::Path | Positional::Axes) {
        return (Vec::new(), Vec::new());
    }
    let activation = args.fields.iter().filter(|field| field.name == "activation").map(|field| &field.value);
    let after = positional().skip_while(|value| !runs_after(value, own));
    let after = after.chain(activation.filter(|value| runs_after(value, own)));
    (Vec::new(), after.filter_map(|value| as_layer(value, true)).collect())
}

/// The layer without those in its parentheses.
fn outer(layer: &Layer, own: &LayerName) -> Layer {
    let name = layer.op.to_string();
    let mut outer = Layer { from: None, shape: None, restores: None, ..layer.clone() };
    if !words::is_layer(&name) {
        outer.op = Ident::new(&own.words.name(own.rank), layer.op.span());
    }
    let positional = std::mem::take(&mut outer.args.positional);
    let (mut values, mut begun) = (Vec::new(), false);
    for value in positional {
        begun |= !run_before(&layer.args, own) && runs_after(&value, own);
        let moved = if begun { as_layer(&value, true) } else { as_layer(&value, false) };
        match moved {
            None => values.push(value),
            // What it joins with the others.
            Some(_) if own.words.positional == Positional::Names => values.push(Value::Hole(value.span())),
            Some(_) => {}
        }
    }
    let holes = values.iter().filter(|value| matches!(value, Value::Hole(_))).count();
    outer.args.positional = if holes > 1 || holes == values.len() { Vec::new() } else { values };
    outer.args.fields.retain(|field| field.name != "activation" || !runs_after(&field.value, own));
    outer
}

/// Whether the layers in the parentheses give what the layer around them reads: `Relu(Conv2d(..))`.
fn run_before(args: &Args, own: &LayerName) -> bool {
    own.words.positional == Positional::Names || matches!(args.positional.first(), Some(Value::Call { .. }))
}

/// Whether a value is a layer that can only run after the one around it.
fn runs_after(value: &Value, own: &LayerName) -> bool {
    as_layer(value, true).is_some() && !(takes_activation(own.words) && is_activation(value))
}

/// A value that is a layer; with `words` also one without parentheses.
pub(super) fn as_layer(value: &Value, words: bool) -> Option<Layer> {
    let (name, args) = match value {
        Value::Call { name, args } => (function(name)?, args.clone()),
        Value::Word(name) if words && words::is_layer(&name.to_string()) => (name.clone(), Args::default()),
        _ => return None,
    };
    let reads_a_layer = matches!(args.positional.first(), Some(Value::Call { .. }));
    (words || reads_a_layer || !is_activation(value)).then(|| Layer {
        ports: Vec::new(),
        op: name,
        args,
        from: None,
        shape: None,
        restores: None,
    })
}

/// The name of a layer, which may be called as a function: `relu(..)`.
fn function(name: &Ident) -> Option<Ident> {
    let text = name.to_string();
    if words::is_layer(&text) {
        return Some(name.clone());
    }
    words::find_function(&text, Dialect::Torch).map(|found| Ident::new(&found.words.name(found.rank), name.span()))
}

/// Whether a value is a function that `activation` takes.
fn is_activation(value: &Value) -> bool {
    let (Value::Call { name, .. } | Value::Word(name)) = value else {
        return matches!(value, Value::Str(text) if words::find_activation(&text.value(), Dialect::Torch).any().is_some());
    };
    words::find_activation(&name.to_string(), Dialect::Torch).any().is_some_and(|found| found.words.is_function())
}

fn takes_activation(layer: &LayerWords) -> bool {
    layer.all_fields().any(|field| field.name == "activation")
}

/// Whether a value is a layer that is a statement of its own.
pub(super) fn is_statement(value: &Value) -> bool {
    as_layer(value, true).is_some() && !is_activation(value)
}
