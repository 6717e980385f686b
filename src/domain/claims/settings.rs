//! What can be configured about claims: the section `[claims]`.

use crate::domain::kernel::{Timestamp, roster::Clerks};
use serde::{Deserialize, Serialize};

/// Who examines, and how long a customer who cancels is made to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The examiners, by number; whoever has the fewest reviews gets the next, the first of equals.
    pub examiners: Clerks,
    /// A cancellation that the review has not agreed to within this many milliseconds is refused
    /// with 503; 0 waits for as long as it takes, and the client gets 202. It is less than
    /// `http.patience_ms`: four fifths of that when nothing else is said and it must be less.
    pub cancel_within_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { examiners: Clerks::one(101), cancel_within_ms: 2_500 }
    }
}

impl Settings {
    /// Until when a review has to answer that is asked to be cancelled now; `None` when there is
    /// no limit.
    #[must_use]
    pub fn answer_by(&self, now: Timestamp) -> Option<Timestamp> {
        let within_ms = u64::from(self.cancel_within_ms);
        (within_ms > 0).then(|| now.after_ms(within_ms))
    }
}
