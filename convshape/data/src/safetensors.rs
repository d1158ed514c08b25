//! The header of a safetensors file: 8 bytes with its length, then JSON that assigns the bytes after it to tensors. It
//! is not trusted: any of its numbers may be wrong.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::{self, Read};

// The safetensors crate needs the whole file in memory to read the header. This uses the same JSON parser, without
// serde's derive, which would take longer to build than this crate.
use serde_core::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::MOST_AXES;
use crate::brief;

/// The bytes before the header, which hold its length.
const LENGTH_BYTES: u64 = 8;
/// The limit of the safetensors crate.
const MOST_BYTES: u64 = 100_000_000;

/// The tensors of a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Header {
    /// By name.
    pub tensors: BTreeMap<String, Tensor>,
    /// Where the header ends and the tensors begin.
    pub end: u64,
}

/// One tensor of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    /// `F32`
    pub dtype: String,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its first byte and the byte after its last, counted from the end of the header.
    pub bytes: (u64, u64),
}

/// What is wrong with a header.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeaderDamage {
    /// It cannot be read.
    Read(io::Error),
    /// A zip archive, as `torch.save` writes.
    Zip,
    /// A pointer of Git LFS in place of the file, which was not fetched.
    Pointer,
    /// Too short to contain the header's length.
    Short {
        /// The bytes of the file.
        found: u64,
    },
    /// The header would be longer than the file, or than the limit.
    Length {
        /// The bytes that it claims.
        header: u64,
        /// The bytes of the file.
        file: u64,
    },
    /// It is not JSON, or does not have the right form.
    Json(serde_json::Error),
    /// The tensors leave a gap, overlap or have negative lengths.
    Offsets {
        /// The tensor.
        name: String,
    },
    /// The bytes of a tensor do not match its type and shape.
    Size {
        /// The tensor.
        name: String,
    },
    /// The tensors end before or after the end of the file.
    End {
        /// The bytes of all tensors.
        tensors: u64,
        /// The bytes after the header.
        file: u64,
    },
}

impl fmt::Display for HeaderDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderDamage::Read(error) => write!(f, "{error}"),
            HeaderDamage::Pointer => f.write_str("this is a pointer of Git LFS to a file that was not fetched"),
            HeaderDamage::Zip => f.write_str("this is a zip archive, as `torch.save` and numpy write"),
            HeaderDamage::Short { found } => write!(f, "{found} bytes, fewer than the 8 that it begins with"),
            HeaderDamage::Length { header, file } => {
                write!(f, "its header should have {header} bytes, the whole file has {file}")
            }
            HeaderDamage::Json(error) => write!(f, "the header is malformed: {}", brief(&error.to_string())),
            HeaderDamage::Offsets { name } => {
                write!(f, "the bytes of `{}` leave a gap, overlap others or run backwards", brief(name))
            }
            HeaderDamage::Size { name } => {
                write!(f, "`{}` has more or fewer bytes than its type and shape take", brief(name))
            }
            HeaderDamage::End { tensors, file } if tensors > file => {
                write!(f, "it is truncated: {file} of {tensors} bytes follow the header")
            }
            HeaderDamage::End { tensors, file } => {
                write!(f, "{file} bytes follow the header, its tensors take {tensors}")
            }
        }
    }
}

/// Reads the header of a file with that many bytes, and nothing more.
///
/// # Errors
/// If it has another format, or the header does not match the file.
pub fn read(mut file: impl Read, length: u64) -> Result<Header, HeaderDamage> {
    let mut first = Vec::new();
    file.by_ref().take(LENGTH_BYTES).read_to_end(&mut first).map_err(HeaderDamage::Read)?;
    if first.starts_with(b"PK\x03\x04") {
        return Err(HeaderDamage::Zip);
    }
    if first == b"version " {
        return Err(HeaderDamage::Pointer);
    }
    let Some(number) = first.first_chunk() else { return Err(HeaderDamage::Short { found: length }) };
    let header = u64::from_le_bytes(*number);
    let rest = length.saturating_sub(LENGTH_BYTES);
    if header > rest.min(MOST_BYTES) {
        return Err(HeaderDamage::Length { header, file: length });
    }
    let mut json = Vec::new();
    file.take(header).read_to_end(&mut json).map_err(HeaderDamage::Read)?;
    let Tensors(tensors) = serde_json::from_slice(&json).map_err(HeaderDamage::Json)?;
    check(&tensors, rest - header)?;
    Ok(Header { tensors, end: LENGTH_BYTES + header })
}

