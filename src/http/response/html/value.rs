//! A value of a page: text, number, time, list or object.

use super::{node::Node, text::put_text};
use crate::domain::kernel::{Field, FieldKind, Timestamp};
use std::fmt::Write as _;

/// The least number that is shown as a time, in milliseconds: 1973-03-03. Smaller numbers under the
/// same names are durations.
const TIME_MIN: u64 = 100_000_000_000;

/// The largest number that is shown as a time: the end of the year 9999.
const TIME_MAX: u64 = 253_402_300_799_999;

/// The attribute of the cell of a number.
pub const NUMBER: &str = " class=\"number\"";

/// The fields that hold times: those that a view declares, and those whose names say so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times<'a>(pub &'a [Field]);

impl Times<'_> {
    /// The time in the field of this name, if it holds one.
    #[must_use]
    pub fn of(self, name: &str, value: &Node) -> Option<Timestamp> {
        let is_declared = |field: &Field| field.name == name && field.kind == FieldKind::Time;
        let is_time = self.0.iter().any(is_declared) || says_time(name);
        if let Node::Text(text) = value {
            return is_time.then(|| Timestamp::from_rfc3339(text)).flatten();
        }
        let ms = value.whole().filter(|ms| is_time && (TIME_MIN..=TIME_MAX).contains(ms));
        ms.map(Timestamp)
    }
}

/// Whether the name of a field says that it holds a time.
fn says_time(name: &str) -> bool {
    let endings = ["At", "Dt", "_at", "_dt", "time", "Time"];
    matches!(name, "at" | "since") || endings.iter().any(|ending| name.ends_with(ending))
}

/// The attributes of the cell of a value.
#[must_use]
pub fn attributes(times: Times, name: &str, value: &Node) -> &'static str {
    match value {
        _ if times.of(name, value).is_some() => " class=\"time\"",
        Node::Number(_) => NUMBER,
        Node::Text(_) => " dir=\"auto\"",
        Node::Object(_) => " class=\"wide\"",
        Node::Null | Node::Flag(_) | Node::List(_) => "",
    }
}

/// Writes the value of the field of this name.
pub fn put_value(page: &mut String, times: Times, name: &str, value: &Node) {
    match value {
        Node::Null => {}
        Node::Flag(flag) => page.push_str(if *flag { "true" } else { "false" }),
        Node::Number(number) => match times.of(name, value) {
            Some(time) => put_time(page, time),
            None => put_text(page, &number.to_string()),
        },
        Node::Text(text) => match times.of(name, value) {
            Some(time) => put_time(page, time),
            None => put_text(page, text),
        },
        Node::List(items) => put_list(page, times, name, items),
        Node::Object(fields) => put_pairs(page, times, fields),
    }
}

/// Writes a time, readable for people and for programs, with its number as title.
pub fn put_time(page: &mut String, time: Timestamp) {
    let exact = time.to_rfc3339();
    let readable = exact.trim_end_matches('Z').replacen('T', " ", 1);
    let _ = write!(page, "<time datetime=\"{exact}\" title=\"{}\">{readable}</time>", time.0);
}

fn put_list(page: &mut String, times: Times, name: &str, items: &[Node]) {
    if items.iter().any(Node::is_nested) {
        page.push_str("<ul>");
        for item in items {
            page.push_str("<li>");
            put_value(page, times, name, item);
            page.push_str("</li>");
        }
        page.push_str("</ul>");
        return;
    }
    for (nth, item) in items.iter().enumerate() {
        page.push_str(if nth == 0 { "<bdi>" } else { ", <bdi>" });
        put_value(page, times, name, item);
        page.push_str("</bdi>");
    }
}

fn put_pairs(page: &mut String, times: Times, fields: &[(String, Node)]) {
    let shown = fields.iter().filter(|(name, value)| !value.is_empty() && name != "_links");
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() {
        return;
    }
    page.push_str("<dl>");
    for (nth, (name, value)) in shown.into_iter().enumerate() {
        page.push_str(if nth == 0 { "<div><dt>" } else { " <div><dt>" });
        put_text(page, name);
        let _ = write!(page, "</dt> <dd{}>", attributes(times, name, value));
        put_value(page, times, name, value);
        page.push_str("</dd></div>");
    }
    page.push_str("</dl>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, value: &str) -> String {
        let mut page = String::new();
        put_value(&mut page, Times(&[]), name, &Node::read(value.as_bytes()).unwrap());
        page
    }

    #[test]
    fn a_time_is_readable_and_keeps_its_number() {
        let expected = "<time datetime=\"2026-11-28T09:15:03.120Z\" title=\"1795857303120\">\
                        2026-11-28 09:15:03.120</time>";
        for name in ["orderedAt", "claimDt", "time", "at", "since", "paid_at"] {
            assert_eq!(shown(name, "1795857303120"), expected, "{name}");
            assert_eq!(shown(name, "\"2026-11-28T09:15:03.120Z\""), expected, "{name}");
        }
        for name in ["fare", "id", "atLeast", "details"] {
            assert_eq!(shown(name, "1795857303120"), "1795857303120", "{name}");
        }
    }

    #[test]
    fn a_duration_or_a_number_beyond_all_years_is_a_number() {
        for number in ["250", "-1795857303120", "253402300800000", "1.5"] {
            assert_eq!(shown("waitTime", number), number);
        }
    }

    #[test]
    fn a_view_declares_which_fields_are_times() {
        let fields = [Field::time("on"), Field::number("off")];
        let number = Node::read(b"1795857303120").unwrap();
        assert!(Times(&fields).of("on", &number).is_some());
        assert!(Times(&fields).of("off", &number).is_none());
    }

    #[test]
    fn lists_and_objects_are_shown_within_a_value() {
        assert_eq!(shown("kinds", r#"["saga","view"]"#), "<bdi>saga</bdi>, <bdi>view</bdi>");
        let pairs = "<dl><div><dt>a</dt> <dd class=\"number\">1</dd></div></dl>";
        assert_eq!(shown("what", r#"{"a":1,"b":null,"c":{},"_links":{"self":1}}"#), pairs);
        assert_eq!(shown("what", "{}"), "");
        assert_eq!(shown("all", r#"[{"a":1}]"#), format!("<ul><li>{pairs}</li></ul>"));
    }
}
