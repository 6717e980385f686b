//! Settings of the claims business: the section `[claims]`.

use crate::{
    described,
    domain::kernel::{Timestamp, roster::Clerks},
};
use serde::{Deserialize, Serialize};

described! {
    /// Settings: the examiners, and the time limit of a cancellation.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Settings {
        /// Numbers of the examiners. The examiner with the fewest reviews gets the next claim;
        /// among equally loaded ones the first gets it.
        pub examiners: Clerks,
        /// Time limit of a cancellation, in milliseconds: without the review's agreement by then it
        /// is refused with 503. 0 sets no limit, and the client gets 202. The value is less than
        /// `http.wait_max_ms`; an unset value is lowered to four fifths of that where necessary.
        pub cancel_within_ms: u32,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { examiners: Clerks::one(101), cancel_within_ms: 2_500 }
    }
}

impl Settings {
    /// The time by which a review must answer a cancellation that starts now; `None` when there is
    /// no limit.
    #[must_use]
    pub fn answer_by(&self, now: Timestamp) -> Option<Timestamp> {
        let within_ms = u64::from(self.cancel_within_ms);
        (within_ms > 0).then(|| now.after_ms(within_ms))
    }
}
