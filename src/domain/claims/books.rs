//! Consistency checks of the claims business: a claim, its review and its payment agree, and the
//! roster lists exactly the open reviews.

use super::{
    cancellation::Cancellation, claim::Claim, examination::Examination, examiners::Roster,
    patience::Patience, payment::Payment, payout::Payout, review::Review,
};
use crate::domain::kernel::Books;

/// Checks all claims and the roster.
///
/// # Errors
/// A description of the first inconsistency.
pub(super) fn add_up(books: &impl Books) -> Result<(), String> {
    books.each::<Claim>(|number, claim| claim_adds_up(books, number, claim))?;
    books.each::<Roster>(|_, roster| roster_adds_up(books, roster))
}

/// Checks that a claim is paid only after an approval, once, and for the approved amount. A claim
/// and its review are cancelled together, even while sagas are still running.
fn claim_adds_up(books: &impl Books, number: u64, claim: &Claim) -> Result<(), String> {
    let (review, payment) = (books.get::<Review>(number), books.get::<Payment>(number));
    let told = [claim.status(), review.status(), payment.status()];
    let holds = match told {
        ["Cancelled", review, payment] => review == "Cancelled" && payment.is_empty(),
        [claim, "Cancelled", _] => claim == "Cancelling" && !is_settled(books, number),
        _ if !is_settled(books, number) => true,
        ["UnderReview", "Assigned", ""] | ["Declined", "Declined", ""] => true,
        ["Approved", "Approved", "Assigned"] | ["Paid", "Approved", "Completed"] => {
            let (file, payout) = (review.file(), payment.payout());
            let awarded = claim.award().map(|award| (Some(award.cont_id), award.price));
            awarded == Some((file.cont_id, file.price))
                && awarded == Some((Some(payout.cont_id), payout.price))
        }
        _ => false,
    };
    if holds {
        return Ok(());
    }
    let [claim, review, payment] = told;
    Err(format!(
        "claims/claims {number} is {claim}, its review `{review}`, its payment `{payment}`"
    ))
}

fn is_settled(books: &impl Books, number: u64) -> bool {
    books.is_settled::<Examination>(number)
        && books.is_settled::<Cancellation>(number)
        && books.is_settled::<Patience>(number)
        && books.is_settled::<Payout>(number)
}

/// Checks that the roster lists every open review with its examiner, and no other review.
fn roster_adds_up(books: &impl Books, roster: &Roster) -> Result<(), String> {
    for (work, clerk) in roster.open() {
        let review = books.get::<Review>(*work);
        let examiner = review.file().examiner_id;
        let is_open = review.status() == "Assigned" && examiner == *clerk;
        if is_settled(books, *work) && !is_open {
            return Err(format!("claims/rosters: {clerk:?} has review {work} for nothing"));
        }
    }
    books.each::<Review>(|number, review| {
        let is_known = roster.open().contains_key(&number);
        if is_settled(books, number) && review.status() == "Assigned" && !is_known {
            return Err(format!("claims/rosters: nobody has review {number}"));
        }
        Ok(())
    })
}
