//! System streams: records about the runtime itself, in the journal under `madang/`.

use crate::{
    actors::support::RETRY_PAUSE,
    domain::kernel::Timestamp,
    store::{
        Payload, Stream, codec,
        journal::{Done, Entry, Journal, Submission, SubmitError},
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// The place of a record about the runtime.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The stream of the record.
    pub stream: Stream,
    /// The last version of that stream.
    pub after_version: u32,
    /// The journal's generation in which that version was read.
    pub generation: u64,
}

/// Submits one record about the runtime; `done` is called when it is durable or lost.
///
/// # Errors
/// When the journal does not accept the record now. `done` is then not called.
pub fn submit<E: Serialize>(
    journal: &dyn Journal,
    Place { stream, after_version, generation }: Place,
    event: &E,
    time: Timestamp,
    done: Done,
) -> Result<(), SubmitError> {
    let payload = Payload::Event(codec::encode(event));
    let submission = Submission {
        after_version,
        entries: vec![Entry { payload, typed: None }],
        correlation: 0,
        done: Some(done),
        ..Submission::of(stream, generation, time)
    };
    journal.submit(submission).map(drop)
}

/// Waits until the journal knows whether a record in doubt is on disk.
///
/// # Errors
/// When the journal is closed before that.
pub async fn settled(journal: &dyn Journal) -> Result<(), SubmitError> {
    while journal.is_in_doubt() {
        journal.is_kept()?;
        tokio::time::sleep(RETRY_PAUSE).await;
    }
    Ok(())
}

/// Decodes a record about the runtime.
///
/// # Errors
/// When this binary does not know the form of the record.
pub fn read<E: DeserializeOwned>(bytes: &[u8]) -> Result<E, String> {
    codec::decode(bytes).map_err(|error| error.to_string())
}
