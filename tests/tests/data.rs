//! Valid and invalid data files, checked against chains at compile time: every message.
#![expect(clippy::cast_possible_truncation, reason = "files of a few bytes")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use convshape_front::{Finding, Level, inspect};
use convshape_tests::npy;

/// A folder with one file of each kind that the cases name.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(write_files)
}

fn write_files() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data-files");
    fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).expect("a file");
    let bytes = |shape: &[usize]| npy::of("|u1", shape, |place| (place % 256) as u8);
    let floats = |shape: &[usize]| npy::floats(shape, |place| (place % 7) as f32 / 7.0);
    write("first.npy", floats(&[6, 1, 8, 8]));
    write("last.npy", floats(&[6, 8, 8, 1]));
    write("matlab.npy", floats(&[8, 8, 1, 6]));
    write("no_channels.npy", floats(&[6, 8, 8]));
    write("sample.npy", floats(&[1, 8, 8]));
    write("flat.npy", floats(&[6, 64]));
    write("colour.npy", floats(&[6, 3, 8, 8]));
    write("rows.npy", floats(&[6, 1, 8, 9]));
    write("larger.npy", floats(&[6, 1, 16, 16]));
    write("five.npy", floats(&[5, 1, 8, 8]));
    write("none.npy", floats(&[0, 1, 8, 8]));
    write("dates.npy", npy::of("<M8[D]", &[1], |_| 0).into_iter().chain([0; 7]).collect());
    write("bytes.npy", bytes(&[6, 1, 8, 8]));
    write("complex.npy", npy::of("<c8", &[1], |_| 0).into_iter().chain([0; 7]).collect());
    write("classes.npy", npy::of("|u1", &[6], |place| (place % 4) as u8));
    write("binary.npy", npy::of("|u1", &[6], |place| (place % 2) as u8));
    write("from_one.npy", npy::of("|u1", &[6], |place| (place % 4) as u8 + 1));
    write("beyond.npy", npy::of("|u1", &[6], |place| place as u8));
    write("negative.npy", npy::of("|i1", &[6], |place| if place == 3 { 0xfd } else { 0 }));
    write("minus_one.npy", npy::of("|i1", &[6], |place| if place == 3 { 0xff } else { 0 }));
    write("signs.npy", npy::of("|i1", &[6], |place| if place % 2 == 0 { 0xff } else { 1 }));
    write("three_signs.npy", npy::of("|i1", &[6], |place| [0xff, 0, 1][place % 3]));
    write("bright.npy", npy::of("|u1", &[6], |place| if place % 2 == 0 { 0 } else { 255 }));
    write("beyond_and_below.npy", npy::of("|i1", &[6], |place| [0, 9, 3, 0xfe, 1, 10][place]));
    write("huge.npy", npy::of("<u8", &[1], |_| 0xff).into_iter().chain([0xff; 7]).collect());
    write("one.npy", floats(&[1, 1, 8, 8]));
    write("map.npy", npy::of("|u1", &[6, 8, 8], |place| (place % 4) as u8));
    write("larger_map.npy", npy::of("|u1", &[6, 16, 16], |place| (place % 4) as u8));
    write("turned.npy", floats(&[4, 6]));
    write("sequence.npy", floats(&[6, 3, 5]));
    write("label_per_step.npy", npy::of("|u1", &[6, 5], |place| (place % 4) as u8));
    write("ignored.npy", npy::of("|i1", &[6, 8, 8], |place| if place == 3 { 0xff } else { 0 }));
    write("float_classes.npy", floats(&[6]));
    write("class_axis.npy", npy::of("|u1", &[6, 1], |_| 1));
    write("one_hot.npy", floats(&[6, 4]));
    write("two_columns.npy", floats(&[6, 2]));
    write("steps.npy", floats(&[6, 9, 4]));
    write("number.npy", floats(&[6, 1]));
    write("idx", [0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 8, 0, 0, 0, 8].into_iter().chain([1; 6 * 64]).collect());
    write("masks.npy", bytes(&[6, 8, 8]));
    let mut fortran = npy::of("|u1", &[6, 8, 8], |place| if place == 3 + 6 * 5 { 9 } else { 0 });
    let order = fortran.windows(5).position(|word| word == b"False").expect("the order");
    fortran[order..order + 5].copy_from_slice(b"True ");
    write("fortran.npy", fortran);
    write("truncated.npy", floats(&[6, 1, 8, 8])[..200].to_vec());
    write("text.npy", b"no array at all".to_vec());
    let pair = [("images", floats(&[6, 1, 8, 8])), ("labels", npy::of("|u1", &[6], |_| 1))];
    write("pair.npz", npy::npz(&pair));
    write(
        "ports.npz",
        npy::npz(&[("other", floats(&[2])), ("output", floats(&[6, 4])), ("input", floats(&[6, 1, 8, 8]))]),
    );
    folder
}

/// A classifier of grey images of 8 by 8 into 4 classes.
fn classifier(data: &str) -> String {
    format!(
        "struct Net {{ data: {data}; input: [1, 8, 8];
            conv: Conv2d(1 -> 2, kernel: 3); Relu; Flatten; fc: Linear(72 -> 4); output: [4]; }}"
    )
}

