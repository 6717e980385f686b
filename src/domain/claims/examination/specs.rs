//! Specifications of the examination saga: work that a version before assigned in the shared roster.

use super::{
    Examination::{self, Closing},
    Heard, Roster,
};
use crate::domain::kernel::{
    Id, Meta, NextState, Number, RejectedCommand, Saga, Step, Timestamp,
    roster::{Command::Close, Event, Rejection},
};

const ME: Id<Examination> = Id::new(7);

#[test]
fn work_without_a_roster_of_its_own_is_closed_in_the_shared_one() {
    let close = Close { work: 7 };
    let unknown = |roster| RejectedCommand::new::<Roster>(roster, &close, Rejection::Unknown);
    let expected = Step::wait(Closing).send(Roster::SHARED, close.clone());
    assert_eq!(Closing.on_rejected(ME, &unknown(ME.of())), expected);
    let heard = Heard::Roster(Roster::SHARED, Event::Closed { work: 7, clerk: Number(101) });
    assert_eq!(Examination::route(&heard), Some(7));
    assert_eq!(Closing.react(ME, heard, &meta()), Step::done());
    let stuck = Closing.on_rejected(ME, &unknown(Roster::SHARED)).next;
    assert!(matches!(stuck, NextState::Stuck(..)), "{stuck:?}");
}

const fn meta() -> Meta {
    Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 }
}
