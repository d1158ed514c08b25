//! `weights: ".."`: the file is checked at compile time, and is part of the program.

use std::fs;
use std::path::{Path, PathBuf};

use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::{Model, Param, conv_chain};
use convshape_tests::compile::{Scratch, Verdict};
use convshape_tests::golden;
use convshape_tests::models::{
    Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, FlaxLinenAe, FlaxNnxAe, KerasAe, KerasAudioAe, MnistAe, Unet,
    Vae,
};
use safetensors::tensor::{Dtype, TensorView};

/// The parameters with their names in files.
fn params(model: &impl Model) -> Vec<(String, Param)> {
    let mut params = Vec::new();
    model.for_each_param(|name, param| params.push((name.to_owned(), param.clone())));
    params
}

macro_rules! compiled_in {
    ($($test:ident $model:ident $golden:literal;)*) => {$(
        #[test]
        fn $test() {
            let golden = golden::model($golden);
            let loaded = $model::load(&golden.weights).expect("weights");
            assert_eq!(params(&$model::pretrained()), params(&loaded));
        }
    )*};
}

compiled_in! {
    ae3d Ae3d "torch_ae3d";
    audio_ae AudioAe "torch_audio_ae";
    dcgan_discriminator DcganDiscriminator "torch_dcgan_discriminator";
    dcgan_generator DcganGenerator "torch_dcgan_generator";
    flax_linen_ae FlaxLinenAe "flax_linen_ae";
    flax_nnx_ae FlaxNnxAe "flax_nnx_ae";
    keras_ae KerasAe "keras_ae";
    keras_audio_ae KerasAudioAe "keras_audio_ae";
    mnist_ae MnistAe "torch_mnist_ae";
    unet Unet "torch_unet";
    vae Vae "torch_vae";
}

conv_chain! {
    struct Wide {
        input: [300];
        Linear(300 -> 301);
        output: [301];
    }
}

#[test]
fn large_tensors_are_read_in_pieces() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wide.safetensors");
    let model = Wide::init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
    model.save(&file).expect("written");
    assert_eq!(params(&Wide::load(&file).expect("read")), params(&model));

    // An element of the second part: its position is counted from the start of the tensor.
    let mut bytes = fs::read(&file).expect("read");
    let weight = model.linear1.weight.as_slice();
    let nan = 70_000;
    let at =
        bytes.windows(8).position(|eight| eight == [weight[nan].to_le_bytes(), weight[nan + 1].to_le_bytes()].concat());
    let at = at.expect("the elements are in the file");
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&file, bytes).expect("written");
    let error = Wide::load(&file).expect_err("an element is not a number").to_string();
    let index = format!("linear1.weight: found NaN at index [{}, {}]", nan / 300, nan % 300);
    assert!(error.contains(&index), "{error}");
}

/// A scratch crate with weight files next to its Cargo.toml.
struct Crate {
    scratch: Scratch,
    folder: PathBuf,
}

impl Crate {
    fn new(name: &str) -> Crate {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tmp.join(name);
        fs::create_dir_all(&folder).expect("a folder for the crate");
        Crate { scratch: Scratch::new(tmp, name), folder }
    }

    /// A file of zeros: name, type and shape of each tensor.
    fn file(&self, name: &str, tensors: &[(&str, Dtype, &[usize])]) {
        let data: Vec<Vec<u8>> = tensors
            .iter()
            .map(|(_, dtype, shape)| vec![0; shape.iter().product::<usize>() * dtype.bitsize() / 8])
            .collect();
        let views = tensors.iter().zip(&data).map(|((name, dtype, shape), data)| {
            (*name, TensorView::new(*dtype, shape.to_vec(), data).expect("a tensor of zeros"))
        });
        let bytes = safetensors::serialize(views, None).expect("a file of zeros");
        fs::write(self.folder.join(name).with_extension("safetensors"), bytes).expect("a file in the crate's folder");
    }

    fn check(&self, sources: &[String]) -> Vec<Verdict> {
        self.scratch.check(sources)
    }
}

/// A chain on `[1, 9, 9]`, and a function that calls `pretrained`.
fn chain(file: &str, body: &str, output: &str) -> String {
    format!(
        "conv_chain! {{ pub struct Model {{ weights: \"{file}.safetensors\"; input: [1, 9, 9];
{body}
output: {output}; }} }}
pub fn model() -> Model {{ Model::pretrained() }}"
    )
}

