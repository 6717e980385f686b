//! What is added to every answer: the state of the client's limit, a coding, the permission for
//! pages of other origins, and headers for the safety of browsers.

use crate::{
    http::{compression, cors, response::Response},
    inbound::client_limit::Quota,
    origin_policy::CorsOrigins,
};
use actix_http::{HttpMessage as _, Request};
use actix_web::http::header::{
    HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// A browser takes the content type as it is.
const NO_SNIFFING: (HeaderName, HeaderValue) =
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));

/// Pages of other origins cannot embed the answer.
const SAME_ORIGIN: (HeaderName, HeaderValue) = (
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderValue::from_static("same-origin"),
);

/// Browsers that once came by TLS come by TLS for a year.
const BY_TLS: (HeaderName, HeaderValue) =
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));

/// What a worker adds to its answers.
pub struct Finishing {
    cors: CorsOrigins,
    /// Whether clients come by TLS.
    is_tls: bool,
    /// Whether there is a limit per client.
    is_limited: bool,
}

impl Finishing {
    /// Creates the last step of all answers.
    #[must_use]
    pub const fn new(cors: CorsOrigins, is_tls: bool, is_limited: bool) -> Self {
        Self { cors, is_tls, is_limited }
    }

    /// The answer to this request as it is sent.
    pub async fn finish(&self, request: &Request, mut answer: Response) -> Response {
        if self.is_limited
            && let Some(quota) = request.extensions().get::<Quota>()
        {
            answer = answer.with_quota(quota);
        }
        answer = compression::compressed(request.headers(), answer).await;
        answer = cors::apply(&self.cors, (request.method(), request.headers()), answer);
        answer.headers.extend([NO_SNIFFING, SAME_ORIGIN]);
        answer.headers.extend(self.is_tls.then_some(BY_TLS));
        answer
    }
}
