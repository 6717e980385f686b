//! Review of a claim by an examiner. The review has the claim's number.
//!
//! ```text
//!            approved                      decided meanwhile: a cancellation gets 409
//! Assigned ─────────────▶ Approved
//!  ▲  │ └───────────────▶ Declined
//!  │  │      declined
//!  │  │ release asked              the desk released it             the claim agrees
//!  │  └───────────────▶ Releasing ───────────────────▶ Released ─────────────────▶ Cancelled
//!  │                      │  │                          │
//!  └──────────────────────┘  └──────────────────────────┘
//!    the desk refused, or     the claim does not wait any more:
//!    did not answer           the release is withdrawn
//! ```
//! Examiners work at an external desk, which is asked to release a review before it is cancelled.
//! A release whose attempt failed is taken back there, under the key of that attempt. Meanwhile
//! the review stands: it can be decided on, but not cancelled.
//!
//! ```text
//!              withdrawn unanswered            answered         taken back
//! desk: Settled ─────────────────▶ Withdrawn ────────▶ TakingBack ───────▶ Settled
//!          └───────────────────────────────────────────▲
//!            not answered, or withdrawn after the answer
//! ```

mod event;
mod routes;
#[cfg(test)]
mod specs;

pub use event::{Event, File, Refusal, Stage};

use super::{Claims, EXAMINER, dates::given_or_now, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub(super) file: File,
    /// The time of the decision, once there is one.
    decided_at: Option<Timestamp>,
    pub(super) status: Status,
    desk: Desk,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Assigned: "Assigned", "Assigned Examiner";
        Approved: "Approved", "Approved Review";
        Declined: "Declined", "Declined Review";
        /// The desk was asked to release the review.
        Releasing { attempt: u32 }: "Releasing";
        /// The desk released the review; it is cancelled as soon as the claim agrees.
        Released { attempt: u32 }: "Releasing";
        Cancelled: "Cancelled";
    }
}

/// The answer that the desk owes about a release that is not wanted any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Desk {
    /// No answer.
    #[default]
    Settled,
    /// The answer to the release, which was withdrawn before the desk answered.
    Withdrawn { attempt: u32 },
    /// The answer to the request to take the review back.
    TakingBack { attempt: u32 },
}

/// The commands of a review. An attempt is an attempt to cancel the claim, counted by the claim. The
/// claim that the examiner names, if any, must be the right one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The examiner gets the review.
    Assign { file: File },
    /// Without a price, the price claimed is approved. Without a time, the decision is made now.
    Approve {
        claim: Option<Number>,
        cont_id: Number,
        price: Option<Money>,
        review_dt: Option<Timestamp>,
    },
    /// Without a time, the decision is made now.
    Decline { claim: Option<Number>, review_dt: Option<Timestamp> },
    /// The claim is to be cancelled, so the desk is asked to release the review.
    Release { attempt: u32 },
    /// The attempt to cancel failed: the review goes on.
    Keep { attempt: u32 },
    /// The claim agreed to this attempt.
    Cancel { attempt: u32 },
    /// The desk released the review.
    ConfirmRelease { attempt: u32 },
    /// The desk refused to release the review.
    DeclineRelease { attempt: u32, reason: String },
    /// The desk did not answer; whether it released the review is unknown.
    LoseRelease { attempt: u32, reason: String },
    /// The desk has the review, whether it had released it or not.
    ConfirmRetain { attempt: u32 },
    /// A client repeats that an examiner is assigned.
    Restate,
    /// The gate refused the request to the desk, so the desk released nothing.
    TurnAwayRelease { attempt: u32, reason: String },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such review";
        OtherClaim: invalid "the review is about another claim";
        NoPrice: invalid "the price must be at least 1 won";
        IsApproved: "the review has been approved already";
        IsDeclined: "the review has been declined already";
        IsCancelled: "the review is cancelled";
        IsBeingCancelled: "the review is being cancelled";
        DeskIsBusy: "the review desk has not answered yet";
        NotReleased: "the review has not been released";
        AlreadyAnswered: "the review desk has been heard already";
        AboveClaim { claimed: Money, price: Money }:
            invalid "{claimed} were claimed, and {price} are more";
        BadDate: invalid "`reviewDt` is in milliseconds, from the year 2000 to tomorrow";
    }
}

