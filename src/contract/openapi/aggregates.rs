//! The operations of an aggregate kind: its collection, its instances and their commands.

use super::{
    Parts, component,
    operation::{Operation, json_content, live_content},
};
use crate::{
    contract::{
        Described,
        declared::{DeclaredAggregate, DeclaredRoute},
    },
    domain::kernel::{Issuer, Method, Place, RejectionKind},
};
use serde_json::{Map, Value, json};

/// Adds the operations and schemas of an aggregate kind.
pub(super) fn describe(
    business: &Described,
    aggregate: &DeclaredAggregate,
    Parts { paths, schemas, responses }: &mut Parts,
) {
    let kind = Kind { business, aggregate, tag: format!("{}/{}", business.name, aggregate.name) };
    let (name, base) = (kind.schema_name(), format!("/{}", kind.tag));
    schemas.insert(name.clone(), kind.representation());
    schemas.insert(format!("{name}.page"), page_of(aggregate.name, &name));
    responses.insert(name.clone(), kind.answer());
    kind.collection().put(paths, "get", &base);
    kind.item().put(paths, "get", &format!("{base}/{{number}}"));
    kind.history().put(paths, "get", &format!("{base}/{{number}}/history"));
    let mut described = Vec::new();
    for route in &aggregate.routes {
        let path = match route.place {
            Place::Collection => base.clone(),
            Place::Item => format!("{base}/{{number}}"),
            Place::Action => format!("{base}/{{number}}/{}", route.name),
        };
        let method = method_name(route.method);
        // Of two routes for the same request, the first is served.
        if described.contains(&(method, path.clone())) {
            continue;
        }
        kind.command(route, schemas).put(paths, method, &path);
        described.push((method, path));
    }
}

/// An aggregate kind with its business.
struct Kind<'a> {
    business: &'a Described,
    aggregate: &'a DeclaredAggregate,
    /// `taxi/orders`
    tag: String,
}

impl Kind<'_> {
    fn schema_name(&self) -> String {
        format!("{}.{}", self.business.name, self.aggregate.name)
    }

    /// An identifier of an operation: `taxi_orders_cancel`.
    fn id(&self, name: &str) -> String {
        format!("{}_{}_{}", self.business.name, self.aggregate.name, name.replace([' ', '-'], "_"))
    }

    fn representation(&self) -> Value {
        let mut schema = self.aggregate.representation.clone();
        let commands = self.aggregate.commands.iter();
        let commands = commands.map(|name| ((*name).to_owned(), component("schemas", "Link")));
        let own = ["self", "history"].map(|name| (name.to_owned(), component("schemas", "Link")));
        let links: Map<_, _> = own.into_iter().chain(commands).collect();
        add_links(
            &mut schema,
            &json!({
                "type": "object", "properties": links, "required": ["self"],
                "description": "The aggregate itself, its history, and the commands that are \
                                possible now.",
            }),
        );
        schema
    }

    fn collection(&self) -> Operation {
        let sort = json!({ "type": "string", "enum": ["id", "id,asc", "id,desc"] });
        let page = component("schemas", &format!("{}.page", self.schema_name()));
        let about = "A page of the aggregates that the client may see.";
        Operation::new(&self.tag, &self.id("list"), &format!("List {}", self.aggregate.name))
            .parameter("Page")
            .parameter("Size")
            .query("sort", "The order of the numbers.", &sort)
            .parameter("Correlation")
            .answers(200, about, &page, &[])
            .read_by(self.aggregate.readers)
    }

    fn item(&self) -> Operation {
        let shown = component("schemas", &self.schema_name());
        let at = json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 999_999_999_999_999_u64 },
            { "type": "string", "format": "date-time" },
        ] });
        let about = "Shows it as it was: at a version of at most 10 digits, or at an instant, in \
                     milliseconds since 1970 or as RFC 3339.";
        Operation::new(&self.tag, &self.id("get"), &format!("Show one of {}", self.aggregate.name))
            .parameter("Number")
            .query("at", about, &at)
            .parameter("IfNoneMatch")
            .parameter("Correlation")
            .answers_as(200, "The representation.", &live_content(&shown), &["ETag"])
            .answers_nothing(304, "The client has the present version.")
            .refused(&[404])
            .read_by(self.aggregate.readers)
    }

    fn history(&self) -> Operation {
        let order = json!({ "type": "string", "enum": ["version", "version,asc", "version,desc"] });
        let summary = format!("Show the history of one of {}", self.aggregate.name);
        let about = "A page of its records, each with what it changed, who caused it and why.";
        Operation::new(&self.tag, &self.id("history"), &summary)
            .parameter("Number")
            .parameter("Page")
            .parameter("Size")
            .query("sort", "The order of the versions.", &order)
            .parameter("Correlation")
            .answers(200, about, &component("schemas", "HistoryPage"), &[])
            .refused(&[404])
            .read_by(self.aggregate.readers)
    }

    fn command(&self, route: &DeclaredRoute, schemas: &mut Map<String, Value>) -> Operation {
        let method = method_name(route.method);
        let id = match route.place {
            Place::Item => self.id(&format!("{method}_{}", route.name)),
            Place::Collection | Place::Action => self.id(route.name),
        };
        let body = format!("{}.{}", self.schema_name(), id_part(route.name));
        schemas.insert(body.clone(), route.body.schema.clone());
        let summary =
            format!("{} of {}: {}", method.to_uppercase(), self.aggregate.name, route.name);
        let mut operation = Operation::new(&self.tag, &id, &summary)
            .with("description", json!(self.about(route)))
            .with("x-issuers", json!(issuers(&route.issuers)))
            .body(&component("schemas", &body), &route.examples)
            .parameter("IdempotencyKey")
            .parameter("IfMatch")
            .parameter("Prefer")
            .parameter("Correlation");
        if route.place != Place::Collection {
            operation = operation.parameter("Number");
        }
        operation
            .answers_shared(&[200, 201, 202], &self.schema_name())
            .refused(&[402, 404, 409, 412, 507])
            .secured(route.issuers.contains(&Issuer::Anyone))
    }

    /// Who may submit the command.
    fn about(&self, route: &DeclaredRoute) -> String {
        let also = also(self.business.name, self.aggregate.aliases);
        std::iter::once(who(&route.issuers)).chain(also).collect::<Vec<_>>().join("\n\n")
    }

    /// The answer to a command, which all commands of the kind share.
    fn answer(&self) -> Value {
        let shown = component("schemas", &self.schema_name());
        let headers = ["ETag", "Location", "X-Madang-Position"];
        let headers = headers.map(|name| (name.to_owned(), component("headers", name)));
        json!({
            "description": "The representation after the command. With 202 the command is \
                            accepted, and `Location` shows its outcome later.",
            "content": json_content(&shown),
            "headers": Map::from_iter(headers),
        })
    }
}

