//! Lines written as in Python: the message has the corrected line, and later stages use that line.

use super::{body, print, read, show};

/// The statement made from a line, which is also the one that the message shows.
fn rewritten(dialect: &str, line: &str) -> String {
    let source = format!("struct M {{ dialect: {dialect}; input: [1, 8, 8]; {line} Relu; output: [1, 8, 8]; }}");
    let (chain, faults) = read(&source);
    let faults: Vec<String> = faults.iter().map(print).collect();
    let chain = chain.expect("its name is there");
    let shown = show(&chain.body[0]);
    assert_eq!(chain.body.len(), 2, "{line}: {faults:?}");
    assert_eq!(faults.len(), 1, "{line}: {faults:?}");
    assert!(faults[0].starts_with("[CS0002] "), "{line}: {faults:?}");
    let end = if line.ends_with(';') { "" } else { ";" };
    assert!(faults[0].ends_with(&format!("write `{shown}{end}`")), "{line}: {faults:?}, not {shown}");
    shown
}

/// Each name is given by a statement of its own.
#[test]
fn several_names() {
    for (line, expected) in [
        (
            "a, b = torch.chunk(x, 2, dim=1);",
            "parts: Split(2, dim: 1) from x; a: Identity from parts.0; b: Identity from parts.1",
        ),
        ("a, b = x.chunk(2, 1);", "parts: Split(2, dim: 1) from x; a: Identity from parts.0; b: Identity from parts.1"),
        ("(a, b): Split(2);", "parts: Split(2); a: Identity from parts.0; b: Identity from parts.1"),
        ("a, _ = torch.split(x, 4);", "parts: Split([4, 4]) from x; a: Identity from parts.0"),
        ("h, state = Lstm(8 -> 16);", "h: Lstm(8 -> 16); state: Identity from h.h_n"),
    ] {
        let source = format!("struct M {{ input: [8, 8, 8]; x: Relu; {line} Relu; output: [8, 8, 8]; }}");
        let (chain, faults) = read(&source);
        let faults: Vec<String> = faults.iter().map(print).collect();
        let statements: Vec<String> = chain.expect("its name is there").body.iter().map(show).collect();
        assert_eq!(faults.len(), 1, "{line}: {faults:?}");
        assert!(faults[0].ends_with(&format!("write `{expected}`")), "{line}: {faults:?}");
        assert_eq!(statements, [&["x: Relu"], &*expected.split("; ").collect::<Vec<&str>>(), &["Relu"]].concat());
    }
}

