//! A server with identity: its own tokens, and what is closed without one.

use crate::support::{
    client,
    inside::Running,
    process::{Server, assert_verified},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use madang::{
    config::{Config, Flags},
    identity::hash_secret,
};
use reqwest::{Client, Response};
use ring::hmac;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, net::SocketAddr, path::Path, process::Command};

const SECRET: &str = "the secret of the app";

/// A server that issues tokens to the client `app` and to the user `kim`.
fn start(data: &Path) -> Running {
    let accounts = data.join("accounts.toml");
    let hash = hash_secret(SECRET);
    let text = format!(
        "[[client]]\nid = \"app\"\nsecret_hash = \"{hash}\"\nroles = [\"taxi/dispatcher\"]\n\
         grants = [\"client_credentials\", \"password\"]\n\
         [[user]]\nname = \"kim\"\npassword_hash = \"{hash}\"\nroles = []\n"
    );
    fs::write(&accounts, text).expect("written");
    let change = |config: &mut Config| {
        config.identity.issue = true;
        config.identity.accounts_file = Some(accounts);
    };
    Running::serve(&data.join("data"), change, madang::shipped)
}

async fn form(client: &Client, address: SocketAddr, form: &[(&str, &str)]) -> Response {
    let request = client.post(format!("http://{address}/oauth/token"));
    request.basic_auth("app", Some(SECRET)).form(form).send().await.expect("it answers")
}

async fn token(client: &Client, address: SocketAddr, fields: &[(&str, &str)]) -> String {
    let answer = form(client, address, fields).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer: Value = answer.json().await.expect("json");
    assert_eq!(answer["token_type"], "Bearer");
    answer["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn a_customer_gets_a_token_and_orders_and_the_dispatcher_confirms() {
    let (folder, client) = (tempfile::tempdir().expect("a folder"), client());
    let app = start(folder.path());
    let url = |path: &str| format!("http://{}{path}", app.address);
    let password = [("grant_type", "password"), ("username", "kim"), ("password", SECRET)];
    let kim = token(&client, app.address, &password).await;
    let desk = token(&client, app.address, &[("grant_type", "client_credentials")]).await;
    let order = json!({ "orderType": "basic", "name": "Kim" });
    let order = client.post(url("/taxi/orders")).json(&order);
    let anonymous = order.try_clone().expect("a request").send().await.expect("it answers");
    assert_eq!(anonymous.status(), 401);
    assert_eq!(anonymous.headers()["www-authenticate"], "Bearer realm=\"madang\"");
    assert_eq!(order.bearer_auth(&kim).send().await.expect("it answers").status(), 201);
    let confirm = || client.patch(url("/taxi/reservations/1")).json(&json!({"status":"confirmed"}));
    let refused = confirm().bearer_auth(&kim).send().await.expect("it answers");
    assert_eq!(refused.status(), 403);
    let challenge = refused.headers()["www-authenticate"].to_str().expect("text").to_owned();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    let problem: Value = refused.json().await.expect("json");
    assert_eq!(problem["detail"], "only the role `dispatcher` of the business taxi may do this");
    assert_eq!(confirm().bearer_auth(&desk).send().await.expect("it answers").status(), 200);
}

#[tokio::test]
async fn an_invalid_token_is_refused_everywhere_and_no_part_of_it_is_shown() {
    let (folder, client) = (tempfile::tempdir().expect("a folder"), client());
    let app = start(folder.path());
    let valid = token(&client, app.address, &[("grant_type", "client_credentials")]).await;
    let changed = format!("{}A", &valid[..valid.len() - 2]);
    for path in ["/taxi/orders", "/taxi/availability", "/events", "/admin/components", "/"] {
        for token in ["nonsense", "a.b.c", &changed] {
            let request = client.get(format!("http://{}{path}", app.address));
            let answer = request.bearer_auth(token).send().await.expect("it answers");
            assert_eq!(answer.status(), 401, "{path}");
            let challenge = answer.headers()["www-authenticate"].to_str().expect("text").to_owned();
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
            let text = answer.text().await.expect("text");
            assert!(!text.contains(token), "{text}");
            assert!(text.contains("/problems/invalid-token"), "{text}");
        }
    }
}

#[tokio::test]
async fn the_token_endpoint_answers_in_the_form_of_the_specification() {
    let (folder, client) = (tempfile::tempdir().expect("a folder"), client());
    let app = start(folder.path());
    let url = |path: &str| format!("http://{}{path}", app.address);
    let refused = form(&client, app.address, &[("grant_type", "implicit")]).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await.expect("json")["error"], "unsupported_grant_type");
    let request = client.post(url("/oauth/token")).basic_auth("app", Some("wrong"));
    let refused = request.form(&[("grant_type", "client_credentials")]).send().await;
    let refused = refused.expect("it answers");
    assert_eq!(refused.status(), 401);
    assert!(refused.headers()["www-authenticate"].to_str().expect("text").starts_with("Basic"));
    let not_a_form = client.post(url("/oauth/token")).json(&json!({})).send().await;
    let not_a_form = not_a_form.expect("it answers");
    assert_eq!(not_a_form.status(), 400);
    assert_eq!(not_a_form.json::<Value>().await.expect("json")["error"], "invalid_request");
    let foreign = client.post(url("/oauth/token")).header("Origin", "https://evil.example");
    let foreign = foreign.form(&[("grant_type", "password")]).send().await.expect("it answers");
    assert_eq!(foreign.status(), 403, "a page of another origin guesses no password");
    assert_eq!(client.get(url("/oauth/token")).send().await.expect("it answers").status(), 405);
    let shown = async |path: &str| {
        client.get(url(path)).send().await.expect("it answers").json::<Value>().await.expect("json")
    };
    let keys = shown("/.well-known/jwks.json").await;
    assert_eq!(keys["keys"][0]["kty"], "EC");
    assert!(keys["keys"][0]["d"].is_null(), "no private key is shown");
    let metadata = shown("/.well-known/openid-configuration").await;
    assert!(metadata["token_endpoint"].as_str().expect("an address").ends_with("/oauth/token"));
}

