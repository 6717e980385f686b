//! Student and course: the subject of an application, its payment and its enrolment.

use crate::domain::kernel::{Number, Text};
use serde::{Deserialize, Serialize};

/// A student and the course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    /// Name of the student.
    pub user_id: Text,
    /// Name of the course.
    pub edu_name: Text,
    /// Number of the course.
    pub edu_id: Number,
}

impl Student {
    /// Returns whether the student and the course both have names.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.user_id.is_name() && self.edu_name.is_name()
    }
}
