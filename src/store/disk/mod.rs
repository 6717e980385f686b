//! The files of the journal: sled behind a write-ahead log, the keys and their layout, reads, the
//! free space, and the mark.

mod ascending;
mod batch;
mod failure;
pub mod files;
mod histories;
pub mod keys;
pub mod layout;
pub mod log_check;
pub mod mark;
mod merge;
pub mod reading;
mod sled_files;
mod space;
pub mod synced;
mod tree;
pub mod walk;
pub mod write_ahead;
mod write_back;

pub use ascending::Ascending;
pub use batch::Batch;
pub use failure::Failure;
pub use files::{Files, Locked};
pub use histories::Histories;
pub use keys::StreamGroup;
pub use layout::{
    Commit, FORMAT, FORMAT_READ_MIN, Run, Totals, YOUNG_VERSIONS_MAX, YoungRecord, next_record,
    push_record,
};
pub use mark::{Answers, Found, Mark, MarkFile};
pub use merge::{Merge, YoungRecords};
pub use reading::Head;
pub use space::Refusal;
pub use synced::Disk;
pub use tree::{ADVICE, Tree, is_guarded};
pub use walk::Walk;
