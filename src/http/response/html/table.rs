//! A table of objects: rows of a view, aggregates, components or records.

use super::{
    node::Node,
    text::{put_link, put_text},
    value::{NUMBER, Times, attributes, put_value},
};
use crate::{
    actors::Sort,
    counted::counted,
    domain::kernel::{Field, Link},
    inbound::query::Query,
};
use std::fmt::Write as _;

/// The column that links to the page of a row, when no field of the row has its name.
const LINK: &str = "number";

/// The column of the requests that a row offers.
const COMMANDS: &str = "commands";

/// The most fields of an object in a row with a page of its own. Larger ones are on that page only.
const FIELDS_MAX: usize = 4;

/// The order of a table that can be sorted.
#[derive(Clone, Copy, Debug)]
pub struct Sorting<'a> {
    /// The path of the page.
    pub base: &'a str,
    /// The query of the page.
    pub query: &'a Query,
    /// The fields that the rows can be sorted by.
    pub fields: &'a [Field],
}

/// The columns of a table.
struct Columns<'a> {
    /// The names of the fields: first the one that links to the page of its row, then the others
    /// in the order in which they first occur.
    names: Vec<&'a str>,
    /// The field that links to the page of its row.
    linked: Option<&'a str>,
    /// Some rows have a page, and no field has the name of that page.
    has_links: bool,
    /// Some rows offer requests and have no page that lists them.
    has_commands: bool,
}

/// A table with a row for each object.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The description above the table.
    pub caption: &'a str,
    /// The fields that hold times.
    pub times: Times<'a>,
    /// The order, if clients can choose it.
    pub sorting: Option<Sorting<'a>>,
    /// The links of a row that fields of it hold the numbers of.
    pub links: &'a [Link],
    /// The objects.
    pub rows: &'a [Node],
}

impl Table<'_> {
    /// Writes the table, or that there are no rows.
    pub fn put(&self, page: &mut String) {
        if self.rows.is_empty() {
            return page.push_str("<p>There are no rows here.</p>\n");
        }
        let columns = Columns::of(self.rows);
        put_table_start(page, self.caption);
        if columns.has_links {
            self.put_heading(page, LINK);
        }
        for name in &columns.names {
            self.put_heading(page, name);
        }
        if columns.has_commands {
            self.put_heading(page, COMMANDS);
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for row in self.rows {
            self.put_row(page, &columns, row);
        }
        put_table_end(page);
    }

    /// Writes a column heading, as a link that sorts by the column if that is possible. The link
    /// reverses the order when the rows are sorted by the column already.
    fn put_heading(&self, page: &mut String, column: &str) {
        let mut values = self.rows.iter().map(|row| row.get(column));
        let first = values.find(|value| **value != Node::Null).unwrap_or(&Node::Null);
        let kind = attributes(self.times, column, first);
        let class = if kind == NUMBER { kind } else { "" };
        let sortable = |sorting: &Sorting| sorting.fields.iter().any(|field| field.name == column);
        let Some(Sorting { base, query, .. }) = self.sorting.filter(sortable) else {
            return put_column(page, class, |page| put_text(page, column));
        };
        let sorted = query.page.sort.first().filter(|sort| sort.field == column);
        let descending = sorted.map(|sort| sort.descending);
        let (order, arrow) = match descending {
            None => ("", ""),
            Some(true) => (" aria-sort=\"descending\"", " ↓"),
            Some(false) => (" aria-sort=\"ascending\"", " ↑"),
        };
        let next = Sort { field: column.to_owned(), descending: descending == Some(false) };
        let href = format!("{base}?{}", query.sorted_by(next).at_page(0));
        let attributes = format!("{order}{class}");
        put_column(page, &attributes, |page| put_link(page, &href, &format!("{column}{arrow}")));
    }

    /// The path of what a row has the number of in this field; empty when there is none.
    fn href_in<'row>(&self, row: &'row Node, name: &str) -> &'row str {
        let link = self.links.iter().find(|link| link.field == name);
        link.map_or("", |link| row.get("_links").get(link.name).get("href").text())
    }

    fn put_row(&self, page: &mut String, columns: &Columns, row: &Node) {
        page.push_str("<tr>");
        let href = href_of(row);
        if columns.has_links {
            let end = href.rsplit('/').next().unwrap_or(href);
            put_cell(page, LINK, "", |page| put_link(page, href, end));
        }
        for name in &columns.names {
            let value = row.get(name);
            let href = if columns.linked == Some(*name) { href } else { self.href_in(row, name) };
            put_cell(page, name, attributes(self.times, name, value), |page| {
                if href.is_empty() {
                    put_value(page, self.times, name, value);
                } else {
                    put_link(page, href, &name_of(value));
                }
            });
        }
        if columns.has_commands {
            put_cell(page, COMMANDS, "", |page| put_commands(page, commands_of(row)));
        }
        page.push_str("</tr>\n");
    }
}

