//! Compression of answers by `Accept-Encoding` (RFC 9110, 12.5.3): zstd, br and gzip.
//!
//! Only bodies from 1 KiB on are compressed, because smaller ones fit into one packet anyway. A
//! compressed representation has an entity tag of its own, `"7-gzip"` beside `"7"` (RFC 9110, 8.8.3);
//! the server reads both as version 7.

use crate::http::{request::content_negotiation::codings, response::Response};
use actix_web::{
    http::{
        StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderValue},
    },
    rt::task::spawn_blocking,
};
use std::io::{self, Write as _};

/// The smallest body that is compressed, in bytes.
const BODY_BYTES_MIN: usize = 1_024;

/// The largest body that is compressed on the thread of the worker, in bytes: about a millisecond.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// The levels: the time per byte is about the same, and the gain of higher ones is small.
const ZSTD_LEVEL: i32 = 3;
const BROTLI_LEVEL: u32 = 4;
const GZIP_LEVEL: u32 = 5;

/// The window of brotli, in bits.
const BROTLI_WINDOW_BITS: u32 = 20;

/// The codings by preference of the server.
const CODINGS: [(&str, Coding); 3] =
    [("zstd", Coding::Zstd), ("br", Coding::Brotli), ("gzip", Coding::Gzip)];

/// A coding of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

/// The answer as the client accepts it: compressed where that is worth it.
pub async fn compressed(request: &HeaderMap, answer: Response) -> Response {
    if answer.body.len() < BODY_BYTES_MIN || !is_compressible(&answer) {
        return answer;
    }
    let mut answer = answer.varying_by("Accept-Encoding");
    let Some((name, coding)) = chosen(request) else { return answer };
    let body = std::mem::take(&mut answer.body);
    let coded = if body.len() <= INLINE_BYTES_MAX {
        coding.encode(&body).map_err(|_| body)
    } else {
        // The body is lost only if the thread panics.
        let encoding = spawn_blocking(move || coding.encode(&body).map_err(|_| body));
        encoding.await.unwrap_or_else(|_| Err(Vec::new()))
    };
    match coded {
        Ok(coded) => {
            answer.body = coded;
            tagged(answer, name)
        }
        Err(body) => Response { body, ..answer },
    }
}

/// Whether the answer is text, and may be compressed. It may be compressed already. An answer that
/// must not be stored can hold secrets, whose length would tell something about them.
fn is_compressible(answer: &Response) -> bool {
    let kind = answer.content_type;
    let is_text = kind.starts_with("text/") || kind.ends_with("json");
    let is_final = answer.headers.iter().any(|(name, value)| {
        *name == CONTENT_ENCODING || (*name == CACHE_CONTROL && *value == "no-store")
    });
    is_text && !is_final && answer.stream.is_none() && answer.status != StatusCode::NOT_MODIFIED
}

