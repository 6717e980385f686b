//! System streams: records about the runtime itself, in the journal under `madang/`.

use crate::{
    actors::{
        api::{RequestError, blocking},
        support::RETRY_PAUSE,
    },
    domain::kernel::Timestamp,
    store::{
        Payload, Principals, Record, Stream, codec,
        journal::{CommitError, Done, Entry, Journal, StoreError, Submission, SubmitError},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use tokio::sync::oneshot;

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
    place: Place,
    event: &E,
    time: Timestamp,
    done: Done,
) -> Result<(), SubmitError> {
    journal.submit(submission(place, event, time, done)).map(drop)
}

fn submission<E: Serialize>(
    Place { stream, after_version, generation }: Place,
    event: &E,
    time: Timestamp,
    done: Done,
) -> Submission {
    let payload = Payload::Event(codec::encode(event));
    Submission {
        after_version,
        entries: vec![Entry { payload, typed: None }],
        correlation: 0,
        done: Some(done),
        ..Submission::of(stream, generation, time)
    }
}

/// The one stream of a kind of records about the runtime. Its records are appended one at a time.
#[derive(Clone)]
pub struct SystemStream {
    journal: Arc<dyn Journal>,
    stream: Stream,
}

impl SystemStream {
    /// The stream of this kind.
    ///
    /// # Errors
    /// When the journal does not accept the kind.
    pub fn open(journal: Arc<dyn Journal>, kind: &str) -> Result<Self, StoreError> {
        let stream = Stream { kind: journal.kind(kind)?, number: 1 };
        Ok(Self { journal, stream })
    }

    /// Reads the durable records from the first to the last.
    ///
    /// # Errors
    /// When the disk fails, or this binary does not know the form of a record.
    pub fn each<E: DeserializeOwned>(
        &self,
        mut each: impl FnMut(E, &Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.journal.each_record(self.stream, 0, &mut |record| match &record.payload {
            Payload::Event(bytes) => each(read(bytes).map_err(StoreError::Failed)?, &record),
            _ => Ok(()),
        })
    }

    /// Appends one record, and waits for its commit.
    ///
    /// # Errors
    /// When the journal does not accept the record now. The inner error is that of the commit.
    pub async fn append<E: Serialize>(
        &self,
        event: &E,
        time: Timestamp,
        principals: Option<Arc<Principals>>,
    ) -> Result<Result<(), CommitError>, RequestError> {
        let Self { journal, stream } = self.clone();
        let generation = journal.generation();
        let after_version = blocking(move || journal.last_version(stream)).await?;
        let (committed, durable) = oneshot::channel();
        let done: Done = Box::new(move |outcome| drop(committed.send(outcome)));
        let place = Place { stream, after_version, generation };
        let submission = Submission { principals, ..submission(place, event, time, done) };
        self.journal.submit(submission)?;
        durable.await.map_err(|error| RequestError::Failed(error.to_string()))
    }

    /// Waits until the journal knows whether a record in doubt is on disk.
    ///
    /// # Errors
    /// When the journal is closed before that.
    pub async fn settled(&self) -> Result<(), SubmitError> {
        while self.journal.is_in_doubt() {
            self.journal.is_kept()?;
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        Ok(())
    }
}

/// Decodes a record about the runtime.
///
/// # Errors
/// When this binary does not know the form of the record.
pub fn read<E: DeserializeOwned>(bytes: &[u8]) -> Result<E, String> {
    codec::decode(bytes).map_err(|error| error.to_string())
}
