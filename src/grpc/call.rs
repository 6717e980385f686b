//! One call: who calls, how long the caller waits, and the name of the conversation.

use super::{
    connection::Peer,
    site::Site,
    status::{status, unreadable},
};
use crate::{
    actors::Caller,
    inbound::{
        client_limit::FORWARDED_FOR,
        expiry::Expiry,
        metadata,
        problem::{Problem, TOO_SLOW},
    },
    traces::{Correlation, RequestTrace, TRACE_PARENT, TraceContext},
};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{
    Extensions, Request, Response, Status, Streaming,
    metadata::{MetadataMap, MetadataValue},
};

/// The metadata with the client's name for the conversation.
const CORRELATION: &str = "x-correlation-id";

/// The answer comes this much before the deadline, because the library ends a call at its deadline
/// without a reason.
const MARGIN: Duration = Duration::from_millis(5);

/// The longest deadline that is kept, in seconds: about three years.
const DEADLINE_S_MAX: u64 = 100_000_000;

/// What a client says beside its message.
pub struct Call {
    pub caller: Caller,
    /// The end of the caller's token.
    pub expiry: Expiry,
    pub metadata: MetadataMap,
    /// The trace of the call, if there is one.
    pub trace: Option<RequestTrace>,
    /// The time at which the client stops waiting.
    pub deadline: Option<Instant>,
}

/// A method of the service with one answer.
pub trait Unary {
    type Got: Send + 'static;
    type Sent: Send + 'static;

    /// Answers a call.
    ///
    /// # Errors
    /// The reason why it failed.
    fn answer(
        &self,
        site: &Site,
        call: &Call,
        message: Self::Got,
    ) -> impl Future<Output = Result<Response<Self::Sent>, Problem>> + Send;
}

/// Answers a call with one message.
///
/// # Errors
/// The status when it failed.
pub async fn unary<U: Unary>(
    site: &Site,
    method: &U,
    request: Request<Streaming<U::Got>>,
) -> Result<Response<U::Sent>, Status> {
    let mut returned = MetadataMap::new();
    let answered = async {
        let (call, message) = opened(site, request, &mut returned).await?;
        let trace = call.trace.as_ref().map(|trace| &*trace.context);
        let answer = Correlation::of(0, trace).scope(method.answer(site, &call, message));
        let answered = match call.deadline {
            Some(deadline) => timeout_at(deadline, answer).await.map_err(|_| too_late())?,
            None => answer.await,
        };
        answered.map_err(|problem| status(&problem))
    };
    let answered = answered.await;
    with(answered, returned)
}

/// Checks a call, and reads its message. What every answer to it has in its metadata is added to
/// `returned`: the name of the conversation, and what is left of the client's rate.
///
/// # Errors
/// When the client, its rate, its metadata or its message is refused.
pub async fn opened<T>(
    site: &Site,
    request: Request<Streaming<T>>,
    returned: &mut MetadataMap,
) -> Result<(Call, T), Status> {
    let (metadata, extensions, messages) = request.into_parts();
    let call = Call::read(site, metadata, &extensions, returned).await;
    let call = call.map_err(|problem| status(&problem))?;
    let message = timeout(site.message_within, first(messages))
        .await
        .map_err(|_| status(&Problem::new(TOO_SLOW, "the message did not arrive in time")))??;
    Ok((call, message))
}

/// Adds metadata to an answer.
///
/// # Errors
/// The answer, when it is one.
pub fn with<T>(
    mut answered: Result<Response<T>, Status>,
    returned: MetadataMap,
) -> Result<Response<T>, Status> {
    let metadata = match &mut answered {
        Ok(response) => response.metadata_mut(),
        Err(status) => status.metadata_mut(),
    };
    metadata.as_mut().extend(returned.into_headers());
    answered
}

/// The status of a call whose deadline is over.
pub fn too_late() -> Status {
    Status::deadline_exceeded(
        "the deadline is over; a command may go on, and its idempotency key tells the outcome",
    )
}

