//! The recorded values: single layers of every framework, and layers and small chains of PyTorch, Keras and Flax, with
//! their gradients.

use std::fs;
use std::path::{Path, PathBuf};

use convshape::Shape;
use convshape::graph::op::{Dialect, Op, Source};
use convshape::graph::{Graph, Init, Parameter, Port};
use convshape::ndarray::{ArrayD, IxDyn};
use convshape_burn::{AnyTensor, BurnError, BurnGraph};
use convshape_tests::golden::{FRAMEWORKS, Framework, ValueCase, values};
use convshape_tests::torch;
use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

use crate::support::{device, gradients_by_name, numbers, tensor};

/// The frameworks computed in `f64`. Relative to the largest of 1 and the number itself.
const OUTPUT: f32 = 1e-5;
const GRADIENT: f32 = 2e-5;

fn assert_close(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let both = found == expected || (found - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(both, "{name}: {found}, recorded {expected}");
    }
}

/// A recorded run, its numbers in the order of the graph's ports and parameters. An empty list is not compared.
struct Run<'a> {
    name: &'a str,
    graph: &'a Graph,
    params: &'a [Vec<f32>],
    inputs: &'a [ArrayD<f32>],
    output: &'a [f32],
    cotangent: &'a [f32],
    input_gradients: &'a [Vec<f32>],
    param_gradients: &'a [Vec<f32>],
}

impl Run<'_> {
    /// Compares with burn; `false` if burn lacks the layer.
    fn check(&self) -> bool {
        let (name, device) = (self.name, device());
        let module = match BurnGraph::new(self.graph, self.params, &device) {
            Ok(module) => module.with_training(false),
            Err(BurnError::Inexpressible { .. }) => return false,
            Err(error) => panic!("{name}: {error}"),
        };
        let inputs = self.inputs.iter().map(|input| {
            let tensor = tensor(input, &device);
            let dims = tensor.dims().to_vec();
            AnyTensor::from_flat(tensor.into_flat().require_grad(), dims).expect("as many elements")
        });
        let inputs: Vec<AnyTensor> = inputs.collect();
        let found: Vec<AnyTensor> = match module.forward(inputs.clone()) {
            Ok(found) => found,
            Err(BurnError::Inexpressible { .. }) => return false,
            Err(error) => panic!("{name}: {error}"),
        };
        assert_close(name, &numbers(found[0].clone()), self.output, OUTPUT);
        if self.cotangent.is_empty() {
            return true;
        }
        let cotangent = ArrayD::from_shape_vec(IxDyn(found[0].dims()), self.cotangent.to_vec()).expect("its sizes");
        let loss = (found[0].clone().into_flat() * tensor(&cotangent, &device).into_flat()).sum();
        let gradients = loss.backward();
        for (index, (input, expected)) in inputs.into_iter().zip(self.input_gradients).enumerate() {
            let found = input.into_flat().grad(&gradients);
            let found = found.map_or(vec![0.0; expected.len()], |found| found.try_into_vec_as().expect("numbers"));
            assert_close(&format!("{name}, input {index}"), &found, expected, GRADIENT);
        }
        let by_name = gradients_by_name(&module, &gradients);
        for (spec, expected) in self.graph.params().iter().zip(self.param_gradients).filter(|(_, of)| !of.is_empty()) {
            assert_close(&format!("{name}, {}", spec.name), &by_name[&spec.name], expected, GRADIENT);
        }
        true
    }
}

fn shape(sizes: &[usize]) -> Shape {
    Shape::of(&sizes.iter().map(|&size| i64::try_from(size).expect("small")).collect::<Vec<_>>())
}

fn flat(array: &ArrayD<f32>) -> Vec<f32> {
    array.iter().copied().collect()
}

fn layer_graph(case: &ValueCase, op: Op) -> Graph {
    let input = case.value("input");
    let mut graph = Graph::new("Case", case.order());
    let x = graph.input("x", shape(&input.shape()[1..]));
    let y = graph.push("layer", op, &[x]).unwrap_or_else(|error| panic!("{}: {error}", case.id));
    graph.output("y", y).expect("a value");
    graph
}

#[test]
fn layers_give_the_recorded_numbers() {
    let (mut compared, mut lacking) = (0, Vec::new());
    for case in FRAMEWORKS.into_iter().flat_map(values) {
        let Some(op) = case.layer() else { continue };
        let graph = layer_graph(&case, op);
        let op = graph.nodes()[0].op;
        let of =
            |prefix: &str| op.params().iter().map(|spec| flat(&case.param(&op, &spec, prefix))).collect::<Vec<_>>();
        let trains = case.find("cotangent").is_some();
        let run = Run {
            name: &case.id,
            graph: &graph,
            params: &of(""),
            inputs: &[case.value("input")],
            output: &flat(&case.value("output")),
            cotangent: &if trains { flat(&case.value_like("cotangent", "output")) } else { Vec::new() },
            input_gradients: &if trains { vec![flat(&case.value_like("grad_input", "input"))] } else { Vec::new() },
            param_gradients: &if trains { of("grad_") } else { Vec::new() },
        };
        match run.check() {
            true => compared += 1,
            false => lacking.push(case.id),
        }
    }
    assert_eq!((compared, lacking), (212, Vec::new()));
}

