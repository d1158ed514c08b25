//! Training on several devices at once, and on one that a server has: the parameters are those of one device with the
//! whole batch. `convshape/burn/devices` runs it, because the features compile long.
#![cfg(any(feature = "several", feature = "remote"))]

use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor, TensorData};
use convshape::{Model, conv_chain};
use convshape_burn::BurnModel;
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    struct Net {
        input: [1, 6, 6];
        enc: Conv2d(1 -> 4, kernel: 3, stride: 2, padding: 1, activation: Silu);
        out: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [1, 6, 6];
    }
}

const STEPS: usize = 4;
/// Rows of a device in a step.
const ROWS: usize = 3;
const RATE: f64 = 0.5;

fn model() -> Net {
    Net::init(&mut StdRng::seed_from_u64(1))
}

fn image(index: usize) -> Vec<f32> {
    (0..36).map(|pixel| ((7 * index + 5 * pixel) % 11) as f32 / 11.0).collect()
}

fn images(items: &[Vec<f32>], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(items.concat(), [items.len(), 1, 6, 6]), device)
}

/// The share of some rows in the mean over a batch of `whole` rows.
fn loss(net: &BurnModel<Net>, images: Tensor<4>, whole: usize) -> Tensor<1> {
    let found: Tensor<4> = net.forward(images.clone()).expect("images of the chain's size");
    (found - images).square().sum() / (whole * 36) as f32
}

/// Trains on one device with the whole batch: the rows of `devices` devices, of which each has a part of the data.
fn whole(device: &Device, devices: usize) -> Net {
    let device = device.clone().autodiff();
    let mut net = BurnModel::from_model(&model(), &device).expect("burn has all of it");
    let mut descent = SgdConfig::new().init();
    for step in 0..STEPS {
        let rows = (0..devices).flat_map(|part| (0..ROWS).map(move |row| (part * STEPS + step) * ROWS + row));
        let batch = images(&rows.map(image).collect::<Vec<_>>(), &device);
        let gradients = GradientsParams::from_grads(loss(&net, batch, devices * ROWS).backward(), &net);
        net = descent.step(RATE, net, gradients);
    }
    net.valid().into_model().expect("numbers of the device")
}

fn assert_same(found: &Net, expected: &Net) {
    let numbers = |model: &Net| {
        let mut numbers = Vec::new();
        model.for_each_param(|_, param| numbers.extend_from_slice(param.as_slice()));
        numbers
    };
    let (found, expected, start) = (numbers(found), numbers(expected), numbers(&model()));
    assert_ne!(expected, start);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    }
}

/// burn's own training loop, by its `ExecutionStrategy::MultiDevice`.
#[cfg(feature = "several")]
mod several {
    use burn::data::dataloader::DataLoaderBuilder;
    use burn::data::dataloader::batcher::Batcher;
    use burn::data::dataset::InMemDataset;
    use burn::train::{
        ExecutionStrategy, InferenceStep, Learner, MultiDeviceOptim, SupervisedTraining, TrainOutput, TrainStep,
    };

    use super::*;

    #[derive(Module, Debug)]
    struct Learned {
        net: BurnModel<Net>,
        /// The devices that share a batch.
        devices: usize,
    }

    impl TrainStep for Learned {
        type Input = Tensor<4>;
        type Output = ();

        fn step(&self, images: Tensor<4>) -> TrainOutput<()> {
            TrainOutput::new(self, loss(&self.net, images, self.devices * ROWS).backward(), ())
        }
    }

    impl InferenceStep for Learned {
        type Input = Tensor<4>;
        type Output = ();

        fn step(&self, _: Tensor<4>) {}
    }

    struct Images;

    impl Batcher<Vec<f32>, Tensor<4>> for Images {
        fn batch(&self, items: Vec<Vec<f32>>, device: &Device) -> Tensor<4> {
            images(&items, device)
        }
    }

    pub(super) fn trained(devices: Vec<Device>, optimizer: MultiDeviceOptim) -> Net {
        let count = devices.len();
        let data = |samples| {
            let items = InMemDataset::new((0..samples).map(image).collect());
            DataLoaderBuilder::new(Images).batch_size(ROWS).build(items)
        };
        let folder = std::env::temp_dir().join(format!("convshape-burn-devices-{}", std::process::id()));
        let first = devices[0].clone().autodiff();
        let net = BurnModel::from_model(&model(), &first).expect("burn has all of it");
        let strategy = ExecutionStrategy::MultiDevice(devices, optimizer);
        let result = SupervisedTraining::new(&folder, data(count * STEPS * ROWS), data(ROWS))
            .with_application_logger(None)
            .with_training_strategy(strategy.into())
            .num_epochs(1)
            .launch(Learner::new(Learned { net, devices: count }, SgdConfig::new().init(), RATE));
        let _ = std::fs::remove_dir_all(folder);
        assert!(result.error.is_none(), "{:?}", result.error);
        result.model.net.into_model().expect("numbers of the device")
    }

    #[test]
    fn several_devices_train_as_one() {
        for optimizer in [MultiDeviceOptim::OptimMainDevice, MultiDeviceOptim::OptimSharded] {
            let found = trained(vec![Device::flex(), Device::flex()], optimizer);
            assert_same(&found, &whole(&Device::flex(), 2));
        }
    }
}

/// A device of a server in this process, over loopback.
#[cfg(feature = "remote")]
mod remote {
    use std::net::TcpListener;

    use burn::remote::RemoteHost;
    use burn::server::{RemoteServer, WebSocketTransport};

    use super::*;

    fn served() -> Device {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = RemoteHost::websocket(&format!("ws://{}", listener.local_addr().expect("the port")));
        std::thread::spawn(move || {
            RemoteServer::new([Device::flex()]).serve(WebSocketTransport::from_listener(listener))
        });
        Device::remote_options(&host).init().expect("a connection")
    }

    #[test]
    fn a_device_of_a_server_trains_as_one_here() {
        assert_same(&whole(&served(), 2), &whole(&Device::flex(), 2));
    }

    #[cfg(feature = "several")]
    #[test]
    fn devices_here_and_there_train_as_one() {
        let devices = vec![Device::flex(), served()];
        assert_same(
            &several::trained(devices, burn::train::MultiDeviceOptim::OptimMainDevice),
            &whole(&Device::flex(), 2),
        );
    }
}
