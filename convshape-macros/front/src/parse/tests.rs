use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::parse;
use crate::fault::SyntaxFault;
use crate::syntax::{Body, Chain, Count, StmtKind};

mod broken;
mod python;
mod slips;
mod soup;

fn read(source: &str) -> (Option<Chain>, Vec<SyntaxFault>) {
    match source.parse::<TokenStream>() {
        Ok(tokens) => parse(tokens),
        Err(error) => panic!("{error}: {source}"),
    }
}

/// A chain without faults.
fn accepted(source: &str) -> Chain {
    let (chain, faults) = read(source);
    assert!(faults.is_empty(), "{source}: {faults:?}");
    chain.expect("a chain without faults is there")
}

/// The statements of a chain whose other parts are correct, and the faults as printed.
fn body(statements: &str) -> (Vec<String>, Vec<String>) {
    let (chain, faults) = read(&format!("struct M {{ input: [1, 8, 8]; {statements} output: [1, 8, 8]; }}"));
    let chain = chain.expect("its name is there");
    assert!(!chain.inputs.is_empty() && !chain.outputs.is_empty(), "{statements}: {faults:?}");
    (chain.body.iter().map(show).collect(), faults.iter().map(print).collect())
}

fn show(statement: &crate::syntax::Stmt) -> String {
    let label = statement.label.as_ref().map(|label| format!("{label}: ")).unwrap_or_default();
    let kind = match &statement.kind {
        StmtKind::Layer(layer) => layer.to_string(),
        StmtKind::Broken(_) => "?".to_owned(),
        StmtKind::Repeat(repeat) => {
            let count = match &repeat.count {
                Count::Times(size) => size.to_string(),
                Count::Range { var, range } => format!("{var} in {range}"),
                Count::List { vars, values, .. } if vars.len() == 1 => format!("{} in {}", list(vars), list(values)),
                Count::List { vars, values, .. } => format!("({}) in {}", list(vars), list(values)),
            };
            let from = repeat.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
            format!("repeat {count}{}{from} {{ {} }}", reads(&repeat.body), inner(&repeat.body))
        }
        StmtKind::If(branches) => {
            let branches = branches.branches.iter().map(|branch| {
                let stmts: Vec<String> = branch.stmts.iter().map(show).collect();
                let condition = branch.condition.as_ref().map(|condition| format!("if {condition} "));
                format!("{}{{ {} }}", condition.unwrap_or_default(), stmts.join("; "))
            });
            branches.collect::<Vec<_>>().join(" else ")
        }
        StmtKind::Reuse(reuse) => {
            let from = reuse.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
            let shape = reuse.shape.as_ref().map(|shape| format!(" -> {shape}")).unwrap_or_default();
            format!("reuse {}{from}{shape}", reuse.of)
        }
    };
    format!("{label}{kind}")
}

fn list(items: &[impl std::fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn reads(body: &Body) -> String {
    if body.reads.is_empty() { String::new() } else { format!(" reads {}", list(&body.reads)) }
}

fn inner(body: &Body) -> String {
    let mut parts: Vec<String> = body.stmts.iter().map(show).collect();
    let outputs = body.outputs.iter().map(|output| {
        let name = output.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let shape = output.shape.as_ref().map(|shape| format!(" {shape}")).unwrap_or_default();
        format!("{name}{}{shape}", output.source)
    });
    let outputs: Vec<String> = outputs.collect();
    if !outputs.is_empty() {
        parts.push(format!("output: {}", outputs.join(", ")));
    }
    parts.join("; ")
}

fn print(fault: &SyntaxFault) -> String {
    let helps: String = fault.helps().iter().map(|help| format!(" | {help}")).collect();
    format!("[{}] {}{helps}", fault.code(), fault.message())
}

#[test]
fn the_example_of_the_language() {
    let chain = accepted(
        "
        /// Outer attributes and docs are kept on the generated struct.
        pub struct Autoencoder {
            input: [1, 28, 28];
            enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, 14, 14];
            Relu;
            enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
            code: Conv2d(32 -> 64, kernel: 7, activation: Relu);
            ConvTranspose2d(undo code);
            Relu;
            dec2: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1) restores enc2;
            Relu;
            dec1: ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: _) restores enc1;
            Sigmoid;
            output: [1, 28, 28];
        }",
    );
    assert_eq!(chain.name, "Autoencoder");
    assert_eq!(chain.vis.to_string(), "pub");
    assert!(chain.attrs.to_string().contains("kept on the generated struct"));
    assert_eq!(chain.body.len(), 10);
    assert_eq!(show(&chain.body[0]), "enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1) -> [16, 14, 14]");
    assert_eq!(show(&chain.body[4]), "ConvTranspose2d(undo code)");
    assert_eq!(chain.inputs[0].shape.to_string(), "[1, 28, 28]");
}

