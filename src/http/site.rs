//! The site of a worker: the runtime, its routes and the limits.

use crate::{
    actors::Runtime,
    http::{limits::Limits, request::Router},
};

/// The runtime, the routes and the limits that a worker serves.
pub struct Site {
    pub(in crate::http) runtime: Runtime,
    pub(in crate::http) router: Router,
    pub(in crate::http) limits: Limits,
}
