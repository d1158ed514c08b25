//! Runs networks and steps of training as `networks.py` and `training.py` ask for them: a line on standard input for
//! each request, a line on standard output for each answer.
//!
//! - `save DIR` writes every network as `NAME.onnx`, with its input and output as `NAME.json` and raw `f32` files
//! - `run NAME` and `train NAME` get a network ready
//! - `file PATH DIR SIZES` gets the network of an ONNX file ready, reads its input of these sizes from `DIR/x` and writes
//!   its first output to `DIR/y`, as raw `f32` files
//! - `time N` reports the seconds of the fastest of `N` runs
//! - `peak` reports the measured operations per second of one core

#[path = "../../networks/chains.rs"]
mod networks;
#[path = "../../suite/numbers.rs"]
mod numbers;
#[path = "../../training/chains.rs"]
mod training;

use std::error::Error;
use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use convshape::ndarray::ArrayD;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::train::{Mse, Sgd, Train};
use convshape::{GraphModel, Model, Profile};
use numbers::numbers;
use proc_macro2::{TokenStream, TokenTree};
use safetensors::SafeTensors;

type Failure = Box<dyn Error>;

/// Draws a model's weights.
type Init<M> = fn(&mut Xoshiro256PlusPlus) -> M;

/// A network, or a step of its training, that is ready to run.
trait Ready {
    fn run(&mut self) -> Result<(), Failure>;

    /// The time of each layer. `None` for a step of training.
    fn profile(&self) -> Result<Option<Profile>, Failure> {
        Ok(None)
    }
}

struct Network<M> {
    model: M,
    x: ArrayD<f32>,
    y: Vec<ArrayD<f32>>,
}

impl<M: Model> Network<M> {
    fn new(init: Init<M>) -> Network<M> {
        let model = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        Network { model, x: numbers(1, &M::INPUT), y: Vec::new() }
    }

    fn save(mut self, path: &Path) -> Result<(), Failure> {
        convshape_onnx::save(&self.model, path.with_extension("onnx"))?;
        self.run()?;
        let bytes = |array: &ArrayD<f32>| array.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        fs::write(path.with_extension("x"), bytes(&self.x))?;
        fs::write(path.with_extension("y"), bytes(&self.y[0]))?;
        fs::write(path.with_extension("json"), format!("{:?}", self.x.shape()))?;
        Ok(())
    }
}

impl<M: Model> Ready for Network<M> {
    fn run(&mut self) -> Result<(), Failure> {
        self.y = self.model.forward_batch(&[self.x.view()])?;
        Ok(())
    }

    fn profile(&self) -> Result<Option<Profile>, Failure> {
        Ok(self.model.profile(&[self.x.view()])?)
    }
}

/// A network of an ONNX file.
struct File {
    model: GraphModel,
    x: ArrayD<f32>,
    y: Vec<ArrayD<f32>>,
}

impl File {
    fn new(path: &Path, x: ArrayD<f32>) -> Result<File, Failure> {
        let import = convshape_onnx::import_file(path, "Network")?;
        let source: TokenStream = import.source.parse().map_err(|_| "the import is not Rust")?;
        let group = |token| if let TokenTree::Group(group) = token { Some(group.stream()) } else { None };
        let chain = source.into_iter().find_map(group).ok_or("the import has no chain")?;
        let graph = convshape_front::graph(chain, Path::new(".")).ok_or("the import does not fit")?;
        let weights = SafeTensors::deserialize(&import.weights)?;
        let elements = |name: &str| -> Result<Vec<f32>, Failure> {
            Ok(weights.tensor(name)?.data().chunks_exact(4).map(number).collect())
        };
        let params = graph.params().iter().map(|param| elements(&param.name)).collect::<Result<_, _>>()?;
        Ok(File { model: GraphModel::new(graph, params)?, x, y: Vec::new() })
    }
}

impl Ready for File {
    fn run(&mut self) -> Result<(), Failure> {
        self.y = self.model.forward_batch(&[self.x.view()])?;
        Ok(())
    }

    fn profile(&self) -> Result<Option<Profile>, Failure> {
        Ok(self.model.profile(&[self.x.view()])?)
    }
}

/// A step of training on the mean squared error.
struct Step<M> {
    model: M,
    x: ArrayD<f32>,
    target: ArrayD<f32>,
    optimizer: Sgd,
    rng: Xoshiro256PlusPlus,
}

impl<M: Train> Step<M> {
    fn new(init: Init<M>, batch: usize) -> Step<M> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let (x, target) = (numbers(batch, &M::INPUT), numbers(batch, &M::OUTPUT));
        Step { model: init(&mut rng), x, target, optimizer: Sgd::new(1e-3), rng }
    }
}

