//! Weights that are compiled in. The macro has checked the file's header against the chain, so no check is needed here.

#[cfg(feature = "alloc")]
use alloc::format;
#[cfg(feature = "alloc")]
use alloc::string::ToString;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::cmp::Ordering;
#[cfg(feature = "alloc")]
use core::convert::Infallible;

#[cfg(feature = "alloc")]
use convshape_arith::stored::{WEIGHT_NORM, length_stride};

use crate::model::elements::Elements;
use crate::model::float::Float;
#[cfg(feature = "alloc")]
use crate::model::fold::fold;
use crate::model::param::Param;
use crate::model::parts::{Parts, Spec, assemble, specs};

/// A file's bytes, aligned for elements of any type, so that they can be borrowed.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Aligned<T: ?Sized>(pub T);

/// A tensor of a compiled-in file.
#[derive(Clone, Copy, Debug)]
pub struct Stored {
    /// Its name in the file.
    pub name: &'static str,
    /// Its shape.
    pub shape: &'static [usize],
    /// Its element type.
    pub kind: Float,
    /// The range of its bytes in the file.
    pub bytes: (usize, usize),
}

/// The generated `pretrained`: `tensors` are those that the chain needs, sorted by name, with the shapes that it needs.
///
/// # Panics
/// If a tensor is missing. The macro prevents that, or [`crate::methods::check`] if the macro cannot see the
/// parameters.
pub fn pretrained<M: Parts>(file: &'static [u8], tensors: &[Stored]) -> M {
    let file = File { bytes: file, tensors };
    assemble(specs::<M>().map(|spec| file.param(&spec)))
}

struct File<'a> {
    bytes: &'static [u8],
    tensors: &'a [Stored],
}

impl File<'_> {
    fn param(&self, spec: &Spec) -> Param {
        let stored = self.find(|name| name.bytes().cmp(spec.name.pieces().flat_map(str::bytes)));
        let data = stored.and_then(|stored| self.elements(stored));
        #[cfg(feature = "alloc")]
        let data = data.or_else(|| self.folded(&spec.name.to_string()).map(Elements::from));
        Param::of(spec.shape, data.expect("the macro has found every tensor of the chain"))
    }

    /// Finds a tensor by comparing its name with the wanted one.
    fn find(&self, compare: impl Fn(&str) -> Ordering) -> Option<&Stored> {
        let index = self.tensors.binary_search_by(|tensor| compare(tensor.name)).ok()?;
        self.tensors.get(index)
    }

    /// A tensor's elements, borrowed if they are `f32` in this machine's byte order.
    fn elements(&self, stored: &Stored) -> Option<Elements<f32>> {
        let (start, end) = stored.bytes;
        let bytes = self.bytes.get(start..end)?;
        if is_plain(stored)
            && let Ok(elements) = bytemuck::try_cast_slice::<u8, f32>(bytes)
        {
            return Some(elements.into());
        }
        #[cfg(feature = "alloc")]
        {
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let Ok(elements) = stored.kind.decode(bytes, |(_, value)| Ok::<f32, Infallible>(value as f32));
            Some(elements.into())
        }
        #[cfg(not(feature = "alloc"))]
        None
    }

    /// A weight that is stored with weight norm.
    #[cfg(feature = "alloc")]
    fn folded(&self, name: &str) -> Option<Vec<f32>> {
        let layer = name.strip_suffix("weight")?;
        let stored = |name: &str| self.find(|stored| stored.cmp(name));
        WEIGHT_NORM.iter().find_map(|(length, direction)| {
            let [length, direction] = [length, direction].map(|part| stored(&format!("{layer}{part}")));
            let (length, direction) = (length?, direction?);
            let (lengths, mut weight) = (self.elements(length)?, self.elements(direction)?.into_owned());
            // In PyTorch, too, a direction of norm 0 gives NaN.
            let _ = fold(&mut weight, &lengths, length_stride(length.shape, direction.shape)?);
            Some(weight)
        })
    }
}

/// Whether a tensor's bytes are `f32` elements in this machine's byte order.
const fn is_plain(stored: &Stored) -> bool {
    matches!(stored.kind, Float::F32) && cfg!(target_endian = "little")
}

/// Checks that the tensors of a file can be borrowed, because without a heap they cannot be converted.
///
/// # Panics
/// If they cannot. It is called at compile time.
pub const fn check_plain(tensors: &[Stored]) {
    let mut index = 0;
    while !cfg!(feature = "alloc") && index < tensors.len() {
        assert!(
            is_plain(&tensors[index]) && tensors[index].bytes.0.is_multiple_of(align_of::<f32>()),
            "without the feature `alloc` the file of `weights` must hold aligned little-endian f32, without weight norm"
        );
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::test_model::Small;
    use alloc::boxed::Box;
    use alloc::vec;

    /// Numbers for the elements of `Small`, in order.
    fn bytes(kind: Float, offset: usize) -> (Vec<u8>, usize) {
        let mut bytes = vec![0; offset];
        for number in 1_u8..=27 {
            match kind {
                Float::F32 => bytes.extend(f32::from(number).to_le_bytes()),
                Float::F64 => bytes.extend(f64::from(number).to_le_bytes()),
                Float::F16 => bytes.extend(half::f16::from(number).to_le_bytes()),
                Float::BF16 => bytes.extend(half::bf16::from_f32(f32::from(number)).to_le_bytes()),
            }
        }
        let size = (bytes.len() - offset) / 27;
        (bytes, size)
    }

    fn small(kind: Float, offset: usize) -> Small {
        let (bytes, size) = bytes(kind, offset);
        let file = &mut Box::leak(Box::new(Aligned([0; 512]))).0;
        file[..bytes.len()].copy_from_slice(&bytes);
        let tensor = |name, shape, from: usize, to: usize| Stored {
            name,
            shape,
            kind,
            bytes: (offset + from * size, offset + to * size),
        };
        let tensors = [
            tensor("dec.weight", &[3, 2, 2], 15, 27),
            tensor("enc.bias", &[3], 12, 15),
            tensor("enc.weight", &[3, 2, 2], 0, 12),
        ];
        let model: Small = pretrained(file, &tensors);
        let borrowed = file.as_ptr_range().contains(&model.enc.weight.as_slice().as_ptr().cast());
        let plain = cfg!(target_endian = "little") && kind == Float::F32 && offset.is_multiple_of(4);
        assert_eq!(borrowed, plain, "{kind:?} {offset}");
        model
    }

    #[test]
    fn every_kind_gives_the_same_model() {
        let expected: Vec<f32> = (1_u8..=27).map(f32::from).collect();
        for kind in [Float::F32, Float::F64, Float::F16, Float::BF16] {
            for offset in 0..9 {
                let model = small(kind, offset);
                assert_eq!(model.enc.weight.as_slice(), &expected[..12], "{kind:?} {offset}");
                assert_eq!(model.enc.bias.as_slice(), &expected[12..15]);
                assert_eq!(model.dec.weight.as_slice(), &expected[15..]);
                assert_eq!(model.dec.weight.shape(), [3, 2, 2]);
            }
        }
    }
}
