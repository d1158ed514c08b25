//! The mistake is reported, and everything else is still there.

use super::{body, print, read, show};

fn faults(source: &str) -> Vec<String> {
    read(source).1.iter().map(print).collect()
}

#[test]
fn half_typed_lines() {
    for (line, shown) in [
        ("enc1:", "enc1: ?"),
        ("enc1: Conv2d(1 -> );", "enc1: Conv2d(_)"),
        ("enc1: Conv2d(1 -> 2, kernel: );", "enc1: Conv2d(1 -> 2, kernel: _)"),
        ("enc1: Conv2d(1 -> 2, kernel: 3)", "enc1: Conv2d(1 -> 2, kernel: 3)"),
        ("enc1: Conv2", "enc1: Conv2"),
        ("enc1: Relu from", "enc1: Relu"),
        ("enc1: Relu ->", "enc1: Relu"),
        ("enc1: Relu restores", "enc1: Relu"),
        ("enc1: Relu 7 7;", "enc1: Relu(_)"),
        ("enc1: Conv2d(1 -> 2, , kernel: 3);", "enc1: Conv2d(1 -> 2, _, kernel: 3)"),
        ("enc1: = 3;", "enc1: ?"),
        ("enc1: Conv2d[1 -> 2];", "enc1: Conv2d(1 -> 2)"),
        ("enc1: Conv2d(1 -> 2 kernel: 3);", "enc1: Conv2d(1 -> 2, kernel: 3)"),
        ("enc1: Conv2d(1 -> 2, kernel: 3 5);", "enc1: Conv2d(1 -> 2, kernel: _)"),
        ("enc1: Conv2d(1 -> 2, kernel: 3, 5);", "enc1: Conv2d(1 -> 2, kernel: _)"),
    ] {
        let (statements, faults) = body(&format!("{line}\n enc2: Conv2d(2 -> 4, kernel: 3); Relu;"));
        assert_eq!(faults.len(), 1, "{line}: {faults:?}");
        assert!(faults[0].starts_with("[CS0001] "), "{line}: {faults:?}");
        assert_eq!(statements, [shown, "enc2: Conv2d(2 -> 4, kernel: 3)", "Relu"], "{line}");
    }
}

#[test]
fn missing_semicolons() {
    for line in ["Relu\n Tanh;", "Relu from a\n Tanh;", "Relu -> [_]\n Tanh;", "Conv2d(1 -> 2) restores a\n Tanh;"] {
        let (statements, faults) = body(line);
        let fault = "[CS0001] expected `;` after this | insert `;` after this: every statement ends with it";
        assert_eq!(faults, [fault], "{line}");
        assert_eq!(statements.last().map(String::as_str), Some("Tanh"), "{line}");
    }
    let twice = faults("struct M { input: [1]\n Relu;\n output: [1] }");
    let fault = "[CS0001] expected `;` after this | insert `;` after this: every statement ends with it (line 3 too)";
    assert_eq!(twice, [fault]);
}

/// An editor closes an open bracket at the end of the chain.
#[test]
fn unclosed_brackets() {
    for line in
        ["enc1: Conv2d(1 -> 2, kernel: 3;", "enc1: Conv2d(1 -> 2, kernel: (3, 3;", "enc1: Conv2d(1 -> 2) -> [2, 4;"]
    {
        let open: String = line
            .chars()
            .filter_map(|c| match c {
                '(' => Some(')'),
                '[' => Some(']'),
                _ => None,
            })
            .collect();
        let close: String = open.chars().rev().take(open.len() - line.matches(')').count()).collect();
        let source = format!("struct M {{ input: [1]; {line} enc2: Tanh; output: [1]; {close} }}");
        let (chain, faults) = read(&source);
        let shown: Vec<String> = chain.expect("it is there").body.iter().map(show).collect();
        let faults: Vec<String> = faults.iter().map(print).collect();
        assert_eq!(faults.len(), 1, "{source}: {faults:?}");
        assert!(faults[0].contains("is not closed before the `;`"), "{faults:?}");
        assert_eq!(shown.last().map(String::as_str), Some("enc2: Tanh"), "{source}");
    }
}

