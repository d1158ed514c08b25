//! A program without a standard library and without a heap: built, linked and run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use convshape::{Model, conv_chain};
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    /// The chain of `no_std/src/main.rs`, with a heap and the fast kernels.
    struct Digits {
        weights: "../examples/data/digits/autoencoder.safetensors";
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu);

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

#[test]
fn the_model_runs_without_a_heap() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("no_std");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-std-target");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--locked", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let image: [[[f32; 8]; 8]; 1] =
        [std::array::from_fn(|y| std::array::from_fn(|x| ((3 * y + x) % 17) as f32 / 16.0))];
    let mut program = Command::new(target.join("release/convshape-no-std"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let bytes: Vec<u8> = image.as_flattened().as_flattened().iter().flat_map(|number| number.to_le_bytes()).collect();
    program.stdin.take().expect("its input").write_all(&bytes).expect("it reads");
    let output = program.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{:?}", output.status);
    let (numbers, _) = output.stdout.as_chunks::<4>();
    let found: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();

    let expected = Digits::pretrained().forward(&image.into());
    assert_eq!(found.len(), expected.as_slice().len());
    for (found, expected) in found.iter().zip(expected.as_slice()) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}

conv_chain! {
    /// Generic, with a sub-chain, a skip connection, and layers that work in place.
    struct Block<const N: usize> {
        input: [2, N, N];
        conv: Conv2d(2 -> 4, kernel: 3, padding: 1, activation: Relu);
        BatchNorm;
        output: [4, N, N];
    }
}

conv_chain! {
    struct Nested {
        input: [2, 6, 6];
        block: Chain(Block::<6>);
        down: Conv2d(4 -> 4, kernel: 2, stride: 2, groups: 2);
        Silu;
        up: ConvTranspose2d(undo down);
        Concat(block, up);
        Flatten;
        Linear(288 -> 3);
        output: [3];
    }
}

#[test]
fn weights_and_memory_may_be_the_callers() {
    static WEIGHTS: [f32; 4 * 2 * 9 + 4 + 16 + 32 + 4 + 32 + 4 + 288 * 3 + 3] = {
        let mut weights = [0.0; 1031];
        let mut index = 0;
        while index < weights.len() {
            weights[index] = 0.1 + (index * 37 % 101) as f32 / 202.0;
            index += 1;
        }
        weights
    };
    let model = Nested::from_static(&WEIGHTS).expect("as many numbers as the model has");
    assert_eq!(model.linear1.bias.as_slice(), &WEIGHTS[1028..]);
    let image: [[[f32; 6]; 6]; 2] = std::array::from_fn(|c| std::array::from_fn(|y| [(c + y) as f32 / 9.0; 6]));
    let mut found = [0.0; 3];
    let mut memory = [0.0; Nested::WORKSPACE_BYTES / 4];
    model.forward_into(&image, &mut found, &mut memory);
    let expected = model.forward(&image.into());
    for (found, expected) in found.iter().zip(expected.as_slice()) {
        assert!((found - expected).abs() < 1e-4 * expected.abs(), "{found} {expected}");
    }
    let error = Nested::from_static(&WEIGHTS[1..]).unwrap_err();
    assert_eq!(error.to_string(), "`Nested` has 1031 parameters, found 1030 numbers");
}

conv_chain! {
    struct ThereAndBack {
        input: [2, 4, 4];
        there: Conv2d(2 -> 3, kernel: 1);
        back: Conv2d(3 -> 2, kernel: 1);
        output: [2, 4, 4];
    }
}

/// No engine takes such a model, so the code that runs instead must reject it too.
#[test]
#[should_panic(expected = "`ThereAndBack`: the parameter `there.weight` has shape [2, 3, 1, 1], expected [3, 2, 1, 1]")]
fn a_parameter_of_another_shape_is_refused_with_the_callers_memory() {
    let mut model = ThereAndBack::init(&mut StdRng::seed_from_u64(1));
    // The same number of elements, in a different order.
    model.there.weight = model.back.weight.clone();
    let mut memory = [0.0; ThereAndBack::WORKSPACE_BYTES / 4];
    model.forward_into(&[[[0.0; 4]; 4]; 2], &mut [[[0.0; 4]; 4]; 2], &mut memory);
}
