//! The client behind a request: what it may submit, and what it may see.

use super::RequestError;
use crate::{
    domain::kernel::{Issuer, Readers},
    store::{Principal, Principals, Subject},
};
use std::sync::Arc;

/// The role of the operators: it may use the paths under `/admin`.
pub const ADMIN: &str = "admin";

/// The role in the records of a client that acted for itself.
const CUSTOMER: &str = "customer";

/// The client behind a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// No identity is configured, so the client may submit and see everything.
    #[default]
    Trusted,
    /// The request carries no token.
    Anonymous,
    /// The request carries a valid token.
    Known {
        /// The subject of the token.
        subject: Arc<str>,
        /// The roles in the token.
        roles: Arc<[Box<str>]>,
    },
}

/// The permission of a client to submit a command. It still depends on the owner of the aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    by: PermittedBy,
    /// Whether the client sees all aggregates of the business.
    sees_all: bool,
    /// The client, unless it is anonymous.
    principal: Option<Principal>,
}

/// The rule that permits a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PermittedBy {
    /// A staff role.
    Staff,
    /// The command is for the owner of the aggregate.
    Owner,
    /// The command is for all clients that may see the aggregate.
    Anyone,
}

/// What a client may see of one business.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sight {
    /// Everything.
    All,
    /// What belongs to this subject, and what is public.
    Own(Arc<str>),
    /// What is public.
    Public,
}

impl Caller {
    /// The subject of the client's token.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Known { subject, .. } => Some(subject),
            Self::Trusted | Self::Anonymous => None,
        }
    }

    /// The principals of a record that the client causes as an operator; `None` while no identity is
    /// configured.
    #[must_use]
    pub fn as_operator(&self) -> Option<Principals> {
        let Self::Known { subject, .. } = self else { return None };
        let issuer = Principal { subject: Arc::clone(subject).into(), role: ADMIN.into() };
        Some(Principals { issuer: Some(issuer), owner: None })
    }

    /// Whether the client has this role, as `role` or as `business/role`.
    fn has_role(&self, business: &str, role: &str) -> bool {
        let Self::Known { roles, .. } = self else { return false };
        roles.iter().any(|own| {
            **own == *role
                || own.split_once('/').is_some_and(|(of, own)| of == business && own == role)
        })
    }

    /// Checks the role that a command of this business needs. `None` when the client is trusted.
    ///
    /// # Errors
    /// When the client has no token, or not the role.
    pub fn permission(
        &self,
        business: &str,
        staff: &[&'static str],
        issuer: Issuer,
    ) -> Result<Option<Permission>, RequestError> {
        let principal = |role: &'static str| match self {
            Self::Known { subject, .. } => {
                Some(Principal { subject: Arc::clone(subject).into(), role: role.into() })
            }
            Self::Trusted | Self::Anonymous => None,
        };
        let (by, role) = match (self, issuer) {
            (Self::Trusted, _) => return Ok(None),
            (Self::Anonymous, Issuer::Customer | Issuer::Staff(_)) => {
                return Err(RequestError::Unauthenticated);
            }
            (_, Issuer::Staff(roles)) => {
                let role = roles.iter().find(|role| self.has_role(business, role));
                (PermittedBy::Staff, *role.ok_or_else(|| forbidden(business, roles))?)
            }
            (_, Issuer::Anyone) => match staff.iter().find(|role| self.has_role(business, role)) {
                Some(role) => (PermittedBy::Staff, *role),
                None => (PermittedBy::Anyone, CUSTOMER),
            },
            (_, Issuer::Customer) => (PermittedBy::Owner, CUSTOMER),
            (_, Issuer::Internal) => return Err(RequestError::Inside("this command")),
        };
        let sees_all = self.sight(business, staff) == Sight::All;
        Ok(Some(Permission { by, sees_all, principal: principal(role) }))
    }

    /// What the client may see of a business with these staff roles.
    #[must_use]
    pub fn sight(&self, business: &str, staff: &[&str]) -> Sight {
        match self {
            Self::Trusted => Sight::All,
            Self::Anonymous => Sight::Public,
            Self::Known { .. } if staff.iter().any(|role| self.has_role(business, role)) => {
                Sight::All
            }
            Self::Known { subject, .. } => Sight::Own(Arc::clone(subject)),
        }
    }

    /// What the client may see of a business, if it may read resources or rows with these readers.
    ///
    /// # Errors
    /// When the client has no token, or only staff may read them.
    pub fn sight_for(
        &self,
        readers: Readers,
        business: &str,
        staff: &[&str],
    ) -> Result<Sight, RequestError> {
        let sight = self.sight(business, staff);
        sight.check(readers, business, staff).map(|()| sight)
    }

    /// Checks that the client is an operator.
    ///
    /// # Errors
    /// When the client has no token, or not the role `admin`.
    pub fn check_admin(&self) -> Result<(), RequestError> {
        match self {
            Self::Trusted => Ok(()),
            Self::Anonymous => Err(RequestError::Unauthenticated),
            Self::Known { roles, .. } if roles.iter().any(|role| **role == *ADMIN) => Ok(()),
            Self::Known { .. } => Err(RequestError::Forbidden(format!("the role `{ADMIN}`"))),
        }
    }
}

