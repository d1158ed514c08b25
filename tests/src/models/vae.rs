//! `torch_vae` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// A variational autoencoder; `eps` is the noise.
    pub struct Vae {
        weights: "data/models/torch_vae.weights.safetensors";
        input: x [1, 16, 16], eps [5];
        conv1: Conv2d(1 -> 6, kernel: 4, stride: 2, padding: 1);
        relu: Relu;
        conv2: Conv2d(6 -> 12, kernel: 4, stride: 2, padding: 1);
        relu_1: Relu;
        flatten: Flatten;
        fc_mu: Linear(192 -> 5);
        fc_logvar: Linear(192 -> 5) from flatten;
        mul: Scale(by: 0.5);
        exp: Exp;
        mul_1: Mul(eps, exp);
        add: Add(fc_mu, mul_1);
        fc_dec: Linear(5 -> 192);
        relu_2: Relu;
        reshape: Reshape([12, 4, 4]);
        deconv1: ConvTranspose2d(12 -> 6, kernel: 4, stride: 2, padding: 1);
        relu_3: Relu;
        deconv2: ConvTranspose2d(6 -> 1, kernel: 4, stride: 2, padding: 1);
        sigmoid: Sigmoid;
        output: [1, 16, 16];
    }
}
