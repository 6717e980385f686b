//! Dates that clients give: when a claim was made, reviewed or paid.

use crate::domain::kernel::Timestamp;

/// The earliest date accepted: the start of the year 2000, in UTC. A time in seconds lies before.
const EARLIEST: Timestamp = Timestamp(946_684_800_000);

/// How far a date may be ahead of the server's clock, in milliseconds: one day, since the clocks of
/// clients differ.
const AHEAD_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

/// Returns the date that a client gave, or `now` when it gave none; `None` when the date cannot be
/// meant: before the year 2000, or more than a day ahead of `now`.
pub(super) fn given_or_now(date: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    match date {
        None => Some(now),
        Some(date) => (EARLIEST <= date && date <= now.after_ms(AHEAD_MAX_MS)).then_some(date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_622_635_791_863);

    #[test]
    fn a_date_that_can_be_meant_is_kept() {
        let tomorrow = NOW.after_ms(AHEAD_MAX_MS);
        for date in [EARLIEST, NOW, tomorrow] {
            assert_eq!(given_or_now(Some(date), NOW), Some(date));
        }
        assert_eq!(given_or_now(None, NOW), Some(NOW));
        assert_eq!(given_or_now(None, Timestamp(0)), Some(Timestamp(0)));
    }

    #[test]
    fn a_date_in_seconds_or_in_the_future_is_none() {
        let in_seconds = Timestamp(NOW.0 / 1_000);
        let after_tomorrow = NOW.after_ms(AHEAD_MAX_MS + 1);
        for date in [Timestamp(0), in_seconds, Timestamp(EARLIEST.0 - 1), after_tomorrow] {
            assert_eq!(given_or_now(Some(date), NOW), None);
        }
    }
}
