//! Reads the header of a safetensors file. The header is not trusted: any of its numbers may be wrong.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use safetensors::tensor::Metadata;
use safetensors::{SafeTensorError, SafeTensors};

/// The bytes before the header, which hold its length.
pub(super) const LENGTH_BYTES: usize = 8;
/// The longest header that the parser accepts.
pub(super) const MAX_BYTES: u64 = 100_000_000;
/// More digits than any file size has: sums of such numbers would overflow.
const MAX_DIGITS: usize = 18;

/// The tensors of a file.
///
/// # Errors
/// What is wrong with the file, as text.
#[cfg(feature = "train")]
pub(crate) fn open(bytes: &[u8]) -> Result<SafeTensors<'_>, String> {
    parse(bytes, bytes.len() as u64)?;
    SafeTensors::deserialize(bytes).map_err(words)
}

/// The number of bytes that the header should have; `None` if the file ends earlier.
pub(super) fn length(head: &[u8]) -> Option<u64> {
    head.first_chunk::<LENGTH_BYTES>().map(|length| u64::from_le_bytes(*length))
}

/// The tensors in the header of a file, and the byte at which the elements start. `head` is the part of the header that
/// could be read, `file` the size of the file in bytes.
///
/// # Errors
/// What is wrong with the file, as text.
pub(super) fn parse(head: &[u8], file: u64) -> Result<(usize, Metadata), String> {
    if head.starts_with(b"PK\x03\x04") {
        return Err("this is a zip archive, as `torch.save` and numpy write, not a safetensors file; \
                    write it with `safetensors.torch.save_file`"
            .into());
    }
    let length = length(head)
        .ok_or_else(|| format!("found {} bytes, expected at least {LENGTH_BYTES}: no safetensors file", head.len()))?;
    let follow = file.saturating_sub(LENGTH_BYTES as u64);
    if length > follow {
        return Err(format!(
            "the header should have {length} bytes, but only {follow} follow: truncated, or no safetensors file"
        ));
    }
    let end = usize::try_from(length).ok().filter(|_| length <= MAX_BYTES).map(|length| LENGTH_BYTES + length);
    let head = end.and_then(|end| head.get(..end)).ok_or_else(|| words(SafeTensorError::HeaderTooLarge))?;
    let names = scan(&head[LENGTH_BYTES..])?;
    // The parser also expects the bytes after the header, which are not in memory here.
    match SafeTensors::read_metadata(head) {
        Ok(_) | Err(SafeTensorError::MetadataIncompleteBuffer) => {}
        Err(error) => return Err(words(error)),
    }
    let metadata: Metadata = serde_json::from_slice(&head[LENGTH_BYTES..]).map_err(|error| error.to_string())?;
    if head.len() as u64 + metadata.data_len() as u64 != file {
        return Err(words(SafeTensorError::MetadataIncompleteBuffer));
    }
    // The parser treats names that differ only in their escapes as equal.
    let is_described = names.contains(&&b"__metadata__"[..]);
    if metadata.tensors().len() + usize::from(is_described) < names.len() {
        return Err("the header names a tensor twice".into());
    }
    Ok((head.len(), metadata))
}

/// Scans a JSON header for errors that the parser accepts, and returns the names in the outermost object.
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
