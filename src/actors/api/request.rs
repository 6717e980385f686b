//! The requests of clients.

use super::Caller;
use crate::traces::TraceContext;
use std::{sync::Arc, time::Duration};

/// The longest time a request waits for a pending outcome. The configuration cannot exceed it.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// A command of a client.
pub struct Request {
    /// The aggregate kind: the index into [`resources`](crate::actors::Runtime::resources).
    pub resource: usize,
    /// The command: the index into
    /// [`ResourceInfo::command_routes`](crate::actors::ResourceInfo::command_routes).
    pub command_route: usize,
    /// The number in the path, if there is one.
    pub number: Option<u64>,
    /// The client.
    pub caller: Caller,
    /// The body as received.
    pub body: Vec<u8>,
    /// The idempotency key, if there is one.
    pub key: Option<IdempotencyKey>,
    /// The version in `If-Match`, if there is one.
    pub if_match: Option<u32>,
    /// The longest time to wait for a pending outcome.
    pub wait_max: Duration,
    /// Whether a pending outcome is not waited for: the answer comes when the command is durable.
    pub is_async: bool,
    /// The trace that the request belongs to, in the span of this server; `None` when there is none.
    pub trace: Option<Arc<TraceContext>>,
}

/// An idempotency key: hashes (128 bits each) of the client's key and of the whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The hash of the key, with the client's identity if it has one.
    pub key: u128,
    /// The hash of method, path and body.
    pub fingerprint: u128,
}

/// A page of numbers or rows.
#[derive(Clone, Debug)]
pub struct Page {
    /// The number of the page, from 0.
    pub number: u64,
    /// Rows per page.
    pub size: usize,
    /// The sort order, most important first; the default order when empty.
    pub sort: Vec<Sort>,
}

/// A field to sort by.
#[derive(Clone, Debug)]
pub struct Sort {
    /// The JSON name of the field.
    pub field: String,
    /// Whether the largest value comes first.
    pub descending: bool,
}

/// A query of a view's rows.
#[derive(Clone, Debug)]
pub struct ViewQuery {
    /// The query parameters as received, without `page`, `size`, `sort` and `at-least`:
    /// `field=value`, `field_from=value`, `field_to=value`.
    pub conditions: Vec<(String, String)>,
    /// The page.
    pub page: Page,
    /// The position the view must have reached, if the client requires one.
    pub at_least: Option<u64>,
    /// Only rows that belong to this subject; all rows when `None`.
    pub owner: Option<String>,
    /// The longest time to wait for that position.
    pub wait_max: Duration,
}
