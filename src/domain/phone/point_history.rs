//! The view of the points of customers: every grant and every reclaim, and the customer's balance
//! after it.
//!
//! An order without a customer has a balance of its own. A reward of 0 points adds no row.

use super::reward::{Event, Reward};
use crate::domain::kernel::{Total, prelude::*};

/// One movement of points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PointHistory {
    /// The position of the event's record.
    pub id: u64,
    pub order_id: u64,
    /// The reward, which has the order's number.
    pub reward_id: u64,
    pub customer_id: Option<Text>,
    /// `Granted` or `Reclaimed`.
    pub process: Text,
    pub point: Money,
    /// All points of this customer, or of this order when it names none, that are granted and not
    /// reclaimed, after this movement.
    pub balance: Total,
    pub time: Timestamp,
}

impl View for PointHistory {
    const NAME: &'static str = "phone/pointHistories";
    type Events = (Id<Reward>, Event);
    const FIELDS: &'static [Field] = fields!(
        key "id"; number "orderId", "rewardId"; text "customerId", "process"; number "point",
        "balance"; time "time"
    );
    /// Older binaries wrote one balance of all customers.
    const SHAPE: u32 = 2;

    const LINKS: &'static [Link] =
        &[Link::to::<Reward>("reward", "rewardId"), Link::to_conversation("orderId")];

    fn key((_, event): &Self::Events, meta: &Meta) -> Option<u64> {
        movement(event).map(|_| meta.position)
    }

    fn continues((reward, event): &Self::Events) -> Option<Filter> {
        let (.., customer) = movement(event)?;
        Some(match customer {
            Some(customer) => Filter::Is("customerId", customer.0.clone()),
            None => Filter::Equals("orderId", reward.number()),
        })
    }

    fn fold(last: Option<Self>, (reward, event): Self::Events, meta: &Meta) -> Option<Self> {
        let (is_granted, point, customer) = movement(&event)?;
        let last = last.map(|row| row.balance).unwrap_or_default();
        let (process, balance) = if is_granted {
            ("Granted", last.plus(point))
        } else {
            ("Reclaimed", last.less(point))
        };
        let number = reward.number();
        Some(Self {
            id: meta.position,
            order_id: number,
            reward_id: number,
            customer_id: customer.cloned(),
            process: process.into(),
            point,
            balance,
            time: meta.time,
        })
    }
}

/// Whether an event grants points or takes them back, their number, and the customer; `None` when it
/// moves none.
fn movement(event: &Event) -> Option<(bool, Money, Option<&Text>)> {
    let (is_granted, points, customer) = match event {
        Event::Granted { points, customer } | Event::Restored { points, again: true, customer } => {
            (true, *points, customer)
        }
        Event::Reclaimed { points, customer, .. }
        | Event::ReclaimedLate { points, customer, .. } => (false, *points, customer),
        _ => return None,
    };
    (points > Money::ZERO).then_some((is_granted, points, customer.as_ref()))
}
