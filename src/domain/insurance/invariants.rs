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
    subscription::{self, Subscription},
    underwriting::{self, Underwriting},
};
use crate::domain::kernel::{payment::Stage, prelude::*};

/// Checks all subscriptions, products and rosters.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each(|number, subscription| check_subscription(state, number, subscription))?;
    let catalogue = state.get::<Catalogue>(Catalogue::THE.number());
    state.each::<Product>(|number, product| {
        let is_listed = product.listed.as_ref() == catalogue.products.get(&Id::new(number));
        ensure(is_listed || !state.is_settled::<Listing>(number), || {
            format!("insurance/products {number} is {product:?}, but the catalogue differs")
        })
    })?;
    state.each(|_, roster| check_roster(state, roster))
}

/// Whether neither saga of the subscription is running.
fn is_settled(state: &impl StateReader, number: u64) -> bool {
    state.is_settled::<Application>(number) && state.is_settled::<Assessment>(number)
}

/// Checks that a subscription that is contracted or under review is paid, and that any other is
/// unpaid or refunded. Only one under review has an underwriter.
fn check_subscription(
    state: &impl StateReader,
    number: u64,
    subscription: &Subscription,
) -> Result<(), String> {
    use {subscription::Status as S, underwriting::Status as U};
    let payment = state.get::<Payment>(number).stage();
    let underwriting = state.get::<Underwriting>(number);
    let clerk = Roster::clerk_of(state, number);
    let (stages, assigned): (&[Stage], _) = match (&subscription.status, underwriting.status) {
        (S::UnderReview, U::Assigned) => {
            (&[Stage::Approved], underwriting.case.map(|case| case.underwriter))
        }
        (S::Contracted, U::Approved) => (&[Stage::Approved], None),
        // Where the refund was declined, the cashier has not given the money back yet.
        (S::Refused, U::Refused) => (&[Stage::Refunded, Stage::RefundDeclined], None),
        (S::Cancelling, U::Blank | U::Withdrawn) => (&[Stage::RefundDeclined], None),
        (S::Cancelled, U::Blank | U::Withdrawn) => {
            (&[Stage::Blank, Stage::Declined, Stage::Refunded], None)
        }
        (S::Rejected { .. }, U::Blank) => (&[Stage::Blank, Stage::Declined], None),
        _ => (&[], None),
    };
    let holds = stages.contains(&payment) && clerk == assigned;
    ensure(holds || !is_settled(state, number), || {
        let status = subscription.status.word();
        format!(
            "insurance/subscriptions {number} is {status}, its payment {payment:?}, \
             {underwriting:?}, assigned to {clerk:?}"
        )
    })
}

/// Checks that the open work of a roster is an assigned underwriting.
fn check_roster(state: &impl StateReader, roster: &Roster) -> Result<(), String> {
    roster.open().keys().try_for_each(|number| {
        let status = state.get::<Underwriting>(*number).status;
        let is_assigned = status == underwriting::Status::Assigned;
        ensure(is_assigned || !is_settled(state, *number), || {
            format!("insurance/underwritings {number} is {status:?}, but open in a roster")
        })
    })
}
