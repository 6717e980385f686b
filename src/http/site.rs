//! The site of a worker: the runtime, its routes and the limits.

use crate::{
    actors::Runtime,
    http::{index::index, limits::Limits, request::Router},
};

/// The runtime, the routes and the limits that a worker serves.
pub struct Site {
    pub(in crate::http) runtime: Runtime,
    pub(in crate::http) router: Router,
    pub(in crate::http) limits: Limits,
    /// The index, encoded.
    pub(in crate::http) index: Vec<u8>,
}

impl Site {
    /// Creates the site for this runtime and these limits.
    pub(in crate::http) fn new(runtime: Runtime, limits: Limits) -> Self {
        let router = Router::new(runtime.resources(), runtime.views());
        let index = index(&runtime);
        Self { runtime, router, limits, index }
    }
}
