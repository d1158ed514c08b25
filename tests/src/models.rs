//! The golden models as chains, those of PyTorch, Flax and Keras. Layers are named as in the recorded graph; `#[name]` gives the weights' names
//! in the file where they differ.

mod ae3d;
mod audio_ae;
mod dcgan_discriminator;
mod dcgan_generator;
mod flax_linen_ae;
mod flax_nnx_ae;
mod keras_ae;
mod keras_audio_ae;
mod mnist_ae;
mod unet;
mod vae;

pub use ae3d::Ae3d;
pub use audio_ae::AudioAe;
pub use dcgan_discriminator::DcganDiscriminator;
pub use dcgan_generator::DcganGenerator;
pub use flax_linen_ae::FlaxLinenAe;
pub use flax_nnx_ae::FlaxNnxAe;
pub use keras_ae::KerasAe;
pub use keras_audio_ae::KerasAudioAe;
pub use mnist_ae::MnistAe;
pub use unet::Unet;
pub use vae::Vae;
