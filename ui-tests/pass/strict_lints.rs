//! Under the strictest lints, with structs that are not visible outside and methods that nobody calls.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    nonstandard_style,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unnameable_types,
    unreachable_pub,
    unused,
    unused_lifetimes,
    unused_qualifications,
    unused_results
)]

convshape::conv_chain! {
    struct Private {
        block Res(c) { Conv2d(c, kernel: 3, padding: 1); Add(input); }
        input: [1, 8, 8];
        enc: Conv2d(1 -> 4, kernel: 4, stride: 2, padding: 1);
        d0: Res(4);
        repeat 2 { BatchNorm; Snake; }
        ConvTranspose2d(undo enc) restores enc;
        output: [1, 8, 8];
    }
}

mod inner {
    convshape::conv_chain! {
        pub(crate) struct Ports {
            input: a [4], b [4];
            sum: Add(a, b);
            linear: Linear(4 -> 2);
            output: sum [4], linear [2];
        }
    }
}

convshape::conv_chain! {
    struct WithoutParameters { input: [2]; Relu; output: [2]; }
}

fn main() {
    let _summary = Private::summary();
    let _other = inner::Ports::summary();
    let _third = WithoutParameters::summary();
}
