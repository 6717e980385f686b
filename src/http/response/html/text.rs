//! The escaping of text in pages, and links.
//!
//! Every text from outside passes through [`put_text`]. Its output is inert both between tags and
//! in quoted attributes.

use crate::inbound::escape::put_visible;

/// Writes an escaped text. No other function of the pages writes text from outside.
pub fn put_text(page: &mut String, text: &str) {
    let mut visible = String::with_capacity(text.len());
    put_visible(&mut visible, text);
    for character in visible.chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
}

/// Writes a link within this server. A target that is no path of this server is written as text.
pub fn put_link(page: &mut String, href: &str, text: &str) {
    let is_path = href.starts_with('/') && !href.starts_with("//") && !href.starts_with("/\\");
    if !is_path && !href.starts_with('#') {
        return put_text(page, text);
    }
    page.push_str("<a href=\"");
    put_text(page, href);
    page.push_str("\">");
    put_text(page, text);
    page.push_str("</a>");
}

/// Writes an element without attributes around an escaped text.
pub fn put_element(page: &mut String, tag: &'static str, text: &str) {
    page.push('<');
    page.push_str(tag);
    page.push('>');
    put_text(page, text);
    page.push_str("</");
    page.push_str(tag);
    page.push_str(">\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unescaped(text: &str) -> String {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&#39;", "'").replace("&amp;", "&")
    }

    #[test]
    fn only_paths_of_this_server_are_links() {
        let written = |href: &str| {
            let mut page = String::new();
            put_link(&mut page, href, "there");
            page
        };
        assert_eq!(written("/a?b=1&c"), "<a href=\"/a?b=1&amp;c\">there</a>");
        assert_eq!(written("#0p1"), "<a href=\"#0p1\">there</a>");
        for elsewhere in ["javascript:alert(1)", "//evil.test", "/\\evil.test", "http://a", ""] {
            assert_eq!(written(elsewhere), "there", "{elsewhere}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_text_adds_no_markup(text in any::<String>()) {
            let mut written = String::new();
            put_text(&mut written, &text);
            prop_assert!(!written.contains(['<', '>', '"', '\'']));
            prop_assert!(!written.chars().any(char::is_control));
            let mut visible = String::new();
            put_visible(&mut visible, &text);
            prop_assert_eq!(unescaped(&written), visible);
        }
    }
}
