//! Published audio networks, with their published parameter counts and PyTorch's outputs.

use convshape::conv_chain;
use convshape_tests::networks;

conv_chain! {
    /// Kim, Salamon, Li and Bello, "CREPE" (2018), the full size: the pitch of 1024 samples at 16 kHz.
    pub struct Crepe {
        input: [1, 1024];
        #[name(transparent)]
        repeat (to, kernel, stride, low, high) in [
            (1024, 512, 4, 254, 254), (128, 64, 1, 31, 32), (128, 64, 1, 31, 32),
            (128, 64, 1, 31, 32), (256, 64, 1, 31, 32), (512, 64, 1, 31, 32)
        ] {
            #[name = "convs.{#}"] conv: Conv1d(to, kernel: kernel, stride: stride, padding: [(low, high)], activation: Relu);
            #[name = "norms.{#}"] norm: BatchNorm(eps: 1e-3);
            MaxPool1d(2);
        }
        Transpose(0, 1);
        Flatten;
        classifier: Linear(2048 -> 360, activation: Sigmoid);
        output: [360];
    }
}

#[test]
fn crepe() {
    networks::check::<Crepe>("crepe");
}

/// The sum of no values.
const ZERO: [f32; 1] = [0.0];

conv_chain! {
    /// Van den Oord et al., "WaveNet: A Generative Model for Raw Audio" (2016): two stacks of ten dilations, 256 levels.
    pub struct WaveNet {
        input: [256, 64];
        front: Conv1d(256 -> 32, kernel: 1);
        zero: Constant(ZERO, [1]);
        #[name(transparent)]
        stack: repeat i in 0..20 reads x, sum from (front, zero) {
            #[name = "gates.{i}"]
            gate: Conv1d(64, kernel: 2, padding: [(2 ** (i % 10), 0)], dilation: 2 ** (i % 10));
            halves: Split(2);
            value: Tanh from halves.0;
            Sigmoid from halves.1;
            y: Mul(value, _);
            #[name = "residuals.{i}"] residual: Conv1d(32, kernel: 1);
            x1: Add(x, residual);
            #[name = "skips.{i}"] skip: Conv1d(256, kernel: 1) from y;
            sum1: Add(sum, skip);
            output: x1, sum1;
        }
        Relu from stack.sum1;
        end1: Conv1d(256, kernel: 1, activation: Relu);
        end2: Conv1d(256, kernel: 1);
        output: [256, 64];
    }
}

conv_chain! {
    /// Defossez et al., "Music Source Separation in the Waveform Domain" (2019), without resampling; 64 channels in the
    /// paper.
    pub struct Demucs<const C: usize> {
        block Encode(to) {
            #[name = "0"] conv: Conv1d(to, kernel: 8, stride: 4, activation: Relu);
            #[name = "2"] rewrite: Conv1d(2 * to, kernel: 1);
            Glu(axis: channels);
        }
        block Decode(from, to) reads x, skip {
            Crop(like: x) from skip;
            Add(x, _);
            #[name = "0"] rewrite: Conv1d(2 * from, kernel: 3);
            Glu(axis: channels);
            #[name = "2"] conv: ConvTranspose1d(to, kernel: 8, stride: 4);
        }
        input: [2, 17748];
        #[name = "encoder.0"] e0: Encode(C);
        #[name = "encoder.1"] e1: Encode(2 * C);
        #[name = "encoder.2"] e2: Encode(4 * C);
        #[name = "encoder.3"] e3: Encode(8 * C);
        #[name = "encoder.4"] e4: Encode(16 * C);
        #[name = "encoder.5"] e5: Encode(32 * C);
        Transpose(0, 1);
        #[name = "lstm.lstm"] Lstm(32 * C, layers: 2, bidirectional: true);
        #[name = "lstm.linear"] Linear(64 * C -> 32 * C);
        x5: Transpose(0, 1);
        #[name = "decoder.0"] Decode(32 * C, 16 * C) from (x5, e5);
        x4: Relu;
        #[name = "decoder.1"] Decode(16 * C, 8 * C) from (x4, e4);
        x3: Relu;
        #[name = "decoder.2"] Decode(8 * C, 4 * C) from (x3, e3);
        x2: Relu;
        #[name = "decoder.3"] Decode(4 * C, 2 * C) from (x2, e2);
        x1: Relu;
        #[name = "decoder.4"] Decode(2 * C, C) from (x1, e1);
        x0: Relu;
        #[name = "decoder.5"] Decode(C, 8) from (x0, e0);
        Unflatten(0, [4, 2]);
        output: [4, 2, 6828];
    }
}

