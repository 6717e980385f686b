//! The pages, one function for each kind.

use super::{
    conversation::{Participants, put_conversation},
    frame::{Crumb, page, title_of},
    node::Node,
    object::{put_fields, put_links, put_object},
    table::{Sorting, Table, put_pages},
    text::{put_element, put_link, put_text},
    value::Times,
};
use crate::domain::kernel::{Field, Link};

/// The paths of one business, for the index.
#[derive(Clone, Debug)]
pub struct BusinessPaths<'a> {
    /// `taxi`
    pub name: &'a str,
    /// The names of its aggregate kinds.
    pub resources: Vec<&'a str>,
    /// The names of its views.
    pub views: Vec<&'a str>,
}

/// An aggregate with the conversation of its number.
pub struct Aggregate<'a> {
    /// The representation of the aggregate.
    pub shown: &'a Node,
    /// The path of its collection.
    pub base: &'a str,
    /// The conversation.
    pub history: History<'a>,
}

/// The conversation of an aggregate.
pub enum History<'a> {
    /// The aggregate took no part in the conversation of its number.
    None,
    /// The reason why it cannot be read now.
    Unreadable(String),
    /// The first page of the conversation, and its path.
    Records(&'a Node, String, Participants<'a>),
}

/// The index: the businesses with their aggregates and views, then the paths of operators.
#[must_use]
pub fn index(crumbs: &[Crumb], businesses: &[BusinessPaths], operators: &[&str]) -> Vec<u8> {
    page(crumbs, &title_of(crumbs), |page| {
        for business in businesses {
            page.push_str("<section class=\"index\" id=\"");
            put_text(page, business.name);
            page.push_str("\">\n<h2>");
            put_link(page, &format!("/{}", business.name), business.name);
            page.push_str("</h2>\n");
            put_groups(page, business);
            page.push_str("</section>\n");
        }
        page.push_str("<section class=\"index\" id=\"operators\">\n");
        put_element(page, "h2", "operators");
        let links = operators.iter().map(|path| (format!("/{path}"), (*path).to_owned()));
        put_group(page, "Pages", links.collect());
        page.push_str("</section>\n");
    })
}

/// The index of one business: its aggregates, its views with their searchable fields, its events.
#[must_use]
pub fn business(crumbs: &[Crumb], business: &BusinessPaths) -> Vec<u8> {
    page(crumbs, &title_of(crumbs), |page| {
        let name = business.name;
        page.push_str("<section class=\"index\">\n");
        put_groups(page, business);
        let search = |of: &&str| (format!("/{name}/{of}/search"), (*of).to_owned());
        put_group(page, "Searchable fields", business.views.iter().map(search).collect());
        let events = (format!("/events?business={name}"), "events".to_owned());
        put_group(page, "Feed", vec![events]);
        page.push_str("</section>\n");
    })
}

fn put_groups(page: &mut String, BusinessPaths { name, resources, views }: &BusinessPaths) {
    let links = |names: &[&str]| -> Vec<(String, String)> {
        names.iter().map(|of| (format!("/{name}/{of}"), (*of).to_owned())).collect()
    };
    put_group(page, "Aggregates", links(resources));
    put_group(page, "Views", links(views));
}

fn put_group(page: &mut String, heading: &str, links: Vec<(String, String)>) {
    if links.is_empty() {
        return;
    }
    put_element(page, "h3", heading);
    page.push_str("<ul>\n");
    for (href, text) in links {
        page.push_str("<li>");
        put_link(page, &href, &text);
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n");
}

/// A page of aggregates or rows.
pub struct Rows<'a> {
    /// The order.
    pub sorting: Sorting<'a>,
    /// The links that the rows have the numbers of.
    pub links: &'a [Link],
    /// The answer.
    pub document: &'a Node,
    /// The path of the searchable fields, if there are any.
    pub search: Option<String>,
}

