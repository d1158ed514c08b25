//! Small npy and npz files.

/// An npy file of one-byte elements, computed from their indices.
pub fn of(descr: &str, shape: &[usize], element: impl Fn(usize) -> u8) -> Vec<u8> {
    let count = shape.iter().product();
    file(descr, shape, (0..count).map(element))
}

/// An npy file of single-precision numbers, computed from their indices.
pub fn floats(shape: &[usize], element: impl Fn(usize) -> f32) -> Vec<u8> {
    let count = shape.iter().product();
    file("<f4", shape, (0..count).flat_map(|place| element(place).to_le_bytes()))
}

fn file(descr: &str, shape: &[usize], elements: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bytes = header(descr, shape);
    bytes.extend(elements);
    bytes
}

/// The header of an npy file.
#[must_use]
pub fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("a short header").to_le_bytes());
    bytes.extend(header.bytes());
    bytes
}

/// An npz file of npy files, stored.
#[must_use]
pub fn npz(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let four = |number: usize| u32::try_from(number).expect("a small file").to_le_bytes();
    let two = |number: usize| u16::try_from(number).expect("a small file").to_le_bytes();
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let name = format!("{name}.npy");
        // Version, flags, method, time, date and checksum, then both sizes and the length of the name.
        let common = [&[20, 0, 0, 0, 0, 0][..], &[0; 8], &four(content.len()), &four(content.len()), &two(name.len())];
        let common = common.concat();
        directory.extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 12], &four(bytes.len()), name.as_bytes()].concat());
        bytes.extend([b"PK\x03\x04", &common[..], &[0; 2], name.as_bytes(), content].concat());
    }
    let start = bytes.len();
    let count = two(entries.len());
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &four(directory.len()), &four(start), &[0; 2]];
    bytes.extend(directory.iter().copied().chain(end.concat()));
    bytes
}