#[test]
fn parts_of_a_chain() {
    let missing = "write its shape before the layers, without the batch axis: `input: [1, 28, 28];`";
    assert_eq!(faults("struct M { Relu; output: [1]; }"), [format!("[CS0003] `M` has no `input` | {missing}")]);
    assert_eq!(faults("struct M { input: [1]; Relu; }").len(), 1);
    assert_eq!(faults("struct M { Relu; }").len(), 2);
    assert!(faults("struct M {}")[0].starts_with("[CS0003] `M` is empty"));
    let order = "the order is: `dialect: ..;` and other headers, blocks, `input: ..;`, statements, `output: ..;`";
    for (source, message, help) in [
        ("Relu; input: [1]; output: [1];", "`input` comes after the first layer, but belongs before it", order),
        (
            "input: [1]; dialect: keras; output: [1];",
            "`dialect` comes after `input`, but belongs before it",
            "move `dialect` before `input`",
        ),
        (
            "input: [1]; Relu; lossy: deny; output: [1];",
            "`lossy` comes after the first layer, but belongs before it",
            "move `lossy` before `input`",
        ),
        ("input: [1]; for h in 1..; output: [1];", "`for` comes after `input`, but belongs before it", order),
        (
            "input: [1]; block B() { Relu; } output: [1];",
            "`block B` comes after `input`, but belongs before it",
            "move `block B` before `input`",
        ),
        (
            "block B() { Relu; } dialect: jax; input: [1]; output: [1];",
            "`dialect` comes after a block, but belongs before it",
            "move `dialect` before `block B`",
        ),
        (
            "input: [1]; output: [1]; a: Relu; Tanh;",
            "`a` comes after `output`, which must be last",
            "move `a` before `output`",
        ),
        ("output: [1]; input: [1];", "`input` comes after `output`, which must be last", order),
    ] {
        assert_eq!(faults(&format!("struct M {{ {source} }}")), [format!("[CS0003] {message} | {help}")]);
    }
    for source in [
        "input: [1]; input: [2]; output: [1];",
        "input: [1]; output: [2]; output: [1];",
        "dialect: jax; dialect: flax; input: [1]; output: [1];",
        "weights: \"a\"; weights: \"b\"; input: [1]; output: [1];",
    ] {
        let faults = faults(&format!("struct M {{ {source} }}"));
        assert!(faults.len() == 1 && faults[0].contains("is given twice"), "{source}: {faults:?}");
    }
    let (shown, inner) = body("repeat 2 { input: [1]; Relu; output: [2]; } repeat 3 {}");
    assert_eq!(shown, ["repeat 2 { Relu }", "repeat 3 {  }"]);
    assert_eq!(inner.len(), 3);
}

#[test]
fn mistyped_words() {
    for (source, message) in [
        ("dialects: keras; input: [1]; output: [1];", "`dialects` is not a header | did you mean `dialect`?"),
        (
            "colour: red; input: [1]; output: [1];",
            "`colour` is not a header | write one of `dialect`, `lossy`, `lint`, `weights`, `data`",
        ),
        ("dialect: kears; input: [1]; output: [1];", "`kears` is not a dialect | did you mean `keras`?"),
        ("lossy: alow; input: [1]; output: [1];", "`alow` is not a value of `lossy` | did you mean `allow`?"),
        ("inputs: [1]; output: [1];", "`inputs` is not a part of a chain | did you mean `input`?"),
        ("input: [1]; ouput: [1];", "`ouput` is not a part of a chain | did you mean `output`?"),
    ] {
        assert_eq!(faults(&format!("struct M {{ {source} }}")), [format!("[CS0001] {message}")]);
    }
}

/// What other languages or other places of this one allow gets one error that says how it is written.
#[test]
fn what_is_written_otherwise() {
    let shape = "expected a shape such as `[1, 28, 28]`, found";
    let compare = "pass the numbers, and compare them in the block: `if a == b { .. } else { .. }`";
    for (source, message) in [
        ("input: [1]; a: Relu; output: a;", format!("{shape} `;` | write its shape after the name: `output: a [16];`")),
        (
            "input: [1]; a: Relu; b: Tanh; output: a [1], b;",
            format!("{shape} `;` | write its shape after the name: `output: b [16];`"),
        ),
        (
            "input: [1]; a: Relu; output: x: a [1], y: a [1];",
            format!("{shape} `a` | give it a name before: `x: Identity from a;`, and `output: x [16];`"),
        ),
        (
            "input: [2]; s: Split(2); output: low: s.0 [1], high: s.1 [1];",
            format!("{shape} `s` | give it a name before: `low: Identity from s.0;`, and `output: low [16];`"),
        ),
        (
            "block B(f: bool) { if f { Relu; } elif !f { Tanh; } } input: [1]; B(true); output: [1];",
            "expected `else if`, found `elif` | write `else if a == b { .. }`".to_owned(),
        ),
        (
            "block B(f: bool) { if not f { Relu; } } input: [1]; B(true); output: [1];",
            "expected a comparison, found `not` | negation is written `!a`".to_owned(),
        ),
        (
            "block B(f: bool) { if f and f { Relu; } } input: [1]; B(true); output: [1];",
            "expected `{`, `&&` or `||`, found `and` | `and` is written `&&`".to_owned(),
        ),
        ("block B(n, f: bool = n > 4) { Relu; } input: [1]; B(1); output: [1];", format!("expected a value, found `>` | {compare}")),
        (
            "block B(f: bool) { Relu; } input: [1]; repeat i in 0..2 { B(f: i == 0); } output: [1];",
            format!("expected a value, found `==` | {compare}"),
        ),
        (
            "input: [1]; a: Relu; repeat 2 from a reads x { Tanh; } output: [1];",
            "expected `{` with the statements that are repeated, found `reads` | `reads` comes first: \
             `repeat 2 reads a, b from (x, y) {`"
                .to_owned(),
        ),
        (
            "block B() { c: Relu; } input: [1]; b: B; Add(b, b.c.weight); output: [1];",
            "expected a value, or one output of it such as `a.b`, found `b.c.weight` | give it at the end of the body, \
             `output: .., own: c.weight;`, and read `b.own`"
                .to_owned(),
        ),
    ] {
        assert_eq!(faults(&format!("struct M {{ {source} }}")), [format!("[CS0001] {message}")], "{source}");
    }
}

