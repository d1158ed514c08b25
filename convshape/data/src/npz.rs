//! The entries of an npz file: a zip archive of npy files (PKWARE's APPNOTE 6.3.10, sections 4.3 to 4.5).
//! The directory at its end is read, and of each entry the npy header.

use std::io::{Read, Seek, SeekFrom};

use crate::inflate::Inflate;
use crate::{Array, Damage, Place, npy};

/// The record that ends an archive, without its comment, in bytes.
const END_BYTES: u64 = 22;
/// The longest comment after it, in bytes.
const MOST_COMMENT: u64 = 65_535;
/// The longest directory that is read, in bytes: some hundred thousand entries.
const MOST_DIRECTORY: u64 = 1 << 25;

const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";

pub(crate) fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Vec<Array>, Damage> {
    let directory = directory(file, length)?;
    let mut rest = directory.as_slice();
    let mut arrays = Vec::new();
    let (mut foreign, mut torch) = (false, false);
    while !rest.is_empty() {
        let entry = Entry::read(&mut rest).ok_or_else(|| malformed("its directory is damaged"))?;
        let Some(name) = entry.name.strip_suffix(".npy") else {
            foreign = true;
            torch |= entry.name.ends_with("/data.pkl");
            continue;
        };
        let name = name.to_owned();
        if arrays.iter().any(|array: &Array| array.name == name) {
            return Err(malformed(format!("the entry `{}` is given twice", crate::brief(&name))));
        }
        match entry.array(file, length) {
            Ok(array) => arrays.push(Array { name, ..array }),
            Err(damage) => return Err(Damage::Entry { name: entry.name, damage: Box::new(damage) }),
        }
    }
    if !arrays.is_empty() || !foreign {
        return Ok(arrays);
    }
    Err(Damage::Other(if torch {
        "a file of `torch.save`; write its arrays with `numpy.savez`"
    } else {
        "a zip archive without npy files"
    }))
}

fn malformed(why: impl Into<String>) -> Damage {
    Damage::Malformed(why.into())
}

/// The bytes of the directory.
fn directory(file: &mut (impl Read + Seek), length: u64) -> Result<Vec<u8>, Damage> {
    let tail_start = length.saturating_sub(END_BYTES + MOST_COMMENT);
    let tail = bytes(file, tail_start, length - tail_start)?;
    let end = (0..tail.len().saturating_sub(21)).rev().find(|at| tail[*at..].starts_with(&END));
    let end = end.ok_or_else(|| malformed("the directory at its end is missing: it is truncated"))?;
    let record = &tail[end..];
    let (mut size, mut start) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
    if size == u64::from(u32::MAX) || start == u64::from(u32::MAX) {
        let locator = end.checked_sub(20).map(|at| &tail[at..end]).filter(|locator| locator.starts_with(&LOCATOR_64));
        let locator = locator.ok_or_else(|| malformed("its zip64 record is missing"))?;
        let record = bytes(file, u64_at(locator, 8), 56)?;
        if record.len() < 56 || !record.starts_with(&END_64) {
            return Err(malformed("its zip64 record is damaged"));
        }
        (size, start) = (u64_at(&record, 40), u64_at(&record, 48));
    }
    if size > MOST_DIRECTORY || start.checked_add(size).is_none_or(|end| end > length) {
        return Err(Damage::Length { header: size, file: length });
    }
    bytes(file, start, size)
}

/// An entry of the directory.
struct Entry {
    name: String,
    flags: u16,
    method: u16,
    packed: u64,
    size: u64,
    start: u64,
}

impl Entry {
    /// Takes an entry from the front of the directory.
    fn read(rest: &mut &[u8]) -> Option<Entry> {
        let (fixed, behind) = rest.split_at_checked(46)?;
        if !fixed.starts_with(&ENTRY) {
            return None;
        }
        let (name, behind) = behind.split_at_checked(usize::from(u16_at(fixed, 28)))?;
        let (mut extra, behind) = behind.split_at_checked(usize::from(u16_at(fixed, 30)))?;
        let (_, behind) = behind.split_at_checked(usize::from(u16_at(fixed, 32)))?;
        let small = |at| u64::from(u32_at(fixed, at));
        let mut entry = Entry {
            name: String::from_utf8_lossy(name).into_owned(),
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            packed: small(20),
            size: small(24),
            start: small(42),
        };
        // The extra field of zip64 contains those of the three numbers that do not fit, in this order.
        while extra.len() >= 4 {
            let (id, size) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
            let (mut field, behind) = extra[4..].split_at_checked(size)?;
            extra = behind;
            if id != 1 {
                continue;
            }
            for number in [&mut entry.size, &mut entry.packed, &mut entry.start] {
                if *number == u64::from(u32::MAX) {
                    let (wide, behind) = field.split_at_checked(8)?;
                    (*number, field) = (u64_at(wide, 0), behind);
                }
            }
        }
        *rest = behind;
        Some(entry)
    }

    /// The array of the entry.
    fn array(&self, file: &mut (impl Read + Seek), length: u64) -> Result<Array, Damage> {
        const ENCRYPTED: u16 = 1;
        if self.flags & ENCRYPTED != 0 {
            return Err(malformed("it is encrypted"));
        }
        let local = bytes(file, self.start, 30)?;
        if local.len() < 30 || !local.starts_with(&LOCAL) {
            return Err(malformed("no entry is where the directory says"));
        }
        let start = self.start + 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
        if start.checked_add(self.packed).is_none_or(|end| end > length) {
            return Err(malformed("it is truncated"));
        }
        file.seek(SeekFrom::Start(start))?;
        let mut packed = file.take(self.packed);
        match self.method {
            0 if self.packed == self.size => {
                let array = npy::read(&mut packed, self.size)?;
                Ok(Array { place: moved(array.place, |header| Place::Plain(start + header)), ..array })
            }
            8 => {
                let array = npy::read(&mut Inflate::new(packed), self.size)?;
                let place = |skip| Place::Deflated { start, length: self.packed, skip };
                Ok(Array { place: moved(array.place, place), ..array })
            }
            0 => Err(malformed("its two sizes differ")),
            other => Err(malformed(format!("it is compressed by method {other}; numpy writes 0 and 8"))),
        }
    }
}

/// The position of an entry's elements, given that within the entry.
fn moved(place: Place, to: impl FnOnce(u64) -> Place) -> Place {
    match place {
        Place::Plain(header) => to(header),
        deflated @ Place::Deflated { .. } => deflated,
    }
}

/// Bytes of the file, fewer at its end.
fn bytes(file: &mut (impl Read + Seek), start: u64, count: u64) -> Result<Vec<u8>, Damage> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
