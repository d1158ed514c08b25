//! The digits autoencoder as a WebAssembly module: no heap, no imports, with its weights inside.
#![no_std]

use convshape::{Model, conv_chain};

conv_chain! {
    /// 8x8 digits through a code of 16 numbers and back.
    struct Digits {
        weights: "../../data/digits/autoencoder.safetensors";
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

/// Rows of grey values from 0 to 1.
type Image = [[[f32; 8]; 8]; 1];

/// What the module and the page share.
struct Shared {
    drawn: Image,
    reconstructed: Image,
    memory: [f32; Digits::WORKSPACE_BYTES / size_of::<f32>()],
}

static mut SHARED: Shared = Shared {
    drawn: [[[0.0; 8]; 8]; 1],
    reconstructed: [[[0.0; 8]; 8]; 1],
    memory: [0.0; Digits::WORKSPACE_BYTES / size_of::<f32>()],
};

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Where the page writes the 64 pixels of a drawing.
#[unsafe(no_mangle)]
pub extern "C" fn drawn() -> *mut f32 {
    (&raw mut SHARED).cast::<f32>().wrapping_byte_add(core::mem::offset_of!(Shared, drawn))
}

/// Where the page reads the 64 pixels of the reconstruction.
#[unsafe(no_mangle)]
pub extern "C" fn reconstructed() -> *const f32 {
    (&raw const SHARED).cast::<f32>().wrapping_byte_add(core::mem::offset_of!(Shared, reconstructed))
}

/// Runs the model.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    // SAFETY: the module has one thread, and the page does not call it again before it returns.
    let shared = unsafe { &mut *&raw mut SHARED };
    Digits::pretrained().forward_into(&shared.drawn, &mut shared.reconstructed, &mut shared.memory);
}