impl Aggregate for Review {
    const NAME: &'static str = "claims/reviews";
    // 2: with the date of the decision.
    const SHAPE: u32 = 2;
    type Business = Claims;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Restate => Issuer::Anyone,
            Approve { .. } | Decline { .. } => Issuer::Staff(&[EXAMINER]),
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        let file = self.file;
        let dated = |date| given_or_now(date, now).map(Some).ok_or(Rejection::BadDate);
        let event = match (self.status, command) {
            (S::Blank, Assign { file }) => Assigned { file },
            (S::Assigned | S::Approved, Approve { claim: Some(claim), .. })
            | (S::Assigned | S::Declined, Decline { claim: Some(claim), .. })
                if claim != file.claim_id =>
            {
                return Err(Rejection::OtherClaim);
            }
            (S::Assigned, Approve { cont_id, price, review_dt, .. }) => {
                let approved = self.approved(cont_id, price)?;
                let (claimed, price) = (file.price, approved.price);
                if price > claimed {
                    return Err(Rejection::AboveClaim { claimed, price });
                }
                Approved { file: approved, review_dt: dated(review_dt)? }
            }
            (S::Assigned, Decline { review_dt, .. }) => {
                Declined { file, review_dt: dated(review_dt)? }
            }
            (S::Assigned, Release { attempt }) if self.desk == Desk::Settled => {
                ReleaseAsked { file, attempt }
            }
            (status, Keep { attempt }) if status == (S::Releasing { attempt }) => {
                ReleaseWithdrawn { file, attempt }
            }
            (status, Keep { attempt }) if status == (S::Released { attempt }) => {
                let withdrawn = ReleaseWithdrawn { file, attempt };
                return Ok(vec![withdrawn, self.retain(attempt)]);
            }
            (status, Cancel { attempt }) if status == (S::Released { attempt }) => {
                Cancelled { file }
            }
            (_, command) => return self.answered(command),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: Event) -> Self {
        let desk = match event {
            ReleaseWithdrawn { attempt, .. } => Desk::Withdrawn { attempt },
            RetainAsked { attempt, .. } => Desk::TakingBack { attempt },
            Retained { .. } => Desk::Settled,
            _ => self.desk,
        };
        let decided_at = event.review_dt().or(self.decided_at);
        Self { file: event.file(), decided_at, status: event.status(), desk }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let File { claim_id, customer_id, examiner_id, price, cont_id } = self.file;
        object! {
            "id": number, "claimId": claim_id, "examinerId": examiner_id,
            "customerId": customer_id, "contId": cont_id, "price": price,
            "status": self.status.word(), "reviewDt"?: self.decided_at,
        }
    }

    fn original_status(&self) -> Option<&'static str> {
        self.status.original_word()
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Assigned => &["approve", "decline"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        routes::all()
    }
}

impl Review {
    /// The part of the transition table about the desk's answers to a release, and to the request
    /// to take the review back.
    fn answered(&self, command: Command) -> Decision<Self> {
        let file = self.file;
        let refused = |attempt, how, reason| ReleaseRefused {
            file,
            attempt,
            refusal: Refusal { how, reason },
        };
        let is_asked = |attempt| self.status == Status::Releasing { attempt };
        let is_withdrawn = |attempt| self.desk == Desk::Withdrawn { attempt };
        let event = match command {
            ConfirmRelease { attempt } if is_asked(attempt) => Released { file, attempt },
            DeclineRelease { attempt, reason } if is_asked(attempt) => {
                refused(attempt, FailureKind::Refused, reason)
            }
            TurnAwayRelease { attempt, reason } if is_asked(attempt) => {
                refused(attempt, FailureKind::Unavailable, reason)
            }
            LoseRelease { attempt, reason } if is_asked(attempt) => {
                let refused = refused(attempt, FailureKind::Unavailable, reason);
                return Ok(vec![refused, self.retain(attempt)]);
            }

            ConfirmRelease { attempt } | LoseRelease { attempt, .. } if is_withdrawn(attempt) => {
                self.retain(attempt)
            }
            DeclineRelease { attempt, .. } | TurnAwayRelease { attempt, .. }
                if is_withdrawn(attempt) =>
            {
                Retained { file, attempt, stage: self.stage() }
            }
            ConfirmRetain { attempt } if self.desk == (Desk::TakingBack { attempt }) => {
                Retained { file, attempt, stage: self.stage() }
            }
            command => return self.already(&command),
        };
        Ok(vec![event])
    }

    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Assign { .. } | Restate)
            | (S::Declined, Decline { .. })
            | (S::Cancelled, Cancel { .. }) => Ok(vec![]),
            (status, Keep { .. }) if status != S::Cancelled => Ok(vec![]),
            (S::Approved, Approve { cont_id, price, .. })
                if self.approved(*cont_id, *price)? == self.file =>
            {
                Ok(vec![])
            }
            (status, Release { attempt }) if status == (S::Releasing { attempt: *attempt }) => {
                Ok(vec![])
            }
            (status, Release { attempt } | ConfirmRelease { attempt })
                if status == (S::Released { attempt: *attempt }) =>
            {
                Ok(vec![])
            }

            (
                _,
                ConfirmRelease { .. }
                | DeclineRelease { .. }
                | LoseRelease { .. }
                | TurnAwayRelease { .. }
                | ConfirmRetain { .. },
            ) => Err(Rejection::AlreadyAnswered),
            (S::Approved, _) => Err(Rejection::IsApproved),
            (S::Declined, _) => Err(Rejection::IsDeclined),
            (S::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, Cancel { .. }) => Err(Rejection::NotReleased),
            (S::Assigned, _) => Err(Rejection::DeskIsBusy),
            (_, _) => Err(Rejection::IsBeingCancelled),
        }
    }

    /// Asks the desk to take the review back.
    fn retain(&self, attempt: u32) -> Event {
        RetainAsked { file: self.file, attempt, stage: self.stage() }
    }

    /// The stage of the review. A review that is released to be cancelled is not decided on.
    const fn stage(&self) -> Stage {
        match self.status {
            Status::Approved => Stage::Approved,
            Status::Declined => Stage::Declined,
            _ => Stage::Assigned,
        }
    }

    /// The file after this approval.
    fn approved(&self, cont_id: Number, price: Option<Money>) -> Result<File, Rejection> {
        let price = price.unwrap_or(self.file.price);
        if price == Money::ZERO {
            return Err(Rejection::NoPrice);
        }
        Ok(File { cont_id: Some(cont_id), price, ..self.file })
    }
}
