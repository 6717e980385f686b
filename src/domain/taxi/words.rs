//! What the bodies of several resources have in common: names, statuses, and fields read past.

use crate::domain::kernel::{Malformed, Text};

/// How many characters a name, a card number or a phone number may have.
const TEXT_CHARS_MAX: usize = 100;

/// The statuses that say: call it off.
pub(super) const CANCELLED: &[&str] = &["cancelled", "canceled", "cancel"];

/// Whether it is a text at all, and not longer than a name may be.
pub(super) fn is_name(text: &Text) -> bool {
    !text.0.trim().is_empty() && is_short(text)
}

/// Whether it is not longer than a name may be.
pub(super) fn is_short(text: &Text) -> bool {
    text.0.chars().count() <= TEXT_CHARS_MAX
}

/// Whether a status sent by a client is one of these, however it is capitalised.
pub(super) fn is_one_of(status: &Text, known: &[&str]) -> bool {
    known.iter().any(|known| status.0.trim().eq_ignore_ascii_case(known))
}

/// The answer to a status that this resource cannot be asked to take.
pub(super) fn unknown_status(status: &Text, known: &[&str]) -> Malformed {
    Malformed::status(&status.0, known)
}
