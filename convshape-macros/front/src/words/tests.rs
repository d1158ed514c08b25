use std::collections::BTreeSet;
use std::fmt::Debug;

use convshape_arith::op::Dialect::{self, Flax, Jax, Keras, Onnx, Torch};

use convshape_arith::op::Init;
use convshape_arith::op::{Activation, Axes, Axis, Constant, MAX_SPATIAL, Op};
use convshape_arith::shape::{MAX_RANK, Shape};

use super::*;
use crate::fields::{self, Setting};

fn layer(name: &str, dialect: Dialect) -> Option<(&'static str, Option<usize>)> {
    match find_layer(name, dialect) {
        Lookup::Found(found) => Some((found.words.name, found.rank)),
        _ => None,
    }
}

fn nearest_layer(name: &str, dialect: Dialect) -> Option<String> {
    match find_layer(name, dialect) {
        Lookup::Unknown { nearest } => nearest,
        _ => panic!("`{name}` is known"),
    }
}

fn conv() -> &'static LayerWords {
    named_layer("Conv2d", Torch).expect("a layer").words
}

#[test]
fn layers_by_name() {
    for (name, dialect, row, rank) in [
        ("Conv2d", Torch, "Conv#d", Some(2)),
        ("Conv3d", Keras, "Conv#d", Some(3)),
        ("Conv2D", Keras, "Conv#d", Some(2)),
        ("Conv", Flax, "Conv#d", None),
        ("ConvTranspose1d", Jax, "ConvTranspose#d", Some(1)),
        ("Conv2DTranspose", Keras, "ConvTranspose#d", Some(2)),
        ("ConvTranspose", Onnx, "ConvTranspose#d", None),
        ("MaxPooling2D", Keras, "MaxPool#d", Some(2)),
        ("AveragePooling1D", Keras, "AvgPool#d", Some(1)),
        ("UpSampling2D", Keras, "UpSampling#D", Some(2)),
        ("Upsample", Keras, "Upsample", None),
        ("BatchNorm2d", Torch, "BatchNorm", Some(2)),
        ("BatchNorm", Torch, "BatchNorm", None),
        ("BatchNormalization", Keras, "BatchNorm", None),
        ("GlobalAveragePooling2D", Keras, "GlobalAvgPool", Some(2)),
        ("ZeroPadding2D", Keras, "Pad", Some(2)),
        ("Cropping1D", Keras, "Crop", Some(1)),
        ("Dense", Flax, "Linear", None),
        ("ReLU", Torch, "Relu", None),
        ("Hardswish", Torch, "Hardswish", None),
    ] {
        assert_eq!(layer(name, dialect), Some((row, rank)), "{name}");
    }
    for (name, dialect) in
        [("Conv2D", Torch), ("DepthwiseConv2d", Torch), ("ConvGeneralDilated2d", Flax), ("Dense", Torch)]
    {
        assert!(matches!(find_layer(name, dialect), Lookup::Elsewhere { .. }), "{name}");
    }
    assert_eq!(layer("Conv4d", Torch), None);
    assert_eq!(layer("DepthwiseConv3d", Keras), None);
}

#[test]
fn mistyped_layers() {
    for (name, meant) in [
        ("Conv2", Some("Conv2d")),
        ("conv2d", Some("Conv2d")),
        ("Cnov2d", Some("Conv2d")),
        ("ConvTransposed2d", Some("ConvTranspose2d")),
        ("Maxpool2d", Some("MaxPool2d")),
        ("Relus", Some("Relu")),
        ("Batchnorm", Some("BatchNorm")),
        ("Linaer", Some("Linear")),
        ("Transformer", None),
        ("X", None),
    ] {
        assert_eq!(nearest_layer(name, Torch).as_deref(), meant, "{name}");
    }
    assert_eq!(nearest_layer(&"Conv".repeat(5_000), Torch), None);
}

