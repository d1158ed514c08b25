//! User-defined layers: `Custom(path::Type) -> [16, 14, 14]`.

use convshape_arith::op::{Custom, Op};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use proc_macro2::TokenStream;

use super::Resolver;
use super::scope::Scope;
use crate::diagnose;
use crate::graph::Recipe;
use crate::syntax::{Layer, Port};
use crate::unseen::visible;

impl<'a> Resolver<'a> {
    pub(super) fn custom(&mut self, path: TokenStream, layer: &'a Layer, scope: &Scope<'a>) -> Recipe {
        let shape = match (layer.ports.as_slice(), &layer.shape) {
            ([], Some(pattern)) => scope.numbers.shape(pattern),
            ([], None) => {
                self.sink.push(diagnose::custom_without_shape(&layer.op, &path.to_string()));
                return Recipe::Broken;
            }
            ([only], _) => scope.numbers.shape(&only.shape),
            (ports, _) => {
                ports.iter().map(|port| scope.numbers.shape(&port.shape)).collect::<Result<Vec<_>, _>>().map(|shapes| {
                    match shapes.iter().map(elements).sum::<Option<i64>>() {
                        Some(all) => Shape::of(&[all]),
                        None => Shape::unknown(1),
                    }
                })
            }
        };
        let Some(shape) = self.or_report(shape) else { return Recipe::Broken };
        let layer = Op::Custom { layer: self.graph.unseen.add_custom(path), count: layer.ports.len().max(1), shape };
        Recipe::Given(layer)
    }

    /// The outputs of a user-defined layer with several, each as a layer that selects it.
    pub(super) fn outputs_of_custom(&self, layer: Custom, ports: &[Port], scope: &Scope<'a>) -> Vec<(String, Op)> {
        if ports.len() < 2 {
            return Vec::new();
        }
        let output = |(index, port): (usize, &Port)| {
            let shape = scope.numbers.shape(&port.shape).unwrap_or(Shape::unknown(1));
            let name = port.name.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            (name, Op::CustomOutput { layer, index, shape })
        };
        ports.iter().enumerate().map(output).collect()
    }
}

/// The number of elements, if the macro knows all sizes.
fn elements(shape: &Shape) -> Option<i64> {
    match visible(shape).elements() {
        Ok(Size::Number(count)) => Some(count),
        _ => None,
    }
}
