//! Commands that a test submits to a runtime inside the test process.

use madang::actors::{Caller, Request};
use std::time::Duration;

/// A command of a trusted caller, without an idempotency key, with a minute for its answer.
pub fn trusted(
    (resource, command_route): (usize, usize),
    number: Option<u64>,
    body: &serde_json::Value,
) -> Request {
    Request {
        caller: Caller::Trusted,
        resource,
        command_route,
        number,
        body: body.to_string().into_bytes(),
        key: None,
        if_match: None,
        is_async: false,
        trace: None,
        wait_max: Duration::from_secs(60),
    }
}
