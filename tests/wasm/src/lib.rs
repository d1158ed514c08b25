//! The recorded models as a WebAssembly module. `models.mjs` calls it in Node.js and judges the errors.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use convshape::{Model, Tensor, Workspace};
use ndarray::{ArrayD, ArrayViewD};
use safetensors::SafeTensors;

/// A recorded model.
struct Case {
    name: &'static str,
    /// The largest error of an output element, relative to the recorded output's standard deviation.
    error: fn() -> f64,
    /// How many times the second run in the same workspace allocates.
    allocations: fn() -> usize,
}

/// One input, or a tuple of several.
macro_rules! inputs {
    ($input:ident) => { &$input };
    ($($input:ident)*) => { ($(&$input),*) };
}

macro_rules! cases {
    ($($model:ident, $module:ident $path:literal, $file:literal, [$($input:ident)*];)*) => {
        $(
            #[path = $path]
            mod $module;
            use $module::$model;
        )*

        const CASES: &[Case] = &[$(Case {
            name: $file,
            error: || {
                let recorded = include_bytes!(concat!("../data/models/", $file, ".io.safetensors"));
                error(&$model::pretrained(), recorded, &[$(stringify!($input)),*])
            },
            allocations: || {
                let model = $model::pretrained();
                $(let $input = Tensor::from_fn(|_| 0.5);)*
                let mut y = model.forward(inputs!($($input)*));
                let mut workspace = Workspace::new::<$model>();
                model.forward_into(inputs!($($input)*), &mut y, &mut workspace);
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                model.forward_into(inputs!($($input)*), &mut y, &mut workspace);
                ALLOCATIONS.load(Ordering::Relaxed) - before
            },
        }),*];
    };
}

cases! {
    Ae3d, ae3d "../../src/models/ae3d.rs", "torch_ae3d", [input];
    AudioAe, audio_ae "../../src/models/audio_ae.rs", "torch_audio_ae", [input];
    DcganDiscriminator, dcgan_discriminator "../../src/models/dcgan_discriminator.rs", "torch_dcgan_discriminator", [input];
    DcganGenerator, dcgan_generator "../../src/models/dcgan_generator.rs", "torch_dcgan_generator", [input];
    MnistAe, mnist_ae "../../src/models/mnist_ae.rs", "torch_mnist_ae", [input];
    Unet, unet "../../src/models/unet.rs", "torch_unet", [input];
    Vae, vae "../../src/models/vae.rs", "torch_vae", [input input1];
    FlaxLinenAe, flax_linen_ae "../../src/models/flax_linen_ae.rs", "flax_linen_ae", [input];
    FlaxNnxAe, flax_nnx_ae "../../src/models/flax_nnx_ae.rs", "flax_nnx_ae", [input];
    KerasAe, keras_ae "../../src/models/keras_ae.rs", "keras_ae", [input];
    KerasAudioAe, keras_audio_ae "../../src/models/keras_audio_ae.rs", "keras_audio_ae", [input];
}

/// Runs a model on the recorded inputs. NaN if the output does not have the recorded shape.
fn error(model: &impl Model, recorded: &[u8], inputs: &[&str]) -> f64 {
    let recorded = SafeTensors::deserialize(recorded).expect("a safetensors file");
    let inputs: Vec<ArrayD<f32>> = inputs.iter().map(|name| tensor(&recorded, name)).collect();
    let views: Vec<ArrayViewD<'_, f32>> = inputs.iter().map(|input| input.view()).collect();
    let found = model.run_batch(&views).expect("the inputs have the chain's shapes").remove(0);
    let expected = tensor(&recorded, "output");
    if found.shape() != expected.shape() {
        return f64::NAN;
    }
    let errors = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    // Not `f64::max`, which would ignore NaN.
    let worst = errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst });
    let expected = expected.mapv(f64::from);
    let mean = expected.sum() / expected.len() as f64;
    worst / (expected.mapv(|y| (y - mean) * (y - mean)).sum() / expected.len() as f64).sqrt()
}

fn tensor(recorded: &SafeTensors<'_>, name: &str) -> ArrayD<f32> {
    let tensor = recorded.tensor(name).expect("a recorded tensor");
    let values = tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("4 bytes")));
    ArrayD::from_shape_vec(tensor.shape(), values.collect()).expect("as many elements as the shape has")
}

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many models there are.
#[unsafe(no_mangle)]
pub extern "C" fn cases() -> usize {
    CASES.len()
}

/// The address of a model's name in memory.
#[unsafe(no_mangle)]
pub extern "C" fn name(case: usize) -> *const u8 {
    CASES[case].name.as_ptr()
}

/// The length of a model's name, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn name_length(case: usize) -> usize {
    CASES[case].name.len()
}

/// The error of a model: see [`Case`].
#[unsafe(no_mangle)]
pub extern "C" fn error_of(case: usize) -> f64 {
    (CASES[case].error)()
}

/// The allocations of a model: see [`Case`].
#[unsafe(no_mangle)]
pub extern "C" fn allocations_of(case: usize) -> usize {
    (CASES[case].allocations)()
}
