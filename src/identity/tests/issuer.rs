//! The authorization server: which tokens it issues, to whom, and what it refuses.

use super::NOW_S;
use crate::identity::{
    IdentitySettings, OAuthError, TokenAnswer, TokenError, TokenIssuer, Verifier, hash_secret,
    unix_now_s,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, fs, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;

/// An authorization server with the client `desk`, the client `app`, and the user `min`.
struct Server {
    folder: TempDir,
    settings: IdentitySettings,
    issuer: Arc<TokenIssuer>,
    verifier: Arc<Verifier>,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accounts.toml");
        let accounts = [
            ("client", "id", "desk", "secret_hash", "d3sk:+ %", "[\"clerk\", \"auditor\"]", ""),
            ("client", "id", "app", "secret_hash", "app-s3cret", "[]", "grants = [\"password\"]"),
            ("user", "name", "min", "password_hash", "m1n-passw0rd", "[\"clerk\"]", ""),
        ];
        let mut toml = String::new();
        for (table, name, value, hash, secret, roles, more) in accounts {
            let hashed = cheap_hash(secret);
            writeln!(toml, "[[{table}]]\n{name} = \"{value}\"\n{hash} = \"{hashed}\"").unwrap();
            writeln!(toml, "roles = {roles}\n{more}").unwrap();
        }
        fs::write(&file, toml).unwrap();
        let settings = IdentitySettings {
            issue: true,
            accounts_file: Some(file),
            issuer_url: Some("https://madang.example".to_owned()),
            ..IdentitySettings::default()
        };
        let data = folder.path().join("data");
        let issuer = TokenIssuer::start(&settings, &data).unwrap().unwrap();
        let verifier = Verifier::start(&settings, &data).unwrap();
        Self { folder, settings, issuer, verifier }
    }

    async fn ask(&self, form: &str, basic: Option<&str>) -> Result<TokenAnswer, OAuthError> {
        let authorization = basic.map(|basic| format!("Basic {}", base64_padded(basic)));
        self.issuer.token_at(form.as_bytes(), authorization.as_deref(), NOW_S).await
    }

    async fn refusal(&self, form: &str, basic: Option<&str>) -> (&'static str, u16) {
        let error = self.ask(form, basic).await.unwrap_err();
        (error.code, error.status)
    }
}

/// A hash that is fast to make, so that the tests are fast.
fn cheap_hash(secret: &str) -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
    let argon2 =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash: argon2::PasswordHash = argon2.hash_password(secret.as_bytes()).unwrap();
    hash.to_string()
}

fn base64_padded(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}

fn claims_of(token: &str) -> Value {
    use base64::Engine as _;
    let claims = token.split('.').nth(1).unwrap();
    let json = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&json).unwrap()
}

const DESK: &str = "desk:d3sk%3A%2B+%25";
const CLIENT: &str = "grant_type=client_credentials";
const USER: &str = "grant_type=password&username=min&password=m1n-passw0rd";

#[tokio::test]
async fn a_client_gets_a_token_with_its_roles() {
    let server = Server::start();
    let answer = server.ask(CLIENT, Some(DESK)).await.unwrap();
    assert_eq!((answer.token_type, answer.expires_in), ("Bearer", 900));
    assert_eq!(answer.scope, "clerk auditor");
    let verified = server.verifier.verify_at(&answer.access_token, NOW_S).unwrap();
    assert_eq!(&*verified.subject, "desk");
    assert!(verified.has_role("auditor") && verified.has_role("clerk"));
    let claims = claims_of(&answer.access_token);
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW_S), &json!(NOW_S + 900)));
    assert_eq!(claims["iss"], "https://madang.example");
    assert_eq!((&claims["aud"], &claims["client_id"]), (&json!("madang"), &json!("desk")));
    let other = server.ask(CLIENT, Some(DESK)).await.unwrap();
    assert_ne!(claims_of(&other.access_token)["jti"], claims["jti"]);
}

