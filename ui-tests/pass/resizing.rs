//! Every resizing layer and field.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Resize {
        input: [16, 8, 8];
        Upsample(2);
        Upsample(scale: (1.5, 1.0), mode: nearest_exact);
        Upsample(size: (32, 32), mode: bilinear, align_corners: true);
        Upsample(like: input, mode: bicubic, align_corners: false);
        PixelShuffle(2);
        PixelUnshuffle(factor: 2);
        DepthToSpace(2, mode: dcr);
        DepthToSpace(factor: 2, mode: crd);
        Pad(1, mode: reflect);
        Pad(amount: (0, 1), mode: zeros, value: 0.5);
        Pad([(1, 0), (0, 1)], mode: replicate);
        Pad(2, mode: circular);
        Crop([(1, 1), (0, 2)]);
        Crop(amount: 1);
        Crop(like: input, align: center);
        Pad(like: input, align: start);
        output: [1, 8, 8];
    }
}

conv_chain! {
    pub struct Halves {
        input: [16, 8];
        Slice(channels: 4..12);
        Upsample(2, mode: linear);
        output: [8, 16];
    }
}

const TRIMMED: usize = 3;

conv_chain! {
    pub struct Trimmed {
        for t in 8..;
        input: [16, t];
        Slice(channels: 4..);
        Slice(..-TRIMMED, axis: length) -> [12, t - 3];
        Slice(-4..=-1, axis: length);
        last: Slice(-1.., axis: length);
        output: last [12, 1];
    }
}

conv_chain! {
    pub struct Volume {
        input: [1, 4, 4, 4];
        Upsample(2, mode: trilinear);
        output: [1, 8, 8, 8];
    }
}

fn main() {
    assert_eq!(Resize::OUTPUT.to_string(), "[1, 8, 8]");
    assert_eq!(Halves::OUTPUT.to_string(), "[8, 16]");
    assert_eq!(Volume::OUTPUT.to_string(), "[1, 8, 8, 8]");
}
