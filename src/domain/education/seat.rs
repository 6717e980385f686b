//! Seat: the right of one student to take one course. At most one application holds it.
//!
//! ```text
//!        take: an application asks             leave: it was cancelled or rejected
//! (free) ─────────────────────────▶ (held) ───────────────────────────────────────▶ (free)
//! ```
//! A student who has completed the course keeps the seat. The number of a seat follows from the
//! student and the course, see [`CourseSeat::of`]. Two pairs may have the same number, so a seat records
//! the holder of each pair.

#[cfg(test)]
mod specs;

use super::{Education, application::Application, settings::Settings, student::Student};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Id, Issuer, RejectionKind, Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Leave, Take};
use Event::{Left, Taken};

/// The bits of a number: few enough that every JSON implementation shows it exactly.
const NUMBER_BITS: u32 = 48;

/// Seat: the right of one student to take one course.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CourseSeat {
    /// The holders: one at most, unless two pairs have the same number.
    holders: Vec<Holder>,
}

/// An application that holds a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The student and the course, as compared.
    pub student: Student,
    /// The application.
    pub application: Id<Application>,
}

/// Commands of a seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// An application asks for the seat.
    Take {
        /// The student and the course.
        student: Student,
        /// The application.
        application: Id<Application>,
    },
    /// An application does not need the seat any more.
    Leave {
        /// The application.
        application: Id<Application>,
    },
}

/// Events of a seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An application holds the seat.
    Taken {
        /// The application, with the student and the course.
        holder: Holder,
    },
    /// An application does not hold the seat any more.
    Left {
        /// The application.
        application: Id<Application>,
    },
}

/// Reason why a seat rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// Another application of the student for the course stands.
    #[error("the student has applied for the course already, with application {application}")]
    IsTaken {
        /// The application that holds the seat.
        application: Id<Application>,
    },
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        RejectionKind::Conflict
    }
}

impl Aggregate for CourseSeat {
    const NAME: &'static str = "education/seats";
    type Business = Education;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(_command: &Command) -> Issuer {
        Issuer::Internal
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match command {
            Take { student, application } => match self.holder(&student) {
                None => {
                    Ok(vec![Taken { holder: Holder { student: compared(&student), application } }])
                }
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
        let holders = self.holders.iter();
        let held = holders.map(|holder| Held {
            app_id: holder.application,
            user_id: holder.student.user_id.clone(),
            edu_name: holder.student.edu_name.clone(),
            edu_id: holder.student.edu_id.0,
        });
        Shown { id: number, holders: held.collect() }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

impl CourseSeat {
    /// Returns the seat of this student in this course.
    ///
    /// The number is the FNV-1a hash (Fowler, Noll, Vo) of the names and the number of the course,
    /// folded to 48 bits. It is the same in every version of the server.
    #[must_use]
    pub fn of(student: &Student) -> Id<Self> {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let Student { user_id, edu_name, edu_id } = compared(student);
        // No UTF-8 text contains the byte 0xff, so it separates the names.
        let names = [user_id.0.as_bytes(), &[0xff], edu_name.0.as_bytes(), &[0xff]].concat();
        let bytes = names.into_iter().chain(edu_id.0.to_le_bytes());
        let hash =
            bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        let folded = (hash >> NUMBER_BITS) ^ (hash & ((1 << NUMBER_BITS) - 1));
        Id::new(folded.max(1))
    }

    /// Returns the application with which this student holds the seat in this course.
    #[must_use]
    pub fn holder(&self, student: &Student) -> Option<Id<Application>> {
        let student = compared(student);
        let held = self.holders.iter().find(|holder| holder.student == student);
        held.map(|holder| holder.application)
    }

    /// Returns the applications that hold the seat.
    #[must_use]
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }
}

/// Returns the student and the course as they are compared: without white space around the names,
/// and without regard to the case of the course's name, as for its price.
fn compared(student: &Student) -> Student {
    let Student { user_id, edu_name, edu_id } = student;
    Student { user_id: user_id.trimmed(), edu_name: edu_name.as_compared(), edu_id: *edu_id }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    holders: Vec<Held>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    app_id: Id<Application>,
    user_id: Text,
    edu_name: Text,
    edu_id: u64,
}
