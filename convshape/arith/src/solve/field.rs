//! The fields with one number per axis.

use crate::op::{Conv, Direction, MAX_SPATIAL, Op, Padding, PerAxis};

/// A field with one number per axis, which can be a hole or be changed to fix a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AxisField {
    /// `kernel`
    Kernel,
    /// `padding`
    Padding,
    /// `output_padding`
    OutputPadding,
    /// `stride`
    Stride,
}

impl AxisField {
    /// The field's name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            AxisField::Kernel => "kernel",
            AxisField::Padding => "padding",
            AxisField::OutputPadding => "output_padding",
            AxisField::Stride => "stride",
        }
    }
}

impl Op {
    /// The numbers of a field, if the layer has it with one number per axis.
    pub const fn axis_field(&self, field: AxisField) -> Option<PerAxis<i64>> {
        match (self, field) {
            (Op::Conv(conv), AxisField::Kernel) => Some(conv.kernel),
            (Op::Conv(conv), AxisField::Stride) => Some(conv.stride),
            (Op::Conv(Conv { padding: Padding::Symmetric(padding), .. }), AxisField::Padding) => Some(*padding),
            (
                Op::Conv(Conv { direction: Direction::Transposed, output_size: None, output_padding, .. }),
                AxisField::OutputPadding,
            ) => match output_padding {
                Some(output_padding) => Some(*output_padding),
                None => Some([0; MAX_SPATIAL]),
            },
            (Op::Pool(pool), AxisField::Kernel) => Some(pool.kernel),
            (Op::Pool(pool), AxisField::Stride) => Some(pool.stride),
            (Op::Pool(pool), AxisField::Padding) => match pool.padding {
                Padding::Symmetric(padding) => Some(padding),
                _ => None,
            },
            _ => None,
        }
    }

    /// The layer with one number of a field replaced; unchanged if it does not have the field.
    #[must_use]
    pub const fn with_axis_field(mut self, field: AxisField, axis: usize, value: i64) -> Op {
        match (&mut self, field) {
            (Op::Conv(conv), AxisField::Kernel) => conv.kernel[axis] = value,
            (Op::Conv(conv), AxisField::Stride) => conv.stride[axis] = value,
            (Op::Conv(conv), AxisField::Padding) => conv.padding = symmetric(conv.padding, axis, value),
            (Op::Conv(conv), AxisField::OutputPadding) => {
                let mut values = match conv.output_padding {
                    Some(values) => values,
                    None => [0; MAX_SPATIAL],
                };
                values[axis] = value;
                conv.output_padding = Some(values);
            }
            (Op::Pool(pool), AxisField::Kernel) => pool.kernel[axis] = value,
            (Op::Pool(pool), AxisField::Stride) => pool.stride[axis] = value,
            (Op::Pool(pool), AxisField::Padding) => pool.padding = symmetric(pool.padding, axis, value),
            _ => {}
        }
        self
    }
}

const fn symmetric(padding: Padding, axis: usize, value: i64) -> Padding {
    let mut values = match padding {
        Padding::Symmetric(values) => values,
        _ => [0; MAX_SPATIAL],
    };
    values[axis] = value;
    Padding::Symmetric(values)
}
