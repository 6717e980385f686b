//! Specifications of the assessment saga: work that a version before assigned in the shared roster.

use super::*;
use crate::domain::kernel::{NextState, roster::Rejection};

const ME: Id<Assessment> = Id::new(7);
const OPEN: Open = Open { underwriting: Settled, roster: Returning };
const META: Meta = Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 };

#[test]
fn work_without_a_roster_of_its_own_is_closed_in_the_shared_one() {
    let close = || close_work(ME);
    let unknown = |roster| RejectedCommand::new::<Roster>(roster, &close(), Rejection::Unknown);
    let expected = Step::wait(Closing(OPEN)).send(Roster::SHARED, close());
    assert_eq!(Closing(OPEN).on_rejected(ME, &unknown(ME.of())), expected);
    let closed = desk::Event::Closed { work: 7, clerk: Number(7) };
    let heard = Heard::Roster(Roster::SHARED, closed);
    assert_eq!(Assessment::route(&heard), Some(7));
    assert_eq!(Closing(OPEN).react(ME, heard, &META), Step::done());
    let stuck = Closing(OPEN).on_rejected(ME, &unknown(Roster::SHARED)).next;
    assert!(matches!(stuck, NextState::Stuck(..)), "{stuck:?}");
}

#[test]
fn work_that_the_shared_roster_has_closed_is_over() {
    let (aggregate, number) = (Roster::NAME.into(), Roster::SHARED.number());
    let unchanged = Unchanged { aggregate, number, command: "Close".into() };
    assert_eq!(Closing(OPEN).on_no_op(ME, &unchanged), Step::done());
}