#[test]
fn pytorch() {
    for (line, expected) in [
        ("Conv2d(1 -> 16, kernel: 3, stride=2);", "Conv2d(1 -> 16, kernel: 3, stride: 2)"),
        ("Conv2d(1, 16, 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("Conv2d(1 -> 16, 3);", "Conv2d(1 -> 16, kernel: 3)"),
        (
            "c: Conv2d(1, 16, 3, 2, 1) -> [16, _, _];",
            "c: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, _, _]",
        ),
        ("Conv2d(1, 16, kernel: 3);", "Conv2d(1 -> 16, kernel: 3)"),
        ("nn.Conv2d(1, 16, kernel_size=3);", "Conv2d(1 -> 16, kernel_size: 3)"),
        (
            "torch.nn.Conv2d(in_channels=1, out_channels=16, kernel_size=(3, 5), bias=False);",
            "Conv2d(1 -> 16, kernel_size: (3, 5), bias: false)",
        ),
        ("nn.Conv2d(1, out_channels=16, kernel_size=3);", "Conv2d(1 -> 16, kernel_size: 3)"),
        ("self.conv1 = nn.Conv2d(1, 16, kernel_size=3)", "conv1: Conv2d(1 -> 16, kernel_size: 3)"),
        ("conv1 = Conv2d(1 -> 16, kernel: 3);", "conv1: Conv2d(1 -> 16, kernel: 3)"),
        (
            "nn.ConvTranspose2d(16, 1, 3, 2, 1, 1)",
            "ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1)",
        ),
        ("MaxPool2d(2, 2);", "MaxPool2d(2, stride: 2)"),
        ("nn.MaxPool2d(kernel_size=2, return_indices=False);", "MaxPool2d(kernel_size: 2)"),
        ("nn.BatchNorm2d(64, 1e-3);", "BatchNorm2d(64, eps: 0.001)"),
        ("nn.GroupNorm(8, 32);", "GroupNorm(32, groups: 8)"),
        ("nn.Linear(10, 5)", "Linear(10 -> 5)"),
        ("nn.ReLU(inplace=True);", "ReLU"),
        ("nn.LeakyReLU(0.2, True);", "LeakyReLU(0.2)"),
        ("x = F.leaky_relu;", "x: LeakyRelu"),
        ("nn.Upsample(2);", "Upsample(size: 2)"),
        ("nn.Upsample(scale_factor=2);", "Upsample(scale_factor: 2)"),
        ("nn.AdaptiveAvgPool2d((1, 1));", "AdaptiveAvgPool2d((1, 1))"),
        ("Clamp(0, 6);", "Clamp(min: 0, max: 6)"),
        ("Conv2d(1 -> 2, kernel: 3, bias: False);", "Conv2d(1 -> 2, kernel: 3, bias: false)"),
        ("Conv2d(1 -> 2, kernel: 3, bias: None);", "Conv2d(1 -> 2, kernel: 3)"),
        (
            "Conv2d(1 -> 2, kernel: 3, activation: nn.LeakyReLU(0.2));",
            "Conv2d(1 -> 2, kernel: 3, activation: LeakyReLU(0.2))",
        ),
        (
            "Conv2d(1 -> 2, activation: LeakyRelu(negative_slope=0.2));",
            "Conv2d(1 -> 2, activation: LeakyRelu(negative_slope: 0.2))",
        ),
        ("Conv2d(16, 3, dialect: keras);", "Conv2d(16, kernel: 3, dialect: keras)"),
        ("Conv2D(1 -> 2, kernel=3);", "Conv2d(1 -> 2, kernel: 3)"),
        ("d: Res(3, 64, k=3);", "d: Res(3, 64, k: 3)"),
    ] {
        assert_eq!(rewritten("torch", line), expected, "{line}");
    }
}

#[test]
fn other_frameworks() {
    for (dialect, line, expected) in [
        (
            "keras",
            "layers.Conv2D(16, 3, strides=2, padding=\"same\", activation=\"relu\")",
            "Conv2D(16, kernel_size: 3, strides: 2, padding: \"same\", activation: \"relu\")",
        ),
        ("keras", "Conv2DTranspose(16, (3, 3), 2);", "Conv2DTranspose(16, kernel_size: (3, 3), strides: 2)"),
        ("keras", "layers.UpSampling2D(size=(2, 2))", "UpSampling2D(size: (2, 2))"),
        ("keras", "layers.Dense(units=10, use_bias=False)", "Dense(units: 10, use_bias: false)"),
        ("keras", "layers.ZeroPadding2D(padding=((1, 1), (0, 2)))", "ZeroPadding2D(padding: ((1, 1), (0, 2)))"),
        ("flax", "nn.Conv(features=32, kernel_size=(3, 3))", "Conv(features: 32, kernel_size: (3, 3))"),
        ("flax", "nn.Dense(10)", "Dense(10)"),
    ] {
        assert_eq!(rewritten(dialect, line), expected, "{line}");
    }
}

#[test]
fn what_cannot_be_rewritten() {
    let (shown, faults) = body("a: Sigmoid(1, 2); b: Concat(a, a, a);");
    assert_eq!(shown, ["a: Sigmoid", "b: Concat(a, a, a)"]);
    assert_eq!(
        faults,
        ["[CS0001] `Sigmoid` does not take this many values without a name \
          | write `Sigmoid`, with a field's name before each value"]
    );
    let (shown, faults) = body("x = self.conv1(x)\n y = x + 1;\n b: Tanh;");
    assert_eq!(shown.last().map(String::as_str), Some("b: Tanh"));
    assert!(faults[0].contains("leave the lines of `forward` out"), "{faults:?}");
}

#[test]
fn a_module_line_by_line() {
    let (shown, faults) = body(
        "self.conv1 = nn.Conv2d(1, 16, 3)
         self.relu = nn.ReLU()
         self.pool = nn.MaxPool2d(2)",
    );
    assert_eq!(shown, ["conv1: Conv2d(1 -> 16, kernel: 3)", "relu: ReLU", "pool: MaxPool2d(2)"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].ends_with(
        "write `conv1: Conv2d(1 -> 16, kernel: 3);` | on line 2, write `relu: ReLU;` \
         | on line 3, write `pool: MaxPool2d(2);`"
    ));
}

#[test]
fn lines_of_a_sequence_end_with_commas() {
    let (shown, faults) = body(
        "nn.Conv2d(1, 16, 3),
         nn.ReLU(True),
         nn.MaxPool2d(2)",
    );
    assert_eq!(shown, ["Conv2d(1 -> 16, kernel: 3)", "ReLU", "MaxPool2d(2)"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].ends_with(
        "write `Conv2d(1 -> 16, kernel: 3);` | on line 2, write `ReLU;` | on line 3, write `MaxPool2d(2);`"
    ));
}

#[test]
fn parameters_called_like_fields() {
    let (shown, faults) = body("c: Conv2d(in_channels -> out_channels, kernel: 3); l: Linear(in_features -> 10);");
    assert_eq!(shown, ["c: Conv2d(in_channels -> out_channels, kernel: 3)", "l: Linear(in_features -> 10)"]);
    assert_eq!(faults, [""; 0]);
}
