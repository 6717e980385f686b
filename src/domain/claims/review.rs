//! Review of a claim by an examiner. The review has the claim's number.
//!
//! ```text
//!            approved                      decided meanwhile: a cancellation gets 409
//! Assigned ─────────────▶ Approved
//!  ▲  │ └───────────────▶ Declined
//!  │  │      declined
//!  │  │ release asked               the desk released it, and the claim agrees
//!  │  └───────────────▶ Releasing ────────────────────────────────────────────▶ Cancelled
//!  │                      │
//!  └──────────────────────┘ the desk refused, or did not answer, or the claim does not wait
//! ```
//! Examiners work at an external desk, which is asked to release a review before it is cancelled.
//! The release is a [`Deed`]: when the attempt to cancel fails, it is taken back. Meanwhile the
//! review stands: it can be decided on, but not cancelled.

#[cfg(test)]
mod specs;
mod stored;

use super::{Claims, EXAMINER, dates::given_or_now, settings::Settings};
use crate::domain::kernel::{
    deed::{self, Deed},
    prelude::*,
};

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub(super) file: File,
    /// The time of the decision, once there is one. Older decisions have none.
    pub(super) decided_at: Option<EpochMs>,
    pub(super) status: Status,
    /// The release by the desk.
    release: Deed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The claim, which has the same number as the review.
    pub claim_id: Number,
    pub customer_id: Number,
    pub examiner_id: Number,
    /// The price claimed, or the approved part of it once the claim is approved.
    pub price: Money,
    /// The contract it is paid under, once it is approved.
    pub cont_id: Option<Number>,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Assigned, "Assigned Examiner" => "approve", "decline";
        Approved, "Approved Review";
        Declined, "Declined Review";
        /// The desk was asked to release the review. Once released, it is cancelled as soon as the
        /// claim agrees.
        Releasing;
        Cancelled;
    }
}

/// The commands of a review. An attempt is an attempt to cancel the claim, counted by the claim. The
/// claim that the examiner names, if any, must be the right one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// The examiner gets the review.
    Assign { file: File },
    /// Without a price, the price claimed is approved. Without a time, the decision is made now.
    Approve {
        claim_id: Option<Number>,
        cont_id: Number,
        price: Option<Money>,
        review_dt: Option<EpochMs>,
    },
    /// Without a time, the decision is made now.
    Decline { claim_id: Option<Number>, review_dt: Option<EpochMs> },
    /// The claim is to be cancelled, so the desk is asked to release the review.
    Release { attempt: u32 },
    /// The attempt to cancel failed: the review goes on.
    Keep { attempt: u32 },
    /// The claim agreed to this attempt.
    Cancel { attempt: u32 },
    /// The desk answered.
    Answer(deed::Answer),
    /// A client repeats that an examiner is assigned.
    Restate,
}

/// The events of a review. Older decisions have no time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Assigned { file: File },
    Approved { file: File, review_dt: Option<EpochMs> },
    Declined { file: File, review_dt: Option<EpochMs> },
    Cancelled { file: File },
    // What has become of the release. The desk is told the file.
    ReleaseChanged { file: File, deed: Deed },
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
    aggregate_types!(Claims, status);

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
        let released = |deeds: Vec<Deed>| {
            deeds.into_iter().map(|deed| ReleaseChanged { file, deed }).collect()
        };
        let event = match (self.status, command) {
            (S::Blank, Assign { file }) => Assigned { file },
            (S::Blank, _) => return Err(Rejection::Unknown),
            (S::Assigned | S::Approved, Approve { claim_id: Some(claim), .. })
            | (S::Assigned | S::Declined, Decline { claim_id: Some(claim), .. })
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
            (S::Releasing, Cancel { attempt }) if self.release == (Deed::Done(attempt)) => {
                Cancelled { file }
            }

            (S::Assigned, Release { attempt }) => {
                return self.release.ask(attempt).map(released).ok_or(Rejection::DeskIsBusy);
            }
            (S::Releasing, Release { attempt }) => {
                return self.release.ask(attempt).map(released).ok_or(Rejection::IsBeingCancelled);
            }
            (status, Keep { attempt }) if status != S::Cancelled => {
                return Ok(released(self.release.withdraw(attempt)));
            }
            (_, Answer(answer)) => {
                let deeds = self.release.hear(answer);
                return deeds.map(released).ok_or(Rejection::AlreadyAnswered);
            }
            (_, command) => return self.already(&command),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Assigned { file } => Self { file, status: Status::Assigned, ..self },
            Approved { file, review_dt } => {
                Self { file, decided_at: review_dt, status: Status::Approved, ..self }
            }
            Declined { file, review_dt } => {
                Self { file, decided_at: review_dt, status: Status::Declined, ..self }
            }
            // The release is needed, so it is not taken back.
            Cancelled { file } => {
                Self { file, status: Status::Cancelled, release: Deed::Idle, ..self }
            }
            ReleaseChanged { file, deed } => {
                let status = match deed {
                    Deed::Asked(_) | Deed::Done(_) => Status::Releasing,
                    Deed::Failed(..) | Deed::Withdrawn(_) => Status::Assigned,
                    _ => self.status,
                };
                Self { file, status, release: deed, ..self }
            }
        }
    }

    fn upcasters() -> Upcasters {
        stored::upcasters()
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let File { claim_id, customer_id, examiner_id, price, cont_id } = self.file;
        object! {
            "id": number, "claimId": claim_id, "examinerId": examiner_id,
            "customerId": customer_id, "contId": cont_id, "price": price,
            "status": self.status.word(), "reviewDt"?: self.decided_at,
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let words = [(APPROVED, "approve"), (DECLINED, "decline")];
        let restate = body!(|claim_id: Number, status: Option<Text>| -> Result<_, Malformed> {
            if let Some(status) = status {
                status.means("status", &[(&["Assigned Examiner", "assigned"], ())])?;
            }
            Ok((claim_id, Restate))
        });
        CommandRoutes::new()
            .ignoring("id examinerId customerId contId price status reviewDt")
            .on_referenced("restate", restate)
            .named(&["approve", "decline"])
            .named_by_word("decide by status", [Put, Patch], "status", words)
    }
}

const APPROVED: &[&str] = &["Approved Review", "approved", "approve"];
const DECLINED: &[&str] = &["Declined Review", "declined", "decline"];

impl Review {
    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, command: &Command) -> Decision<Self> {
        use Status as S;
        match (self.status, command) {
            (_, Assign { .. } | Restate)
            | (S::Declined, Decline { .. })
            | (S::Cancelled, Cancel { .. }) => Ok(vec![]),
            (S::Approved, Approve { cont_id, price, .. })
                if self.approved(*cont_id, *price)? == self.file =>
            {
                Ok(vec![])
            }

            (S::Approved, _) => Err(Rejection::IsApproved),
            (S::Declined, _) => Err(Rejection::IsDeclined),
            (S::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, Cancel { .. }) => Err(Rejection::NotReleased),
            (_, _) => Err(Rejection::IsBeingCancelled),
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
