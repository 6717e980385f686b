//! What is remembered: the journal (sled) and the read models (SQLite).

pub mod journal;
mod record;

pub use record::{Cause, KindId, Origin, Payload, Record, StoredAnswer, StoredOutcome, Stream};
