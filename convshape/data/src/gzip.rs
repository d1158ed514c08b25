//! A file compressed with gzip (RFC 1952), as IDX files are published: one array, whose elements are deflated.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::inflate::Inflate;
use crate::{Array, Damage, Place, single};

/// Bytes after the deflated stream: a checksum and the length of the content.
const END_BYTES: u64 = 8;

/// The array of a file of `length` bytes.
pub(crate) fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Array, Damage> {
    let start = start(&mut BufReader::new(&mut *file).take(length))?;
    let packed = length.checked_sub(start + END_BYTES).ok_or_else(truncated)?;
    file.seek(SeekFrom::Start(start + packed + 4))?;
    let mut size = [0; 4];
    file.read_exact(&mut size)?;
    file.seek(SeekFrom::Start(start))?;
    let content = u64::from(u32::from_le_bytes(size));
    let array = single(&mut Inflate::new(file.take(packed)), content).map_err(|damage| match damage {
        // The end of a truncated file is not a length.
        Damage::Elements { expected, found, .. } => Damage::Content { expected, found },
        damage => damage,
    })?;
    let array =
        array.ok_or(Damage::Other("compressed with gzip, and contains neither npy nor IDX; unpack it first"))?;
    let Place::Plain(skip) = array.place else { return Ok(array) };
    Ok(Array { place: Place::Deflated { start, length: packed, skip }, ..array })
}

/// Where the deflated stream starts, after the header's optional fields.
fn start(file: &mut impl BufRead) -> Result<u64, Damage> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let mut fixed = [0; 10];
    file.read_exact(&mut fixed)?;
    let (method, flags) = (fixed[2], fixed[3]);
    if method != 8 {
        return Err(Damage::Malformed(format!("it is compressed by method {method}; gzip writes 8")));
    }
    let mut start = 10;
    if flags & EXTRA != 0 {
        let mut size = [0; 2];
        file.read_exact(&mut size)?;
        let size = u64::from(u16::from_le_bytes(size));
        start += 2 + skip(file, size)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            start += file.skip_until(0)? as u64;
        }
    }
    Ok(if flags & CHECKSUM != 0 { start + 2 } else { start })
}

fn skip(file: &mut impl Read, bytes: u64) -> Result<u64, Damage> {
    Ok(std::io::copy(&mut file.take(bytes), &mut std::io::sink())?)
}

fn truncated() -> Damage {
    Damage::Read(std::io::ErrorKind::UnexpectedEof.into())
}
