//! How clients are told that the journal takes nothing, or lost what it took; and how it is noted.

use super::{
    diary::{Diary, Note},
    facade::Trouble,
    room::busy,
};
use crate::store::journal::{Lost, Refusal, SubmitError, Turn, Witness};
use std::sync::Arc;

/// Notes when the journal broke and when it healed.
pub fn witness(diary: &Arc<Diary>) -> Witness {
    // The diary writes into the journal, so that it is the journal's to be dropped last.
    let diary = Arc::downgrade(diary);
    Arc::new(move |turn| {
        let note = match turn {
            Turn::Broke { because } => {
                tracing::error!(%because, "the journal takes nothing more");
                Note::JournalBroke { because: because.to_string() }
            }
            Turn::Healed { after } => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                tracing::info!(after_ms, "the journal takes submissions again");
                Note::JournalHealed { after_ms }
            }
        };
        if let Some(diary) = diary.upgrade() {
            diary.note(note);
        }
    })
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let because = refusal.to_string();
        match refusal {
            Refusal::NoSpace { .. } | Refusal::Quota => Self::NoSpace(because),
            Refusal::ReadOnly => Self::ReadOnly(because),
        }
    }
}

impl From<SubmitError> for Trouble {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => refusal.into(),
            SubmitError::Full | SubmitError::Stale | SubmitError::Replaced => busy("the journal"),
            SubmitError::Closed(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Refused(refusal) => refusal.into(),
            Lost::InDoubt(_) => Self::Failed(lost.to_string()),
        }
    }
}
