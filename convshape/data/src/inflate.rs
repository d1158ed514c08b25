//! A deflated stream, read piece by piece: memory does not grow with the size that it claims.

use std::io::{self, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

/// How many bytes of the compressed stream are read at once.
const PIECE: usize = 1 << 15;

pub(crate) struct Inflate<R> {
    source: R,
    state: Box<InflateState>,
    packed: Vec<u8>,
    /// The part of `packed` that has been used.
    at: usize,
    ended: bool,
}

impl<R: Read> Inflate<R> {
    pub(crate) fn new(source: R) -> Inflate<R> {
        let state = InflateState::new_boxed(DataFormat::Raw);
        Inflate { source, state, packed: Vec::new(), at: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.packed.clear();
        self.at = 0;
        let piece = u64::try_from(PIECE).unwrap_or(u64::MAX);
        self.source.by_ref().take(piece).read_to_end(&mut self.packed)?;
        Ok(())
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            if self.at == self.packed.len() {
                self.refill()?;
            }
            let no_more = self.packed.is_empty();
            let result = inflate(&mut self.state, &self.packed[self.at..], out, MZFlush::None);
            self.at += result.bytes_consumed;
            match result.status {
                Ok(MZStatus::StreamEnd) => self.ended = true,
                Ok(_) | Err(MZError::Buf) if result.bytes_written > 0 || !no_more => {}
                Ok(_) | Err(MZError::Buf) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(_) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "its compressed bytes are damaged"));
                }
            }
            if result.bytes_written > 0 {
                return Ok(result.bytes_written);
            }
        }
        Ok(0)
    }
}
