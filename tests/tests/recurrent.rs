//! Recurrent layers give PyTorch's outputs and gradients, with PyTorch's parameter names.

use std::collections::HashMap;

use convshape::ndarray::{Array3, ArrayD, IxDyn};
use convshape::train::Mse;
use convshape::{Chain, Model, Shape, Workspace, conv_chain};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

/// The recorded numbers are f64, ours f32 after up to 10 steps of products of 4 features.
const TOLERANCE: f32 = 1e-5;

fn numbers(value: &Value) -> Vec<f32> {
    let list = value.as_array().expect("a list");
    #[expect(clippy::cast_possible_truncation, reason = "what an f32 holds")]
    list.iter().map(|number| number.as_f64().expect("a number") as f32).collect()
}

fn recorded(name: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/recurrent/recurrent.json");
    let text = std::fs::read_to_string(path).expect("is there");
    let mut cases: Value = serde_json::from_str(&text).expect("is JSON");
    cases[name].take()
}

fn close(name: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let limit = TOLERANCE * expected.abs().max(1.0);
        assert!((found - expected).abs() <= limit, "{name}: {found}, PyTorch has {expected}");
    }
}

fn batch(shape: &Shape, elements: Vec<f32>) -> ArrayD<f32> {
    let sizes = shape.sizes().iter().map(|size| usize::try_from(size.number().expect("fixed")).expect("small"));
    let sizes: Vec<usize> = [1].into_iter().chain(sizes).collect();
    ArrayD::from_shape_vec(IxDyn(&sizes), elements).expect("fits")
}

/// A model with the case's parameters, its inputs, and the case.
fn prepared<M: Model + Chain>(name: &str) -> (M, Vec<ArrayD<f32>>, Value) {
    let case = recorded(name);
    let mut model = M::init(&mut StdRng::seed_from_u64(0));
    let mut names = Vec::new();
    model.for_each_param_mut(|name, param| {
        let short = name.strip_prefix("l.").expect("of the layer `l`");
        param.as_mut_slice().copy_from_slice(&numbers(&case["parameters"][short]));
        names.push(short.to_owned());
    });
    assert_eq!(names.len(), case["parameters"].as_object().expect("an object").len(), "{name}: {names:?}");
    let inputs = M::INPUTS.iter().enumerate().map(|(port, (_, shape))| batch(shape, numbers(&case["inputs"][port])));
    let inputs = inputs.collect();
    (model, inputs, case)
}

fn check<M: Model + Chain>(name: &str) {
    let (model, inputs, case) = prepared::<M>(name);
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    let found = model.forward_batch(&views).expect("runs");
    for (port, found) in found.iter().enumerate() {
        close(&format!("{name}, output {port}"), found.as_slice().expect("dense"), &numbers(&case["outputs"][port]));
    }
    let mut next = 0.0;
    let cotangents: Vec<ArrayD<f32>> = found
        .iter()
        .map(|output| {
            output.mapv(|_| {
                next += 0.125;
                next
            })
        })
        .collect();
    let cotangents: Vec<_> = cotangents.iter().map(|cotangent| cotangent.view()).collect();
    let (gradients, parameters) = model.vjp(&views, &cotangents).expect("runs");
    for (port, found) in gradients.iter().enumerate() {
        close(&format!("{name}, input {port}"), found.as_slice().expect("dense"), &numbers(&case["gradients"][port]));
    }
    let expected: HashMap<String, Value> =
        serde_json::from_value(case["parameter_gradients"].clone()).expect("an object");
    parameters.for_each_param(|param, found| {
        let short = param.strip_prefix("l.").expect("of the layer `l`");
        close(&format!("{name}, {short}"), found.as_slice(), &numbers(&expected[short]));
    });
}

macro_rules! cases {
    ($($name:ident: { $($body:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { $($body)+ } }
            check::<Net>(stringify!($name));
        }
    )+};
}

