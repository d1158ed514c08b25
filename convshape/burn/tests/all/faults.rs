//! Bugs of burn that this crate works around. If one of these tests fails, the workaround can be removed.

use burn::tensor::module::{conv1d, conv2d};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

/// The weight gradient of a grouped `conv1d` if the stride leaves a row over: `conv1d_weight_grad_groups` does not cut
/// to the kernel's size, as the functions for two and three axes do.
#[test]
fn grouped_conv1d_has_a_wrong_weight_gradient() {
    let device = Device::flex().autodiff();
    let numbers = |count: usize, step: usize| -> Vec<f32> { (0..count).map(|i| (i * step % 7) as f32).collect() };
    let x = Tensor::<1>::from_floats(&numbers(20, 3)[..], &device);
    let cotangent = Tensor::<1>::from_floats(&numbers(8, 5)[..], &device);
    let weight = Tensor::<1>::from_floats(&numbers(16, 2)[..], &device);

    let flat = weight.clone().reshape([4, 2, 2]).require_grad();
    let y = conv1d(x.clone().reshape([1, 4, 5]), flat.clone(), None, ConvOptions::new([2], [0], [1], 2));
    let gradients = (y * cotangent.clone().reshape([1, 4, 2])).sum().backward();
    let one: Vec<f32> = flat.grad(&gradients).expect("a gradient").try_into_vec_as().expect("numbers");

    let flat = weight.reshape([4, 2, 1, 2]).require_grad();
    let options = ConvOptions::new([1, 2], [0, 0], [1, 1], 2);
    let y = conv2d(x.reshape([1, 4, 1, 5]), flat.clone(), None, options);
    let gradients = (y * cotangent.reshape([1, 4, 1, 2])).sum().backward();
    let two: Vec<f32> = flat.grad(&gradients).expect("a gradient").try_into_vec_as().expect("numbers");

    // By hand: `sum over j of cotangent[o, j] * x[i, 2 j + tap]`.
    let (x, cotangent) = (numbers(20, 3), numbers(8, 5));
    let mut by_hand = Vec::new();
    for o in 0..4 {
        for i in [0, 1].map(|i| o / 2 * 2 + i) {
            by_hand
                .extend([0, 1].map(|tap| (0..2).map(|j| cotangent[2 * o + j] * x[5 * i + 2 * j + tap]).sum::<f32>()));
        }
    }
    assert_eq!(two, by_hand);
    assert_ne!(one, by_hand);
}
