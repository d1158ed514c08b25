//! After its first run, a model allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use convshape::{Model, Tensor, Workspace};
use convshape_tests::models::{AudioAe, DcganGenerator, MnistAe, Unet, Vae};
use rand::SeedableRng;
use rand::rngs::StdRng;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
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

/// Runs a model twice into the same memory, and `forward` for what is expected.
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

/// One test, as the counter is the process's; one thread, as a pool allocates where a call enters it.
#[test]
fn a_run_allocates_nothing() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("the first pool");
    check!(MnistAe, (x));
    check!(DcganGenerator, (x));
    check!(AudioAe, (x));
    check!(Unet, (x));
    check!(Vae, (x, eps));
}
