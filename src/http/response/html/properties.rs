//! Properties of all pages: they are well-formed, and no text from outside adds a tag.

#[allow(missing_docs)]
#[path = "../../../../tests/support/markup.rs"]
mod markup;

use super::{Aggregate, BusinessPaths, Crumb, History, Node, Participants, Rows, Sorting};
use crate::{
    domain::kernel::Field,
    inbound::query::{Query, encode},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A JSON value whose texts and names are from outside.
#[derive(Clone, Debug)]
enum Shape {
    Leaf(Value),
    Text(String),
    List(Vec<Shape>),
    Object(Vec<(String, Shape)>),
}

fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Leaf(Value::Null)),
        any::<bool>().prop_map(|flag| Shape::Leaf(json!(flag))),
        any::<u64>().prop_map(|number| Shape::Leaf(json!(number))),
        any::<f64>().prop_map(|number| Shape::Leaf(json!(number))),
        any::<String>().prop_map(Shape::Text),
        "[<>&\"'a /=]{0,12}".prop_map(Shape::Text),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![any::<String>(), "[<>&\"'a /=]{0,12}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Shape::List),
            prop::collection::vec((name, inner), 0..4).prop_map(Shape::Object),
        ]
    })
}

impl Shape {
    /// The value, with the texts from outside or without them. Both have the same structure.
    fn value(&self, outside: bool) -> Value {
        let kept = |text: &str| if outside { text.to_owned() } else { String::new() };
        match self {
            Self::Leaf(value) => value.clone(),
            Self::Text(text) => json!(format!("v{}", kept(text))),
            Self::List(items) => items.iter().map(|item| item.value(outside)).collect(),
            Self::Object(fields) => {
                // The number keeps the order, the hash tells names apart, and the last letter keeps
                // a name from being that of a time.
                let named = fields.iter().enumerate().map(|(nth, (name, value))| {
                    let hash = crc32fast::hash(name.as_bytes());
                    (format!("n{nth}h{hash}{}z", kept(name)), value.value(outside))
                });
                Value::Object(named.collect::<Map<_, _>>())
            }
        }
    }
}

/// A page of each kind with this value in it.
fn pages(value: &Value, text: &str) -> Vec<String> {
    let read = |document: &Value| Node::read(document.to_string().as_bytes()).expect("json");
    let crumbs = [Crumb::link("madang", "/"), Crumb::text(format!("c{text}"))];
    let row = json!({ "id": 7, "what": value, "_links": { "self": { "href": "/house/doors/7" } } });
    let links = json!({ "self": {"href": "/house"}, "next": {"href": format!("/house?a={text}")} });
    let place = json!({ "totalElements": 3, "totalPages": 2, "number": 0 });
    let collection =
        json!({ "_embedded": { "doors": [row, value] }, "_links": links, "page": place });
    let saga = json!({
        "saga": format!("s{text}"), "waitsFor": { "kind": "person", "name": format!("w{text}") },
        "state": value, "stuck": format!("s{text}"), "timer": "2026-11-28T09:15:03.120Z",
    });
    let records = ["event", "refused", "unchanged", "timer"].map(|kind| record(kind, value, text));
    let conversation =
        read(&json!({ "_embedded": { "records": records }, "waiting": [saga], "page": place }));
    let participants = || Participants { prefix: "/house", resources: vec!["doors"] };
    let problem = json!({ "type": "/problems/a", "title": format!("t{text}"), "detail": text,
        "instance": format!("/{text}"), "errors": [{ "detail": format!("d{text}") }] });
    let query = query(text);
    let fields = [Field::key("id"), Field::text("what")];
    let shown = read(&row);
    let aggregate = Aggregate {
        shown: &shown,
        base: "/house/doors",
        history: History::Records(&conversation, "/house/conversations/7".into(), participants()),
    };
    let house = BusinessPaths { name: "house", resources: vec!["doors"], views: vec!["rooms"] };
    let sorting = Sorting { base: "/house/doors", query: &query, fields: &fields };
    let rows = read(&collection);
    let rows = Rows { sorting, links: &[], document: &rows, search: Some("/a".into()) };
    [
        super::index(&crumbs, &[house], &["admin/log"]),
        super::collection(&crumbs, &rows),
        super::aggregate(&crumbs, &aggregate),
        super::conversation(&crumbs, &participants(), &conversation),
        super::object(&crumbs, &fields, &read(&json!({ "a": value, "b": [value] }))),
        super::object(&crumbs, &[], &read(&collection)),
        super::problem(&crumbs, &read(&problem), Some("7")),
    ]
    .map(|page| String::from_utf8(page).expect("utf-8"))
    .to_vec()
}

/// A record of this kind, with the value in its details.
fn record(kind: &str, value: &Value, text: &str) -> Value {
    let resource = if kind == "event" { "doors" } else { text };
    json!({
        "position": format!("p{text}"), "at": "2026-11-28T09:15:03.120Z",
        "who": { "resource": resource, "number": 7 },
        "what": { "kind": kind, "name": format!("e{text}"), "details": value, "reason": text },
        "cause": { "reactionTo": format!("p{text}") },
        "issuer": { "role": "saga", "name": format!("s{text}") },
    })
}

/// A query for rows with this name.
fn query(name: &str) -> Query {
    let mut query = String::from("size=1&name=");
    encode(name, &mut query);
    Query::read(&query).unwrap()
}

/// The tags without the values of their attributes.
fn bare(page: &str) -> Vec<(String, Vec<String>)> {
    let tags = markup::tags(page).unwrap_or_else(|reason| panic!("{reason}: {page}"));
    let bare =
        |tag: markup::Tag| (tag.name, tag.attributes.into_iter().map(|(name, _)| name).collect());
    tags.into_iter().map(bare).collect()
}

proptest! {
    #[test]
    fn a_text_from_outside_adds_no_tag_and_no_attribute(shape in shapes(), text: String) {
        let with = pages(&shape.value(true), &text);
        for (with, without) in with.iter().zip(pages(&shape.value(false), "")) {
            prop_assert_eq!(bare(with), bare(&without));
            prop_assert!(!with.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}

#[test]
fn every_page_has_the_parts_that_assistive_technology_needs() {
    for page in pages(&json!({ "a": 1 }), "x") {
        let tags = markup::tags(&page).unwrap();
        let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
        assert_eq!([count("main"), count("h1"), count("title")], [1, 1, 1], "{page}");
        assert_eq!(tags[0].attribute("lang"), Some("en"));
        for tag in &tags {
            let needed = match tag.name.as_str() {
                "nav" => "aria-label",
                "th" => "scope",
                "time" => "datetime",
                _ => continue,
            };
            assert!(tag.attribute(needed).is_some(), "{tag:?}");
        }
    }
}
