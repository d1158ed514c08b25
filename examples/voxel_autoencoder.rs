//! An autoencoder of volumes: three spatial axes of different sizes, each checked separately.
//!
//! ```sh
//! cargo run --release --example voxel_autoencoder
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use convshape::{Cdhw, Tensor, conv_chain};
use rand::{SeedableRng, rngs::StdRng};

conv_chain! {
    /// Volumes of 9 layers, 16 rows and 20 columns.
    struct VoxelAutoencoder {
        input: [1, 9, 16, 20];

        enc1: Conv3d(1 -> 8, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [8, 5, 8, 10];
        enc2: Conv3d(8 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu) -> [16, 3, 4, 5];

        // 3 comes back as 5, but 4 as 8 and 5 as 10: `undo` finds the `output_padding` of each axis.
        dec2: ConvTranspose3d(undo enc2, activation: Relu) -> [8, 5, 8, 10];
        // The same for `enc1`, written out.
        dec1: ConvTranspose3d(8 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: (0, 1, 1)) restores enc1;
        Sigmoid;

        output: [1, 9, 16, 20];
    }
}

fn main() {
    println!("{}\n", VoxelAutoencoder::summary());

    let model = VoxelAutoencoder::init(&mut StdRng::seed_from_u64(1));
    assert_eq!(model.enc2.weight.shape(), [16, 8, 3, 3, 3]);
    // PyTorch's layout of a transposed convolution has the input channels first.
    assert_eq!(model.dec1.weight.shape(), [8, 1, 3, 3, 3]);

    // A ball.
    let ball: Tensor<f32, Cdhw<1, 9, 16, 20>> = Tensor::from_fn(|[_, z, y, x]| {
        let from_centre = [z as f32 - 4.0, y as f32 - 7.5, x as f32 - 9.5];
        if from_centre.iter().map(|d| d * d).sum::<f32>() < 16.0 { 1.0 } else { 0.0 }
    });
    let back: Tensor<f32, Cdhw<1, 9, 16, 20>> = model.forward(&ball);
    assert!(back.as_slice().iter().all(|filled| (0.0..=1.0).contains(filled)));
    println!("{ball:?}\nbecomes {back:?}");
}