impl Permission {
    /// Checks the permission for an aggregate that exists, with this owner.
    ///
    /// # Errors
    /// When the aggregate belongs to another customer. For a client that may not see the aggregate, the
    /// answer is the same as for a number that is not in use.
    pub fn check(
        &self,
        owner: Option<&str>,
        readers: Readers,
        not_found: impl FnOnce() -> RequestError,
    ) -> Result<(), RequestError> {
        let is_owner = owner.is_some() && owner == self.subject();
        let is_public = readers == Readers::Anyone;
        let is_permitted = match self.by {
            PermittedBy::Staff => true,
            PermittedBy::Owner => is_owner || owner.is_none() && is_public,
            PermittedBy::Anyone => is_owner || is_public,
        };
        match is_permitted {
            true => Ok(()),
            false if is_public || self.sees_all => {
                Err(RequestError::Forbidden("the customer whom it belongs to".to_owned()))
            }
            false => Err(not_found()),
        }
    }

    /// The owner of an aggregate that begins with the command. What a customer creates belongs to
    /// the customer; what staff creates has no owner.
    #[must_use]
    pub fn owner_of_new(&self) -> Option<Subject> {
        let principal = self.principal.as_ref().filter(|_| self.by != PermittedBy::Staff);
        principal.map(|principal| principal.subject.clone())
    }

    /// The principals of the records that follow, in an aggregate with this owner.
    #[must_use]
    pub fn principals(&self, owner: Option<&Subject>) -> Arc<Principals> {
        Arc::new(Principals { issuer: self.principal.clone(), owner: owner.cloned() })
    }

    fn subject(&self) -> Option<&str> {
        self.principal.as_ref().map(|principal| &*principal.subject)
    }
}

impl Sight {
    /// Checks that the client may read resources or rows with these readers at all.
    ///
    /// # Errors
    /// When the client has no token, or only staff may read them.
    pub fn check(
        &self,
        readers: Readers,
        business: &str,
        staff: &[&str],
    ) -> Result<(), RequestError> {
        match (self, readers) {
            (Self::All, _) | (_, Readers::Anyone) | (Self::Own(_), Readers::Owner) => Ok(()),
            (Self::Public, Readers::Owner | Readers::Staff) => Err(RequestError::Unauthenticated),
            (Self::Own(_), Readers::Staff) => Err(forbidden(business, staff)),
        }
    }

    /// Whether the client sees something with these readers and this owner.
    #[must_use]
    pub fn sees(&self, readers: Readers, owner: Option<&str>) -> bool {
        match (self, readers) {
            (Self::All, _) | (_, Readers::Anyone) => true,
            (Self::Own(subject), Readers::Owner) => owner == Some(&**subject),
            (Self::Own(_), Readers::Staff) | (Self::Public, _) => false,
        }
    }

    /// The subject whose resources or rows a list is limited to; `None` when it is not limited.
    #[must_use]
    pub fn limited_to(&self, readers: Readers) -> Option<&str> {
        match (self, readers) {
            (Self::Own(subject), Readers::Owner | Readers::Staff) => Some(subject),
            _ => None,
        }
    }
}

/// The error of a client that has none of these roles.
fn forbidden(business: &str, roles: &[&str]) -> RequestError {
    let roles: Vec<String> = roles.iter().map(|role| format!("`{role}`")).collect();
    let roles = if roles.is_empty() { "no role".to_owned() } else { roles.join(" or ") };
    RequestError::Forbidden(format!("the role {roles} of the business {business}"))
}

#[cfg(test)]
mod tests;
