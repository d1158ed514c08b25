//! Opens a safetensors file. The header is not believed: it may lie about every number.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use safetensors::{SafeTensorError, SafeTensors};

/// Bytes in front of the header, which hold its length.
const LENGTH_BYTES: usize = 8;
/// More digits than the size of any file has. Sums of such numbers overflow.
const MAX_DIGITS: usize = 18;

/// The tensors of a file.
///
/// # Errors
/// What is wrong with the file, in words.
pub(crate) fn open(bytes: &[u8]) -> Result<SafeTensors<'_>, String> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Err("this is a zip archive, as `torch.save` and numpy write, not a safetensors file; \
                    write it with `safetensors.torch.save_file`"
            .into());
    }
    let (length, rest) = bytes
        .split_first_chunk::<LENGTH_BYTES>()
        .ok_or_else(|| format!("found {} bytes, expected at least {LENGTH_BYTES}: no safetensors file", bytes.len()))?;
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length).ok().and_then(|length| rest.get(..length)).ok_or_else(|| {
        format!(
            "the header should have {length} bytes, but only {} follow: truncated, or no safetensors file",
            rest.len()
        )
    })?;
    let names = scan(header)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(words)?;
    // Names that only differ in how they are escaped are one name to the parser.
    let metadata = names.contains(&&b"__metadata__"[..]);
    if tensors.len() + usize::from(metadata) < names.len() {
        return Err("the header names a tensor twice".into());
    }
    Ok(tensors)
}

/// Reads over a JSON header once, for what the parser lets pass: returns the names in the outermost
/// object.
fn scan(header: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut digits = 0;
    let mut at = 0;
    while let Some(&byte) = header.get(at) {
        at += 1;
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if digits > MAX_DIGITS {
            return Err("a number in the header is larger than any file".into());
        }
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let start = at;
                while let Some(&byte) = header.get(at).filter(|byte| **byte != b'"') {
                    at += if byte == b'\\' { 2 } else { 1 };
                }
                // The outermost object has names and objects: its strings are its names.
                if depth == 1 {
                    names.push(header.get(start..at).unwrap_or_default());
                }
                at += 1;
            }
            _ => {}
        }
    }
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("the header names `{}` twice", String::from_utf8_lossy(pair[0]))),
        None => Ok(names),
    }
}

fn words(error: SafeTensorError) -> String {
    match error {
        SafeTensorError::MetadataIncompleteBuffer => {
            "the file is not as long as its header says: truncated, or something was appended".into()
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("`{name}`: the offsets in the header leave a gap, overlap or run backwards")
        }
        SafeTensorError::TensorInvalidInfo => {
            "the header gives a tensor more or fewer bytes than its type and shape take".into()
        }
        other => other.to_string(),
    }
}