/// Checks that the tensors fill the bytes after the header, one after the other.
fn check(tensors: &BTreeMap<String, Tensor>, length: u64) -> Result<(), HeaderDamage> {
    let mut order: Vec<(&String, &Tensor)> = tensors.iter().collect();
    order.sort_by_key(|(_, tensor)| tensor.bytes);
    let mut at = 0;
    for (name, tensor) in order {
        let (start, end) = tensor.bytes;
        if start != at || end < start {
            return Err(HeaderDamage::Offsets { name: name.clone() });
        }
        at = end;
        let Some(bits) = bits(&tensor.dtype) else { continue };
        match (tensor.bits(bits), (end - start).checked_mul(8)) {
            (Some(expected), Some(found)) if expected == found => {}
            _ => return Err(HeaderDamage::Size { name: name.clone() }),
        }
    }
    if at == length { Ok(()) } else { Err(HeaderDamage::End { tensors: at, file: length }) }
}

impl Tensor {
    /// The size of all elements at `bits` each.
    fn bits(&self, bits: u64) -> Option<u64> {
        self.shape.iter().try_fold(bits, |product, &size| product.checked_mul(u64::try_from(size).ok()?))
    }
}

/// The size of an element. Unknown types cannot be checked, and the chain cannot use them.
fn bits(dtype: &str) -> Option<u64> {
    match dtype {
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" => Some(8),
        "F16" | "BF16" | "I16" | "U16" => Some(16),
        "F32" | "I32" | "U32" => Some(32),
        "F64" | "I64" | "U64" | "C64" => Some(64),
        _ => None,
    }
}

/// The outermost object, with each name once, including `__metadata__`.
struct Tensors(BTreeMap<String, Tensor>);

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Tensors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensors, A::Error> {
                let mut tensors = BTreeMap::new();
                let mut metadata = false;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        if metadata {
                            return Err(twice(&name));
                        }
                        metadata = true;
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    match tensors.entry(name) {
                        Entry::Vacant(entry) => entry.insert(map.next_value()?),
                        Entry::Occupied(entry) => return Err(twice(entry.key())),
                    };
                }
                Ok(Tensors(tensors))
            }
        }
        json.deserialize_map(Names)
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Tensor;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tensor's `dtype`, `shape` and `data_offsets`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensor, A::Error> {
                let (mut dtype, mut shape, mut bytes) = (None, None, None);
                while let Some(field) = map.next_key::<String>()? {
                    let again = match field.as_str() {
                        "dtype" => dtype.replace(map.next_value()?).is_some(),
                        "shape" => shape.replace(map.next_value::<AxisSizes>()?).is_some(),
                        "data_offsets" => bytes.replace(map.next_value()?).is_some(),
                        _ => return Err(de::Error::unknown_field(&field, &["dtype", "shape", "data_offsets"])),
                    };
                    if again {
                        return Err(twice(&field));
                    }
                }
                match (dtype, shape, bytes) {
                    (Some(dtype), Some(AxisSizes(shape)), Some(bytes)) => Ok(Tensor { dtype, shape, bytes }),
                    (None, ..) => Err(de::Error::missing_field("dtype")),
                    (_, None, _) => Err(de::Error::missing_field("shape")),
                    (.., None) => Err(de::Error::missing_field("data_offsets")),
                }
            }
        }
        json.deserialize_map(Fields)
    }
}

fn twice<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("two tensors are called `{name}`"))
}

/// The sizes of a tensor's axes.
struct AxisSizes(Vec<usize>);

impl<'de> Deserialize<'de> for AxisSizes {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Axes;
        impl<'de> Visitor<'de> for Axes {
            type Value = AxisSizes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MOST_AXES} sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut axes: A) -> Result<AxisSizes, A::Error> {
                let mut sizes = Vec::new();
                while let Some(size) = axes.next_element()? {
                    if sizes.len() == MOST_AXES {
                        return Err(de::Error::invalid_length(sizes.len() + 1, &self));
                    }
                    sizes.push(size);
                }
                Ok(AxisSizes(sizes))
            }
        }
        json.deserialize_seq(Axes)
    }
}

#[cfg(test)]
mod tests;
