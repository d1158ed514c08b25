//! The digits autoencoder as on a device: no standard library, no heap, weights in the program.
//!
//! Reads the pixels of one image from standard input, as little-endian `f32`, and writes those of its reconstruction.
#![no_std]
#![no_main]

use core::ffi::{c_int, c_void};
use core::panic::PanicInfo;

use convshape::{Model, conv_chain};

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        weights: "../../examples/data/digits/autoencoder.safetensors";
        input: [1, 8, 8];

        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu);

        dec3: ConvTranspose2d(undo code, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, activation: Sigmoid);

        output: [1, 8, 8];
    }
}

/// The pixels of an image.
type Image = [[[f32; 8]; 8]; 1];

// The C library of the host stands in for a device's drivers.
#[link(name = "c")]
unsafe extern "C" {
    fn read(file: c_int, bytes: *mut c_void, count: usize) -> isize;
    fn write(file: c_int, bytes: *const c_void, count: usize) -> isize;
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// Runs the model once.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> c_int {
    let mut image: Image = [[[0.0; 8]; 8]; 1];
    let mut drawn: Image = [[[0.0; 8]; 8]; 1];
    let mut memory = [0.0; Digits::WORKSPACE_BYTES / size_of::<f32>()];
    let mut done = 0;
    while done < size_of::<Image>() {
        // SAFETY: the range is inside `image` because of the check before, and any bytes are valid numbers.
        let more = unsafe { read(0, (&raw mut image).cast::<c_void>().byte_add(done), size_of::<Image>() - done) };
        match usize::try_from(more) {
            Ok(more) if more > 0 => done += more,
            _ => return 1,
        }
    }
    Digits::pretrained().forward_into(&image, &mut drawn, &mut memory);
    // SAFETY: the bytes are those of `drawn`.
    let written = unsafe { write(1, (&raw const drawn).cast(), size_of::<Image>()) };
    c_int::from(usize::try_from(written) != Ok(size_of::<Image>()))
}
