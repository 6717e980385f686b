//! How the journal is kept.

use crate::store::faults::Faults;
use std::path::PathBuf;

/// How the journal is kept.
#[derive(Clone, Debug)]
pub struct JournalOptions {
    /// Memory for pages of the store, in bytes; 64 MiB unless said otherwise.
    pub cache_bytes: u64,
    /// A commit takes no further submission once it holds this many records; 512 unless said
    /// otherwise. Past a few hundred the cost per record rises again.
    pub commit_records_max: usize,
    /// How many records may wait for a commit before submitting is refused; 65,536 unless said
    /// otherwise. A submission without records counts as one.
    pub queue_records_max: usize,
    /// How many of the latest records are kept in memory for listeners; 16,384 unless said
    /// otherwise. Those not yet durable are kept in any case.
    pub feed_records_max: usize,
    /// So many bytes of the file system are left free, but at most a twentieth of it: once less
    /// is, submitting is refused; 16 MiB unless said otherwise.
    pub reserve_bytes: u64,
    /// Answers under idempotency keys are kept for so many seconds at least; 86,400 unless said
    /// otherwise.
    pub answers_kept_s: u64,
    /// The folder of the views, whose positions tell how far the journal was; none unless said
    /// otherwise.
    pub views: Option<PathBuf>,
    /// Whether a journal that lacks acknowledged history is opened, and the loss recorded; it is
    /// refused unless said otherwise.
    pub accept_loss: bool,
    /// What goes wrong on purpose; nothing unless said otherwise.
    pub faults: Faults,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            commit_records_max: 512,
            queue_records_max: 65_536,
            feed_records_max: 16_384,
            reserve_bytes: 16 << 20,
            answers_kept_s: 86_400,
            views: None,
            accept_loss: false,
            faults: Faults::default(),
        }
    }
}
