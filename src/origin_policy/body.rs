//! The check of the headers about a body: JSON without compression, or no body.

use super::Refusal;
use actix_web::http::{
    Method,
    header::{self, HeaderMap},
};

/// Checks `Content-Type`, `Content-Encoding`, `Expect` and `Upgrade`.
///
/// # Errors
/// When the request is refused.
pub fn check_body(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut media_types = 0;
    let mut is_json = false;
    let mut has_body = false;
    for (name, value) in headers {
        let text = || value.to_str().unwrap_or_default();
        if *name == header::CONTENT_TYPE {
            media_types += 1;
            is_json = self::is_json(text());
        } else if *name == header::CONTENT_LENGTH {
            has_body |= text().trim() != "0";
        } else if *name == header::TRANSFER_ENCODING {
            has_body = true;
        } else if *name == header::CONTENT_ENCODING {
            check_encoding(text())?;
        } else if *name == header::EXPECT {
            check_expectation(text())?;
        } else if *name == header::UPGRADE && text().trim().eq_ignore_ascii_case("websocket") {
            let reason = "this server speaks no websockets".to_owned();
            return Err(Refusal::Malformed(reason));
        }
    }
    // The body of a request with another method is not read.
    let is_read = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    if !is_read || !has_body || (media_types == 1 && is_json) {
        return Ok(());
    }
    Err(Refusal::MediaType(if media_types == 0 {
        "the body has no content type; send `Content-Type: application/json`".to_owned()
    } else {
        "the content type of the body is not json in utf-8; send `Content-Type: application/json`"
            .to_owned()
    }))
}

/// Whether a media type is JSON, under its own name or as `…+json`, in UTF-8.
fn is_json(text: &str) -> bool {
    if text == "application/json" {
        return true;
    }
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte))
    };
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    let is_json = essence == "application/json" || subtype.ends_with("+json");
    is_token(kind) && is_token(subtype) && is_json && parts.all(is_parameter_of_json)
}

/// Accepts a parameter unless it is a `charset` other than UTF-8 or its subset ASCII: JSON is UTF-8
/// (RFC 8259, 8.1).
fn is_parameter_of_json(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim().trim_matches('"');
    !name.trim().eq_ignore_ascii_case("charset")
        || ["utf-8", "utf8", "us-ascii"].iter().any(|known| known.eq_ignore_ascii_case(value))
}

fn check_encoding(text: &str) -> Result<(), Refusal> {
    if text.split(',').map(str::trim).all(|coding| coding.eq_ignore_ascii_case("identity")) {
        return Ok(());
    }
    let reason = "this server reads no compressed bodies; send it without `Content-Encoding`";
    Err(Refusal::Encoded(reason.to_owned()))
}

fn check_expectation(text: &str) -> Result<(), Refusal> {
    if text.split(',').map(str::trim).all(|it| it.eq_ignore_ascii_case("100-continue")) {
        return Ok(());
    }
    let reason = "the only expectation that this server meets is `100-continue`";
    Err(Refusal::Expectation(reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn checked(headers: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        pairs.for_each(|(name, value)| headers.append(name, value));
        check_body(&Method::POST, &headers)
    }

    fn typed(media_type: &'static str) -> Result<(), Refusal> {
        checked(&[("content-length", "2"), ("content-type", media_type)])
    }

    #[test]
    fn every_json_media_type_is_accepted() {
        for media_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/hal+json",
            "application/vnd.api+json; version=1",
        ] {
            assert_eq!(typed(media_type), Ok(()), "{media_type}");
        }
    }

    #[test]
    fn a_body_of_another_type_or_of_none_is_refused() {
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=latin1",
            "text/plain;a=application/json",
            "text/plain,a/b+json",
            "+json",
            "/+json",
            "json",
            "",
        ] {
            assert!(matches!(typed(media_type), Err(Refusal::MediaType(_))), "{media_type}");
        }
        for headers in [
            &[("content-length", "2")][..],
            &[("transfer-encoding", "chunked")],
            &[
                ("content-length", "2"),
                ("content-type", "application/json"),
                ("content-type", "text/plain"),
            ],
        ] {
            assert!(matches!(checked(headers), Err(Refusal::MediaType(_))), "{headers:?}");
        }
    }

    #[test]
    fn a_request_without_a_body_needs_no_content_type() {
        assert_eq!(checked(&[]), Ok(()));
        assert_eq!(checked(&[("content-length", "0"), ("content-type", "text/plain")]), Ok(()));
    }

    #[test]
    fn a_compressed_body_and_an_unknown_expectation_are_refused() {
        let json = ("content-type", "application/json");
        for coding in ["gzip", "identity, br", "x"] {
            let refused = checked(&[json, ("content-encoding", coding)]);
            assert!(matches!(refused, Err(Refusal::Encoded(_))), "{coding}");
        }
        assert_eq!(checked(&[json, ("content-encoding", "identity")]), Ok(()));
        for expected in ["200-ok", "100-continue, x", ""] {
            let refused = checked(&[json, ("expect", expected)]);
            assert!(matches!(refused, Err(Refusal::Expectation(_))), "{expected}");
        }
        assert_eq!(checked(&[json, ("expect", "100-Continue")]), Ok(()));
    }

    #[test]
    fn a_websocket_is_refused() {
        assert!(matches!(checked(&[("upgrade", "WebSocket")]), Err(Refusal::Malformed(_))));
        assert_eq!(checked(&[("upgrade", "h2c")]), Ok(()));
    }
}
