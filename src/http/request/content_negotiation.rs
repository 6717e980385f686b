//! Content negotiation by the headers `Accept` and `Accept-Encoding` (RFC 9110, 12.5).

use actix_web::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap};

/// The most media ranges of a request that are read; further ones are ignored.
const RANGES_MAX: usize = 64;

const HAL: &str = "application/hal+json";

/// The representations of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// JSON, plain or HAL.
    Json,
    /// An HTML page.
    Html,
}

/// The representation that the client prefers; JSON unless HTML is preferred over it.
#[must_use]
pub fn shown(headers: &HeaderMap) -> Shown {
    if only_json(headers) || !Accept::of(headers).prefers("text", "html") {
        Shown::Json
    } else {
        Shown::Html
    }
}

/// The content type of a JSON representation: HAL, unless the client prefers plain JSON.
#[must_use]
pub fn json(headers: &HeaderMap) -> &'static str {
    if headers.get(ACCEPT).is_none_or(|accept| accept == "*/*") {
        return HAL;
    }
    Accept::of(headers).json()
}

/// Whether the header plainly prefers nothing over JSON, so that it need not be parsed. A second
/// header of this name can prefer something else.
fn only_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT);
    let Some(first) = values.next() else { return true };
    let is_plain = ["*/*", HAL, "application/json"].iter().any(|plain| first == plain);
    is_plain && values.next().is_none()
}

/// Whether the client prefers this type, `text/event-stream`, over JSON.
#[must_use]
pub fn prefers(headers: &HeaderMap, media_type: &str) -> bool {
    let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
    !only_json(headers) && Accept::of(headers).prefers(kind, subtype)
}

/// Whether the client prefers plain text over JSON.
#[must_use]
pub fn prefers_text(headers: &HeaderMap) -> bool {
    Accept::of(headers).prefers("text", "plain")
}

/// The codings that a request accepts (RFC 9110, 12.5.3).
pub struct Codings<'a>(Vec<(&'a str, u16)>);

/// The codings in the headers `Accept-Encoding`.
#[must_use]
pub fn codings(headers: &HeaderMap) -> Codings<'_> {
    let values = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    let codings = values.flat_map(|value| value.split(',')).take(RANGES_MAX);
    Codings(codings.filter_map(coding).collect())
}

/// Parses a coding with its weight, `gzip;q=0.5`; `None` when the text is none.
fn coding(text: &str) -> Option<(&str, u16)> {
    let (name, weight) = text.split_once(';').unwrap_or((text, "q=1"));
    let (q, weight) = weight.trim().split_once('=')?;
    let quality = thousandths(weight.trim())?;
    q.trim().eq_ignore_ascii_case("q").then_some((name.trim(), quality))
}

impl Codings<'_> {
    fn named(&self, name: &str) -> Option<u16> {
        let found = self.0.iter().find(|(known, _)| {
            let known = known.strip_prefix("x-").unwrap_or(known);
            known.eq_ignore_ascii_case(name)
        });
        found.map(|(_, quality)| *quality)
    }

    /// The weight of a coding, in thousandths; 0 when it is not accepted.
    #[must_use]
    pub fn quality(&self, name: &str) -> u16 {
        self.named(name).or_else(|| self.named("*")).unwrap_or(0)
    }

    /// The weight of no coding, when the request names it; otherwise it is the last choice.
    #[must_use]
    pub fn quality_of_identity(&self) -> u16 {
        self.named("identity").unwrap_or(0)
    }
}

/// The media ranges of a request.
struct Accept<'a>(Vec<Range<'a>>);

/// One media range, `text/*;q=0.5`.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// The range has parameters, such as `text/html;level=1`. This server offers no such variant.
    has_parameters: bool,
    quality: u16,
}

