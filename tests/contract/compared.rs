//! `madang contract diff` names changes that break clients, and says so by its exit code.

use super::contract;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// The exit code and the output of a comparison.
fn diff(folder: &Path, old: &Value, new: &Value) -> (Option<i32>, String) {
    diff_of_texts(folder, "json", [&old.to_string(), &new.to_string()])
}

/// The same of two files with this ending.
fn diff_of_texts(folder: &Path, ending: &str, texts: [&str; 2]) -> (Option<i32>, String) {
    let mut nth = 0;
    let paths = texts.map(|text| {
        nth += 1;
        let path = folder.join(format!("{nth}.{ending}"));
        fs::write(&path, text).expect("a file");
        path
    });
    let compared = Command::new(env!("CARGO_BIN_EXE_madang"))
        .args(["contract", "diff"])
        .args(&paths)
        .output()
        .expect("madang runs");
    (compared.status.code(), String::from_utf8_lossy(&compared.stdout).into_owned())
}

#[test]
fn a_contract_without_breaking_changes_is_compared_with_exit_code_0() {
    let folder = tempfile::tempdir().expect("a folder");
    let document = contract().openapi(Some("taxi")).expect("a document");
    assert_eq!(diff(folder.path(), &document, &document), (Some(0), String::new()));
}

#[test]
fn each_breaking_change_is_a_line_and_the_exit_code_is_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = contract().openapi(Some("taxi")).expect("a document");
    let mut new = old.clone();
    new["paths"].as_object_mut().expect("paths").remove("/taxi/orders/{number}/cancel");
    let schemas = &mut new["components"]["schemas"];
    schemas["taxi.orders.call"]["required"] = json!(["orderType", "name"]);
    schemas["taxi.orders"]["properties"]["fare"]["type"] = json!("string");
    let (code, lines) = diff(folder.path(), &old, &new);
    assert_eq!(code, Some(1));
    for line in [
        "POST /taxi/orders/{number}/cancel: was removed",
        "POST /taxi/orders, body, name: is required now",
        "GET /taxi/orders/{number}, answer 200, fare: can be string now",
    ] {
        assert!(lines.lines().any(|named| named == line), "{line} is not in\n{lines}");
    }
}

#[test]
fn a_file_that_is_no_contract_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let document = contract().openapi(Some("taxi")).expect("a document");
    assert_eq!(diff(folder.path(), &document, &json!({})).0, Some(1));
    assert_eq!(diff(folder.path(), &json!([1]), &json!("x")), (Some(1), String::new()));
}

#[test]
fn a_changed_field_of_a_protobuf_file_is_a_line_and_a_further_method_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = contract().protos();
    let taxi = &files.iter().find(|file| file.name == "taxi.proto").expect("a file").text;
    let rpc = "  rpc Cancel(OrdersCancelRequest) returns (OrdersResponse);\n";
    let less = taxi.replacen(rpc, "", 1).replacen("optional int64 fare", "optional string fare", 1);
    assert_ne!(*taxi, less);
    let (code, lines) = diff_of_texts(folder.path(), "proto", [taxi, &less]);
    let expected = "message OrdersBody, field fare: the type is string and was int64\n\
         service Orders, method Cancel: was removed\n";
    assert_eq!((code, &*lines), (Some(1), expected));
    let more = taxi.replacen(rpc, "", 1);
    assert_eq!(diff_of_texts(folder.path(), "proto", [&more, taxi]), (Some(0), String::new()));
}
