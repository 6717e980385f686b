//! The take-over: a new process continues for the server that has the data folder open.
//!
//! ```text
//! new                                    old
//!  │── TakeOver (version, format) ───────▶│ refuses a downgrade, and a second take-over
//!  │◀──────── Welcome (addresses) ────────│
//!  │  check-upgrade, by pages ───────────▶│
//!  │── Freeze ───────────────────────────▶│ holds requests, finishes those in flight,
//!  │◀──────── Yours, and listeners ───────│ closes the store
//!  │  opens the store                     │
//!  │── Alive, again and again ───────────▶│
//!  │── Serving ──────────────────────────▶│ forwards what it holds, and ends within 10 s
//! ```
//! The socket of this conversation is in the data folder, for its owner alone. The lock on the
//! store decides who serves: when one of the two processes dies, the other opens the store.

mod message;
mod new;
mod old;
mod socket;
mod steps;

pub use message::Addresses;
pub use new::{Begun, Predecessor, begin, pages_of};
pub use old::{Control, Successor, Verdict};
pub use socket::{Place, RELAY};
pub use steps::Steps;
