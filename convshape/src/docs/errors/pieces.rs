//! Blocks, repeats, `if` and `reuse`.

use convshape_arith::code;

/// A block or a repeat cannot be expanded.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         block Res(k, c, act: activation = Relu) { Conv2d(c, kernel: k, padding: 1); act; }
///         input: [8, 28, 28];
///         Res(3);
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// A block is expanded wherever it is used, with its parameters replaced by the arguments. They are given in order or
/// by name (`Res(3, c: 8)`); a parameter with a default may be left out. A parameter is a `size` (or one per axis in
/// parentheses), unless its declaration says otherwise: `bias: bool`, `eps: real`, `act: activation`. A block cannot
/// use itself, and cannot have the name of a layer. A repeat has at least one pass, and an end.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         block Res(k, c, act: activation = Relu) { Conv2d(c, kernel: k, padding: 1); act; }
///         input: [8, 28, 28];
///         Res(3, 8);
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0110: &str = code::BLOCK.title;

/// The macro cannot evaluate the condition of an `if`.
///
/// ```compile_fail
/// const WIDTH: usize = 8;
///
/// convshape::conv_chain! {
///     struct Model {
///         input: [8, 28, 28];
///         if WIDTH == 8 { Relu; } else { Silu; }
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// An `if` is evaluated while the macro expands, and only the branch taken becomes part of the chain. Its condition
/// compares (`== != < <= > >=`, joined by `&& || !`) values that the macro knows: numbers, and the parameters of blocks
/// and variables of repeats, if they are numbers or bools. A `const`, a const generic and a run-time size are not known
/// to the macro.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         block Act(width) { if width == 8 { Relu; } else { Silu; } }
///         input: [8, 28, 28];
///         Act(8);
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0113: &str = code::CONDITION.title;

/// A name exists only in a branch that is not taken.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         block Res(from, to) {
///             c: Conv2d(from -> to, kernel: 3, padding: 1);
///             if from != to { s: Conv2d(from -> to, kernel: 1) from input; }
///             Add(c, s);
///         }
///         input: [8, 28, 28];
///         Res(8, 8);
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// The names of the branch taken can be used after the `if`. The message shows the condition with its numbers. Define
/// the name in every branch, including `else`, or use it inside the `if`.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         block Res(from, to) {
///             c: Conv2d(from -> to, kernel: 3, padding: 1);
///             if from != to { s: Conv2d(from -> to, kernel: 1) from input; } else { s: Scale(1.0) from input; }
///             Add(c, s);
///         }
///         input: [8, 28, 28];
///         Res(8, 8);
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0114: &str = code::UNTAKEN.title;

/// A block or a repeat has the wrong number of inputs or outputs.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         block Merge(c) reads x, skip { Conv2d(c, kernel: 3, padding: 1) from x; Add(skip); }
///         input: [8, 28, 28];
///         enc: Conv2d(8, kernel: 3, padding: 1);
///         Merge(8) from enc;
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// A block that `reads` several values gets all of them, in order, after `from`; `_` is the previous statement. A
/// repeat hands its outputs to its next pass: the first output becomes the first input, the second the second, so it
/// needs as many outputs as inputs. Several outputs have names (`output: x1, skip: s.0;`).
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         block Merge(c) reads x, skip { Conv2d(c, kernel: 3, padding: 1) from x; Add(skip); }
///         input: [8, 28, 28];
///         enc: Conv2d(8, kernel: 3, padding: 1);
///         Merge(8) from (enc, input);
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0115: &str = code::PIECE_INPUTS.title;

/// A statement cannot run again.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: a [8, 28, 28], b [8, 28, 28];
///         sum: Add(a, b);
///         reuse sum from a;
///         output: [8, 28, 28];
///     }
/// }
/// ```
///
/// `reuse` runs an earlier layer, block, repeat or chain again, with the same parameters and the same number of inputs.
/// An input of the chain cannot be run, and of a block only a use that has a name (`a: Res(8); reuse a;`).
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: a [8, 28, 28], b [8, 28, 28];
///         sum: Add(a, b);
///         reuse sum from (a, _);
///         output: [8, 28, 28];
///     }
/// }
/// ```
pub const CS0116: &str = code::REUSE.title;

/// A layer does not have the output that is read.
///
/// ```compile_fail
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 28, 28];
///         halves: Split(2);
///         Concat(halves.1, halves.2);
///         output: [16, 28, 28];
///     }
/// }
/// ```
///
/// The outputs of a `Split` are counted from 0: `halves.0` and `halves.1`. A name alone, `halves`, is the first.
///
/// ```
/// convshape::conv_chain! {
///     struct Model {
///         input: [16, 28, 28];
///         halves: Split(2);
///         Concat(halves.1, halves.0);
///         output: [16, 28, 28];
///     }
/// }
/// ```
pub const CS0117: &str = code::PORT.title;
