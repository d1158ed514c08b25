//! The header of an IDX file: two zeros, the type, the number of axes, a big-endian size for each axis.
//! As on the page of the MNIST data set.

use std::io::Read;

use crate::dtype::{Dtype, Kind};
use crate::{Array, Damage, Place, fits};

pub(crate) fn read(file: &mut impl Read, length: u64) -> Result<Array, Damage> {
    let mut start = [0; 4];
    file.read_exact(&mut start)?;
    let [_, _, kind, rank] = start;
    let dtype = match kind {
        0x08 => Dtype::new(Kind::Unsigned, 1, true, "uint8"),
        0x09 => Dtype::new(Kind::Signed, 1, true, "int8"),
        0x0b => Dtype::new(Kind::Signed, 2, true, "int16"),
        0x0c => Dtype::new(Kind::Signed, 4, true, "int32"),
        0x0d => Dtype::new(Kind::Float, 4, true, "float32"),
        0x0e => Dtype::new(Kind::Float, 8, true, "float64"),
        other => return Err(Damage::Malformed(format!("elements of the unknown type {other:#04x}"))),
    };
    if usize::from(rank) > crate::MOST_AXES {
        return Err(Damage::Axes(usize::from(rank)));
    }
    let mut shape = Vec::new();
    for _ in 0..rank {
        let mut size = [0; 4];
        file.read_exact(&mut size)?;
        shape.push(usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX));
    }
    let header = 4 + 4 * u64::from(rank);
    let array = Array { name: String::new(), dtype, shape, fortran: false, place: Place::Plain(header) };
    fits(&array, length.saturating_sub(header))?;
    Ok(array)
}