cases! {
    lstm: {
        input: [5, 3];
        l: Lstm(3 -> 4);
        h: Identity from l.h_n;
        c: Identity from l.c_n;
        output: l [5, 4], h [1, 4], c [1, 4];
    }
    lstm_states: {
        input: x [5, 3], h_0 [1, 4], c_0 [1, 4];
        l: Lstm(3 -> 4) from (x, h_0, c_0);
        h: Identity from l.h_n;
        c: Identity from l.c_n;
        output: l [5, 4], h [1, 4], c [1, 4];
    }
    lstm_deep: {
        input: x [5, 3], h_0 [4, 4], c_0 [4, 4];
        l: LSTM(input_size: 3, hidden_size: 4, num_layers: 2, bidirectional: true, batch_first: true) from (x, h_0, c_0);
        h: Identity from l.h_n;
        c: Identity from l.c_n;
        output: l [5, 8], h [4, 4], c [4, 4];
    }
    lstm_no_bias: {
        input: [5, 3];
        l: Lstm(4, bias: false, bidirectional: true) -> [5, 8];
        h: Identity from l.h_n;
        c: Identity from l.c_n;
        output: l [5, 8], h [2, 4], c [2, 4];
    }
    gru: {
        input: [5, 3];
        l: Gru(3 -> 4);
        h: Identity from l.h_n;
        output: l [5, 4], h [1, 4];
    }
    gru_deep: {
        input: x [5, 3], h_0 [4, 4];
        l: Gru(3 -> 4, layers: 2, bidirectional: true) from (x, h_0);
        h: Identity from l.h_n;
        output: l [5, 8], h [4, 4];
    }
    rnn: {
        input: x [5, 3], h_0 [1, 4];
        l: Rnn(3 -> 4) from (x, h_0);
        h: Identity from l.h_n;
        output: l [5, 4], h [1, 4];
    }
    rnn_relu: {
        input: [5, 3];
        l: RNN(3 -> 4, nonlinearity: relu, layers: 3);
        h: Identity from l.1;
        output: l [5, 4], h [3, 4];
    }
}

/// Without a heap, and with a run-time length.
#[test]
fn other_ways_to_run() {
    conv_chain! { struct Net { input: [5, 3]; l: Lstm(3 -> 4); output: [5, 4]; } }
    let (model, inputs, case) = prepared::<Net>("lstm");
    let mut x = [[0.0; 3]; 5];
    x.iter_mut().flatten().zip(&inputs[0]).for_each(|(x, input)| *x = *input);
    let mut y = [[0.0; 4]; 5];
    model.forward_into(&x, &mut y, &mut Workspace::new::<Net>());
    close("forward_into", y.as_flattened(), &numbers(&case["outputs"][0]));
    conv_chain! { struct Open { for n in 1..; input: [n, 3]; l: Lstm(3 -> 4); output: [n, 4]; } }
    let (model, inputs, case) = prepared_open::<Open>();
    let y = Model::forward_batch(&model, &[inputs.view()]).expect("runs").remove(0);
    close("of run time", y.as_slice().expect("dense"), &numbers(&case["outputs"][0]));
}

fn prepared_open<M: Model>() -> (M, ArrayD<f32>, Value) {
    let case = recorded("lstm");
    let mut model = M::init(&mut StdRng::seed_from_u64(0));
    model.for_each_param_mut(|name, param| {
        param.as_mut_slice().copy_from_slice(&numbers(&case["parameters"][&name[2..]]));
    });
    let inputs = batch(&Shape::of(&[5, 3]), numbers(&case["inputs"][0]));
    (model, inputs, case)
}

/// The fields of a model, what `LAYERS` says, and PyTorch's initialisation.
#[test]
fn what_a_model_says() {
    conv_chain! {
        struct Net {
            input: [20, 64];
            l: Lstm(64 -> 128, layers: 2, bidirectional: true);
            Linear(256 -> 10) from l;
            output: [20, 10];
        }
    }
    let model = Net::init(&mut StdRng::seed_from_u64(7));
    assert_eq!(model.l.weight_hh_l1_reverse.shape(), [512, 128]);
    let bound = 1.0 / 128f32.sqrt();
    assert!(model.l.bias_ih_l0.as_slice().iter().all(|weight| weight.abs() <= bound));
    let [layer, linear] = Net::LAYERS else { panic!("two statements") };
    assert_eq!((layer.name, layer.output), ("l", Shape::of(&[20, 256])));
    // `sum(p.numel() for p in torch.nn.LSTM(64, 128, 2, bidirectional=True).parameters())`.
    assert_eq!(layer.params, 593_920);
    assert_eq!(layer.macs, 20 * 2 * 512 * ((64 + 128) + (256 + 128)));
    assert_eq!(linear.input, Shape::of(&[20, 256]));
}

