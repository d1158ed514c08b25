//! Exported files give the chain's results in onnxruntime, and ONNX's own inference gives the chain's shapes.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use convshape::Shape;
use convshape::graph::op::{
    Attention, Cell, Conv, Dialect, Direction, MultiHead, Padding, Pool, PoolKind, Recurrent, RecurrentOutput,
};
use convshape::graph::{AxisOrder, Graph, Op, Size, Symbol};
use convshape::ndarray::{ArrayD, Ix2, Ix4};
use convshape_onnx::{ExportError, graph_to_bytes, save, to_bytes};
use convshape_tests::golden;
use convshape_tests::models::{
    Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, FlaxLinenAe, FlaxNnxAe, KerasAe, KerasAudioAe, MnistAe, Unet,
    Vae,
};

use proc_macro2::{TokenStream, TokenTree};
use rand::SeedableRng;
use support::Engine;
use support::graphs::{Random, run};

/// How many random graphs are run, unless `CONVSHAPE_GRAPHS` says another number.
const GRAPHS: u64 = 400;

fn graphs() -> u64 {
    std::env::var("CONVSHAPE_GRAPHS").map_or(GRAPHS, |count| count.parse().expect("a number"))
}

#[test]
fn random_graphs_give_their_numbers() {
    let mut engine = Engine::new("export-random");
    let (mut inexpressible, mut empty) = (0, 0);
    for seed in 0..graphs() {
        let mut random = Random::new(seed);
        let graph = random.graph();
        let params = random.params(&graph);
        let inputs: Vec<ArrayD<f32>> =
            graph.inputs().iter().map(|port| random.array(2, graph.shape(port.value))).collect();
        let outputs = run(&graph, &params, &inputs.iter().collect::<Vec<_>>());
        // The maximum of an empty window.
        if outputs.iter().flatten().any(|number| !number.is_finite()) {
            empty += 1;
            continue;
        }
        let onnx = match graph_to_bytes(&graph, &params) {
            Ok(onnx) => onnx,
            Err(ExportError::Inexpressible { .. }) => {
                inexpressible += 1;
                continue;
            }
            Err(error) => panic!("{seed}: {error}"),
        };
        let inputs: Vec<(&str, &ArrayD<f32>)> =
            graph.inputs().iter().map(|port| port.name.as_str()).zip(&inputs).collect();
        let outputs: Vec<(&str, &ArrayD<f32>)> =
            graph.outputs().iter().map(|port| port.name.as_str()).zip(&outputs).collect();
        engine.add(&format!("random{seed}"), &onnx, &inputs, &outputs);
    }
    assert!(inexpressible * 50 <= graphs(), "{inexpressible} cannot be expressed");
    assert!(empty * 20 <= graphs(), "{empty} have windows without an element");
    engine.check();
}

/// The chains in a source file, as the macro gets them.
fn chains(tokens: TokenStream, found: &mut Vec<TokenStream>) {
    let mut names = Vec::new();
    for tree in tokens {
        match tree {
            TokenTree::Group(group) if names.ends_with(&["conv_chain".to_owned(), "!".to_owned()]) => {
                found.push(group.stream());
            }
            TokenTree::Group(group) => chains(group.stream(), found),
            other => names.push(other.to_string()),
        }
    }
}

#[test]
fn chains_of_the_examples_give_their_numbers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut engine = Engine::new("export-examples");
    let (mut exported, mut others) = (0, Vec::new());
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).expect("the examples").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let mut found = Vec::new();
        chains(fs::read_to_string(file).expect("a source").parse().expect("tokens"), &mut found);
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        for (index, tokens) in found.into_iter().enumerate() {
            let name = format!("{name}{index}");
            let mut random = Random::new(11);
            let Some(graph) = convshape_front::graph(tokens, &folder) else {
                others.push(name);
                continue;
            };
            let mut params = random.params(&graph);
            // The variance of -0.5..0.5 is 1/12; with one per term, a deep network does not enlarge rounding errors.
            for (param, numbers) in graph.params().iter().zip(&mut params).filter(|(param, _)| param.shape.rank() > 1) {
                let terms = numbers.len() / param.shape.numbers().map_or(1, |sizes| sizes[0]);
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                numbers.iter_mut().for_each(|number| *number *= (12.0 / terms as f32).sqrt());
            }
            let onnx = graph_to_bytes(&graph, &params).expect("ONNX has all of it");
            let sizes: Vec<(&str, i64)> = graph.symbols().iter().map(|symbol| (symbol.name, symbol.low)).collect();
            let bound = graph.bind(&sizes).expect("the smallest sizes");
            let inputs: Vec<ArrayD<f32>> =
                bound.inputs().iter().map(|port| random.array(2, bound.shape(port.value))).collect();
            let outputs = run(&bound, &params, &inputs.iter().collect::<Vec<_>>());
            let inputs: Vec<(&str, &ArrayD<f32>)> =
                graph.inputs().iter().map(|port| port.name.as_str()).zip(&inputs).collect();
            let outputs: Vec<(&str, &ArrayD<f32>)> =
                graph.outputs().iter().map(|port| port.name.as_str()).zip(&outputs).collect();
            engine.add(&name, &onnx, &inputs, &outputs);
            exported += 1;
        }
    }
    // Its quantiser is a custom layer, which only the compiler knows.
    assert_eq!(others, ["vq_vae_digits0"]);
    assert!(exported > others.len());
    engine.check();
}

