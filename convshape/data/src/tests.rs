//! Valid files, and hostile ones in every format.
#![expect(clippy::cast_possible_truncation, reason = "files of a few bytes")]

use std::io::Cursor;

use super::*;

fn open_bytes(bytes: &[u8]) -> Result<Vec<Array>, Damage> {
    headers(&mut Cursor::new(bytes), bytes.len() as u64, "stem")
}

fn npy_of(dictionary: &str, data: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(dictionary.len()).unwrap().to_le_bytes());
    bytes.extend(dictionary.as_bytes());
    bytes.extend((0..data).map(|place| place as u8));
    bytes
}

fn npy(descr: &str, shape: &str, data: usize) -> Vec<u8> {
    npy_of(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"), data)
}

fn idx(kind: u8, sizes: &[u32], data: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// A zip archive of entries: a name, the content, whether it is compressed.
fn zip(entries: &[(&str, Vec<u8>, bool)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content, deflated) in entries {
        let packed = if *deflated { miniz_oxide::deflate::compress_to_vec(content, 6) } else { content.clone() };
        let start = bytes.len() as u32;
        let method = if *deflated { 8_u16 } else { 0 };
        let mut common = vec![20, 0, 0, 0];
        common.extend(method.to_le_bytes());
        common.extend([0; 8]);
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        // Numpy writes an extra field of zip64 here.
        let extra = [1, 0, 2, 0, 9, 9];
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(extra);
        bytes.extend(packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 2]);
        directory.extend([0; 2]);
        directory.extend([0; 8]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([(entries.len() as u16).to_le_bytes(); 2].concat());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

/// A gzip file with every optional field.
fn gzip(content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 3];
    bytes.extend(b"\x03\0abcname\0comment\0\x07\x07");
    bytes.extend(miniz_oxide::deflate::compress_to_vec(content, 6));
    bytes.extend([0; 4]);
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes
}

fn refused(bytes: &[u8]) -> String {
    open_bytes(bytes).expect_err("a damaged file").to_string()
}

#[test]
fn headers_of_every_format_are_read() {
    let [array] = open_bytes(&npy("<f4", "(2, 3)", 24)).unwrap().try_into().unwrap();
    assert_eq!(
        (array.name.as_str(), array.shape.as_slice(), array.dtype.to_string()),
        ("stem", &[2, 3][..], "float32".to_owned())
    );
    let [array] = open_bytes(&idx(8, &[4, 28, 28], 4 * 28 * 28)).unwrap().try_into().unwrap();
    assert_eq!((array.shape.as_slice(), array.dtype.to_string()), (&[4, 28, 28][..], "uint8".to_owned()));
    for deflated in [false, true] {
        let bytes = zip(&[("x.npy", npy(">i8", "(3,)", 24), deflated), ("y.npy", npy("|b1", "()", 1), deflated)]);
        let arrays = open_bytes(&bytes).unwrap();
        let read: Vec<_> = arrays.iter().map(|a| (a.name.as_str(), a.shape.clone(), a.dtype.to_string())).collect();
        assert_eq!(read, [("x", vec![3], "int64".to_owned()), ("y", vec![], "bool".to_owned())]);
    }
    let python_2 = npy_of(r#"{"shape": (2L,), "fortran_order": True, "descr": "|u1"}"#, 2);
    assert!(open_bytes(&python_2).unwrap()[0].fortran);
    let structured = npy_of("{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,)}", 16);
    assert_eq!(open_bytes(&structured).unwrap()[0].dtype.kind(), Kind::Other);
}

#[test]
fn elements_are_numbers() {
    let folder = std::env::temp_dir().join(format!("convshape-data-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in [
        ("plain.npy", npy("<u2", "(4,)", 8)),
        ("plain.npz", zip(&[("a.npy", npy("<u2", "(4,)", 8), false)])),
        ("packed.npz", zip(&[("a.npy", npy("<u2", "(4,)", 8), true)])),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let [array] = arrays(&path).unwrap().try_into().unwrap();
        let read = |first| -> Vec<f64> { Elements::from(&path, &array, first).unwrap().map(Result::unwrap).collect() };
        assert_eq!(read(0), [256.0, 770.0, 1284.0, 1798.0], "{name}");
        assert_eq!(read(3), [1798.0], "{name}");
    }
    fs::remove_dir_all(&folder).unwrap();
    let number = |dtype: &str, bytes: &[u8]| Dtype::of_numpy(dtype).number(bytes);
    assert_eq!(number("<f2", &[0x00, 0x3c]), 1.0);
    assert_eq!(number(">f2", &[0xc0, 0x00]), -2.0);
    assert_eq!(number("<f2", &[0x01, 0x00]), 2_f64.powi(-24));
    assert_eq!(number("<i2", &[0xff, 0xff]), -1.0);
    assert_eq!(number("<u2", &[0xff, 0xff]), 65535.0);
    assert_eq!(Dtype::of_safetensors("BF16").number(&[0x80, 0x3f]), 1.0);
}

#[test]
fn samples_are_read_in_any_order() {
    let folder = std::env::temp_dir().join(format!("convshape-samples-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    // Bytes 0 to 11: 3 samples of 2 * 2.
    let fortran = npy_of("{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2, 2)}", 12);
    for (name, bytes, expected) in [
        ("c.npy", npy("|u1", "(3, 2, 2)", 12), [8.0, 9.0, 10.0, 11.0]),
        ("c.npz", zip(&[("a.npy", npy("|u1", "(3, 2, 2)", 12), true)]), [8.0, 9.0, 10.0, 11.0]),
        ("f.npy", fortran, [2.0, 8.0, 5.0, 11.0]),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        let [array] = arrays(&path).unwrap().try_into().unwrap();
        let samples = Samples::open(&path, &array).unwrap();
        let mut read = Vec::new();
        for sample in [2, 0, 2] {
            samples.read(sample, &mut read).unwrap();
        }
        assert_eq!((&read[..4], &read[8..]), (&expected[..], &expected[..]), "{name}");
        assert!(samples.read(3, &mut read).is_err());
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn truncated_files_are_refused() {
    let files = [
        npy("<f4", "(2, 3)", 24),
        idx(8, &[2, 2], 4),
        gzip(&idx(8, &[600], 600)),
        zip(&[("x.npy", npy("<f4", "(2, 3)", 24), false), ("y.npy", npy("<f4", "(40,)", 160), true)]),
    ];
    for whole in files {
        for length in 0..whole.len() {
            assert!(open_bytes(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}

#[test]
fn lies_are_refused_without_memory() {
    let huge = u64::MAX;
    for (bytes, expected) in [
        (npy("<f4", &format!("({huge}, {huge})"), 8), "more elements than a machine can address"),
        (npy("<f4", "(99999999999999999999999999,)", 8), "more elements than a machine can address"),
        (npy("<f4", &format!("(0, {huge}, {huge})"), 0), "more elements than a machine can address"),
        (npy("<f4", "(4000000000,)", 8), "it is truncated: 4000000000 takes 16000000000 bytes, 8 follow"),
        (npy("<f4", "(1,)", 8), "1 takes 4 bytes, 8 follow the header"),
        (npy("<f4", "(-1,)", 8), "`shape` is not a tuple"),
        (npy("<f4", "(1.5,)", 8), "`shape` is not a tuple"),
        (npy_of("{'descr': '<f4', 'shape': (1,)}", 4), "`fortran_order` is missing"),
        (npy_of("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4), "given twice"),
        (npy_of("import os", 4), "no dictionary"),
        ([b"\x93NUMPY\x02\x00".as_slice(), &[0xff; 4], &[b' '; 32]].concat(), "its header would have 4294967295 bytes"),
        ([b"\x93NUMPY\x09\x00".as_slice(), &[0xff; 4]].concat(), "version 9 of the format is not known"),
        (npy("<f4", &format!("({})", "1, ".repeat(70)), 4), "an array of 65 axes"),
        (idx(8, &[u32::MAX; 3], 4), "more elements than a machine can address"),
        (idx(0x0d, &[u32::MAX], 4), "it is truncated"),
        (idx(10, &[1], 1), "unknown type 0x0a"),
        (b"hello, this is text".to_vec(), "neither npy, npz, safetensors nor IDX"),
        (b"\x1f\x8b\x08\0 and so on".to_vec(), "it is truncated"),
        (b"\x89HDF\r\n\x1a\n".to_vec(), "an HDF5 file"),
        (
            zip(&[("archive/data.pkl", vec![1, 2], false), ("archive/version", vec![51], false)]),
            "a file of `torch.save`",
        ),
        (zip(&[("x.npy", b"\x93NUMPY".to_vec(), true)]), "`x.npy`: it is truncated"),
    ] {
        let found = refused(&bytes);
        assert!(found.contains(expected), "{found:?} does not say {expected:?}");
    }
}

#[test]
fn any_changed_byte_gives_a_header_or_an_error() {
    let whole = zip(&[("x.npy", npy("<f4", "(2, 3)", 24), false), ("y.npy", npy("<f4", "(40,)", 160), true)]);
    for place in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[place] = byte;
            // Whatever it claims: an answer, in bounded time and memory.
            let _ = open_bytes(&changed);
        }
    }
}

#[test]
fn one_array_in_gzip_is_read() {
    let path = std::env::temp_dir().join(format!("convshape-data-{}.npy.gz", std::process::id()));
    fs::write(&path, gzip(&npy("<u2", "(2, 3)", 12))).unwrap();
    let [array] = arrays(&path).unwrap().try_into().unwrap();
    let samples = Samples::open(&path, &array).unwrap();
    let mut last = Vec::new();
    samples.read(1, &mut last).unwrap();
    let name = path.with_extension("");
    fs::remove_file(&path).unwrap();
    assert_eq!(Some(array.name.as_str()), name.file_stem().and_then(|name| name.to_str()));
    assert_eq!(last, [0x0706, 0x0908, 0x0b0a].map(|number: u16| f32::from(number)));
    let [labels] = open_bytes(&gzip(&idx(8, &[6], 6))).unwrap().try_into().unwrap();
    assert_eq!((labels.name.as_str(), labels.shape), ("stem", vec![6]));
}

#[test]
fn damaged_gzip_is_refused() {
    let whole = gzip(&idx(8, &[600], 600));
    let mut method = whole.clone();
    method[2] = 7;
    assert_eq!(refused(&method), "its header is malformed: it is compressed by method 7; gzip writes 8");
    let mut stream = whole.clone();
    stream[34] = 0xff;
    assert_eq!(refused(&stream), "its compressed bytes are damaged");
    assert_eq!(
        refused(&gzip(&idx(8, &[7], 6))),
        "it is truncated or damaged: its elements take 7 bytes, its end says 6"
    );
    assert_eq!(
        refused(&gzip(b"no array")),
        "it is compressed with gzip, and contains neither npy nor IDX; unpack it first"
    );
}
