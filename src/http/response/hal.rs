//! HAL representations. They are written by joining bytes, because the objects are encoded already.

use crate::{
    actors::{Collection, OperationsEntry, PastReply, Reply, Row, ViewInfo},
    domain::kernel::{Field, FieldKind, Link, LinkTarget, Timestamp},
    http::request::HISTORY,
    inbound::query::Query,
};
use serde_json::{Value, json, value::RawValue};
use std::{collections::HashMap, io::Write as _};

/// Writes formatted text into a vector, which cannot fail.
macro_rules! put {
    ($into:expr, $($text:tt)+) => {
        let _ = write!($into, $($text)+);
    };
}

/// The representation of one aggregate, with a link for every available command.
#[must_use]
pub fn item(base: &str, reply: &Reply) -> Vec<u8> {
    let available_commands = reply.available_commands.names();
    let mut body = Vec::with_capacity(reply.body.len() + 96 + 96 * available_commands.len());
    put_item(&mut body, base, reply.number, &reply.body, available_commands);
    body
}

/// The representation of one row of a view, with the links of the view.
#[must_use]
pub fn row(base: &str, info: &ViewInfo, row: &Row) -> Vec<u8> {
    let mut body = Vec::with_capacity(row.body.len() + 96 + 96 * info.links.len());
    put_row(&mut body, base, info, row);
    body
}