/// Writes a table whose cells are written one by one.
pub fn put_custom_table(
    page: &mut String,
    caption: &str,
    columns: &[&str],
    put_rows: impl FnOnce(&mut String),
) {
    put_table_start(page, caption);
    for column in columns {
        put_column(page, "", |page| put_text(page, column));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    put_rows(page);
    put_table_end(page);
}

/// Writes everything before the first heading of a table. A wide table scrolls within its region.
fn put_table_start(page: &mut String, caption: &str) {
    page.push_str("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    put_text(page, caption);
    page.push_str("\">\n<table class=\"rows\">\n<caption>");
    put_text(page, caption);
    page.push_str("</caption>\n<thead><tr>");
}

fn put_column(page: &mut String, attributes: &str, put: impl FnOnce(&mut String)) {
    let _ = write!(page, "<th scope=\"col\"{attributes}>");
    put(page);
    page.push_str("</th>");
}

fn put_table_end(page: &mut String) {
    page.push_str("</tbody>\n</table>\n</div>\n");
}

/// Writes a cell with its column's name, which narrow screens show in the cell.
pub fn put_cell(
    page: &mut String,
    column: &str,
    attributes: &'static str,
    put: impl FnOnce(&mut String),
) {
    page.push_str("<td data-label=\"");
    put_text(page, column);
    let _ = write!(page, "\"{attributes}>");
    put(page);
    page.push_str("</td>");
}

/// Writes the number of the page, and links to the pages before and after it.
pub fn put_pages(page: &mut String, document: &Node) {
    let (links, place) = (document.get("_links"), document.get("page"));
    let Some(number) = place.get("number").whole() else { return };
    page.push_str("<nav aria-label=\"pages\">\n<ul>\n");
    for (relation, text) in [("prev", "previous"), ("next", "next")] {
        let href = links.get(relation).get("href").text();
        if !href.is_empty() {
            page.push_str("<li>");
            put_link(page, href, text);
            page.push_str("</li>\n");
        }
    }
    let whole = |name| place.get(name).whole().unwrap_or_default();
    let (pages, rows) = (whole("totalPages"), counted(whole("totalElements"), "row"));
    let _ = write!(page, "<li>page {} of {pages}, {rows}</li>\n</ul>\n</nav>\n", number + 1);
}

impl<'a> Columns<'a> {
    fn of(rows: &'a [Node]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in rows.iter().flat_map(Node::fields) {
            if name != "_links" && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let with_page: Vec<&Node> = rows.iter().filter(|row| !href_of(row).is_empty()).collect();
        let has_links = !with_page.is_empty();
        let is_linked = |name: &&str| with_page.iter().all(|row| names_page(row, name));
        let linked = names.iter().copied().find(is_linked).filter(|_| has_links);
        names.retain(|name| !with_page.iter().any(|row| row.get(name).fields().len() > FIELDS_MAX));
        names.sort_by_key(|name| linked != Some(*name));
        let has_commands = rows.iter().any(|row| commands_of(row).next().is_some());
        Self { names, linked, has_links: has_links && linked.is_none(), has_commands }
    }
}

/// The path of the page of a row.
fn href_of(row: &Node) -> &str {
    row.get("_links").get("self").get("href").text()
}

/// A value as the end of a path.
fn name_of(value: &Node) -> String {
    match value {
        Node::Number(number) => number.to_string(),
        other => other.text().to_owned(),
    }
}

/// Whether the path of the row's page ends with the value of this field.
fn names_page(row: &Node, field: &str) -> bool {
    let name = name_of(row.get(field));
    !name.is_empty() && href_of(row).ends_with(&format!("/{name}"))
}

/// The requests that a row offers, if it has no page that lists them: method and path.
fn commands_of(row: &Node) -> impl Iterator<Item = (&str, &str)> {
    let has_page = !href_of(row).is_empty();
    let links = row.get("_links").fields().iter().filter(move |_| !has_page);
    let commands = links.map(|(_, link)| (link.get("method").text(), link.get("href").text()));
    commands.filter(|(method, _)| !method.is_empty())
}

/// Writes requests as text, one line each: the policy allows no forms.
pub fn put_commands<'a>(page: &mut String, commands: impl Iterator<Item = (&'a str, &'a str)>) {
    page.push_str("<ul>");
    for (method, href) in commands {
        page.push_str("<li><code>");
        put_text(page, &format!("{method} {href}"));
        page.push_str("</code></li>");
    }
    page.push_str("</ul>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::LinkTarget;

    fn table(query: &str, rows: &[&str]) -> String {
        let fields = [Field::key("id"), Field::text("name")];
        let rows: Vec<Node> = rows.iter().map(|row| Node::read(row.as_bytes()).unwrap()).collect();
        let query = Query::read(query).unwrap();
        let sorting = Some(Sorting { base: "/house/rooms", query: &query, fields: &fields });
        let mut page = String::new();
        let links = &[Link { name: "door", to: LinkTarget::Conversation, field: "doorId" }];
        Table { caption: "rooms", times: Times(&fields), sorting, links, rows: &rows }
            .put(&mut page);
        page
    }

    #[test]
    fn columns_keep_their_order_and_searchable_columns_sort() {
        let page = table("sort=name,desc&size=20", &[r#"{"name":"a","id":2,"colour":null}"#]);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
        let by_name = "aria-sort=\"descending\">\
            <a href=\"/house/rooms?page=0&amp;size=20&amp;sort=name,asc\">name ↓</a>";
        let by_id = "<th scope=\"col\" class=\"number\">\
            <a href=\"/house/rooms?page=0&amp;size=20&amp;sort=id,asc\">id</a>";
        assert!(at(by_name) < at(by_id) && at(by_id) < at("<th scope=\"col\">colour</th>"));
        let cells = "<td data-label=\"name\" dir=\"auto\">a</td>\
            <td data-label=\"id\" class=\"number\">2</td><td data-label=\"colour\"></td>";
        assert!(page.contains(cells), "{page}");
    }

    #[test]
    fn the_field_that_names_the_page_of_its_row_links_to_it() {
        let row = r#"{"id":2,"_links":{"self":{"href":"/house/rooms/2"}}}"#;
        let linked = "<td data-label=\"id\" class=\"number\"><a href=\"/house/rooms/2\">2</a></td>";
        assert!(table("", &[row]).contains(linked));
        let row = r#"{"name":"a","_links":{"self":{"href":"/house/rooms/2"}}}"#;
        let page = table("", &[row]);
        assert!(page.contains("<td data-label=\"number\"><a href=\"/house/rooms/2\">2</a></td>"));
    }

    #[test]
    fn a_field_with_the_number_of_something_else_links_to_it() {
        let row = r#"{"id":2,"doorId":3,"_links":{"door":{"href":"/house/doors/3"}}}"#;
        let linked = "class=\"number\"><a href=\"/house/doors/3\">3</a></td>";
        assert!(table("", &[row]).contains(linked));
        assert!(table("", &[r#"{"id":2,"doorId":3}"#]).contains("class=\"number\">3</td>"));
    }

    #[test]
    fn a_row_without_a_page_lists_its_requests() {
        let row = r#"{"a":1,"_links":{"release":{"href":"/a/release","method":"POST"}}}"#;
        assert!(table("", &[row]).contains("<code>POST /a/release</code>"));
        let row = r#"{"a":1,"_links":{"self":{"href":"/a"},"b":{"href":"/b","method":"POST"}}}"#;
        assert!(!table("", &[row]).contains("POST"));
    }
}
