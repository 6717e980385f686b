//! Every command of the contract is refused to every wrong caller, and nothing changes.

use super::{
    contract,
    outside::{ROLES, server, token},
    support::client,
};
use reqwest::Method;
use serde_json::{Value, json};

/// A command as the contract describes it.
struct Described {
    method: Method,
    path: String,
    body: Value,
    /// The roles that may submit it, `customer` and `anyone` among them.
    issuers: Vec<String>,
}

fn commands() -> Vec<Described> {
    let document = contract().openapi(None).expect("a document");
    let mut commands = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let Some(issuers) = operation["x-issuers"].as_array() else { continue };
            let content = &operation["requestBody"]["content"]["application/json"];
            let first = &content["examples"]["example1"]["value"];
            let body = content.get("example").unwrap_or(first).clone();
            let issuers = issuers.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            let method = method.to_uppercase().parse().expect("a method");
            commands.push(Described { method, path: path.replace("{number}", "1"), body, issuers });
        }
    }
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_refused_to_every_wrong_caller_and_nothing_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, admin) = server(folder.path());
    let customer = token(folder.path(), "lee", &[]);
    let mut tampered = customer.clone();
    let at = tampered.find('.').expect("three parts") + 5;
    tampered.replace_range(at..=at, if &tampered[at..=at] == "A" { "B" } else { "A" });
    let commands = commands();
    assert!(commands.len() > 60, "{} commands", commands.len());
    let mut refused = 0;
    for command in &commands {
        if command.issuers.iter().any(|issuer| issuer == "anyone") {
            continue;
        }
        let others: Vec<_> =
            ROLES.iter().filter(|role| !command.issuers.iter().any(|own| own == *role)).collect();
        let others: Vec<_> = others.into_iter().copied().collect();
        let mut wrong = vec![(None, 401), (Some(tampered.clone()), 401)];
        if !command.issuers.iter().any(|own| own == "customer") {
            wrong.push((Some(customer.clone()), 403));
            wrong.push((Some(token(folder.path(), "kim", &others)), 403));
        }
        for (token, status) in wrong {
            let Described { method, path, body, issuers } = command;
            let mut request = client().request(method.clone(), server.url(path)).json(body);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), status, "{method} {path}");
            let problem: Value = answer.json().await.expect("a problem");
            let names_role =
                issuers.iter().any(|role| problem["detail"].as_str().unwrap().contains(role));
            assert!(status == 401 || names_role, "{method} {path}: {problem}");
            refused += 1;
        }
    }
    assert!(refused > 150, "{refused} requests were refused");
    let events = client().get(server.url("/events?after=beginning")).bearer_auth(admin);
    let page: Value = events.send().await.expect("an answer").json().await.expect("json");
    assert_eq!(page["events"], json!([]), "a wrong caller has changed something");
}
