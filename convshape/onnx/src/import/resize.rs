//! Borders and resizing.

use convshape::graph::Op;
use convshape::graph::op::{Amount, Interpolation, PaddingMode, ResizeTo, Upsample};

use super::Import;
use super::lower::Lowered;
use super::node::Node;

impl Import {
    pub(super) fn pad(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let rank = self.sizes(x).len();
        let pads = node.ints("pads").or_else(|| self.constant(node, 1)?.ints()).ok_or("a border that is computed")?;
        let value = match node.input(2) {
            Some(_) => self
                .constant(node, 2)
                .and_then(|value| value.scalar())
                .map(f64::from)
                .ok_or("a value that is computed")?,
            None => node.float("value", 0.0),
        };
        if pads.len() != 2 * rank || node.input(3).is_some() {
            return Err("a border of some axes alone".to_owned());
        }
        if pads.iter().all(|&rows| rows == 0) {
            return Ok(x);
        }
        let x = self.in_front(x)?;
        if rank > 5 {
            return Err("a border of more than three axes".to_owned());
        }
        if [pads[0], pads[1], pads[rank], pads[rank + 1]] != [0; 4] {
            return Err("a border of the batch or of channels".to_owned());
        }
        let mode = match node.text("mode", "constant").as_str() {
            "constant" => PaddingMode::Zeros,
            "reflect" => PaddingMode::Reflect,
            "edge" => PaddingMode::Replicate,
            "wrap" => PaddingMode::Circular,
            other => return Err(format!("mode `{other}`")),
        };
        let mut pairs = [(0, 0); 3];
        for (slot, axis) in pairs.iter_mut().zip(2..rank) {
            *slot = (pads[axis], pads[rank + axis]);
        }
        if pairs.iter().any(|&(lo, hi)| !(0..1 << 30).contains(&lo) || !(0..1 << 30).contains(&hi)) {
            return Err("a negative or huge border".to_owned());
        }
        self.one(node, Op::Pad { amount: Amount::Pairs { rank: Some(rank - 2), pairs }, mode, value }, x)
    }

    pub(super) fn resize(&mut self, node: Node<'_>) -> Lowered {
        let x = self.batch_first(node)?;
        let rank = self.sample(x).len() - 1;
        if !(1..=3).contains(&rank) {
            return Err("a value without space".to_owned());
        }
        let upsample = node.op() == "Upsample";
        if node.int("antialias", 0) != 0 {
            return Err("a filter against aliasing".to_owned());
        }
        let scales = node.floats("scales").or_else(|| {
            let at = if upsample || self.opset < 11 { 1 } else { 2 };
            Some(self.constant(node, at)?.floats().iter().copied().collect())
        });
        let sizes = self.constant(node, 3).and_then(|sizes| sizes.ints());
        let channels = self.sample(x)[0];
        let to = match (scales.filter(|scales| !scales.is_empty()), sizes) {
            (_, Some(sizes)) if sizes.len() == rank + 2 && sizes[1] == channels => {
                let mut to = [1; 3];
                to[..rank].copy_from_slice(&sizes[2..]);
                ResizeTo::Size(to)
            }
            (Some(scales), None) if scales.len() == rank + 2 && scales[..2] == [1.0, 1.0] => {
                let mut to = [1.0; 3];
                for (slot, scale) in to.iter_mut().zip(&scales[2..]) {
                    *slot = f64::from(*scale);
                }
                ResizeTo::Scale(to)
            }
            _ => return Err("sizes that are computed, or of other axes than space".to_owned()),
        };
        let coordinates = node.text(
            "coordinate_transformation_mode",
            if upsample || self.opset < 11 { "asymmetric" } else { "half_pixel" },
        );
        let nearest = node.text("nearest_mode", if upsample { "floor" } else { "round_prefer_floor" });
        let whole = matches!(to, ResizeTo::Scale(scale) if scale.iter().all(|scale| scale.fract() == 0.0));
        let linear = [Interpolation::Linear, Interpolation::Bilinear, Interpolation::Trilinear];
        let (mode, align_corners) = match (node.text("mode", "nearest").as_str(), coordinates.as_str()) {
            // With whole factors these pick the same rows.
            ("nearest", "asymmetric") if nearest == "floor" => (Interpolation::Nearest, None),
            ("nearest", "half_pixel") if whole && nearest.starts_with("round") => (Interpolation::Nearest, None),
            ("nearest", "half_pixel") if nearest == "round_prefer_ceil" => (Interpolation::NearestExact, None),
            ("linear" | "bilinear", "half_pixel" | "pytorch_half_pixel") if rank > 0 => (linear[rank - 1], Some(false)),
            ("linear" | "bilinear", "align_corners") if rank > 0 => (linear[rank - 1], Some(true)),
            ("cubic", "half_pixel" | "pytorch_half_pixel") if cubic(node) => (Interpolation::Bicubic, Some(false)),
            ("cubic", "align_corners") if cubic(node) => (Interpolation::Bicubic, Some(true)),
            (mode, coordinates) => {
                return Err(format!("mode `{mode}` with coordinates `{coordinates}` and `{nearest}`"));
            }
        };
        self.one(node, Op::Upsample(Upsample { rank: Some(rank), to, mode, align_corners }), x)
    }
}

fn cubic(node: Node<'_>) -> bool {
    (node.float("cubic_coeff_a", -0.75) + 0.75).abs() < 1e-6 && node.int("exclude_outside", 0) == 0
}
