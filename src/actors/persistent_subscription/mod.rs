//! Persistent subscriptions: named readers of the journal whose position the server keeps, for
//! competing consumers in other programs.
//!
//! ```text
//! registry ── all subscriptions, by name
//!   └─ subscription: one machine behind a short lock ── stored: its values in the journal
//!        └─ machine, pure: open, claimed and parked events
//! ```
//! A subscriber of this process is in `actors/subscription` instead: it runs here, and has no
//! consumers.

mod definition;
mod error;
mod machine;
mod registry;
mod sealing;
mod stored;
mod subscription;

pub use definition::{
    Definition, GATES_OF_WEBHOOKS, Secret, SubscriptionTerms, Webhook, check_name,
};
pub use error::SubscriptionError;
pub use machine::{Acknowledged, ClaimId, Figures, Freed, Given, ParkedEvent, Refusal, Wish};
pub use registry::Subscriptions;
pub use stored::{SUBSCRIPTIONS, fitting, flaws};
pub use subscription::{Ahead, Subscription};
