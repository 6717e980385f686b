//! The request bodies of the commands of cars.

use super::Command::{self, Register, Revise};
use crate::domain::kernel::{Malformed, Quantity, Text};
use serde::Deserialize;

/// `{"name":"sonata","cnt":10}`; the name may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    name: Option<Text>,
    cnt: Quantity,
}

impl RegisterBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Register { name: self.name.unwrap_or_default(), count: self.cnt })
    }
}

/// `{"cnt":10}`: the number of cars that can be rented.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestockBody {
    cnt: Quantity,
}

impl RestockBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        Ok(Revise { name: None, rentable: Some(self.cnt) })
    }
}

/// Any of `name` and `cnt`; missing fields stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviseBody {
    name: Option<Text>,
    cnt: Option<Quantity>,
}

impl ReviseBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        if self.name.is_none() && self.cnt.is_none() {
            return Err(Malformed::content("expected `name` or `cnt`"));
        }
        Ok(Revise { name: self.name, rentable: self.cnt })
    }
}
