//! Numbers that the macro cannot see: constants, const generics, and what is computed from them.
//!
//! In the graph they are numbers that no chain has ([`Unseen::is`]), so that everything else stays plain data. Whatever
//! depends on one is left to const evaluation, where the number is its expression again.

use std::cell::RefCell;
use std::rc::Rc;

use convshape_arith::op::{Constant, Custom};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use proc_macro2::TokenStream;

/// Placeholders count up from here; no size, and no padding that fits memory, is that small.
const FIRST: i64 = i64::MIN + 1;
const LAST: i64 = FIRST + (1 << 32);

/// Placeholders for real numbers count up from these bits: -2^1023 * 1.5 and below. No field takes such a number.
const FIRST_REAL: u64 = 0xFFE8_0000_0000_0000;
const LAST_REAL: u64 = FIRST_REAL + (1 << 32);

/// The numbers of one chain that the macro cannot see.
#[derive(Clone, Default)]
pub(crate) struct Unseen {
    numbers: Rc<RefCell<Vec<Expr>>>,
    /// The paths of arrays. The macro needs nothing else about them.
    arrays: Rc<RefCell<Vec<TokenStream>>>,
    /// The types of user-defined layers.
    customs: Rc<RefCell<Vec<TokenStream>>>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Expr {
    /// Its value, of type `i64`.
    pub(crate) value: TokenStream,
    /// The same as a const argument (`Chw<C, 28, 28>`) if stable Rust allows it in generic code: a path as written.
    pub(crate) path: Option<TokenStream>,
}

impl Unseen {
    /// A placeholder for an expression.
    pub(crate) fn add(&self, expr: Expr) -> i64 {
        let mut all = self.numbers.borrow_mut();
        all.push(expr);
        FIRST + i64::try_from(all.len()).unwrap_or(i64::MAX) - 1
    }

    /// The expression of a placeholder; `None` if this is an ordinary number.
    pub(crate) fn get(&self, number: i64) -> Option<Expr> {
        let index = usize::try_from(number.checked_sub(FIRST)?).ok()?;
        self.numbers.borrow().get(index).cloned()
    }

    /// A placeholder for an array, which the macro cannot see.
    pub(crate) fn add_array(&self, path: TokenStream) -> Constant {
        let mut arrays = self.arrays.borrow_mut();
        arrays.push(path);
        Constant::later(arrays.len() - 1)
    }

    /// The path of the array; `None` if this is no placeholder.
    pub(crate) fn array(&self, constant: &Constant) -> Option<TokenStream> {
        self.arrays.borrow().get(constant.key()?).cloned()
    }

    /// A placeholder for a user-defined type, which the macro cannot see.
    pub(crate) fn add_custom(&self, path: TokenStream) -> Custom {
        let mut customs = self.customs.borrow_mut();
        customs.push(path);
        Custom::later(customs.len() - 1)
    }

    /// The type of the custom layer; `None` if this is no placeholder.
    pub(crate) fn custom(&self, layer: &Custom) -> Option<TokenStream> {
        self.customs.borrow().get(layer.key()?).cloned()
    }

    /// A placeholder for an expression with a real value.
    pub(crate) fn add_real(&self, expr: Expr) -> f64 {
        let index = self.add(expr).abs_diff(FIRST);
        f64::from_bits(FIRST_REAL + index)
    }

    /// The expression of a placeholder; `None` if this is an ordinary real number.
    pub(crate) fn get_real(&self, number: f64) -> Option<Expr> {
        let index = number.to_bits().checked_sub(FIRST_REAL).filter(|_| Unseen::is_real(number))?;
        self.get(FIRST.checked_add_unsigned(index)?)
    }

    /// Whether a real number is a placeholder.
    pub(crate) fn is_real(number: f64) -> bool {
        (FIRST_REAL..LAST_REAL).contains(&number.to_bits())
    }

    /// Whether a number is a placeholder.
    pub(crate) fn is(number: i64) -> bool {
        (FIRST..LAST).contains(&number)
    }

    /// Whether the chain has any.
    pub(crate) fn any(&self) -> bool {
        !self.numbers.borrow().is_empty()
    }
}

/// A shape with hidden sizes replaced by unknown ones.
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
