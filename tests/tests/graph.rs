//! Compares the graph of a model with the model itself.

use convshape::graph::{Graph, Op, Role};
use convshape::rand::SeedableRng;
use convshape::rand::rngs::SmallRng;
use convshape::{Model, Shape, conv_chain};

conv_chain! {
    struct Inner {
        input: [4, 8];
        enc: Conv1d(4 -> 6, kernel: 2, stride: 2, activation: Relu);
        #[name = "decoder.0"]
        dec: ConvTranspose1d(undo enc);
        code: Scale(0.5) from enc;
        output: dec [4, 8], code [6, 4];
    }
}

conv_chain! {
    struct Outer {
        block Double(channels) {
            c: Conv1d(channels, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
            BatchNorm(channels);
        }
        input: x [4, 8], y [4, 8];
        Add(x, y);
        #[name = "inner.net"]
        inner: Chain(Inner);
        blocks: repeat 2 { d: Double(4); };
        code: Conv1d(6 -> 4, kernel: 1, bias: false) from inner.code;
        output: blocks [4, 8], code [4, 4];
    }
}

conv_chain! {
    struct Symbolic {
        for h in 1..=64, w in 1..;
        input: [3, 4*h, 4*w + 2];
        enc: Conv2d(3 -> 8, kernel: 2, stride: 2, activation: Relu);
        norm: GroupNorm(groups: 4);
        dec: ConvTranspose2d(undo enc);
        output: [3, 4*h, 4*w + 2];
    }
}

conv_chain! {
    struct Generic<const N: usize> {
        input: [1, N];
        a: Conv1d(1 -> N, kernel: N, bias: false);
        output: [N, 1];
    }
}

conv_chain! {
    struct Mirror {
        input: [4, 8];
        enc: Conv1d(4 -> 6, kernel: 2, stride: 2, activation: Relu);
        dec: ConvTranspose1d(undo enc, tied: true);
        more: reuse enc;
        ConvTranspose1d(undo more, tied: true);
        output: [4, 8];
    }
}

conv_chain! {
    /// Shared weights inside of sub-chains that share their parameters.
    struct Mirrors {
        input: [4, 8];
        Scale(2);
        one: Chain(Mirror);
        two: reuse one;
        three: Chain(Mirror);
        four: reuse three;
        PReLU(4);
        output: [4, 8];
    }
}

/// What generic code sees: a model's names, from the model and from its graph.
fn agrees<M: Model>(model: &M) {
    let graph = Graph::of::<M>();
    let mut params = graph.params().iter();
    let mut start = 0;
    model.for_each_param(|name, param| {
        let described = params.next().expect("the graph has all parameters");
        let sizes: Vec<i64> = param.shape().iter().map(|&size| i64::try_from(size).unwrap()).collect();
        assert_eq!((&described.name[..], described.shape), (name, Shape::of(&sizes)));
        let end = start + param.as_slice().len();
        assert_eq!(described.elements, start..end, "{name}");
        assert!(graph.nodes()[described.node].params.iter().any(|&index| graph.params()[index] == *described));
        start = end;
    });
    assert!(params.next().is_none());
    for (layer, node) in M::PROGRAM.flat().zip(graph.nodes()) {
        let own = layer.first_param..layer.first_param + layer.op.params().len();
        assert_eq!(layer.tied_param.into_iter().chain(own).collect::<Vec<_>>(), node.params, "{}", layer.name);
    }
    assert_eq!(graph.macs(), M::LAYERS.iter().map(|layer| layer.macs).sum::<u64>());
    let trainable = graph.params().iter().filter(|param| !param.role.is_statistic());
    let trainable: usize = trainable.map(|param| param.elements.len()).sum();
    assert_eq!(trainable as u64, M::LAYERS.iter().map(|layer| layer.params).sum::<u64>());
    let ports = |ports: &[convshape::graph::Port]| -> Vec<(String, Shape)> {
        ports.iter().map(|port| (port.name.clone(), *graph.shape(port.value))).collect()
    };
    let declared = |ports: &[(&str, Shape)]| -> Vec<(String, Shape)> {
        ports.iter().map(|(name, shape)| (name.to_string(), *shape)).collect()
    };
    assert_eq!((ports(graph.inputs()), ports(graph.outputs())), (declared(M::INPUTS), declared(M::OUTPUTS)));
}

#[test]
fn graphs_agree_with_their_models() {
    let rng = &mut SmallRng::seed_from_u64(1);
    agrees(&Inner::init(rng));
    agrees(&Outer::init(rng));
    agrees(&Generic::<7>::init(rng));
    agrees(&Symbolic::init(rng));
    agrees(&Mirrors::init(rng));
}

#[test]
fn a_chain_in_a_chain_is_layers_like_all_others() {
    let graph = Graph::of::<Outer>();
    let names: Vec<&str> = graph.nodes().iter().map(|node| &node.name[..]).collect();
    assert_eq!(names[1..5], ["inner.enc", "inner.enc", "inner.dec", "inner.code"]);
    assert_eq!(graph.nodes()[3].file_name, "inner.net.decoder.0");
    let mut roles = graph.params().iter().map(|param| (&param.name[..], param.role));
    assert_eq!(roles.nth(1), Some(("inner.net.enc.bias", Role::Bias)));
    // The readers of the sub-chain's second output.
    let (scaled, last) = (&graph.nodes()[4], graph.nodes().last().unwrap());
    assert_eq!((scaled.op, &scaled.outputs), (Op::Scale { by: 0.5 }, &last.inputs));
}

#[test]
fn symbols_are_bound() {
    let graph = Graph::of::<Symbolic>();
    assert_eq!(graph.shape(graph.nodes()[2].outputs[0]).to_string(), "[8, 2*h, 2*w + 1]");
    let bound = graph.bind(&[("w", 5), ("h", 3)]).unwrap();
    assert!(bound.macs() > 0 && graph.macs() == 0);
    let summary = Symbolic::summary().to_string();
    assert!(
        summary.ends_with("MACs:         depend on the size of the input\nactivations:  depend on it too"),
        "{summary}"
    );
    assert_eq!(bound.shape(bound.outputs()[0].value), &Shape::of(&[3, 12, 22]));
    assert_eq!(bound.macs(), 2 * 3 * 8 * 4 * 6 * 11);
    assert_eq!(graph.bind(&[("w", 5)]).unwrap_err().to_string(), "the symbol `h` has no value");
}

/// A chain, and its text for the front end.
macro_rules! read_twice {
    ($name:ident, $text:ident: $($chain:tt)*) => {
        conv_chain! { $($chain)* }
        const $text: &str = stringify!($($chain)*);
    };
}

read_twice! { Torch, TORCH:
    struct Torch {
        block Res(channels, act: activation = Relu) reads x {
            c: Conv2d(channels, kernel: 3, padding: 1, activation: act) from x;
            if channels > 4 { s: Identity from x; } else { s: Conv2d(channels, kernel: 1) from x; }
            y: Add(c, s);
            output: y;
        }
        input: x [4, 8, 8], t [6];
        e: Linear(6 -> 4, activation: Silu) from t;
        Reshape([4, 1, 1]);
        Add(x, _);
        #[name = "stem.0"]
        enc: Conv2d(4 -> 6, kernel: 3, stride: 2, padding: 1, bias: false);
        Prelu;
        blocks: repeat 2 { r: Res(6, act: LeakyRelu(0.2)); };
        gamma: Parameter([6, 1, 1], init: 1e-6);
        scaled: Mul(_, gamma);
        again: reuse enc from x;
        Add(_, scaled);
        dec: ConvTranspose2d(undo enc);
        Flatten(from: 1);
        Transpose(0, 1);
        l: Lstm(4 -> 5, bidirectional: true);
        output: l [64, 10];
    }
}

read_twice! { Flax, FLAX:
    struct Flax {
        dialect: flax;
        input: [9, 8, 3];
        a: Conv(3 -> 4, kernel: 3, padding: "SAME", activation: "relu");
        norm: BatchNorm;
        Mean(axis: (-3, -2));
        out: Linear(4 -> 2) -> [2];
        output: [2];
    }
}

#[test]
fn the_front_end_makes_the_graph_of_the_type() {
    let read = |text: &str| convshape_front::graph(text.parse().expect("tokens"), std::path::Path::new("."));
    assert_eq!(read(TORCH).expect("it has no errors"), Graph::of::<Torch>());
    assert_eq!(read(FLAX).expect("it has no errors"), Graph::of::<Flax>());
    assert_eq!(read("struct Wrong { input: [1, 4]; Conv1d(2 -> 2, kernel: 1); output: [2, 4]; }"), None);
    assert_eq!(read("struct Later { input: [1, 4]; Chain(Other); output: [2, 4]; }"), None);
}
