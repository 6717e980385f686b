//! Consistency checks of the insurance business: exactly the subscriptions that are contracted or
//! under review are paid, and every open case is assigned to one underwriter.

use super::{
    application::Application,
    assessment::Assessment,
    catalogue::Catalogue,
    desk::Roster,
    listing::Listing,
    payment::Payment,
    product::Product,
    subscription::Subscription,
    underwriting::{Status, Underwriting},
};
use crate::domain::kernel::{Id, StateReader, payment::Stage};

/// Checks all subscriptions, products and rosters.
///
/// # Errors
/// A description of the first inconsistency.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    let catalogue = state.get::<Catalogue>(Catalogue::THE.number());
    state.each::<Subscription>(|number, subscription| {
        if is_settled(state, number) {
            check_subscription(state, number, subscription)
        } else {
            Ok(())
        }
    })?;
    state.each::<Product>(|number, product| {
        if !state.is_settled::<Listing>(number)
            || product.listed() == catalogue.terms(Id::new(number))
        {
            return Ok(());
        }
        Err(format!("insurance/products {number} is {product:?}, but the catalogue differs"))
    })?;
    state.each::<Roster>(|_, roster| check_roster(state, roster))
}

/// Returns whether neither saga of the subscription is running.
fn is_settled(state: &impl StateReader, number: u64) -> bool {
    state.is_settled::<Application>(number) && state.is_settled::<Assessment>(number)
}

/// Checks that a subscription that is contracted or under review is paid, and that any other is
/// unpaid or refunded.
fn check_subscription(
    state: &impl StateReader,
    number: u64,
    subscription: &Subscription,
) -> Result<(), String> {
    let payment = state.get::<Payment>(number).stage();
    let underwriting = state.get::<Underwriting>(number);
    let clerk = Roster::clerk_of(state, number);
    let status = subscription.status();
    let holds = match (status, underwriting.status()) {
        ("UnderReview", Status::Assigned) => {
            payment == Stage::Approved && clerk.is_some() && clerk == underwriting.underwriter()
        }
        ("Contracted", Status::Approved) => payment == Stage::Approved && clerk.is_none(),
        ("Refused", Status::Refused) => payment == Stage::Refunded && clerk.is_none(),
        ("Cancelled", Status::Blank | Status::Withdrawn) => {
            matches!(payment, Stage::Blank | Stage::Declined | Stage::Refunded) && clerk.is_none()
        }
        ("Rejected", Status::Blank) => {
            matches!(payment, Stage::Blank | Stage::Declined) && clerk.is_none()
        }
        _ => false,
    };
    if holds {
        return Ok(());
    }
    Err(format!(
        "insurance/subscriptions {number} is {status}, its payment {payment:?}, {underwriting:?}, assigned to {clerk:?}"
    ))
}

/// Checks that the open work of a roster is an assigned underwriting.
fn check_roster(state: &impl StateReader, roster: &Roster) -> Result<(), String> {
    for number in roster.open().keys() {
        let status = state.get::<Underwriting>(*number).status();
        if is_settled(state, *number) && status != Status::Assigned {
            return Err(format!(
                "insurance/underwritings {number} is {status:?}, but open in a roster"
            ));
        }
    }
    Ok(())
}
