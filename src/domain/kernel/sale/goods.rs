//! The goods of a sale: what is sold, at what price, and how it is called in its business.

use super::super::{Business, Money, payment::Bill};

/// What is sold. The fields of the type are the body of the request that places an order, and its
/// representation. It may have no field `id`, `amount`, `status` or `reason`.
///
/// ```
/// use madang::domain::kernel::{payment::{Bill, Receipt}, prelude::*, sale::{self, Goods}};
///
/// /// Tickets in a theatre.
/// #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Tickets { guest: Text, seats: Quantity }
///
/// impl Goods for Tickets {
///     const ORDERS: &'static str = "theatre/orders";
///     const BILLING: &'static str = "theatre/billing";
///     const HAND_OVER: (&'static str, &'static str) = ("admit", "Admitted");
///
///     fn price(&self, _settings: &Empty) -> Result<Money, String> {
///         let price = Money(20_000).times(self.seats);
///         price.ok_or_else(|| "the seats are too many".to_owned())
///     }
/// }
///
/// impl Bill for Tickets {
///     type Business = Theatre;
///     const NAME: &'static str = "theatre/payments";
///     const PORT: &'static str = "theatre/payment";
///     const CASHIER: &'static str = "usher";
///
///     fn details(&self) -> Value { json!({ "seats": self.seats }) }
///
///     fn show(&self, Receipt { number, amount, stage, reason }: Receipt) -> impl Serialize {
///         object! { "id": number, "amount": amount, "status": stage.word(), "reason"?: reason }
///     }
/// }
///
/// struct Theatre;
///
/// impl Business for Theatre {
///     const NAME: &'static str = "theatre";
///     type Settings = Empty;
///
///     fn install(host: &mut impl Host) {
///         sale::install::<Tickets>(host);
///     }
///
///     fn check_invariants(state: &impl StateReader) -> Result<(), String> {
///         sale::check_invariants::<Tickets>(state)
///     }
/// }
/// ```
pub trait Goods: Bill {
    /// The name of the orders, `business/resource`. It never changes once written to a journal.
    const ORDERS: &'static str;

    /// The name of the saga between an order and its payment, `business/name`. It never changes
    /// once written to a journal.
    const BILLING: &'static str;

    /// The name of the command that hands the goods over, and the word of the status after it.
    const HAND_OVER: (&'static str, &'static str) = ("hand-over", "HandedOver");

    /// The role that hands the goods over.
    const CLERK: &'static str = Self::CASHIER;

    /// The price of the goods now. It is stored with the order, so a later price does not change it.
    ///
    /// # Errors
    /// The reason why these goods are not for sale, as a sentence for the client. The answer is 422.
    fn price(&self, settings: &<Self::Business as Business>::Settings) -> Result<Money, String>;
}