/// The same with one output.
fn detector(data: &str) -> String {
    format!(
        "struct Net {{ data: {data}; input: [1, 8, 8];
            conv: Conv2d(1 -> 2, kernel: 3); Relu; Flatten; fc: Linear(72 -> 1); Sigmoid; output: [1]; }}"
    )
}

fn findings(chain: &str) -> Vec<Finding> {
    inspect(chain.parse().expect("tokens"), folder()).findings
}

/// The message as the compiler shows it, without the folder.
fn text(finding: &Finding) -> String {
    let mut text = format!("[{}] {}", finding.code, finding.message);
    for line in &finding.lines {
        text.push('\n');
        text.push_str(line);
    }
    text.replace(&format!("{}/", folder().display()), "")
}

#[test]
fn right_data_is_accepted() {
    for data in [
        r#"("first.npy", "classes.npy")"#,
        r#"("first.npy", "one_hot.npy")"#,
        r#""first.npy""#,
        r#""pair.npz""#,
        r#""pair.npz" as (images, labels)"#,
        r#""pair.npz" as (images,)"#,
        r#""ports.npz""#,
        r#"("first.npy", "classes.npy") as (first, classes)"#,
    ] {
        let found = findings(&classifier(data));
        assert!(found.is_empty(), "{data}: {}", text(&found[0]));
    }
    for data in [r#"("first.npy", "binary.npy")"#, r#"("first.npy", "number.npy")"#] {
        assert!(findings(&detector(data)).is_empty(), "{data}");
    }
    let idx = r#"struct Net { data: "idx"; input: [8, 8]; Reshape([1, 8, 8]); Scale(1/255);
        Conv2d(1 -> 2, kernel: 3); output: [2, 6, 6]; }"#;
    assert!(findings(idx).is_empty());
    // In a map, places may be left out.
    let map = r#"struct Net { data: ("first.npy", "ignored.npy"); input: [1, 8, 8];
        Conv2d(1 -> 4, kernel: 1); output: [4, 8, 8]; }"#;
    assert!(findings(map).is_empty());
    // A class for each step, with the classes where a loss reads them.
    let steps = r#"struct Net { data: ("sequence.npy", "label_per_step.npy"); input: [3, 5]; Permute(1, 0);
        Lstm(3 -> 4); Permute(1, 0); output: [4, 5]; }"#;
    assert!(findings(steps).is_empty());
    let symbols = r#"struct Net { for h in 1.., w in 1..; data: "rows.npy"; input: [1, 4*h, 3*w];
        Conv2d(1 -> 2, kernel: 1); output: [2, 4*h, 3*w]; }"#;
    let found = findings(symbols);
    assert!(found.is_empty(), "{}", text(&found[0]));
}