convshape::conv_chain! {
    struct Symbolic {
        for h in 1..=64, w in 2..;
        input: x [3, 4*h, 4*w + 2], y [3, 4*h, 4*w + 2];
        both: Concat(x, y);
        enc: Conv2d(6 -> 8, kernel: 2, stride: 2, activation: Gelu);
        wrap: Conv2d(8 -> 8, kernel: 3, padding: 1, padding_mode: circular);
        GroupNorm(groups: 4);
        Add(_, enc);
        up: Upsample(2, mode: bilinear);
        dec: ConvTranspose2d(undo enc, tied: true) from enc;
        like: Upsample(like: x, mode: bilinear) from enc;
        mean: GlobalAvgPool from like;
        s: Split(2, axis: width) from x;
        half: Relu from s.1;
        output: dec [6, 4*h, 4*w + 2], up [8, 4*h, 4*w + 2], mean [8], half [3, 4*h, 2*w + 1];
    }
}

#[test]
fn symbols_and_ports_keep_their_names() {
    let mut engine = Engine::new("export-symbols");
    let graph = Graph::of::<Symbolic>();
    let mut random = Random::new(7);
    let params = random.params(&graph);
    let onnx = graph_to_bytes(&graph, &params).expect("ONNX has all of it");
    for (h, w) in [(1, 2), (3, 5)] {
        let bound = graph.bind(&[("h", h), ("w", w)]).expect("sizes of the range");
        let inputs: Vec<ArrayD<f32>> = (0..2).map(|port| random.array(3, bound.shape(port))).collect();
        let outputs = run(&bound, &params, &inputs.iter().collect::<Vec<_>>());
        let inputs = [("x", &inputs[0]), ("y", &inputs[1])];
        let outputs = [("dec", &outputs[0]), ("up", &outputs[1]), ("mean", &outputs[2]), ("half", &outputs[3])];
        engine.add(&format!("symbolic{h}x{w}"), &onnx, &inputs, &outputs);
    }
    engine.check();
}

