//! What the runtime writes into the journal about itself, in streams of its own under `madang/`.

use crate::{
    domain::kernel::Timestamp,
    store::{
        Cause, Payload, Stream, codec,
        journal::{Done, Entry, Journal, Submission, SubmitError},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// The pause before a journal that is failing is asked again.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Where a record about the runtime goes.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Whose history it is.
    pub stream: Stream,
    /// The last version of that history.
    pub after_version: u32,
    /// The journal's generation in which that was so.
    pub generation: u64,
}

/// Submits one record about the runtime; `done` hears when it is durable.
///
/// # Errors
/// When the journal does not take it now; `done` hears nothing then.
pub fn submit<E: Serialize>(
    journal: &Journal,
    Place { stream, after_version, generation }: Place,
    event: &E,
    time: Timestamp,
    done: Done,
) -> Result<(), SubmitError> {
    let payload = Payload::Event(codec::encode(event));
    let submission = Submission {
        stream,
        after_version,
        generation,
        entries: vec![Entry { payload, typed: None }],
        time,
        correlation: 0,
        cause: Cause::Request(None),
        answer: None,
        snapshot: None,
        leases: [None, None],
        done: Some(done),
    };
    journal.submit(submission).map(drop)
}

/// Waits until it shows whether what was in doubt is on disk after all.
///
/// # Errors
/// When the journal is closed before.
pub async fn settled(journal: &Journal) -> Result<(), SubmitError> {
    while journal.is_in_doubt() {
        journal.is_kept()?;
        tokio::time::sleep(RETRY_PAUSE).await;
    }
    Ok(())
}

/// Reads such a record back.
///
/// # Errors
/// When this binary does not understand it.
pub fn read<E: DeserializeOwned>(bytes: &[u8]) -> Result<E, String> {
    codec::decode(bytes).map_err(|error| error.to_string())
}
