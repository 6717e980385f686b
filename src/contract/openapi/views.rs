//! The operations of a view: its pages, its rows and its searchable fields.

use super::{
    Parts,
    aggregates::{add_links, also, page_of},
    component,
    operation::{Operation, live_content},
};
use crate::{
    contract::{Described, declared::DeclaredView},
    domain::kernel::{Field, FieldKind},
};
use serde_json::{Map, Value, json};

/// The endings of the parameters of a field that is compared by its order.
const RANGE: [(&str, &str); 2] = [("_from", "at least this"), ("_to", "at most this")];

/// Adds the operations and schemas of a view.
pub(super) fn describe(
    business: &Described,
    view: &DeclaredView,
    Parts { paths, schemas, .. }: &mut Parts,
) {
    let (tag, name) =
        (format!("{}/{}", business.name, view.name), format!("{}.{}", business.name, view.name));
    let base = format!("/{tag}");
    let mut row = view.row.clone();
    let links = view.links.iter().map(|link| (link.name.to_owned(), component("schemas", "Link")));
    let own = ("self".to_owned(), component("schemas", "Link"));
    let links: Map<_, _> = std::iter::once(own).chain(links).collect();
    add_links(&mut row, &json!({ "type": "object", "properties": links, "required": ["self"] }));
    schemas.insert(name.clone(), row);
    schemas.insert(format!("{name}.page"), page_of(view.name, &name));
    let id = |what: &str| format!("{}_{}_{what}", business.name, view.name);
    search(view, &tag, &id("search"))
        .with("description", json!(also(business.name, view.aliases).unwrap_or_default()))
        .answers_as(
            200,
            "A page of the rows that meet all conditions.",
            &live_content(&component("schemas", &format!("{name}.page"))),
            &[],
        )
        .read_by(view.readers)
        .put(paths, "get", &base);
    Operation::new(&tag, &id("row"), &format!("Show one row of {}", view.name))
        .parameter("Number")
        .parameter("AtLeast")
        .parameter("Correlation")
        .answers_as(200, "The row.", &live_content(&component("schemas", &name)), &[])
        .refused(&[404])
        .read_by(view.readers)
        .put(paths, "get", &format!("{base}/{{number}}"));
    Operation::new(&tag, &id("fields"), &format!("List the searchable fields of {}", view.name))
        .parameter("Correlation")
        .answers(200, "The fields, with their parameters.", &fields_schema(), &[])
        .secured(true)
        .put(paths, "get", &format!("{base}/search"));
}

fn search(view: &DeclaredView, tag: &str, id: &str) -> Operation {
    let mut operation = Operation::new(tag, id, &format!("Search {}", view.name))
        .parameter("Page")
        .parameter("Size")
        .parameter("AtLeast")
        .parameter("Correlation");
    let names: Vec<&str> = view.fields.iter().map(|field| field.name).collect();
    let orders = names
        .iter()
        .flat_map(|name| [(*name).to_owned(), format!("{name},asc"), format!("{name},desc")]);
    let sort = json!({ "type": "array", "items": { "type": "string", "enum": orders.collect::<Vec<_>>() }, "maxItems": 4 });
    operation = operation.query("sort", "The order, by one field or several.", &sort);
    for field in view.fields {
        let schema = schema_of(field);
        operation = operation.query(field.name, "The field equals this.", &schema);
        if field.kind != FieldKind::Text {
            for (ending, about) in RANGE {
                let about = format!("The field is {about}.");
                operation = operation.query(&format!("{}{ending}", field.name), &about, &schema);
            }
        }
    }
    operation
}

/// The values that a field can be compared with.
fn schema_of(field: &Field) -> Value {
    match field.kind {
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Key | FieldKind::Number => {
            json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX })
        }
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::Time => json!({
            "description": "RFC 3339, or milliseconds since 1970.",
            "anyOf": [
                { "type": "string", "format": "date-time" },
                { "type": "integer", "minimum": 0, "maximum": i64::MAX },
            ],
        }),
    }
}

fn fields_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "fields": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": text, "kind": text,
                        "parameters": { "type": "array", "items": text },
                    },
                    "required": ["name", "kind", "parameters"],
                },
            },
            "_links": component("schemas", "Links"),
        },
        "required": ["fields", "_links"],
    })
}
