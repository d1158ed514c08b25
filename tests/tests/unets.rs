//! Eighty plain U-Nets with an input that their strides do not divide: one error, with the nearest sizes that work
//! first.

use std::fmt::Write;

use convshape_tests::judge;

const SIZES: [(usize, usize); 5] = [(65, 65), (64, 65), (65, 64), (66, 65), (100, 75)];

/// A network with `levels` levels, whose input and output have the same size.
fn unet(levels: u32, strided: bool, transposed: bool, height: usize, width: usize) -> String {
    let mut text = format!("conv_chain! {{ struct Unet {{\n    input: [1, {height}, {width}];\n");
    let mut channels = 1;
    let line = |text: std::fmt::Arguments<'_>, all: &mut String| {
        // Writing to a string cannot fail.
        let _ = writeln!(all, "    {text};");
    };
    for level in 1..=levels {
        let wide = 4 << level;
        line(
            format_args!("e{level}: Conv2d({channels} -> {wide}, kernel: 3, padding: 1, activation: Relu)"),
            &mut text,
        );
        match strided {
            true => line(format_args!("d{level}: Conv2d({wide}, kernel: 3, stride: 2, padding: 1)"), &mut text),
            false => line(format_args!("d{level}: MaxPool2d(2)"), &mut text),
        }
        channels = wide;
    }
    line(format_args!("middle: Conv2d({}, kernel: 3, padding: 1, activation: Relu)", 2 * channels), &mut text);
    channels *= 2;
    for level in (1..=levels).rev() {
        let wide = 4 << level;
        let up = match transposed {
            true => {
                line(format_args!("u{level}: ConvTranspose2d({channels} -> {wide}, kernel: 2, stride: 2)"), &mut text);
                wide
            }
            false => {
                line(format_args!("u{level}: Upsample(2)"), &mut text);
                channels
            }
        };
        line(format_args!("j{level}: Concat(e{level}, u{level})"), &mut text);
        line(
            format_args!("c{level}: Conv2d({} -> {wide}, kernel: 3, padding: 1, activation: Relu)", wide + up),
            &mut text,
        );
        channels = wide;
    }
    line(format_args!("out: Conv2d({channels} -> 1, kernel: 1)"), &mut text);
    line(format_args!("output: [1, {height}, {width}]"), &mut text);
    text + "} }"
}

/// The nearest multiple of the strides' product; on a tie the larger.
fn nearest(size: usize, product: usize) -> usize {
    let below = size / product * product;
    let above = size.div_ceil(product) * product;
    if size - below < above - size { below } else { above }
}

#[test]
fn an_input_that_strides_do_not_divide_is_one_mistake() {
    for levels in 1..=4 {
        for (strided, transposed) in [(false, true), (false, false), (true, true), (true, false)] {
            for (height, width) in SIZES {
                let source = unet(levels, strided, transposed, height, width);
                let judged = judge::judge(&source);
                let all = || judged.errors.iter().map(judge::rendered).collect::<Vec<_>>().join("\n");
                assert_eq!(judged.errors.len(), 1, "{source}\n{}", all());
                let (h, w) = (nearest(height, 1 << levels), nearest(width, 1 << levels));
                let first = format!("write `[1, {h}, {w}]` in `input` and `[1, {h}, {w}]` in `output`");
                assert_eq!(judged.helps.first().map(|help| help.text.as_str()), Some(&*first), "{source}\n{}", all());
                assert!(judged.helps.iter().all(judge::Help::repairs), "{source}\n{}", all());
            }
        }
    }
}

#[test]
fn the_networks_compile_at_the_sizes_that_are_suggested() {
    for levels in 1..=4 {
        for (strided, transposed) in [(false, true), (false, false), (true, true), (true, false)] {
            let source = unet(levels, strided, transposed, 64, 96);
            assert!(judge::judge(&source).accepted(), "{source}");
        }
    }
}
