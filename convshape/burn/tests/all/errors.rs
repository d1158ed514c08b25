//! Data that does not fit gives an error that says what was found and what was expected.

use burn::tensor::{Device, Tensor};
use convshape::Shape;
use convshape::conv_chain;
use convshape::graph::op::{Conv, Dialect, Direction, Padding};
use convshape::graph::{AxisOrder, Graph, Op};
use convshape_burn::{AnyTensor, BurnError, BurnGraph, BurnModel};
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    struct Net {
        for h in 1..=4;
        input: x [1, 2*h, 6], y [1, 2*h, 6];
        a: Add(x, y);
        c: Conv2d(1 -> 2, kernel: 2, stride: 2);
        output: [2, h, 3];
    }
}

fn net() -> BurnModel<Net> {
    BurnModel::from_model(&Net::init(&mut StdRng::seed_from_u64(1)), &Device::flex()).expect("burn has all of it")
}

fn zeros<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    Tensor::zeros(dims, &Device::flex())
}

#[test]
fn inputs_are_checked() {
    let run = |x: Tensor<4>, y: Tensor<4>| net().forward::<_, Tensor<4>>((x, y)).map(|y| y.dims());
    let message = |x, y| run(x, y).expect_err("shapes that do not fit").to_string();
    assert_eq!(run(zeros([5, 1, 6, 6]), zeros([5, 1, 6, 6])), Ok([5, 2, 3, 3]));
    assert_eq!(
        message(zeros([5, 1, 6, 7]), zeros([5, 1, 6, 6])),
        "`x` has shape [5, 1, 6, 7], expected a batch of [1, 2*h, 6]"
    );
    assert_eq!(
        message(zeros([5, 1, 6, 6]), zeros([5, 1, 4, 6])),
        "`x` has shape [5, 1, 6, 6], expected a batch of [1, 2*h, 6]"
    );
    assert_eq!(
        message(zeros([5, 1, 7, 6]), zeros([5, 1, 7, 6])),
        "`x` has shape [5, 1, 7, 6], expected a batch of [1, 2*h, 6]"
    );
    assert_eq!(message(zeros([5, 1, 10, 6]), zeros([5, 1, 10, 6])), "`h` is 5, but its range is 1..=4");
    assert_eq!(message(zeros([5, 1, 1, 6]), zeros([5, 1, 1, 6])), "`h` is 0, but its range is 1..=4");
    assert_eq!(
        message(zeros([5, 1, 6, 6]), zeros([4, 1, 6, 6])),
        "the batch of `y` has 4 samples, that of the first input has 5"
    );
    let one = net().forward::<_, Tensor<4>>(zeros([5, 1, 6, 6])).expect_err("an input is missing");
    assert_eq!(one.to_string(), "`Net` has 2 inputs, found 1 tensors");
    let inputs = || (zeros([5, 1, 6, 6]), zeros([5, 1, 6, 6]));
    let two = net().forward::<_, (Tensor<4>, Tensor<4>)>(inputs()).expect_err("there is one output");
    assert_eq!(two.to_string(), "`Net` has 1 outputs, found 2 tensors");
    let flat = net().forward::<_, Tensor<2>>(inputs()).expect_err("the output has four axes");
    assert_eq!(flat.to_string(), "an output of shape [5, 2, 3, 3] was asked for as a tensor of 2 axes");
    // A tensor without a batch axis, or with too few.
    assert!(net().forward::<_, Tensor<4>>((zeros([1, 6, 6]), zeros([1, 6, 6]))).is_err());
    assert!(net().forward::<_, Tensor<4>>((zeros([1]), zeros([1]))).is_err());
    let elements = AnyTensor::from_flat(zeros([5]), vec![2, 3]).expect_err("six elements");
    assert_eq!(elements.to_string(), "found 5 elements for a tensor of shape [2, 3]");
}

#[test]
fn what_burn_cannot_express_names_its_layer() {
    let mut graph = Graph::new("Net", AxisOrder::ChannelsLast);
    let x = graph.input("x", Shape::of(&[6, 2]));
    let plain = Conv::new(Dialect::Flax, Direction::Transposed, 1);
    let conv = Conv { outputs: 2, kernel: [3; 3], padding: Padding::Reflect, bias: false, ..plain };
    match graph.push("dec", Op::Conv(conv), &[x]) {
        Ok(y) => {
            graph.output("y", y).expect("a value");
            let error = BurnGraph::new(&graph, &[vec![0.0; 12]], &Device::flex()).expect_err("a mirrored border");
            assert!(matches!(&error, BurnError::Inexpressible { layer, .. } if layer == "dec"), "{error}");
        }
        // Then the graph has no such layer.
        Err(error) => assert!(error.to_string().contains("`dec`")),
    }
    let mut graph = Graph::new("Net", AxisOrder::ChannelsFirst);
    let x = graph.input("x", Shape::of(&[2]));
    let linear = Op::Linear { dialect: Dialect::Torch, inputs: None, outputs: 3, bias: true };
    graph.push("head", linear, &[x]).expect("a layer");
    let error = BurnGraph::new(&graph, &[vec![0.0; 6], vec![0.0; 2]], &Device::flex()).expect_err("a short bias");
    assert_eq!(error.to_string(), "`head.bias` has 2 elements, expected 3");
}
