//! Arbitrary tokens through the whole macro: it must end soon and never panic. The parser gets more of them in its own
//! tests.

use std::time::{Duration, Instant};

use proc_macro2::TokenStream;

/// The time limit for one chain, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// Chains of every dialect with every kind of statement, with words separated so that they can be changed.
const CHAINS: &[&str] = &[
    "struct A { input : [ 1 , 28 , 28 ] ; enc1 : Conv2d ( 1 -> 16 , kernel : 3 , stride : 2 , padding : 1 ) -> [ 16 , 14 , 14 ] ; \
     Relu ; enc2 : Conv2d ( 16 -> 32 , kernel : 3 , stride : 2 , padding : 1 , activation : LeakyRelu ( 0.2 ) ) ; \
     dec2 : ConvTranspose2d ( 32 -> 16 , kernel : _ , stride : 2 , padding : 1 , output_padding : _ ) restores enc2 ; \
     ConvTranspose2d ( undo enc1 ) ; Sigmoid ; output : [ 1 , 28 , 28 ] ; }",
    "struct B { block Res ( c ) { a : Conv2d ( c , kernel : 3 , padding : 1 ) ; BatchNorm ( c ) ; Relu ; Add ( input ) ; } \
     input : x [ 3 , 16 , 24 ] , y [ 3 , 16 , 24 ] ; Concat ( x , y ) ; skip : Conv2d ( 6 -> 8 , kernel : 1 ) ; \
     d0 : Res ( 8 ) ; more : repeat 3 { c : Conv2d ( 8 , kernel : 3 , padding : 1 , groups : 4 ) ; Res ( 8 ) ; } MaxPool2d ( 2 ) ; \
     Upsample ( 2 , mode : bilinear , align_corners : false ) ; Concat ( skip , _ ) ; PixelUnshuffle ( 2 ) ; mu : Flatten ; \
     wide : Linear ( 6144 -> 4 ) from mu ; output : mu [ 6144 ] , wide [ 4 ] ; }",
    "struct C { for h in 1 .. , w in 1 ..= 64 ; lossy : deny ; input : [ 3 , 16 * h , 8 * w + 4 ] ; \
     a : Conv2d ( 3 -> 8 , kernel : ( 4 , 3 ) , stride : ( 2 , 1 ) , padding : [ ( 1 , 1 ) , ( 0 , 2 ) ] ) ; \
     r : repeat i in 0 .. 2 { Conv2d ( 8 + i * 0 , kernel : 2 * i + 1 , padding : i ) ; } Pad ( 1 , mode : reflect ) ; Crop ( like : a ) ; \
     ConvTranspose2d ( undo a ) ; output : [ 3 , 16 * h , 8 * w + 4 ] ; }",
    "struct D { dialect : keras ; input : [ 28 , 28 , 1 ] ; Conv2D ( filters : 8 , kernel_size : 3 , strides : 2 , padding : \"same\" , activation : \"relu\" ) ; \
     SeparableConv2d ( 8 -> 4 , kernel : 3 , depth_multiplier : 2 ) ; Conv2DTranspose ( 8 , kernel_size : 3 , strides : 2 , padding : valid , output_padding : 1 ) ; \
     GlobalAvgPool ; Dense ( units : 10 ) ; output : [ 10 ] ; }",
    "struct E { dialect : flax ; input : [ 5 , 5 , 1 ] ; Conv ( features : 3 , kernel_size : ( 4 , 4 ) , padding : \"CIRCULAR\" ) ; \
     ConvTranspose ( 1 , kernel : ( 4 , 4 ) , padding : \"VALID\" ) ; LayerNorm ; Reshape ( [ 64 ] ) ; output : [ 64 ] ; }",
    "struct F { dialect : jax ; input : [ 2 , 64 ] ; c : ConvGeneralDilated1d ( 2 -> 4 , kernel : 5 , window_strides : 3 , padding : [ ( 2 , 2 ) ] , lhs_dilation : 2 , rhs_dilation : 2 ) ; \
     output : [ 4 , 41 ] ; }",
    "struct G < const H : usize > { dialect : onnx ; input : [ 1 , H , 12 ] ; Conv2d ( 1 -> K , kernel : 3 , auto_pad : same_upper , dialect : torch ) ; \
     AvgPool2d ( 2 , ceil_mode : true ) ; s : Chain ( path :: Sub ) ; Slice ( channels : 0 .. 2 ) from s . z ; Clamp ( min : -1.0 , max : 1e9 ) ; output : [ 2 , _ , _ ] ; }",
];