#[test]
fn what_onnx_cannot_say_names_its_layer() {
    let mut graph = Graph::new("Net", AxisOrder::ChannelsFirst);
    let rows = Size::Symbolic { scale: 4, symbol: 0, offset: 1 };
    let x = graph.input("x", Shape::new(&[Size::Number(2), rows], &[Symbol { name: "h", low: 1, high: 9 }]));
    let op = Op::AdaptivePool { kind: PoolKind::Avg, rank: 1, size: [3; 3] };
    let y = graph.push("thirds", op, &[x]).expect("a layer");
    let y = graph.push("enc", Op::Conv(Conv { outputs: 2, ..Conv::new(Dialect::Torch, Direction::Forward, 1) }), &[y]);
    graph.output("y", y.expect("a layer")).expect("a value");
    let params = Random::new(1).params(&graph);
    let error = graph_to_bytes(&graph, &params).expect_err("how many rows a third has is not known");
    assert_eq!(error.to_string(), "`thirds`: adaptive pooling needs sizes that are numbers, found [2, 4*h + 1]");
    let error = graph_to_bytes(&graph, &params[..1]).expect_err("a parameter is missing");
    assert_eq!(error.to_string(), "`enc.bias` has 0 numbers, expected 2");
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_one() {
    let model = MnistAe::init(&mut rand::rngs::SmallRng::seed_from_u64(1));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join("saved.onnx");
    save(&model, &path).expect("a file");
    assert_eq!(fs::read(&path).ok(), to_bytes(&model).ok());
    assert!(save(&model, folder.join("no such folder/saved.onnx")).is_err());
}

#[test]
fn recorded_models_give_the_frameworks_numbers() {
    let mut engine = Engine::new("export-models");
    macro_rules! models {
        ($($name:literal $model:ident),* $(,)?) => {$(
            let golden = golden::model($name);
            let model = $model::load(&golden.weights).expect("weights");
            let (input, output): (ArrayD<f32>, ArrayD<f32>) = (golden.io("input"), golden.io("output"));
            let onnx = to_bytes(&model).expect("ONNX has all of it");
            engine.add($name, &onnx, &[("input", &input)], &[("output", &output)]);
        )*};
    }
    models! {
        "torch_ae3d" Ae3d, "torch_audio_ae" AudioAe, "torch_dcgan_discriminator" DcganDiscriminator,
        "torch_dcgan_generator" DcganGenerator, "torch_mnist_ae" MnistAe, "torch_unet" Unet,
        "flax_linen_ae" FlaxLinenAe, "flax_nnx_ae" FlaxNnxAe, "keras_ae" KerasAe, "keras_audio_ae" KerasAudioAe,
    }
    let golden = golden::model("torch_vae");
    let model = Vae::load(&golden.weights).expect("weights");
    let x = golden.io::<Ix4>("input").into_dyn();
    let (eps, output) = (golden.io::<Ix2>("input1").into_dyn(), golden.io("output"));
    let names: Vec<&str> = <Vae as convshape::Chain>::INPUTS.iter().map(|(name, _)| *name).collect();
    engine.add(
        "torch_vae",
        &to_bytes(&model).expect("ONNX has all of it"),
        &[(names[0], &x), (names[1], &eps)],
        &[("output", &output)],
    );
    engine.check();
}

/// Attention with all its optional inputs, and multi-head attention of each framework.
#[test]
fn attention_gives_its_numbers() {
    let mut engine = Engine::new("export-attention");
    for seed in 0..12_u64 {
        let dialect = [Dialect::Torch, Dialect::Keras, Dialect::Flax][usize::try_from(seed % 3).expect("small")];
        let mut graph = Graph::new("Attention", dialect.order());
        // Keras has no windows.
        let windows = if dialect == Dialect::Keras {
            &[][..]
        } else {
            [&[][..], &[3], &[2, 3]][usize::from(seed > 2) + usize::from(seed > 8)]
        };
        let shape = |last: &[i64]| Shape::of(&[windows, last].concat());
        let [q, k, v] =
            [("q", [5, 6]), ("k", [7, 6]), ("v", [7, 4])].map(|(name, last)| graph.input(name, shape(&last)));
        let (causal, bias) = (seed % 2 == 0, seed % 4 < 2);
        let output = if seed < 6 {
            let mut inputs = vec![q, k, v];
            match seed {
                0 => inputs.push(graph.input("added", Shape::of(&[5, 7]))),
                1 => inputs.push(graph.input("added", Shape::of(&[2, 5, 7]))),
                3 => inputs.push(graph.input("added", shape(&[1, 5, 7]))),
                5 => inputs.push(graph.input("added", Shape::of(&[1, 2, 5, 7]))),
                _ => {}
            }
            let layer = Attention { causal, ..Attention::new(dialect, 2) };
            graph.push("a", Op::Attention(layer), &inputs)
        } else {
            let value_features = Some(4);
            let layer = MultiHead { heads: 3, causal, bias, value_features, ..MultiHead::new(dialect) };
            graph.push("a", Op::MultiHead(layer), &[q, k, v])
        };
        graph.output("y", output.expect("fits")).expect("is there");
        let mut random = Random::new(2000 + seed);
        let params = random.params(&graph);
        let inputs: Vec<ArrayD<f32>> =
            graph.inputs().iter().map(|port| random.array(2, graph.shape(port.value))).collect();
        let outputs = run(&graph.lowered().expect("fits"), &params, &inputs.iter().collect::<Vec<_>>());
        let onnx = graph_to_bytes(&graph, &params).expect("ONNX has it");
        let inputs: Vec<(&str, &ArrayD<f32>)> =
            graph.inputs().iter().map(|port| port.name.as_str()).zip(&inputs).collect();
        let outputs: Vec<(&str, &ArrayD<f32>)> =
            graph.outputs().iter().map(|port| port.name.as_str()).zip(&outputs).collect();
        engine.add(&format!("attention{seed}"), &onnx, &inputs, &outputs);
    }
    engine.check();
}

/// Values put back where a max pooling found its maxima: for sizes that the windows do not divide, and with a border.
#[test]
fn unpooled_values_give_their_numbers() {
    let mut engine = Engine::new("export-unpool");
    for seed in 0..9_u64 {
        let rank = usize::try_from(1 + seed % 3).expect("small");
        let bordered = seed / 3 == 1;
        let mut pool = Pool::new(Dialect::Torch, PoolKind::Max, rank);
        (pool.kernel, pool.stride) = if bordered { ([3; 3], [3; 3]) } else { ([2; 3], [2; 3]) };
        if bordered {
            pool.padding = Padding::Symmetric([1; 3]);
        }
        let sizes = if seed / 3 == 2 { [3, 4, 6, 4] } else { [3, 5, 7, 5] };
        let mut graph = Graph::new("Unpool", AxisOrder::ChannelsFirst);
        let x = graph.input("x", Shape::of(&sizes[..=rank]));
        let pooled = graph.push("pool", Op::Pool(pool), &[x]).expect("fits");
        let scaled = graph.push("scale", Op::Scale { by: -0.5 }, &[pooled]).expect("fits");
        let y = graph.push("unpool", Op::MaxUnpool(pool), &[scaled, x]).expect("fits");
        graph.output("y", y).expect("is there");
        let input = Random::new(3000 + seed).array(2, graph.shape(x));
        let outputs = run(&graph, &[], &[&input]);
        let onnx = graph_to_bytes(&graph, &[]).expect("ONNX has it");
        engine.add(&format!("unpool{seed}"), &onnx, &[("x", &input)], &[("y", &outputs[0])]);
    }
    engine.check();
}

/// Every kind of recurrent layer, and each of its outputs.
#[test]
fn recurrent_layers_give_their_numbers() {
    let mut engine = Engine::new("export-recurrent");
    for (seed, (cell, deep)) in Cell::ALL.into_iter().flat_map(|cell| [(cell, false), (cell, true)]).enumerate() {
        let dialect = if seed % 3 == 0 { Dialect::Keras } else { Dialect::Torch };
        let layers = if deep { 2 } else { 1 };
        let layer = Recurrent { hidden: 4, layers, bidirectional: deep, ..Recurrent::new(dialect, cell) };
        let mut graph = Graph::new("Recurrent", dialect.order());
        let x = graph.input("x", Shape::of(&[5, 3]));
        let states = Shape::of(&[layers * layer.directions(), 4]);
        let first: Vec<usize> = (0..cell.states()).map(|state| graph.input(&format!("s{state}"), states)).collect();
        let inputs: Vec<usize> = if deep { [vec![x], first].concat() } else { vec![x] };
        let run_of = graph.push("run", Op::Recurrent(layer), &inputs).expect("fits");
        let mut outputs = vec![RecurrentOutput::Sequence, RecurrentOutput::Last, RecurrentOutput::Hidden];
        outputs.extend((cell == Cell::Lstm).then_some(RecurrentOutput::Cell));
        for output in outputs {
            let name = format!("{output:?}");
            let value = graph.push(&name, Op::RecurrentOutput { layer, output }, &[run_of]).expect("fits");
            graph.output(&name, value).expect("is there");
        }
        let mut random = Random::new(1000 + u64::try_from(seed).expect("small"));
        let params = random.params(&graph);
        let inputs: Vec<ArrayD<f32>> =
            graph.inputs().iter().map(|port| random.array(2, graph.shape(port.value))).collect();
        let outputs = run(&graph, &params, &inputs.iter().collect::<Vec<_>>());
        let onnx = graph_to_bytes(&graph, &params).expect("ONNX has it");
        let inputs: Vec<(&str, &ArrayD<f32>)> =
            graph.inputs().iter().map(|port| port.name.as_str()).zip(&inputs).collect();
        let outputs: Vec<(&str, &ArrayD<f32>)> =
            graph.outputs().iter().map(|port| port.name.as_str()).zip(&outputs).collect();
        engine.add(&format!("recurrent{seed}"), &onnx, &inputs, &outputs);
    }
    engine.check();
}

static TABLE: [[f32; 5]; 2] = [[0.5, -1.0, 2.0, 0.25, 3.0], [1.0; 5]];

convshape::conv_chain! {
    struct Sources {
        input: [3, 5, 5];
        table: Constant(TABLE, [1, 2, 5]);
        c: Conv2d(3 -> 4, kernel: (4, 1));
        Mul(_, table);
        added: Add(_, c.bias);
        weights: Flatten(from: 1) from c.weight;
        means: Mean(axis: 1);
        Mul(added, means);
        output: [4, 2, 5];
    }
}

#[test]
fn numbers_that_read_nothing_keep_their_values() {
    let mut engine = Engine::new("export-sources");
    let graph = Graph::of::<Sources>();
    let mut random = Random::new(9);
    let params = random.params(&graph);
    let onnx = graph_to_bytes(&graph, &params).expect("ONNX has all of it");
    let input = random.array(3, graph.shape(0));
    let outputs = run(&graph, &params, &[&input]);
    engine.add("sources", &onnx, &[("input", &input)], &[("output", &outputs[0])]);
    engine.check();
}