const ENC: &str = "enc: Conv2d(1 -> 4, kernel: 3, stride: 2);";
const WEIGHT: (&str, Dtype, &[usize]) = ("enc.weight", Dtype::F32, &[4, 1, 3, 3]);
const BIAS: (&str, Dtype, &[usize]) = ("enc.bias", Dtype::F32, &[4]);

/// The lines and texts of the errors, without rustc's notes on constants that depend on a failed one.
fn errors(verdict: &Verdict) -> Vec<(usize, &str)> {
    let own = verdict.errors.iter().filter(|error| error.code().is_some());
    own.map(|error| (error.line, error.text.as_str())).collect()
}

#[test]
fn a_change_of_the_file_is_seen() {
    let folder = Crate::new("weights-change");
    let sources = [chain("w", ENC, "[4, 4, 4]")];
    for _ in 0..2 {
        folder.file("w", &[WEIGHT, BIAS]);
        assert!(folder.check(&sources)[0].accepted());
        folder.file("w", &[("enc.weight", Dtype::F32, &[4, 1, 5, 5]), BIAS]);
        let verdicts = folder.check(&sources);
        let [(2, text)] = errors(&verdicts[0])[..] else { panic!("{verdicts:?}") };
        assert!(text.starts_with("[CS0605] `enc` needs `enc.weight` as [4, 1, 3, 3], the file has [4, 1, 5, 5]"));
    }
}

#[test]
fn other_forms_are_converted() {
    let folder = Crate::new("weights-forms");
    folder.file("half", &[("enc.weight", Dtype::F16, &[4, 1, 3, 3]), ("enc.bias", Dtype::BF16, &[4])]);
    folder.file("double", &[("enc.weight", Dtype::F64, &[4, 1, 3, 3]), ("enc.bias", Dtype::F64, &[4])]);
    let (direction, length): (&[usize], &[usize]) = (&[4, 1, 3, 3], &[4, 1, 1, 1]);
    let normed = [("enc.weight_v", Dtype::F32, direction), ("enc.weight_g", Dtype::F32, length), BIAS];
    folder.file("normed", &normed);
    let (g, v) = ("enc.parametrizations.weight.original0", "enc.parametrizations.weight.original1");
    folder.file("parametrized", &[(v, Dtype::F32, direction), (g, Dtype::F32, length), BIAS]);
    folder.file("lengths", &[normed[0], ("enc.weight_g", Dtype::F32, &[2, 1, 1, 1]), BIAS]);
    // What the chain does not name may be anything.
    folder.file("more", &[WEIGHT, BIAS, ("steps", Dtype::I64, &[]), ("enc.extra", Dtype::BOOL, &[2])]);
    let names = ["half", "double", "normed", "parametrized", "more", "lengths"];
    let verdicts = folder.check(&names.map(|name| chain(name, ENC, "[4, 4, 4]")));
    for (name, verdict) in names.iter().zip(&verdicts[..5]) {
        assert!(verdict.accepted(), "{name}: {verdict:?}");
    }
    let [(2, text)] = errors(&verdicts[5])[..] else { panic!("{verdicts:?}") };
    assert!(
        text.starts_with("[CS0605] `enc` needs `enc.weight_g` as [4, 1, 1, 1], the file has [2, 1, 1, 1]"),
        "{text}"
    );
}