conv_chain! {
    /// Defossez et al., "High Fidelity Neural Audio Compression" (2022): EnCodec at 24 kHz, weight norm folded in,
    /// without the quantiser.
    pub struct Encodec {
        block Causal(to, kernel, stride = 1) {
            Pad([(kernel - stride, 0)], mode: reflect);
            #[name = "conv.conv"] conv: Conv1d(to, kernel: kernel, stride: stride);
        }
        block Unit(n) {
            Elu;
            #[name = "block.1"] a: Causal(n / 2, 3);
            Elu;
            #[name = "block.3"] b: Causal(n, 1);
            #[name = "shortcut"] s: Causal(n, 1) from input;
            Add(s, b);
        }
        block Slstm(n) {
            x: Transpose(0, 1);
            lstm: Lstm(n -> n, layers: 2);
            Add(lstm, x);
            Transpose(0, 1);
        }
        input: [1, 3200];
        #[name = "encoder.model.0"] Causal(32, 7);
        #[name(transparent)]
        repeat (i, n, stride) in [(1, 32, 2), (4, 64, 4), (7, 128, 5), (10, 256, 8)] {
            #[name = "encoder.model.{i}"] Unit(n);
            Elu;
            #[name = "encoder.model.{i + 2}"] Causal(2 * n, 2 * stride, stride);
        }
        #[name = "encoder.model.13"] Slstm(512);
        Elu;
        #[name = "encoder.model.15"] code: Causal(128, 7);
        #[name = "decoder.model.0"] Causal(512, 7);
        #[name = "decoder.model.1"] Slstm(512);
        #[name(transparent)]
        repeat (i, n, stride) in [(3, 256, 8), (6, 128, 5), (9, 64, 4), (12, 32, 2)] {
            Elu;
            #[name = "decoder.model.{i}.convtr.convtr"]
            up: ConvTranspose1d(n, kernel: 2 * stride, stride: stride, padding: [(0, stride)]);
            #[name = "decoder.model.{i + 1}"] Unit(n);
        }
        Elu;
        #[name = "decoder.model.15"] audio: Causal(1, 7);
        output: code [128, 10], audio [1, 3200];
    }
}

conv_chain! {
    /// Luo and Mesgarani, "Conv-TasNet" (2019): two speakers, in the sizes of torchaudio's `conv_tasnet_base`.
    pub struct ConvTasNet {
        input: [1, 400];
        encoder: Conv1d(1 -> 512, kernel: 16, stride: 8, padding: 8, bias: false);
        #[name = "mask_generator.input_norm"] GroupNorm(groups: 1, eps: 1e-8);
        #[name = "mask_generator.input_conv"] first: Conv1d(128, kernel: 1);
        zero: Constant(ZERO, [1]);
        #[name(transparent)]
        layers: repeat i in 0..24 reads x, sum from (first, zero) {
            #[name = "mask_generator.conv_layers.{i}.conv_layers.0"] Conv1d(512, kernel: 1);
            #[name = "mask_generator.conv_layers.{i}.conv_layers.1"] Prelu;
            #[name = "mask_generator.conv_layers.{i}.conv_layers.2"] GroupNorm(groups: 1, eps: 1e-8);
            #[name = "mask_generator.conv_layers.{i}.conv_layers.3"]
            Conv1d(512, kernel: 3, padding: 2 ** (i % 8), dilation: 2 ** (i % 8), groups: 512);
            #[name = "mask_generator.conv_layers.{i}.conv_layers.4"] Prelu;
            #[name = "mask_generator.conv_layers.{i}.conv_layers.5"] y: GroupNorm(groups: 1, eps: 1e-8);
            #[name = "mask_generator.conv_layers.{i}.skip_out"] skip_out: Conv1d(128, kernel: 1);
            sum1: Add(sum, _);
            if i < 23 {
                #[name = "mask_generator.conv_layers.{i}.res_out"] res_out: Conv1d(128, kernel: 1) from y;
                x1: Add(x, _);
            } else {
                x1: Identity from x;
            }
            output: x1, sum1;
        }
        #[name = "mask_generator.output_prelu"] Prelu from layers.sum1;
        #[name = "mask_generator.output_conv"] Conv1d(1024, kernel: 1, activation: Sigmoid);
        Unflatten(0, [2, 512]);
        Mul(_, encoder);
        masked: Split(2);
        Reshape(like: encoder) from masked.0;
        decoder: ConvTranspose1d(512 -> 1, kernel: 16, stride: 8, padding: 8, bias: false);
        Reshape(like: encoder) from masked.1;
        other: reuse decoder;
        Concat(decoder, other);
        output: [2, 400];
    }
}

