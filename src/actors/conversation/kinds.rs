//! The names of all kinds in the journal: role, business and name by kind number.

use crate::store::{KindId, KindSet, journal::Journal};
use std::collections::HashMap;

/// The role of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An aggregate kind.
    Aggregate,
    /// A saga.
    Saga,
    /// A port to an outside service.
    Port,
    /// A lookup: a query of a view.
    Lookup,
}

impl Role {
    /// Returns the name of a kind of this role in the journal: `saga taxi/ride`.
    #[must_use]
    pub fn kind_name(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    /// The prefix of all names of this role. It is stored, so it never changes.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Aggregate => "",
            Self::Saga => "saga ",
            Self::Port => "port ",
            Self::Lookup => "lookup ",
        }
    }
}

/// The name of one kind.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The role.
    pub role: Role,
    /// `taxi`
    pub business: String,
    /// `orders`
    pub name: String,
}

/// All kinds by number.
pub struct KindNames(HashMap<KindId, Listed>);

impl KindNames {
    /// Reads the kinds of this journal. A kind gets its name when it is installed.
    pub fn of(journal: &dyn Journal) -> Self {
        Self(journal.kinds().into_iter().map(|(kind, name)| (kind, listed(&name))).collect())
    }

    /// Returns all kinds.
    pub fn kinds(&self) -> KindSet {
        self.0.keys().copied().collect()
    }

    /// Returns the name of this kind.
    pub fn get(&self, kind: KindId) -> Option<&Listed> {
        self.0.get(&kind)
    }

    /// Returns the kinds of a business that have histories: aggregates and sagas.
    pub fn with_histories<'a>(&'a self, business: &'a str) -> impl Iterator<Item = KindId> + 'a {
        let of_business = self.0.iter().filter(move |(_, listed)| listed.business == business);
        let with =
            of_business.filter(|(_, listed)| matches!(listed.role, Role::Aggregate | Role::Saga));
        with.map(|(kind, _)| *kind)
    }
}

fn listed(name: &str) -> Listed {
    let mut roles = [Role::Saga, Role::Port, Role::Lookup].into_iter();
    let special = roles.find_map(|role| Some((name.strip_prefix(role.prefix())?, role)));
    let (path, role) = special.unwrap_or((name, Role::Aggregate));
    let (business, name) = path.split_once('/').unwrap_or(("", path));
    Listed { role, business: business.to_owned(), name: name.to_owned() }
}
