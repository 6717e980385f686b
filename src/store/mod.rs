//! What is remembered: the journal (sled) and the read models (`SQLite`).
//!
//! A submission's way through the journal: [`journal`] is the door, `front` queues it under one
//! lock, `writer` commits it, by `batching`, in the `layout` that `reading` reads, `disk` makes it durable,
//! `feed` shows it to those who listen, [`audit`] proves it all.
//!
//! What sled cannot tell about damage: `mark` keeps how far the journal was, `integrity` compares the
//! two at a start, `log_check` reads the log before sled does, `files` notices files that vanish,
//! and `tree` turns errors and panics of sled into sentences.

mod answers;
pub mod audit;
mod batching;
pub mod codec;
mod disk;
pub mod faults;
mod feed;
mod files;
mod front;
mod healing;
mod integrity;
pub mod journal;
mod keys;
mod kinds;
mod layout;
mod lease;
mod log_check;
mod mark;
mod marking;
mod opening;
pub mod permissions;
pub mod read_model;
mod reading;
mod record;
mod shared;
mod space;
mod stopwatch;
mod submission;
mod sync;
mod tree;
mod turns;
mod walk;
mod whole;
mod writer;

pub use answers::{Answer, Answers, UNPLACED};
pub use kinds::KindSet;
pub use lease::Lease;
pub use record::{
    Cause, KindId, Origin, Payload, Record, StoreId, StoredAnswer, StoredOutcome, StoredReply,
    StoredSuccess, Stream,
};
pub use tree::is_guarded;

#[cfg(test)]
mod tests;