#[tokio::test]
async fn a_client_may_send_its_secret_in_the_form() {
    let server = Server::start();
    let form = format!("{CLIENT}&client_id=desk&client_secret=d3sk%3A%2B+%25&scope=clerk");
    assert_eq!(server.ask(&form, None).await.unwrap().scope, "clerk");
}

#[tokio::test]
async fn a_user_gets_a_token_alone_or_through_a_client_that_may_ask_for_it() {
    let server = Server::start();
    for client in [None, Some("app:app-s3cret")] {
        let answer = server.ask(USER, client).await.unwrap();
        let identity = server.verifier.verify_at(&answer.access_token, NOW_S).unwrap();
        assert_eq!((&*identity.subject, answer.scope.as_str()), ("min", "clerk"));
        let by = if client.is_some() { "app" } else { "madang" };
        assert_eq!(claims_of(&answer.access_token)["client_id"], by);
    }
    assert_eq!(server.refusal(USER, Some(DESK)).await, ("unauthorized_client", 400));
    assert_eq!(server.refusal(CLIENT, Some("app:app-s3cret")).await, ("unauthorized_client", 400));
}

#[tokio::test]
async fn an_unknown_account_is_refused_like_a_wrong_secret() {
    let server = Server::start();
    let unknown = server.ask(CLIENT, Some("nowhere:x")).await.unwrap_err();
    let wrong = server.ask(CLIENT, Some("desk:x")).await.unwrap_err();
    assert_eq!(unknown, wrong);
    assert_eq!((wrong.code, wrong.status), ("invalid_client", 401));
    assert!(wrong.challenge().is_some_and(|challenge| challenge.starts_with("Basic ")));
    let user = |name: &str| format!("grant_type=password&username={name}&password=x");
    let unknown = server.ask(&user("jung"), None).await.unwrap_err();
    let wrong = server.ask(&user("min"), None).await.unwrap_err();
    assert_eq!(unknown, wrong);
    assert_eq!((wrong.code, wrong.status, wrong.challenge()), ("invalid_grant", 400, None));
    let as_client = "grant_type=client_credentials&client_id=min&client_secret=m1n-passw0rd";
    assert_eq!(server.refusal(as_client, None).await.0, "invalid_client");
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let server = Server::start();
    let cases = [
        ("", None, "invalid_request"),
        ("grant_type=", None, "invalid_request"),
        ("grant_type=implicit", None, "unsupported_grant_type"),
        ("grant_type=password&username=min", None, "invalid_request"),
        ("grant_type=password&grant_type=password", None, "invalid_request"),
        ("grant_type=%FF", None, "invalid_request"),
        (CLIENT, None, "invalid_client"),
        (CLIENT, Some("desk"), "invalid_client"),
        ("grant_type=client_credentials&client_id=desk", None, "invalid_client"),
        ("grant_type=client_credentials&client_secret=x", None, "invalid_request"),
        ("grant_type=client_credentials&client_id=app", Some(DESK), "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", Some(DESK), "invalid_request"),
        ("grant_type=client_credentials&scope=admin", Some(DESK), "invalid_scope"),
    ];
    for (form, basic, expected) in cases {
        assert_eq!(server.refusal(form, basic).await.0, expected, "{form}");
    }
    for authorization in [format!("Bearer {}", base64_padded(DESK)), "Basic é".to_owned()] {
        let refused = server.issuer.token(CLIENT.as_bytes(), Some(&authorization)).await;
        assert_eq!(refused.unwrap_err().code, "invalid_client");
    }
    let large = format!("{CLIENT}&x={}", "x".repeat(16 * 1024));
    assert_eq!(server.refusal(&large, Some(DESK)).await, ("invalid_request", 400));
}

#[tokio::test]
async fn too_many_wrong_secrets_close_a_name_for_some_seconds() {
    let server = Server::start();
    for name in ["desk", "nowhere"] {
        let basic = format!("{name}:wrong");
        for _ in 0..10 {
            assert_eq!(server.refusal(CLIENT, Some(&basic)).await, ("invalid_client", 401));
        }
        let error = server.ask(CLIENT, Some(&basic)).await.unwrap_err();
        assert_eq!((error.status, error.retry_after_s), (429, Some(6)));
    }
    assert_eq!(server.ask(CLIENT, Some(DESK)).await.unwrap_err().status, 429);
    assert!(server.ask(USER, None).await.is_ok(), "another name");
}

