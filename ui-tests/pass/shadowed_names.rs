//! A user's own items may have the names of the standard library's items, and macros those of its macros.

#![allow(dead_code, non_camel_case_types, unused_macros)]

mod shadowed {
    struct Option;
    struct Result;
    struct Some;
    struct None;
    struct Ok;
    struct Err;
    struct Vec;
    struct String;
    struct Box;
    struct str;
    struct u8;
    struct f32;
    struct usize;
    struct i64;
    struct u64;
    struct bool;
    struct Self_;
    struct Tensor;
    struct Param;
    struct Shape;
    trait Clone {}
    trait Debug {}
    trait Default {}
    trait AsRef {}
    trait Fn {}
    trait FnMut {}
    trait From {}
    trait Into {}
    trait Iterator {}
    trait Chain {}
    trait Model {}
    mod core {}
    mod std {}
    mod alloc {}
    mod convshape {}
    mod ndarray {}
    mod rand {}
    macro_rules! vec {
        () => {};
    }
    macro_rules! assert {
        () => {};
    }
    macro_rules! panic {
        () => {};
    }
    macro_rules! format {
        () => {};
    }
    macro_rules! concat {
        () => {};
    }

    ::convshape::conv_chain! {
        pub struct Encoder {
            input: [1, 8, 8];
            c: Conv2d(1 -> 2, kernel: 3, activation: Relu);
            repeat 2 { BatchNorm; Add(input); }
            output: [2, 6, 6];
        }
    }
}

fn main() {
    let summary = shadowed::Encoder::summary();
    assert_eq!(summary.params(), 28);
}
