//! What a subscription is defined by: its name, its owner, its filter, its start and its webhook.

use crate::{
    actors::api::{Caller, EventFilter, Start},
    domain::kernel::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The gate of a webhook is called this and the name of its subscription.
pub const GATES_OF_WEBHOOKS: &str = "subscriptions/";

/// The definition of a subscription. Stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The name.
    pub name: String,
    /// The subject to whom it belongs, and its roles; `None` when it was created without identity.
    pub owner: Option<Owner>,
    /// The wanted events.
    pub filter: EventFilter,
    /// Where it was asked to start.
    pub start: Start,
    /// The position after which it started.
    pub started_after: u64,
    /// The deliveries of an event after which it is parked.
    pub attempts_max: Option<u32>,
    /// The address to which events are sent; `None` when consumers claim them.
    pub webhook: Option<Webhook>,
    /// The time of its creation.
    pub created: Timestamp,
}

/// The subject to whom a subscription belongs. Stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The subject.
    pub subject: String,
    /// The roles that the subject had at its last `PUT`.
    pub roles: Vec<String>,
}

/// The receiver of events. Stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// The key of the signatures.
    pub secret: Secret,
    /// Whether it may be an address of this machine or of a private network.
    pub reaches_private: bool,
}

/// The key of signatures. It is shown nowhere. Stored, encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub Vec<u8>);

impl Secret {
    /// Whether the key that it was stored with is lost, so that nothing can be signed.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("***")
    }
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionTerms {
    /// The wanted events.
    pub filter: EventFilter,
    /// Where it starts.
    pub start: Start,
    /// The deliveries of an event after which it is parked.
    pub attempts_max: Option<u32>,
    /// The address to which events are sent, and the key of the signatures.
    pub webhook: Option<Webhook>,
    /// Whether the key was chosen by the server. Then a subscription that exists keeps its own.
    pub is_secret_new: bool,
}

impl Definition {
    /// Whether the client sees the subscription.
    #[must_use]
    pub fn is_seen_by(&self, caller: &Caller) -> bool {
        match caller {
            Caller::Trusted => true,
            Caller::Anonymous => false,
            Caller::Known { subject, .. } => {
                self.owner.as_ref().is_some_and(|owner| owner.subject == **subject)
            }
        }
    }

    /// The client for whom events are read.
    #[must_use]
    pub fn reader(&self) -> Caller {
        match &self.owner {
            None => Caller::Trusted,
            Some(Owner { subject, roles }) => Caller::Known {
                subject: Arc::from(&**subject),
                roles: roles.iter().map(|role| role.as_str().into()).collect(),
            },
        }
    }
}

impl Owner {
    /// The owner of what this client creates.
    pub fn of(caller: &Caller) -> Option<Self> {
        let Caller::Known { subject, roles } = caller else { return None };
        let roles = roles.iter().map(ToString::to_string).collect();
        Some(Self { subject: subject.to_string(), roles })
    }
}

/// Checks a name: letters, digits, `.`, `_` and `-`, of which the first is a letter or a digit.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.len() > NAME_BYTES_MAX {
        return Err(format!("the name of a subscription has at most {NAME_BYTES_MAX} characters"));
    }
    if !name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        || !name.bytes().all(is_allowed)
    {
        let reason = "the name of a subscription has letters, digits, `.`, `_` and `-`, and begins \
                      with a letter or a digit";
        return Err(reason.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for name in ["history", "History-2", "a.b_c", "7"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "-a", ".", "a/b", "a b", "ä", "a%2f", &"a".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let webhook = Webhook {
            url: "http://a".into(),
            secret: Secret(b"geheim".to_vec()),
            reaches_private: true,
        };
        assert_eq!(
            format!("{webhook:?}"),
            r#"Webhook { url: "http://a", secret: ***, reaches_private: true }"#
        );
    }
}
