//! Responses before they are sent: status, headers and body.

use crate::http::{
    position_token::PositionToken,
    problem::Problem,
    request::{CORRELATION, POSITION, TRACE_PARENT},
};
use actix_web::http::{
    StatusCode,
    header::{
        ALLOW, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
    },
};

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
}

impl Response {
    /// A response with a status, a content type and a body.
    #[must_use]
    pub const fn new(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, content_type, body, number: None, headers: Vec::new() }
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
        trace_parent: Option<&str>,
    ) -> actix_http::Response<Vec<u8>> {
        let mut response = actix_http::Response::with_body(self.status, self.body);
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
        if let Some(value) = trace_parent.and_then(|own| HeaderValue::from_str(own).ok()) {
            headers.insert(TRACE_PARENT, value);
        }
        response
    }
}
