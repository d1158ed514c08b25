//! Lines that belong to no language in particular: one fault with the corrected line, which later stages use.

use super::{body, print, read, show};

/// What the message says, and the line that it shows.
fn answer(line: &str) -> (String, String) {
    let (statements, faults) = body(&format!("a: Relu; b: Tanh from input;\n{line}\nlast: Sigmoid;"));
    assert_eq!(faults.len(), 1, "{line}: {faults:?}");
    assert_eq!(statements.last().map(String::as_str), Some("last: Sigmoid"), "{line}");
    let (message, help) = faults[0].split_once(" | ").unwrap_or((&faults[0], ""));
    (message.to_owned(), help.to_owned())
}

#[test]
fn the_line_is_shown_as_it_should_be() {
    for (line, written) in [
        // Channels.
        ("Conv2d(1 => 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 - > 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 > 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 : 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 to 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1..16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d((1, 16), kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(in: 1, out: 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(channels: 1 -> 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Linear(784 => 10);", "Linear(784 -> 10)"),
        // Fields.
        ("Conv2d(1 -> 16, kernel 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16 kernel 3 stride 2);", "Conv2d(1 -> 16, kernel: 3, stride: 2)"),
        ("Conv2d(1 -> 16 kernel: 3 stride: 2);", "Conv2d(1 -> 16, kernel: 3, stride: 2)"),
        ("Conv2d(1 -> 16; kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16, kernel => 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16, kernel(3));", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16, kernel -> 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16, kernel: 3x5);", "Conv2d(1 -> 16, kernel: (3, 5))"),
        ("Conv2d(1 -> 16, kernel: 3 x 5);", "Conv2d(1 -> 16, kernel: (3, 5))"),
        // Parentheses.
        ("Conv2d 1 -> 16, kernel: 3;", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d 1 -> 16, kernel: 3 from a -> [16, 6, 6];", "Conv2d(1 -> 16, kernel: 3) from a -> [16, 6, 6]"),
        ("Conv2d[1 -> 16, kernel: 3];", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d { 1 -> 16, kernel: 3 };", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d<1, 16>(kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d!(1 -> 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d::new(1, 16, 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("layers::Conv2d(1 -> 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16).kernel(3).with_stride(2);", "Conv2d(1 -> 16, kernel: 3, stride: 2)"),
        ("Conv2d(1 -> 16, kernel: 3).relu();", "Conv2d(1 -> 16, kernel: 3, activation: Relu)"),
        // Names.
        ("let c = Conv2d(1 -> 16, kernel: 3);", "c: Conv2d(1 -> 16, kernel: 3)"),
        ("let mut c = Relu;", "c: Relu"),
        ("let c: Conv2d = Conv2d(1 -> 16, kernel: 3);", "c: Conv2d(1 -> 16, kernel: 3)"),
        ("var c = Relu;", "c: Relu"),
        ("c := Relu;", "c: Relu"),
        ("c Conv2d(1 -> 16, kernel: 3);", "c: Conv2d(1 -> 16, kernel: 3)"),
        ("type: Relu;", "r#type: Relu"),
        ("self: Relu;", "self_: Relu"),
        ("conv-1: Relu;", "conv_1: Relu"),
        ("1st: Relu;", "layer1st: Relu"),
        ("\"conv1\": Relu;", "conv1: Relu"),
        ("encoder.0: Relu;", "#[name = \"encoder.0\"] encoder_0: Relu"),
        ("encoder::conv: Relu;", "#[name = \"encoder.conv\"] encoder_conv: Relu"),
        // What is read, claimed and undone.
        ("a + b;", "Add(a, b)"),
        ("c: a + b + _;", "c: Add(a, b, _)"),
        ("a * b;", "Mul(a, b)"),
        ("a * 0.5;", "Scale(0.5) from a"),
        ("Add(a + b);", "Add(a, b)"),
        ("Concat([a, b]);", "Concat(a, b)"),
        ("Concat((a, b));", "Concat(a, b)"),
        ("Concat(a b);", "Concat(a, b)"),
        ("Concat[a, b];", "Concat(a, b)"),
        ("Concat from a, b;", "Concat from (a, b)"),
        ("Relu(from: a);", "Relu from a"),
        ("Conv2d(1 -> 2, kernel: 3, from a);", "Conv2d(1 -> 2, kernel: 3) from a"),
        ("from a Relu;", "Relu from a"),
        ("a -> Relu;", "Relu from a"),
        ("a |> Relu;", "Relu from a"),
        ("Relu => [1, 8, 8];", "Relu -> [1, 8, 8]"),
        ("Relu: [1, 8, 8];", "Relu -> [1, 8, 8]"),
        ("Relu -> (1, 8, 8);", "Relu -> [1, 8, 8]"),
        ("Relu -> 1, 8, 8;", "Relu -> [1, 8, 8]"),
        ("Relu -> 1x8x8;", "Relu -> [1, 8, 8]"),
        ("Relu restores: a;", "Relu restores a"),
        ("Relu restores(a);", "Relu restores a"),
        ("Relu -> a;", "Relu restores a"),
        ("Relu restores [1, 8, 8];", "Relu -> [1, 8, 8]"),
        ("ConvTranspose2d(undo: a);", "ConvTranspose2d(undo a)"),
        ("ConvTranspose2d(undo(a));", "ConvTranspose2d(undo a)"),
        ("ConvTranspose2d undo a;", "ConvTranspose2d(undo a)"),
        ("Reshape([-1]);", "Reshape([_])"),
        ("Reshape([-1, 64]);", "Reshape([64])"),
        ("Reshape(4, 4, 4);", "Reshape([4, 4, 4])"),
        ("Reshape([4 4 4]);", "Reshape([4, 4, 4])"),
    ] {
        assert_eq!(answer(line).1, format!("write `{written}`"), "{line}");
    }
}

#[test]
fn loops() {
    for (head, written) in [
        ("for i in 0..3", "repeat i in 0..3"),
        ("for i in range(3)", "repeat i in 0..3"),
        ("for i in range(3) reads x from a", "repeat i in 0..3 reads x from a"),
        ("for i in range(1, 4)", "repeat i in 1..4"),
        ("for _ in 0..3", "repeat 3"),
        ("for c in [16, 32]", "repeat c in [16, 32]"),
        ("loop 3", "repeat 3"),
        ("repeat(3)", "repeat 3"),
        ("repeat 3 times", "repeat 3"),
        ("repeat 3:", "repeat 3"),
        ("repeat 3x", "repeat 3"),
        ("repeat i in range(3)", "repeat i in 0..3"),
        ("repeat c in (16, 32)", "repeat c in [16, 32]"),
        ("repeat c in 16, 32", "repeat c in [16, 32]"),
        ("repeat i in 3", "repeat i in 0..3"),
        ("repeat for i in 0..3", "repeat i in 0..3"),
    ] {
        let line = format!("{head} {{ Relu; }}");
        assert_eq!(answer(&line).1, format!("write `{written} {{ .. }}`"), "{line}");
    }
    // Python's loops have no braces: their statements are read one by one.
    let (statements, faults) = body("for i in range(3):\n    Relu;\n    Tanh;");
    assert_eq!(statements, ["Relu", "Tanh"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].ends_with("write `repeat i in 0..3 { .. }`"), "{faults:?}");
}

#[test]
fn ports_and_headers() {
    for (source, written) in [
        ("input: 784; output: [784];", "input: [784];"),
        ("input: (1, 28, 28); output: [1, 28, 28];", "input: [1, 28, 28];"),
        ("input: 1, 28, 28; output: [1, 28, 28];", "input: [1, 28, 28];"),
        ("input: 1x28x28; output: [1, 28, 28];", "input: [1, 28, 28];"),
        ("input: [1 28 28]; output: [1, 28, 28];", "input: [1, 28, 28];"),
        ("input: [1; 28; 28]; output: [1, 28, 28];", "input: [1, 28, 28];"),
        ("input: {1, 28, 28}; output: [1, 28, 28];", "input: [1, 28, 28];"),
        ("input = [784]; output: [784];", "input: [784];"),
        ("input [784]; output: [784];", "input: [784];"),
        ("input: a: [784]; output: [784];", "input: a [784];"),
        ("input: [784]; output: [784] from x;", "output: x [784];"),
        ("input: [None, 784]; output: [784];", "input: [784];"),
        ("input: [-1, 784]; output: [784];", "input: [784];"),
        ("dialect = keras; input: [784]; output: [784];", "dialect: keras"),
        ("dialect keras; input: [784]; output: [784];", "dialect: keras"),
        ("dialect: \"keras\"; input: [784]; output: [784];", "dialect: keras"),
    ] {
        let (chain, faults) = read(&format!("struct M {{ {source} }}"));
        let faults: Vec<String> = faults.iter().map(print).collect();
        assert_eq!(faults.len(), 1, "{source}: {faults:?}");
        let shape = written.strip_prefix("input: ").unwrap_or("").trim_end_matches(';');
        let forms = [format!("write `{written}`"), format!("in `input`, write `{shape}`")];
        assert!(forms.iter().any(|form| faults[0].ends_with(form)), "{source}: {faults:?}");
        let chain = chain.expect("its name is there");
        assert!(!chain.inputs[0].shape.dims.is_empty() && !chain.outputs[0].shape.dims.is_empty(), "{source}");
    }
}

/// A habit of many lines is reported once.
#[test]
fn habits() {
    for line in ["Relu,\nTanh,\nSigmoid,", "Relu,\nTanh\nSigmoid,"] {
        let (statements, faults) = body(line);
        assert_eq!(statements.len(), 3);
        let help = "write `;` instead of `,`: every statement ends with it (lines 2, 3 too)";
        assert_eq!(faults, [format!("[CS0001] expected `;`, found `,` | {help}")]);
    }
    let (statements, faults) = body("# The encoder: two layers\nRelu; # as it is\nTanh;");
    assert_eq!(statements, ["Relu", "Tanh"]);
    assert_eq!(faults, ["[CS0001] a comment begins with `//`, not with `#` | write `// ..` (line 2 too)"]);
    let (statements, faults) =
        body("def forward(self, x):\n x = self.conv1(x)\n x = F.relu(self.conv2(x))\n return x\nTanh;");
    assert_eq!(statements, ["Tanh"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].ends_with("`Relu;` (lines 2, 3, 4 too)"), "{faults:?}");
    let (_, faults) = read("struct M {\ninput: [None, 784];\noutput: [None, 784];\n}");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(print(&faults[0]).ends_with("| write `[784]` in `input` and `[784]` in `output`"));
}

#[test]
fn programs() {
    for (line, found) in [
        ("return x;", "return"),
        ("import torch", "import"),
        ("from torch import nn", "import"),
        ("use std::fmt;", "use"),
        ("const C: usize = 16;", "C = 16"),
        ("let h = 28;", "h = 28"),
        ("def block(x):", "def"),
        ("print(x)", "print"),
        ("super().__init__()", "super"),
    ] {
        assert_eq!(answer(line).0, format!("[CS0001] `{found}` is not part of a chain"), "{line}");
    }
}

#[test]
fn conditional_values() {
    for line in [
        "Conv2d(if i == 0 { 16 } else { 32 }, kernel: 3);",
        "Conv2d(1 -> if i == 0 { 16 } else { 32 }, kernel: 3);",
        "Conv2d(1 -> 16, kernel: if i == 0 { 3 } else { 5 });",
        "Conv2d(1 -> 16 if i == 0 else 32, kernel: 3);",
        "Conv2d(1 -> 16, kernel: 3 if first else 5, stride: 2);",
        "Double(match i { 0 => 16, _ => 32 }, 32);",
    ] {
        let (message, help) = answer(line);
        assert!(message.starts_with("[CS0001] expected a value, found `"), "{line}: {message}");
        assert!(help.starts_with("put the layer into a statement `if a == b"), "{line}: {help}");
    }
}

#[test]
fn layers_in_layers() {
    let nested = |line: &str| {
        let (statements, faults) = body(&format!("{line}\nTanh;"));
        assert_eq!((statements.len(), faults.len()), (2, 1), "{line}: {faults:?}");
        faults[0].split_once("write ").map(|(_, written)| written.to_owned()).unwrap_or_default()
    };
    assert_eq!(nested("Relu(Conv2d(1 -> 2, kernel: 3));"), "`Conv2d(1 -> 2, kernel: 3); Relu;`");
    assert_eq!(nested("relu(Conv2d(1 -> 2, kernel: 3));"), "`Conv2d(1 -> 2, kernel: 3); Relu;`");
    assert_eq!(
        nested("nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2))"),
        "`Conv2d(1 -> 16, kernel: 3); ReLU; MaxPool2d(2);`"
    );
    assert_eq!(
        nested("MaxPool2d(Relu(Conv2d(1 -> 2, kernel: 3)), 2);"),
        "`Conv2d(1 -> 2, kernel: 3); Relu; MaxPool2d(2);`"
    );
    assert_eq!(nested("Add(a, Conv2d(2 -> 2, kernel: 3));"), "`Conv2d(2 -> 2, kernel: 3); Add(a, _);`");
    // What is written behind the values runs behind the layer.
    for (line, written) in [
        ("Conv2d(1 -> 2, 3, BatchNorm);", "Conv2d(1 -> 2, kernel: 3); BatchNorm;"),
        ("Conv2d(1 -> 2, 3, Relu, BatchNorm(2));", "Conv2d(1 -> 2, kernel: 3, activation: Relu); BatchNorm(2);"),
        ("Conv2d(1 -> 2, 3, BatchNorm, Relu);", "Conv2d(1 -> 2, kernel: 3); BatchNorm; Relu;"),
        ("Conv2d(1 -> 2, kernel: 3, BatchNorm, Relu);", "Conv2d(1 -> 2, kernel: 3); BatchNorm; Relu;"),
        ("Conv2d(1 -> 2, kernel: 3, activation: BatchNorm);", "Conv2d(1 -> 2, kernel: 3); BatchNorm;"),
        ("a: Linear(2, Dropout(0.5)) from b -> [2];", "Linear(2) from b; a: Dropout(0.5) -> [2];"),
        ("Dropout(0.5, Relu);", "Dropout(0.5); Relu;"),
    ] {
        assert_eq!(nested(line), format!("`{written}`"), "{line}");
    }
}

/// An activation among the values is its field.
#[test]
fn activations_without_a_name() {
    for (line, written) in [
        ("Conv2d(1 -> 2, 3, Relu);", "Conv2d(1 -> 2, kernel: 3, activation: Relu)"),
        ("Conv2d(1, 2, 3, ReLU());", "Conv2d(1 -> 2, kernel: 3, activation: ReLU)"),
        ("Linear(2, LeakyRelu(0.2));", "Linear(2, activation: LeakyRelu(0.2))"),
        ("MaxPool2d(2, Relu);", "MaxPool2d(2, activation: Relu)"),
        ("GlobalAvgPool(Relu);", "GlobalAvgPool(activation: Relu)"),
    ] {
        let (message, help) = answer(line);
        assert!(message.starts_with("[CS0002]"), "{line}: {message}");
        assert_eq!(help, format!("write `{written}`"), "{line}");
    }
}

/// Doc comments may come before any item.
#[test]
fn docs_of_parts() {
    let (chain, faults) =
        read("struct M { /// In.\n input: [1]; /// A layer.\n Relu; /// Out.\n output: [1]; /// End.\n }");
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(chain.expect("it is there").body.iter().map(show).collect::<Vec<_>>(), ["Relu"]);
}
