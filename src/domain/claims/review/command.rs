//! Commands of a review.

use super::File;
use crate::domain::kernel::{Money, Number, Timestamp};
use serde::{Deserialize, Serialize};

/// Commands of a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Assigns the examiner.
    Assign {
        /// The review file.
        file: File,
    },
    /// The examiner approves the claim.
    Approve {
        /// The claim that the examiner names, if any; it must be the right one.
        claim: Option<Number>,
        /// The contract under which the claim is paid.
        cont_id: Number,
        /// The approved price, in won; `None` approves the price claimed.
        price: Option<Money>,
        /// The time of the decision, according to the client; `None` is now.
        review_dt: Option<Timestamp>,
    },
    /// The examiner declines the claim.
    Decline {
        /// The claim that the examiner names, if any; it must be the right one.
        claim: Option<Number>,
        /// The time of the decision, according to the client; `None` is now.
        review_dt: Option<Timestamp>,
    },
    /// Asks the desk to release the review, because the claim is to be cancelled.
    Release {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// Ends an attempt to cancel that failed: the review goes on.
    Keep {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// Cancels the review, because the claim agreed to this attempt.
    Cancel {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The desk released the review.
    ConfirmRelease {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The desk refused to release the review.
    DeclineRelease {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The desk did not answer; whether it released the review is unknown.
    LoseRelease {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The desk has the review, whether it had released it or not.
    ConfirmRetain {
        /// The attempt to cancel that is over.
        attempt: u32,
    },
    /// A client repeats that an examiner is assigned; changes nothing.
    Restate,
    /// The gate rejected the request to the desk, so the desk released nothing.
    TurnAwayRelease {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
}