fn put_item<'a>(
    body: &mut Vec<u8>,
    base: &str,
    number: u64,
    object: &[u8],
    available_commands: impl Iterator<Item = &'a str>,
) {
    put_with_self(body, base, number, object);
    put!(body, r#","history":{{"href":"{base}/{number}/{HISTORY}"}}"#);
    for name in available_commands {
        put!(body, r#","{name}":{{"href":"{base}/{number}/{name}","method":"POST"}}"#);
    }
    body.extend_from_slice(b"}}");
}

fn put_row(body: &mut Vec<u8>, base: &str, info: &ViewInfo, row: &Row) {
    put_with_self(body, base, row.number, &row.body);
    for (name, href) in links(info, row) {
        put!(body, r#","{name}":{{"href":"{href}"}}"#);
    }
    body.extend_from_slice(b"}}");
}

/// The links of a row that it has a number for: their names and paths.
pub(super) fn links(info: &ViewInfo, row: &Row) -> Vec<(&'static str, String)> {
    if info.links.is_empty() {
        return Vec::new();
    }
    let fields: HashMap<&str, &RawValue> = serde_json::from_slice(&row.body).unwrap_or_default();
    let number = |field| fields.get(field).and_then(|raw| raw.get().parse::<u64>().ok());
    let link = |link: &Link| {
        let number = number(link.field)?;
        let href = match link.to {
            LinkTarget::Aggregate(name) => format!("/{name}/{number}"),
            LinkTarget::Conversation => format!("/{}/conversations/{number}", info.business),
        };
        Some((link.name, href))
    };
    info.links.iter().filter_map(link).collect()
}

/// Writes an object up to its link to itself.
fn put_with_self(body: &mut Vec<u8>, base: &str, number: u64, object: &[u8]) {
    put_open(body, object);
    put!(body, r#""_links":{{"self":{{"href":"{base}/{number}"}}"#);
}

/// Writes an object up to its first field after its own ones.
fn put_open(body: &mut Vec<u8>, object: &[u8]) {
    let open = object.strip_suffix(b"}").unwrap_or(b"{");
    body.extend_from_slice(open);
    if open.len() > 1 {
        body.push(b',');
    }
}

/// The representation of one aggregate as it was, with links to the versions before and after.
#[must_use]
pub fn past(base: &str, reply: &PastReply) -> Vec<u8> {
    let PastReply { number, version, is_present, .. } = *reply;
    let mut body = Vec::with_capacity(reply.body.len() + 384);
    put_open(&mut body, &reply.body);
    let present = format!("{base}/{number}");
    put!(body, r#""_links":{{"self":{{"href":"{present}?at={version}"}}"#);
    put!(body, r#","latest-version":{{"href":"{present}"}}"#);
    put!(body, r#","history":{{"href":"{present}/{HISTORY}"}}"#);
    if version > 1 {
        put!(body, r#","predecessor-version":{{"href":"{present}?at={}"}}"#, version - 1);
    }
    if !is_present {
        put!(body, r#","successor-version":{{"href":"{present}?at={}"}}"#, version + 1);
    }
    body.extend_from_slice(b"}}");
    body
}

/// The representation of a page of aggregates.
#[must_use]
pub fn replies(base: &str, query: &Query, found: &Collection<Reply>) -> Vec<u8> {
    collection(base, query, found, |body, reply| {
        put_item(body, base, reply.number, &reply.body, reply.available_commands.names());
    })
}

/// The representation of a page of rows.
#[must_use]
pub fn rows(base: &str, info: &ViewInfo, query: &Query, found: &Collection<Row>) -> Vec<u8> {
    collection(base, query, found, |body, row| put_row(body, base, info, row))
}

/// The representation of a page of the operations log.
#[must_use]
pub fn notes(base: &str, query: &Query, found: &Collection<OperationsEntry>) -> Vec<u8> {
    collection(base, query, found, |body, entry| {
        let OperationsEntry { number, time_ms, what, details } = entry;
        let at = Timestamp(*time_ms);
        let entry = json!({ "number": number, "at": at, "what": what, "details": details });
        put!(body, "{entry}");
    })
}

/// Writes a page of a collection, with its links.
pub(super) fn collection<T>(
    base: &str,
    query: &Query,
    found: &Collection<T>,
    put_one: impl Fn(&mut Vec<u8>, &T),
) -> Vec<u8> {
    let name = base.rsplit('/').next().unwrap_or(base);
    let mut body = Vec::with_capacity(512 + 512 * found.items.len());
    put!(body, r#"{{"_embedded":{{"{name}":["#);
    for (index, one) in found.items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        put_one(&mut body, one);
    }
    let (number, size, total) = (query.page.number, query.page.size, found.total);
    let pages = total.div_ceil(size as u64);
    body.extend_from_slice(b"]},\"_links\":{");
    put!(body, r#""self":{{"href":"{base}?{}"}}"#, query.at_page(number));
    let last = pages.saturating_sub(1);
    let mut link = |relation: &str, page: u64, is: bool| {
        if is {
            put!(body, r#","{relation}":{{"href":"{base}?{}"}}"#, query.at_page(page));
        }
    };
    link("first", 0, true);
    link("prev", number.saturating_sub(1).min(last), number > 0);
    link("next", number + 1, number < last);
    link("last", last, true);
    put!(
        body,
        r#"}},"page":{{"size":{size},"totalElements":{total},"totalPages":{pages},"number":{number}}}}}"#
    );
    body
}

/// The query parameters of a searchable field.
fn parameters(field: &Field) -> Vec<String> {
    match field.kind {
        FieldKind::Text => vec![field.name.to_owned()],
        FieldKind::Key | FieldKind::Number | FieldKind::Time | FieldKind::Date => {
            ["", "_from", "_to"].map(|ending| format!("{}{ending}", field.name)).to_vec()
        }
    }
}

/// The searchable fields of a view, each with its query parameters.
#[must_use]
pub fn search_fields(fields: &[Field]) -> Vec<Value> {
    let described = |field: &Field| {
        let kind = format!("{:?}", field.kind).to_lowercase();
        json!({ "name": field.name, "kind": kind, "parameters": parameters(field) })
    };
    fields.iter().map(described).collect()
}

/// The description of the search of a view: each field with its query parameters.
#[must_use]
pub fn searches(base: &str, fields: &[Field]) -> Vec<u8> {
    let template = fields.iter().flat_map(parameters).collect::<Vec<_>>().join(",");
    let comma = if template.is_empty() { "" } else { "," };
    let find = format!("{base}{{?{template}{comma}page,size,sort,at-least}}");
    let body = json!({
        "fields": search_fields(fields),
        "_links": {
            "self": { "href": format!("{base}/search") },
            "find": { "href": find, "templated": true },
        },
    });
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::Outcome,
        domain::kernel::{Readers, Timestamp},
    };

    fn reply(body: &str) -> Reply {
        let body = body.as_bytes().to_vec();
        let available_commands = ["close"].as_slice().into();
        Reply {
            outcome: Outcome::Done,
            number: 7,
            version: 1,
            position: 1,
            body,
            available_commands,
        }
    }

    fn info(links: &'static [Link]) -> ViewInfo {
        let (business, name) = ("house", "rooms");
        let (newest_first, readers) = (false, Readers::Owner);
        ViewInfo { business, name, aliases: &[], fields: &[], links, newest_first, readers }
    }

    fn read(body: &[u8]) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    #[test]
    fn an_aggregate_links_to_itself_and_to_its_available_commands() {
        let links = json!({
            "self": {"href": "/house/doors/7"},
            "history": {"href": "/house/doors/7/history"},
            "close": {"href": "/house/doors/7/close", "method": "POST"},
        });
        let shown = read(&item("/house/doors", &reply(r#"{"id":7}"#)));
        assert_eq!(shown, json!({"id": 7, "_links": links}));
        assert_eq!(read(&item("/house/doors", &reply("{}"))), json!({"_links": links}));
    }

    #[test]
    fn a_past_version_links_to_its_neighbours_and_to_no_command() {
        let (number, time, body) = (7, Timestamp(0), br#"{"id":7}"#.to_vec());
        let at = |version, is_present| {
            let reply = PastReply { number, version, time, is_present, body: body.clone() };
            read(&past("/doors", &reply))["_links"].clone()
        };
        let href = |path: &str| json!({ "href": path });
        let links = json!({
            "self": href("/doors/7?at=2"),
            "latest-version": href("/doors/7"),
            "history": href("/doors/7/history"),
            "predecessor-version": href("/doors/7?at=1"),
            "successor-version": href("/doors/7?at=3"),
        });
        assert_eq!(at(2, false), links);
        assert!(at(1, true).get("predecessor-version").is_none());
        assert!(at(1, true).get("successor-version").is_none());
    }

    #[test]
    fn a_row_links_to_what_it_has_a_number_of() {
        const fn door(name: &'static str, field: &'static str) -> Link {
            Link { name, to: LinkTarget::Aggregate("house/doors"), field }
        }
        const LINKS: &[Link] =
            &[door("door", "doorId"), door("window", "windowId"), Link::to_conversation("id")];
        let info = info(LINKS);
        let body = br#"{"id":7,"doorId":3,"windowId":null}"#.to_vec();
        let shown = read(&row("/house/rooms", &info, &Row { number: 7, body }));
        let href = |path: &str| json!({ "href": path });
        let links = json!({
            "self": href("/house/rooms/7"),
            "door": href("/house/doors/3"),
            "conversation": href("/house/conversations/7"),
        });
        assert_eq!(shown["_links"], links);
    }

    #[test]
    fn a_page_links_to_the_other_pages() {
        let query = Query::read("page=1&size=2&state=open").unwrap();
        let items = vec![reply(r#"{"id":7}"#), reply(r#"{"id":7}"#)];
        let page = read(&replies("/doors", &query, &Collection { items, total: 5 }));
        assert_eq!(page["_embedded"]["doors"].as_array().unwrap().len(), 2);
        let expected = json!({"size": 2, "totalElements": 5, "totalPages": 3, "number": 1});
        assert_eq!(page["page"], expected);
        let href = |relation: &str| page["_links"][relation]["href"].as_str().unwrap().to_owned();
        assert_eq!(href("prev"), "/doors?page=0&size=2&state=open");
        assert_eq!(href("next"), "/doors?page=2&size=2&state=open");
        assert_eq!(href("last"), "/doors?page=2&size=2&state=open");
    }

    #[test]
    fn an_empty_collection_is_a_page_too() {
        let query = Query::read("").unwrap();
        let page =
            read(&rows("/rooms", &info(&[]), &query, &Collection { items: vec![], total: 0 }));
        assert_eq!(page["_embedded"]["rooms"], json!([]));
        assert!(page["_links"].get("next").is_none());
    }

    #[test]
    fn an_entry_of_the_operations_log_shows_its_time() {
        let (time_ms, what, details) = (1_622_635_791_863, "started".into(), json!({}));
        let entry = OperationsEntry { number: 1, time_ms, what, details };
        let query = Query::read("").unwrap();
        let page = read(&notes("/log", &query, &Collection { items: vec![entry], total: 1 }));
        assert_eq!(page["_embedded"]["log"][0]["at"], "2021-06-02T12:09:51.863Z");
    }

    #[test]
    fn a_view_lists_its_search_fields() {
        let shown = read(&searches("/rooms", &[Field::text("name"), Field::number("size")]));
        let parameters = ["size", "size_from", "size_to"];
        let expected = json!({"name": "size", "kind": "number", "parameters": parameters});
        assert_eq!(shown["fields"][1], expected);
        let find = &shown["_links"]["find"];
        assert_eq!(find["href"], "/rooms{?name,size,size_from,size_to,page,size,sort,at-least}");
    }
}
