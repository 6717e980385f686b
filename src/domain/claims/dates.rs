//! Dates that clients give: when a claim was made, reviewed or paid.

use crate::domain::kernel::{Number, Timestamp};

/// The earliest date accepted: the start of the year 2000, in UTC. A time in seconds lies before.
const EARLIEST: Timestamp = Timestamp(946_684_800_000);

/// How far a date may be ahead of the server's clock, in milliseconds: one day, since the clocks of
/// clients differ.
const AHEAD_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

/// The date that a client gave, or `now` when it gave none; `None` when the date cannot be meant:
/// before the year 2000, or more than a day ahead of `now`.
pub(super) fn given_or_now(date: Option<Number>, now: Timestamp) -> Option<Timestamp> {
    let Some(Number(ms)) = date else { return Some(now) };
    let date = Timestamp(ms);
    (EARLIEST <= date && date <= now.after_ms(AHEAD_MAX_MS)).then_some(date)
}

#[test]
fn a_date_that_cannot_be_meant_is_none() {
    let now = Timestamp(1_622_635_791_863);
    let given = |date: Timestamp, now| given_or_now(Some(Number(date.0)), now);
    for date in [EARLIEST, now, now.after_ms(AHEAD_MAX_MS)] {
        assert_eq!(given(date, now), Some(date));
    }
    for now in [now, Timestamp(0)] {
        assert_eq!(given_or_now(None, now), Some(now));
    }
    let in_seconds = Timestamp(now.0 / 1_000);
    let after_tomorrow = now.after_ms(AHEAD_MAX_MS + 1);
    for date in [Timestamp(0), in_seconds, Timestamp(EARLIEST.0 - 1), after_tomorrow] {
        assert_eq!(given(date, now), None);
    }
}
