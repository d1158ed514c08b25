//! Published networks on images, with their published numbers of parameters and PyTorch's outputs.

use convshape::conv_chain;
use convshape_tests::networks;

conv_chain! {
    /// Badrinarayanan, Kendall and Cipolla, "SegNet" (2015), of 21 classes. The encoder has the names of torchvision's
    /// `vgg16_bn`.
    pub struct SegNet {
        block Encoder(channels, at) {
            #[name = "features.{at}"] conv: Conv2d(channels, kernel: 3, padding: 1);
            #[name = "features.{at + 1}"] norm: BatchNorm2d;
            Relu;
        }
        block Decoder(channels, at) {
            #[name = "decoder.{at}"] conv: Conv2d(channels, kernel: 3, padding: 1);
            #[name = "decoder.{at + 1}"] norm: BatchNorm2d;
            Relu;
        }
        input: [3, 32, 64];
        #[name(transparent)] repeat at in [0, 3] { #[name(transparent)] Encoder(64, at); }
        pool1: MaxPool2d(2);
        #[name(transparent)] repeat at in [7, 10] { #[name(transparent)] Encoder(128, at); }
        pool2: MaxPool2d(2);
        #[name(transparent)] repeat at in [14, 17, 20] { #[name(transparent)] Encoder(256, at); }
        pool3: MaxPool2d(2);
        #[name(transparent)] repeat at in [24, 27, 30] { #[name(transparent)] Encoder(512, at); }
        pool4: MaxPool2d(2);
        #[name(transparent)] repeat at in [34, 37, 40] { #[name(transparent)] Encoder(512, at); }
        pool5: MaxPool2d(2);
        MaxUnpool2d(undo pool5);
        #[name(transparent)] repeat at in [0, 3, 6] { #[name(transparent)] Decoder(512, at); }
        MaxUnpool2d(undo pool4);
        #[name(transparent)] repeat (channels, at) in [(512, 9), (512, 12), (256, 15)] {
            #[name(transparent)] Decoder(channels, at);
        }
        MaxUnpool2d(undo pool3);
        #[name(transparent)] repeat (channels, at) in [(256, 18), (256, 21), (128, 24)] {
            #[name(transparent)] Decoder(channels, at);
        }
        MaxUnpool2d(undo pool2);
        #[name(transparent)] repeat (channels, at) in [(128, 27), (64, 30)] {
            #[name(transparent)] Decoder(channels, at);
        }
        MaxUnpool2d(undo pool1);
        #[name(transparent)] Decoder(64, 33);
        #[name = "decoder.36"] classes: Conv2d(21, kernel: 3, padding: 1);
        output: [21, 32, 64];
    }
}

#[test]
fn segnet() {
    // Where two elements of a window differ by less than rounding, the value may be put back to the other place.
    networks::check_within::<SegNet>("segnet", 2e-3);
}
