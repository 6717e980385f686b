//! How a commit fails.

use super::{space::Refusal, tree::TreeError};

/// Why a commit came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing was begun, and nothing is broken.
    #[error("{0}")]
    Refused(Refusal),
    /// It was begun; what is on disk shows after the reopening.
    #[error("{0}")]
    Broken(String),
    /// It was begun; the files do not hold what was written to them, and opening them again does
    /// not change that.
    #[error("{0}")]
    Damaged(String),
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Damaged(because) => Self::Damaged(because),
            TreeError::Failed(because) => Self::Broken(because),
        }
    }
}