#[test]
fn fields_by_name() {
    let field = |name, dialect| match find_field(conv(), name, dialect) {
        Lookup::Found(field) => Ok(field.name),
        Lookup::Elsewhere { words, .. } => Err(format!("elsewhere {}", words.name)),
        Lookup::Unknown { nearest } => Err(format!("unknown, nearest {}", nearest.unwrap_or_default())),
    };
    assert_eq!(field("kernel_size", Torch), Ok("kernel"));
    assert_eq!(field("kernel_shape", Onnx), Ok("kernel"));
    assert_eq!(field("strides", Keras), Ok("stride"));
    assert_eq!(field("filters", Keras), Ok("out_channels"));
    assert_eq!(field("feature_group_count", Flax), Ok("groups"));
    assert_eq!(field("activation", Torch), Ok("activation"));
    assert_eq!(field("dialect", Torch), Ok("dialect"));
    assert_eq!(field("strides", Torch), Err("elsewhere stride".to_owned()));
    assert_eq!(field("auto_pad", Torch), Err("elsewhere auto_pad".to_owned()));
    assert_eq!(field("strid", Torch), Err("unknown, nearest stride".to_owned()));
    assert_eq!(field("paddingmode", Torch), Err("unknown, nearest padding_mode".to_owned()));
    assert_eq!(field("xyzzy", Torch), Err("unknown, nearest ".to_owned()));
}

#[test]
fn words_as_values() {
    let Some(Takes::Padding(words)) = find_field(conv(), "padding", Torch).any().map(|field| field.takes) else {
        panic!("`padding` takes words");
    };
    assert_eq!(find_word(words, "SAME", Torch), Lookup::Found("same"));
    assert_eq!(find_word(words, "same-lower", Onnx), Lookup::Found("same_lower"));
    assert!(matches!(find_word(words, "causal", Torch), Lookup::Elsewhere { words: "causal", .. }));
    assert_eq!(find_word(words, "smae", Torch), Lookup::Unknown { nearest: Some("same".to_owned()) });
    assert!(matches!(find_activation("leaky_relu", Torch), Lookup::Found(found) if found.words.name == "LeakyRelu"));
    assert!(matches!(find_activation("ReLU", Torch), Lookup::Found(found) if found.words.name == "Relu"));
    assert!(matches!(find_activation("Conv2d", Torch), Lookup::Unknown { .. }));
}

/// The table is consistent: no name twice, every doc is one line, every word that another column mentions is a field.
#[test]
fn the_table() {
    let mut kinds = Vec::new();
    for row in layers() {
        assert!(!row.doc.contains('\n') && !row.doc.ends_with('.'), "{}", row.name);
        assert!(!row.dialects.is_empty(), "{}", row.name);
        assert_eq!(row.name.contains('#'), !row.ranks.is_empty(), "{}", row.name);
        assert!(row.kind == Kind::Plain || !kinds.contains(&row.kind), "{}", row.name);
        kinds.push(row.kind);
        if let Positional::Field(name) = row.positional {
            assert!(row.fields.iter().any(|field| field.name == name), "{}: {name}", row.name);
        }
        if row.positional == Positional::Channels {
            for name in ["in_channels", "out_channels"] {
                assert!(row.fields.iter().any(|field| field.name == name), "{}: {name}", row.name);
            }
        }
        for dialect in [Torch, Onnx, Jax, Flax, Keras] {
            let names =
                row.all_fields().flat_map(FieldWords::names).filter(|(_, dialects)| dialects.contains(&dialect));
            let mut seen = BTreeSet::new();
            for (name, _) in names {
                assert!(seen.insert(name), "{}: `{name}` means two fields in {dialect:?}", row.name);
            }
        }
    }
    assert!(kinds.len() > 100);
    for dialect in [Torch, Onnx, Jax, Flax, Keras] {
        let mut seen = BTreeSet::new();
        for row in layers() {
            for (name, _) in row.names().filter(|(_, dialects)| dialects.contains(&dialect)) {
                assert!(seen.insert(name), "`{name}` means two layers in {dialect:?}");
            }
        }
    }
    let mut seen = BTreeSet::new();
    assert!(GRAMMAR.iter().all(|word| seen.insert(word.name) && !word.doc.is_empty()));
    assert!(dialect_names().all(|name| dialect_from_name(name).map(Dialect::name) == Some(name)));
}

