//! Published models with recurrent layers, as chains as short as PyTorch's code and with the same number of parameters.

use convshape::ndarray::{ArrayD, IxDyn};
use convshape::{Model, conv_chain};
use convshape_tests::networks;
use rand::SeedableRng;
use rand::rngs::StdRng;

conv_chain! {
    /// The text recogniser of Shi, Bai and Yao, "An End-to-End Trainable Neural Network for Image-based Sequence
    /// Recognition" (2015), on grey images of 32 x 100 with 36 letters and a blank.
    pub struct Crnn {
        input: [1, 32, 100];
        #[name = "cnn.conv0"] Conv2d(1 -> 64, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2);
        #[name = "cnn.conv1"] Conv2d(64 -> 128, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2);
        #[name = "cnn.conv2"] Conv2d(128 -> 256, kernel: 3, padding: 1);
        #[name = "cnn.batchnorm2"] BatchNorm2d(256, activation: Relu);
        #[name = "cnn.conv3"] Conv2d(256 -> 256, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2, stride: (2, 1), padding: (0, 1));
        #[name = "cnn.conv4"] Conv2d(256 -> 512, kernel: 3, padding: 1);
        #[name = "cnn.batchnorm4"] BatchNorm2d(512, activation: Relu);
        #[name = "cnn.conv5"] Conv2d(512 -> 512, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2, stride: (2, 1), padding: (0, 1));
        #[name = "cnn.conv6"] Conv2d(512 -> 512, kernel: 2);
        #[name = "cnn.batchnorm6"] BatchNorm2d(512, activation: Relu) -> [512, 1, 26];
        Flatten(from: 0, to: 1);
        Transpose(0, 1);
        #[name = "rnn.0.rnn"] Lstm(512 -> 256, bidirectional: true);
        #[name = "rnn.0.embedding"] Linear(512 -> 256);
        #[name = "rnn.1.rnn"] Lstm(256 -> 256, bidirectional: true);
        #[name = "rnn.1.embedding"] Linear(512 -> 37);
        output: [26, 37];
    }
}

conv_chain! {
    /// The part of Demucs between encoder and decoder (Defossez and others, "Music Source Separation in the Waveform
    /// Domain", 2019) at 256 channels.
    pub struct Bottleneck {
        for n in 1..;
        input: [256, n];
        Transpose(0, 1);
        Lstm(256 -> 256, layers: 2, bidirectional: true);
        Linear(512 -> 256);
        Transpose(0, 1);
        output: [256, n];
    }
}

conv_chain! {
    /// A tagger for sequences of word vectors: a class for each word, and one for the sentence from the final states.
    pub struct Tagger {
        for words in 1..=200;
        input: [words, 100];
        l: Lstm(100 -> 100, bidirectional: true);
        tags: Linear(200 -> 17);
        last: Flatten from l.h_n;
        kind: Linear(200 -> 2);
        output: tags [words, 17], kind [2];
    }
}

#[test]
fn parameters_are_as_many_as_in_pytorch() {
    networks::check::<Crnn>("crnn");
    assert_eq!(networks::params::<Bottleneck>(), 2_760_960);
    assert_eq!(networks::params::<Tagger>(), 165_017 + 200 * 2 + 2);
}

/// Of any length, and with the gradients of a first step.
#[test]
fn they_run() {
    let mut rng = StdRng::seed_from_u64(5);
    let tagger = Tagger::init(&mut rng);
    let x = ArrayD::from_shape_fn(IxDyn(&[3, 11, 100]), |at| {
        f32::from(u8::try_from((at[0] + 3 * at[1] + at[2]) % 100).expect("small")) / 100.0 - 0.5
    });
    let found = Model::forward_batch(&tagger, &[x.view()]).expect("runs");
    assert_eq!((found[0].shape(), found[1].shape()), (&[3, 11, 17][..], &[3, 2][..]));
    let bottleneck = Bottleneck::init(&mut rng);
    let x = ArrayD::from_elem(IxDyn(&[2, 256, 9]), 0.25);
    let found = Model::forward_batch(&bottleneck, &[x.view()]).expect("runs");
    assert_eq!(found[0].shape(), [2, 256, 9]);
    assert!(found[0].iter().all(|number| number.is_finite()));
}
