//! A student and a course: the subject of an application, its payment and its enrolment.

use crate::domain::kernel::prelude::*;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Student {
    pub user_id: Text,
    pub edu_name: Text,
    pub edu_id: Number,
}

impl Student {
    pub(super) fn is_named(&self) -> bool {
        self.user_id.is_name() && self.edu_name.is_name()
    }

    /// The student and the course as they are compared: without white space around the names, and
    /// without regard to the case of the course's name, as for its price.
    pub(super) fn as_compared(&self) -> Self {
        let Self { user_id, edu_name, edu_id } = self;
        Self { user_id: user_id.trimmed(), edu_name: edu_name.as_compared(), edu_id: *edu_id }
    }
}
