//! Event files as TensorBoard reads them: records of TensorFlow's `tfrecord` format, each one `Event` of
//! its protocol buffers.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Epoch, History, write};

impl History {
    /// Writes the curves to a new event file in a folder, which is created if necessary. `tensorboard --logdir FOLDER`
    /// shows them over the epochs.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn write_tensorboard(&self, folder: impl AsRef<Path>) -> io::Result<()> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("events.out.tfevents.{}.{:09}.convshape", now.as_secs(), now.subsec_nanos());
        write(&folder.join(name), &self.events(now.as_secs_f64()))
    }

    /// The records of a training run that ended at this time, in seconds.
    fn events(&self, end: f64) -> Vec<u8> {
        let mut time = end - self.epochs.iter().map(|epoch| epoch.seconds).sum::<f64>();
        let mut file = Vec::new();
        let mut version = double(1, time);
        version.extend(bytes(3, b"brain.Event:2"));
        file.extend(record(&version));
        for epoch in &self.epochs {
            time += epoch.seconds;
            let mut event = double(1, time);
            event.extend(varint(2 << 3));
            event.extend(varint(epoch.epoch));
            event.extend(bytes(5, &summary(epoch)));
            file.extend(record(&event));
        }
        file
    }
}

/// The `Summary` of an epoch: a tag and a number for each curve.
fn summary(epoch: &Epoch) -> Vec<u8> {
    let mut curves: Vec<(String, f64)> = Vec::new();
    curves.push(("loss/training".into(), epoch.loss));
    curves.extend(epoch.validation.map(|loss| ("loss/validation".into(), loss)));
    curves.push(("learning_rate".into(), epoch.learning_rate));
    curves.extend(epoch.metrics.iter().map(|(name, value)| (format!("metric/{name}"), *value)));
    curves
        .iter()
        .flat_map(|(tag, value)| {
            let mut curve = bytes(1, tag.as_bytes());
            // Field 2, of four bytes.
            curve.push(2 << 3 | 5);
            curve.extend(crate::train::single(*value).to_le_bytes());
            bytes(1, &curve)
        })
        .collect()
}

/// A field of eight bytes.
fn double(field: u8, value: f64) -> Vec<u8> {
    let mut encoded = alloc::vec![field << 3 | 1];
    encoded.extend(value.to_le_bytes());
    encoded
}

/// A length-delimited field.
fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    let mut encoded = alloc::vec![field << 3 | 2];
    encoded.extend(varint(content.len() as u64));
    encoded.extend(content);
    encoded
}

/// Seven bits per byte, the lowest first.
fn varint(mut number: u64) -> Vec<u8> {
    let mut encoded = Vec::new();
    loop {
        let [byte, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            encoded.push(byte);
            return encoded;
        }
        encoded.push(byte | 0x80);
    }
}

/// A record: its length, the length's checksum, the content, its checksum.
fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked(crc32c(&length)).to_le_bytes());
    record.extend(content);
    record.extend(masked(crc32c(content)).to_le_bytes());
    record
}

/// TensorFlow masks checksums, because the checksum of data that contains checksums would be weak.
fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Castagnoli's checksum (RFC 3720, B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |checksum, byte| {
        (0..8).fold(
            checksum ^ u32::from(*byte),
            |rest, _| {
                if rest & 1 == 1 { rest >> 1 ^ 0x82f6_3b78 } else { rest >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn records_can_be_read_back() {
        let epoch = |epoch| Epoch {
            epoch,
            loss: 0.5,
            validation: Some(0.25),
            learning_rate: 0.125,
            seconds: 1.0,
            metrics: alloc::vec![("accuracy".into(), 0.75)],
        };
        let history = History { epochs: alloc::vec![epoch(1), epoch(300)] };
        let file = history.events(100.0);
        let (mut rest, mut contents) = (file.as_slice(), Vec::new());
        while let Some((length, behind)) = rest.split_first_chunk::<8>() {
            let count = usize::try_from(u64::from_le_bytes(*length)).unwrap();
            assert_eq!(behind[..4], masked(crc32c(length)).to_le_bytes());
            let (content, behind) = behind[4..].split_at(count);
            assert_eq!(behind[..4], masked(crc32c(content)).to_le_bytes());
            contents.push(content);
            rest = &behind[4..];
        }
        assert!(rest.is_empty());
        assert_eq!(contents.len(), 3);
        assert!(contents[0].ends_with(b"brain.Event:2"));
        // Time, then the step as a number of one or two bytes.
        assert_eq!((&contents[1][9..11], &contents[2][9..12]), (&[0x10, 1][..], &[0x10, 0xac, 0x02][..]));
        let accuracy = [&b"\x0a\x0fmetric/accuracy\x15"[..], &0.75_f32.to_le_bytes()].concat();
        assert!(contents[2].windows(accuracy.len()).any(|window| window == accuracy));
    }
}
