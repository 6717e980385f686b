//! What a client would rather read: the header `Accept`, as RFC 9110 (12.5.1) has it.

use actix_web::http::header::{ACCEPT, HeaderMap};

/// Media ranges beyond these are not looked at.
const RANGES_MAX: usize = 64;

const HAL: &str = "application/hal+json";

/// What a view can be answered as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// JSON of either kind.
    Json,
    /// A page for people.
    Html,
}

/// JSON, unless a page is what the client prefers.
#[must_use]
pub fn shown(headers: &HeaderMap) -> Shown {
    let accept = Accept::of(headers);
    if accept.prefers("text", "html") { Shown::Html } else { Shown::Json }
}

/// The content type of a representation: HAL, unless the client would rather have plain JSON.
#[must_use]
pub fn json(headers: &HeaderMap) -> &'static str {
    if headers.get(ACCEPT).is_none_or(|accept| accept == "*/*") {
        return HAL;
    }
    Accept::of(headers).json()
}

/// Whether plain text is what the client would rather have than JSON.
#[must_use]
pub fn prefers_text(headers: &HeaderMap) -> bool {
    Accept::of(headers).prefers("text", "plain")
}

/// All media ranges of a request.
struct Accept<'a>(Vec<Range<'a>>);

/// One media range, `text/*;q=0.5`.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// It is about a variant of the type that is not offered here: `text/html;level=1`.
    has_parameters: bool,
    quality: u16,
}

impl<'a> Accept<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(',')).take(RANGES_MAX);
        Self(ranges.filter_map(Range::read).collect())
    }

    /// In thousandths; the most specific range that names the type decides.
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

    /// Whether this type is preferred over JSON of either kind.
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
    /// `None` when it is no media range.
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
            // The character set is always the same, and the one everybody asks for.
            has_parameters |= !name.trim().eq_ignore_ascii_case("charset");
        }
        Some(Self { kind, subtype, has_parameters, quality })
    }

    /// How exactly it names this type; `None` when it does not.
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

/// `0.5` as 500; `None` when it is no weight.
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
    fn a_page_is_shown_to_those_who_prefer_it() {
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
    fn json_is_shown_to_everybody_else() {
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
    fn text_is_given_to_those_who_prefer_it() {
        assert!(prefers_text(&asked("text/plain")) && prefers_text(&asked("text/*, */*;q=0.1")));
        assert!(!prefers_text(&asked("*/*")) && !prefers_text(&HeaderMap::new()));
    }
}
