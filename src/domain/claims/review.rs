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

mod command;
mod event;
mod rejection;
mod routes;
mod shown;
#[cfg(test)]
mod specs;

pub use command::Command;
pub use event::{Event, File, Stage};
pub use rejection::Rejection;

use super::{Claims, EXAMINER, dates::given_or_now, refusal::Refusal, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, FailureKind, Issuer, Method, Money, Number, Timestamp,
};
use routes::{ApproveBody, DeclineBody, ReferBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;

use Command::{
    Approve, Assign, Cancel, ConfirmRelease, ConfirmRetain, Decline, DeclineRelease, Keep,
    LoseRelease, Release, Restate, TurnAwayRelease,
};
use Event::{
    Approved, Assigned, Cancelled, Declined, ReleaseAsked, ReleaseRefused, ReleaseWithdrawn,
    Released, RetainAsked, Retained,
};

/// Review of a claim by an examiner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Review {
    file: File,
    /// The time of the decision, once there is one.
    decided_at: Option<Timestamp>,
    status: Status,
    desk: Desk,
}

/// Status of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Progress(Stage),
    Releasing {
        attempt: u32,
    },
    Released {
        attempt: u32,
    },
    Cancelled,
}

/// Answer still pending from the desk about a release that is no longer wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Desk {
    /// No answer is pending.
    #[default]
    Settled,
    /// The answer to the release, which was withdrawn before the desk answered.
    Withdrawn { attempt: u32 },
    /// The answer to the request to take the review back.
    TakingBack { attempt: u32 },
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
            Assign { .. }
            | Release { .. }
            | Keep { .. }
            | Cancel { .. }
            | ConfirmRelease { .. }
            | DeclineRelease { .. }
            | LoseRelease { .. }
            | TurnAwayRelease { .. }
            | ConfirmRetain { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        let file = self.file;
        match (self.status, command) {
            (S::Blank, Assign { file }) => Ok(vec![Assigned { file }]),
            (S::Progress(Stage::Assigned), Approve { claim, cont_id, price, review_dt }) => {
                let file = self.approved(claim, cont_id, price)?.within(self.file.price)?;
                Ok(vec![Approved { file, review_dt: dated(review_dt, now)? }])
            }
            (S::Progress(Stage::Assigned), Decline { claim, review_dt }) => {
                self.is_about(claim)?;
                Ok(vec![Declined { file, review_dt: dated(review_dt, now)? }])
            }
            (S::Progress(Stage::Assigned), Release { attempt }) => match self.desk {
                Desk::Settled => Ok(vec![ReleaseAsked { file, attempt }]),
                Desk::Withdrawn { .. } | Desk::TakingBack { .. } => Err(Rejection::DeskIsBusy),
            },
            (S::Releasing { attempt: asked } | S::Released { attempt: asked }, command) => {
                self.released(asked, command)
            }
            (status, command) => {
                self.settled(command).unwrap_or_else(|command| self.already(status, &command))
            }
        }
    }

    fn evolve(self, event: Event) -> Self {
        let (file, desk) = (event.file(), self.desk);
        let decided_at = event.review_dt().or(self.decided_at);
        let with = |status, desk| Self { file, decided_at, status, desk };
        let standing = |stage, desk| with(Status::Progress(stage), desk);
        match event {
            Assigned { .. } | ReleaseRefused { .. } => standing(Stage::Assigned, desk),
            ReleaseAsked { attempt, .. } => with(Status::Releasing { attempt }, desk),
            Released { attempt, .. } => with(Status::Released { attempt }, desk),
            ReleaseWithdrawn { attempt, .. } => {
                standing(Stage::Assigned, Desk::Withdrawn { attempt })
            }
            RetainAsked { attempt, stage, .. } => standing(stage, Desk::TakingBack { attempt }),
            Retained { stage, .. } => standing(stage, Desk::Settled),
            Approved { .. } => standing(Stage::Approved, desk),
            Declined { .. } => standing(Stage::Declined, desk),
            Cancelled { .. } => with(Status::Cancelled, desk),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        Shown {
            id: number,
            claim_id: self.file.claim_id,
            examiner_id: self.file.examiner_id,
            customer_id: self.file.customer_id,
            cont_id: self.file.cont_id,
            price: self.file.price,
            status: self.status(),
            review_dt: self.decided_at,
        }
    }

    fn original_status(&self) -> Option<&'static str> {
        match self.status {
            Status::Progress(Stage::Assigned) => Some("Assigned Examiner"),
            Status::Progress(Stage::Approved) => Some("Approved Review"),
            Status::Progress(Stage::Declined) => Some("Declined Review"),
            Status::Blank
            | Status::Releasing { .. }
            | Status::Released { .. }
            | Status::Cancelled => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Progress(Stage::Assigned) => &["approve", "decline"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .on_referenced("restate", ReferBody::means)
            .command("approve", ApproveBody::means)
            .command("decline", DeclineBody::means)
            .on_item("decide by status", [Method::Put], StatusBody::means)
            .on_item("decide by status", [Method::Patch], StatusBody::means)
    }
}

impl Review {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Progress(stage) => stage.name(),
            Status::Releasing { .. } | Status::Released { .. } => "Releasing",
            Status::Cancelled => "Cancelled",
        }
    }

    /// Returns the review file.
    #[must_use]
    pub const fn file(&self) -> File {
        self.file
    }

    /// Decides the part of the table about a review that is being cancelled.
    fn released(&self, asked: u32, command: Command) -> Decision<Self> {
        let (file, stage) = (self.file, Stage::Assigned);
        let is_released = matches!(self.status, Status::Released { .. });
        let refused = |attempt, how, reason| ReleaseRefused {
            file,
            attempt,
            refusal: Refusal { how, reason },
        };
        match command {
            ConfirmRelease { attempt } if attempt == asked && !is_released => {
                Ok(vec![Released { file, attempt }])
            }
            DeclineRelease { attempt, reason } if attempt == asked && !is_released => {
                Ok(vec![refused(attempt, FailureKind::Refused, reason)])
            }
            LoseRelease { attempt, reason } if attempt == asked && !is_released => {
                let refused = refused(attempt, FailureKind::Unavailable, reason);
                Ok(vec![refused, RetainAsked { file, attempt, stage }])
            }
            TurnAwayRelease { attempt, reason } if attempt == asked && !is_released => {
                Ok(vec![refused(attempt, FailureKind::Unavailable, reason)])
            }
            Keep { attempt } if attempt == asked && !is_released => {
                Ok(vec![ReleaseWithdrawn { file, attempt }])
            }
            Keep { attempt } if attempt == asked => {
                let withdrawn = ReleaseWithdrawn { file, attempt };
                Ok(vec![withdrawn, RetainAsked { file, attempt, stage }])
            }
            Cancel { attempt } if attempt == asked && is_released => Ok(vec![Cancelled { file }]),

            Release { attempt } if attempt == asked => Ok(vec![]),
            ConfirmRelease { attempt } if attempt == asked => Ok(vec![]),
            Assign { .. } | Restate | Keep { .. } => Ok(vec![]),
            Approve { .. } | Decline { .. } | Release { .. } => Err(Rejection::IsBeingCancelled),
            Cancel { .. } => Err(Rejection::NotReleased),
            ConfirmRelease { .. }
            | DeclineRelease { .. }
            | LoseRelease { .. }
            | TurnAwayRelease { .. }
            | ConfirmRetain { .. } => Err(Rejection::AlreadyAnswered),
        }
    }

    /// Decides the part of the table about the desk's answers to a release that is no longer
    /// wanted, at any stage. Returns a command that is no such answer as `Err`.
    fn settled(&self, command: Command) -> Result<Decision<Self>, Command> {
        let (file, desk) = (self.file, self.desk);
        let Status::Progress(stage) = self.status else { return Err(command) };
        match command {
            ConfirmRelease { attempt } | LoseRelease { attempt, .. }
                if desk == (Desk::Withdrawn { attempt }) =>
            {
                Ok(Ok(vec![RetainAsked { file, attempt, stage }]))
            }
            DeclineRelease { attempt, .. } | TurnAwayRelease { attempt, .. }
                if desk == (Desk::Withdrawn { attempt }) =>
            {
                Ok(Ok(vec![Retained { file, attempt, stage }]))
            }
            ConfirmRetain { attempt } if desk == (Desk::TakingBack { attempt }) => {
                Ok(Ok(vec![Retained { file, attempt, stage }]))
            }
            other => Err(other),
        }
    }

    /// Decides the lower half of the table: commands that change nothing, and rejections.
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn already(&self, status: Status, command: &Command) -> Decision<Self> {
        use Status as S;
        match (status, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Restate | Assign { .. }) => Ok(vec![]),
            (S::Progress(_), Keep { .. }) | (S::Cancelled, Cancel { .. }) => Ok(vec![]),
            (S::Progress(Stage::Approved), Approve { claim, cont_id, price, .. })
                if self.approved(*claim, *cont_id, *price)? == self.file =>
            {
                Ok(vec![])
            }
            (S::Progress(Stage::Declined), Decline { claim, .. }) => {
                self.is_about(*claim)?;
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
            (S::Progress(Stage::Approved), _) => Err(Rejection::IsApproved),
            (S::Progress(Stage::Declined), _) => Err(Rejection::IsDeclined),
            (S::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, _) => Err(Rejection::NotReleased),
        }
    }

    /// Returns the file after this approval.
    fn approved(
        &self,
        claim: Option<Number>,
        cont_id: Number,
        price: Option<Money>,
    ) -> Result<File, Rejection> {
        self.is_about(claim)?;
        let price = price.unwrap_or(self.file.price);
        if price == Money::ZERO {
            return Err(Rejection::NoPrice);
        }
        Ok(File { cont_id: Some(cont_id), price, ..self.file })
    }

    fn is_about(&self, claim: Option<Number>) -> Result<(), Rejection> {
        match claim {
            Some(claim) if claim != self.file.claim_id => Err(Rejection::OtherClaim),
            _ => Ok(()),
        }
    }
}

/// Returns the time of a decision: the one that the client gave, or now.
fn dated(review_dt: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, Rejection> {
    given_or_now(review_dt, now).map(Some).ok_or(Rejection::BadDate)
}
