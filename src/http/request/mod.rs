//! Requests: routes, headers, preferences, query, body, content negotiation, and the rate limit per
//! client.

mod body;
mod client_limit;
pub mod content_negotiation;
pub mod headers;
mod moment;
mod preferences;
mod query;
mod router;

pub use body::read_body;
pub use client_limit::{ClientRateLimit, Quota};
pub use content_negotiation::Shown;
pub use headers::{CORRELATION, POSITION, TRACE_PARENT};
pub use moment::moment;
pub use preferences::{PREFERENCE_APPLIED, Preferences};
#[cfg(test)]
pub use query::encode;
pub use query::{Query, SIZE_MAX, position};
pub use router::{HISTORY, PathRest, Route, RouteError, RouteTarget, Router, Verb};
