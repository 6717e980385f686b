//! Conversions of journal errors into request errors.

use super::error::{RequestError, busy};
use crate::{
    actors::support::{begin_brief, run_blocking},
    store::journal::{CommitError, Refusal, StoreError, SubmitError},
};

impl From<Refusal> for RequestError {
    fn from(refusal: Refusal) -> Self {
        let reason = refusal.to_string();
        match refusal {
            Refusal::NoSpace { .. } | Refusal::Quota => Self::NoSpace(reason),
            Refusal::ReadOnly => Self::ReadOnly(reason),
        }
    }
}

impl From<SubmitError> for RequestError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => refusal.into(),
            SubmitError::Full | SubmitError::Stale | SubmitError::Replaced => busy("the journal"),
            SubmitError::Closed(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<CommitError> for RequestError {
    fn from(lost: CommitError) -> Self {
        match lost {
            CommitError::Refused(refusal) => refusal.into(),
            CommitError::InDoubt(_) => Self::Failed(lost.to_string()),
        }
    }
}

impl From<StoreError> for RequestError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs work that may wait for the disk on a thread for blocking work, off the event loop.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, RequestError> {
    Ok(run_blocking(work).await.map_err(RequestError::Failed)??)
}

/// Begins one read of the store off the event loop, together with the others of this turn.
pub fn begin_read<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> impl Future<Output = Result<T, RequestError>> {
    let begun = begin_brief(read);
    async { Ok(begun.await.map_err(RequestError::Failed)??) }
}
