//! Saga that assigns a claim to an examiner and sends the examiner's decision to the claim.
//!
//! ```text
//!      received           examiner found              assigned           decided, or cancelled
//! Idle ────────▶ Seeking ───────────────▶ Assigning ──────────▶ Examining ────────▶ Closing ─▶ over
//!                                                    claim is under review   claim knows, and the
//!                                                                            examiner has less to do
//! ```
//! The saga waits for suspended reviews and rosters; the claim is Received meanwhile. A decision is
//! sent to the claim before the roster, so the claim waits for the review and nothing else.

use super::{
    EXAMINER,
    claim::{self, Award, Claim, Command::*, Demand},
    examiners::Roster,
    review::{self, Command::Assign, File, Review},
};
use crate::domain::kernel::{prelude::*, roster};

use Examination::*;

event_set!(Heard: Claim, Review, Roster);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Examination {
    /// No examination is under way.
    #[default]
    Idle,
    /// The roster was asked for an examiner.
    Seeking { demand: Demand },
    /// The examiner was found, and `Assign` was sent to the review.
    Assigning,
    /// The examiner has the review.
    Examining,
    /// The review is decided or cancelled, and `Close` was sent to the roster.
    Closing,
}

impl Saga for Examination {
    const NAME: &'static str = "claims/examination";
    type Events = Heard;

    /// Routes events of a claim and its review by their common number, and roster events by work.
    fn route(heard: &Heard) -> Option<u64> {
        match heard {
            Heard::Claim(..) | Heard::Review(..) => Some(heard.number()),
            Heard::Roster(_, event) => event.work(),
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use claim::Event as C;
        use review::Event as R;
        let claim = me.of::<Claim>();
        match (self, heard) {
            (Idle, Heard::Claim(_, C::Received { demand })) => {
                Roster::assign(me, Step::wait(Seeking { demand }))
            }
            (Seeking { demand }, Heard::Roster(_, roster::Event::Assigned { clerk, .. })) => {
                let Demand { customer_id, price, .. } = demand;
                let (claim_id, examiner_id) = (Number(me.number()), clerk);
                let file = File { claim_id, customer_id, examiner_id, price, cont_id: None };
                Step::wait(Assigning).send(me.of::<Review>(), Assign { file })
            }
            (Assigning, Heard::Review(_, R::Assigned { .. })) => {
                Step::wait(Examining).send(claim, StartReview)
            }
            (Examining, Heard::Review(_, R::Approved { file, .. })) => {
                let cont_id = file.cont_id.unwrap_or_default();
                let award = Award { cont_id, price: file.price };
                Roster::close(me, Step::wait(Closing).send(claim, Approve { award }))
            }
            (Examining, Heard::Review(_, R::Declined { .. })) => {
                Roster::close(me, Step::wait(Closing).send(claim, Decline))
            }
            (Examining, Heard::Review(_, R::Cancelled { .. })) => {
                Roster::close(me, Step::wait(Closing))
            }
            (Closing, Heard::Roster(_, roster::Event::Closed { .. })) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    /// Closes the work in the roster that all claims of versions before shared, when the claim has no
    /// roster of its own. Any other rejection blocks the saga instance.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match self {
            Closing => Roster::close_in_shared(me, Closing, refused),
            state => Step::stuck(state, refused.reason.clone()),
        }
    }

    /// Ends the saga when the roster had closed the work already.
    fn on_no_op(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match self {
            Closing if unchanged.is_of::<Roster>(variant!(roster::Command::Close)) => Step::done(),
            state => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Seeking { .. } | Closing => WaitsFor::Part(Roster::NAME),
            Assigning => WaitsFor::Part(Review::NAME),
            Examining => WaitsFor::Person(EXAMINER),
        }
    }
}

#[test]
fn work_without_a_roster_of_its_own_is_closed_in_the_shared_one() {
    let (me, close) = (Id::new(7), roster::Command::Close { work: 7 });
    let unknown = RejectedCommand::new::<Roster>(me.of(), &close, roster::Rejection::Unknown);
    let in_shared = Step::wait(Closing).send(Roster::SHARED, close);
    assert_eq!(Closing.on_rejected(me, &unknown), in_shared);
    let closed = roster::Event::Closed { work: 7, clerk: Number(101) };
    let meta = Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 };
    assert_eq!(Closing.react(me, Heard::Roster(Roster::SHARED, closed), &meta), Step::done());
}
