//! Tokens of clients, for servers with a shared secret.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The shared secret.
pub const SECRET: &str = "a secret of these tests, that is long enough";

/// A token with this subject and these roles, that is valid until the year 2100.
pub fn token(subject: &str, roles: &[String]) -> String {
    token_until(4_102_444_800, subject, roles)
}

/// A token that is valid for so many seconds, and for the leeway after them.
///
/// # Panics
/// When the clock of the machine is before 1970.
pub fn token_for(seconds: u64, subject: &str, roles: &[String]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    token_until(now.as_secs() + seconds, subject, roles)
}

fn token_until(expires_s: u64, subject: &str, roles: &[String]) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": subject, "exp": expires_s, "roles": roles });
    let message = format!("{}.{}", part(json!({ "alg": "HS256" })), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}