/// The description of an aggregate kind: the reasons why it refuses commands.
pub(super) fn about(aggregate: &DeclaredAggregate) -> String {
    let mut lines = vec!["An aggregate kind: its instances and their commands.".to_owned()];
    for (status, kind) in [
        (409, RejectionKind::Conflict),
        (422, RejectionKind::Invalid),
        (404, RejectionKind::Unknown),
    ] {
        let reasons = aggregate.rejections.iter().filter(|reason| reason.kind == kind);
        let reasons: Vec<_> = reasons.map(|reason| format!("- {}", reason.sentence)).collect();
        if !reasons.is_empty() {
            lines.push(format!("Reasons for {status}:\n\n{}", reasons.join("\n")));
        }
    }
    lines.join("\n\n")
}

/// The further paths of the same aggregates or rows, if there are some.
pub(super) fn also(business: &str, aliases: &[&str]) -> Option<String> {
    let paths: Vec<_> = aliases.iter().map(|alias| format!("`/{business}/{alias}`")).collect();
    (!paths.is_empty()).then(|| format!("Also served at {}.", paths.join(" and ")))
}

fn id_part(name: &str) -> String {
    name.replace(' ', "-")
}

const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Post => "post",
        Method::Put => "put",
        Method::Patch => "patch",
    }
}

fn who(issuers: &[Issuer]) -> String {
    let who: Vec<String> = issuers
        .iter()
        .map(|issuer| match issuer {
            Issuer::Anyone => "any client".to_owned(),
            Issuer::Customer => "the customer to whom it belongs".to_owned(),
            Issuer::Staff(roles) => format!("staff with the role {}", roles.join(" or ")),
            Issuer::Internal => "the system itself".to_owned(),
        })
        .collect();
    format!("Submitted by {}.", who.join(", or "))
}

fn issuers(issuers: &[Issuer]) -> Vec<&str> {
    let roles = issuers.iter().flat_map(|issuer| match issuer {
        Issuer::Anyone => vec!["anyone"],
        Issuer::Customer => vec!["customer"],
        Issuer::Staff(roles) => roles.to_vec(),
        Issuer::Internal => vec![],
    });
    roles.collect()
}

/// Adds `_links` to the schema of an object.
pub(super) fn add_links(schema: &mut Value, links: &Value) {
    schema["properties"]["_links"] = links.clone();
    match schema.get_mut("required").and_then(Value::as_array_mut) {
        Some(required) => required.push(json!("_links")),
        None => schema["required"] = json!(["_links"]),
    }
}

/// The schema of a page of a collection.
pub(super) fn page_of(name: &str, element: &str) -> Value {
    let elements = json!({ "type": "array", "items": component("schemas", element) });
    json!({
        "type": "object",
        "properties": {
            "_embedded": {
                "type": "object", "properties": { name: elements }, "required": [name],
            },
            "_links": component("schemas", "Links"),
            "page": component("schemas", "Page"),
        },
        "required": ["_embedded", "_links", "page"],
    })
}
