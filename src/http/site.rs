//! The site of a worker: the runtime, its routes and the limits.

use crate::{
    actors::Runtime,
    http::{
        index::{business, businesses, index},
        limits::Limits,
        request::Router,
    },
};

/// The runtime, the routes and the limits that a worker serves.
pub struct Site {
    pub(in crate::http) runtime: Runtime,
    pub(in crate::http) router: Router,
    pub(in crate::http) limits: Limits,
    /// The index, encoded.
    pub(in crate::http) index: Vec<u8>,
    /// What each business has, encoded, by its name.
    businesses: Vec<(&'static str, Vec<u8>)>,
}

impl Site {
    /// Creates the site of one worker.
    #[must_use]
    pub fn new(runtime: Runtime, limits: Limits) -> Self {
        let router = Router::new(runtime.resources(), runtime.views());
        let index = index(&runtime);
        let names = businesses(&runtime).into_iter();
        let businesses = names.map(|name| (name, business(&runtime, name))).collect();
        Self { runtime, router, limits, index, businesses }
    }

    /// What the business of this name has, encoded; `None` when there is no such business.
    #[must_use]
    pub fn business(&self, name: &str) -> Option<&[u8]> {
        let found = self.businesses.iter().find(|(known, _)| *known == name);
        found.map(|(_, shown)| shown.as_slice())
    }
}
