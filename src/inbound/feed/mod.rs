//! The feed of events: the newest ones in memory, and cursors of clients.
//!
//! ```text
//! journal ─▶ hub: the newest events, each encoded once ──┐
//!    └─────▶ older events, read by a cursor that is behind ┴─▶ cursor ─▶ stream of a client
//! ```
//! A cursor has no queue. It returns only the events that its client may see.

mod cloud_event;
mod cursor;
mod hub;
mod start;
mod watched;

pub use cloud_event::{encoded, message};
pub use cursor::{Cursor, Step};
pub use hub::{Frame, Hub, too_many};
pub use start::{check_reached, position, start};
