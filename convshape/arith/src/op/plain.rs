//! Layers as trees of plain values, for code that treats all of them alike: the macro writes any layer as tokens, and
//! sets any field by its name.

use core::any::Any;

use super::{Constant, Custom};
use crate::shape::Shape;

/// A value made of numbers, names and other such values.
pub trait Plain: 'static {
    /// Shows the value to a visitor.
    fn visit(&self, visitor: &mut dyn Visitor);

    /// The field with this name: of a struct, of the variant that an enum is, or of the only value in that variant.
    fn field_mut(&mut self, _name: &str) -> Option<&mut dyn Any> {
        None
    }
}

/// What is done with each kind of plain value.
pub trait Visitor {
    /// A number of a field.
    fn int(&mut self, value: i64);
    /// A number of axes or the like, which no field gives.
    fn count(&mut self, value: usize);
    /// A real number.
    fn real(&mut self, value: f64);
    /// `true` or `false`.
    fn truth(&mut self, value: bool);
    /// A value that may be missing.
    fn option(&mut self, value: Option<&dyn Plain>);
    /// An array.
    fn list(&mut self, values: &[&dyn Plain]);
    /// A tuple.
    fn pair(&mut self, values: [&dyn Plain; 2]);
    /// A shape.
    fn shape(&mut self, shape: &Shape);
    /// An array of the user's.
    fn constant(&mut self, constant: &Constant);
    /// A layer of the user's.
    fn custom(&mut self, layer: &Custom);
    /// A struct or a variant of an enum with its fields. The only field of a tuple variant has an empty name.
    fn fields(&mut self, name: TypeName, fields: &[(&'static str, &dyn Plain)]);
}

/// The name of a struct, or of a variant of an enum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeName {
    /// The module of this crate that has it.
    pub module: &'static str,
    /// The type.
    pub name: &'static str,
    /// The variant, if it is an enum.
    pub variant: Option<&'static str>,
}

/// Lists the fields of a type once more. One that is forgotten does not compile.
macro_rules! plain {
    (struct $module:ident::$name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::op::Plain for $name {
            fn visit(&self, visitor: &mut dyn $crate::op::Visitor) {
                let $name { $($field),* } = self;
                let name = $crate::op::TypeName {
                    module: stringify!($module),
                    name: stringify!($name),
                    variant: None,
                };
                visitor.fields(name, &[$((stringify!($field), $field)),*]);
            }

            fn field_mut(&mut self, name: &str) -> Option<&mut dyn core::any::Any> {
                let $name { $($field),* } = self;
                $(if name == stringify!($field) {
                    return Some($field);
                })*
                None
            }
        }
    };
    (enum $module:ident::$name:ident { $($variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl $name {
            /// The names of its variants.
            pub const VARIANTS: &'static [&'static str] = &[$(stringify!($variant)),*];
        }

        impl $crate::op::Plain for $name {
            fn visit(&self, visitor: &mut dyn $crate::op::Visitor) {
                let name = |variant| $crate::op::TypeName {
                    module: stringify!($module),
                    name: stringify!($name),
                    variant: Some(variant),
                };
                match self {
                    $($name::$variant $(($inner))? $({ $($field),* })? => visitor.fields(
                        name(stringify!($variant)),
                        &[$(("", $inner))? $($((stringify!($field), $field)),*)?],
                    ),)*
                }
            }

            #[allow(unused_variables, reason = "not every enum has fields")]
            fn field_mut(&mut self, name: &str) -> Option<&mut dyn core::any::Any> {
                match self {
                    $($name::$variant $(($inner))? $({ $($field),* })? => {
                        $($(if name == stringify!($field) {
                            return Some($field);
                        })*)?
                        $(return $crate::op::Plain::field_mut($inner, name);)?
                        #[allow(unreachable_code, reason = "a variant with a value has returned")]
                        None
                    })*
                }
            }
        }
    };
}
pub(crate) use plain;

impl Plain for i64 {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.int(*self);
    }
}

impl Plain for usize {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.count(*self);
    }
}

impl Plain for f64 {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.real(*self);
    }
}

impl Plain for bool {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.truth(*self);
    }
}

impl<T: Plain> Plain for Option<T> {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.option(self.as_ref().map(|value| value as &dyn Plain));
    }
}

impl<T: Plain, const N: usize> Plain for [T; N] {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.list(&self.each_ref().map(|value| value as &dyn Plain));
    }
}

impl<A: Plain, B: Plain> Plain for (A, B) {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.pair([&self.0, &self.1]);
    }
}

impl Plain for Shape {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.shape(self);
    }
}

impl Plain for Constant {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.constant(self);
    }
}

impl Plain for Custom {
    fn visit(&self, visitor: &mut dyn Visitor) {
        visitor.custom(self);
    }
}

/// Calls a function with each real number of a value.
pub fn each_real(value: &dyn Plain, then: &mut dyn FnMut(f64)) {
    value.visit(&mut Reals(then));
}

struct Reals<'a>(&'a mut dyn FnMut(f64));

impl Visitor for Reals<'_> {
    fn int(&mut self, _: i64) {}
    fn count(&mut self, _: usize) {}
    fn truth(&mut self, _: bool) {}
    fn shape(&mut self, _: &Shape) {}
    fn constant(&mut self, _: &Constant) {}
    fn custom(&mut self, _: &Custom) {}

    fn real(&mut self, value: f64) {
        (self.0)(value);
    }

    fn option(&mut self, value: Option<&dyn Plain>) {
        if let Some(value) = value {
            value.visit(self);
        }
    }

    fn list(&mut self, values: &[&dyn Plain]) {
        values.iter().for_each(|value| value.visit(self));
    }

    fn pair(&mut self, values: [&dyn Plain; 2]) {
        self.list(&values);
    }

    fn fields(&mut self, _: TypeName, fields: &[(&'static str, &dyn Plain)]) {
        fields.iter().for_each(|(_, value)| value.visit(self));
    }
}