impl<'a> Accept<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(',')).take(RANGES_MAX);
        Self(ranges.filter_map(Range::read).collect())
    }

    /// The quality of a type, in thousandths. The most specific range that matches the type
    /// decides.
    fn quality(&self, kind: &str, subtype: &str) -> u16 {
        if self.0.is_empty() {
            return 1_000;
        }
        let named = self
            .0
            .iter()
            .filter_map(|range| Some((range.specificity(kind, subtype)?, range.quality)));
        named.max().map_or(0, |(_, quality)| quality)
    }

    /// Whether this type is preferred over plain JSON and HAL.
    fn prefers(&self, kind: &str, subtype: &str) -> bool {
        let json = self.quality("application", "hal+json").max(self.quality("application", "json"));
        self.quality(kind, subtype) > json
    }

    fn json(&self) -> &'static str {
        let (plain, hal) =
            (self.quality("application", "json"), self.quality("application", "hal+json"));
        if plain > hal { "application/json" } else { HAL }
    }
}

impl<'a> Range<'a> {
    /// Parses a media range; `None` when the text is none.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let (mut quality, mut has_parameters) = (1_000, false);
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            if name.trim().eq_ignore_ascii_case("q") {
                quality = thousandths(value.trim())?;
                break;
            }
            // `charset` is ignored: the character set is always UTF-8.
            has_parameters |= !name.trim().eq_ignore_ascii_case("charset");
        }
        Some(Self { kind, subtype, has_parameters, quality })
    }

    /// The specificity with which the range matches this type, from 0 to 2; `None` when it does
    /// not.
    fn specificity(&self, kind: &str, subtype: &str) -> Option<u8> {
        if self.has_parameters {
            return None;
        }
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (of, "*") if of.eq_ignore_ascii_case(kind) => Some(1),
            (of, sub) => {
                let is_it = of.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype);
                is_it.then_some(2)
            }
        }
    }
}

/// Parses a weight in thousandths, `0.5` as 500; `None` when the text is no weight.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_weight = matches!(whole, "0" | "1")
        && fraction.len() <= 3
        && fraction.bytes().all(|digit| digit.is_ascii_digit());
    if !is_weight {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<u16>().ok()?;
    Some((whole.parse::<u16>().ok()? * 1_000 + thousandths).min(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn asked(accept: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        headers
    }

    #[test]
    fn html_is_given_to_clients_that_prefer_it() {
        for accept in [
            "text/html",
            "Text/HTML; charset=utf-8",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json;q=0.4, text/html;q=0.401",
            "text/*, application/json;q=0.9",
            "*/*;q=1, application/*;q=0.1, text/html;q=0.2",
        ] {
            assert_eq!(shown(&asked(accept)), Shown::Html, "{accept}");
        }
    }

    #[test]
    fn json_is_given_to_all_other_clients() {
        assert_eq!(shown(&HeaderMap::new()), Shown::Json);
        for accept in [
            "*/*",
            "",
            "nonsense",
            "text/html, application/json",
            "text/html;q=0.5, */*",
            "text/html;q=0",
            "text/html;level=1, */*;q=0.1",
            "text/html;q=2, */*;q=0.1",
            "image/png",
        ] {
            assert_eq!(shown(&asked(accept)), Shown::Json, "{accept}");
        }
    }

    #[test]
    fn hal_is_given_unless_plain_json_is_preferred() {
        let given = |accept| json(&asked(accept));
        assert_eq!(given("*/*"), "application/hal+json");
        assert_eq!(given("application/json, */*;q=0.5"), "application/json");
        assert_eq!(given("application/hal+json, application/json"), "application/hal+json");
        assert_eq!(given("application/hal+json;q=0.1, application/json"), "application/json");
    }

    #[test]
    fn text_is_given_to_clients_that_prefer_it() {
        assert!(prefers_text(&asked("text/plain")) && prefers_text(&asked("text/*, */*;q=0.1")));
        assert!(!prefers_text(&asked("*/*")) && !prefers_text(&HeaderMap::new()));
    }
}