impl Call {
    async fn read(
        site: &Site,
        metadata: MetadataMap,
        extensions: &Extensions,
        returned: &mut MetadataMap,
    ) -> Result<Self, Problem> {
        let correlation = metadata::correlation(values(&metadata, CORRELATION))?;
        insert(returned, CORRELATION, correlation);
        let trace = values(&metadata, TRACE_PARENT).next().and_then(TraceContext::read);
        let trace = RequestTrace::begin(trace, true, site.runtime.tracer().map(AsRef::as_ref));
        let own = trace.as_ref().filter(|trace| trace.context.is_of_client());
        insert(returned, TRACE_PARENT, own.map(|own| own.context.to_string()).as_deref());
        let clients = site.clients.as_deref();
        let address = clients.zip(extensions.get::<Peer>()).map(|(clients, Peer(peer))| {
            let forwarded = metadata.get_all(FORWARDED_FOR).iter();
            clients.address(peer.ip(), forwarded.filter_map(|value| value.to_str().ok()))
        });
        let (caller, expiry) = match &site.tokens {
            Some(tokens) => {
                let values = values(&metadata, "authorization");
                tokens.caller(values, None, clients.zip(address)).await?
            }
            None => (Caller::Trusted, Expiry::NEVER),
        };
        if let Some((quota, admitted)) = clients.and_then(|it| it.count(&caller, address)) {
            insert(returned, "ratelimit-policy", Some(&quota.policy()));
            insert(returned, "ratelimit", Some(&quota.state()));
            admitted?;
        }
        let timeout = metadata.get("grpc-timeout").and_then(|value| waits(value.to_str().ok()?));
        let deadline =
            timeout.map(|timeout| Instant::now() + timeout.saturating_sub(MARGIN.min(timeout / 8)));
        Ok(Self { caller, expiry, metadata, trace, deadline })
    }

    /// All values of a name.
    pub fn values(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        values(&self.metadata, name)
    }
}

/// Inserts a value that is visible text, if there is one.
pub fn insert(into: &mut MetadataMap, name: &'static str, value: Option<&str>) {
    if let Some(value) = value.and_then(|value| MetadataValue::try_from(value).ok()) {
        into.insert(name, value);
    }
}

fn values<'a>(metadata: &'a MetadataMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
    metadata.get_all(name).iter().map(MetadataValue::as_encoded_bytes)
}

/// The first message of a request.
async fn first<T>(mut messages: Streaming<T>) -> Result<T, Status> {
    match messages.message().await {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(Status::invalid_argument("the request has no message")),
        Err(status) => Err(unreadable(&status)),
    }
}

/// The time in `grpc-timeout`: at most eight digits, and a unit. `None` when it cannot be read.
fn waits(value: &str) -> Option<Duration> {
    let unit = value.chars().next_back()?;
    let digits = &value[..value.len() - unit.len_utf8()];
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| is_number)?;
    let seconds = |each: u64| Duration::from_secs((number * each).min(DEADLINE_S_MAX));
    match unit {
        'H' => Some(seconds(3_600)),
        'M' => Some(seconds(60)),
        'S' => Some(seconds(1)),
        'm' => Some(Duration::from_millis(number)),
        'u' => Some(Duration::from_micros(number)),
        'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_says_how_long_it_waits() {
        for (value, expected) in [
            ("1S", Some(Duration::from_secs(1))),
            ("250m", Some(Duration::from_millis(250))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999H", Some(Duration::from_secs(DEADLINE_S_MAX))),
            ("7n", Some(Duration::from_nanos(7))),
            ("999999999m", None),
            ("-1S", None),
            ("S", None),
            ("1", None),
            ("1\u{e9}", None),
            ("", None),
        ] {
            assert_eq!(waits(value), expected, "{value}");
        }
    }
}
