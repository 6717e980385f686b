//! The seat: the right of one student to take one course. At most one application holds it.
//!
//! ```text
//!        take: an application asks             leave: it was cancelled or rejected
//! (free) ─────────────────────────▶ (held) ───────────────────────────────────────▶ (free)
//! ```
//! A student who has completed the course keeps the seat. The number of a seat follows from the
//! student and the course, see [`CourseSeat::of`]. Two pairs may have the same number, so a seat
//! records the holder of each pair.

#[cfg(test)]
mod specs;

use super::{Education, application::Application, settings::Settings, student::Student};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CourseSeat {
    /// The holders: one at most, unless two pairs have the same number.
    pub(super) holders: Vec<Holder>,
}

/// An application that holds a seat, with the student and the course as they are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub student: Student,
    pub application: Id<Application>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Take { student: Student, application: Id<Application> },
    Leave { application: Id<Application> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Taken { holder: Holder },
    Left { application: Id<Application> },
}

rejections! {
    pub enum Rejection {
        IsTaken { application: Id<Application> }:
            "the student has applied for the course already, with application {application}";
    }
}

impl Aggregate for CourseSeat {
    const NAME: &'static str = "education/seats";
    aggregate_types!(Education);

    fn issuer(_command: &Command) -> Issuer {
        Issuer::Internal
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match command {
            Take { student, application } => match self.holder(&student) {
                None => Ok(vec![Taken {
                    holder: Holder { student: student.as_compared(), application },
                }]),
                Some(holder) if holder == application => Ok(vec![]),
                Some(holder) => Err(Rejection::IsTaken { application: holder }),
            },
            Leave { application } => {
                let is_held = self.holders.iter().any(|holder| holder.application == application);
                Ok(is_held.then_some(Left { application }).into_iter().collect())
            }
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        match event {
            Taken { holder } => self.holders.push(holder),
            Left { application } => self.holders.retain(|holder| holder.application != application),
        }
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let holders = self.holders.iter().map(|Holder { student, application }| {
            object! {
                "appId": application, "userId": &student.user_id, "eduName": &student.edu_name,
                "eduId": student.edu_id,
            }
        });
        object! { "id": number, "holders": holders.collect::<Vec<_>>() }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

/// The bits of a number: few enough that every JSON implementation shows it exactly.
const NUMBER_BITS: u32 = 48;

impl CourseSeat {
    /// The seat of this student in this course.
    ///
    /// The number is the FNV-1a hash (Fowler, Noll, Vo) of the names and the number of the course,
    /// folded to 48 bits. It is the same in every version of the server.
    #[must_use]
    pub fn of(student: &Student) -> Id<Self> {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let Student { user_id, edu_name, edu_id } = student.as_compared();
        // No UTF-8 text contains the byte 0xff, so it separates the names.
        let names = [user_id.0.as_bytes(), &[0xff], edu_name.0.as_bytes(), &[0xff]].concat();
        let bytes = names.into_iter().chain(edu_id.0.to_le_bytes());
        let hash =
            bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        let folded = (hash >> NUMBER_BITS) ^ (hash & ((1 << NUMBER_BITS) - 1));
        Id::new(folded.max(1))
    }

    /// The application with which this student holds the seat in this course.
    pub(super) fn holder(&self, student: &Student) -> Option<Id<Application>> {
        let student = student.as_compared();
        let held = self.holders.iter().find(|holder| holder.student == student);
        held.map(|holder| holder.application)
    }
}
