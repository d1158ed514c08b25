//! Valid and hostile headers, built by hand.

use std::time::{Duration, Instant};

use super::{Header, HeaderDamage, read};

/// A file with this header, followed by a number of bytes.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; data]);
    bytes
}

fn open(bytes: &[u8]) -> Result<Header, HeaderDamage> {
    read(bytes, bytes.len() as u64)
}

fn small() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},
        "b":{"dtype":"F16","shape":[2, 1],"data_offsets":[12,16]},
        "empty":{"dtype":"F32","shape":[0, 7],"data_offsets":[12,12]},
        "a":{"shape":[3],"dtype":"F32","data_offsets":[0,12]},
        "new":{"dtype":"F2","shape":[],"data_offsets":[16,19]}}   "#;
    file(header, 19)
}

/// One tensor of 12 bytes.
fn tensor(dtype: &str, shape: &str, offsets: &str) -> Vec<u8> {
    file(&format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#), 12)
}

#[test]
fn tensors_are_found() {
    let bytes = small();
    let header = open(&bytes).unwrap();
    assert_eq!(header.end, bytes.len() as u64 - 19);
    let names: Vec<&String> = header.tensors.keys().collect();
    assert_eq!(names, ["a", "b", "empty", "new"]);
    let a = &header.tensors["a"];
    assert_eq!((a.dtype.as_str(), a.shape.as_slice(), a.bytes), ("F32", [3].as_slice(), (0, 12)));
}

#[test]
fn only_the_header_is_read() {
    let bytes = small();
    let header = &bytes[..bytes.len() - 19];
    assert!(read(header, bytes.len() as u64).is_ok());
}

#[test]
fn truncated_files_are_refused() {
    let whole = small();
    for length in 0..whole.len() {
        assert!(open(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
    }
    let mut longer = whole;
    longer.push(0);
    assert!(matches!(open(&longer), Err(HeaderDamage::End { tensors: 19, file: 20 })));
}

#[test]
fn changed_bytes_do_not_panic() {
    let whole = small();
    for place in 0..whole.len() - 19 {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            let _ = open(&bytes);
        }
    }
}

#[test]
fn lying_numbers_are_refused() {
    assert!(open(&tensor("F32", "[3]", "[0,12]")).is_ok());
    assert!(matches!(open(&tensor("F32", "[3]", "[0,13]")), Err(HeaderDamage::Size { .. })));
    assert!(matches!(open(&tensor("F32", "[4]", "[0,12]")), Err(HeaderDamage::Size { .. })));
    assert!(matches!(open(&tensor("F32", "[3]", "[4,16]")), Err(HeaderDamage::Offsets { .. })));
    assert!(matches!(open(&tensor("F32", "[3]", "[12,0]")), Err(HeaderDamage::Offsets { .. })));
    assert!(matches!(open(&tensor("F32", "[6]", "[0,24]")), Err(HeaderDamage::End { tensors: 24, file: 12 })));
    let largest = u64::MAX;
    for (shape, offsets) in [
        ("[18446744073709551615]".to_owned(), format!("[0,{largest}]")),
        ("[4294967296, 4294967296]".to_owned(), "[0,12]".to_owned()),
        ("[4611686018427387904, 4]".to_owned(), "[0,0]".to_owned()),
    ] {
        assert!(matches!(open(&tensor("F32", &shape, &offsets)), Err(HeaderDamage::Size { .. })), "{shape}");
    }
    for (shape, offsets) in [
        ("[-3]", "[0,12]"),
        ("[3.0]", "[0,12]"),
        ("[3e0]", "[0,12]"),
        ("[3]", "[0,12,13]"),
        ("[3]", "[0]"),
        ("[3]", "[0,18446744073709551616]"),
        ("3", "[0,12]"),
        ("[[3]]", "[0,12]"),
    ] {
        let found = open(&tensor("F32", shape, offsets));
        assert!(matches!(found, Err(HeaderDamage::Json(_))), "{shape} {offsets}: {found:?}");
    }
    let axes = format!("[{}3]", "1,".repeat(64));
    assert!(matches!(open(&tensor("F32", &axes, "[0,12]")), Err(HeaderDamage::Json(_))));
}

#[test]
fn overlapping_tensors_are_refused() {
    let pair = |first: &str, second: &str| {
        let entry = |offsets| format!(r#"{{"dtype":"U8","shape":[8],"data_offsets":{offsets}}}"#);
        open(&file(&format!(r#"{{"a":{},"b":{}}}"#, entry(first), entry(second)), 16))
    };
    assert!(pair("[0,8]", "[8,16]").is_ok());
    assert!(pair("[8,16]", "[0,8]").is_ok());
    for (first, second) in [("[0,8]", "[4,12]"), ("[0,8]", "[0,8]"), ("[0,8]", "[9,17]")] {
        assert!(matches!(pair(first, second), Err(HeaderDamage::Offsets { .. })), "{first} {second}");
    }
}

#[test]
fn malformed_headers_are_refused() {
    let entry = r#"{"dtype":"F32","shape":[3],"data_offsets":[0,12]}"#;
    let headers = [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        "\u{fffd}".to_owned(),
        r#"{"a"#.to_owned(),
        r#"{"a\"#.to_owned(),
        format!(r#"{{"a":{entry}}} {{}}"#),
        format!(r#"{{"a":{entry},}}"#),
        format!(r#"{{"a":{entry},"a":{entry}}}"#),
        format!(r#"{{"a":{entry},"\u0061":{entry}}}"#),
        format!(r#"{{"__metadata__":{{}},"__metadata__":{{}},"a":{entry}}}"#),
        r#"{"a":{"dtype":"F32","dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#.to_owned(),
        r#"{"a":{"dtype":"F32","shape":[3]}}"#.to_owned(),
        r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12],"more":1}}"#.to_owned(),
        r#"{"a":{"dtype":7,"shape":[3],"data_offsets":[0,12]}}"#.to_owned(),
    ];
    for header in headers {
        let found = open(&file(&header, 12));
        assert!(matches!(found, Err(HeaderDamage::Json(_))), "{header}: {found:?}");
    }
    let mut bytes = tensor("F32", "[3]", "[0,12]");
    bytes[10] = 0xff;
    assert!(matches!(open(&bytes), Err(HeaderDamage::Json(_))), "a name that is not UTF-8");
}

#[test]
fn other_files_are_refused() {
    assert!(matches!(open(b"PK\x03\x04 and so on"), Err(HeaderDamage::Zip)));
    assert!(matches!(open(b"version https://git-lfs.github.com/spec/v1\n"), Err(HeaderDamage::Pointer)));
    assert!(matches!(open(b""), Err(HeaderDamage::Short { found: 0 })));
    assert!(matches!(open(&u64::MAX.to_le_bytes()), Err(HeaderDamage::Length { header: u64::MAX, file: 8 })));
    // As long as it claims, but longer than the limit.
    let long = read(100_000_001_u64.to_le_bytes().as_slice(), u64::MAX);
    assert!(matches!(long, Err(HeaderDamage::Length { header: 100_000_001, .. })));
}

#[test]
fn large_headers_are_read_in_time() {
    let start = Instant::now();
    let nested = format!(r#"{{"__metadata__":{}"#, "[".repeat(1_000_000));
    assert!(open(&file(&nested, 0)).is_err());
    let nested = format!(r#"{{"a":{{"shape":{}"#, "[".repeat(1_000_000));
    assert!(open(&file(&nested, 0)).is_err());
    let entry = |index: usize| format!(r#""{index}":{{"dtype":"U8","shape":[1],"data_offsets":[0,0]}}"#);
    let many = (0..100_000).map(entry).collect::<Vec<_>>().join(",");
    assert!(matches!(open(&file(&format!("{{{many}}}"), 0)), Err(HeaderDamage::Size { .. })));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
