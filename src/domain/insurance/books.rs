//! What adds up in an insurance company: who is insured or under review has paid, nobody else has,
//! and every open case lies on one underwriter's desk.

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
use crate::domain::kernel::{Books, Id, Number, payment::Stage};
use std::collections::BTreeMap;

/// Checks the whole company.
///
/// # Errors
/// What does not add up.
pub(super) fn add_up(books: &impl Books) -> Result<(), String> {
    let roster = books.get::<Roster>(Roster::THE.number());
    let catalogue = books.get::<Catalogue>(Catalogue::THE.number());
    books.each::<Subscription>(|number, subscription| {
        if is_settled(books, number) {
            subscription_adds_up(books, number, subscription, &roster)
        } else {
            Ok(())
        }
    })?;
    books.each::<Product>(|number, product| {
        if !books.is_settled::<Listing>(number)
            || product.listed() == catalogue.terms(Id::new(number))
        {
            return Ok(());
        }
        Err(format!("insurance/products {number} is {product:?}, and listed otherwise"))
    })?;
    roster_adds_up(books, &roster)
}

/// Whether nothing is on its way, neither money nor work.
fn is_settled(books: &impl Books, number: u64) -> bool {
    books.is_settled::<Application>(number) && books.is_settled::<Assessment>(number)
}

/// Who is insured or under review has paid once, and nobody else has paid anything.
fn subscription_adds_up(
    books: &impl Books,
    number: u64,
    subscription: &Subscription,
    roster: &Roster,
) -> Result<(), String> {
    let payment = books.get::<Payment>(number).stage();
    let underwriting = books.get::<Underwriting>(number);
    let clerk = roster.open().get(&number).copied();
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
        "insurance/subscriptions {number} is {status}, its payment {payment:?}, {underwriting:?}, on the desk of {clerk:?}"
    ))
}

/// Whoever has work has as much as is counted, and each piece is about somebody who applied.
fn roster_adds_up(books: &impl Books, roster: &Roster) -> Result<(), String> {
    let mut loads = BTreeMap::<Number, u64>::new();
    for clerk in roster.open().values() {
        *loads.entry(*clerk).or_default() += 1;
    }
    if let Some((clerk, open)) = loads.iter().find(|(clerk, open)| roster.load(**clerk) != **open) {
        let load = roster.load(*clerk);
        return Err(format!("the underwriter {clerk:?} has {open} cases, and {load} are counted"));
    }
    for number in roster.open().keys() {
        let status = books.get::<Underwriting>(*number).status();
        if is_settled(books, *number) && status != Status::Assigned {
            return Err(format!("insurance/underwritings {number} is {status:?}, and on a desk"));
        }
    }
    Ok(())
}
