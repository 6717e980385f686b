//! An object as a page: its fields, its links, the requests it offers, and a table for each list
//! of objects in it.

use super::{
    node::Node,
    table::{Table, put_commands, put_pages},
    text::{put_element, put_link, put_text},
    value::{Times, attributes, put_value},
};
use crate::counted::counted;
use std::{borrow::Cow, fmt::Write as _};

/// The links of an object that other parts of its page show.
const SHOWN_ELSEWHERE: [&str; 5] = ["self", "first", "prev", "next", "last"];

/// Writes an object.
pub fn put_object(page: &mut String, times: Times, object: &Node) {
    put_fields(page, times, object);
    put_links(page, object.get("_links"));
    for (name, value) in object.get("_embedded").fields() {
        put_element(page, "h2", name);
        put_rows(page, times, &rows_of(value).unwrap_or_default());
    }
    for (name, value) in object.fields().iter().filter(|field| is_own(field)) {
        if let Some(rows) = rows_of(value) {
            put_element(page, "h2", name);
            put_rows(page, times, &rows);
        }
    }
    put_pages(page, object);
}

/// Writes the fields of an object but those that are tables of their own.
pub fn put_fields(page: &mut String, times: Times, object: &Node) {
    let is_shown = |field: &&(String, Node)| is_own(field) && rows_of(&field.1).is_none();
    let mut fields = object.fields().iter().filter(is_shown).peekable();
    if fields.peek().is_none() {
        return;
    }
    page.push_str("<table>\n<tbody>\n");
    for (name, value) in fields {
        page.push_str("<tr><th scope=\"row\">");
        put_text(page, name);
        let _ = write!(page, "</th><td{}>", attributes(times, name, value));
        match value {
            Node::Text(path) if path.starts_with("/problems/") => put_link(page, path, path),
            _ => put_value(page, times, name, value),
        }
        page.push_str("</td></tr>\n");
    }
    page.push_str("</tbody>\n</table>\n");
}

/// Writes the links of an object, and the requests it offers.
pub fn put_links(page: &mut String, links: &Node) {
    let mut others = Vec::new();
    let mut commands = Vec::new();
    for (relation, link) in links.fields() {
        let (method, href) = (link.get("method").text(), link.get("href").text());
        match method {
            "" if SHOWN_ELSEWHERE.contains(&relation.as_str()) => {}
            "" => others.push((relation.as_str(), href, link.get("templated"))),
            method => commands.push((method, href)),
        }
    }
    if !others.is_empty() {
        page.push_str("<nav aria-label=\"links\">\n<ul>\n");
        for (relation, href, templated) in others {
            page.push_str("<li>");
            if *templated == Node::Flag(true) {
                put_text(page, &format!("{relation}: {href}"));
            } else {
                put_link(page, href, relation);
            }
            page.push_str("</li>\n");
        }
        page.push_str("</ul>\n</nav>\n");
    }
    if !commands.is_empty() {
        put_element(page, "h2", "Possible now");
        put_commands(page, commands.into_iter());
    }
}

/// Whether a field is one of the object itself, not of its form as HAL.
fn is_own((name, value): &(String, Node)) -> bool {
    match name.as_str() {
        "_links" | "_embedded" => false,
        "page" => *value.get("totalPages") == Node::Null,
        _ => true,
    }
}

fn put_rows(page: &mut String, times: Times, rows: &[Node]) {
    let caption = counted(rows.len(), "row");
    Table { caption: &caption, times, sorting: None, links: &[], rows }.put(page);
}

/// The rows of a value that is a list of objects, or an object of objects; `None` when it is
/// neither. The rows of an object of objects begin with their names.
fn rows_of(value: &Node) -> Option<Cow<'_, [Node]>> {
    let is_object = |node: &Node| matches!(node, Node::Object(_));
    match value {
        Node::List(items) if !items.is_empty() && items.iter().all(is_object) => {
            Some(Cow::Borrowed(items))
        }
        Node::Object(fields)
            if !fields.is_empty() && fields.iter().all(|(_, field)| is_object(field)) =>
        {
            Some(fields.iter().map(named).collect())
        }
        _ => None,
    }
}

fn named((name, object): &(String, Node)) -> Node {
    let name = ("name".to_owned(), Node::Text(name.clone()));
    Node::Object([name].into_iter().chain(object.fields().iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(object: &str) -> String {
        let mut page = String::new();
        put_object(&mut page, Times::default(), &Node::read(object.as_bytes()).unwrap());
        page
    }

    #[test]
    fn fields_are_shown_one_below_the_other() {
        let page = shown(r#"{"state":"open","since":1795857303120,"window":{"calls":1}}"#);
        assert!(page.contains("<th scope=\"row\">state</th><td dir=\"auto\">open</td>"), "{page}");
        assert!(page.contains("<td class=\"time\"><time datetime=\"2026-11-28T"), "{page}");
        assert!(page.contains("<dt>calls</dt> <dd class=\"number\">1</dd>"), "{page}");
    }

    #[test]
    fn objects_in_a_list_or_under_names_are_rows_of_a_table() {
        let page = shown(r#"{"fields":[{"name":"id"}],"components":{"journal":{"status":"UP"}}}"#);
        assert!(
            page.contains("<h2>fields</h2>")
                && page.contains("data-label=\"name\" dir=\"auto\">id<")
        );
        let row = "<td data-label=\"name\" dir=\"auto\">journal</td>\
            <td data-label=\"status\" dir=\"auto\">UP</td>";
        assert!(page.contains("<h2>components</h2>") && page.contains(row), "{page}");
    }

    #[test]
    fn an_embedded_list_without_items_says_so() {
        let page = shown(r#"{"_embedded":{"quarantine":[]}}"#);
        assert!(page.contains("<h2>quarantine</h2>\n<p>There are no rows here.</p>"), "{page}");
    }

    #[test]
    fn requests_and_templates_are_text_and_other_links_are_links() {
        let page = shown(
            r#"{"_links":{"self":{"href":"/a"},"up":{"href":"/b"},
            "cancel":{"href":"/a/cancel","method":"POST"},
            "find":{"href":"/a{?id}","templated":true}}}"#,
        );
        assert_eq!(page.matches("<a ").count(), 1, "{page}");
        assert!(page.contains("<a href=\"/b\">up</a>") && page.contains("find: /a{?id}"));
        assert!(page.contains("<code>POST /a/cancel</code>"), "{page}");
    }
}