/// Files that do not fit the classifier, or the detector with its single output.
const FILES: [(&str, bool); 40] = [
    (r#""absent.npy""#, false),
    (r#""text.npy""#, false),
    (r#""truncated.npy""#, false),
    (r#""complex.npy""#, false),
    (r#"("first.npy", "pair.npz")"#, false),
    (r#"("first.npy", "classes.npy", "one_hot.npy")"#, false),
    (r#""pair.npz" as (image, labels)"#, false),
    (r#""last.npy""#, false),
    (r#""matlab.npy""#, false),
    (r#""no_channels.npy""#, false),
    (r#""sample.npy""#, false),
    (r#""flat.npy""#, false),
    (r#""colour.npy""#, false),
    (r#""rows.npy""#, false),
    (r#"("five.npy", "classes.npy")"#, false),
    (r#"("first.npy", "float_classes.npy")"#, false),
    (r#"("first.npy", "class_axis.npy")"#, false),
    (r#"("first.npy", "two_columns.npy")"#, false),
    (r#"("first.npy", "steps.npy")"#, false),
    (r#"("first.npy", "from_one.npy")"#, false),
    (r#"("first.npy", "beyond.npy")"#, false),
    (r#"("first.npy", "negative.npy")"#, false),
    (r#"("first.npy", "beyond_and_below.npy")"#, false),
    (r#"("one.npy", "huge.npy")"#, false),
    (r#"("first.npy", "turned.npy")"#, false),
    (r#""none.npy""#, false),
    (r#""dates.npy""#, false),
    (r#"("first.npy", "minus_one.npy")"#, false),
    (r#""larger.npy""#, false),
    (r#"("classes.npy", "first.npy")"#, false),
    (r#""pair.npz" as (labels, images)"#, false),
    (r#""ports.npz" as (other, output, input)"#, false),
    (r#""first.npy", "classes.npy""#, false),
    (r#"["first.npy", "classes.npy"]"#, false),
    (r#"("first.npy", "classes.npy")"#, true),
    (r#"("first.npy", "bright.npy")"#, true),
    (r#"("first.npy", "three_signs.npy")"#, true),
    (r#"("first.npy", "one_hot.npy")"#, true),
    (r#"("first.npy", "two_columns.npy")"#, true),
    (r#"("first.npy", "float_classes.npy")"#, true),
];

/// Chains whose data does not fit.
const CHAINS: [(&str, &str); 11] = [
    (
        "classes on the last axis",
        r#"struct Net { dialect: keras; data: ("last.npy", "steps.npy"); input: [8, 8, 1];
            Conv2D(4, kernel_size: 1); output: [8, 8, 4]; }"#,
    ),
    (
        "beyond the range",
        r#"struct Net { for h in 3..; data: "first.npy"; input: [1, 4*h, 8];
            Conv2d(1 -> 1, kernel: 1); output: [1, 4*h, 8]; }"#,
    ),
    (
        "one symbol twice",
        r#"struct Net { for h in 1..=9; data: "rows.npy"; input: [1, h, h];
            Conv2d(1 -> 1, kernel: 1); output: [1, h, h]; }"#,
    ),
    (
        "values of the symbols that another array gave",
        r#"struct Net { for h in 1.., w in 1..; data: ("first.npy", "larger_map.npy"); input: [1, 2*h, 2*w];
            Conv2d(1 -> 4, kernel: 1); output: [4, 2*h, 2*w]; }"#,
    ),
    (
        "a map of another size",
        r#"struct Net { data: ("first.npy", "larger_map.npy"); input: [1, 8, 8];
            Conv2d(1 -> 4, kernel: 1); output: [4, 8, 8]; }"#,
    ),
    (
        "one label for a map",
        r#"struct Net { data: ("first.npy", "classes.npy"); input: [1, 8, 8];
            Conv2d(1 -> 4, kernel: 1); output: [4, 8, 8]; }"#,
    ),
    ("steps and features", r#"struct Net { data: "sequence.npy"; input: [5, 3]; Lstm(3 -> 4); output: [5, 4]; }"#),
    (
        "a class for each step",
        r#"struct Net { data: ("sequence.npy", "label_per_step.npy"); input: [3, 5]; Permute(1, 0); Lstm(3 -> 4);
            output: [5, 4]; }"#,
    ),
    (
        "channels last in a chain of keras",
        r#"struct Net { dialect: keras; data: "colour.npy"; input: [8, 8, 3]; Conv2D(4, kernel_size: 1);
            output: [8, 8, 4]; }"#,
    ),
    (
        "colour images for grey ones",
        r#"struct Net { data: ("first.npy", "colour.npy"); input: [1, 8, 8]; Conv2d(1 -> 1, kernel: 1);
            output: [1, 8, 8]; }"#,
    ),
    (
        "in Fortran's order",
        r#"struct Net { data: ("first.npy", "fortran.npy"); input: [1, 8, 8];
            Conv2d(1 -> 4, kernel: 1); output: [4, 8, 8]; }"#,
    ),
];

/// Each wrong file has this message.
#[test]
fn wrong_data_is_refused_with_its_cause() {
    let mut shown = String::new();
    for (data, one_output) in FILES {
        let chain = if one_output { detector(data) } else { classifier(data) };
        let found = findings(&chain);
        assert_eq!(found.len(), 1, "{data}: one mistake, one error");
        assert_eq!(found[0].level, Level::Error, "{data}");
        shown += &format!("{data}\n{}\n\n", text(&found[0]));
    }
    for (name, chain) in CHAINS {
        let found = findings(chain);
        assert_eq!(found.len(), 1, "{name}");
        shown += &format!("{name}\n{}\n\n", text(&found[0]));
    }
    let signs = r#"struct Net { data: ("first.npy", "signs.npy"); input: [1, 8, 8]; Flatten; Linear(64 -> 2);
        output: [2]; }"#;
    let found = findings(signs);
    assert_eq!(found.len(), 1, "signs");
    shown += &format!("signs\n{}\n\n", text(&found[0]));
    for chain in [
        classifier(r#"("bytes.npy", "classes.npy")"#),
        r#"struct Net { data: ("bytes.npy", "bytes.npy"); input: [1, 8, 8]; Scale(1/255);
            c: Conv2d(1 -> 1, kernel: 1); Sigmoid; output: [1, 8, 8]; }"#
            .to_owned(),
        r#"struct Net { data: ("first.npy", "masks.npy"); input: [1, 8, 8];
            c: Conv2d(1 -> 1, kernel: 1); Sigmoid; output: [1, 8, 8]; }"#
            .to_owned(),
    ] {
        let found = findings(&chain);
        assert_eq!(found.iter().map(|finding| finding.level).collect::<Vec<_>>(), [Level::Warning]);
        shown += &format!("{}\n\n", text(&found[0]));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/messages.txt");
    if std::env::var_os("TRYBUILD").is_some_and(|word| word == "overwrite") {
        fs::create_dir_all(path.with_file_name("")).expect("a folder");
        fs::write(&path, &shown).expect("the messages");
    }
    let expected = fs::read_to_string(&path).expect("the messages");
    assert_eq!(shown, expected, "TRYBUILD=overwrite writes them anew; read the difference");
}
