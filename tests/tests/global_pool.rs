//! Rayon's global pool stays the program's to configure, even after models have run on several threads.

use convshape::train::Mse;
use convshape_tests::models::MnistAe;
use ndarray::Array4;
use rand::SeedableRng;
use rand::rngs::StdRng;

#[test]
fn large_runs_do_not_start_the_global_pool() {
    let model = MnistAe::init(&mut StdRng::seed_from_u64(1));
    let x = Array4::<f32>::ones((64, 1, 28, 28));
    model.forward_batch(x.view()).expect("the shape that the chain takes");
    model.gradients(x.view(), x.view(), Mse).expect("the shapes that fit");
    let built = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    assert!(built.is_ok(), "{built:?}");
}