#[test]
fn derives_that_a_model_has_anyway_are_left_out() {
    let chain = accepted(
        "#[derive(Debug, std::clone::Clone, Default, other::Debug)] #[derive(Debug)]
         struct M { input: [1]; Relu; output: [1]; }",
    );
    assert_eq!(chain.attrs.to_string(), "# [derive (Default , other :: Debug)]");
}

#[test]
fn headers_blocks_generics_and_ports() {
    let chain = accepted(
        "
        #[derive(PartialEq)]
        pub(crate) struct Net<const C: usize, const H: usize> {
            dialect: flax;
            for h in 1.., w in 1..=64;
            lossy: warn;
            weights: \"models/net.safetensors\";
            /// A residual block.
            block Res(inner, k) { c1: Conv2d(inner, kernel: k, padding: k / 2); Add(input); }
            block Plain() { Relu; }
            input: z [C, 16 * h, 16 * w + 4], y [10];
            output: mu [16], logvar [cfg::C],;
        }",
    );
    assert_eq!(chain.headers.dialect, Some(convshape_arith::op::Dialect::Flax));
    let symbols = chain.headers.symbols.iter();
    let ranges: Vec<String> =
        symbols.map(|s| format!("{} in {}", s.name, s.range.as_ref().expect("a range"))).collect();
    assert_eq!(ranges, ["h in 1..", "w in 1..=64"]);
    assert_eq!(chain.headers.weights.map(|path| path.value()).as_deref(), Some("models/net.safetensors"));
    assert_eq!(chain.blocks[0].params.len(), 2);
    assert_eq!(show(&chain.blocks[0].body.stmts[0]), "c1: Conv2d(inner, kernel: k, padding: k / 2)");
    assert!(chain.generics.is_some());
    assert_eq!(chain.inputs[0].shape.to_string(), "[C, 16 * h, 16 * w + 4]");
    assert_eq!(chain.outputs[1].shape.to_string(), "[cfg::C]");
    assert!(chain.outputs[1].name.as_ref().is_some_and(|name| name == "logvar"));
}

/// Each is read and printed unchanged.
#[test]
fn statements_of_every_form() {
    for statement in [
        "Relu",
        "r: Relu from input",
        "Concat(skip, _)",
        "Add(a, b, c) from (a, _) -> [_, 3, h + 1] restores e",
        "x: Relu from enc.mu",
        "Add(enc.mu, _)",
        "Conv2d(_ -> 16, kernel: _)",
        "Conv2d(16, kernel: (3, 5), padding: same, bias: false)",
        "Conv2d(cfg::C -> Self::D, kernel: [(0, 1), (-1, 1)])",
        "Conv2d(2 * (c + 1) -> -(c - 2) / 3, kernel: (a + b) * 2)",
        "Conv2d(a - (b - c) -> 1, padding: -1)",
        "Conv2d(1 -> 2, padding: \"SAME\", activation: \"relu\")",
        "Conv2d(1 -> 2, activation: LeakyRelu(0.2))",
        "Conv2d(1 -> 2, activation: LeakyRelu(slope: -0.5), dialect: keras)",
        "LayerNorm(size: (16, 4), eps: 1e-5)",
        "Reshape([C, 7, 7])",
        "Reshape([(a + b) * 2, (c)])",
        "Slice(channels: 0..16)",
        "Slice(0..c / 2)",
        "Upsample(like: enc1, mode: bilinear)",
        "Upsample(scale: (4.5, 2.0))",
        "Chain(path::Type)",
        "enc: Chain(models::Encoder<28, C>)",
        "Chain(<T as Parts>::Head)",
        "d0: Res(3, 64)",
        "blocks: repeat 3 { c: Conv2d(64, kernel: 3); Add(input) }",
        "repeat i in 0..3 { Relu }",
        "repeat i in 1..=n { Relu }",
        "repeat 2 * n - 1 { Relu }",
        "repeat (c, n, a) in (16, 1, Relu), (24, 2, LeakyRelu(0.2)) { Relu }",
        "x: repeat d in 1, 2 reads a, b from (front, s.0) { y: Relu from a; output: y, z: b [4, _] }",
        "if a == b && !(c < 2 || d) { Relu } else if k >= (3, 3) { s: Silu } else { Sigmoid; Relu }",
        "if (a + 1) * 2 != 4 { Relu }",
        "if from < to { Relu }",
        "if n > 1 { Relu } else if 1 >= n { Silu }",
        "reuse head",
        "h: reuse head from (p4, _) -> [16, _]",
        "Concat(s.0, b.y)",
    ] {
        let written = statement.replace(" }", "; }").replace(" in (", " in [(").replace(")) {", "))] {");
        let written = written.replace(" in 1, 2 ", " in [1, 2] ");
        let (shown, faults) = body(&format!("{written};"));
        assert!(faults.is_empty(), "{statement}: {faults:?}");
        let plain = |text: &str| text.replace("(c)]", "c]");
        assert_eq!(shown, [plain(statement)]);
    }
    let (shown, faults) = body("repeat c in [16, 32, 2 * k,] { Relu; }");
    assert_eq!((shown, faults.len()), (vec!["repeat c in 16, 32, 2 * k { Relu }".to_owned()], 0));
}

