//! Attributes of nodes.

use crate::proto::{self, attribute};

pub(super) fn int(name: &str, value: i64) -> proto::Attribute {
    proto::Attribute { i: value, ..of(name, attribute::INT) }
}

pub(super) fn ints(name: &str, values: impl IntoIterator<Item = i64>) -> proto::Attribute {
    proto::Attribute { ints: values.into_iter().collect(), ..of(name, attribute::INTS) }
}

#[expect(clippy::cast_possible_truncation, reason = "attributes are of f32")]
pub(super) fn float(name: &str, value: f64) -> proto::Attribute {
    proto::Attribute { f: value as f32, ..of(name, attribute::FLOAT) }
}

pub(super) fn text(name: &str, value: &str) -> proto::Attribute {
    proto::Attribute { s: value.to_owned().into(), ..of(name, attribute::STRING) }
}

pub(super) fn texts(name: &str, values: &[&str]) -> proto::Attribute {
    let strings = values.iter().map(|value| (*value).to_owned().into()).collect();
    proto::Attribute { strings, ..of(name, attribute::STRINGS) }
}

fn of(name: &str, kind: i32) -> proto::Attribute {
    proto::Attribute { name: name.to_owned(), r#type: kind, ..Default::default() }
}
