//! The browser for the contract: Swagger UI, from files in the binary, without any other server.

use crate::http::{request::content_negotiation::codings, response::Response};
use actix_web::http::{StatusCode, header, header::HeaderMap};
use flate2::read::GzDecoder;
use std::io::Read as _;

/// The policy of the page: scripts and requests of this server alone. The library sets styles of
/// its own elements.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Swagger UI 5.35.0, as `swagger-ui-dist` of npm has it; the licences are beside the files.
const SCRIPT: &[u8] = include_bytes!("swagger-ui/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("swagger-ui/swagger-ui.css.gz");

const PAGE: &str = include_str!("page.html");
const START: &str = include_str!("start.js");

/// The answer at a path below `/docs`; `None` when nothing is there.
pub(super) fn answer(rest: &str, headers: &HeaderMap) -> Option<Response> {
    let answer = match rest {
        "" | "/" => plain("text/html; charset=utf-8", PAGE),
        "/start.js" => plain("text/javascript; charset=utf-8", START),
        "/swagger-ui-bundle.js" => packed("text/javascript; charset=utf-8", SCRIPT, headers),
        "/swagger-ui.css" => packed("text/css; charset=utf-8", STYLE, headers),
        _ => return None,
    };
    Some(
        answer
            .with(header::CACHE_CONTROL, "no-cache")
            .with(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    )
}

fn plain(content_type: &'static str, text: &str) -> Response {
    Response::new(StatusCode::OK, content_type, text.as_bytes().to_vec())
}

/// A file that is stored as gzip; it is unpacked for a client that does not read gzip.
fn packed(content_type: &'static str, file: &[u8], headers: &HeaderMap) -> Response {
    let answer = |body| Response::new(StatusCode::OK, content_type, body);
    if codings(headers).quality("gzip") > 0 {
        let packed = answer(file.to_vec()).with(header::CONTENT_ENCODING, "gzip");
        return packed.varying_by("Accept-Encoding");
    }
    let mut unpacked = Vec::new();
    // The files are in the binary and tested, so they can be read.
    let _ = GzDecoder::new(file).read_to_end(&mut unpacked);
    answer(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn every_file_of_the_page_is_in_the_binary_packed_and_unpacked() {
        let mut gzip = HeaderMap::new();
        gzip.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.5"));
        for (path, bytes_min) in
            [("/swagger-ui-bundle.js", 1_000_000), ("/swagger-ui.css", 100_000)]
        {
            assert!(PAGE.contains(&format!("/docs{path}")), "{path}");
            let unpacked = answer(path, &HeaderMap::new()).unwrap().body;
            assert!(unpacked.len() > bytes_min, "{path} has {} bytes", unpacked.len());
            let packed = answer(path, &gzip).unwrap();
            assert!(packed.body.len() < unpacked.len() / 2);
            assert!(packed.headers.iter().any(|(name, _)| *name == header::CONTENT_ENCODING));
        }
        assert!(PAGE.contains("/docs/start.js") && answer("/start.js", &gzip).is_some());
        assert!(answer("/../Cargo.toml", &gzip).is_none());
        assert!(!PAGE.contains("http") && !START.contains("http"), "no other server is needed");
    }
}
