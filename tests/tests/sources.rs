//! Parameters, and values that need no input.

use convshape::ndarray::{Array2, Array3, Array4, Axis, array};
use convshape::train::Sgd;
use convshape::{Model, Param, conv_chain};
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    struct Scaled {
        input: [2, 1, 3];
        gamma: Parameter([2, 1, 1], init: 0.5);
        product: Mul(_, gamma);
        shift: Parameter([3], init: normal(0.1));
        place: Arange(3);
        row: Reshape([1, 1, 3]) from shift;
        places: Reshape([1, 1, 3]) from place;
        y: Add(row, places);
        mask: Parameter([1, 1, 3], init: 2, train: false);
        z: Add(y, mask);
        Add(product, z);
        output: [2, 1, 3];
    }
}

conv_chain! {
    struct Layered {
        block Gain(count) {
            Relu;
            gamma: Parameter([count], init: 3);
            Mul(_, gamma, lint: allow);
        }
        input: [2, 2, 2];
        first: Gain(2);
        turns: repeat 2 { Gain(2); beta: Parameter([2, 1, 1], init: 1.0); Add(_, beta); }
        output: [2, 2, 2];
    }
}

fn names(model: &impl Model) -> Vec<String> {
    let mut names = Vec::new();
    model.for_each_param(&mut |name: &str, _: &Param| names.push(name.to_owned()));
    names
}

/// `gamma` is one value for the batch, and the value before it is still the previous statement.
#[test]
fn a_parameter_is_one_value_for_the_batch() {
    let mut model = Scaled::init(&mut StdRng::seed_from_u64(1));
    assert_eq!(model.gamma.as_slice(), [0.5, 0.5]);
    assert_eq!(model.gamma.shape(), [2, 1, 1]);
    model.gamma.as_mut_slice().copy_from_slice(&[2.0, -1.0]);
    model.shift.as_mut_slice().copy_from_slice(&[0.25, 0.5, 0.75]);
    assert_eq!(names(&model), ["gamma", "shift", "mask"]);
    // `mask` is not a trainable parameter.
    assert_eq!(Scaled::summary().params(), 5);
    let x = Array4::from_shape_fn((2, 2, 1, 3), |(sample, channel, _, at)| (6 * sample + 3 * channel + at) as f32);
    let y = model.forward_batch(x.view()).expect("runs");
    for ((sample, channel, row, at), y) in y.indexed_iter() {
        let expected = x[[sample, channel, row, at]] * [2.0, -1.0][channel] + [2.25, 3.5, 4.75][at];
        assert!((y - expected).abs() < 1e-6, "{y}, {expected} at {sample} {channel} {at}");
    }
    let cotangent = y.mapv(|_| 1.0);
    let (dx, gradients) = model.vjp(x.view(), cotangent.view()).expect("runs");
    assert_eq!(dx.index_axis(Axis(1), 0).sum(), 12.0);
    let sums: Vec<f32> = (0..2).map(|channel| x.index_axis(Axis(1), channel).sum()).collect();
    assert_eq!(gradients.gamma.as_slice(), &sums[..]);
    assert_eq!(gradients.shift.as_slice(), [4.0; 3]);
    assert_eq!(gradients.mask.as_slice(), [0.0; 3]);
    let one = model.forward(&convshape::Tensor::from_slice(&x.as_slice().expect("dense")[..6]).expect("fits"));
    assert_eq!(one.as_slice(), &y.as_slice().expect("dense")[..6]);
}

#[test]
fn training_changes_what_is_trained() {
    let mut model = Scaled::init(&mut StdRng::seed_from_u64(1));
    let x = Array4::from_elem((2, 2, 1, 3), 1.0);
    let (_, gradients) = model.vjp(x.view(), x.view()).expect("runs");
    Sgd::new(0.1).step(&mut model, &gradients).expect("fits");
    assert_eq!(model.mask.as_slice(), [2.0; 3]);
    assert!(model.gamma.as_slice().iter().all(|gamma| (gamma - (0.5 - 0.6)).abs() < 1e-6));
    let path = std::env::temp_dir().join(format!("convshape-sources-{}.safetensors", std::process::id()));
    model.save(&path).expect("writes");
    let loaded = Scaled::load(&path).expect("reads");
    std::fs::remove_file(&path).expect("was there");
    assert_eq!(loaded.gamma.as_slice(), model.gamma.as_slice());
    assert_eq!(loaded.shift.as_slice(), model.shift.as_slice());
}

#[test]
fn parameters_in_blocks_and_repeats() {
    let model = Layered::init(&mut StdRng::seed_from_u64(1));
    let wanted = ["first.gamma", "turns.0.gain1.gamma", "turns.0.beta", "turns.1.gain1.gamma", "turns.1.beta"];
    assert_eq!(names(&model), wanted);
    assert_eq!(model.turns[1].beta.as_slice(), [1.0, 1.0]);
    let x = Array4::from_elem((1, 2, 2, 2), 1.0);
    let y = model.forward_batch(x.view()).expect("runs");
    // 1 * 3, then twice * 3 + 1.
    assert!(y.iter().all(|y| *y == 31.0), "{y}");
}

conv_chain! {
    struct Positions {
        input: [4];
        place: Arange(4);
        Add(_, place);
        output: [4];
    }
}

#[test]
fn numbers_in_order() {
    let model = Positions::init(&mut StdRng::seed_from_u64(1));
    assert!(names(&model).is_empty());
    let x: Array2<f32> = array![[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]];
    assert_eq!(model.forward_batch(x.view()).expect("runs"), array![[0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]]);
    let (dx, _) = model.vjp(x.view(), x.view()).expect("runs");
    assert_eq!(dx, x);
}