/// What is inserted: numbers at the limits of their range, and misplaced words.
const OTHERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "7",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775807",
    "99999999999999999999",
    "0.5",
    "_",
    ";",
    ":",
    ",",
    "->",
    "..",
    "*",
    "/",
    "-",
    "input",
    "output",
    "enc1",
    "a",
    "h",
    "c",
    "K",
    "x",
    "Conv2d",
    "Relu",
    "Concat",
    "Upsample",
    "Conv1d",
    "ConvTranspose3d",
    "Chain",
    "undo",
    "from",
    "restores",
    "repeat",
    "block",
    "keras",
    "same",
    "\"SAME\"",
    "kernel",
    "stride",
    "padding",
    "groups",
    "dilation",
    "output_size",
    "dialect",
    "true",
    "( 1 , 2 )",
    "[ ( 0 , 1 ) ]",
    "[ 4 , _ ]",
    "{ Relu ; }",
    "( )",
];

/// Repeatable, and good enough here.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }
}

/// Runs the macro if the brackets match; otherwise rustc itself rejects the text.
fn expand(source: &str) {
    let Ok(tokens) = source.parse::<TokenStream>() else { return };
    let start = Instant::now();
    let code = crate::expand(tokens);
    let took = start.elapsed();
    assert!(took < LONGEST, "{took:?}: {source}");
    assert!(!code.is_empty(), "nothing comes of: {source}");
}

#[test]
fn chains_as_they_stand() {
    CHAINS.iter().for_each(|source| expand(source));
}

/// A chain in which some tokens are missing, doubled, swapped or replaced.
#[test]
fn chains_with_tokens_off() {
    let mut random = Random(1);
    for turn in 0..3_000 {
        let mut words: Vec<&str> = CHAINS[turn % CHAINS.len()].split_whitespace().collect();
        for _ in 0..=random.below(3) {
            let at = random.below(words.len());
            match random.below(6) {
                0 => {
                    words.remove(at);
                }
                1 => words.insert(at, words[at]),
                2 => words.swap(at, random.below(at + 1)),
                3 => words.insert(at, OTHERS[random.below(OTHERS.len())]),
                _ => words[at] = OTHERS[random.below(OTHERS.len())],
            }
        }
        expand(&words.join(" "));
    }
}

/// A chain with one number changed: shapes do not fit, and fixes are searched.
#[test]
fn chains_with_numbers_off() {
    let mut random = Random(2);
    for turn in 0..1_500 {
        let source = CHAINS[turn % CHAINS.len()];
        let numbers = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
        let changed = random.below(source.split_whitespace().filter(numbers).count());
        let number = match random.below(4) {
            0 => ["0", "-1", "9223372036854775807", "1000000007", "65536"][random.below(5)].to_owned(),
            _ => random.below(70).to_string(),
        };
        let mut seen = 0;
        let words = source.split_whitespace().map(|word| {
            seen += usize::from(numbers(&word));
            if numbers(&word) && seen == changed + 1 { number.as_str() } else { word }
        });
        expand(&words.collect::<Vec<_>>().join(" "));
    }
}

/// Statements of random words.
#[test]
fn soup() {
    let mut random = Random(3);
    let words: Vec<&str> =
        CHAINS.iter().flat_map(|source| source.split_whitespace()).chain(OTHERS.iter().copied()).collect();
    let plain: Vec<&str> = words.into_iter().filter(|word| !"()[]{}".contains(*word)).collect();
    for _ in 0..1_000 {
        let mut text = "struct S { input : [ 4 , 16 , 16 ] ; ".to_owned();
        for _ in 0..random.below(40) {
            let word = plain[random.below(plain.len())];
            let bracketed = ["{w}", "{w}", "{w}", "( {w} )", "[ {w} ]", "{ {w} }"][random.below(6)];
            text += &bracketed.replace("{w}", word);
            text += " ";
        }
        expand(&(text + "; output : [ 4 , 16 , 16 ] ; }"));
    }
}
