//! Who takes which course: what an application, its payment and its enrolment are about.

use crate::domain::kernel::{Number, Text};
use serde::{Deserialize, Serialize};

/// Who takes which course.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    /// What the student is called.
    pub user_id: Text,
    /// What the course is called.
    pub edu_name: Text,
    /// The number of the course.
    pub edu_id: Number,
}

impl Student {
    /// Whether both have names.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.user_id.is_name() && self.edu_name.is_name()
    }
}
