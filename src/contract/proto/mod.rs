//! The files of protobuf: for each business, a service for each aggregate kind and each view.
//!
//! The messages are those of the generic service `madang.v1.Businesses`, with the same numbers.
//! They leave out the names of the business, the resource and the command, and their body is a
//! message instead of bytes of JSON. So what reads one service reads the others.

mod compile;
mod fields;

use super::{
    Described,
    declared::{DeclaredAggregate, DeclaredView},
};
use crate::domain::kernel::{FieldKind, Method, Place};
pub use compile::compiled;
pub use fields::NUMBERS_FROM;
use fields::{condition, message, pascal, request_number};
use serde_json::Value;
use std::{collections::HashSet, fmt::Write as _};

/// The file with the generic service.
pub const GENERIC_NAME: &str = "businesses.proto";

/// The text of that file.
pub const GENERIC: &str = include_str!("../../../docs/contract/businesses.proto");

const HEAD: &str = "\
// The business `NAME` over gRPC; `madang contract write` makes this file from its declarations.
//
// docs/grpc.md describes the metadata and the status codes. The number of a field follows from its
// name, so that a further field changes no other one.

syntax = \"proto3\";

package PACKAGE;

import \"businesses.proto\";
VALUES
message GetRequest {
  uint64 number = 3;
}

message ListRequest {
  // The number of the page, from 0.
  uint64 page = 3;
  // The aggregates of a page, at most 200; 0 means 20.
  uint32 size = 4;
  // \"id,desc\"
  repeated string sort = 5;
}
";

/// The messages of an aggregate kind beside its body and its commands.
const OF_AGGREGATE: &str = "
message NAMEAggregate {
  uint64 number = 1;
  // The version; 0 while the first command is pending.
  uint32 version = 2;
  NAMEBody body = 3;
  // The names of the commands that are possible now.
  repeated string commands = 4;
  // The position of its last record in the journal, for `at_least` of a search.
  string position = 5;
}

message NAMEListResponse {
  repeated NAMEAggregate aggregates = 1;
  // The number of aggregates on all pages.
  uint64 total = 2;
}
";

/// The answer to its commands.
const OF_COMMANDS: &str = "
message NAMEResponse {
  madang.v1.Outcome outcome = 1;
  NAMEAggregate aggregate = 2;
}
";

/// The messages of a view beside its body and its request.
const OF_VIEW: &str = "
message NAMERow {
  uint64 number = 1;
  NAMEBody body = 2;
}

message NAMESearchResponse {
  repeated NAMERow rows = 1;
  // The number of rows on all pages.
  uint64 total = 2;
}
";

/// The fields of a search that are no conditions.
const OF_SEARCH: &str = "  // The number of the page, from 0.
  uint64 page = 4;
  // The rows of a page, at most 200; 0 means 20.
  uint32 size = 5;
  // \"id,desc\", the most important one first.
  repeated string sort = 6;
  // The position that the view must have reached; empty for none.
  string at_least = 7;
";

/// The number of the field with the number of the aggregate, in requests.
pub const NUMBER: u32 = 3;

/// A file with the services of a business.
pub struct ProtoFile {
    /// `taxi.proto`
    pub name: String,
    /// The file as clients compile it.
    pub text: String,
    /// The methods of all its services.
    pub methods: Vec<ProtoMethod>,
}

/// A method of a typed service.
pub struct ProtoMethod {
    /// `/madang.taxi.v1.Orders/Cancel`
    pub path: String,
    /// `taxi`
    pub business: &'static str,
    /// The aggregate kind or the view: `orders`.
    pub part: &'static str,
    /// What it does.
    pub call: ProtoCall,
    /// The message of the body in its answer: `madang.taxi.v1.OrdersBody`.
    pub body: String,
}

/// The method of the generic service that a typed one calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtoCall {
    /// It returns one aggregate.
    Get,
    /// It returns a page of aggregates.
    List,
    /// It returns a page of rows.
    Search,
    /// It submits the command with this name.
    Execute(&'static str),
}

/// A method of the service that is written.
struct Rpc {
    /// The same request over HTTP.
    about: String,
    name: String,
    request: String,
    answer: String,
    call: ProtoCall,
}

/// A file in the making.
struct Writer {
    business: &'static str,
    package: String,
    services: String,
    messages: String,
    methods: Vec<ProtoMethod>,
}

