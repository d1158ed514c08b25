//! Valid and hostile files, built by hand.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use convshape_arith::shape::Shape;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::{LoadError, load, load_bytes, load_with, save};
use crate::methods::init::init;
use crate::model::param::AxisSizes;
use crate::model::param::Param;
use crate::model::test_model::{Outer, Small};
use crate::weights::test_folder::Folder;

fn model<M: crate::model::parts::Parts>() -> M {
    init(&mut Xoshiro256PlusPlus::seed_from_u64(1))
}

/// A file with the given header text and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// A tensor of a file: name, type, shape, bytes.
type TestTensor<'a> = (&'a str, &'a str, Vec<usize>, Vec<u8>);

/// A valid file of tensors.
fn tensors(tensors: &[TestTensor<'_>]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut entries = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let (start, end) = (data.len(), data.len() + bytes.len());
        entries.push(format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#));
        data.extend(bytes);
    }
    file(&format!("{{{}}}", entries.join(",")), &data)
}

fn f32s(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The tensors of `Small`, with elements that every type holds exactly.
fn small() -> Vec<TestTensor<'static>> {
    vec![
        ("enc.weight", "F32", vec![3, 2, 2], f32s(&[0.5; 12])),
        ("enc.bias", "F32", vec![3], f32s(&[1.0, 2.0, 3.0])),
        ("dec.weight", "F32", vec![3, 2, 2], f32s(&[-0.25; 12])),
    ]
}

/// The error for these bytes, from memory and from a file.
fn refusal(bytes: &[u8]) -> String {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let error = load_bytes::<Small>(bytes).unwrap_err().to_string();
    let folder = Folder::new(&format!("refusal-{}", FILES.fetch_add(1, Ordering::Relaxed)));
    let path = folder.file("small.safetensors");
    fs::write(&path, bytes).unwrap();
    let of_file = load::<Small>(&path).unwrap_err().to_string();
    assert_eq!(of_file.replace(&path.display().to_string(), "bytes"), error);
    error
}

fn small_with(index: usize, tensor: TestTensor<'static>) -> Vec<u8> {
    let mut all = small();
    all[index] = tensor;
    tensors(&all)
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = Folder::new("round-trip");
    let path = folder.file("outer.safetensors");
    let outer = model::<Outer>();
    save(&outer, &path).unwrap();
    assert_eq!(load::<Outer>(&path).unwrap(), outer);
    assert_eq!(folder.names(), ["outer.safetensors"]);

    let bytes = fs::read(&path).unwrap();
    save(&outer, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes, "the same model gives the same bytes");
    assert!(bytes[8..].starts_with(br#"{"__metadata__":{"format":"pt"}"#));

    // A part of it, with other names.
    let sub = load_with::<Small>(&path, |name| format!("sub.{name}")).unwrap();
    assert_eq!(sub, outer.sub);
    let error = load::<Small>(&path).unwrap_err();
    assert!(matches!(&error, LoadError::NoTensor { more: 2, .. }), "{error}");
    let names = "`head.weight`, `norm.running_mean`, `norm.running_var`, `sub.dec.weight` and 2 more";
    assert_eq!(
        error.to_string(),
        format!(
            "{}: none of the model's tensors is in it: the first would be `enc.weight`; the file has {names}; \
             `enc.weight` has the prefix `sub.` there: `load_with(path, |name| format!(\"sub.{{name}}\"))`",
            path.display()
        )
    );
    // Our own prefix, which the file does not have.
    let path = folder.file("sub.safetensors");
    save(&outer.sub, &path).unwrap();
    let error = load_with::<Small>(&path, |name| format!("module.{name}")).unwrap_err().to_string();
    assert!(error.ends_with("the file has `dec.weight`, `enc.bias` and `enc.weight`; `load_with` takes other names"));
}

#[test]
fn a_part_that_the_file_does_not_have_is_named() {
    let folder = Folder::new("parts");
    let path = folder.file("outer.safetensors");
    save(&model::<Outer>(), &path).unwrap();
    let without = |name: &str| match name.strip_prefix("sub.") {
        Some(rest) => format!("sub.block1.{rest}"),
        None => name.to_owned(),
    };
    let error = load_with::<Outer>(&path, without).unwrap_err();
    let line = "sub.block1.enc.weight: missing, expected f32";
    let help = "the file has `sub.enc.weight`: write `#[name(transparent)]` before `block1`";
    let text = error.to_string();
    assert!(text.lines().any(|text| text.contains(line) && text.contains(help)), "{text}");
    assert_eq!(format!("{error:?}"), text, "what `unwrap` shows is to be read");
}

#[test]
fn other_tensors_are_ignored() {
    let mut all = small();
    all.push(("bn.num_batches_tracked", "I64", vec![], 7_i64.to_le_bytes().to_vec()));
    all.push(("nan", "F32", vec![1], f32s(&[f32::NAN])));
    assert!(load_bytes::<Small>(&tensors(&all)).is_ok());
}

#[test]
fn other_floats_are_converted() {
    let halves: Vec<u8> = [0.5_f32; 12].iter().flat_map(|&x| half::f16::from_f32(x).to_le_bytes()).collect();
    let brains: Vec<u8> = [-0.25_f32; 12].iter().flat_map(|&x| half::bf16::from_f32(x).to_le_bytes()).collect();
    let doubles: Vec<u8> = [1.0_f64, 2.0, 3.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let converted = tensors(&[
        ("enc.bias", "F64", vec![3], doubles),
        ("enc.weight", "F16", vec![3, 2, 2], halves),
        ("dec.weight", "BF16", vec![3, 2, 2], brains),
    ]);
    let expected = load_bytes::<Small>(&tensors(&small())).unwrap();
    assert_eq!(load_bytes::<Small>(&converted).unwrap(), expected);

    let integers = small_with(1, ("enc.bias", "I32", vec![3], vec![0; 12]));
    assert_eq!(refusal(&integers), "bytes: enc.bias: found elements of type I32, expected f32, f64, f16 or bf16");
}

#[test]
fn every_problem_is_listed() {
    let none = "bytes: none of the model's tensors is in it: the first would be `enc.weight`; the file has no tensors";
    assert_eq!(refusal(&tensors(&[])), none);
    let error = load_bytes::<Small>(&tensors(&[("enc.bias", "I32", vec![3], vec![0; 12])])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bytes: 3 tensors do not fit
  enc.weight: missing, expected f32 [3, 2, 2]
  enc.bias: found elements of type I32, expected f32, f64, f16 or bf16
  dec.weight: missing, expected f32 [3, 2, 2]"
    );
    let LoadError::Tensors { problems, .. } = error else { panic!("{error}") };
    let problems: Vec<_> = problems.iter().cycle().take(25).cloned().collect();
    let long = LoadError::Tensors { file: "f".to_owned(), problems }.to_string();
    assert_eq!(long.lines().count(), 22);
    assert!(long.ends_with("  and 5 more"), "{long}");
}

#[test]
fn shapes_say_what_happened() {
    let swapped = vec![2, 3, 2];
    assert_eq!(
        refusal(&small_with(2, ("dec.weight", "F32", swapped.clone(), f32s(&[0.0; 12])))),
        "bytes: dec.weight: found f32 [2, 3, 2], expected [3, 2, 2]; the first two axes look swapped: \
         a transposed convolution keeps [in, out / groups, ..]"
    );
    assert_eq!(
        refusal(&small_with(0, ("enc.weight", "F32", swapped, f32s(&[0.0; 12])))),
        "bytes: enc.weight: found f32 [2, 3, 2], expected [3, 2, 2]; the first two axes look swapped: \
         a convolution keeps [out, in / groups, ..]"
    );
    let permuted = refusal(&small_with(0, ("enc.weight", "F32", vec![2, 2, 3], f32s(&[0.0; 12]))));
    assert!(permuted.ends_with("; the axes look permuted"), "{permuted}");
    let reshaped = refusal(&small_with(1, ("enc.bias", "F32", vec![1, 3, 1], f32s(&[0.0; 3]))));
    assert!(reshaped.ends_with("; it has as many elements, in other axes"), "{reshaped}");
    let other = refusal(&small_with(1, ("enc.bias", "F32", vec![4], f32s(&[0.0; 4]))));
    assert_eq!(other, "bytes: enc.bias: found f32 [4], expected [3]");
}

#[test]
fn what_several_tensors_have_in_common_is_said_once() {
    let permuted = |name| (name, "F32", vec![2, 2, 3], f32s(&[0.0; 12]));
    let all = tensors(&[permuted("enc.weight"), ("enc.bias", "F32", vec![3], f32s(&[0.0; 3])), permuted("dec.weight")]);
    assert_eq!(
        refusal(&all),
        "bytes: 2 tensors do not fit
  enc.weight: found f32 [2, 2, 3], expected [3, 2, 2]
  dec.weight: found f32 [2, 2, 3], expected [3, 2, 2]
enc.weight and dec.weight: the axes look permuted"
    );
    let LoadError::Tensors { problems, .. } = load_bytes::<Small>(&all).unwrap_err() else { panic!("no tensors") };
    let problems: Vec<_> = problems.iter().cycle().take(25).cloned().collect();
    let long = LoadError::Tensors { file: "f".to_owned(), problems }.to_string();
    assert_eq!(long.matches("permuted").count(), 1);
    let last = "  and 5 more\nenc.weight, dec.weight, enc.weight and 22 more: the axes look permuted";
    assert!(long.ends_with(last), "{long}");
}

#[test]
fn elements_must_be_finite() {
    let mut values = [0.5_f32; 12];
    values[7] = f32::NEG_INFINITY;
    let infinite = small_with(0, ("enc.weight", "F32", vec![3, 2, 2], f32s(&values)));
    assert_eq!(refusal(&infinite), "bytes: enc.weight: found -inf at index [1, 1, 1], expected a finite f32");
    let doubles = [0.0_f64, 1e300, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let large = refusal(&small_with(1, ("enc.bias", "F64", vec![3], doubles)));
    assert!(large.contains("at index [1], expected a finite f32"), "{large}");
    let nan: Vec<u8> = [half::f16::NAN; 3].iter().flat_map(|value| value.to_le_bytes()).collect();
    let nan = refusal(&small_with(1, ("enc.bias", "F16", vec![3], nan)));
    assert!(nan.contains("found NaN at index [0]"), "{nan}");
}

#[test]
fn weight_norm_is_folded() {
    let directions = [3.0, 4.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, -2.0];
    let expected = [6.0, 8.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0];
    let names = [("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1")];
    for (g, v) in names {
        let (g, v) = (format!("dec.{g}"), format!("dec.{v}"));
        let file = |directions: &[f32], lengths: Vec<usize>| {
            let mut all = small();
            all.truncate(2);
            let count = lengths.iter().product();
            all.push((&v, "F32", vec![3, 2, 2], f32s(directions)));
            all.push((&g, "F32", lengths, f32s(&[10.0, 2.0, 1.0, 0.0][..count])));
            tensors(&all)
        };
        let folded = load_bytes::<Small>(&file(&directions, vec![3, 1, 1])).unwrap();
        assert_eq!(folded.dec.weight.as_slice(), expected);
        let mut zero = directions;
        zero[11] = 0.0;
        assert_eq!(
            refusal(&file(&zero, vec![3, 1, 1])),
            format!("bytes: {v}: found norm 0 at index 2, expected a direction that a length can be given to")
        );
        let lengths = refusal(&file(&directions, vec![2, 1, 1]));
        assert!(lengths.contains(&format!("{g}: found f32 [2, 1, 1], expected [3, 1, 1]")), "{lengths}");
        // A length for each index of another axis (`dim=1`, `dim=2`), or one for all elements (`dim=None`).
        let squares = |group: &dyn Fn(usize) -> usize, of: usize| -> f32 {
            directions.iter().enumerate().filter(|(at, _)| group(*at) == group(of)).map(|(_, v)| v * v).sum()
        };
        let groups: [(Vec<usize>, &dyn Fn(usize) -> usize); 3] =
            [(vec![1, 2, 1], &|at| at / 2 % 2), (vec![1, 1, 2], &|at| at % 2), (vec![], &|_| 0)];
        for (shape, group) in groups {
            let folded = load_bytes::<Small>(&file(&directions, shape)).unwrap();
            for (at, found) in folded.dec.weight.as_slice().iter().enumerate() {
                let expected = directions[at] * [10.0, 2.0][group(at)] / squares(group, at).sqrt();
                assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
            }
        }
    }
}

#[test]
fn a_truncated_file_is_refused() {
    let whole = tensors(&small());
    for length in 0..whole.len() {
        assert!(load_bytes::<Small>(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
    }
    let mut longer = whole;
    longer.push(0);
    assert!(refusal(&longer).contains("not as long as its header says"));
}

#[test]
fn changed_bytes_do_not_panic() {
    let whole = tensors(&small());
    for place in 0..whole.len() - 27 * 4 {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            let _ = load_bytes::<Small>(&bytes);
        }
    }
}

#[test]
fn a_lying_header_is_refused() {
    let tensor = |shape: &str, offsets: &str| {
        file(&format!(r#"{{"enc.bias":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 12])
    };
    let cases = [
        (tensor("[3]", "[0,13]"), "more or fewer bytes"),
        (tensor("[4]", "[0,12]"), "more or fewer bytes"),
        (tensor("[3]", "[4,16]"), "leave a gap"),
        (tensor("[3]", "[12,0]"), "leave a gap"),
        (tensor("[999999999999]", "[0,3999999999996]"), "not as long"),
        (tensor("[3]", "[0,18446744073709551615]"), "larger than any file"),
        (tensor("[2305843009213693952]", "[0,9223372036854775808]"), "larger than any file"),
        (tensor("[999999999999, 999999999999]", "[0,12]"), "overflow"),
        (tensor("[-3]", "[0,12]"), "header"),
        (tensor("[3]", "[0,12"), "header"),
        (tensor("[3.0]", "[0,12]"), "header"),
        (file("", &[]), "header"),
        (file("[]", &[]), "header"),
        (file("\u{fffd}", &[]), "header"),
        (file(&"[".repeat(100_000), &[]), "header"),
        (file(r#"{"a"#, &[]), "header"),
        (file(r#"{"a\"#, &[]), "header"),
        (u64::MAX.to_le_bytes().to_vec(), "18446744073709551615 bytes, but only 0 follow"),
        (b"PK\x03\x04 and so on".to_vec(), "zip archive"),
        (vec![], "found 0 bytes"),
    ];
    for (bytes, expected) in cases {
        let error = refusal(&bytes);
        assert!(error.contains(expected), "{error} / {expected}");
    }
}

#[test]
fn a_name_stands_once() {
    let entry = r#"{"dtype":"F32","shape":[3],"data_offsets":[0,12]}"#;
    let twice = file(&format!(r#"{{"enc.bias":{entry},"enc.bias":{entry}}}"#), &[0; 12]);
    assert_eq!(refusal(&twice), "bytes: the header names `enc.bias` twice");
    let escaped = file(&format!(r#"{{"enc.bias":{entry},"\u0065nc.bias":{entry}}}"#), &[0; 12]);
    assert_eq!(refusal(&escaped), "bytes: the header names a tensor twice");
    let metadata = file(&format!(r#"{{"__metadata__":{{"a":"}}","b":"\""}},"enc.bias":{entry}}}"#), &[0; 12]);
    assert!(refusal(&metadata).contains("enc.weight: missing"));
}

#[test]
fn axes_of_size_1_at_one_end_do_not_matter() {
    for shape in [vec![3], vec![3, 1], vec![1, 1, 3]] {
        assert!(load_bytes::<Small>(&small_with(1, ("enc.bias", "F32", shape, f32s(&[1.0, 2.0, 3.0])))).is_ok());
    }
    for shape in [vec![1, 3, 1], vec![1], vec![3, 1, 1, 3]] {
        let data = f32s(&vec![1.0; shape.iter().product()]);
        assert!(refusal(&small_with(1, ("enc.bias", "F32", shape, data))).contains("expected [3]"));
    }
}

/// `dec` has no bias: a file that has one belongs to another model.
#[test]
fn a_parameter_that_a_layer_leaves_unread_is_an_error() {
    for name in ["dec.bias", "dec.running_mean", "enc.running_var"] {
        let mut all = small();
        all.push((name, "F32", vec![2], f32s(&[1.0, 2.0])));
        let bytes = tensors(&all);
        let error = refusal(&bytes);
        let layer = &name[..3];
        assert!(
            error.starts_with(&format!("bytes: {name}: the file has it, and `{layer}` of the model has no")),
            "{error}"
        );
        let folder = Folder::new(name);
        let path = folder.file("more.safetensors");
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(load::<Small>(&path).unwrap_err(), LoadError::Tensors { .. }));
        // With `load_with` the caller decides what is read, and what is not.
        assert!(load_with::<Small>(&path, str::to_owned).is_ok());
    }
    // Other tensors are not parameters of the layer.
    let mut all = small();
    all.push(("dec.num_batches_tracked", "I64", vec![], 7_i64.to_le_bytes().to_vec()));
    all.push(("dec.mask", "F32", vec![1], f32s(&[1.0])));
    all.push(("other.bias", "F32", vec![1], f32s(&[1.0])));
    assert!(load_bytes::<Small>(&tensors(&all)).is_ok());
    // Together with missing tensors.
    let error = refusal(&tensors(&[small().remove(0), ("dec.bias", "F32", vec![2], f32s(&[1.0, 2.0]))]));
    assert!(error.contains("enc.bias: missing") && error.contains("dec.bias: the file has it"), "{error}");
}

#[test]
fn paths_are_named() {
    let folder = Folder::new("paths");
    let missing = folder.file("missing.safetensors");
    for path in [missing.as_path(), &folder.0] {
        let error = load::<Small>(path).unwrap_err();
        assert!(matches!(error, LoadError::Read { .. }), "{error}");
        assert!(error.to_string().starts_with(&format!("{}: cannot be read: ", path.display())), "{error}");
    }
}

#[test]
fn a_failed_save_leaves_everything_as_it_was() {
    let folder = Folder::new("failed-save");
    let small = model::<Small>();
    assert!(save(&small, folder.file("no/such/folder.safetensors")).is_err());
    assert!(save(&small, &folder.0).is_err(), "a folder has that name");
    assert!(save(&small, Path::new("")).is_err());
    assert!(folder.names().is_empty());

    let path = folder.file("small.safetensors");
    save(&small, &path).unwrap();
    let before = fs::read(&path).unwrap();
    let mut broken = small;
    broken.enc.bias = Param::new(AxisSizes::of(&Shape::of(&[1])), vec![0.0]);
    let error = save(&broken, &path).unwrap_err().to_string();
    assert_eq!(error, "`Small`: the parameter `enc.bias` has shape [1], expected [3]");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(folder.names(), ["small.safetensors"]);
}

#[test]
fn saves_at_once_do_not_clash() {
    let folder = Folder::new("at-once");
    let path = folder.file("small.safetensors");
    let small = model::<Small>();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    save(&small, &path).unwrap();
                    assert_eq!(load::<Small>(&path).unwrap(), small);
                }
            });
        }
    });
    assert_eq!(folder.names(), ["small.safetensors"]);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new("permissions");
    let (path, link) = (folder.file("small.safetensors"), folder.file("link"));
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&path, &link).unwrap();
    save(&model::<Small>(), &link).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(load::<Small>(&path).unwrap(), model::<Small>());
}
