//! Files of PyTorch become chains that compile and give PyTorch's numbers.
//!
//! `imported/record.py` writes the files. With `CONVSHAPE_BLESS=1` this test writes the sources anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use convshape::graph::{Graph, Size};
use convshape::ndarray::{ArrayD, IxDyn};
use convshape::train::Train;
use convshape::{Chain, Model, Shape};
use convshape_onnx::import;

/// The largest error of an element, as a share of the outputs' standard deviation.
const TOLERANCE: f32 = 1e-5;

macro_rules! imported {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            include!(concat!("imported/", stringify!($name), ".rs"));
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];

        #[test]
        fn files_of_pytorch_are_chains_with_its_numbers() {
            let mut stale = Vec::new();
            $(stale.extend(check::<$name::Net>(stringify!($name)));)*
            assert!(stale.is_empty(), "not what the importer writes: {stale:?}");
        }
    };
}

imported! {
    again, causal, channels_last, choices, dense, distances, einsum, elementwise, encoder, frames, gru, layers, levels, lstm, modules, moved,
    open_sizes, pieces, products, quantised, queries, rnn, rows, sequence, stages, states,
    statistics, sums, tied, timed, tokens, trees, turns, volumes, warped, windows, words,
}

#[test]
fn parameters_that_several_layers_read_have_one_gradient() {
    let wrong: Vec<String> =
        [gradients::<levels::Net>("levels"), gradients::<again::Net>("again"), gradients::<tied::Net>("tied")].concat();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn damaged_files_of_pytorch_end_in_an_error_or_a_chain() {
    for name in NAMES {
        let whole = fs::read(path(name, "onnx")).expect("a file");
        for step in 0..100 {
            let at = step * whole.len() / 100;
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            let _ = import(&changed, "Net");
        }
    }
}

fn path(name: &str, end: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/imported/{name}.{end}"))
}

/// What is wrong with the gradients of a model whose file was recorded with those of PyTorch.
fn gradients<M: Train + Chain>(name: &str) -> Vec<String> {
    let found = import(&fs::read(path(name, "onnx")).expect("a file"), "Net").expect("a chain");
    let model = M::load_bytes(&found.weights).expect("weights");
    let (inputs, _) = recorded::<M>(name);
    let views: Vec<_> = inputs.iter().map(|array| array.view()).collect();
    // The loss is half the sum of squares.
    let outputs = model.forward_batch(&views).expect("the shapes fit");
    let (_, gradients) = model.vjp_batch(&views, outputs).expect("the shapes fit");
    let mut own: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    gradients.for_each_param(|name, gradient| {
        own.insert(name.to_owned(), gradient.as_slice().to_vec());
    });
    let (own, expected) = (own.into_values().flatten().collect::<Vec<f32>>(), numbers(name, "grad"));
    let worst = own.iter().zip(&expected).map(|(own, expected)| (own - expected).abs()).fold(0.0, f32::max);
    let scale = expected.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    match own.len() == expected.len() && worst <= TOLERANCE * scale {
        true => Vec::new(),
        false => vec![format!("{name}: {} gradients of {}, off by {worst:e} of {scale}", own.len(), expected.len())],
    }
}

/// The file's name if its source is not what the importer writes.
fn check<M: Model + Chain>(name: &str) -> Option<String> {
    let found =
        import(&fs::read(path(name, "onnx")).expect("a file"), "Net").unwrap_or_else(|error| panic!("{name}: {error}"));
    if fs::read_to_string(path(name, "rs")).expect("a file") != found.source {
        if std::env::var_os("CONVSHAPE_BLESS").is_some() {
            fs::write(path(name, "rs"), found.source).expect("a file");
        }
        return Some(name.to_owned());
    }
    let inside = found.source.split_once('{').and_then(|(_, rest)| rest.trim_end().strip_suffix('}'));
    let tokens = inside.expect("one chain").parse().expect("Rust");
    assert_eq!(convshape_front::graph(tokens, Path::new(".")), Some(Graph::of::<M>()), "{name}");
    let model = M::load_bytes(&found.weights).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (arrays, expected) = recorded::<M>(name);
    let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
    let given = model.forward_batch(&views).unwrap_or_else(|error| panic!("{name}: {error}"));
    let given: Vec<f32> = given.iter().flat_map(|array| array.iter().copied().collect::<Vec<_>>()).collect();
    assert_eq!(given.len(), expected.len(), "{name}");
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let mean = |numbers: &mut dyn Iterator<Item = f32>| numbers.sum::<f32>() / expected.len() as f32;
    let middle = mean(&mut expected.iter().copied());
    let deviation = mean(&mut expected.iter().map(|number| (number - middle).powi(2))).sqrt();
    let worst = given.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    assert!(worst <= TOLERANCE * deviation, "{name}: off by {worst:e}, the deviation is {deviation:e}");
    assert!(given.iter().all(|number| number.is_finite()), "{name}");
    None
}

fn numbers(name: &str, end: &str) -> Vec<f32> {
    let bytes = fs::read(path(name, end)).expect("a file");
    bytes.chunks_exact(4).map(|number| f32::from_le_bytes(number.try_into().expect("4 bytes"))).collect()
}

/// The inputs and outputs that were recorded.
fn recorded<M: Chain>(name: &str) -> (Vec<ArrayD<f32>>, Vec<f32>) {
    let all = numbers(name, "bin");
    let sizes = |shape: &Shape| -> Vec<usize> {
        let number = |size: &Size| match *size {
            Size::Number(number) => usize::try_from(number).ok(),
            // The files were recorded where each symbol is 4.
            Size::Symbolic { scale, offset, .. } => usize::try_from(4 * scale + offset).ok(),
            Size::Unknown => None,
        };
        shape.sizes().iter().filter_map(number).collect()
    };
    let count =
        |ports: &[(&str, Shape)]| ports.iter().map(|port| sizes(&port.1).iter().product::<usize>()).sum::<usize>();
    let (inputs, outputs) = (count(M::INPUTS), count(M::OUTPUTS));
    let batch = all.len() / (inputs + outputs);
    let (mut numbers, expected) = all.split_at(batch * inputs);
    let mut arrays = Vec::new();
    for (_, shape) in M::INPUTS {
        let sizes = [vec![batch], sizes(shape)].concat();
        let (own, rest) = numbers.split_at(sizes.iter().product());
        arrays.push(ArrayD::from_shape_vec(IxDyn(&sizes), own.to_vec()).expect("the shape"));
        numbers = rest;
    }
    (arrays, expected.to_vec())
}
