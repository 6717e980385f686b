//! Compares two files of protobuf: each method, field and value has to stay as it is.

use super::BreakingChange;
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MethodDescriptorProto, field_descriptor_proto::Label,
};
use protox::file::File;
use std::collections::BTreeMap;

/// What clients rely on: places such as `message Order, field name`, each with its properties.
type Promises = BTreeMap<String, Vec<(&'static str, String)>>;

/// Returns the changes from the older file of protobuf to the newer one that would break a client.
///
/// # Errors
/// When a file is not valid, as a sentence.
pub fn breaking_changes_of_protos(old: &str, new: &str) -> Result<Vec<BreakingChange>, String> {
    let [old, new] = [("the older file", old), ("the newer file", new)].map(|(name, text)| {
        let file = File::from_source(name, text).map_err(|error| format!("{name}: {error}"));
        file.map(|file| promises(file.file_descriptor_proto()))
    });
    let (old, new) = (old?, new?);
    let mut changes = Vec::new();
    for (place, promised) in old {
        let mut add = |what| changes.push(BreakingChange { place: place.clone(), what });
        match new.get(&place) {
            None => add("was removed".to_owned()),
            Some(now) => {
                for ((name, was), (_, is)) in promised.iter().zip(now).filter(|(was, is)| was != is)
                {
                    add(format!("{name} is {is} and was {was}"));
                }
            }
        }
    }
    Ok(changes)
}

fn promises(file: &FileDescriptorProto) -> Promises {
    let mut all = Promises::new();
    all.insert("package".to_owned(), vec![("name", file.package().to_owned())]);
    for service in &file.service {
        let place = format!("service {}", service.name());
        for method in &service.method {
            all.insert(format!("{place}, method {}", method.name()), of_method(method));
        }
        all.insert(place, vec![]);
    }
    file.message_type.iter().for_each(|message| add_message("", message, &mut all));
    file.enum_type.iter().for_each(|of| add_enum("", of, &mut all));
    all
}

fn of_method(method: &MethodDescriptorProto) -> Vec<(&'static str, String)> {
    let stream =
        |name: &str, is_stream| if is_stream { format!("stream {name}") } else { name.to_owned() };
    vec![
        ("the request", stream(method.input_type(), method.client_streaming())),
        ("the answer", stream(method.output_type(), method.server_streaming())),
    ]
}

fn add_message(scope: &str, message: &DescriptorProto, all: &mut Promises) {
    let name = format!("{scope}{}", message.name());
    for field in &message.field {
        all.insert(format!("message {name}, field {}", field.name()), of_field(field));
    }
    let scope = format!("{name}.");
    all.insert(format!("message {name}"), vec![]);
    message.nested_type.iter().for_each(|nested| add_message(&scope, nested, all));
    message.enum_type.iter().for_each(|of| add_enum(&scope, of, all));
}

fn of_field(field: &FieldDescriptorProto) -> Vec<(&'static str, String)> {
    let of = match &field.type_name {
        Some(name) => name.clone(),
        None => field.r#type().as_str_name().trim_start_matches("TYPE_").to_ascii_lowercase(),
    };
    let of = if field.label() == Label::Repeated { format!("repeated {of}") } else { of };
    vec![
        ("the number", field.number().to_string()),
        ("the type", of),
        ("the name in JSON", field.json_name().to_owned()),
    ]
}

fn add_enum(scope: &str, of: &EnumDescriptorProto, all: &mut Promises) {
    for value in &of.value {
        let place = format!("enum {scope}{}, value {}", of.name(), value.name());
        all.insert(place, vec![("the number", value.number().to_string())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(services: &str, fields: &str) -> String {
        format!(
            "syntax = \"proto3\"; package taxi; service Orders {{ {services} }}
             enum Grade {{ BASIC = 0; }}
             message Order {{ message Stop {{ string at = 1; }} {fields} }}"
        )
    }

    const RPC: &str = "rpc Call(Order) returns (Order);";
    const FIELDS: &str = "optional string name = 7; repeated Stop stops = 9;";

    fn changes(services: &str, fields: &str) -> Vec<String> {
        let changes = breaking_changes_of_protos(&file(RPC, FIELDS), &file(services, fields));
        changes.expect("two valid files").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn further_methods_and_fields_break_no_client() {
        let more = format!("{RPC} rpc Cancel(Order) returns (Order);");
        assert_eq!(
            changes(&more, "int64 fare = 8; repeated Stop stops = 9; optional string name = 7;"),
            [""; 0]
        );
    }

    #[test]
    fn each_change_of_a_method_or_a_field_is_named() {
        let stops = "repeated Stop stops = 9;";
        for (services, fields, expected) in [
            ("", FIELDS.to_owned(), "service Orders, method Call: was removed"),
            (
                "rpc Call(Order) returns (stream Order);",
                FIELDS.to_owned(),
                "service Orders, method Call: the answer is stream Order and was Order",
            ),
            (RPC, stops.to_owned(), "message Order, field name: was removed"),
            (
                RPC,
                format!("string name = 8; {stops}"),
                "message Order, field name: the number is 8 and was 7",
            ),
            (
                RPC,
                format!("int64 name = 7; {stops}"),
                "message Order, field name: the type is int64 and was string",
            ),
            (
                RPC,
                "string name = 7; Stop stops = 9;".to_owned(),
                "message Order, field stops: the type is Stop and was repeated Stop",
            ),
        ] {
            assert_eq!(changes(services, &fields), [expected]);
        }
    }

    #[test]
    fn a_file_that_is_no_protobuf_is_refused() {
        assert!(breaking_changes_of_protos("{}", &file(RPC, FIELDS)).is_err());
    }
}
