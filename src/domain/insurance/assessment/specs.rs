//! Specifications of the assessment saga: work that a version before assigned in the shared roster.

use super::*;
use crate::domain::kernel::roster::Rejection;

const ME: Id<Assessment> = Id::new(7);
const OPEN: Open = Open { underwriting: Settled, roster: Returning };
const META: Meta = Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 };

#[test]
fn work_without_a_roster_of_its_own_is_closed_in_the_shared_one() {
    let unknown = RejectedCommand::new::<Roster>(ME.of(), &Close { work: 7 }, Rejection::Unknown);
    let in_shared = Step::wait(Closing(OPEN)).send(Roster::SHARED, Close { work: 7 });
    assert_eq!(Closing(OPEN).on_rejected(ME, &unknown), in_shared);
    let closed = desk::Event::Closed { work: 7, clerk: Number(7) };
    assert_eq!(Closing(OPEN).react(ME, Heard::Roster(Roster::SHARED, closed), &META), Step::done());
}

#[test]
fn work_that_the_shared_roster_has_closed_is_over() {
    let (aggregate, number) = (Roster::NAME.into(), Roster::SHARED.number());
    let unchanged = Unchanged { aggregate, number, command: "Close".into() };
    assert_eq!(Closing(OPEN).on_no_op(ME, &unchanged), Step::done());
}
