//! Sizes that the macro cannot see (constants, const generics, sub-chains) and run-time sizes: the chains run and agree
//! with literal ones.

use convshape::ndarray::{Array4, ArrayD, Axis, concatenate};
use convshape::rand::SeedableRng;
use convshape::rand::rngs::SmallRng;
use convshape::{Chain, Chw, Model, Shape, Tensor, conv_chain};

const CHANNELS: usize = 6;

mod config {
    pub(crate) const KERNEL: usize = 3;
}

conv_chain! {
    struct Literal {
        input: [1, 28, 20];
        enc: Conv2d(1 -> 6, kernel: 3, stride: 2, padding: 1, activation: Relu);
        dec: ConvTranspose2d(undo enc) restores enc;
        output: [1, 28, 20];
    }
}

conv_chain! {
    struct Constants {
        input: [1, 28, 20];
        enc: Conv2d(1 -> CHANNELS, kernel: config::KERNEL, stride: 2, padding: 1, activation: Relu);
        dec: ConvTranspose2d(undo enc) restores enc;
        output: [1, 28, 20];
    }
}

conv_chain! {
    struct Generic<const H: usize, const W: usize> {
        input: [1, H, W];
        enc: Conv2d(1 -> CHANNELS, kernel: 3, stride: 2, padding: 1, activation: Relu);
        dec: ConvTranspose2d(CHANNELS -> 1, kernel: 3, stride: 2, padding: 1, output_padding: _) restores enc;
        output: [1, H, W];
    }
}

conv_chain! {
    struct Symbolic {
        for h in 1.., w in 1..=8;
        input: [1, 4*h, 4*w];
        enc: Conv2d(1 -> 6, kernel: 3, stride: 2, padding: 1, activation: Relu);
        dec: ConvTranspose2d(undo enc) restores enc;
        output: [1, 4*h, 4*w];
    }
}

conv_chain! {
    struct Halves<const H: usize> {
        input: [2, H, H];
        down: Conv2d(2 -> CHANNELS * 2, kernel: 2, stride: 2);
        output: [CHANNELS * 2, H / 2, H / 2];
    }
}

conv_chain! {
    struct TwoPorts {
        input: x [1, 8, 8], y [1, 8, 8];
        sum: Add(x, y);
        twice: Scale(2.0) from sum;
        output: sum [1, 8, 8], twice [1, 8, 8];
    }
}

conv_chain! {
    struct Outer {
        input: [1, 8, 8];
        shift: Conv2d(1 -> 1, kernel: 1);
        both: Chain(TwoPorts) from (shift, input);
        first: Relu;
        more: Scale(3.0) from both.twice;
        joined: Concat(first, more);
        halves: Chain(Halves<8>);
        output: [12, 4, 4];
    }
}

fn random<M: Model>(make: impl Fn(&mut SmallRng) -> M) -> M {
    make(&mut SmallRng::seed_from_u64(7))
}

fn image(batch: usize, height: usize, width: usize) -> Array4<f32> {
    Array4::from_shape_fn((batch, 1, height, width), |(n, _, y, x)| ((n * 31 + y * 7 + x * 3) % 11) as f32 / 11.0)
}

#[test]
fn constants_are_literals() {
    let x = image(2, 28, 20);
    let expected = random(Literal::init).forward_batch(x.view()).unwrap();
    assert_eq!(random(Constants::init).forward_batch(x.view()).unwrap(), expected);
    assert_eq!(random(Generic::<28, 20>::init).forward_batch(x.view()).unwrap(), expected);
    assert_eq!(random(Symbolic::init).forward_batch(x.view()).unwrap(), expected);
}

#[test]
fn tables_agree() {
    for (a, b) in Literal::LAYERS.iter().zip(Generic::<28, 20>::LAYERS) {
        assert_eq!((a.name, a.op, a.input, a.output), (b.name, b.op, b.input, b.output));
        assert_eq!((a.params, a.macs, a.receptive_field), (b.params, b.macs, b.receptive_field));
    }
    assert_eq!(Generic::<28, 20>::OUTPUT, Literal::OUTPUT);
    assert_eq!(Literal::summary().macs(), Generic::<28, 20>::summary().macs());
}

#[test]
fn types_hold_const_parameters() {
    let model = random(Generic::<9, 12>::init);
    let x: Tensor<f32, Chw<1, 9, 12>> = Tensor::from_fn(|[_, y, x]| (y * x) as f32);
    let y: Tensor<f32, Chw<1, 9, 12>> = model.forward(&x);
    assert_eq!(y.view().dim(), (1, 9, 12));
    // A shape that cannot be written as a type is named after the chain: its own output.
    let halves = random(Halves::<8>::init);
    let y: Tensor<f32, convshape::Output<Halves<8>>> = halves.forward(&Tensor::zeros());
    assert_eq!(y.view().dim(), (12, 4, 4));
    assert_eq!(Halves::<10>::OUTPUT, Shape::of(&[12, 5, 5]));
    let () = Halves::<10>::CHECK;
}

#[test]
fn symbols_run_at_every_size_of_their_range() {
    assert_eq!(Symbolic::INPUT.to_string(), "[1, 4*h, 4*w]");
    let model = random(Symbolic::init);
    for (h, w) in [(1, 1), (1, 8), (5, 3), (40, 2)] {
        let y = model.forward_batch(image(1, 4 * h, 4 * w).view()).unwrap();
        assert_eq!(y.dim(), (1, 1, 4 * h, 4 * w));
    }
    assert_eq!(model.forward_batch(image(0, 8, 4).view()).unwrap().dim(), (0, 1, 8, 4));
    let refused = |height, width| model.forward_batch(image(1, height, width).view()).unwrap_err().to_string();
    assert!(refused(6, 8).contains("height 6, expected 4*h"), "{}", refused(6, 8));
    assert!(refused(8, 36).contains("width 36, expected 4*w"), "{}", refused(8, 36));
    assert!(!refused(8, 36).contains("height"), "{}", refused(8, 36));
}

#[test]
fn a_sub_chain_is_a_layer() {
    let mut model = random(Outer::init);
    model.shift.weight.as_mut_slice().fill(2.0);
    model.shift.bias.as_mut_slice().fill(0.0);
    let mut names = Vec::new();
    model.for_each_param(|name, _| names.push(name.to_owned()));
    assert_eq!(names, ["shift.weight", "shift.bias", "halves.down.weight", "halves.down.bias"]);
    let x = image(2, 8, 8);
    let found = model.forward_batch(x.view()).unwrap();
    // shift gives 2x, the sum is 3x, twice that 6x, times 3 is 18x.
    let joined = concatenate(Axis(1), &[(&x * 3.0).view(), (&x * 18.0).view()]).unwrap();
    let expected = model.halves.forward_batch(joined.view()).unwrap();
    assert!((&found - &expected).iter().all(|difference| difference.abs() < 1e-4));
    let dynamic: Vec<ArrayD<f32>> = model.run_batch(&[x.view().into_dyn()]).unwrap();
    assert_eq!(dynamic, [found.into_dyn()]);
}

#[test]
fn the_solver_is_public() {
    const PADDING: Option<i64> = convshape::padding::symmetric_padding(28, 14, 3, 2, 1);
    assert_eq!(PADDING, Some(1));
}