/// A header's word can be a name where it cannot be a header.
#[test]
fn header_words_as_names() {
    let (shown, faults) = body("weights: Conv2d(1 -> 2, kernel: 3); dialect: Relu; block: Tanh; repeat: Relu;");
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(shown, ["weights: Conv2d(1 -> 2, kernel: 3)", "dialect: Relu", "block: Tanh", "repeat: Relu"]);
}

#[test]
fn shapes_and_tails() {
    assert_eq!(
        faults("struct M { input: (1, 28, 28); Relu; output: [1]; }"),
        ["[CS0001] a shape is written in `[` and `]`, found `(` | in `input`, write `[1, 28, 28]`"]
    );
    assert_eq!(
        faults("struct M { input [1]; Relu; output: [1]; }"),
        ["[CS0001] expected `:` after `input` | write `input: [1];`"]
    );
    assert!(faults("struct M { input: [None, 28, 28]; output: [1]; }")[0].starts_with("[CS0002] `None`"));
    let inputs = faults("struct M { input: [3, 32, 32], [2]; output: [1]; }");
    assert!(inputs[0].contains("several ports have names: `a [3, 32, 32], b [2]`"), "{inputs:?}");
    let outputs = faults("struct M { input: [1]; Relu; output: [4], [C, 5]; }");
    assert!(outputs[0].contains("after its statement's name: `.. [4], .. [C, 5]`"), "{outputs:?}");
    let found = &faults("struct M { input: [5, 4]; l: Lstm(4 -> 8); output: l.h_n [1, 8]; }")[0];
    assert!(found.contains("`last: Identity from l.h_n;`"), "{found}");
    assert_eq!(body("a: Relu; Tanh from (a); Add((a), _);").0, ["a: Relu", "Tanh from a", "Add(a, _)"]);
    let (shown, faults) = body("Relu -> [1] from a; Relu restores a restores b;");
    assert_eq!(shown, ["Relu from a -> [1]", "Relu restores b"]);
    assert!(faults.len() == 2 && faults.iter().all(|fault| fault.contains("is out of place here")), "{faults:?}");
    assert!(body("Conv2d((1, 2) -> 2);").1[0].contains("expected a number of channels"));
    assert!(body("Conv2d(2) -> [1.5, 2];").1.len() == 1);
}

#[test]
fn attributes() {
    let (shown, faults) = body("#[inline] a: Relu; #[name = 3] b: Relu; #[name = \"x\"] #[name = \"y\"] c: Relu;");
    assert_eq!(shown.len(), 3);
    assert!(faults[0].starts_with("[CS0005] the attribute `#[inline]` is not understood here"), "{faults:?}");
    assert!(faults[1].starts_with("[CS0005] "), "{faults:?}");
    assert!(faults[2].starts_with("[CS0003] `#[name]` is given twice"), "{faults:?}");
}

#[test]
fn the_struct_itself() {
    for (source, name) in [
        ("enum M { input: [1]; output: [1]; }", Some("M")),
        ("M { input: [1]; output: [1]; }", Some("M")),
        ("struct M;", Some("M")),
        ("struct M(u8);", Some("M")),
        ("struct M<const N: usize { input: [1]; output: [1]; }", Some("M")),
        ("struct M where T: Copy { input: [1]; output: [1]; }", Some("M")),
        ("struct M { input: [1]; output: [1]; } struct N {}", Some("M")),
        ("struct { input: [1]; }", None),
        ("", None),
        ("7", None),
    ] {
        let (chain, faults) = read(source);
        assert_eq!(chain.map(|chain| chain.name.to_string()).as_deref(), name, "{source}");
        assert_eq!(faults.len(), 1, "{source}: {faults:?}");
    }
}

/// Deep brackets and long sums are rejected before they exhaust the stack, here or in later stages.
#[test]
fn nesting() {
    let deep = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(body(&format!("Linear({} -> 1);", deep(20))).1.is_empty());
    assert!(body(&format!("Linear({} -> 1);", deep(60))).1[0].contains("nested too deeply"));
    assert!(body(&format!("Linear({} -> 1);", vec!["1"; 10_000].join("+"))).1[0].contains("nested too deeply"));
    assert!(body(&format!("Linear({} -> 1);", "-".repeat(10_000) + "c")).1[0].contains("nested too deeply"));
    let repeats = "repeat 1 {".repeat(60) + "Relu;" + &"}".repeat(60);
    assert!(body(&repeats).1[0].contains("nested too deeply"));
    let printed = "Sequential((0): ".repeat(100) + "ReLU()" + &")".repeat(100);
    assert!(body(&printed).1[0].contains("nested too deeply"));
}