/// keras by default gives only the last output; with its layouts, names and initial states.
#[test]
fn keras() {
    conv_chain! {
        struct Net {
            dialect: keras;
            input: [20, 64];
            lstm: LSTM(128, return_sequences: true);
            gru: GRU(units: 32);
            Dense(10);
            output: [10];
        }
    }
    let model = Net::init(&mut StdRng::seed_from_u64(7));
    let mut names = Vec::new();
    model.for_each_param(|name, param| names.push(format!("{name} {:?}", param.shape())));
    let expected = [
        "lstm/lstm_cell/kernel [64, 512]",
        "lstm/lstm_cell/recurrent_kernel [128, 512]",
        "lstm/lstm_cell/bias [512]",
        "gru/gru_cell/kernel [128, 96]",
        "gru/gru_cell/recurrent_kernel [32, 96]",
        "gru/gru_cell/bias [2, 96]",
    ];
    assert_eq!(names[..6], expected);
    let bias = model.lstm.bias.as_slice();
    assert!(bias.iter().enumerate().all(|(at, bias)| *bias == f32::from(u8::from((128..256).contains(&at)))));
    let rows: Vec<&[f32]> = model.lstm.recurrent_kernel.as_slice().chunks(512).collect();
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    assert!((product(rows[0], rows[0]) - 1.0).abs() < 1e-5 && product(rows[0], rows[127]).abs() < 1e-5);
}

/// keras' layouts hold the same numbers as PyTorch's: transposed, the update gate first, biases in one array.
#[test]
fn keras_layouts() {
    conv_chain! { struct Torch { input: [5, 3]; l: Gru(3 -> 4, bidirectional: true); output: [5, 8]; } }
    conv_chain! {
        struct Keras {
            dialect: keras;
            input: [5, 3];
            l: GRU(4, bidirectional: true, return_sequences: true);
            output: [5, 8];
        }
    }
    let torch = Torch::init(&mut StdRng::seed_from_u64(3));
    let mut params: HashMap<String, Vec<f32>> = HashMap::new();
    torch.for_each_param(|name, param| {
        params.insert(name.to_owned(), param.as_slice().to_vec());
    });
    let mut keras = Keras::init(&mut StdRng::seed_from_u64(4));
    let gates = [1, 0, 2];
    keras.for_each_param_mut(|name, param| {
        let reverse = if name.contains("backward") { "_reverse" } else { "" };
        let of = |word: &str| &params[&format!("l.{word}_l0{reverse}")];
        let turned = |weight: &[f32], features: usize| -> Vec<f32> {
            let row = |feature: usize| (0..12).map(move |at| (gates[at / 4] * 4 + at % 4) * features + feature);
            (0..features).flat_map(row).map(|place| weight[place]).collect()
        };
        let numbers = match name.rsplit('/').next().expect("a word") {
            "kernel" => turned(of("weight_ih"), 3),
            "recurrent_kernel" => turned(of("weight_hh"), 4),
            _ => [turned(of("bias_ih"), 1), turned(of("bias_hh"), 1)].concat(),
        };
        param.as_mut_slice().copy_from_slice(&numbers);
    });
    let x = batch(&Shape::of(&[5, 3]), (0..15u8).map(|at| f32::from(at % 7) / 4.0 - 0.75).collect());
    let run = |model: &dyn Fn() -> ArrayD<f32>| model();
    let (a, b) = (
        run(&|| Model::forward_batch(&torch, &[x.view()]).expect("runs").remove(0)),
        run(&|| Model::forward_batch(&keras, &[x.view()]).expect("runs").remove(0)),
    );
    close("keras", b.as_slice().expect("dense"), a.as_slice().expect("dense"));
}

/// Only between the layers, drawn anew each time, and only in training: if everything is dropped, the second layer sees
/// zeros.
#[test]
fn dropout_between_layers() {
    conv_chain! { struct Net { input: [4, 3]; l: Lstm(3 -> 5, layers: 2, dropout: 1.0); output: [4, 5]; } }
    conv_chain! { struct Half { input: [4, 3]; l: Lstm(3 -> 5, layers: 2, dropout: 0.5); output: [4, 5]; } }
    let (x, zeros) = (Array3::from_elem((2, 4, 3), 0.5), Array3::zeros((2, 4, 5)));
    let mut model = Net::init(&mut StdRng::seed_from_u64(1));
    let mut rng = StdRng::seed_from_u64(2);
    let ours = |gradients: &Net| gradients.l.weight_ih_l0.as_slice().iter().any(|gradient| *gradient != 0.0);
    let (_, gradients) = model.gradients(x.view(), zeros.view(), Mse).expect("runs");
    assert!(ours(&gradients), "outside training all is kept");
    let (_, gradients) = model.gradients_train(x.view(), zeros.view(), Mse, &mut rng).expect("runs");
    assert!(!ours(&gradients), "nothing reaches the first layer");
    let mut model = Half::init(&mut StdRng::seed_from_u64(1));
    let mut loss = || model.gradients_train(x.view(), zeros.view(), Mse, &mut rng).expect("runs").0;
    assert!(loss().to_bits() != loss().to_bits(), "drawn anew");
}
