//! The panic hook: logs panics at a bounded rate, so that a crash loop does not fill the disk.

use crate::sync;
use crate::{actors::panic_message, store};
use std::{
    backtrace::Backtrace,
    panic,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// The most panics logged in one interval; further ones are only counted.
const LINES_MAX: u32 = 64;

/// The length of an interval. It begins with its first panic.
const INTERVAL: Duration = Duration::from_secs(10);

static LIMIT: Mutex<Limit> = Mutex::new(Limit { begun: None, lines: 0, left_out: 0 });

/// Installs a panic hook that logs each panic as one line with its source location.
///
/// A backtrace is logged only with `RUST_LOG=debug`. It takes half a second with all symbols, and
/// meanwhile the thread serves no requests. Recovery from a panic of domain code is a thousand
/// times faster.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        // The caller of the store reports this panic as an error.
        if store::is_guarded() && !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let admitted = sync::lock(&LIMIT).admit(Instant::now());
        let Some(left_out) = admitted else { return };
        if left_out > 0 {
            tracing::error!(left_out, "further panics were not logged");
        }
        let thread = thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(thread, place, reason = panic_message(panic.payload()), "panicked");
        if tracing::enabled!(tracing::Level::DEBUG) {
            tracing::debug!("called by\n{}", Backtrace::force_capture());
        }
    }));
}

/// The counter of log lines in the present interval.
struct Limit {
    begun: Option<Instant>,
    lines: u32,
    left_out: u64,
}

impl Limit {
    /// Counts a panic. Returns the number of lines left out before it, or `None` when the limit is
    /// reached.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        let is_over = |begun| now.saturating_duration_since(begun) >= INTERVAL;
        if self.begun.is_none_or(is_over) {
            (self.begun, self.lines) = (Some(now), 0);
        }
        if self.lines == LINES_MAX {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_logs_a_bounded_number_of_lines_and_the_number_left_out() {
        let mut limit = Limit { begun: None, lines: 0, left_out: 0 };
        let begun = Instant::now();
        let logged = (0..10_000).filter_map(|_| limit.admit(begun)).count();
        assert_eq!(logged, 64);
        assert_eq!(limit.admit(begun + INTERVAL), Some(10_000 - 64));
        assert_eq!(limit.admit(begun + INTERVAL), Some(0));
    }
}
