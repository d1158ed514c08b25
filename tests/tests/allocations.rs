//! After its first run, a model allocates nothing.

#[path = "../../convshape/benches/suite/mod.rs"]
mod suite;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use convshape::__private::Parts;
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::{Chain, Model, Shape, Tensor, Workspace, conv_chain};
use convshape_tests::models::{AudioAe, DcganGenerator, MnistAe, Unet, Vae};
use rand::SeedableRng;
use rand::rngs::StdRng;
use suite::{CASES, Visit, run_one, split, with_case};

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

conv_chain! {
    struct Attentive {
        input: [30, 24];
        h: MultiHeadAttention(24, heads: 3, causal: true);
        Attention(h, h, h, heads: 2);
        output: [30, 24];
    }
}

/// Runs a model twice into the same memory, and `forward` for the expected output.
macro_rules! check {
    ($model:ty, ($($input:ident),+)) => {{
        let mut rng = StdRng::seed_from_u64(1);
        let model = <$model>::init(&mut rng);
        let mut next = 0_u16;
        let mut number = || {
            next = next.wrapping_mul(25_173).wrapping_add(13_849);
            f32::from(next) / 65_536.0
        };
        $(let $input = Tensor::from_fn(|_| number());)+
        let expected = model.forward(check!(@ $($input),+));
        let (mut y, mut workspace) = (expected.clone(), Workspace::new::<$model>());
        let size = format!("{workspace:?}");
        model.forward_into(check!(@ $($input),+), &mut y, &mut workspace);
        assert_eq!(format!("{workspace:?}"), size, "the workspace had to grow");
        y.as_mut_slice().fill(f32::NAN);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        model.forward_into(check!(@ $($input),+), &mut y, &mut workspace);
        let after = ALLOCATIONS.load(Ordering::Relaxed);
        assert_eq!(after - before, 0, "{}", stringify!($model));
        assert_eq!(y, expected);
        assert!(<$model as Model>::WORKSPACE_BYTES > 0);
    }};
    (@ $input:ident) => { &$input };
    (@ $($input:ident),+) => { ($(&$input),+) };
}

/// A network of the benchmark suite, run in the same way.
struct Twice<'a>(&'a str);

impl Visit for Twice<'_> {
    type Output = ();

    fn visit<M: Model + Parts>(self, init: fn(&mut Xoshiro256PlusPlus) -> M) {
        let model = init(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        let elements = |shape: &Shape| -> usize { shape.numbers().expect("sizes are known").iter().product() };
        let x: Vec<f32> = (0..elements(&<M as Chain>::INPUT)).map(|at| (at % 97) as f32 / 97.0).collect();
        let mut y = vec![f32::NAN; elements(&<M as Chain>::OUTPUT)];
        let mut workspace = Workspace::new::<M>();
        let size = format!("{workspace:?}");
        run_one(&model, &x, &mut y, &mut workspace);
        assert_eq!(format!("{workspace:?}"), size, "{}: the workspace had to grow", self.0);
        let expected = y.clone();
        y.fill(f32::NAN);
        let mut run = || {
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            run_one(&model, &x, &mut y, &mut workspace);
            ALLOCATIONS.load(Ordering::Relaxed) - before
        };
        // A second thread allocates what it needs when it first gets work, which may not be in the first run.
        let threads = rayon::current_num_threads();
        let runs = if threads == 1 { 1 } else { 20 };
        assert_eq!((0..runs).map(|_| run()).min(), Some(0), "{} on {threads} threads", self.0);
        assert_eq!(y, expected, "{}", self.0);
    }
}

/// One test, because the counter belongs to the process.
#[test]
fn a_run_allocates_nothing() {
    for case in CASES.into_iter().filter(|case| split(case).1 == 1) {
        with_case(case, Twice(case)).expect("a case of the suite");
    }
    // A pool allocates when a call enters it, so all runs are inside one.
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            if threads == 1 {
                check!(MnistAe, (x));
                check!(DcganGenerator, (x));
                check!(AudioAe, (x));
                check!(Unet, (x));
                check!(Vae, (x, eps));
                check!(Attentive, (x));
            }
            for case in CASES.into_iter().filter(|case| split(case).1 == 1) {
                with_case(case, Twice(case)).expect("a case of the suite");
            }
        });
    }
}
