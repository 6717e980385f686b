//! A page of a view as an HTML table.
//!
//! Every text from outside passes through `put_text`. Its output is inert both between tags and in
//! quoted attributes.

use crate::{
    actors::{Collection, Row, Sort, ViewInfo},
    http::{escape::put_visible, request::Query},
};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, value::RawValue};
use std::{
    borrow::Cow,
    fmt::{self, Write},
};

/// The content security policy of the page: it allows only the style below.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    style-src 'sha256-GWCYBLBZe0TBgPO5l0alxEzcpHLYiStAG7uvgUOT3ao='; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#222;background:#fff}\
h1{font-size:1.3rem}table{border-collapse:collapse}th,td{padding:.3rem .8rem;text-align:left;\
border-bottom:1px solid #ddd;white-space:nowrap}td.number{text-align:right;\
font-variant-numeric:tabular-nums}tr:hover td{background:#f4f6f8}a{color:#0b5fa5}nav a{margin-right:1rem}";

/// Renders one page of rows: all columns in order, the sortable ones with links.
#[must_use]
pub fn rows(base: &str, info: &ViewInfo, query: &Query, found: &Collection<Row>) -> Vec<u8> {
    let rows: Vec<Cells> = found.items.iter().map(Cells::of).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.0) {
        if !columns.contains(&name.as_ref()) {
            columns.push(name);
        }
    }
    let title = format!("{}/{}", info.business, info.name);
    let mut page = String::with_capacity(2_048 + 1_024 * rows.len());
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    put_text(&mut page, &title);
    let _ = write!(page, "</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>");
    put_text(&mut page, &title);
    page.push_str("</h1>\n<table>\n<thead><tr>");
    for column in &columns {
        put_heading(&mut page, base, info, query, column);
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &rows {
        page.push_str("<tr>");
        for column in &columns {
            row.put(&mut page, column);
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
    put_pages(&mut page, base, query, found.total);
    page.push_str("</body>\n</html>\n");
    page.into_bytes()
}

/// Writes an escaped text. No other function of this module writes text from outside.
fn put_text(page: &mut String, text: &str) {
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

fn put_link(page: &mut String, base: &str, query: &str, text: &str) {
    page.push_str("<a href=\"");
    put_text(page, &format!("{base}?{query}"));
    page.push_str("\">");
    put_text(page, text);
    page.push_str("</a>");
}

/// Writes a column heading, as a link that sorts by the column if that is possible. The link
/// reverses the order when the rows are sorted by the column already.
fn put_heading(page: &mut String, base: &str, info: &ViewInfo, query: &Query, column: &str) {
    page.push_str("<th>");
    if info.fields.iter().any(|field| field.name == column) {
        let sorted = query.page.sort.first().filter(|sort| sort.field == column);
        let arrow = sorted.map_or("", |sort| if sort.descending { " ↓" } else { " ↑" });
        let descending = sorted.is_some_and(|sort| !sort.descending);
        let by = query.sorted_by(Sort { field: column.to_owned(), descending });
        put_link(page, base, &by.at_page(0), &format!("{column}{arrow}"));
    } else {
        put_text(page, column);
    }
    page.push_str("</th>");
}

fn put_pages(page: &mut String, base: &str, query: &Query, total: u64) {
    let (number, pages) = (query.page.number, total.div_ceil(query.page.size as u64));
    page.push_str("<nav>\n<p>");
    if number > 0 {
        let previous = (number - 1).min(pages.saturating_sub(1));
        put_link(page, base, &query.at_page(previous), "previous");
    }
    if number + 1 < pages {
        put_link(page, base, &query.at_page(number + 1), "next");
    }
    let _ = write!(page, "</p>\n<p>page {} of {pages}, {total} rows</p>\n</nav>\n", number + 1);
}

/// The fields of one row, in the order in which they were written.
#[derive(Default)]
struct Cells<'row>(Vec<(Cow<'row, str>, &'row RawValue)>);

impl<'row> Cells<'row> {
    fn of(row: &'row Row) -> Self {
        serde_json::from_slice(&row.body).unwrap_or_default()
    }

    fn put(&self, page: &mut String, column: &str) {
        let cell = self.0.iter().find(|(name, _)| name == column);
        let value = cell.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok());
        match value.unwrap_or(Value::Null) {
            Value::Null => page.push_str("<td></td>"),
            Value::String(text) => {
                page.push_str("<td dir=\"auto\">");
                put_text(page, &text);
                page.push_str("</td>");
            }
            other => {
                page.push_str("<td class=\"number\">");
                put_text(page, &other.to_string());
                page.push_str("</td>");
            }
        }
    }
}

impl<'de> Deserialize<'de> for Cells<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> de::Visitor<'de> for Fields {
            type Value = Cells<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Cells<'de>, A::Error> {
                let mut cells = Vec::new();
                while let Some(cell) = map.next_entry()? {
                    cells.push(cell);
                }
                Ok(Cells(cells))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::Field;
    use proptest::prelude::*;
    use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

    const INFO: ViewInfo = ViewInfo {
        business: "house",
        name: "rooms",
        aliases: &[],
        fields: &[Field::key("id"), Field::text("name")],
        links: &[],
        newest_first: false,
    };

    fn page(query: &str, bodies: &[&str]) -> String {
        let row = |body: &&str| Row { number: 1, body: body.as_bytes().to_vec() };
        let found = Collection { items: bodies.iter().map(row).collect(), total: 50 };
        let query = Query::read(query).unwrap();
        String::from_utf8(rows("/house/rooms", &INFO, &query, &found)).unwrap()
    }

    fn unescaped(text: &str) -> String {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&#39;", "'").replace("&amp;", "&")
    }

    #[test]
    fn columns_keep_their_order_and_searchable_columns_sort() {
        let page = page("sort=name,desc&size=20", &[r#"{"name":"a","id":2,"colour":null}"#]);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
        let by_name = "href=\"/house/rooms?page=0&amp;size=20&amp;sort=name,asc\">name ↓</a>";
        let by_id = "href=\"/house/rooms?page=0&amp;size=20&amp;sort=id,asc\">id</a>";
        assert!(at(by_name) < at(by_id) && at(by_id) < at("<th>colour</th>"));
        assert!(page.contains("<td dir=\"auto\">a</td><td class=\"number\">2</td><td></td>"));
        assert!(page.contains("sort=name,desc\">next</a>") && !page.contains(">previous<"));
    }

    #[test]
    fn the_policy_allows_this_style_and_nothing_else() {
        let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap();
        let hash = suite.common.hash_provider.hash(STYLE.as_bytes());
        let expected = format!("style-src 'sha256-{}'", base64(hash.as_ref()));
        assert!(CONTENT_SECURITY_POLICY.contains(&expected), "{expected}");
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

        #[test]
        fn values_of_rows_and_queries_add_no_tag(name: String, value: String) {
            let body = serde_json::json!({ "id": 1, "name": value, (name): value }).to_string();
            let mut query = String::from("name=");
            crate::http::request::encode(&value, &mut query);
            let page = page(&query, &[&body]);
            prop_assert_eq!(page.matches('<').count(), page.matches('>').count());
            prop_assert_eq!(page.matches("<td").count(), page.matches("<th>").count());
        }
    }
}
