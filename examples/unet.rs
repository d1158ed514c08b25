//! A U-Net (Ronneberger, Fischer and Brox, 2015): an image is reduced to a quarter of its size and enlarged again. Each
//! level on the way up also reads the result of the same level on the way down.
//!
//! A skip connection needs equal heights and widths on both sides. This fails if an input size cannot be halved twice:
//! with 98 rows instead of 96, the second pooling turns 49 into 24, which comes back as 48. The example then does not
//! compile: the error on `Concat(skip2, _)` names both heights and the pooling that dropped the row.
//!
//! ```sh
//! cargo run --release --example unet
//! ```
#![expect(clippy::print_stdout, reason = "an example prints what it shows")]

use convshape::ndarray::Array4;
use convshape::{Chain, Shape, ShapeError, conv_chain};
use rand::{SeedableRng, rngs::StdRng};

conv_chain! {
    /// Gives each pixel's probability of belonging to an object.
    struct Unet {
        // Two convolutions that keep the size; each use gives the channels.
        block DoubleConv(from, to) {
            c1: Conv2d(from -> to, kernel: 3, padding: 1, bias: false);
            BatchNorm(to);
            Relu;
            c2: Conv2d(to -> to, kernel: 3, padding: 1, bias: false);
            BatchNorm(to);
            Relu;
        }

        input: [3, 96, 128];

        skip1: DoubleConv(3, 16);
        MaxPool2d(2);
        skip2: DoubleConv(16, 32);
        MaxPool2d(2);
        bottom: DoubleConv(32, 64) -> [64, 24, 32];

        up2: ConvTranspose2d(64 -> 32, kernel: 2, stride: 2);
        Concat(skip2, _);
        d2: DoubleConv(64, 32) -> [32, 48, 64];
        up1: ConvTranspose2d(32 -> 16, kernel: 2, stride: 2);
        Concat(skip1, _);
        d1: DoubleConv(32, 16);
        head: Conv2d(16 -> 1, kernel: 1, activation: Sigmoid);

        output: [1, 96, 128];
    }
}

fn main() -> Result<(), ShapeError> {
    println!("{}\n", Unet::summary());

    // A skip connection joins 32 channels from the left side and 32 from below.
    let joined = Unet::LAYERS.iter().filter(|layer| layer.op == "Concat").map(|layer| layer.output);
    assert!(joined.eq([Shape::of(&[64, 48, 64]), Shape::of(&[32, 96, 128])]));

    // A block's parameters are a field of the model.
    let model = Unet::init(&mut StdRng::seed_from_u64(1));
    assert_eq!(model.bottom.c1.weight.shape(), [64, 32, 3, 3]);

    let images =
        Array4::from_shape_fn((2, 3, 96, 128), |(_, _, y, x)| if (x / 16 + y / 16) % 2 == 0 { 1.0 } else { 0.0 });
    let masks = model.forward_batch(images.view())?;
    assert_eq!(masks.shape(), [2, 1, 96, 128]);
    assert!(masks.iter().all(|likely| (0.0..=1.0).contains(likely)));

    // At run time another size is an error, not a panic.
    let refused = model.forward_batch(Array4::zeros((2, 3, 98, 128)).view()).expect_err("98 rows");
    println!("98 rows: {refused}");
    assert!(refused.to_string().contains("height 98, expected 96"));
    Ok(())
}