#[test]
fn an_address_that_other_machines_can_reach_needs_identity_or_a_flag() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, secret) = (folder.path().join("madang.toml"), folder.path().join("secret"));
    fs::write(&secret, "a secret that is long enough for a key").expect("written");
    let read = |text: String| {
        fs::write(&config, text).expect("written");
        let listen = Some(SocketAddr::from(([0, 0, 0, 0], 0)));
        Config::read(Flags { config: Some(config.clone()), listen, ..Flags::default() })
    };
    let refused = read(String::new()).expect_err("it is refused").to_string();
    assert!(refused.contains("configure [identity], or set --insecure"), "{refused}");
    assert!(read(format!("[identity]\nsecret_file = {secret:?}\n")).is_ok());
    let two = format!("[identity]\nsecret_file = {secret:?}\nissue = true\n");
    let refused = read(two).expect_err("it is refused").to_string();
    assert!(refused.contains("identity.") && refused.contains("madang.toml"), "{refused}");
}

/// A token of the binary's own authorization server, without a role.
fn minted(config: &Path, data: &Path, subject: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
    command.args(["token", "--subject", subject, "--config"]).arg(config).arg("--data").arg(data);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[tokio::test]
async fn a_customer_finds_each_order_in_the_list_at_once_and_after_each_kill() {
    let (folder, client) = (tempfile::tempdir().expect("a folder"), client());
    let (data, config) = (folder.path().join("data"), folder.path().join("madang.toml"));
    fs::write(&config, "[identity]\nissue = true\n").expect("written");
    let mut orders = [BTreeSet::new(), BTreeSet::new()];
    for _ in 0..3 {
        let server = Server::start(&data, Some(&config));
        let tokens = ["kim", "lee"].map(|subject| minted(&config, &data, subject));
        let listed = async |token: &String| {
            let request = client.get(server.url("/taxi/orders")).bearer_auth(token);
            let page: Value = request.send().await.expect("it answers").json().await.expect("json");
            let items = page["_embedded"]["orders"].as_array().cloned().unwrap_or_default();
            let ids = items.iter().map(|item| item["id"].as_u64().expect("a number"));
            (ids.collect::<BTreeSet<u64>>(), page["page"]["totalElements"].as_u64())
        };
        for _ in 0..3 {
            for (token, own) in tokens.iter().zip(&mut orders) {
                assert_eq!(listed(token).await, (own.clone(), Some(own.len() as u64)));
                let request = client.post(server.url("/taxi/orders")).bearer_auth(token);
                let body = json!({ "orderType": "basic", "name": "Kim" });
                let answer = request.json(&body).send().await.expect("it answers");
                assert_eq!(answer.status(), 201);
                let order: Value = answer.json().await.expect("json");
                own.insert(order["id"].as_u64().expect("a number"));
                assert_eq!(listed(token).await, (own.clone(), Some(own.len() as u64)));
            }
        }
        server.kill();
    }
    assert_verified(&data);
}

/// A token that is signed with this shared secret (HS256).
fn signed(secret: &str, claims: &Value) -> String {
    let part = |json: String| BASE64_URL_SAFE_NO_PAD.encode(json);
    let message =
        format!("{}.{}", part(json!({ "alg": "HS256" }).to_string()), part(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test]
async fn the_secret_in_a_variable_verifies_tokens() {
    let (folder, client) = (tempfile::tempdir().expect("a folder"), client());
    let (secret, other) = ("a secret of the issuer: 32 bytes.", "another secret, also of 32 bytes");
    let mut environment = Command::new("env");
    environment.arg("MADANG_IDENTITY__SECRET_ENV=SECRET_OF_THE_ISSUER");
    environment.arg(format!("SECRET_OF_THE_ISSUER={secret}"));
    let server = Server::start_under(environment, &folder.path().join("data"));
    let claims = json!({ "sub": "kim", "exp": u32::MAX });
    for (secret, status) in [(secret, 200), (other, 401)] {
        let request = client.get(server.url("/taxi/orders"));
        let answer = request.bearer_auth(signed(secret, &claims)).send().await;
        assert_eq!(answer.expect("it answers").status(), status);
    }
}
