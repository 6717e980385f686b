//! The saga that cancels an order which was paid and is not collected in time.

use super::{Command::Cancel, Event, Order};
use madang::domain::kernel::prelude::*;

/// The time in which an order is collected: three days, in milliseconds.
const COLLECT_WITHIN_MS: u64 = 3 * 24 * 60 * 60 * 1_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Collecting {
    #[default]
    Idle,
    /// The order is paid, and the timer is set.
    Waiting,
    /// The time is up, and `Cancel` was sent to the order.
    Cancelling,
}

impl Saga for Collecting {
    const NAME: &'static str = "bakery/collecting";
    type Events = (Id<Order>, Event);

    fn react(self, _: Id<Self>, (_, event): Self::Events, meta: &Meta) -> Step<Self> {
        match event {
            Event::Paid => {
                Step::wait(Self::Waiting).set_timer(meta.time.after_ms(COLLECT_WITHIN_MS))
            }
            Event::HandedOver | Event::Cancelled => Step::done(),
            _ => Step::wait(self),
        }
    }

    fn on_timer(self, me: Id<Self>, _: Timestamp) -> Step<Self> {
        Step::wait(Self::Cancelling).send(me.of::<Order>(), Cancel)
    }

    /// The order was handed over or cancelled a moment before.
    fn on_rejected(self, _: Id<Self>, _: &RejectedCommand) -> Step<Self> {
        Step::done()
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Idle => WaitsFor::Nothing,
            Self::Waiting => WaitsFor::Person("customer"),
            Self::Cancelling => WaitsFor::Part(Order::NAME),
        }
    }
}
