//! The sources of keys: what is usable, and that errors name the setting and show no secret.

use super::{NOW_S, RSA_PRIVATE, RSA_PUBLIC, SECRET, TestKey, claims, ours};
use crate::identity::{IdentitySettings, TokenError, Verifier, keys::Keys};
use serde_json::json;
use std::path::Path;

fn error_of(settings: &IdentitySettings) -> String {
    Verifier::start(settings, Path::new("/no/such")).unwrap_err()
}

#[test]
fn a_source_that_cannot_be_read_is_named() {
    let file = Some("/no/such/file".into());
    let cases = [
        (
            IdentitySettings { secret_env: Some("MADANG_NO_SUCH".to_owned()), ..ours() },
            "identity.secret_env: the variable MADANG_NO_SUCH is not set",
        ),
        (
            IdentitySettings { secret_file: file.clone(), ..ours() },
            "identity.secret_file: the file /no/such/file cannot be read: ",
        ),
        (IdentitySettings { public_key_file: file.clone(), ..ours() }, "identity.public_key_file:"),
        (IdentitySettings { jwks_file: file, ..ours() }, "identity.jwks_file: the file"),
        (
            IdentitySettings { leeway_s: 1_000, issue: true, ..IdentitySettings::default() },
            "identity.leeway_s: must",
        ),
        (IdentitySettings::default(), "identity: no source of keys is set"),
    ];
    for (settings, expected) in cases {
        let error = error_of(&settings);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_weak_secret_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, &SECRET[1..]).unwrap();
    let error = error_of(&IdentitySettings { secret_file: Some(file), ..ours() });
    assert!(error.ends_with("must have at least 32 bytes") && !error.contains("abc"), "{error}");
}

#[test]
fn only_public_keys_are_read_from_a_pem_file() {
    assert!(Keys::of_pem(RSA_PUBLIC).is_ok());
    let private = Keys::of_pem(RSA_PRIVATE).unwrap_err();
    assert!(private.starts_with("contains a private key"), "{private}");
    assert!(Keys::of_pem("nonsense").is_err());
    let short = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
    assert!(Keys::of_pem(short).is_err());
}

#[test]
fn unusable_keys_of_a_set_are_left_out() {
    let key = TestKey::ec("a");
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = key.jwk.clone();
        jwk[name] = value;
        jwk
    };
    let unusable = [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("RS256")),
        with("alg", json!("RSA-OAEP")),
        with("crv", json!("secp256k1")),
        with("kty", json!("XX")),
        with("x", json!("AAAA")),
        json!({ "kty": "oct", "k": super::base64(SECRET) }),
        json!({ "kty": "RSA", "n": super::base64([255; 128]), "e": "AQAB" }),
        json!(7),
    ];
    for jwk in &unusable {
        let set = json!({ "keys": [jwk] }).to_string();
        let error = Keys::of_jwk_set(set.as_bytes()).unwrap_err();
        assert_eq!(error, "has no key that can verify a token", "{jwk}");
    }
    let mut all = unusable.to_vec();
    all.push(with("use", json!("sig")));
    let set = json!({ "keys": all }).to_string();
    let keys = Keys::of_jwk_set(set.as_bytes()).unwrap();
    assert_eq!(keys.candidates(Some("a"), "ES256").unwrap().count(), 1);
    assert!(Keys::of_jwk_set(b"{}").is_err() && Keys::of_jwk_set(b"[]").is_err());
    let many = json!({ "keys": vec![key.jwk.clone(); 65] }).to_string();
    assert_eq!(Keys::of_jwk_set(many.as_bytes()).unwrap_err(), "has more than 64 keys");
}

#[test]
fn a_key_with_an_algorithm_accepts_only_this_one() {
    let jwk = json!({
        "kty": "RSA", "kid": "a", "alg": "RS256", "e": "AQAB",
        "n": super::base64([&[0_u8] as &[u8], &[255; 256]].concat()),
    });
    let set = json!({ "keys": [jwk] }).to_string();
    let keys = Keys::of_jwk_set(set.as_bytes()).unwrap();
    assert!(keys.candidates(Some("a"), "RS256").is_ok());
    let refused = ["RS512", "PS256", "HS256", "ES256"];
    for algorithm in refused {
        assert_eq!(keys.candidates(Some("a"), algorithm).err(), Some(TokenError::Algorithm));
    }
}

#[test]
fn the_keys_of_this_server_are_made_once_and_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings = IdentitySettings { issue: true, ..IdentitySettings::default() };
    let verifier = Verifier::start(&settings, &data).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let identity = data.join("identity");
    assert_eq!((mode(&data), mode(&identity)), (0o700, 0o700));
    let mut names = Vec::new();
    for file in std::fs::read_dir(&identity).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["public.json", "signing.pk8"]);
    let secret = std::fs::read(identity.join("signing.pk8")).unwrap();
    std::fs::set_permissions(identity.join("signing.pk8"), PermissionsExt::from_mode(0o644))
        .unwrap();
    Verifier::start(&settings, &data).unwrap();
    assert_eq!(std::fs::read(identity.join("signing.pk8")).unwrap(), secret);
    assert_eq!(mode(&identity.join("signing.pk8")), 0o600);
    let token = TestKey::ec("a").token(&claims(json!({})));
    assert_eq!(verifier.verify_at(&token, NOW_S).unwrap_err(), TokenError::UnknownKey);
}
