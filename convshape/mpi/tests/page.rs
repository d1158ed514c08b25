//! The lines for MPI in the book's page "Where it runs" compile. `tests/tests/front_pages.rs` compares them.

use std::error::Error;

use convshape::conv_chain;
use convshape::ndarray::Array4;
use convshape::rand::{SeedableRng, rngs::SmallRng};
use convshape::train::{Adam, Data, Fit, Mse, Processes};

conv_chain! {
    struct Autoencoder {
        input: [1, 28, 28];
        enc: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        dec: ConvTranspose2d(undo enc, activation: Sigmoid);
        output: [1, 28, 28];
    }
}

#[expect(dead_code, reason = "it must compile")]
fn page(images: &Array4<f32>) {
    // from here
    convshape_mpi::run(|cluster| {
        let data = Data::new(images.view(), images.view())?;
        let mut model = Autoencoder::init(&mut SmallRng::seed_from_u64(1));
        let fit = Fit::new(Adam::new(1e-3), Mse).batch(256).checkpoint("autoencoder.safetensors");
        fit.processes(cluster.clone()).run(&mut model, &data)?;
        if cluster.rank() == 0 {
            model.save("trained.safetensors")?;
        }
        Ok::<_, Box<dyn Error>>(())
    });
    // to here
}
