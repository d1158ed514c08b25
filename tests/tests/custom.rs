//! User-defined layers in a chain: shapes, files, gradients, training, the graph.

use convshape::graph::{Graph, Op};
use convshape::ndarray::{Array2, Array4, arr1, array};
use convshape::train::{Adam, Data, Fit, Mean, Mse, Sgd, Weighted};
use convshape::{Backward, C, Chain, Chw, CustomLayer, CustomParam, Forward, Model, conv_chain};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// The sum of the first, times a factor, and the second; and the mean of the second: reads and gives two values.
struct Mixed;

impl CustomLayer for Mixed {
    type Input = (C<3>, C<3>);
    type Output = (C<3>, C<1>);
    const PARAMS: &'static [CustomParam] =
        &[CustomParam::new("factor", &[3]).uniform(1.0), CustomParam::new("shift", &[1]).constant(0.5).fixed()];
    const MACS: u64 = 6;

    fn forward(Forward { params, inputs, outputs }: Forward<'_>) {
        for index in 0..3 {
            outputs[0][index] = params[0][index] * inputs[0][index] + inputs[1][index] + params[1][0];
            outputs[1][0] += inputs[1][index] / 3.0;
        }
    }

    fn backward(layer: Backward<'_>) {
        let [first, mean] = layer.output_gradients else { return };
        for index in 0..3 {
            layer.param_gradients[0][index] += layer.inputs[0][index] * first[index];
            layer.input_gradients[0][index] += layer.params[0][index] * first[index];
            layer.input_gradients[1][index] += first[index] + mean[0] / 3.0;
        }
    }
}

conv_chain! {
    struct Two {
        input: x [3], y [3];
        a: Linear(3 -> 3) from x;
        m: Custom(Mixed) from (a, y) -> sum [3], mean [1];
        Relu from m.sum;
        Concat(_, m.mean);
        output: [4];
    }
}

/// Rounds to multiples of one number, with the gradient passed straight through.
struct Rounded<const N: usize>;

impl<const N: usize> CustomLayer for Rounded<N> {
    type Input = C<N>;
    type Output = C<N>;

    fn forward(Forward { inputs, outputs, .. }: Forward<'_>) {
        outputs[0].iter_mut().zip(inputs[0]).for_each(|(y, x)| *y = x.round());
    }

    fn backward(layer: Backward<'_>) {
        layer.input_gradients[0].iter_mut().zip(layer.output_gradients[0]).for_each(|(dx, dy)| *dx += dy);
    }
}

conv_chain! {
    /// With a size that only const evaluation knows, and run again.
    struct Rounds<const N: usize> {
        input: [N];
        Custom(Rounded<N>, activation: Relu) -> [N];
        Scale(by: 1.5);
        second: Custom(Rounded<N>) -> [N];
        Scale(by: 1.5);
        reuse second;
        output: [N];
    }
}

conv_chain! {
    struct InBlocks {
        block Round() { Custom(Rounded<4>) -> [4]; Scale(by: 1.5); }
        input: [4];
        first: Round();
        repeat 2 { Round(); }
        output: [4];
    }
}

/// Multiplies by a number for each element.
struct Weighted1<const N: usize>;

impl<const N: usize> CustomLayer for Weighted1<N> {
    type Input = C<N>;
    type Output = C<N>;
    const PARAMS: &'static [CustomParam] = &[CustomParam::new("factor", &[N as i64]).constant(2.0)];

    fn forward(Forward { params, inputs, outputs }: Forward<'_>) {
        (0..N).for_each(|index| outputs[0][index] = params[0][index] * inputs[0][index]);
    }

    fn backward(layer: Backward<'_>) {
        for index in 0..N {
            let dy = layer.output_gradients[0][index];
            layer.param_gradients[0][index] += layer.inputs[0][index] * dy;
            layer.input_gradients[0][index] += layer.params[0][index] * dy;
        }
    }
}

