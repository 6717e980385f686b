//! Dates that clients give: when a claim was made, reviewed or paid.

use crate::domain::kernel::{EpochMs, Timestamp};

/// The earliest date accepted: the start of the year 2000, in UTC. A time in seconds lies before.
const EARLIEST: EpochMs = EpochMs(946_684_800_000);

/// How far a date may be ahead of the server's clock, in milliseconds: one day, since the clocks of
/// clients differ.
const AHEAD_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

/// The date that a client gave, or `now` when it gave none; `None` when the date cannot be meant:
/// before the year 2000, or more than a day ahead of `now`.
pub(super) fn given_or_now(date: Option<EpochMs>, now: Timestamp) -> Option<EpochMs> {
    let latest = now.after_ms(AHEAD_MAX_MS).into();
    match date {
        Some(date) => (EARLIEST..=latest).contains(&date).then_some(date),
        None => Some(now.into()),
    }
}

#[test]
fn a_date_that_cannot_be_meant_is_none() {
    let now = Timestamp(1_622_635_791_863);
    for date in [EARLIEST, now.into(), now.after_ms(AHEAD_MAX_MS).into()] {
        assert_eq!(given_or_now(Some(date), now), Some(date));
    }
    for now in [now, Timestamp(0)] {
        assert_eq!(given_or_now(None, now), Some(now.into()));
    }
    let in_seconds = now.0 / 1_000;
    let after_tomorrow = now.after_ms(AHEAD_MAX_MS + 1).0;
    for ms in [0, in_seconds, EARLIEST.0 - 1, after_tomorrow] {
        assert_eq!(given_or_now(Some(EpochMs(ms)), now), None);
    }
}
