//! Graphs by hand: what is worked out, what is refused, other sizes.

use convshape_arith::graph::{Graph, GraphError, Layer};
use convshape_arith::op::Role;
use convshape_arith::op::{Activation, AxisOrder, Conv, Dialect, Direction, Op, ResizeTo, Upsample};
use convshape_arith::op::{Interpolation, SeparableConv, WeightFrom};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Size, Symbol};

const RELU: Op = Op::Activation(Activation::Relu);

fn conv(direction: Direction, outputs: i64) -> Op {
    let conv = Conv::new(Dialect::Torch, direction, 1);
    Op::Conv(Conv { outputs, kernel: [2, 1, 1], stride: [2, 1, 1], ..conv })
}

/// A convolution, an activation, and a transposed convolution with the weight of the first.
fn autoencoder(input: Shape) -> Result<Graph, GraphError> {
    let mut graph = Graph::new("Autoencoder", AxisOrder::ChannelsFirst);
    let x = graph.input("input", input);
    let y = graph.push("enc", conv(Direction::Forward, 3), &[x])?;
    let y = graph.push("enc", RELU, &[y])?;
    let reads = [y];
    let layer = Layer::new("dec", conv(Direction::Transposed, 2), &reads);
    let y = graph.push_layer(&Layer { file_name: "decoder.0", tied: Some(0), ..layer })?;
    graph.output("output", y)?;
    Ok(graph)
}

#[test]
fn shapes_parameters_and_counts_are_worked_out() {
    let graph = autoencoder(Shape::of(&[2, 8])).unwrap();
    let shapes: Vec<String> = graph.values().iter().map(|value| value.shape.to_string()).collect();
    assert_eq!(shapes, ["[2, 8]", "[3, 4]", "[3, 4]", "[2, 8]"]);
    assert_eq!(graph.values()[2].node, Some(1));

    let params: Vec<_> = graph.params().iter().map(|p| (&p.name[..], p.role, p.node, p.elements.clone())).collect();
    let expected = [
        ("enc.weight", Role::Kernel, 0, 0..12),
        ("enc.bias", Role::Bias, 0, 12..15),
        ("decoder.0.bias", Role::Bias, 2, 15..17),
    ];
    assert_eq!(params, expected);
    let [enc, relu, dec] = graph.nodes() else { panic!("three nodes") };
    assert_eq!((&enc.params[..], &relu.params[..], &dec.params[..]), (&[0, 1][..], &[][..], &[0, 2][..]));
    assert_eq!((dec.tied, graph.shape(dec.outputs[0])), (Some(0), &Shape::of(&[2, 8])));
    let Op::Conv(conv) = dec.op else { panic!("a convolution") };
    assert_eq!((conv.inputs, conv.weight), (Some(3), WeightFrom::Tied));
    assert_eq!((enc.macs, relu.macs, dec.macs, graph.macs()), (48, 0, 48, 96));
    assert_eq!(graph.readers(), [1, 1, 1, 1]);
}

#[test]
fn the_kernels_of_a_separable_convolution_have_roles_and_layouts() {
    let mut conv = SeparableConv::new(2);
    (conv.depthwise.kernel, conv.pointwise.outputs) = ([3, 3, 1], 5);
    let mut graph = Graph::new("Separable", AxisOrder::ChannelsLast);
    graph.input("input", Shape::of(&[8, 8, 2]));
    graph.push("sep", Op::SeparableConv(conv), &[0]).unwrap();
    let found: Vec<_> = graph.params().iter().map(|p| (p.role, &p.name[..], p.shape, p.layout.is_some())).collect();
    let expected = [
        (Role::Depthwise, "sep/depthwise_kernel", Shape::of(&[3, 3, 2, 1]), true),
        (Role::Pointwise, "sep/pointwise_kernel", Shape::of(&[1, 1, 2, 5]), true),
        (Role::Bias, "sep/bias", Shape::of(&[5]), false),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_does_not_fit_leaves_the_graph_as_it_was() {
    let mut graph = Graph::new("Test", AxisOrder::ChannelsFirst);
    graph.input("input", Shape::of(&[2, 8]));
    graph.push("enc", conv(Direction::Forward, 3), &[0]).unwrap();
    let before = graph.clone();
    let like = Upsample { rank: None, to: ResizeTo::Like, mode: Interpolation::Nearest, align_corners: None };
    let linear = Op::Linear { dialect: Dialect::Torch, inputs: Some(5), outputs: 1, bias: true };
    let tied = |of| Layer { tied: Some(of), ..Layer::new("dec", conv(Direction::Transposed, 3), &[0]) };

    let refused = [
        (graph.push("head", linear, &[1]), "`head` does not take what it reads: Features"),
        (graph.push("none", RELU, &[]), "`none` cannot read 0 values"),
        (graph.push("up", Op::Upsample(like), &[1]), "`up` cannot read 1 values"),
        (graph.push("later", RELU, &[2]), "`later` reads value 2, which no input or earlier layer gives"),
        (graph.push_layer(&tied(0)), "`dec` uses the weight of node 0, which has none of its shape"),
        (graph.push_layer(&tied(7)), "`dec` uses the weight of node 7, which has none of its shape"),
    ];
    for (result, message) in refused {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    assert_eq!(
        graph.output("output", 9).unwrap_err().to_string(),
        "`output` reads value 9, which no input or earlier layer gives"
    );
    assert_eq!(graph, before);
}

#[test]
fn symbols_are_bound_by_name() {
    const SCOPE: &[Symbol] = &[Symbol { name: "n", low: 1, high: i64::MAX }, Symbol { name: "m", low: 2, high: 9 }];
    let length = Size::Symbolic { scale: 2, symbol: 1, offset: 4 };
    let graph = autoencoder(Shape::new(&[Size::Number(2), length], SCOPE)).unwrap();
    assert_eq!(graph.symbols(), SCOPE);
    assert_eq!((graph.shape(1).to_string(), graph.macs()), ("[3, m + 2]".into(), 0));

    let bound = graph.bind(&[("m", 2)]).unwrap();
    assert_eq!(bound, autoencoder(Shape::of(&[2, 8])).unwrap());
    assert!(bound.symbols().is_empty());
    let refused = [
        (&[("m", 10)][..], "`m` is 10, but its range is 2..=9"),
        (&[("n", 0)], "`n` is 0, but its range is 1.."),
        (&[("k", 3)], "the graph has no symbol `k`"),
        (&[("n", 3)], "the symbol `m` has no value"),
    ];
    for (values, message) in refused {
        assert_eq!(graph.bind(values).unwrap_err().to_string(), message);
    }
}

#[test]
fn inputs_can_have_other_shapes() {
    let graph = autoencoder(Shape::of(&[2, 8])).unwrap();
    let other = graph.with_inputs(&[Shape::of(&[2, 12])]).unwrap();
    assert_eq!(other.shape(other.outputs()[0].value), &Shape::of(&[2, 12]));
    let error = graph.with_inputs(&[Shape::of(&[5, 8])]).unwrap_err();
    assert!(matches!(error, GraphError::Layer { layer, .. } if layer == "enc"));
    let error = graph.with_inputs(&[]).unwrap_err();
    assert_eq!(error.to_string(), "the graph has 1 inputs, found the shapes of 0");
}
