//! What no world of a business can reach, each with the reason.

const REJECTED_BY_PAYMENT: &str = "only a payment that fails rejects it";
const NO_DETAILS_ADDED: &str = "only passengers add details to a bill";
const OF_AN_OLD_STORE: &str = "only a store of a version before has it";

const CANCELLED_FOR_NOTHING: &str = "no customer pays to cancel a claim";

pub(crate) const CLAIMS: &[(&str, &str)] = &[
    ("state refusal.how.Unpaid of claims/claims", CANCELLED_FOR_NOTHING),
    ("state release.Failed.how.Unpaid of claims/reviews", CANCELLED_FOR_NOTHING),
];

pub(crate) const EDUCATION: &[(&str, &str)] =
    &[("command Amend of education/payments", NO_DETAILS_ADDED)];

pub(crate) const INSURANCE: &[(&str, &str)] = &[
    ("command Amend of insurance/payments", NO_DETAILS_ADDED),
    ("command Price of insurance/subscriptions", OF_AN_OLD_STORE),
    (
        "state Closing.roster.Settled of insurance/assessment",
        "the underwriting is closed first, and the commands of one saga are answered in order",
    ),
    (
        "state Closing.underwriting.Asked of insurance/assessment",
        "an underwriting that was asked for is withdrawn without waiting for it",
    ),
];

pub(crate) const PHONE: &[(&str, &str)] = &[
    ("command Amend of phone/payments", NO_DETAILS_ADDED),
    ("state status.Paid.kept.Unpaid of phone/orders", "no customer pays to cancel an order"),
    ("state status.Rejected.how.Refused of phone/orders", REJECTED_BY_PAYMENT),
];

pub(crate) const RENTAL: &[(&str, &str)] = &[("command Amend of rental/pays", NO_DETAILS_ADDED)];

pub(crate) const TAXI: &[(&str, &str)] = &[
    (
        "state Completing.reservation.Undone of taxi/ride",
        "the taxi is released first, and the commands of one saga are answered in order",
    ),
    (
        "state Completing.taxi.Asked of taxi/ride",
        "an order is confirmed after its taxi has answered",
    ),
    (
        "state Completing.taxi.Held of taxi/ride",
        "a taxi is released as soon as the ride is completed",
    ),
    (
        "state Confirming.taxi.Asked of taxi/ride",
        "a reservation is confirmed after its taxi has answered",
    ),
    (
        "state Confirming.taxi.Releasing of taxi/ride",
        "a taxi is released only when the order is cancelled or completed",
    ),
    (
        "state Riding.taxi.Releasing of taxi/ride",
        "a taxi is released only when the order is cancelled or completed",
    ),
    ("state Undoing.taxi.Held of taxi/ride", "a taxi is released as soon as the undoing begins"),
    ("state status.Rejected.how.Refused of taxi/orders", REJECTED_BY_PAYMENT),
];