conv_chain! {
    /// Baevski, Zhou, Mohamed and Auli, "wav2vec 2.0" (2020), the base size with the first of its layers, and the names of
    /// transformers.
    pub struct Wav2Vec2 {
        block Encoder() {
            #[name = "attention.q_proj"]
            q: Linear(768 -> 768);
            #[name = "attention.k_proj"]
            k: Linear(768 -> 768) from input;
            #[name = "attention.v_proj"]
            v: Linear(768 -> 768) from input;
            Attention(q, k, v, heads: 12);
            #[name = "attention.out_proj"]
            Linear(768 -> 768);
            Add(_, input);
            layer_norm: LayerNorm(768);
            #[name = "feed_forward.intermediate_dense"]
            Linear(768 -> 3072, activation: Gelu);
            #[name = "feed_forward.output_dense"]
            Linear(3072 -> 768);
            Add(_, layer_norm);
            final_layer_norm: LayerNorm(768);
        }

        input: [1, 8000];

        #[name(transparent)]
        features: repeat (i, from, kernel, stride) in [
            (0, 1, 10, 5), (1, 512, 3, 2), (2, 512, 3, 2), (3, 512, 3, 2), (4, 512, 3, 2), (5, 512, 2, 2), (6, 512, 2, 2),
        ] {
            #[name = "feature_extractor.conv_layers.{i}.conv"]
            Conv1d(from -> 512, kernel: kernel, stride: stride, bias: false);
            if i == 0 {
                #[name = "feature_extractor.conv_layers.0.layer_norm"]
                GroupNorm(512, groups: 512);
            }
            Gelu;
        }
        Permute(1, 0);
        #[name = "feature_projection.layer_norm"]
        LayerNorm(512);
        #[name = "feature_projection.projection"]
        projection: Linear(512 -> 768);
        Permute(1, 0);
        #[name = "encoder.pos_conv_embed.conv"]
        Conv1d(768, kernel: 128, padding: 64, groups: 16);
        // As many positions as before.
        Slice(..-1, axis: length);
        Gelu;
        Permute(1, 0);
        Add(projection, _);
        #[name = "encoder.layer_norm"]
        LayerNorm(768);
        layers: repeat 1 { #[name = "encoder.layers.{#}"] Encoder; }
        output: [24, 768];
    }
}

#[test]
fn wavenet() {
    networks::check::<WaveNet>("wavenet");
}

#[test]
fn demucs() {
    networks::check::<Demucs<4>>("demucs");
    assert_eq!(networks::params::<Demucs<64>>(), networks::recorded_params("demucs_64"));
}

#[test]
fn encodec() {
    networks::check::<Encodec>("encodec");
}

#[test]
fn conv_tasnet() {
    networks::check::<ConvTasNet>("conv_tasnet");
}

#[test]
fn wav2vec2() {
    networks::check::<Wav2Vec2>("wav2vec2");
}
