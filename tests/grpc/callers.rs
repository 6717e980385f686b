//! Callers: without a token, with a wrong one, and with that of another customer.

use super::{
    Client, ORDER, event,
    messages::{Aggregate, ExecuteRequest, GetRequest, WatchRequest},
    order, start,
    support::{
        client as http_client,
        token::{SECRET, token},
    },
    text, with,
};
use madang::{config::Config, contract::ContractBuilder, declarations::Declarations};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};
use tonic::Code;

/// Metadata with a token.
pub fn bearer(subject: &str, roles: &[&str]) -> String {
    let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
    format!("Bearer {}", token(subject, &roles))
}

/// The same with a signature that is not that of the server.
fn forged(bearer: &str) -> String {
    let last = if bearer.ends_with('A') { "QA" } else { "AA" };
    format!("{}{last}", &bearer[..bearer.len() - 2])
}

/// Configures identity with the secret.
pub fn with_identity(folder: &Path) -> impl FnOnce(&mut Config) {
    let file = folder.join("secret");
    fs::write(&file, SECRET).expect("written");
    move |config: &mut Config| config.identity.secret_file = Some(file)
}

fn taxi(number: u64) -> GetRequest {
    GetRequest { business: "taxi".to_owned(), resource: "orders".to_owned(), number }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_without_a_valid_token_orders_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = start(with_identity(folder.path()));
    let client = Client::of(&app).await;
    let kim = bearer("kim", &[]);
    let forged = forged(&kim);
    for (metadata, problem) in [
        (vec![], "unauthenticated"),
        (vec![("authorization", forged.as_str())], "invalid-token"),
        (vec![("authorization", "Basic a2lt")], "invalid-token"),
    ] {
        let refused = client.execute(order(0, "call", ORDER), &metadata).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
        let found = text(refused.metadata(), "problem-type");
        assert_eq!(found, Some(&*format!("/problems/{problem}")));
        assert!(client.watch(WatchRequest::default(), &metadata).await.is_err());
    }
    let created =
        client.execute(order(0, "call", ORDER), &[("authorization", &kim)]).await.unwrap();
    assert_eq!(created.into_inner().aggregate.unwrap().number, 1, "nothing was created before");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customer_finds_nothing_and_staff_is_known_by_its_role() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = start(with_identity(folder.path()));
    let client = Client::of(&app).await;
    let (kim, lee) = (bearer("kim", &[]), bearer("lee", &[]));
    let desk = bearer("desk", &["dispatcher"]);
    client.execute(order(0, "call", ORDER), &[("authorization", &kim)]).await.unwrap();
    let cancelled = client.execute(order(1, "cancel", "{}"), &[("authorization", &lee)]).await;
    assert_eq!(cancelled.unwrap_err().code(), Code::NotFound);
    let get = |token: &str| with(taxi(1), &[("authorization", token)]);
    let shown = client.call::<_, Aggregate>("Get", get(&lee)).await;
    assert_eq!(shown.unwrap_err().code(), Code::NotFound);
    assert!(client.call::<_, Aggregate>("Get", get(&kim)).await.is_ok());
    assert!(client.call::<_, Aggregate>("Get", get(&desk)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_watches_only_its_own_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = start(with_identity(folder.path()));
    let client = Client::of(&app).await;
    let (kim, lee) = (bearer("kim", &[]), bearer("lee", &[]));
    let wanted = WatchRequest { types: vec!["Called".to_owned()], ..WatchRequest::default() };
    let mut stream = client.watch(wanted, &[("authorization", &lee)]).await.unwrap();
    client.execute(order(0, "call", ORDER), &[("authorization", &kim)]).await.unwrap();
    client.execute(order(0, "call", ORDER), &[("authorization", &lee)]).await.unwrap();
    assert_eq!(event(&mut stream).await.1["source"], "/taxi/orders/2");
}

/// The commands of the contract, each with the names of those who may submit it.
fn commands() -> Vec<(ExecuteRequest, Vec<String>)> {
    let mut builder = ContractBuilder::default();
    Declarations::of(madang::shipped).describe(&mut builder);
    let document = builder.openapi(None).expect("a document");
    let mut commands = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for operation in operations.as_object().expect("operations").values() {
            let Some(issuers) = operation["x-issuers"].as_array() else { continue };
            let content = &operation["requestBody"]["content"]["application/json"];
            let first = &content["examples"]["example1"]["value"];
            let body = content.get("example").unwrap_or(first);
            let summary = operation["summary"].as_str().expect("a summary");
            let mut parts = path.split('/').skip(1);
            let mut part = || parts.next().expect("a part").to_owned();
            let request = ExecuteRequest {
                business: part(),
                resource: part(),
                number: u64::from(path.contains("{number}")),
                command: summary.split_once(": ").expect("a name").1.to_owned(),
                body: body.to_string().into_bytes(),
            };
            let issuers = issuers.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            commands.push((request, issuers));
        }
    }
    commands
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_refused_to_every_wrong_caller_and_nothing_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let identity = with_identity(folder.path());
    let app = start(|config| {
        config.only.clear();
        identity(config);
    });
    let client = Client::of(&app).await;
    let commands = commands();
    assert!(commands.len() > 60, "{} commands", commands.len());
    let names = commands.iter().flat_map(|(_, issuers)| issuers).map(String::as_str);
    let roles: BTreeSet<_> = names.filter(|name| !["anyone", "customer"].contains(name)).collect();
    let mut refused = 0;
    for (request, issuers) in &commands {
        let may = |name: &str| issuers.iter().any(|issuer| issuer == name);
        if may("anyone") {
            continue;
        }
        let forged = forged(&bearer("lee", &[]));
        let mut wrong = vec![(vec![], Code::Unauthenticated)];
        wrong.push((vec![("authorization", forged)], Code::Unauthenticated));
        // Who may submit the command is known from the contract, unless another kind decides it.
        if !issuers.is_empty() && !may("customer") {
            let others: Vec<_> = roles.iter().copied().filter(|role| !may(role)).collect();
            for token in [bearer("lee", &[]), bearer("kim", &others)] {
                wrong.push((vec![("authorization", token)], Code::PermissionDenied));
            }
        }
        for (metadata, code) in wrong {
            let metadata: Vec<_> = metadata.iter().map(|(name, it)| (*name, it.as_str())).collect();
            let status = client.execute(request.clone(), &metadata).await.unwrap_err();
            assert_eq!(status.code(), code, "{request:?} {status:?}");
            let names_role = issuers.iter().any(|role| status.message().contains(role));
            assert!(code == Code::Unauthenticated || names_role, "{request:?} {status:?}");
            refused += 1;
        }
    }
    assert!(refused > 150, "{refused} calls were refused");
    let all: Vec<_> = roles.into_iter().chain(["admin"]).collect();
    let url = format!("http://{}/events?after=beginning", app.address);
    let events = http_client().get(url).header("Authorization", bearer("staff", &all));
    let page: Value = events.send().await.expect("an answer").json().await.expect("json");
    assert_eq!(page["events"], json!([]), "a wrong caller has changed something");
}