#[test]
fn attributes_of_statements() {
    let chain = accepted(
        "struct M { input: [1]; /// The encoder.
         #[name = \"encoder.{i}\"] enc: Linear(1 -> 2); output: [2]; }",
    );
    let attrs = &chain.body[0].attrs;
    assert_eq!(attrs.file_name.as_ref().map(|name| name.value()).as_deref(), Some("encoder.{i}"));
    assert!(attrs.docs.to_string().contains("The encoder."));
}

/// What a `macro_rules!` macro passes on is in invisible brackets.
#[test]
fn pieces_from_another_macro() {
    fn hide(tokens: &str) -> TokenTree {
        Group::new(Delimiter::None, tokens.parse().expect("these are tokens")).into()
    }
    let splice = |token: TokenTree| match token {
        TokenTree::Ident(ident) if ident == "VIS" => hide("pub(crate)"),
        TokenTree::Ident(ident) if ident == "ONE" => hide("1"),
        TokenTree::Ident(ident) if ident == "SUM" => hide("1 + 2"),
        other => other,
    };
    let args: TokenStream =
        "SUM * 2 -> 8, kernel: ONE".parse::<TokenStream>().expect("tokens").into_iter().map(splice).collect();
    let mut inner: TokenStream = "input: [6]; Conv1d".parse().expect("tokens");
    inner.extend([TokenTree::from(Group::new(Delimiter::Parenthesis, args))]);
    inner.extend("; output: [8];".parse::<TokenStream>().expect("tokens"));
    let mut tokens: TokenStream =
        "VIS struct M".parse::<TokenStream>().expect("tokens").into_iter().map(splice).collect();
    tokens.extend([TokenTree::from(Group::new(Delimiter::Brace, inner))]);
    let (chain, faults) = parse(tokens);
    assert!(faults.is_empty(), "{faults:?}");
    let chain = chain.expect("it is there");
    assert_eq!(show(&chain.body[0]), "Conv1d((1 + 2) * 2 -> 8, kernel: 1)");
    assert_eq!(chain.vis.to_string().replace(' ', ""), "pub(crate)");
}

#[test]
fn numbers() {
    let (shown, faults) =
        body("Linear(1_000usize -> 0x10, bias: true); Linear(2i64 -> 0b11); Scale(-1_0.5f32); Scale(3f64);");
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(shown, ["Linear(1000 -> 16, bias: true)", "Linear(2 -> 3)", "Scale(-10.5)", "Scale(3.0)"]);
    assert!(body("Pad(-9223372036854775808);").1.is_empty());

    let refused = |value: &str| body(&format!("a: Pad({value}); Relu;")).1;
    assert_eq!(
        refused("9223372036854775808"),
        ["[CS0004] the number 9223372036854775808 is too large | a size fits `i64`, a float fits `f64`"]
    );
    let long = "9".repeat(10_000);
    assert_eq!(
        refused(&long),
        [format!(
            "[CS0004] the number {}... of 10000 digits is too large | a size fits `i64`, a float fits `f64`",
            &long[..40]
        )]
    );
    assert_eq!(refused("3u8"), ["[CS0004] `3u8` is not a number that this language has | write `3`"]);
    assert_eq!(refused("1e999").len(), 1);
    assert_eq!(refused("'c'").len(), 1);
    assert_eq!(refused("b\"x\"").len(), 1);
    // In a shape the other axes stay.
    let (chain, faults) = read(&format!("struct M {{ input: [1, {long}, 3]; Relu; output: [1]; }}"));
    assert_eq!(faults.len(), 1);
    assert_eq!(chain.expect("it is there").inputs[0].shape.to_string(), "[1, _, 3]");
}
