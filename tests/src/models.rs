//! The golden PyTorch models as chains. Layers are named as in the recorded graph; `#[name]` gives the weights' names
//! in the file where they differ.

mod ae3d;
mod audio_ae;
mod dcgan_discriminator;
mod dcgan_generator;
mod mnist_ae;
mod unet;
mod vae;

pub use ae3d::Ae3d;
pub use audio_ae::AudioAe;
pub use dcgan_discriminator::DcganDiscriminator;
pub use dcgan_generator::DcganGenerator;
pub use mnist_ae::MnistAe;
pub use unet::Unet;
pub use vae::Vae;
