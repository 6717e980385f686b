//! Pending answer of one participant in a saga instance that is decided or cancelled.

use crate::domain::kernel::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The participant has not answered a request whose result is no longer wanted.
    Asked,
    /// The participant has not answered the command that ends or undoes its part.
    Returning,
    /// No answer is pending.
    Settled,
}
