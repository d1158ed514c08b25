//! Names that generated code might use itself, and words of the language and of Rust as names.

#![deny(warnings)]

use convshape::{Chain, conv_chain};

conv_chain! {
    /// A chain with the name of a layer.
    pub struct Relu {
        input: [2, 8, 8];
        x: Conv2d(2 -> 2, kernel: 1);
        f: Conv2d(2 -> 2, kernel: 1);
        next: Conv2d(2 -> 2, kernel: 1);
        _next: Conv2d(2 -> 2, kernel: 1);
        self_: Conv2d(2 -> 2, kernel: 1);
        rng: Conv2d(2 -> 2, kernel: 1);
        model: Conv2d(2 -> 2, kernel: 1);
        weight: Conv2d(2 -> 2, kernel: 1);
        forward: Conv2d(2 -> 2, kernel: 1);
        load: Conv2d(2 -> 2, kernel: 1);
        r#type: Conv2d(2 -> 2, kernel: 1);
        r#loop: repeat 2 { r#fn: Conv2d(2 -> 2, kernel: 1); }
        stride: Conv2d(2 -> 2, kernel: 1);
        undo: Conv2d(2 -> 2, kernel: 1);
        Relu;
        Add(r#type, _);
        ConvTranspose2d(undo r#type) restores r#type;
        output: [2, 8, 8];
    }
}

conv_chain! {
    /// A chain with a name that one of its blocks' structs might have.
    pub struct Conv2d {
        block Conv(c) { conv2d: Conv2d(c, kernel: 3); }
        input: [2, 8, 8];
        conv: Conv(4);
        output: [4, 6, 6];
    }
}

conv_chain! {
    /// A chain with the name of a type parameter.
    pub struct B {
        input: [2, 8, 8];
        conv: Conv2d(2 -> 2, kernel: 1);
        output: [2, 8, 8];
    }
}

conv_chain! {
    /// Another one.
    pub struct S {
        input: [2, 8, 8];
        b: Chain(B);
        output: [2, 8, 8];
    }
}

fn main() {
    assert_eq!(S::LAYERS[0].name, "b");
    assert_eq!(Relu::OUTPUT.to_string(), "[2, 8, 8]");
    assert_eq!(Relu::LAYERS[10].name, "type");
    assert_eq!(Conv2d::LAYERS[0].name, "conv.conv2d");
}
