//! What a worker serves: the runtime, its routes and the limits.

use crate::{
    actors::Runtime,
    http::{limits::Limits, request::Router},
};

/// What a worker serves.
pub struct Site {
    pub(in crate::http) runtime: Runtime,
    pub(in crate::http) router: Router,
    pub(in crate::http) limits: Limits,
}
