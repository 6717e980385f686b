//! The bodies of consumers' requests, and their limits.

use super::position_of;
use crate::{
    actors::ClaimId,
    http::request::parsed,
    inbound::{
        escape::short,
        feed::position,
        problem::{INVALID, Problem},
    },
};
use actix_web::web;
use serde::{Deserialize, de::DeserializeOwned};
use std::ops::RangeInclusive;

/// The most events of a claim, and of a request about one.
const BATCH_MAX: usize = 1_000;

/// The shortest and the longest lease.
const LEASE_MS: RangeInclusive<u64> = 1_000..=3_600_000;

/// The longest time that a claim waits for events.
const WAIT_MS_MAX: u64 = 30_000;

/// The longest delay of released events.
const DELAY_MS_MAX: u64 = 3_600_000;

/// The longest name of a consumer, in bytes.
const CONSUMER_BYTES_MAX: usize = 100;

/// The parked events of a page by default.
const PAGE_DEFAULT: usize = 100;

/// A body that can be checked.
pub trait Body: DeserializeOwned {
    /// Checks the limits.
    ///
    /// # Errors
    /// A sentence about the value that is out of range.
    fn check(&self) -> Result<(), String>;
}

/// The body of a claim.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Claim {
    pub batch: usize,
    pub lease_ms: u64,
    pub wait_ms: u64,
    pub consumer: Option<String>,
}

impl Default for Claim {
    fn default() -> Self {
        Self { batch: 100, lease_ms: 30_000, wait_ms: 0, consumer: None }
    }
}

/// The body of an acknowledgement: a lease, and its events or all of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settle {
    lease: String,
    events: Option<Vec<String>>,
}

/// The body of a release.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    lease: String,
    events: Option<Vec<String>>,
    #[serde(default)]
    pub delay_ms: u64,
}

/// The body of a request that parks events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Park {
    lease: String,
    events: Vec<String>,
    #[serde(default)]
    pub reason: String,
}

/// The body of a request that replays or drops parked events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unpark {
    events: Option<Vec<String>>,
    #[serde(default)]
    all: bool,
}

impl Body for Claim {
    fn check(&self) -> Result<(), String> {
        let consumer = self.consumer.as_ref().map_or(0, String::len) as u64;
        within("batch", self.batch as u64, 1..=BATCH_MAX as u64)?;
        within("leaseMs", self.lease_ms, LEASE_MS)?;
        within("waitMs", self.wait_ms, 0..=WAIT_MS_MAX)?;
        within("the length of consumer", consumer, 0..=CONSUMER_BYTES_MAX as u64)
    }
}

impl Body for Settle {
    fn check(&self) -> Result<(), String> {
        few(self.events.as_deref())
    }
}

impl Body for Release {
    fn check(&self) -> Result<(), String> {
        within("delayMs", self.delay_ms, 0..=DELAY_MS_MAX)?;
        few(self.events.as_deref())
    }
}

impl Body for Park {
    fn check(&self) -> Result<(), String> {
        few(Some(&self.events))
    }
}

impl Body for Unpark {
    fn check(&self) -> Result<(), String> {
        if self.all == self.events.is_some() {
            return Err("name the `events`, or say `\"all\": true`".to_owned());
        }
        few(self.events.as_deref())
    }
}

impl Settle {
    /// The claim, and the chosen events.
    pub fn claim(&self) -> Result<(ClaimId, Option<Vec<u64>>), Problem> {
        claim_of(&self.lease, self.events.as_deref())
    }
}

impl Release {
    /// The claim, and the chosen events.
    pub fn claim(&self) -> Result<(ClaimId, Option<Vec<u64>>), Problem> {
        claim_of(&self.lease, self.events.as_deref())
    }
}

impl Park {
    /// The claim, and the events.
    pub fn claim(&self) -> Result<(ClaimId, Vec<u64>), Problem> {
        let (id, events) = claim_of(&self.lease, Some(&self.events))?;
        Ok((id, events.unwrap_or_default()))
    }
}

impl Unpark {
    /// The chosen events, or all.
    pub fn chosen(&self) -> Result<Option<Vec<u64>>, Problem> {
        chosen(self.events.as_deref())
    }
}

/// Reads a body, which is one object.
///
/// # Errors
/// When it is not JSON, a field is unknown or of another type, or a value is out of range.
pub fn read<T: Body>(body: &[u8]) -> Result<T, Problem> {
    let body: T = parsed(body)?;
    body.check().map_err(|reason| Problem::new(INVALID, reason))?;
    Ok(body)
}

/// The position and the size of a page: `after=0p1f9&size=100`.
///
/// # Errors
/// When a parameter is unknown or invalid.
pub fn page(query: &str) -> Result<(u64, usize), Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| Problem::bad_query(format!("the query cannot be read: {error}")))?;
    let (mut after, mut size) = (0, PAGE_DEFAULT);
    for (name, value) in pairs.into_inner() {
        match name.as_str() {
            "after" => after = position("after", &value)?,
            "size" => {
                let read = value.parse().ok().filter(|size| (1..=BATCH_MAX).contains(size));
                size = read.ok_or_else(|| {
                    let value = short(&value);
                    let reason =
                        format!("`size` is `{value}`; possible is a number from 1 to {BATCH_MAX}");
                    Problem::bad_query(reason)
                })?;
            }
            _ => {
                let name = short(&name);
                let reason = format!("`{name}` is not a parameter here; there are `after`, `size`");
                return Err(Problem::bad_query(reason));
            }
        }
    }
    Ok((after, size))
}

/// The claim of a lease, and the chosen events of it.
fn claim_of(
    token: &str,
    events: Option<&[String]>,
) -> Result<(ClaimId, Option<Vec<u64>>), Problem> {
    Ok((lease(token)?, chosen(events)?))
}

fn lease(token: &str) -> Result<ClaimId, Problem> {
    let is_hex = token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = if is_hex { u64::from_str_radix(token, 16).ok() } else { None };
    let reason = || format!("`lease` is `{}`, not a lease from this server", short(token));
    id.map(ClaimId).ok_or_else(|| Problem::new(INVALID, reason()))
}

fn chosen(events: Option<&[String]>) -> Result<Option<Vec<u64>>, Problem> {
    events.map(|events| events.iter().map(|token| position_of(token)).collect()).transpose()
}

fn few(events: Option<&[String]>) -> Result<(), String> {
    within("the number of events", events.map_or(1, <[String]>::len) as u64, 1..=BATCH_MAX as u64)
}

fn within(name: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!("{name} is {value}; possible is {} to {}", range.start(), range.end()))
}
