//! The documents in `docs/contract` are those of the declarations, and each part is described.

use super::contract;
use madang::contract::{
    command::{files, pretty},
    diff::{breaking_changes, breaking_changes_of_protos},
    proto::{GENERIC, GENERIC_NAME, compiled},
};
use serde_json::Value;
use std::{fs, path::Path};

const FOLDER: &str = "docs/contract";

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|_| panic!("{} is there", path.display()));
    serde_json::from_str(&text).expect("json")
}

#[test]
fn the_documents_in_the_repository_are_current() {
    for (name, document) in files(&contract()) {
        let path = Path::new(FOLDER).join(name);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let renew = "run `cargo run -- contract write docs/contract`";
        assert!(kept == pretty(&document), "{} is not current: {renew}", path.display());
    }
}

#[test]
fn the_files_of_protobuf_in_the_repository_are_current_and_valid() {
    let files = contract().protos();
    for file in &files {
        let path = Path::new(FOLDER).join(&file.name);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let renew = "run `cargo run -- contract write docs/contract`";
        assert!(kept == file.text, "{} is not current: {renew}", path.display());
    }
    let services = compiled(&files).expect("valid files");
    for file in &files {
        for method in &file.methods {
            let (service, name) = method.path[1..].split_once('/').expect("two names");
            let service = services.get_service_by_name(service).expect(&method.path);
            assert!(service.methods().any(|it| it.name() == name), "{}", method.path);
            assert!(services.get_message_by_name(&method.body).is_some(), "{}", method.body);
        }
    }
    let methods: usize = files.iter().map(|file| file.methods.len()).sum();
    assert!(methods > 100, "{methods} methods");
}

#[test]
fn no_change_since_the_last_release_breaks_a_client() {
    for (name, document) in files(&contract()) {
        let released = read(&Path::new(FOLDER).join("released").join(name));
        let changes = breaking_changes(&released, &document).expect("two documents of one kind");
        let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
        assert!(changes.is_empty(), "{name}:\n{}", changes.join("\n"));
    }
    let files = contract().protos().into_iter().map(|file| (file.name, file.text));
    for (name, text) in files.chain([(GENERIC_NAME.to_owned(), GENERIC.to_owned())]) {
        let released = fs::read_to_string(Path::new(FOLDER).join("released").join(&name));
        let changes = breaking_changes_of_protos(&released.expect("a file"), &text);
        let changes: Vec<_> = changes.expect("valid").iter().map(ToString::to_string).collect();
        assert!(changes.is_empty(), "{name}:\n{}", changes.join("\n"));
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_an_answer() {
    let document = contract().openapi(None).expect("a document");
    let mut names = std::collections::BTreeSet::new();
    let paths = document["paths"].as_object().expect("paths");
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name), "{method} {path}: {name} stands twice");
            let answers = operation["responses"].as_object().expect("answers");
            assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
            assert!(operation.get("security").is_some(), "{method} {path} says who may send it");
        }
    }
    assert!(names.len() > 200, "{} operations", names.len());
}

#[test]
fn every_command_of_a_business_is_described_with_a_body_and_an_example() {
    let document = contract().openapi(None).expect("a document");
    let mut commands = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let operations = operations.as_object().expect("operations").iter();
        for (method, operation) in operations.filter(|(_, it)| it.get("x-issuers").is_some()) {
            commands += 1;
            // Also when the command is for another aggregate kind.
            assert_ne!(operation["x-issuers"], serde_json::json!([]), "{method} {path}");
            let content = &operation["requestBody"]["content"]["application/json"];
            let is_shown = content.get("example").is_some() || content.get("examples").is_some();
            assert!(is_shown, "{method} {path} has no example");
            let schema = content["schema"]["$ref"].as_str().expect("a reference");
            let schema = document.pointer(&schema[1..]).expect("the schema");
            assert_ne!(*schema, serde_json::json!({}), "{method} {path} has an empty schema");
        }
    }
    assert!(commands > 60, "{commands} commands");
}

#[test]
fn every_event_has_a_message() {
    let document = contract().asyncapi();
    let messages = document["components"]["messages"].as_object().expect("messages");
    for name in ["taxi.orders.Called", "phone.orders.Ordered", "education.payments.Approved"] {
        assert!(messages.contains_key(name), "{name} is missing");
    }
    let called = &messages["taxi.orders.Called"]["payload"]["properties"];
    assert_eq!(called["type"]["const"], "taxi.orders.Called");
    assert_eq!(called["data"]["properties"]["fare"]["type"], "integer");
}

#[test]
fn the_document_of_one_business_has_its_paths_alone() {
    let document = contract().openapi(Some("taxi")).expect("a document");
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.keys().all(|path| path.starts_with("/taxi/")));
    assert!(contract().openapi(Some("nowhere")).is_none());
}
