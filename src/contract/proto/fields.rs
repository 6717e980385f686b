//! Messages and their fields from JSON Schemas.

use serde_json::{Map, Value};
use std::{collections::BTreeSet, fmt::Write as _};

/// Any value of JSON.
pub const ANY: &str = "google.protobuf.Value";

/// The numbers of the fields of a business: above those that protobuf reserves, and few enough for
/// tags of four bytes.
pub const NUMBERS_FROM: u32 = 20_000;
const NUMBERS_TO: u32 = 1 << 25;

/// The type of a value.
enum Kind<'a> {
    /// A type of protobuf by its name.
    Scalar(&'static str),
    /// An object, by its schema.
    Object(&'a Value),
    /// A list, by the schema of its elements.
    List(&'a Value),
}

/// Writes the message of an object at a depth: the lines of its first fields, and a field for each
/// property that is not ignored.
pub fn message(text: &mut String, (depth, name): (usize, &str), first: &str, schema: &Value) {
    let indent = "  ".repeat(depth);
    let between = if depth == 0 { "\n" } else { "" };
    let (mut nested, mut fields) = (String::new(), String::new());
    for (property, schema) in properties(schema) {
        let (label, schema) = match kind(schema) {
            Kind::List(element) => ("repeated ", element),
            Kind::Object(_) | Kind::Scalar(ANY) => ("", schema),
            Kind::Scalar(_) => ("optional ", schema),
        };
        let of = match kind(schema) {
            Kind::Object(schema) => {
                let of = pascal(property);
                message(&mut nested, (depth + 1, &of), "", schema);
                of
            }
            Kind::Scalar(of) => of.to_owned(),
            // A list of lists is a list of any values.
            Kind::List(_) => ANY.to_owned(),
        };
        if let Some(about) = about(schema) {
            let _ = writeln!(fields, "{indent}  // {about}");
        }
        let _ = writeln!(fields, "{indent}  {label}{of} {}", named(property));
    }
    let _ = write!(text, "{between}{indent}message {name} {{\n{nested}{first}{fields}{indent}}}\n");
}

/// The line of the field with the number of the aggregate, in the message of a body.
pub fn request_number(body: &Value) -> String {
    let is_taken = properties(body).any(|(property, _)| property == "number");
    format!("  uint64 {} = 3;\n", if is_taken { "aggregate_number" } else { "number" })
}

/// The line of a condition of a search.
pub fn condition(parameter: &str, kind: &str) -> String {
    format!("  optional {kind} {}\n", named(parameter))
}

/// The properties of an object, and of the objects that it may be instead, without those that the
/// server sets and ignores in requests, and without links.
fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let others = schema["anyOf"].as_array().into_iter().flatten();
    let all = std::iter::once(schema).chain(others).filter_map(|it| it["properties"].as_object());
    let mut known = BTreeSet::new();
    let is_wanted = move |(name, schema): &(&String, &Value)| {
        let is_ignored = schema.as_object().is_some_and(|it| it.keys().eq(["description"]));
        !name.starts_with('_') && !is_ignored && known.insert((*name).clone())
    };
    all.flatten().filter(is_wanted).collect::<Vec<_>>().into_iter()
}

fn kind(schema: &Value) -> Kind<'_> {
    let mut kinds = BTreeSet::new();
    collect_kinds(schema, &mut kinds);
    let kinds: Vec<_> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    let is_count = schema["minimum"].as_i64().is_some_and(|least| least >= 0);
    match kinds[..] {
        ["boolean"] => Kind::Scalar("bool"),
        ["number"] | ["integer", "number"] => Kind::Scalar("double"),
        ["integer"] | ["integer", "string"] if is_count => Kind::Scalar("uint64"),
        ["integer"] => Kind::Scalar("int64"),
        ["string"] | ["integer", "string"] => Kind::Scalar("string"),
        ["object"] if schema["properties"].as_object().is_some_and(has_names) => {
            Kind::Object(schema)
        }
        ["array"] if schema["items"].is_object() => {
            let mut of = BTreeSet::new();
            collect_kinds(&schema["items"], &mut of);
            Kind::List(if of.contains("null") { &Value::Null } else { &schema["items"] })
        }
        _ => Kind::Scalar(ANY),
    }
}

/// Collects the types that a schema allows; an empty one stands for any.
fn collect_kinds<'a>(schema: &'a Value, kinds: &mut BTreeSet<&'a str>) {
    match (&schema["type"], schema["anyOf"].as_array()) {
        (Value::String(kind), _) => _ = kinds.insert(kind),
        (Value::Array(of), _) => kinds.extend(of.iter().filter_map(Value::as_str)),
        (_, Some(of)) => of.iter().for_each(|schema| collect_kinds(schema, kinds)),
        _ => _ = kinds.insert(""),
    }
}

/// Whether the properties are those of a type. The keys of a map are generated in samples: they have
/// angle brackets.
fn has_names(properties: &Map<String, Value>) -> bool {
    !properties.is_empty() && !properties.keys().any(|name| name.contains('<'))
}

/// What a client should know of a value beside its type.
fn about(schema: &Value) -> Option<String> {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> =
            words.iter().filter(|it| it.is_string()).map(Value::to_string).collect();
        return Some(words.join(", "));
    }
    match schema["format"].as_str()? {
        "date-time" => Some("RFC 3339".to_owned()),
        "date" => Some("\"2026-12-24\"".to_owned()),
        _ => None,
    }
}

