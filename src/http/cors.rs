//! Cross-origin resource sharing (CORS): which pages of other origins may read answers. By default
//! none may, and no header is sent.
//!
//! Answers never allow credentials: a page sends its token in `Authorization`, and the server has no
//! cookies.

use crate::{http::response::Response, origin_policy::CorsOrigins};
use actix_web::http::{
    Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
        ALLOW, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    },
};

/// The methods of a path that says nothing about its methods. A page then sends its request and
/// reads the problem.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH");

/// The headers of requests that pages may send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, \
     Prefer, Traceparent, X-Correlation-Id, X-Madang-Position",
);

/// The headers of answers that pages may read.
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "Allow, ETag, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, \
     Traceparent, WWW-Authenticate, X-Correlation-Id, X-Madang-Position, X-Madang-Suspended",
);

/// How long a browser may keep the answer to a preflight, in seconds. No browser keeps it longer.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("7200");

/// The request headers that the answer to a preflight depends on, beside `Origin`.
const PREFLIGHT: &str = "Access-Control-Request-Method, Access-Control-Request-Headers";

/// Adds what a browser needs to let the page read the answer. The answer to a preflight of an allowed
/// page replaces what the path answered.
#[must_use]
pub fn apply(
    origins: &CorsOrigins,
    (method, headers): (&Method, &HeaderMap),
    answer: Response,
) -> Response {
    if *origins == CorsOrigins::Own {
        return answer;
    }
    let is_preflight =
        *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = headers.get(ORIGIN).and_then(|origin| origins.allowed(origin));
    let answer = if is_preflight && allowed.is_some() { preflight(answer) } else { answer };
    // With origins listed, the answer depends on the origin of the page.
    let is_listed = matches!(origins, CorsOrigins::Listed(_));
    let mut answer = if is_listed { answer.varying_by("Origin") } else { answer };
    if let Some(allowed) = allowed {
        answer.headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
        if !is_preflight {
            answer.headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS));
        }
    }
    answer
}

/// The answer to a preflight: the methods that the path allows.
fn preflight(answer: Response) -> Response {
    let headers: Vec<(HeaderName, HeaderValue)> = answer.headers;
    let allow = headers.into_iter().find(|(name, _)| *name == ALLOW);
    let methods = allow.map_or(METHODS, |(_, methods)| methods);
    let mut preflight = Response::new(StatusCode::NO_CONTENT, "", Vec::new());
    preflight.headers = vec![
        (ALLOW, methods.clone()),
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE_S),
    ];
    preflight.varying_by(PREFLIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> CorsOrigins {
        CorsOrigins::read(&["https://shop.example".to_owned()]).unwrap()
    }

    fn applied(
        origins: &CorsOrigins,
        method: &Method,
        headers: &[(HeaderName, &'static str)],
    ) -> Response {
        let mut request = HeaderMap::new();
        for (name, value) in headers {
            request.append(name.clone(), HeaderValue::from_static(value));
        }
        let answer = Response::options("OPTIONS, GET").varying_by("Accept");
        apply(origins, (method, &request), answer)
    }

    fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
        let found = answer.headers.iter().find(|(known, _)| known.as_str() == name);
        found.map(|(_, value)| value.to_str().unwrap())
    }

    const SHOP: (HeaderName, &str) = (ORIGIN, "https://shop.example");
    const ASKED: (HeaderName, &str) = (ACCESS_CONTROL_REQUEST_METHOD, "PATCH");
    const OTHER: (HeaderName, &str) = (ORIGIN, "https://other.example");

    #[test]
    fn a_listed_origin_may_read_and_another_may_not() {
        let answer = applied(&listed(), &Method::GET, &[SHOP]);
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(SHOP.1));
        let exposed = header(&answer, "access-control-expose-headers").unwrap();
        assert!(exposed.contains("X-Madang-Position"), "{exposed}");
        for headers in [&[SHOP][..], &[OTHER], &[OTHER, ASKED], &[]] {
            let answer = applied(&listed(), &Method::GET, headers);
            assert_eq!(header(&answer, "vary"), Some("Accept, Origin"));
            let is_allowed = header(&answer, "access-control-allow-origin").is_some();
            assert_eq!(is_allowed, headers == [SHOP]);
        }
    }

    #[test]
    fn a_preflight_is_answered_with_the_methods_of_the_path() {
        let answer = applied(&listed(), &Method::OPTIONS, &[SHOP, ASKED]);
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(header(&answer, "access-control-allow-methods"), Some("OPTIONS, GET"));
        assert_eq!(header(&answer, "access-control-max-age"), Some("7200"));
        assert!(header(&answer, "vary").unwrap().ends_with("Request-Headers, Origin"));
        let foreign = applied(&listed(), &Method::OPTIONS, &[OTHER, ASKED]);
        assert_eq!(header(&foreign, "access-control-allow-methods"), None);
    }

    #[test]
    fn every_origin_is_allowed_by_a_star_without_credentials() {
        let answer = applied(&CorsOrigins::Every, &Method::GET, &[SHOP]);
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
        assert_eq!(header(&answer, "access-control-allow-credentials"), None);
        assert_eq!(header(&answer, "vary"), Some("Accept"));
        let none = applied(&CorsOrigins::Own, &Method::GET, &[SHOP]);
        assert_eq!(header(&none, "access-control-allow-origin"), None);
    }
}
