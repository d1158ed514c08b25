//! What was exported comes back as a chain that compiles, and what cannot be expressed is listed.

use convshape::ndarray::{ArrayD, ArrayViewD, IxDyn};
use convshape::rand::rngs::SmallRng;
use convshape::rand::{RngExt, SeedableRng};
use convshape::{Chain, GraphModel, Model, Shape};
use convshape_onnx::{ImportError, Imported, Importer, import, to_bytes};
use convshape_tests::golden;
use convshape_tests::models::{Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, MnistAe, Unet, Vae};
use safetensors::SafeTensors;

#[test]
fn exported_models_come_back() {
    macro_rules! models {
        ($($name:literal $model:ident),* $(,)?) => {$(
            let golden = golden::model($name);
            let model = $model::load(&golden.weights).expect("weights");
            let imported = import(&to_bytes(&model).expect("ONNX has all of it"), "Net");
            let imported = imported.unwrap_or_else(|error| panic!("{}: {error}", $name));
            let inside = imported.source.trim().strip_prefix("convshape::conv_chain! {").expect("one chain");
            let tokens = inside.strip_suffix('}').expect("one chain").parse().expect("Rust");
            let chain = convshape_front::inspect(tokens, std::path::Path::new("."));
            let errors: Vec<String> = chain.findings.iter().map(|finding| finding.message.clone()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}\n{}", $name, imported.source);
            let outputs: Vec<String> = chain.outputs.iter().map(|port| port.shape.to_string()).collect();
            let expected: Vec<String> = <$model as Chain>::OUTPUTS.iter().map(|port| port.1.to_string()).collect();
            assert_eq!(outputs, expected, "{}", $name);
            // A sole port that the file calls `input` or `output` needs no name.
            let is_unnamed = |port: &str| imported.source.contains(&format!("{port}: ["));
            assert_eq!(is_unnamed("input"), <$model as Chain>::INPUTS.len() == 1, "{}", imported.source);
            assert!(is_unnamed("output"), "{}", imported.source);
            let inputs = <$model as Chain>::INPUTS.iter().map(|port| random_batch(&port.1)).collect::<Vec<_>>();
            let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
            let (own, expected) = (again(&imported, &views), Model::forward_batch(&model, &views).expect("the shapes fit"));
            for (own, expected) in own.iter().flatten().zip(expected.iter().flatten()) {
                assert!((own - expected).abs() <= 1e-4 * expected.abs().max(1.0), "{}: {own} for {expected}", $name);
            }
        )*};
    }
    models! {
        "torch_ae3d" Ae3d, "torch_audio_ae" AudioAe, "torch_dcgan_discriminator" DcganDiscriminator,
        "torch_dcgan_generator" DcganGenerator, "torch_mnist_ae" MnistAe, "torch_unet" Unet, "torch_vae" Vae,
    }
}

/// Two samples of numbers between -1 and 1.
fn random_batch(shape: &Shape) -> ArrayD<f32> {
    let sizes = shape.numbers().expect("numbers");
    let sizes: Vec<usize> = std::iter::once(2).chain(sizes[..shape.rank()].iter().copied()).collect();
    let mut rng = SmallRng::seed_from_u64(3);
    ArrayD::from_shape_simple_fn(IxDyn(&sizes), || rng.random_range(-1.0..1.0))
}

