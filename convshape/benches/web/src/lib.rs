//! The benchmark suite as a WebAssembly module. `speed.mjs` asks for its cases in Node.js.

#[path = "../../suite/numbers.rs"]
mod numbers;
#[path = "../../suite/mod.rs"]
mod suite;

use std::cell::RefCell;

use convshape::__private::Parts;
use convshape::Model;
use convshape::ndarray::ArrayD;
use convshape::rand::SeedableRng;
use convshape::rand::rngs::Xoshiro256PlusPlus;

use numbers::numbers;
use suite::{CASES, Visit, split, with_case};

/// A case that is ready to run.
#[derive(Default)]
struct Case {
    /// The shape of its input, with the batch.
    dims: Vec<usize>,
    input: Vec<f32>,
    output: Vec<f32>,
    /// The same network as an ONNX file.
    onnx: Vec<u8>,
    run: Option<Box<dyn FnMut() -> Vec<f32>>>,
}

thread_local! {
    static CASE: RefCell<Case> = RefCell::default();
}

struct Prepare {
    batch: usize,
}

impl Visit for Prepare {
    type Output = Case;

    fn visit<M: Model + Parts>(self, init: fn(&mut Xoshiro256PlusPlus) -> M) -> Case {
        let model = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        let x: ArrayD<f32> = numbers(self.batch, &M::INPUT);
        let onnx = convshape_onnx::to_bytes(&model).expect("the suite's layers are in ONNX");
        let (dims, input) = (x.shape().to_vec(), x.iter().copied().collect());
        let run = move || {
            let mut outputs = model.run_batch(&[x.view()]).expect("the input has the chain's shape");
            // No iterator of ndarray: it would take longer than a small network.
            outputs.swap_remove(0).into_raw_vec_and_offset().0
        };
        Case { dims, input, output: run(), onnx, run: Some(Box::new(run)) }
    }
}

fn with<T>(work: impl FnOnce(&mut Case) -> T) -> T {
    CASE.with_borrow_mut(work)
}

/// The number of cases.
#[unsafe(no_mangle)]
pub extern "C" fn cases() -> usize {
    CASES.len()
}

/// The address of a case's name.
#[unsafe(no_mangle)]
pub extern "C" fn name(case: usize) -> *const u8 {
    CASES[case].as_ptr()
}

/// The length of a case's name, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn name_length(case: usize) -> usize {
    CASES[case].len()
}

/// Gets a case ready, and runs it once.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(case: usize) {
    let (_, batch) = split(CASES[case]);
    let prepared = with_case(CASES[case], Prepare { batch }).expect("a case of the suite");
    with(|case| *case = prepared);
}

/// Runs the case `times` times.
#[unsafe(no_mangle)]
pub extern "C" fn run(times: usize) {
    with(|case| {
        let Case { run: Some(run), output, .. } = case else { return };
        for _ in 0..times {
            *output = run();
        }
    });
}

/// Exports the address and length of a part of the case.
macro_rules! parts {
    ($($part:ident, $length:ident: $type:ty;)*) => {
        $(
            /// The address of this part of the case.
            #[unsafe(no_mangle)]
            pub extern "C" fn $part() -> *const $type {
                with(|case| case.$part.as_ptr())
            }

            /// Its number of elements.
            #[unsafe(no_mangle)]
            pub extern "C" fn $length() -> usize {
                with(|case| case.$part.len())
            }
        )*
    };
}

parts! {
    dims, dims_length: usize;
    input, input_length: f32;
    output, output_length: f32;
    onnx, onnx_length: u8;
}