#[test]
fn one_mistake_is_one_error() {
    let folder = Crate::new("weights-mistakes");
    folder.file("no_bias", &[WEIGHT]);
    folder.file("empty", &[]);
    let turn = |index| format!("blocks.{index}.c.weight");
    let names = [0, 1, 2].map(turn);
    let repeated: Vec<(&str, Dtype, &[usize])> =
        names.iter().map(|name| (name.as_str(), Dtype::F32, [4, 4, 1, 1].as_slice())).collect();
    folder.file("repeated", &[repeated.as_slice(), &[WEIGHT, BIAS]].concat());
    let repeat = "repeat 3 { c: Conv2d(4, kernel: 3, padding: 1, bias: false); }";
    let sources = [
        chain("no_bias", ENC, "[4, 4, 4]"),
        chain("empty", &format!("{ENC}\nConv2d(4 -> 4, kernel: 1);"), "[4, 4, 4]"),
        chain("repeated", &format!("{ENC}\nblocks: {repeat}"), "[4, 4, 4]"),
        // The weights belong to a chain that does not fit: only that is reported.
        chain("no_bias", &format!("{ENC}\nRelu;"), "[4, 5, 5]"),
        chain("missing", ENC, "[4, 4, 4]"),
    ];
    let verdicts = folder.check(&sources);
    let starts = [
        (2, "[CS0603] `enc` needs `enc.bias` [4], which the file does not have\nhelp: in `enc`, set `bias: false`"),
        (
            1,
            "[CS0603] the weights have none of the chain's tensors: the first would be `enc.weight`\nnote: the file has no",
        ),
        (3, "[CS0605] `blocks.0.c` needs `blocks.0.c.weight` as [4, 4, 3, 3], the file has [4, 4, 1, 1]"),
        (4, "[CS0203]"),
        (1, "[CS0601] the weights `"),
    ];
    for (verdict, (line, start)) in verdicts.iter().zip(starts) {
        let [(found, text)] = errors(verdict)[..] else { panic!("{verdict:?}") };
        assert!(found == line && text.starts_with(start), "line {found}: {text}");
    }
    let resolved = folder.folder.canonicalize().expect("the crate's folder").join("missing.safetensors");
    assert!(errors(&verdicts[4])[0].1.contains(&format!("{}", resolved.display())), "{:?}", verdicts[4]);
}

#[test]
fn sizes_that_the_macro_cannot_see_are_checked_too() {
    let folder = Crate::new("weights-deferred");
    folder.file("w", &[WEIGHT, BIAS]);
    let inner = [("sub.enc.weight", Dtype::F32, WEIGHT.2), ("sub.enc.bias", Dtype::F32, BIAS.2)];
    folder.file("outer", &inner);
    folder.file("half", &inner[..1]);
    let with_const = |channels: u8| {
        let enc = "enc: Conv2d(1 -> N, kernel: 3, stride: 2);";
        format!("const N: usize = {channels}; {}", chain("w", enc, "[N, 4, 4]"))
    };
    let generic = |use_it: &str| {
        format!(
            "conv_chain! {{ pub struct Model<const N: usize> {{ weights: \"w.safetensors\"; input: [1, 9, 9];
            enc: Conv2d(1 -> N, kernel: 3, stride: 2); output: [N, 4, 4]; }} }} {use_it}"
        )
    };
    let outer = |file: &str| {
        let sub = format!("conv_chain! {{ pub struct Sub {{ input: [1, 9, 9]; {ENC} output: [4, 4, 4]; }} }}");
        format!("{sub} {}", chain(file, "sub: Chain(Sub);", "[4, 4, 4]"))
    };
    let symbolic =
        chain("w", ENC, "[4, 2*h, 2*h]").replace("input: [1, 9, 9]", "for h in 1..; input: [1, 4*h + 1, 4*h + 1]");
    let accepted = [
        with_const(4),
        generic("const _: () = Model::<4>::CHECK; pub fn model() -> Model<4> { Model::pretrained() }"),
        outer("outer"),
        symbolic,
    ];
    let refused = [with_const(5), generic("const _: () = Model::<5>::CHECK;"), outer("half")];
    let verdicts = folder.check(&[accepted.as_slice(), &refused].concat());
    for verdict in &verdicts[..4] {
        assert!(verdict.accepted(), "{verdict:?}");
    }
    let starts = [
        "evaluation panicked: [CS0605] `enc` needs `enc.weight` as [5, 1, 3, 3], the file has [4, 1, 3, 3]",
        "evaluation panicked: [CS0605] `enc` needs `enc.weight` as [5, 1, 3, 3], the file has [4, 1, 3, 3]",
        "evaluation panicked: [CS0603] `sub` needs `sub.enc.bias` [4], which the file does not have",
    ];
    for (verdict, start) in verdicts[4..].iter().zip(starts) {
        let [(line, text)] = errors(verdict)[..] else { panic!("{verdict:?}") };
        assert!(line == 2 && text.starts_with(start), "line {line}: {text}");
    }
}
