//! Requests: routes, headers, body, content negotiation.

mod body;
pub mod content_negotiation;
pub mod headers;
mod moment;
mod router;

pub use body::{parsed, read_body};
pub use content_negotiation::Shown;
pub use headers::{CORRELATION, POSITION, TRACE_PARENT};
pub use moment::moment;
pub use router::{HISTORY, PathRest, Route, RouteError, RouteTarget, Router, Verb, verb};
