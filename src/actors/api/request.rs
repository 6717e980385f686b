//! What clients ask for.

use std::time::Duration;

/// The longest a request is made to wait for what is pending; the configuration keeps to it.
pub const PATIENCE_MAX: Duration = Duration::from_secs(30);

/// Something said by a client. `resource` is the index into [`resources`](super::Courtyard::resources).
pub struct Request {
    /// To which kind.
    pub resource: usize,
    /// Which saying: the index into [`ResourceInfo::sayings`].
    pub saying: usize,
    /// The number in the path, if there is one.
    pub number: Option<u64>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The idempotency key, if there is one.
    pub key: Option<IdempotencyKey>,
    /// The version the client has seen, if it says so.
    pub if_match: Option<u32>,
    /// How long the client is made to wait at most for what is pending.
    pub patience: Duration,
}

/// Hashes (128 bits each) of the client's key and of everything it said under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key, with the client's identity if it has one.
    pub key: u128,
    /// Method, path and body.
    pub fingerprint: u128,
}

/// A page of numbers or rows.
#[derive(Clone, Debug)]
pub struct Page {
    /// From 0.
    pub number: u64,
    /// Rows per page.
    pub size: usize,
    /// In which order, most important first; in the usual one when empty.
    pub sort: Vec<Sort>,
}

/// By what to sort.
#[derive(Clone, Debug)]
pub struct Sort {
    /// The JSON name of the field.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

/// Which rows of a view are wanted.
#[derive(Clone, Debug)]
pub struct ViewQuery {
    /// Query parameters as they came, without `page`, `size`, `sort` and `at-least`:
    /// `field=value`, `field_from=value`, `field_to=value`.
    pub conditions: Vec<(String, String)>,
    /// Which page.
    pub page: Page,
    /// The position the view must have reached, if the client says so.
    pub at_least: Option<u64>,
    /// How long to wait for that.
    pub patience: Duration,
}