/// The output, and the running statistics after it.
#[test]
fn batch_normalisation_has_the_recorded_statistics() {
    let recorded = values(Framework::Torch);
    let cases = recorded.iter().filter(|case| case.find("new_running_mean").is_some());
    let mut count = 0;
    for case in cases {
        let (eps, momentum) = (case.float("eps"), case.float("momentum"));
        let op = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps, affine: true, momentum };
        let graph = layer_graph(case, op);
        let fields = ["weight", "bias", "running_mean", "running_var"];
        let params = fields.map(|field| flat(case.tensor(field)));
        let module = BurnGraph::new(&graph, &params, &device()).expect("burn has it");
        let found: Vec<AnyTensor> = module.forward(vec![tensor(case.tensor("input"), &device())]).expect("fits");
        assert_close(&case.id, &numbers(found[0].clone()), &flat(case.tensor("output")), OUTPUT);
        let params = module.params().expect("numbers of the device");
        for (index, field) in [(2, "new_running_mean"), (3, "new_running_var")] {
            assert_close(&case.id, &params[index], &flat(case.tensor(field)), OUTPUT);
        }
        count += 1;
    }
    assert_eq!(count, 2);
}

/// The `name: (input) => output { layers }` of a file of convshape's tests, as chains.
fn chains(file: &str, header: &str, before: &str) -> Vec<(String, TokenStream)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tests").join(file).with_extension("rs");
    let tokens: TokenStream = fs::read_to_string(path).expect("a source").parse().expect("tokens");
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let group = |tree: &TokenTree| match tree {
        TokenTree::Group(group) => group.stream().to_string(),
        other => panic!("{file}: {other} is no group"),
    };
    let is_list = |trees: &&[TokenTree]| trees[0].to_string() == "cases" && matches!(trees[2], TokenTree::Group(_));
    let list = tokens.windows(3).find(is_list).expect("a list of cases");
    let TokenTree::Group(list) = &list[2] else { unreachable!("it is a group") };
    let list: Vec<TokenTree> = list.stream().into_iter().collect();
    let chain = |parts: &[TokenTree]| {
        let [name, _, input, _, _, output, layers] = parts else { panic!("{file}: an incomplete case") };
        let (input, layers) = (group(input), group(layers));
        let text = format!("struct Net {{ {header} input: {input}; {before} {layers} output: {output}; }}");
        (name.to_string(), text.parse().expect("tokens"))
    };
    list.chunks(7).map(chain).collect()
}

fn list(value: &Value) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "what an f32 holds")]
    let number = |value: &Value| value.as_f64().expect("a number") as f32;
    value.as_array().expect("a list").iter().map(number).collect()
}

#[test]
fn small_chains_give_the_recorded_numbers() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let files = [
        ("axes", "", ""),
        ("elementwise", "", ""),
        ("layers", "", ""),
        ("attention", "", "m:"),
        ("frameworks", "dialect: keras;", "m:"),
    ];
    let (mut compared, mut others) = (0, Vec::new());
    for (file, header, before) in files {
        for (name, tokens) in chains(file, header, before) {
            let graph = convshape_front::graph(tokens, &folder).unwrap_or_else(|| panic!("{name} is no chain"));
            // Only the compiler knows the numbers of a constant.
            let is_constant = |of: &Op| matches!(of, Op::Source { of: Source::Constant(_), .. });
            if graph.nodes().iter().any(|node| is_constant(&node.op)) {
                others.push(name);
                continue;
            }
            let case = torch::recorded(file, &name);
            // A parameter that the case does not have is not its concern: it keeps its first value.
            let param = |spec: &Parameter| match (case["params"].get(&spec.name), spec.init) {
                (Some(recorded), _) => list(recorded),
                #[expect(clippy::cast_possible_truncation, reason = "what an f32 holds")]
                (None, Init::Constant(number)) => vec![number as f32; spec.elements.len()],
                (None, init) => panic!("{name}: `{}` starts with {init:?}", spec.name),
            };
            let params: Vec<Vec<f32>> = graph.params().iter().map(param).collect();
            let input = |(port, input): (usize, &Port)| {
                let sizes = graph.shape(input.value).numbers().expect("fixed");
                let sizes = [&[1], &sizes[..graph.shape(input.value).rank()]].concat();
                ArrayD::from_shape_vec(IxDyn(&sizes), list(&case["inputs"][port])).expect("fits")
            };
            let inputs: Vec<ArrayD<f32>> = graph.inputs().iter().enumerate().map(input).collect();
            let output = list(&case["output"]);
            let gradient = |spec: &Parameter| case["param_gradients"].get(&spec.name).map_or(Vec::new(), list);
            let run = Run {
                name: &name,
                graph: &graph,
                params: &params,
                inputs: &inputs,
                output: &output,
                cotangent: &(1_u16..).map(|step| 0.125 * f32::from(step)).take(output.len()).collect::<Vec<_>>(),
                input_gradients: &case["gradients"].as_array().expect("a list").iter().map(list).collect::<Vec<_>>(),
                param_gradients: &graph.params().iter().map(gradient).collect::<Vec<_>>(),
            };
            match run.check() {
                true => compared += 1,
                false => others.push(name),
            }
        }
    }
    let lacking = ["blurred", "unpool_overlap", "unpool_3d"].map(str::to_owned);
    assert_eq!((compared, others), (110, lacking.to_vec()));
}
