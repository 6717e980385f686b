//! Consistency checks of the claims business: a claim, its review and its payment agree, and the
//! rosters list exactly the open reviews.

use super::{
    cancellation::Cancellation,
    claim::{CancelTimeLimit, Claim, Status as C},
    examination::Examination,
    examiners::Roster,
    payment::{Payment, Status as P},
    payout::Payout,
    review::{Review, Status as R},
};
use crate::domain::kernel::prelude::*;

/// Checks all claims, reviews and rosters.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Claim>(|number, claim| check_claim(state, number, claim))?;
    state.each::<Roster>(|_, roster| check_roster(state, roster))?;
    state.each::<Review>(|number, review| check_review(state, number, review))
}

/// Checks that a claim is paid only after an approval, once, and for the approved amount. A claim
/// and its review are cancelled together, even while sagas are still running.
fn check_claim(state: &impl StateReader, number: u64, claim: &Claim) -> Result<(), String> {
    let (review, payment) = (state.get::<Review>(number), state.get::<Payment>(number));
    let is_settled = is_settled(state, number);
    let holds = match (&claim.status, review.status, payment.status) {
        (C::Cancelled, review, payment) => review == R::Cancelled && payment == P::Blank,
        (C::Cancelling { .. } | C::Leaving, R::Cancelled, _) => !is_settled,
        (_, R::Cancelled, _) => false,
        _ if !is_settled => true,
        (C::UnderReview, R::Assigned, P::Blank) | (C::Declined { .. }, R::Declined, P::Blank) => {
            true
        }
        (C::Approved { award, .. }, R::Approved, P::Assigned)
        | (C::Paid { award }, R::Approved, P::Completed) => {
            let (file, payout) = (review.file, payment.payout);
            (file.cont_id, file.price) == (Some(award.cont_id), award.price)
                && (payout.cont_id, payout.price) == (award.cont_id, award.price)
        }
        _ => false,
    };
    ensure(holds, || {
        let (review, payment) = (review.status.word(), payment.status.word());
        let claim = claim.status.word();
        format!("claims/claims {number} is {claim}, its review `{review}`, its payment `{payment}`")
    })
}

fn is_settled(state: &impl StateReader, number: u64) -> bool {
    state.is_settled::<Examination>(number)
        && state.is_settled::<Cancellation>(number)
        && state.is_settled::<CancelTimeLimit>(number)
        && state.is_settled::<Payout>(number)
}

/// Checks that the open work of a roster is a review that its clerk has.
fn check_roster(state: &impl StateReader, roster: &Roster) -> Result<(), String> {
    roster.open().iter().try_for_each(|(work, clerk)| {
        let review = state.get::<Review>(*work);
        let Review { file, status, .. } = &*review;
        let is_theirs = *status == R::Assigned && file.examiner_id == *clerk;
        ensure(is_theirs || !is_settled(state, *work), || {
            format!("claims/rosters: review {work} is not assigned to {clerk:?}")
        })
    })
}

/// Checks that an open review is the work of an examiner.
fn check_review(state: &impl StateReader, number: u64, review: &Review) -> Result<(), String> {
    let is_missing = review.status == R::Assigned && Roster::clerk_of(state, number).is_none();
    ensure(!is_missing || !is_settled(state, number), || {
        format!("claims/rosters: no examiner has review {number}")
    })
}
