//! Scratch memory of a thread.

use std::cell::RefCell;

use crate::model::workspace::Workspace;

std::thread_local! {
    static SCRATCH: RefCell<Workspace> = RefCell::new(Workspace::with_elements(0));
}

/// Calls `f` with a scratch buffer of `needed` elements of any value. The thread keeps the buffer for later runs.
pub(super) fn with_scratch(needed: usize, f: impl FnOnce(&mut [f32])) {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.get().len() < needed {
            *scratch = Workspace::with_elements(needed);
        }
        f(&mut scratch.get_mut()[..needed]);
    });
}