mod tables {
    /// Not square, so that swapped axes would show.
    pub(crate) static ROWS: [[f32; 3]; 2] = [[0.5, 1.5, -2.0], [3.0, 4.25, 5.0]];
    pub(crate) const FLAT: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    pub(crate) const WHOLE: [[u8; 1]; 2] = [[10], [20]];
    pub(crate) struct Of<const N: usize>;

    impl<const N: usize> Of<N> {
        pub(crate) const ALL: [f64; N] = [N as f64; N];
    }
}

use self::tables::FLAT;

conv_chain! {
    struct Tables {
        block Shift(count) {
            each: Constant(tables::WHOLE, [count, 1]);
            Add(_, each);
        }
        input: [2, 3];
        rows: Constant(tables::ROWS, [2, 3]);
        Add(_, rows);
        flat: Constant(FLAT, [2, 3]);
        Mul(_, flat);
        Shift(2);
        output: [2, 3];
    }
}

conv_chain! {
    struct Sized<const N: usize> {
        input: [N];
        all: Constant(tables::Of::<N>::ALL, [N]);
        Add(_, all);
        output: [N];
    }
}

/// Arrays are not parameters: they are not in files, counts and gradients.
#[test]
fn numbers_of_arrays() {
    let model = Tables::init(&mut StdRng::seed_from_u64(1));
    assert!(names(&model).is_empty());
    assert_eq!(Tables::summary().params(), 0);
    let x = Array3::from_shape_fn((2, 2, 3), |(sample, row, column)| (6 * sample + 3 * row + column) as f32);
    let y = model.forward_batch(x.view()).expect("runs");
    for ((sample, row, column), y) in y.indexed_iter() {
        let sum = x[[sample, row, column]] + tables::ROWS[row][column];
        let expected = sum * FLAT[3 * row + column] + f32::from(tables::WHOLE[row][0]);
        assert!((y - expected).abs() < 1e-5, "{y}, {expected} at {sample} {row} {column}");
    }
    let one = model.forward(&convshape::Tensor::from_slice(&x.as_slice().expect("dense")[6..]).expect("fits"));
    assert_eq!(one.as_slice(), &y.as_slice().expect("dense")[6..]);
    let (dx, _) = model.vjp(x.view(), x.mapv(|_| 1.0).view()).expect("runs");
    assert_eq!(dx.index_axis(Axis(0), 1).as_slice().expect("dense"), FLAT);
}

#[test]
fn arrays_of_generic_chains() {
    let model = Sized::<4>::init(&mut StdRng::seed_from_u64(1));
    let x: Array2<f32> = array![[0.0, 1.0, 2.0, 3.0]];
    assert_eq!(model.forward_batch(x.view()).expect("runs"), array![[4.0, 5.0, 6.0, 7.0]]);
    // A model is plain data.
    fn is_shared<T: Send + Sync + 'static>(_: &T) {}
    is_shared(&model);
}

const WIDTH: usize = 3;

conv_chain! {
    struct Deferred {
        input: [2, 4];
        c: Conv1d(WIDTH, kernel: 2);
        first: Slice(0..1, axis: 1) from c.weight;
        scale: Reshape([WIDTH, 2]) from first;
        low: Slice(0..1, axis: 1) from scale;
        Mul(c, low);
        Add(_, c.bias);
        output: [WIDTH, 3];
    }
}

/// The same if only const evaluation knows the shape of the parameter.
#[test]
fn parameters_whose_shape_is_known_later() {
    let model = Deferred::init(&mut StdRng::seed_from_u64(1));
    assert_eq!(names(&model), ["c.weight", "c.bias"]);
    assert_eq!(Deferred::summary().params(), 15);
    let x = Array3::from_shape_fn((1, 2, 4), |(_, channel, at)| (4 * channel + at) as f32);
    let y = model.forward_batch(x.view()).expect("runs");
    let (weight, bias) = (model.c.weight.as_slice(), model.c.bias.as_slice());
    for ((_, out, at), y) in y.indexed_iter() {
        let taps = (0..2).flat_map(|channel| (0..2).map(move |tap| (channel, tap)));
        let sum: f32 = taps.map(|(channel, tap)| weight[4 * out + 2 * channel + tap] * x[[0, channel, at + tap]]).sum();
        let expected = (sum + bias[out]) * weight[4 * out] + bias[out];
        assert!((y - expected).abs() < 1e-5, "{y}, {expected}");
    }
    let one = model.forward(&convshape::Tensor::from_slice(x.as_slice().expect("dense")).expect("fits"));
    assert_eq!(one.as_slice(), y.as_slice().expect("dense"));
}

conv_chain! {
    struct Transparent {
        block Pair(count) {
            norm: BatchNorm(count);
            #[name(transparent)]
            repeat i in 0..2 { #[name = "linear{i + 1}"] l: Linear(count); }
        }
        block Norm(count) { norm: BatchNorm(count); }
        input: [3];
        #[name(transparent)]
        only: Pair(3);
        inner: repeat 1 { #[name(transparent)] p: Norm(3); }
        output: [3];
    }
}

/// A transparent block is a field, but no part of the names in files.
#[test]
fn names_without_a_part_for_their_block() {
    let model = Transparent::init(&mut StdRng::seed_from_u64(1));
    assert_eq!(model.only.repeat1.len(), 2);
    let found = names(&model);
    assert_eq!(found[0], "norm.weight");
    assert!(found.contains(&"linear1.weight".to_owned()) && found.contains(&"linear2.bias".to_owned()), "{found:?}");
    assert!(found.contains(&"inner.0.norm.weight".to_owned()), "{found:?}");
}
