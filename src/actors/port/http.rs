//! The HTTP transport of a port: one request, and the meaning of its answer.
//!
//! Only 402, 409 and 422 are answers of the business that decline. Every other status that is not
//! 2xx is a failure: of the service, or of the settings of this port (401, 403, 404). Redirects are
//! not followed, because the request would become a `GET`, and its secrets would go elsewhere.

use crate::{
    actors::{
        settings::{Header, PortSettings},
        support::with_causes,
    },
    domain::kernel::{PortReply, PortRequest},
    store::StoreId,
    traces::{TRACE_PARENT, TraceContext},
};
use reqwest::{
    Client, Response, Url,
    header::{HeaderMap, HeaderValue, USER_AGENT},
    redirect::Policy,
};
use serde_json::Value;

/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The most characters of the text of a service in a reason or in the log.
const TEXT_CHARS_MAX: usize = 200;

/// The shortest secret that is masked in the text of a service.
const SECRET_BYTES_MIN: usize = 4;

/// The reason of a decline whose answer has no usable text.
const DECLINED: &str = "the outside service declined";

/// The client of one service over HTTP.
pub(super) struct Http {
    client: Client,
    url: Url,
    /// The prefix of every idempotency key sent to the service.
    ours: String,
    /// The secrets of the headers. They are masked in the text of the service, which may repeat
    /// them.
    secrets: Vec<String>,
}

impl Http {
    /// Creates the client. Its keys begin with the store and the port.
    ///
    /// # Errors
    /// A sentence that says which setting is unusable.
    pub(super) fn new(
        port: &str,
        store: Option<StoreId>,
        settings: &PortSettings,
    ) -> Result<Self, String> {
        let url = settings.url.as_deref().ok_or("url: is required with transport = \"http\"")?;
        let url = url.parse().map_err(|error| format!("url: {error}"))?;
        let headers = settings.headers.read().map_err(|reason| format!("headers.{reason}"))?;
        // If an embedding program has already installed a provider, that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .default_headers(header_map(&headers))
            .build()
            .map_err(|error| error.to_string())?;
        let ours = store.map(|store| format!("{store}/{port}/")).unwrap_or_default();
        let secrets = headers.into_iter().map(|header| header.secret);
        let secrets = secrets.filter(|secret| secret.len() >= SECRET_BYTES_MIN).collect();
        Ok(Self { client, url, ours, secrets })
    }

    /// The key and the body, as they are sent to the service.
    pub(super) fn message(&self, ask: &PortRequest) -> (String, Value) {
        let ours = |key: &str| format!("{}{key}", self.ours);
        let mut body = ask.body.clone();
        if let Some((name, key)) = &ask.undoes {
            body[*name] = ours(key).into();
        }
        (ours(&ask.key), body)
    }

    /// Sends a `POST` with the key as `Idempotency-Key` and the trace as `traceparent`.
    ///
    /// # Errors
    /// The details of the failure, for operators only.
    pub(super) async fn ask(
        &self,
        ask: &PortRequest,
        trace: Option<&TraceContext>,
    ) -> Result<PortReply, String> {
        let (key, body) = self.message(ask);
        let request = self.client.post(self.url.clone()).header("Idempotency-Key", key).json(&body);
        let request = match trace {
            Some(trace) => request.header(TRACE_PARENT, trace.to_string()),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.described(error))?;
        let status = response.status();
        let answer = read(response).await;
        if status.is_success() {
            let answer = answer.map_err(|error| self.described(error))?;
            return Ok(PortReply::Approved(serde_json::from_slice(&answer).unwrap_or_default()));
        }
        let answer = answer.unwrap_or_default();
        let text = self.shortened(&String::from_utf8_lossy(&answer));
        if matches!(status.as_u16(), 402 | 409 | 422) {
            tracing::debug!(%status, text, "the outside service declined");
            let reason = reason_in(&answer).map(|reason| self.shortened(&reason));
            return Ok(PortReply::Declined(reason.unwrap_or_else(|| DECLINED.to_owned())));
        }
        Err(format!("answered {status}: {text}"))
    }

    /// The error with its causes, without the address of the service.
    fn described(&self, error: reqwest::Error) -> String {
        self.shortened(&with_causes(&error.without_url()))
    }

    /// The beginning of a text, on one line and without secrets.
    fn shortened(&self, text: &str) -> String {
        let masked = |text: String, secret: &String| text.replace(secret, "***");
        let text = self.secrets.iter().fold(text.to_owned(), masked);
        text.chars().take(TEXT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

fn header_map(headers: &[Header]) -> HeaderMap {
    let ours = concat!("madang/", env!("CARGO_PKG_VERSION"));
    let mut map = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(ours))]);
    map.extend(headers.iter().map(|header| (header.name.clone(), header.value.clone())));
    map
}

/// Reads the body of an answer. A body that is longer than [`ANSWER_BYTES_MAX`] counts as empty,
/// because a part of it is not JSON.
async fn read(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            tracing::debug!(bytes_max = ANSWER_BYTES_MAX, "the answer is too long to be read");
            return Ok(Vec::new());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The reason in the answer of a service that declines, under one of the usual names. It is told to
/// customers, so a text with an address is not used.
fn reason_in(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let mut reasons = ["reason", "detail", "message"].into_iter().filter_map(|name| {
        let reason = answer.get(name)?.as_str()?.trim();
        (!reason.is_empty() && !reason.contains("://")).then(|| reason.to_owned())
    });
    reasons.next()
}

#[cfg(test)]
mod tests;