#[tokio::test]
async fn right_secrets_do_not_close_a_name() {
    let server = Server::start();
    for _ in 0..12 {
        assert!(server.ask(CLIENT, Some(DESK)).await.is_ok());
    }
}

#[tokio::test]
async fn a_busy_server_refuses_further_attempts() {
    let server = Server::start();
    let all = server.issuer.waiting.acquire_many(64).await.unwrap();
    assert_eq!(server.refusal(USER, None).await, ("temporarily_unavailable", 503));
    drop(all);
    assert!(server.ask(USER, None).await.is_ok());
}

#[tokio::test]
async fn no_secret_is_shown() {
    let server = Server::start();
    let answer = server.ask(USER, None).await.unwrap();
    let error = server.ask(CLIENT, Some("desk:wr0ng")).await.unwrap_err();
    let json = serde_json::to_value(&error).unwrap();
    assert_eq!(
        json.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["error", "error_description"]
    );
    let shown = format!("{:?} {answer:?} {error:?} {error} {json}", server.issuer);
    for secret in ["$argon2id", "wr0ng", "m1n-passw0rd", "content: [", answer.access_token.as_str()]
    {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

#[test]
fn a_token_can_be_minted_for_development() {
    let server = Server::start();
    let token = server.issuer.mint("jung", &["admin".to_owned()], Duration::from_secs(60));
    let identity = server.verifier.verify(&token).unwrap();
    assert!(&*identity.subject == "jung" && identity.has_role("admin"));
    let forever = server.issuer.mint("jung", &[], Duration::MAX);
    let lifetime_s = claims_of(&forever)["exp"].as_u64().unwrap() - unix_now_s();
    assert!((2_591_990..=2_592_000).contains(&lifetime_s), "{lifetime_s}");
}

#[test]
fn the_metadata_names_the_endpoints_and_the_issuer_of_the_tokens() {
    let server = Server::start();
    let metadata = server.issuer.metadata("https://madang.example/");
    assert_eq!(metadata["issuer"], "https://madang.example");
    assert_eq!(metadata["token_endpoint"], "https://madang.example/oauth/token");
    assert_eq!(metadata["jwks_uri"], "https://madang.example/.well-known/jwks.json");
    let jwk = &server.issuer.jwks()["keys"][0];
    assert_eq!((&jwk["kty"], &jwk["alg"]), (&json!("EC"), &json!("ES256")));
    assert!(jwk.get("d").is_none());
}

#[test]
fn tokens_of_an_earlier_key_are_accepted_after_a_rotation() {
    let server = Server::start();
    let data = server.folder.path().join("data");
    let token = server.issuer.mint("min", &[], Duration::from_secs(600));
    fs::remove_file(data.join("identity/signing.pk8")).unwrap();
    let issuer = TokenIssuer::start(&server.settings, &data).unwrap().unwrap();
    let ids = issuer.jwks()["keys"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 2);
    let verifier = Verifier::start(&server.settings, &data).unwrap();
    assert!(verifier.verify(&token).is_ok());
    let by_new = issuer.mint("min", &[], Duration::from_secs(600));
    assert!(verifier.verify(&by_new).is_ok() && server.verifier.verify(&by_new).is_err());
    assert_eq!(TokenIssuer::start(&server.settings, &data).unwrap().unwrap().jwks(), issuer.jwks());
}

#[test]
fn a_token_of_the_same_key_but_for_another_server_is_refused() {
    let server = Server::start();
    let data = server.folder.path().join("data");
    let refusal = |settings: &IdentitySettings| {
        let issuer = TokenIssuer::start(settings, &data).unwrap().unwrap();
        server.verifier.verify(&issuer.mint("min", &[], Duration::from_secs(60))).unwrap_err()
    };
    let issuer_url = Some("https://other.example".to_owned());
    let other = IdentitySettings { issuer_url, ..server.settings.clone() };
    assert_eq!(refusal(&other), TokenError::WrongIssuer);
    let other = IdentitySettings { audience: vec!["x".to_owned()], ..server.settings.clone() };
    assert_eq!(refusal(&other), TokenError::WrongAudience);
}

#[test]
fn a_damaged_key_is_named() {
    let server = Server::start();
    let data = server.folder.path().join("data");
    for (file, expected) in
        [("signing.pk8", "this is not a P-256 key"), ("public.json", "not a list")]
    {
        let path = data.join("identity").join(file);
        let intact = fs::read(&path).unwrap();
        fs::write(&path, "nonsense").unwrap();
        let error = TokenIssuer::start(&server.settings, &data).unwrap_err();
        assert!(error.starts_with("identity.issue: ") && error.contains(expected), "{error}");
        assert!(Verifier::start(&server.settings, &data).is_err());
        fs::write(&path, intact).unwrap();
    }
}

#[test]
fn an_unusable_file_of_accounts_is_described_without_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let hash = cheap_hash("x");
    let client =
        |id: &str, hash: &str| format!("[[client]]\nid = \"{id}\"\nsecret_hash = \"{hash}\"\n");
    let user = |name: &str| format!("[[user]]\nname = \"{name}\"\npassword_hash = \"{hash}\"\n");
    let cases = [
        ("[[client]]\nid = \"s3cret\n".to_owned(), "not valid TOML at line 2, column"),
        (client("a", "s3cret"), "`a`: the hash is not one of argon2id"),
        (client("a", &hash.replace("argon2id", "argon2i")), "`a`: the hash is not one of argon2id"),
        (client("a", &hash.replace("m=8", "m=999999999")), "`a`: the hash costs more than"),
        (client("a", &hash) + &user("a"), "`a`: there are two accounts with this name"),
        (client("", &hash), "a name must have from 1 to 255 bytes"),
        (client("a", &hash) + "roles = [\"a b\"]", "`a`: a role must be one word"),
        (client("a", &hash) + "grants = [\"s3cret\"]", "must be \"client_credentials\" or"),
        (client("a", &hash) + "password = \"s3cret\"", "there is no field `password`"),
        ("[[client]]\nid = \"a\"\nsecret_hash = 53713".to_owned(), "this has the wrong type"),
        ("[[user]]\nname = \"a\"".to_owned(), "`password_hash` is missing"),
        ("user = \"s3cret\"".to_owned(), "this has the wrong type"),
    ];
    for (toml, expected) in cases {
        let file = folder.path().join("accounts.toml");
        fs::write(&file, toml).unwrap();
        let settings = IdentitySettings {
            issue: true,
            accounts_file: Some(file),
            ..IdentitySettings::default()
        };
        let error = TokenIssuer::start(&settings, folder.path()).unwrap_err();
        assert!(error.starts_with("identity.accounts_file: the file "), "{error}");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("s3cret") && !error.contains("53713"), "{error}");
        assert!(!error.contains("$argon2"), "{error}");
    }
}

#[test]
fn a_hash_is_of_argon2id_and_different_each_time() {
    let (one, other) = (hash_secret("s3cret"), hash_secret("s3cret"));
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one != other);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.toml");
    fs::write(&file, format!("[[user]]\nname = \"min\"\npassword_hash = \"{one}\"\n")).unwrap();
    let accounts = crate::identity::accounts::Accounts::read(Some(&file)).unwrap();
    let kind = crate::identity::accounts::AccountKind::User;
    let hash = &accounts.find(kind, "min").unwrap().hash;
    assert!(hash.matches(b"s3cret") && !hash.matches(b"S3cret") && !hash.matches(b""));
    let none = crate::identity::accounts::Accounts::read(None).unwrap();
    assert!(none.are_none() && !none.decoy().matches(b""));
}

#[test]
fn a_server_that_does_not_issue_has_no_authorization_server() {
    let settings = IdentitySettings::default();
    assert!(TokenIssuer::start(&settings, Path::new("/no/such")).unwrap().is_none());
}