conv_chain! {
    /// In blocks and repeats, of sizes that only const evaluation knows.
    struct GenericBlocks<const N: usize> {
        block Both() { w: Custom(Weighted1<N>) -> [N]; Custom(Rounded<N>) -> [N]; }
        input: [N];
        first: Both();
        rest: repeat 2 { Both(); }
        output: [N];
    }
}

#[test]
fn a_generic_layer_in_a_block() {
    let mut model = GenericBlocks::<3>::init(&mut rng());
    model.rest[1].both1.w["factor"].as_mut_slice()[0] = 0.5;
    let mut names = Vec::new();
    model.for_each_param(|name, param| names.push(format!("{name} {:?}", param.shape())));
    assert_eq!(names, ["first.w.factor [3]", "rest.0.both1.w.factor [3]", "rest.1.both1.w.factor [3]"]);
    let x = array![[1.0, 0.5, -1.0]];
    assert_eq!(model.forward_batch(x.view()).expect("runs"), array![[2.0, 4.0, -8.0]]);
    let (dx, gradients) = model.vjp(x.view(), array![[1.0, 1.0, 1.0]].view()).expect("runs");
    assert_eq!(dx, array![[2.0, 8.0, 8.0]]);
    assert_eq!(gradients.rest[1].both1.w["factor"].as_slice(), [4.0, 2.0, -4.0]);
}

