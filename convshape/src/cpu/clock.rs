//! Time, where the target has a clock.

use std::time::{Duration, Instant};

/// Whether there is a clock. WebAssembly without an operating system has none, and the standard library panics there
/// when it is asked for the time.
pub(crate) const HAS_CLOCK: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// A moment from which time is measured.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Option<Instant>);

impl Clock {
    /// Starts at zero.
    pub(crate) fn start() -> Clock {
        Clock(HAS_CLOCK.then(Instant::now))
    }

    /// The time since the start: zero without a clock.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.map_or(Duration::ZERO, |start| start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_where_there_is_a_clock() {
        let clock = Clock::start();
        while HAS_CLOCK && clock.elapsed().is_zero() {}
        assert_eq!(clock.elapsed().is_zero(), !HAS_CLOCK);
    }
}
