//! The frame of every page: head, style, breadcrumb and main part.

use super::text::{put_element, put_link, put_text};
use std::fmt::Write as _;

/// The content security policy of all pages: it allows only the style below.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    style-src 'sha256-E2P4NC11XDk9DckbIpuOAuQgeQfdF7qOU0rifTybpog='; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("style.css");

/// One step of the breadcrumb. The last step is the page itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crumb {
    /// The shown name.
    pub name: String,
    /// The path of its page; `None` when there is none.
    pub href: Option<String>,
}

impl Crumb {
    /// A step that leads to a page.
    #[must_use]
    pub fn link(name: impl Into<String>, href: impl Into<String>) -> Self {
        Self { name: name.into(), href: Some(href.into()) }
    }

    /// A step without a page.
    #[must_use]
    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), href: None }
    }
}

/// The name of a page in its title and heading: `taxi/orders/7`.
#[must_use]
pub fn title_of(crumbs: &[Crumb]) -> String {
    let below = crumbs.iter().skip(1).map(|crumb| crumb.name.as_str()).collect::<Vec<_>>();
    if below.is_empty() { "madang".to_owned() } else { below.join("/") }
}

/// A page with this heading, whose main part is written by `put_main`.
#[must_use]
pub fn page(crumbs: &[Crumb], heading: &str, put_main: impl FnOnce(&mut String)) -> Vec<u8> {
    let mut page = String::with_capacity(8_192);
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    put_element(&mut page, "title", &whole_title(crumbs, heading));
    let _ = write!(page, "<style>{STYLE}</style>\n</head>\n<body>\n");
    put_breadcrumb(&mut page, crumbs);
    page.push_str("<main>\n");
    put_element(&mut page, "h1", heading);
    put_main(&mut page);
    page.push_str("</main>\n<footer>Times are UTC.</footer>\n</body>\n</html>\n");
    page.into_bytes()
}

fn whole_title(crumbs: &[Crumb], heading: &str) -> String {
    if crumbs.len() < 2 { heading.to_owned() } else { format!("{heading} – madang") }
}

fn put_breadcrumb(page: &mut String, crumbs: &[Crumb]) {
    page.push_str("<nav aria-label=\"breadcrumb\" class=\"path\">\n<ol>\n");
    for (nth, Crumb { name, href }) in crumbs.iter().enumerate() {
        let is_page = nth + 1 == crumbs.len();
        page.push_str(if is_page { "<li aria-current=\"page\">" } else { "<li>" });
        match href {
            Some(href) if !is_page => put_link(page, href, name),
            _ => put_text(page, name),
        }
        page.push_str("</li>\n");
    }
    page.push_str("</ol>\n</nav>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

    #[test]
    fn the_policy_allows_this_style_and_nothing_else() {
        let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap();
        let hash = suite.common.hash_provider.hash(STYLE.as_bytes());
        let expected = format!("style-src 'sha256-{}'", base64(hash.as_ref()));
        assert!(CONTENT_SECURITY_POLICY.contains(&expected), "{expected}");
        assert!(!STYLE.contains(['<', '&']) && !STYLE.contains("url("));
    }

    fn base64(bytes: &[u8]) -> String {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let byte = |nth: usize| u32::from(three.get(nth).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for nth in 0..4 {
                let letter = letters[(bits >> (18 - 6 * nth) & 63) as usize];
                text.push(if nth <= three.len() { char::from(letter) } else { '=' });
            }
        }
        text
    }

    #[test]
    fn the_breadcrumb_links_to_the_pages_above() {
        let crumbs = [
            Crumb::link("madang", "/"),
            Crumb::link("taxi", "/taxi"),
            Crumb::link("orders", "/taxi/orders"),
            Crumb::link("7", "/taxi/orders/7"),
        ];
        assert_eq!(title_of(&crumbs), "taxi/orders/7");
        let page = String::from_utf8(page(&crumbs, "a<b", |_| {})).unwrap();
        assert!(page.contains("<title>a&lt;b – madang</title>"), "{page}");
        assert!(page.contains("<li><a href=\"/taxi/orders\">orders</a></li>"), "{page}");
        assert!(page.contains("<li aria-current=\"page\">7</li>"), "{page}");
    }
}