/// A page of aggregates or rows.
#[must_use]
pub fn collection(crumbs: &[Crumb], rows: &Rows) -> Vec<u8> {
    let Rows { sorting, links, document, search } = rows;
    page(crumbs, &title_of(crumbs), |page| {
        if let Some(path) = search {
            put_further(page, &[(path.clone(), "searchable fields")]);
        }
        let embedded = document.get("_embedded").fields().first();
        let rows = embedded.map_or(&[][..], |(_, rows)| rows.items());
        let total = document.get("page").get("totalElements").whole().unwrap_or_default();
        let (caption, times) = (format!("{total} in all"), Times(sorting.fields));
        Table { caption: &caption, times, sorting: Some(*sorting), links, rows }.put(page);
        put_pages(page, document);
    })
}

/// One aggregate: its fields, what is possible now, and its history.
#[must_use]
pub fn aggregate(crumbs: &[Crumb], Aggregate { shown, base, history }: &Aggregate) -> Vec<u8> {
    page(crumbs, &title_of(crumbs), |page| {
        let mut more = vec![((*base).to_owned(), "all of this kind")];
        if let History::Records(_, path, _) = history {
            more.push((path.clone(), "the whole conversation"));
        }
        put_further(page, &more);
        put_fields(page, Times::default(), shown);
        put_links(page, shown.get("_links"));
        match history {
            History::None => {}
            History::Unreadable(reason) => {
                put_element(page, "h2", "History");
                put_element(page, "p", reason);
            }
            History::Records(records, _, participants) => {
                let number = records.get("number").whole().unwrap_or_default();
                put_element(page, "h2", &format!("History: conversation {number}"));
                put_conversation(page, participants, records);
            }
        }
    })
}

/// A page of a conversation.
#[must_use]
pub fn conversation(crumbs: &[Crumb], participants: &Participants, document: &Node) -> Vec<u8> {
    page(crumbs, &title_of(crumbs), |page| put_conversation(page, participants, document))
}

/// Any other object. `fields` are those that a view declares.
#[must_use]
pub fn object(crumbs: &[Crumb], fields: &[Field], document: &Node) -> Vec<u8> {
    page(crumbs, &title_of(crumbs), |page| put_object(page, Times(fields), document))
}

/// A problem: its title and detail, then its fields.
#[must_use]
pub fn problem(crumbs: &[Crumb], document: &Node, retry_after: Option<&str>) -> Vec<u8> {
    let (status, title) = (document.get("status").whole(), document.get("title").text());
    let heading = format!("{} {title}", status.unwrap_or_default());
    page(crumbs, &heading, |page| {
        put_element(page, "p", document.get("detail").text());
        if let Some(seconds) = retry_after {
            put_element(page, "p", &format!("Try again in {seconds} s."));
        }
        let is_below = |(name, _): &&(String, Node)| name != "title" && name != "detail";
        let fields = document.fields().iter().filter(is_below).cloned().collect();
        put_object(page, Times::default(), &Node::Object(fields));
    })
}

fn put_further(page: &mut String, links: &[(String, &str)]) {
    page.push_str("<nav aria-label=\"links\">\n<ul>\n");
    for (href, text) in links {
        page.push_str("<li>");
        put_link(page, href, text);
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n</nav>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(page: Vec<u8>) -> String {
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn the_index_groups_paths_by_business_and_lists_those_of_operators() {
        let house = BusinessPaths { name: "house", resources: vec!["doors"], views: vec!["rooms"] };
        let page = text(index(&[Crumb::link("madang", "/")], &[house], &["admin/log"]));
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
        assert!(at("id=\"house\"") < at("<a href=\"/house/doors\">doors</a>"));
        assert!(at("<a href=\"/house/doors\">") < at("<a href=\"/house/rooms\">rooms</a>"));
        assert!(at("<a href=\"/house/rooms\">") < at("<a href=\"/admin/log\">admin/log</a>"));
    }

    #[test]
    fn a_problem_shows_its_detail_once_and_the_time_of_a_retry() {
        let problem = br#"{"type":"/problems/busy","title":"busy","status":503,"detail":"full"}"#;
        let page = text(super::problem(&[], &Node::read(problem).unwrap(), Some("2")));
        assert!(page.contains("<h1>503 busy</h1>\n<p>full</p>\n<p>Try again in 2 s.</p>"));
        assert!(page.contains("<a href=\"/problems/busy\">") && !page.contains(">detail<"));
    }
}
