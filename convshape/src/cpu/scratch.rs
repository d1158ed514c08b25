//! Memory of a thread for what a step keeps for a moment.

use std::cell::RefCell;

use crate::model::workspace::Workspace;

std::thread_local! {
    static SCRATCH: RefCell<Workspace> = RefCell::new(Workspace::with_elements(0));
}

/// Calls `f` with room for `needed` elements, which are anything. The room is kept from run to run.
pub(super) fn with_scratch(needed: usize, f: impl FnOnce(&mut [f32])) {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.get().len() < needed {
            *scratch = Workspace::with_elements(needed);
        }
        f(&mut scratch.get_mut()[..needed]);
    });
}
