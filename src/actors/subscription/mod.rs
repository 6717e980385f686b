//! Catch-up subscriptions to the journal with a checkpoint, shared by sagas, effects and views.

mod cursor;
mod progress;
mod services;
mod subscriber;
#[cfg(test)]
pub mod testing;

pub use cursor::{Cursor, origin_of};
pub use progress::Progress;
pub use services::SubscriberServices;
pub use subscriber::{Subscriber, TURN_RECORDS_MAX, Wake};
