//! The errors of a commit.

use super::{space::Refusal, tree::TreeError};

/// Why a commit failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The commit was not begun, and nothing is damaged.
    #[error("{0}")]
    Refused(Refusal),
    /// The commit was begun; the reopening shows what is on disk.
    #[error("{0}")]
    Broken(String),
    /// The commit was begun; the files do not hold what was written to them, and reopening does not
    /// change that.
    #[error("{0}")]
    Damaged(String),
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Damaged(reason) => Self::Damaged(reason),
            TreeError::Failed(reason) => Self::Broken(reason),
        }
    }
}
