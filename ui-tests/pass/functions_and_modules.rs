//! Chains inside functions, next to each other, and with every visibility.

#![deny(warnings)]

use convshape::{Chain, conv_chain};

mod models {
    pub(crate) mod inner {
        convshape::conv_chain! {
            pub(in crate::models) struct Hidden { input: [4]; a: Linear(4 -> 2); output: [2]; }
        }
        convshape::conv_chain! {
            pub(super) struct Beside { input: [4]; a: Linear(4 -> 3); output: [3]; }
        }
    }
    pub(crate) fn sizes() -> [String; 2] {
        use convshape::Chain;
        [inner::Hidden::OUTPUT.to_string(), inner::Beside::OUTPUT.to_string()]
    }
}

fn local<T: Default>(_: T) -> u64 {
    conv_chain! {
        struct Local { lint: allow; input: [1, 8]; a: Conv1d(1 -> 2, kernel: 3); b: repeat 2 { Prelu; } output: [2, 6]; }
    }
    Local::summary().params()
}

fn main() {
    conv_chain! {
        struct InMain { input: [1, 8]; Relu; output: [1, 8]; }
    }
    assert_eq!(InMain::OUTPUT.to_string(), "[1, 8]");
    assert_eq!(models::sizes(), ["[2]", "[3]"]);
    assert_eq!(local(0), 10);
    let block = || {
        conv_chain! {
            struct InMain { input: [2]; Relu; output: [2]; }
        }
        InMain::OUTPUT.to_string()
    };
    assert_eq!(block(), "[2]");
}