/// What an imported chain gives.
fn again(imported: &Imported, inputs: &[ArrayViewD<'_, f32>]) -> Vec<ArrayD<f32>> {
    let inside = imported.source.split_once('{').and_then(|(_, rest)| rest.trim_end().strip_suffix('}'));
    let tokens = inside.expect("one chain").parse().expect("Rust");
    let graph = convshape_front::graph(tokens, std::path::Path::new(".")).expect("a chain");
    let weights = SafeTensors::deserialize(&imported.weights).expect("weights");
    let numbers = |name: &str| -> Vec<f32> {
        let bytes = weights.tensor(name).expect("a parameter").data().chunks_exact(4);
        bytes.map(|number| f32::from_le_bytes(number.try_into().expect("4 bytes"))).collect()
    };
    let params = graph.params().iter().map(|param| numbers(&param.name)).collect();
    let model = GraphModel::new(graph, params).expect("all parameters");
    model.forward_batch(inputs).expect("the shapes fit")
}

#[test]
fn what_is_no_model_is_refused() {
    for bytes in [&b""[..], b"not a model", &[0xff; 64], &[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
        assert!(matches!(import(bytes, "Net"), Err(ImportError::Malformed(_))), "{bytes:?}");
    }
    assert!(matches!(import(b"", "fn"), Err(ImportError::Name(_))));
}

#[test]
fn damaged_files_end_in_an_error_or_a_chain() {
    let golden = golden::model("torch_mnist_ae");
    let whole = to_bytes(&MnistAe::load(&golden.weights).expect("weights")).expect("ONNX has all of it");
    for step in 0..400 {
        let at = step * whole.len() / 400;
        let _ = import(&whole[..at], "Net");
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _ = import(&changed, "Net");
    }
}

convshape::conv_chain! {
    struct Shuffled {
        input: [4, 3];
        ChannelShuffle(2);
        output: [4, 3];
    }
}

#[test]
fn channels_in_another_order_are_a_shuffle_or_pieces() {
    let whole = to_bytes(&Shuffled::init(&mut SmallRng::seed_from_u64(1))).expect("ONNX has all of it");
    let source = import(&whole, "Net").expect("it can be read").source;
    assert!(source.contains("ChannelShuffle(2)"), "{source}");
    let order: Vec<u8> = [0_i64, 2, 1, 3].iter().flat_map(|place| place.to_le_bytes()).collect();
    let at = whole.windows(order.len()).position(|bytes| bytes == order).expect("the order is in the file");
    let with = |second: i64| {
        let mut changed = whole.clone();
        changed[at + 8..at + 16].copy_from_slice(&second.to_le_bytes());
        import(&changed, "Net").map(|found| found.source)
    };
    for other in [-1, 0, 1, 3] {
        let source = with(other).expect("places within the axis");
        assert!(source.contains("Concat(") && !source.contains("ChannelShuffle"), "{other}: {source}");
    }
    for beyond in [-5, 4, 100, i64::MIN, i64::MAX] {
        assert!(with(beyond).is_err(), "{beyond}");
    }
}

/// A node without inputs and attributes.
fn lonely(op: &str) -> Vec<u8> {
    file(&[(op, "", "y")])
}

/// Nodes with their operator, input and output, in a file with an input `x` and an output `y` of shape `[1, 2]`.
fn file(nodes: &[(&str, &str, &str)]) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| [&[tag, u8::try_from(bytes.len()).expect("short")], bytes].concat();
    let dim = |size: u8| field(0x0a, &[0x08, size]);
    let shape = field(0x12, &[dim(1), dim(2)].concat());
    let kind = field(0x12, &field(0x0a, &[&[0x08, 0x01][..], &shape].concat()));
    let port = |name: &str| [field(0x0a, name.as_bytes()), kind.clone()].concat();
    let node = |&(op, input, output): &(&str, &str, &str)| {
        let input = if input.is_empty() { Vec::new() } else { field(0x0a, input.as_bytes()) };
        field(0x0a, &[input, field(0x12, output.as_bytes()), field(0x22, op.as_bytes())].concat())
    };
    let nodes: Vec<u8> = nodes.iter().flat_map(node).collect();
    let graph = [nodes, field(0x5a, &port("x")), field(0x62, &port("y"))].concat();
    [field(0x3a, &graph), field(0x42, &[0x10, 17])].concat()
}

#[test]
fn what_follows_a_refused_node_is_listed_too() {
    let nodes = [("Round", "x", "a"), ("Floor", "a", "b"), ("Relu", "b", "c"), ("Shape", "c", "d"), ("Ceil", "c", "y")];
    let Err(ImportError::Inexpressible(refusals)) = import(&file(&nodes), "Net") else { panic!("it rounds") };
    let ops: Vec<&str> = refusals.iter().map(|refusal| refusal.op.as_str()).collect();
    assert_eq!(ops, ["Round", "Floor", "Ceil"]);
    // The sizes of a value that is not known would be known: how they are rounded says nothing.
    let nodes = [("TopK", "x", "a"), ("Shape", "a", "b"), ("Floor", "b", "y")];
    let Err(ImportError::Inexpressible(refusals)) = import(&file(&nodes), "Net") else { panic!("it sorts") };
    assert_eq!(refusals.len(), 1, "{refusals:?}");
}

#[test]
fn nodes_that_read_nothing_are_refused() {
    const OPS: &str = "Relu Sum Add Mul Div Max Concat Where Greater Equal Not And Xor Cast Sign Tile Expand Slice Gather \
        GatherND Pad Split LSTM GRU RNN Einsum Reshape Flatten Transpose Softmax ReduceProd ReduceMean Pow Resize MatMul \
        Gemm LayerNormalization BatchNormalization DepthToSpace Conv ConvTranspose MaxPool PRelu Identity Squeeze Clip \
        GlobalAveragePool InstanceNormalization LRN Range ConstantOfShape Shape Constant";
    for op in OPS.split_whitespace() {
        let found = import(&lonely(op), "Net");
        assert!(matches!(found, Err(ImportError::Inexpressible(_) | ImportError::Malformed(_))), "{op}: {found:?}");
    }
}

convshape::conv_chain! {
    struct AnySize {
        for h in 1.., w in 1..;
        input: x [3, 4*h, 4*w];
        enc: Conv2d(3 -> 8, kernel: 2, stride: 2, activation: Relu);
        half: Conv2d(8 -> 8, kernel: 2, stride: 2);
        up: Upsample(2, mode: bilinear) from half;
        Add(_, enc);
        GroupNorm(groups: 4);
        output: [8, 2*h, 2*w];
    }
}

#[test]
fn open_sizes_become_symbols_or_numbers() {
    let whole = to_bytes(&AnySize::init(&mut SmallRng::seed_from_u64(1))).expect("ONNX has all of it");
    let source = import(&whole, "Net").expect("it can be read").source;
    assert!(source.contains("for h in 1.., w in 1..;") && source.contains("input: x [3, 4*h, 4*w];"), "{source}");
    assert!(source.contains("[8, 2*h, 2*w]"), "{source}");
    let source = Importer::new("Net").size("4*h", 8).bytes(&whole).expect("it can be read").source;
    assert!(source.contains("for w in 1..;") && source.contains("input: x [3, 8, 4*w];"), "{source}");
    let error = Importer::new("Net").size("height", 8).bytes(&whole).expect_err("there is no such size");
    assert_eq!(error.to_string(), "no input has an open size `height`; open are `4*h`, `4*w`");
    // A stride would drop a row, and a size below 1 is none.
    for size in [7, 0, -3, i64::MAX] {
        let _ = Importer::new("Net").size("4*h", size).bytes(&whole);
    }
}
