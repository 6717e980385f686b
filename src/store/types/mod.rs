//! The types of the store: records and their parts, answers, leases, options and errors.

mod answers;
mod error;
mod figures;
pub mod kind_set;
mod lease;
mod options;
mod principals;
mod record;
mod snapshot;

pub use answers::{Answer, Answers, KeptAnswer, UNPLACED};
pub use error::{OpenError, StoreError};
pub use figures::JournalFigures;
pub use kind_set::{KindSet, interested_kind};
pub use lease::Lease;
pub use options::JournalOptions;
pub use principals::{Principal, Principals, SUBJECT_BYTES_MAX, Subject};
pub use record::{
    Cause, KindId, Origin, Payload, Record, StoreId, StoredAnswer, StoredOutcome, StoredReply,
    StoredSuccess, Stream,
};
pub use snapshot::Snapshot;