/// A value that a field takes; `None` for a name, which is looked up elsewhere.
fn sample(field: &FieldWords) -> Option<Setting> {
    Some(match field.takes {
        Takes::Size => Setting::Int(2),
        Takes::SizePerAxis | Takes::SizePerAxisOr(_) | Takes::Padding(_) | Takes::Amount => {
            Setting::Ints { values: [2; MAX_SPATIAL], axes: None }
        }
        Takes::Sides | Takes::Pads(_) => Setting::Pairs { values: [(1, 1); MAX_SPATIAL], axes: Some(2) },
        Takes::Float => Setting::Float(0.5),
        Takes::FloatPerAxis | Takes::FactorPerAxis => Setting::Floats { values: [2.0; MAX_SPATIAL], axes: None },
        Takes::Bool => Setting::Bool(true),
        Takes::Word(words) => Setting::Word(words[0].name),
        Takes::Shape => Setting::Shape(Shape::of(&[2, 3])),
        Takes::Range => Setting::Range(0, Some(1)),
        Takes::Pieces => Setting::Pieces(vec![1, 3]),
        Takes::Axes | Takes::AxesWithBatch if field.name != "axes" => Setting::Axes(Axes::of(&[Axis::Channels])?),
        Takes::Axes | Takes::AxesWithBatch => Setting::Axes(Axes::of(&[Axis::At(0), Axis::Channels])?),
        Takes::Init => Setting::Init(Init::Normal { deviation: 0.5 }),
        Takes::Array => Setting::Array(Constant::later(0)),
        Takes::Name if field.name == "like" => Setting::Like,
        Takes::Name | Takes::Activation | Takes::Dialect => return None,
    })
}

/// A layer is in every table: it has a default, its fields reach the layer, and its required fields exist.
#[test]
fn layers_are_in_every_table() {
    let mut kinds = 0;
    for row in layers() {
        for &dialect in row.dialects {
            let rank = row.ranks.first().copied().unwrap_or(2);
            let Some(op) = row.default_op(dialect, rank) else {
                assert!(matches!(row.kind, Kind::Chain | Kind::Activation), "{} has no default", row.name);
                continue;
            };
            kinds += 1;
            for field in row.fields.iter().filter(|field| field.dialects.contains(&dialect)) {
                let mut changed: Op = op;
                let reaches = sample(field).is_none_or(|setting| fields::set(&mut changed, field.name, &setting));
                assert!(reaches, "{}: `{}` does not reach the layer", row.name, field.name);
            }
            let bound = op.bind(&[Shape::of(&[4; MAX_RANK])], dialect.order());
            let params = bound.params();
            assert_eq!(params.len(), op.params().len(), "{}", row.name);
            let known = params.iter().all(|spec| spec.shape.is_known());
            assert!(known, "{}: a size that is left out is not taken from the input", row.name);
            let is_field = |name: &&str| row.fields.iter().any(|field| field.name == *name);
            let needed = row.required(dialect).flatten();
            assert!(needed.chain(row.exclusive).all(is_field), "{}", row.name);
        }
    }
    assert!(kinds > 150, "{kinds}");
}

/// The name of a variant.
fn variant(value: &dyn Debug) -> String {
    format!("{value:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// Every operation and every activation is the layer of a word, and every dialect has layers.
#[test]
fn every_operation_has_a_word() {
    // Further outputs of a layer, `Reshape` with a name, and a part of multi-head attention.
    const OF_OTHERS: [&str; 4] = ["RecurrentOutput", "CustomOutput", "ReshapeLike", "Projection"];
    let layers_of = |dialect: Dialect| layers().filter(move |row| row.dialects.contains(&dialect));
    let ops: Vec<Op> = ALL
        .iter()
        .flat_map(|&dialect| layers_of(dialect).map(move |row| (row, dialect)))
        .flat_map(|(row, dialect)| {
            row.ranks.iter().copied().chain([2]).filter_map(move |rank| row.default_op(dialect, rank))
        })
        .collect();
    let mut found: BTreeSet<String> = ops.iter().map(|op| variant(op)).collect();
    found.extend(OF_OTHERS.map(str::to_owned));
    let missing = |all: &[&'static str], found: &BTreeSet<String>| -> Vec<&'static str> {
        all.iter().copied().filter(|name| !found.contains(*name)).collect()
    };
    assert_eq!(missing(Op::VARIANTS, &found), [""; 0]);
    let dialects: BTreeSet<String> =
        ALL.iter().filter(|dialect| layers_of(**dialect).count() > 30).map(|dialect| variant(dialect)).collect();
    assert_eq!(missing(Dialect::VARIANTS, &dialects), [""; 0]);
    let activations: BTreeSet<String> = ops
        .iter()
        .filter_map(|op| match op {
            Op::Activation(activation) => Some(variant(activation)),
            _ => None,
        })
        .collect();
    assert_eq!(missing(Activation::VARIANTS, &activations), [""; 0]);
}
