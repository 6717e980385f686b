//! The body of a `PUT`: the filter, the start and the webhook of a subscription.

use super::{address, signature};
use crate::{
    actors::{Caller, EventFilter, Runtime, Secret, Start, SubscriptionTerms, Webhook},
    http::request::parsed,
    inbound::{
        feed::start,
        problem::{INVALID, Problem},
    },
};
use serde::Deserialize;

/// The deliveries of an event to a webhook, unless the client says otherwise. With the pauses
/// between them, they take about an hour.
const WEBHOOK_ATTEMPTS: u32 = 12;

/// The most deliveries of an event that a client may ask for.
const ATTEMPTS_MAX: u32 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Terms {
    filter: Filter,
    start: Option<String>,
    attempts_max: Option<u32>,
    url: Option<String>,
    secret: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Filter {
    business: Option<String>,
    aggregate: Option<String>,
    number: Option<u64>,
    #[serde(rename = "type")]
    types: Vec<String>,
    correlation: Option<u64>,
}

/// Reads the terms. Also returns the text of a secret that was made here, to be shown once.
///
/// # Errors
/// When the body is malformed, or a value is invalid.
pub fn read(
    body: &[u8],
    runtime: &Runtime,
    caller: &Caller,
) -> Result<(SubscriptionTerms, Option<String>), Problem> {
    let invalid = |reason: String| Problem::new(INVALID, reason);
    let Terms { filter, start, attempts_max, url, secret } = parsed(body)?;
    let Filter { business, aggregate, number, types, correlation } = filter;
    let filter = EventFilter { business, aggregate, number, types, correlation };
    filter.check(runtime.resources()).map_err(invalid)?;
    let start = match start {
        Some(text) => self::start("start", &text).map_err(|problem| invalid(problem.detail))?,
        None => Start::Now,
    };
    if let Some(attempts) = attempts_max
        && !(1..=ATTEMPTS_MAX).contains(&attempts)
    {
        let reason = format!("attemptsMax is {attempts}; possible is 1 to {ATTEMPTS_MAX}");
        return Err(invalid(reason));
    }
    let Some(url) = url else {
        if secret.is_some() {
            return Err(invalid("`secret` means nothing without `url`".to_owned()));
        }
        let terms =
            SubscriptionTerms { filter, start, attempts_max, webhook: None, is_secret_new: false };
        return Ok((terms, None));
    };
    let reaches_private = caller.check_admin().is_ok();
    let url = address::checked(&url, reaches_private).map_err(invalid)?;
    let (key, shown) = if let Some(text) = secret {
        (signature::read_secret(&text).map_err(invalid)?, None)
    } else {
        let key = signature::new_secret().map_err(Problem::from)?;
        let shown = signature::shown(&key);
        (key, Some(shown))
    };
    let webhook = Some(Webhook { url, secret: Secret(key), reaches_private });
    let attempts_max = Some(attempts_max.unwrap_or(WEBHOOK_ATTEMPTS));
    let is_secret_new = shown.is_some();
    Ok((SubscriptionTerms { filter, start, attempts_max, webhook, is_secret_new }, shown))
}
