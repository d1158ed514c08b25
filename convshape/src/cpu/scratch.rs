//! Scratch memory of a thread.

use std::cell::Cell;

use crate::model::workspace::Workspace;

std::thread_local! {
    static SCRATCH: Cell<Option<Workspace>> = const { Cell::new(None) };
}

/// Calls `f` with a scratch buffer of `needed` elements of any value. The thread keeps the buffer for later runs.
pub(super) fn with_scratch(needed: usize, f: impl FnOnce(&mut [f32])) {
    // While `f` waits for other threads, this thread may run a step of another model, which takes a buffer of its own.
    let mut scratch = SCRATCH.take().filter(|scratch| scratch.get().len() >= needed);
    f(&mut scratch.get_or_insert_with(|| Workspace::with_elements(needed)).get_mut()[..needed]);
    SCRATCH.set(scratch);
}