/// The file of a business.
pub(super) fn file(business: &Described) -> ProtoFile {
    let package = format!("madang.{}.v1", business.name.replace('-', "_"));
    let mut writer = Writer {
        business: business.name,
        package,
        services: String::new(),
        messages: String::new(),
        methods: Vec::new(),
    };
    business.aggregates.iter().for_each(|aggregate| writer.aggregate(aggregate));
    business.views.iter().for_each(|view| writer.view(view));
    let Writer { package, services, messages, methods, .. } = writer;
    let has_values = messages.contains(fields::ANY);
    let values = if has_values { "import \"google/protobuf/struct.proto\";\n" } else { "" };
    let head = HEAD.replace("NAME", business.name).replace("PACKAGE", &package);
    let head = head.replace("VALUES\n", &format!("{values}\n"));
    let text = format!("{head}{services}{messages}");
    ProtoFile { name: format!("{}.proto", business.name), text, methods }
}

impl Writer {
    fn aggregate(&mut self, aggregate: &DeclaredAggregate) {
        let name = pascal(aggregate.name);
        let base = format!("/{}/{}", self.business, aggregate.name);
        let (one, page) = (format!("{name}Aggregate"), format!("{name}ListResponse"));
        let mut rpcs = vec![
            Rpc::read(&format!("{base}/{{number}}"), "GetRequest", one, ProtoCall::Get),
            Rpc::read(&base, "ListRequest", page, ProtoCall::List),
        ];
        let mut requests = String::new();
        let mut known = HashSet::new();
        for route in &aggregate.routes {
            let is_first = route.place == Place::Collection;
            // Of two routes with one name, the generic service finds the first, too.
            if !known.insert((route.name, is_first)) {
                continue;
            }
            let mut command = pascal(route.name);
            while rpcs.iter().any(|rpc| rpc.name == command) {
                command.insert_str(0, "Submit");
            }
            let request = format!("{name}{command}Request");
            let number = if is_first { String::new() } else { request_number(&route.body.schema) };
            message(&mut requests, (0, &request), &number, &route.body.schema);
            let about = match route.place {
                Place::Collection => base.clone(),
                Place::Item => format!("{base}/{{number}}"),
                Place::Action => format!("{base}/{{number}}/{}", route.name),
            };
            rpcs.push(Rpc {
                about: format!("{} {about}", verb(route.method)),
                name: command,
                request,
                answer: format!("{name}Response"),
                call: ProtoCall::Execute(route.name),
            });
        }
        self.service(aggregate.name, rpcs);
        message(&mut self.messages, (0, &format!("{name}Body")), "", &aggregate.representation);
        self.messages.push_str(&OF_AGGREGATE.replace("NAME", &name));
        if !requests.is_empty() {
            self.messages.push_str(&OF_COMMANDS.replace("NAME", &name));
            self.messages.push_str(&requests);
        }
    }

    fn view(&mut self, view: &DeclaredView) {
        let name = pascal(view.name);
        let request = format!("{name}SearchRequest");
        let answer = format!("{name}SearchResponse");
        let about = format!("/{}/{}", self.business, view.name);
        let rpc = Rpc::read(&about, &request, answer, ProtoCall::Search);
        self.service(view.name, vec![rpc]);
        message(&mut self.messages, (0, &format!("{name}Body")), "", &view.row);
        self.messages.push_str(&OF_VIEW.replace("NAME", &name));
        let mut conditions = OF_SEARCH.to_owned();
        for field in view.fields {
            let kind = match field.kind {
                FieldKind::Key | FieldKind::Number => "int64",
                FieldKind::Text | FieldKind::Time | FieldKind::Date => "string",
            };
            let endings: &[&str] =
                if field.kind == FieldKind::Text { &[""] } else { &["", "_from", "_to"] };
            for ending in endings {
                conditions.push_str(&condition(&format!("{}{ending}", field.name), kind));
            }
        }
        message(&mut self.messages, (0, &request), &conditions, &Value::Null);
    }

    /// Adds the service of a part.
    fn service(&mut self, part: &'static str, rpcs: Vec<Rpc>) {
        let (package, business, name) = (&self.package, self.business, pascal(part));
        let _ = writeln!(self.services, "\nservice {name} {{");
        for Rpc { about, name: method, request, answer, call } in rpcs {
            let _ = writeln!(
                self.services,
                "  // {about}\n  rpc {method}({request}) returns ({answer});"
            );
            let path = format!("/{package}.{name}/{method}");
            let body = format!("{package}.{name}Body");
            self.methods.push(ProtoMethod { path, business, part, call, body });
        }
        self.services.push_str("}\n");
    }
}

impl Rpc {
    fn read(path: &str, request: &str, answer: String, call: ProtoCall) -> Self {
        let (about, name) = (format!("GET {path}"), format!("{call:?}"));
        Self { about, name, request: request.to_owned(), answer, call }
    }
}

const fn verb(method: Method) -> &'static str {
    match method {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
    }
}
