//! Responses before they are sent: status, headers and body.

use crate::{
    http::{
        connection::Serving,
        request::{CORRELATION, POSITION, TRACE_PARENT},
    },
    inbound::{client_limit::Quota, position_token::PositionToken, problem::Problem},
    traces::TraceContext,
};
use actix_http::body::{BodySize, MessageBody};
use actix_web::http::{
    StatusCode,
    header::{
        ALLOW, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, VARY,
        WWW_AUTHENTICATE,
    },
};

use actix_web::web::Bytes;
use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// The headers with the limit of a client and what is left of it.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The body of a response.
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// Parts that come one by one. The connection serves until the last one.
    Stream {
        /// The parts.
        parts: mpsc::Receiver<Bytes>,
        /// The mark of the connection that a request is in progress.
        _serving: Option<Serving>,
    },
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        match self {
            Self::Whole(bytes) => BodySize::Sized(bytes.len() as u64),
            Self::Stream { .. } => BodySize::Stream,
        }
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(mem::take(bytes).into()))),
            Self::Stream { parts, .. } => parts.poll_recv(context).map(|part| part.map(Ok)),
        }
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        match self {
            Self::Whole(bytes) => Ok(bytes.into()),
            stream @ Self::Stream { .. } => Err(stream),
        }
    }
}

/// A response before it is converted to a response of actix.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The content type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The number of the conversation, when there is one.
    pub number: Option<u64>,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The parts of a body without a known end, which comes instead of `body`.
    pub stream: Option<mpsc::Receiver<Bytes>>,
}

impl Response {
    /// A response with a status, a content type and a body.
    #[must_use]
    pub const fn new(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type, body, number: None, headers: Vec::new(), stream: None }
    }

    /// The response 204 with the allowed methods.
    #[must_use]
    pub fn options(allow: &str) -> Self {
        Self::new(StatusCode::NO_CONTENT, "", Vec::new()).with(ALLOW, allow)
    }

    /// Adds a header. A value that is invalid in a header is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds a header with a number.
    #[must_use]
    pub fn with_number(mut self, name: HeaderName, number: u64) -> Self {
        self.headers.push((name, HeaderValue::from(number)));
        self
    }

    /// Adds these request headers to those that the answer depends on (`Vary`).
    #[must_use]
    pub fn varying_by(mut self, names: &str) -> Self {
        let Some((_, value)) = self.headers.iter_mut().find(|(name, _)| *name == VARY) else {
            return self.with(VARY, names);
        };
        let all = format!("{}, {names}", value.to_str().unwrap_or_default());
        if let Ok(all) = HeaderValue::from_str(&all) {
            *value = all;
        }
        self
    }

    /// Adds the policy and the state of the client's limit
    /// (draft-ietf-httpapi-ratelimit-headers-11).
    #[must_use]
    pub fn with_quota(self, quota: &Quota) -> Self {
        self.with(RATE_LIMIT_POLICY, &quota.policy()).with(RATE_LIMIT, &quota.state())
    }

    /// Adds the version as `ETag`.
    #[must_use]
    pub fn with_version(self, version: u32) -> Self {
        self.with(ETAG, &format!("\"{version}\""))
    }

    /// Adds the journal position that a write reached.
    #[must_use]
    pub fn with_position(self, position: u64) -> Self {
        self.with(POSITION, &PositionToken(position).to_string())
    }

    /// Adds the path of a new instance as `Location`.
    #[must_use]
    pub fn with_location(self, base: &str, number: u64) -> Self {
        self.with(LOCATION, &format!("{base}/{number}"))
    }

    /// The response for a problem at this path, with the client's name for the conversation.
    #[must_use]
    pub fn problem(problem: &Problem, path: &str, correlation: Option<&str>) -> Self {
        let number = problem.number.map(|number| number.to_string());
        let correlation = correlation.or(number.as_deref()).unwrap_or_default();
        let status = StatusCode::from_u16(problem.family.status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer =
            Self::new(status, "application/problem+json", problem.body(path, correlation));
        answer.number = problem.number;
        if let Some(seconds) = problem.retry_after_s {
            answer = answer.with_number(RETRY_AFTER, u64::from(seconds));
        }
        if let Some(challenge) = problem.challenge() {
            answer = answer.with(WWW_AUTHENTICATE, &challenge);
        }
        match &problem.allow {
            Some(allow) => answer.with(ALLOW, allow),
            None => answer,
        }
    }

    /// Converts the response to a response of actix, with the headers of the conversation and the
    /// trace.
    #[must_use]
    pub fn send(
        self,
        correlation: Option<&str>,
        trace: Option<&TraceContext>,
        serving: Option<Serving>,
    ) -> actix_http::Response<Body> {
        let body = match self.stream {
            Some(parts) => Body::Stream { parts, _serving: serving },
            None => Body::Whole(self.body),
        };
        let mut response = actix_http::Response::with_body(self.status, body);
        let headers: &mut HeaderMap = response.headers_mut();
        if !self.content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        let correlation = correlation.and_then(|name| HeaderValue::from_str(name).ok());
        if let Some(value) = correlation.or_else(|| self.number.map(HeaderValue::from)) {
            headers.insert(CORRELATION, value);
        }
        let trace = trace.filter(|trace| trace.is_of_client());
        if let Some(Ok(value)) = trace.map(|trace| HeaderValue::from_str(&trace.to_string())) {
            headers.insert(TRACE_PARENT, value);
        }
        response
    }
}