impl<M: Train> Ready for Step<M> {
    fn run(&mut self) -> Result<(), Failure> {
        let (x, target) = ([self.x.view()], [self.target.view()]);
        let (loss, gradients) = self.model.loss_gradients_train(&x, &target, &mut Mse, &mut self.rng)?;
        assert!(loss.is_finite(), "the loss is {loss}");
        self.optimizer.step(&mut self.model, &gradients)?;
        Ok(())
    }
}

macro_rules! networks {
    ($($name:literal: $model:ident),* $(,)?) => {
        fn network(name: &str) -> Result<Box<dyn Ready>, Failure> {
            match name {
                $($name => Ok(Box::new(Network::new(networks::$model::init))),)*
                _ => Err(format!("no network `{name}`").into()),
            }
        }

        fn save(folder: &Path) -> Result<(), Failure> {
            $(Network::new(networks::$model::init).save(&folder.join($name))?;)*
            Ok(())
        }
    };
}

networks! {
    "resnet50": ResNet50,
    "mobilenet_v2": MobileNetV2,
    "efficientnet_b0": EfficientNetB0,
    "shufflenet_v2": ShuffleNetV2,
    "regnet": RegNet,
    "densenet121": DenseNet121,
    "convnext_t": ConvNextT,
    "vae_decoder": VaeDecoder,
    "style": Style,
    "hifigan": HifiGan,
    "r2plus1d_18": R2Plus1D18,
}

macro_rules! steps {
    ($($name:literal: $model:ident, $batch:literal);* $(;)?) => {
        fn step(name: &str) -> Result<Box<dyn Ready>, Failure> {
            match name {
                $($name => Ok(Box::new(Step::new(training::$model::init, $batch))),)*
                _ => Err(format!("no network `{name}` is trained").into()),
            }
        }
    };
}

steps! {
    "cifar_pool": CifarPool, 32;
    "resnet18": ResNet18, 32;
    "depthwise": Depthwise, 32;
    "squeeze_excite": SqueezeExcite, 32;
    "convnext": ConvNext, 16;
    "unet_gn": UnetGn, 4;
    "style": Style, 8;
    "dcgan_d": DcganD, 16;
    "dcgan_g": DcganG, 16;
    "audio": AudioAe, 8;
    "voxels": VoxelAe, 8;
    "tokens": Tokens, 16;
    "tagger": Tagger, 16;
    "dense": Dense, 16;
    "vit": Vit, 16;
    "resnext": ResNext, 16;
    "gated": Gated, 8;
    "detail": Detail, 8;
    "crnn": Crnn, 16;
    "unet_bn": UnetBn, 4;
    "mixer": Mixer, 32;
    "aspp": Aspp, 8;
    "strided_ae": StridedAe, 64;
    "signal": Signal, 16;
    "speech": Speech, 32;
    "mlp": Mlp, 128;
    "points": Points, 8;
    "lstm2": Lstm2, 16;
}

/// A number of a raw file.
fn number(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn fastest(ready: &mut dyn Ready, runs: usize) -> Result<f64, Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        ready.run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn main() -> Result<(), Failure> {
    let mut ready: Option<Box<dyn Ready>> = None;
    for line in io::stdin().lines() {
        let line = line?;
        match *line.split_whitespace().collect::<Vec<_>>() {
            ["save", folder] => {
                save(Path::new(folder))?;
                println!("saved");
            }
            ["run", name] => {
                ready = Some(network(name)?);
                println!("ready");
            }
            ["train", name] => {
                ready = Some(step(name)?);
                println!("ready");
            }
            ["file", path, folder, ref sizes @ ..] => {
                let sizes = sizes.iter().map(|size| size.parse()).collect::<Result<Vec<usize>, _>>()?;
                let bytes = fs::read(Path::new(folder).join("x"))?;
                let x = ArrayD::from_shape_vec(sizes, bytes.chunks_exact(4).map(number).collect())?;
                let mut file = File::new(Path::new(path), x)?;
                file.run()?;
                let y = file.y.iter().take(1).flatten().flat_map(|x| x.to_le_bytes());
                fs::write(Path::new(folder).join("y"), y.collect::<Vec<u8>>())?;
                ready = Some(Box::new(file));
                println!("ready");
            }
            ["time", runs] => {
                let ready = ready.as_mut().ok_or("nothing is ready")?;
                println!("{}", fastest(ready.as_mut(), runs.parse()?)?);
            }
            ["profile"] => {
                let profile = ready.as_ref().ok_or("nothing is ready")?.profile()?;
                eprintln!("{}", profile.ok_or("a step of training has no profile")?);
                println!("printed");
            }
            ["peak"] => println!("{}", convshape::__private::peak_flops()),
            _ => return Err(format!("what is `{line}`?").into()),
        }
    }
    Ok(())
}