#[test]
fn a_layer_computes_and_counts() {
    let mut model = Two::init(&mut rng());
    let factor = &model.m["factor"];
    assert!(factor.as_slice().iter().all(|number| number.abs() <= 1.0) && factor.as_slice()[0] != factor.as_slice()[1]);
    assert_eq!(model.m["shift"].as_slice(), [0.5]);
    assert!(model.m.get("scale").is_none());
    model.a.weight.as_mut_slice().copy_from_slice(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    model.a.bias.as_mut_slice().fill(0.0);
    model.m["factor"].as_mut_slice().copy_from_slice(&[2.0, 3.0, -4.0]);
    let (x, y) = (array![[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]], array![[0.5, 1.0, 1.5], [3.0, 0.0, 0.0]]);
    let found = model.forward_batch((x.view(), y.view())).expect("runs");
    assert_eq!(found, array![[3.0, 7.5, 0.0, 1.0], [3.5, 3.5, 0.5, 1.0]]);
    let one =
        model.forward((&x.row(0).to_vec().try_into().expect("fits"), &y.row(0).to_vec().try_into().expect("fits")));
    assert_eq!(one.as_slice(), [3.0, 7.5, 0.0, 1.0]);

    assert_eq!(Two::summary().params(), 12 + 3, "what is not trained does not count");
    let row = Two::LAYERS.iter().find(|row| row.name == "m").expect("has a row");
    assert_eq!((row.op, row.params, row.macs), ("Custom", 3, 6));
    let graph = Graph::of::<Two>();
    let node = graph.nodes().iter().find(|node| node.name == "m").expect("has a node");
    assert!(matches!(&node.op, Op::Custom { layer, count: 2, .. } if layer.name() == "Mixed"));
}

#[test]
fn gradients_are_those_of_the_layer() {
    let model = Two::init(&mut rng());
    let (x, y) = (array![[1.0, 2.0, 3.0], [0.3, -1.0, 0.7]], array![[5.5, 6.0, 7.5], [8.0, 6.0, 9.0]]);
    let cotangent = array![[1.0, -2.0, 0.5, 3.0], [0.25, 1.0, -1.0, 2.0]];
    let ((dx, dy), gradients) = model.vjp((x.view(), y.view()), cotangent.view()).expect("runs");
    let loss = |model: &Two, x: &Array2<f32>, y: &Array2<f32>| -> f64 {
        let found = model.forward_batch((x.view(), y.view())).expect("runs");
        found.iter().zip(&cotangent).map(|(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b)).sum()
    };
    let step = 1.0 / 64.0;
    let close = |found: f32, ahead: f64, behind: f64| {
        let expected = (ahead - behind) / (2.0 * f64::from(step));
        assert!((f64::from(found) - expected).abs() < 2e-3, "{found}, differences give {expected}");
    };
    for index in 0..6 {
        let moved = |numbers: &Array2<f32>, by: f32| {
            let mut numbers = numbers.clone();
            numbers.as_slice_mut().expect("dense")[index] += by;
            numbers
        };
        let at = |numbers: &Array2<f32>| numbers.as_slice().expect("dense")[index];
        close(at(&dx), loss(&model, &moved(&x, step), &y), loss(&model, &moved(&x, -step), &y));
        close(at(&dy), loss(&model, &x, &moved(&y, step)), loss(&model, &x, &moved(&y, -step)));
    }
    for index in 0..3 {
        let moved = |by: f32| {
            let mut model = model.clone();
            model.m["factor"].as_mut_slice()[index] += by;
            model
        };
        close(gradients.m["factor"].as_slice()[index], loss(&moved(step), &x, &y), loss(&moved(-step), &x, &y));
    }
    assert_eq!(gradients.m["shift"].as_slice(), [0.0]);
}

#[test]
fn a_gradient_goes_straight_through() {
    let model = Rounds::<4>::init(&mut rng());
    let x = array![[0.6, -0.7, 2.2, 1.4]];
    // 1 and 2 and 3, then 1.5 and 3 and 4.5 -> 2; ..
    assert_eq!(model.forward_batch(x.view()).expect("runs"), array![[3.0, 0.0, 5.0, 3.0]]);
    let (dx, _) = model.vjp(x.view(), array![[1.0, 2.0, 3.0, 4.0]].view()).expect("runs");
    assert_eq!(dx, array![[2.25, 0.0, 6.75, 9.0]]);
    assert_eq!(Rounds::<4>::summary().params(), 0);
    let found = InBlocks::init(&mut rng()).forward_batch(x.view()).expect("runs");
    assert_eq!(found, array![[4.5, -4.5, 7.5, 4.5]]);
}

#[test]
fn parameters_are_in_files() {
    let model = Two::init(&mut rng());
    let mut names = Vec::new();
    model.for_each_param(|name, param| names.push(format!("{name} {:?}", param.shape())));
    assert_eq!(names, ["a.weight [3, 3]", "a.bias [3]", "m.factor [3]", "m.shift [1]"]);
    let path = std::env::temp_dir().join(format!("custom_{}.safetensors", std::process::id()));
    model.save(&path).expect("is written");
    let loaded = Two::load(&path).expect("is read");
    let bytes = std::fs::read(&path).expect("is there");
    std::fs::remove_file(&path).expect("is there");
    assert_eq!(loaded.m["factor"], model.m["factor"]);
    assert_eq!(Two::load_bytes(&bytes).expect("is read").m["factor"], model.m["factor"]);
    assert_eq!(format!("{:?}", model.m), "{\"factor\": Param [3], \"shift\": Param [1]}");
}

#[test]
fn training_changes_what_is_trained() {
    let mut model = Two::init(&mut rng());
    let fresh = model.clone();
    let (x, y) = (Array2::from_elem((8, 3), 0.5), Array2::from_elem((8, 3), 1.0));
    let target = Array2::from_elem((8, 4), 2.0);
    let (_, gradients) = model.gradients((x.view(), y.view()), target.view(), Mse).expect("runs");
    Sgd::new(0.1).step(&mut model, &gradients).expect("fits");
    assert_ne!(model.m["factor"], fresh.m["factor"]);
    let data = Data::new((x.view(), y.view()), target.view()).expect("fits");
    let history = Fit::new(Adam::new(0.05), Mse).epochs(40).batch(4).quiet().run(&mut model, &data).expect("runs");
    // The mean of `y` cannot change.
    assert!((history.epochs[39].loss - 0.25).abs() < 0.02, "{}", history.epochs[39].loss);
    assert_eq!(model.m["shift"], fresh.m["shift"]);
}

/// The vector quantiser of a VQ-VAE: the nearest of 4 vectors of 2 numbers at each of 2 x 3 positions.
struct Quantiser;

const COMMITMENT: f32 = 0.25;

impl Quantiser {
    fn nearest(codebook: &[f32], x: &[f32], position: usize) -> usize {
        let distance =
            |entry: usize| -> f32 { (0..2).map(|d| (codebook[2 * entry + d] - x[6 * d + position]).powi(2)).sum() };
        (0..4).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(0)
    }
}

impl CustomLayer for Quantiser {
    type Input = Chw<2, 2, 3>;
    type Output = (Chw<2, 2, 3>, C<1>);
    const PARAMS: &'static [CustomParam] = &[CustomParam::new("codebook", &[4, 2]).normal(1.0)];

    fn forward(Forward { params, inputs, outputs }: Forward<'_>) {
        for position in 0..6 {
            let entry = Self::nearest(params[0], inputs[0], position);
            for d in 0..2 {
                let (at, code) = (6 * d + position, params[0][2 * entry + d]);
                outputs[0][at] = code;
                outputs[1][0] += (1.0 + COMMITMENT) * (code - inputs[0][at]).powi(2) / 12.0;
            }
        }
    }

    fn backward(layer: Backward<'_>) {
        for position in 0..6 {
            let entry = Self::nearest(layer.params[0], layer.inputs[0], position);
            for d in 0..2 {
                let (at, code) = (6 * d + position, 2 * entry + d);
                let away = 2.0 * layer.output_gradients[1][0] * (layer.params[0][code] - layer.inputs[0][at]) / 12.0;
                layer.param_gradients[0][code] += away;
                layer.input_gradients[0][at] += layer.output_gradients[0][at] - COMMITMENT * away;
            }
        }
    }
}

conv_chain! {
    struct Vq {
        input: [2, 2, 3];
        q: Custom(Quantiser) -> z [2, 2, 3], loss [1];
        loss: Identity from q.loss;
        output: q [2, 2, 3], loss [1];
    }
}

/// PyTorch's answers for `z + (e - z).detach()` and `mse(e, z.detach()) + 0.25 * mse(z, e.detach())`.
#[test]
fn a_vector_quantiser_has_pytorchs_gradients() {
    let mut model = Vq::init(&mut rng());
    model.q["codebook"].as_mut_slice().copy_from_slice(&[0.0, 0.0, 1.0, 1.0, -1.0, 1.0, 0.5, -1.0]);
    let x: Vec<f32> = (0..12).map(|index| ((index * 7) % 12) as f32 / 4.0 - 1.25).collect();
    let x = Array4::from_shape_vec((1, 2, 2, 3), x).expect("fits");
    let (z, loss) = model.forward_batch(x.view()).expect("runs");
    assert_eq!(z.as_slice().expect("dense"), Z);
    assert!((loss[[0, 0]] - LOSS).abs() < 1e-6, "{loss}");
    let dz = Array4::from_shape_fn((1, 2, 2, 3), |(_, c, h, w)| (6 * c + 3 * h + w) as f32 / 8.0);
    let (dx, gradients) = model.vjp(x.view(), (dz.view(), array![[2.0]].view())).expect("runs");
    let close = |found: &[f32], expected: &[f32]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}, {expected:?}");
    };
    close(dx.as_slice().expect("dense"), &DX);
    close(gradients.q["codebook"].as_slice(), &DCODEBOOK);
    let mut evaluated = (Mse, Weighted(0.5, Mean));
    let value = convshape::train::Loss::evaluate(
        &mut evaluated,
        &[z.view().into_dyn(), loss.view().into_dyn()],
        &[z.view().into_dyn()],
    );
    assert!((value.expect("fits").value - f64::from(0.5 * LOSS)).abs() < 1e-6);
    assert_eq!(arr1(&Z).len(), 12);
}
const Z: [f32; 12] = [-1.0, 0.5, -1.0, 0.5, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0];
const LOSS: f32 = 0.3255208;
const DX: [f32; 12] = [
    -0.0208333, 0.125, 0.2708333, 0.4166667, 0.5625, 0.6666667, 0.6875, 0.875, 0.9791667, 1.1666667, 1.2708333,
    1.2916667,
];
const DCODEBOOK: [f32; 8] = [0.0, 0.0, -0.1666667, 0.3333333, -0.25, 0.25, -0.1666667, -0.1666667];
