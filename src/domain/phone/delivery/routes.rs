//! Request bodies of the commands of a delivery, sent by store clerks.

use super::Command::{self, Ship};
use crate::domain::kernel::{Malformed, Text};
use serde::Deserialize;

const SHIPPED: &[&str] = &["shipped", "ship"];

/// `{"process":"Shipped"}`, or a whole delivery with that process.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessBody {
    process: Text,
}

impl ProcessBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.process.means(&[(SHIPPED, Ship)])
    }
}
