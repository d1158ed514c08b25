//! Numbers that the macro cannot see: constants, const generics, what they come to.
//!
//! In the graph they are numbers that no chain has ([`Unseen::is`]), so that everything else
//! stays plain data. What depends on one is not checked here but in const evaluation, where the
//! number is its expression again.

use std::cell::RefCell;
use std::rc::Rc;

use convshape_arith::op::{Constant, Custom};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use proc_macro2::TokenStream;

/// Stand-ins count up from here; no size, and no padding that fits memory, is that small.
const FIRST: i64 = i64::MIN + 1;
const LAST: i64 = FIRST + (1 << 32);

/// Stand-ins for real numbers count up from here in their bits: -2^1023 * 1.5, and less. No field takes such a number.
const FIRST_REAL: u64 = 0xFFE8_0000_0000_0000;
const LAST_REAL: u64 = FIRST_REAL + (1 << 32);

/// The numbers of one chain that the macro cannot see.
#[derive(Clone, Default)]
pub(crate) struct Unseen {
    numbers: Rc<RefCell<Vec<Expr>>>,
    /// The paths of arrays: of them nothing is needed while the macro expands.
    arrays: Rc<RefCell<Vec<TokenStream>>>,
    /// The types of user-defined layers.
    customs: Rc<RefCell<Vec<TokenStream>>>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Expr {
    /// Its value, an `i64`.
    pub(crate) value: TokenStream,
    /// The same as a const argument (`Chw<C, 28, 28>`), where stable Rust allows it in generic
    /// code: a path as it was written.
    pub(crate) path: Option<TokenStream>,
}

impl Unseen {
    /// A stand-in for an expression.
    pub(crate) fn add(&self, expr: Expr) -> i64 {
        let mut all = self.numbers.borrow_mut();
        all.push(expr);
        FIRST + i64::try_from(all.len()).unwrap_or(i64::MAX) - 1
    }

    /// The expression that a number stands for, if it does.
    pub(crate) fn get(&self, number: i64) -> Option<Expr> {
        let index = usize::try_from(number.checked_sub(FIRST)?).ok()?;
        self.numbers.borrow().get(index).cloned()
    }

    /// A constant in place of an array, which the macro cannot see.
    pub(crate) fn add_array(&self, path: TokenStream) -> Constant {
        let mut arrays = self.arrays.borrow_mut();
        arrays.push(path);
        Constant::later(arrays.len() - 1)
    }

    /// The path of the array that such a constant replaces.
    pub(crate) fn array(&self, constant: &Constant) -> Option<TokenStream> {
        self.arrays.borrow().get(constant.key()?).cloned()
    }

    /// A layer in place of a user-defined type, which the macro cannot see.
    pub(crate) fn add_custom(&self, path: TokenStream) -> Custom {
        let mut customs = self.customs.borrow_mut();
        customs.push(path);
        Custom::later(customs.len() - 1)
    }

    /// The type that such a layer replaces.
    pub(crate) fn custom(&self, layer: &Custom) -> Option<TokenStream> {
        self.customs.borrow().get(layer.key()?).cloned()
    }

    /// A stand-in for an expression that is a real number.
    pub(crate) fn add_real(&self, expr: Expr) -> f64 {
        let index = self.add(expr).abs_diff(FIRST);
        f64::from_bits(FIRST_REAL + index)
    }

    /// The expression that a real number stands for, if it does.
    pub(crate) fn get_real(&self, number: f64) -> Option<Expr> {
        let index = number.to_bits().checked_sub(FIRST_REAL).filter(|_| Unseen::is_real(number))?;
        self.get(FIRST.checked_add_unsigned(index)?)
    }

    /// Whether a real number is a stand-in.
    pub(crate) fn is_real(number: f64) -> bool {
        (FIRST_REAL..LAST_REAL).contains(&number.to_bits())
    }

    /// Whether a number is a stand-in.
    pub(crate) fn is(number: i64) -> bool {
        (FIRST..LAST).contains(&number)
    }

    /// Whether the chain has any.
    pub(crate) fn any(&self) -> bool {
        !self.numbers.borrow().is_empty()
    }
}

/// A shape with what cannot be seen left open.
pub(crate) fn visible(shape: &Shape) -> Shape {
    let mut seen = *shape;
    for axis in 0..shape.rank() {
        if let Size::Number(number) = shape.size(axis)
            && Unseen::is(number)
        {
            seen = seen.with(axis, Size::Unknown);
        }
    }
    seen
}
