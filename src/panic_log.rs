//! The log lines about panics, bounded: a crash loop must not fill the disk with them.

use crate::{actors::panic_message, store};
use std::{
    backtrace::Backtrace,
    panic,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// So many panics are logged in one interval; the others are counted.
const LINES_MAX: u32 = 64;

/// How long an interval lasts. It begins with its first panic.
const INTERVAL: Duration = Duration::from_secs(10);

static LIMIT: Mutex<Limit> = Mutex::new(Limit { begun: None, lines: 0, left_out: 0 });

/// A panic is a line of the log, with its place. Those of domain code are healed, and to spell out
/// who called whom takes a thousand times longer than to heal: half a second with all symbols, in
/// which nobody else on the thread is served. With `RUST_LOG=debug` it is spelt out.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        // Reported as a sentence by the one who called the store.
        if store::is_guarded() && !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let admitted = LIMIT.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now());
        let Some(left_out) = admitted else { return };
        if left_out > 0 {
            tracing::error!(left_out, "further panics were not logged");
        }
        let thread = thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(thread, place, because = panic_message(panic.payload()), "panicked");
        if tracing::enabled!(tracing::Level::DEBUG) {
            tracing::debug!("called by\n{}", Backtrace::force_capture());
        }
    }));
}

/// Counts the lines of an interval.
struct Limit {
    begun: Option<Instant>,
    lines: u32,
    left_out: u64,
}

impl Limit {
    /// Whether a line may be written now: then, how many were left out before it.
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
    fn a_crash_loop_logs_a_bounded_number_of_lines_and_says_how_many_it_left_out() {
        let mut limit = Limit { begun: None, lines: 0, left_out: 0 };
        let begun = Instant::now();
        let logged = (0..10_000).filter_map(|_| limit.admit(begun)).count();
        assert_eq!(logged, 64);
        assert_eq!(limit.admit(begun + INTERVAL), Some(10_000 - 64));
        assert_eq!(limit.admit(begun + INTERVAL), Some(0));
    }
}
