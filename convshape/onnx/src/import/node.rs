//! A node of a file with its attributes.

use super::constant::Constant;
use crate::proto::{self, attribute};

/// A node, read by attribute.
#[derive(Clone, Copy)]
pub(super) struct Node<'a>(pub(super) &'a proto::NodeProto);

impl<'a> Node<'a> {
    /// The operator, with its domain if that is not ONNX's own.
    pub(super) fn op(&self) -> &'a str {
        match self.0.domain.as_str() {
            "" | "ai.onnx" => &self.0.op_type,
            // Not any that is known.
            _ => "",
        }
    }

    pub(super) fn full_op(&self) -> String {
        match self.0.domain.as_str() {
            "" => self.0.op_type.clone(),
            domain => format!("{domain}.{}", self.0.op_type),
        }
    }

    /// Its name, or that of its first output.
    pub(super) fn name(&self) -> &'a str {
        match self.0.name.as_str() {
            "" => self.0.output.first().map_or("", String::as_str),
            name => name,
        }
    }

    /// The module that PyTorch's exporter says it is in: of `['', 'layer1', 'layer1.0', 'relu']` the last but one.
    pub(super) fn module(&self) -> Option<&'a str> {
        let scopes = self.0.metadata_props.iter().find(|entry| entry.key == "pkg.torch.onnx.name_scopes")?;
        let scopes = scopes.value.strip_prefix("['', '")?.strip_suffix("']")?;
        Some(scopes.rsplit("', '").nth(1).unwrap_or(""))
    }

    /// The name of an input, if it is given.
    pub(super) fn input(&self, place: usize) -> Option<&'a str> {
        self.0.input.get(place).map(String::as_str).filter(|name| !name.is_empty())
    }

    fn find(&self, name: &str, kind: i32) -> Option<&'a proto::Attribute> {
        self.0.attribute.iter().find(|attribute| attribute.name == name && attribute.r#type == kind)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.find(name, attribute::INT).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f64 {
        f64::from(self.find(name, attribute::FLOAT).map_or(default, |attribute| attribute.f))
    }

    pub(super) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.find(name, attribute::INTS).map(|attribute| attribute.ints.clone())
    }

    pub(super) fn text(&self, name: &str, default: &str) -> String {
        let text =
            self.find(name, attribute::STRING).map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned());
        text.unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let texts = self.find(name, attribute::STRINGS).map(|attribute| &attribute.strings);
        texts.into_iter().flatten().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    pub(super) fn floats(&self, name: &str) -> Option<Vec<f32>> {
        self.find(name, attribute::FLOATS).map(|attribute| attribute.floats.clone())
    }

    pub(super) fn graph(&self, name: &str) -> Option<&'a proto::Graph> {
        self.0.attribute.iter().find(|attribute| attribute.name == name)?.g.as_deref()
    }

    /// The order of axes of a `Transpose` of this rank, if it is one.
    pub(super) fn order(&self, rank: usize) -> Option<Vec<usize>> {
        let order = self.ints("perm").unwrap_or_else(|| (0..rank as i64).rev().collect());
        let order: Option<Vec<usize>> = order.iter().map(|&axis| usize::try_from(axis).ok()).collect();
        let mut sorted = order.clone()?;
        sorted.sort_unstable();
        order.filter(|_| sorted.into_iter().eq(0..rank))
    }

    pub(super) fn tensor(&self, name: &str) -> Option<Constant> {
        let tensor = self.find(name, attribute::TENSOR)?.t.as_ref()?;
        Constant::read(tensor).ok()
    }
}
