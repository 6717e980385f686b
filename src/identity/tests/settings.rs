//! The settings of identity: their defaults, and which combinations are refused.

use crate::identity::IdentitySettings;
use serde_json::{Value, json};

fn check(settings: Value) -> Result<(), String> {
    let settings: IdentitySettings =
        serde_json::from_value(settings).map_err(|error| error.to_string())?;
    settings.check().map_err(|error| format!("{}: {}", error.key, error.reason))
}

#[test]
fn identity_is_not_configured_without_a_source_of_keys() {
    let settings = IdentitySettings::default();
    assert!(!settings.is_configured() && settings.check().is_ok());
    let settings = IdentitySettings { issue: true, ..settings };
    assert!(settings.is_configured() && settings.check().is_ok());
}

#[test]
fn the_settings_survive_a_dump() {
    let settings = json!({ "jwks_url": "https://id.example/jwks", "issuer": "https://id.example" });
    let settings: IdentitySettings = serde_json::from_value(settings).unwrap();
    let dump = serde_json::to_value(&settings).unwrap();
    let again: IdentitySettings = serde_json::from_value(dump.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), dump);
    assert_eq!(dump["issuer"], json!(["https://id.example"]));
}

#[test]
fn one_source_of_keys_is_used() {
    let both = json!({ "secret_env": "A", "jwks_url": "https://id.example/jwks" });
    let reason = check(both).unwrap_err();
    assert_eq!(reason, "jwks_url: cannot be combined with secret_env; one source of keys is used");
    let none = check(json!({ "audience": "madang" })).unwrap_err();
    assert!(none.starts_with("audience: needs a source of keys"), "{none}");
}

#[test]
fn unusable_settings_are_named() {
    let url = |url: &str| json!({ "jwks_url": url });
    let cases = [
        (url("nowhere"), "jwks_url: is not a URL"),
        (url("http://id.example/jwks"), "jwks_url: must be https"),
        (url("file:///etc/passwd"), "jwks_url: must be an https URL"),
        (url("https://a:s3cret@id.example"), "jwks_url: must not contain a user name"),
        (json!({ "issue": true, "leeway_s": 601 }), "leeway_s: must be from 0 to 600"),
        (json!({ "issue": true, "token_lifetime_s": 0 }), "token_lifetime_s: must be from 1"),
        (json!({ "issue": true, "audience": [""] }), "audience: must not be empty text"),
        (json!({ "issue": true, "subject_claim": "" }), "subject_claim: must not be empty"),
        (json!({ "issue": true, "issuer": "x" }), "issuer: cannot be combined with issue"),
        (json!({ "issue": true, "issuer_url": "x" }), "issuer_url: must be an http or https"),
        (json!({ "secret_env": "A", "accounts_file": "x" }), "accounts_file: needs issue"),
        (json!({ "colour": "red" }), "unknown field `colour`"),
        (json!({ "issuer": 7 }), "must be text or a list of texts"),
    ];
    for (settings, expected) in cases {
        let reason = check(settings).unwrap_err();
        assert!(reason.starts_with(expected) && !reason.contains("s3cret"), "{reason}");
    }
}

#[test]
fn keys_are_fetched_without_tls_only_from_this_machine_or_when_that_is_allowed() {
    for url in ["http://localhost:1/jwks", "http://127.0.0.1:1", "http://[::1]:1"] {
        assert_eq!(check(json!({ "jwks_url": url })), Ok(()));
    }
    let allowed = json!({ "jwks_url": "http://keycloak:8080/jwks", "jwks_over_http": true });
    assert_eq!(check(allowed), Ok(()));
}
