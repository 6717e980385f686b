//! Options of a journal.

use super::figures::JournalFigures;
use crate::{described, store::faults::Faults};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

described! {
    /// Options for opening a journal: section `[journal]` of the configuration, and what the server
    /// adds to it.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct JournalOptions {
        /// Memory for pages of the store, in bytes, at least 1 MiB.
        pub cache_bytes: u64,
        /// A commit gets no further submission once it holds this many records. Past a few hundred
        /// the cost per record rises again.
        pub commit_records_max: usize,
        /// Most records that may wait for a commit before submitting is refused (503). A submission
        /// without records counts as one.
        pub queue_records_max: usize,
        /// Number of the latest records that are kept in memory for subscribers. Those not yet
        /// durable are kept in any case.
        pub feed_records_max: usize,
        /// Bytes of the file system that are left free, but at most a twentieth of it. Submitting
        /// is refused while less is free (507).
        pub reserve_bytes: u64,
        /// Minimum time, in seconds, that answers under idempotency keys are kept, at least 60.
        /// Afterwards the key is new.
        pub answers_kept_s: u64,
        /// The folder of the views. Their cursors show the last position of the journal. None by
        /// default.
        #[serde(skip)]
        pub views: Option<PathBuf>,
        /// Whether a journal that lacks acknowledged history is opened, and the loss recorded. By
        /// default the opening is refused.
        #[serde(skip)]
        pub accept_loss: bool,
        /// Whether the target of a restore or an import that is not finished is opened. By default
        /// the opening is refused.
        #[serde(skip)]
        pub is_unfinished: bool,
        /// Faults to inject; none by default.
        #[serde(skip)]
        pub faults: Faults,
        /// What the journal measures of itself. Each journal has its own.
        #[serde(skip)]
        pub figures: Arc<JournalFigures>,
    }
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
            is_unfinished: false,
            faults: Faults::default(),
            figures: Arc::default(),
        }
    }
}