/// The coding that the client prefers, with its name; `None` for no coding.
fn chosen(request: &HeaderMap) -> Option<(&'static str, Coding)> {
    request.get(ACCEPT_ENCODING)?;
    let accepted = codings(request);
    let mut best: Option<(u16, (&'static str, Coding))> = None;
    for known in CODINGS {
        let quality = accepted.quality(known.0);
        if quality > best.map_or(0, |(quality, _)| quality) {
            best = Some((quality, known));
        }
    }
    // Without a word about it, no coding is the last choice.
    let (quality, coding) = best?;
    (quality >= accepted.quality_of_identity()).then_some(coding)
}

/// The answer with the name of its coding, and with an entity tag of its own.
fn tagged(mut answer: Response, name: &'static str) -> Response {
    for (header, value) in &mut answer.headers {
        let tag = value.to_str().ok().filter(|_| *header == ETAG);
        let tag = tag.and_then(|tag| tag.strip_suffix('"')).map(|tag| format!("{tag}-{name}\""));
        if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            *value = tag;
        }
    }
    answer.headers.push((CONTENT_ENCODING, HeaderValue::from_static(name)));
    answer
}

impl Coding {
    fn encode(self, body: &[u8]) -> io::Result<Vec<u8>> {
        let into = Vec::with_capacity(body.len() / 4);
        match self {
            Self::Zstd => zstd::bulk::compress(body, ZSTD_LEVEL),
            Self::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                let mut encoder = flate2::write::GzEncoder::new(into, level);
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(
                    into,
                    INLINE_BYTES_MAX,
                    BROTLI_LEVEL,
                    BROTLI_WINDOW_BITS,
                );
                encoder.write_all(body)?;
                Ok(encoder.into_inner())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn accepting(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        headers
    }

    fn answer(bytes: usize) -> Response {
        let body = br#"{"id":7,"status":"Paid"}"#.iter().copied().cycle().take(bytes).collect();
        Response::new(StatusCode::OK, "application/hal+json", body).with_version(7)
    }

    fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
        let found = answer.headers.iter().find(|(known, _)| known.as_str() == name);
        found.map(|(_, value)| value.to_str().unwrap())
    }

    fn decoded(name: &str, body: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match name {
            "zstd" => plain = zstd::bulk::decompress(body, 1 << 20).unwrap(),
            "gzip" => drop(flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap()),
            _ => drop(brotli::Decompressor::new(body, 4_096).read_to_end(&mut plain).unwrap()),
        }
        plain
    }

    #[test]
    fn the_client_chooses_by_weight_and_the_server_between_equals() {
        for (value, name) in [
            ("gzip", Some("gzip")),
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, br", Some("br")),
            ("gzip;q=1, br;q=0.9", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("x-gzip", Some("gzip")),
            ("*", Some("zstd")),
            ("*, zstd;q=0", Some("br")),
            ("gzip;q=0", None),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.5, gzip", Some("gzip")),
            ("identity", None),
            ("deflate", None),
            ("gzip;q=2", None),
            ("", None),
        ] {
            let chosen = chosen(&accepting(value)).map(|(name, _)| name);
            assert_eq!(chosen, name, "{value}");
        }
        assert_eq!(chosen(&HeaderMap::new()), None);
    }

    #[actix_web::test]
    async fn each_coding_holds_the_same_body_under_a_tag_of_its_own() {
        for bytes in [BODY_BYTES_MIN, INLINE_BYTES_MAX + 1] {
            for (name, _) in CODINGS {
                let answer = compressed(&accepting(name), answer(bytes)).await;
                assert!(answer.body.len() < bytes / 4, "{name}");
                assert_eq!(decoded(name, &answer.body).len(), bytes, "{name}");
                assert_eq!(header(&answer, "content-encoding"), Some(name));
                assert_eq!(header(&answer, "etag"), Some(&*format!("\"7-{name}\"")));
                assert_eq!(header(&answer, "vary"), Some("Accept-Encoding"));
            }
        }
    }

    #[actix_web::test]
    async fn what_is_small_or_binary_or_secret_is_sent_as_it_is() {
        let small = answer(BODY_BYTES_MIN - 1);
        let secret = answer(4_096).with(CACHE_CONTROL, "no-store");
        let binary = Response { content_type: "image/png", ..answer(4_096) };
        let coded = answer(4_096).with(CONTENT_ENCODING, "gzip");
        assert_eq!(compressed(&accepting("br"), coded).await.body.len(), 4_096);
        for plain in [small, secret, binary] {
            let bytes = plain.body.len();
            let sent = compressed(&accepting("gzip"), plain).await;
            assert_eq!((sent.body.len(), header(&sent, "content-encoding")), (bytes, None));
            assert_eq!((header(&sent, "etag"), header(&sent, "vary")), (Some("\"7\""), None));
        }
        let plain = compressed(&HeaderMap::new(), answer(4_096)).await;
        assert_eq!(header(&plain, "vary"), Some("Accept-Encoding"));
    }
}
