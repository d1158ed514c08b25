//! `Split`: its outputs put together again are the input, forward, in the caller's memory and in the gradients.

use convshape::ndarray::{Array1, ArrayD, IxDyn};
use convshape::{Chain, Model, Workspace, conv_chain};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// 1, 2, 3, ..
fn ramp(sizes: &[i64]) -> ArrayD<f32> {
    let sizes: Vec<usize> = sizes.iter().map(|size| usize::try_from(*size).expect("positive")).collect();
    let count = sizes.iter().product::<usize>();
    let numbers = Array1::range(1.0, f32::from(u16::try_from(count + 1).expect("small")), 1.0);
    numbers.into_shape_with_order(IxDyn(&sizes)).expect("as many")
}

/// The chain gives `expected(place)` at each index of its output for the input 1, 2, 3, ..; its gradient returns each
/// cotangent to where the number came from.
fn permutes<M: Model + Chain>(expected: &[f32]) {
    let sizes = |shape: &convshape::Shape| -> Vec<i64> {
        [1].into_iter().chain(shape.sizes().iter().filter_map(|size| size.number())).collect()
    };
    let x = ramp(&sizes(&M::INPUTS[0].1));
    let model = M::init(&mut StdRng::seed_from_u64(0));
    let y = model.forward_batch(&[x.view()]).expect("runs").remove(0);
    assert_eq!(y.as_slice().expect("dense"), expected);
    let dy = ramp(&sizes(&M::OUTPUTS[0].1));
    let (dx, _) = model.vjp(&[x.view()], &[dy.view()]).expect("runs");
    let mut back = vec![0.0; x.len()];
    for (from, dy) in expected.iter().zip(&dy) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole numbers")]
        let place = *from as usize - 1;
        back[place] += dy;
    }
    assert_eq!(dx[0].as_slice().expect("dense"), back);
}

#[test]
fn equal_pieces_of_the_channels() {
    conv_chain! { struct Net { input: [4, 3]; s: Split(2); Concat(s.1, s.0); output: [4, 3]; } }
    permutes::<Net>(&[7., 8., 9., 10., 11., 12., 1., 2., 3., 4., 5., 6.]);
}

#[test]
fn pieces_of_given_sizes() {
    conv_chain! { struct Net { input: [4, 2]; s: Split([1, 3]); Concat(s.1, s); output: [4, 2]; } }
    permutes::<Net>(&[3., 4., 5., 6., 7., 8., 1., 2.]);
}

#[test]
fn pieces_of_another_axis() {
    conv_chain! { struct Net { input: [2, 4]; s: Split(chunks: 2, dim: 2); Concat(s.1, s.0); output: [4, 2]; } }
    permutes::<Net>(&[3., 4., 7., 8., 1., 2., 5., 6.]);
    conv_chain! { struct Named { input: [2, 4]; s: Split([1, 3], axis: length); Flatten from s.1; output: [6]; } }
    permutes::<Named>(&[2., 3., 4., 6., 7., 8.]);
}

#[test]
fn channels_at_the_end() {
    conv_chain! {
        struct Net { dialect: keras; input: [3, 4]; s: Split([3, 1]); Concat(s.1, s.0); output: [3, 4]; }
    }
    permutes::<Net>(&[4., 1., 2., 3., 8., 5., 6., 7., 12., 9., 10., 11.]);
    conv_chain! { struct Rows { dialect: keras; input: [4, 2]; s: Split(2, axis: 0); Flatten from s.1; output: [4]; } }
    permutes::<Rows>(&[5., 6., 7., 8.]);
}

/// A statement stands for its first output, and is read where any of its outputs is.
#[test]
fn reads_without_a_port_and_of_one_port() {
    conv_chain! { struct First { input: [4, 1]; Split(4); output: [1, 1]; } }
    permutes::<First>(&[1.]);
    conv_chain! { struct Last { input: [4, 1]; s: Split(4); Identity from s.3; output: [1, 1]; } }
    permutes::<Last>(&[4.]);
}

const HALF: usize = 2;

/// With sizes from constants, from a block, from a symbol; a second run.
#[test]
fn sizes_from_elsewhere() {
    conv_chain! { struct Const { input: [5, 1]; s: Split([HALF, 3]); Concat(s.1, s.0); output: [5, 1]; } }
    permutes::<Const>(&[3., 4., 5., 1., 2.]);
    conv_chain! {
        struct Blocks {
            block Swap(n) { s: Split([n, 4 - n]); Concat(s.1, s.0); }
            input: [4, 1];
            Swap(1);
            Swap(3);
            output: [4, 1];
        }
    }
    permutes::<Blocks>(&[1., 2., 3., 4.]);
    conv_chain! {
        struct Again {
            input: [4, 1];
            s: Split(2);
            t: reuse s from s.1;
            Concat(t.1, t.0);
            output: [2, 1];
        }
    }
    permutes::<Again>(&[4., 3.]);
    conv_chain! {
        struct Symbolic { for n in 1..; input: [1, 4 * n]; s: Split(2, axis: 1); Concat(s.1, s.0); output: [2, 2 * n]; }
    }
    let model = Symbolic::init(&mut StdRng::seed_from_u64(0));
    let y = Model::forward_batch(&model, &[ramp(&[1, 1, 8]).view()]).expect("runs").remove(0);
    assert_eq!(y.as_slice().expect("dense"), [5., 6., 7., 8., 1., 2., 3., 4.]);
}

#[test]
fn without_a_heap() {
    conv_chain! { struct Net { input: [2, 4]; s: Split([1, 3], axis: 1); Mul(s.0, s.1); output: [2, 3]; } }
    let model = Net::init(&mut StdRng::seed_from_u64(0));
    let mut workspace = Workspace::new::<Net>();
    let mut y = [[0.0; 3]; 2];
    model.forward_into(&[[1., 2., 3., 4.], [5., 6., 7., 8.]], &mut y, &mut workspace);
    assert_eq!(y, [[2., 3., 4.], [30., 35., 40.]]);
}