/// The name and the number of a field, with its name in JSON if that is not the usual one.
fn named(property: &str) -> String {
    let number = number_of(property);
    let is_name = property.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && property.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = if is_name { snake(property) } else { format!("field_{number}") };
    if is_name && camel(&name) == property {
        format!("{name} = {number};")
    } else {
        format!("{name} = {number} [json_name = {property:?}];")
    }
}

/// The number of a field. It follows from the name alone (FNV-1a), so that a further field changes no
/// other one, and a removed one never gives its number away. The compiler refuses a message with two
/// names of one number.
fn number_of(property: &str) -> u32 {
    let mix = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = property.bytes().fold(0x811c_9dc5_u32, mix);
    NUMBERS_FROM + hash % (NUMBERS_TO - NUMBERS_FROM)
}

/// The name of a field: `orderType` is `order_type`.
fn snake(property: &str) -> String {
    let mut name = String::new();
    for letter in property.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The name in JSON that protobuf derives from the name of a field.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| all + &capitalized(word))
}

/// The name of a service, method or message: `restock in place` is `RestockInPlace`.
pub fn pascal(name: &str) -> String {
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).map(capitalized).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{ProtoFile, compiled},
        *,
    };
    use prost_reflect::MessageDescriptor;
    use serde_json::json;

    /// The message of an object with these properties, as it is compiled.
    fn of(properties: &Value) -> Result<MessageDescriptor, String> {
        let head = "syntax = \"proto3\"; import \"google/protobuf/struct.proto\";";
        let mut text = head.to_owned();
        message(&mut text, (0, "Order"), "", &json!({ "properties": properties }));
        let file = ProtoFile { name: "order.proto".to_owned(), text, methods: Vec::new() };
        let pool = compiled(&[file])?;
        Ok(pool.get_message_by_name("Order").expect("a message"))
    }

    #[test]
    fn a_field_has_the_type_of_its_schema_and_what_is_ignored_is_left_out() {
        let time = json!({ "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 0 }] });
        let order = of(&json!({
            "_links": { "type": "object" },
            "carId": { "type": ["integer", "string"], "minimum": 0 },
            "cities": { "type": "object", "properties": { "<name>": { "type": "integer" } } },
            "delta": { "type": ["integer", "null"] },
            "id": { "description": "It is ignored." },
            "isLate": { "type": ["boolean", "null"] },
            "name": { "type": ["string", "integer", "null"], "maxLength": 9 },
            "paidAt": { "anyOf": [time, { "type": "null" }] },
            "room": { "type": "object", "properties": { "floor": { "type": "integer" } } },
            "tags": { "type": "array", "items": { "type": "string" } },
            "maybe": { "type": "array", "items": { "type": ["string", "null"] } },
            "what": {},
            "\u{ac00}\u{aca9}": { "type": "number" },
        }));
        let order = order.expect("a valid file");
        let fields = order
            .fields()
            .map(|it| (it.json_name().to_owned(), format!("{:?}", it.kind()), it.is_list()));
        let mut fields: Vec<_> = fields.collect();
        fields.sort();
        let any = "google.protobuf.Value";
        let expected = [
            ("carId", "uint64", false),
            ("cities", any, false),
            ("delta", "int64", false),
            ("isLate", "bool", false),
            ("maybe", any, true),
            ("name", "string", false),
            ("paidAt", "string", false),
            ("room", "Order.Room", false),
            ("tags", "string", true),
            ("what", any, false),
            ("\u{ac00}\u{aca9}", "double", false),
        ];
        assert_eq!(
            fields,
            expected.map(|(name, kind, is_list)| (name.to_owned(), kind.to_owned(), is_list))
        );
        assert!(order.get_field_by_name("car_id").is_some_and(|it| it.supports_presence()));
    }

    #[test]
    fn a_body_may_have_a_number_of_its_own() {
        let body = json!({ "properties": { "number": { "type": "string" } } });
        assert_eq!(request_number(&body), "  uint64 aggregate_number = 3;\n");
        assert_eq!(request_number(&json!({})), "  uint64 number = 3;\n");
    }

    #[test]
    fn a_further_or_removed_field_leaves_the_numbers_of_the_others_as_they_are() {
        let text = json!({ "type": "string" });
        let order = |names: &[&str]| {
            let properties: Map<_, _> =
                names.iter().map(|name| ((*name).to_owned(), text.clone())).collect();
            of(&Value::Object(properties)).expect("a valid file")
        };
        let number = |message: &MessageDescriptor, name| {
            message.get_field_by_name(name).map(|field| field.number())
        };
        let (two, three) = (order(&["name", "fare"]), order(&["age", "name", "zone"]));
        assert_eq!(number(&two, "name"), number(&three, "name"));
        // The numbers are stored in clients: this one is never another.
        assert_eq!(number(&two, "name"), Some(number_of("name")));
        assert_eq!(number_of("name"), 21_981_382);
        assert!(two.fields().all(|field| field.number() >= NUMBERS_FROM));
    }

    #[test]
    fn two_names_with_one_number_are_refused_by_the_compiler() {
        let mut known = std::collections::HashMap::new();
        let names = (0_u32..).map(|nth| format!("field{nth}"));
        let mut pairs = names.filter_map(|name| {
            known.insert(number_of(&name), name.clone()).map(|before| (before, name))
        });
        let (one, other) = pairs.next().expect("two names with one number");
        let text = json!({ "type": "string" });
        let refused = of(&json!({ one.clone(): text, other.clone(): text })).unwrap_err();
        let number = number_of(&one).to_string();
        assert!(refused.starts_with("order.proto:") && refused.contains(&number), "{refused}");
    }
}
