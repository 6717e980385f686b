//! Which tokens are accepted and which are refused, and why.

use super::{
    NOW_S, RSA_PRIVATE, RSA_PUBLIC, SECRET, TestKey, base64, claims, forged, ours, sign, start,
    verifier_of,
};
use crate::identity::{Identity, IdentitySettings, TokenError, Verifier};
use crate::store::SUBJECT_BYTES_MAX;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{rsa::PublicKeyComponents, signature::RsaKeyPair};
use serde_json::{Value, json};

fn verify(verifier: &Verifier, token: &str) -> Result<Identity, TokenError> {
    verifier.verify_at(token, NOW_S)
}

fn refusal(verifier: &Verifier, token: &str) -> TokenError {
    verify(verifier, token).unwrap_err()
}

#[test]
fn tokens_of_every_kind_of_key_are_accepted() {
    let (ec, ed, ec_384) = (TestKey::ec("a"), TestKey::ed("b"), TestKey::ec_384("c"));
    let verifier = verifier_of(&[&ec, &ed, &ec_384]);
    for key in [&ec, &ed, &ec_384] {
        assert_eq!(&*verify(&verifier, &key.token(&claims(json!({})))).unwrap().subject, "min");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name, text| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let public_key_file = file("rsa.pem", RSA_PUBLIC);
    let verifier = start(&IdentitySettings { public_key_file, ..ours() });
    let rsa = EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap();
    for algorithm in [Algorithm::RS256, Algorithm::RS512, Algorithm::PS256] {
        let token = sign(&Header::new(algorithm), &claims(json!({})), &rsa);
        assert!(verify(&verifier, &token).is_ok());
    }
    let secret_file = file("secret", &format!("{SECRET}\n"));
    let verifier = start(&IdentitySettings { secret_file, ..ours() });
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let token = sign(&Header::new(Algorithm::HS256), &claims(json!({})), &secret);
    assert!(verify(&verifier, &token).is_ok());
}

#[test]
fn tokens_of_an_rsa_key_in_a_key_set_are_accepted_as_keycloak_and_auth0_publish_it() {
    let signing = EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap();
    let pair = RsaKeyPair::from_der(signing.as_bytes()).unwrap();
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
    let with_sign_byte = [&[0][..], &n].concat();
    for n in [n, with_sign_byte] {
        let jwk = json!({
            "kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256",
            "n": base64(n), "e": base64(&e), "x5c": ["MIIC"], "x5t": "AAAA",
        });
        let signing = signing.clone();
        let key = TestKey { id: "r", algorithm: Algorithm::RS256, signing, jwk };
        let verifier = verifier_of(&[&key, &TestKey::ec("a")]);
        let token = key.token(&claims(json!({})));
        assert!(verify(&verifier, &token).is_ok());
        let (message, _) = token.rsplit_once('.').unwrap();
        let forged = format!("{message}.{}", base64([1; 256]));
        assert_eq!(refusal(&verifier, &forged), TokenError::BadSignature);
        let header = Header { kid: Some("r".to_owned()), ..Header::new(Algorithm::PS256) };
        let other = key.token_with(&header, &claims(json!({})));
        assert_eq!(refusal(&verifier, &other), TokenError::Algorithm);
    }
}

#[test]
fn a_token_that_is_changed_anywhere_is_refused() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    let token = key.token(&claims(json!({ "roles": ["clerk"] })));
    assert!(verify(&verifier, &token).is_ok());
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&verifier, &changed).is_err(), "changed at {at}");
    }
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let admin = base64(claims(json!({ "roles": ["admin"] })).to_string());
    let tampered = format!("{header}.{admin}.{signature}");
    assert_eq!(refusal(&verifier, &tampered), TokenError::BadSignature);
    assert_eq!(refusal(&verifier, &format!("{message}.")), TokenError::BadSignature);
    let of_another = TestKey::ec("a").token(&claims(json!({})));
    assert_eq!(refusal(&verifier, &of_another), TokenError::BadSignature);
}

#[test]
fn a_token_is_accepted_until_it_expires_and_not_before_its_time() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    let at = |more, now_s| {
        verifier.verify_at(&key.token(&claims(more)), now_s).map(|verified| verified.until_s)
    };
    let expires = || json!({ "exp": NOW_S });
    assert_eq!(at(expires(), NOW_S + 29), Ok(NOW_S + 30), "within the leeway of 30 s");
    assert_eq!(at(expires(), NOW_S + 30), Err(TokenError::Expired));
    assert_eq!(at(json!({ "exp": 0 }), NOW_S), Err(TokenError::Expired));
    assert_eq!(at(json!({ "exp": 1.8e9 + 0.5 }), NOW_S), Ok(NOW_S + 30));
    let begins = || json!({ "nbf": NOW_S });
    assert!(at(begins(), NOW_S - 30).is_ok());
    assert_eq!(at(begins(), NOW_S - 31), Err(TokenError::NotYetValid));
    for exp in [json!(null), json!("1900000000"), json!(-1), json!([1_900_000_000_u64])] {
        assert_eq!(at(json!({ "exp": exp }), NOW_S), Err(TokenError::Malformed));
    }
    assert_eq!(at(json!({ "nbf": "0" }), NOW_S), Err(TokenError::Malformed));
    assert_eq!(at(json!({ "exp": u64::MAX }), NOW_S), Ok(u64::MAX));
}

#[test]
fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    let with = |more: Value| verify(&verifier, &key.token(&claims(more))).map(|_| ());
    for issuer in [json!("theirs"), json!(null), json!(["ours"]), json!("OURS"), json!("")] {
        assert_eq!(with(json!({ "iss": issuer })), Err(TokenError::WrongIssuer));
    }
    for audience in [json!("other"), json!(null), json!([]), json!(["other"]), json!([["madang"]])]
    {
        assert_eq!(with(json!({ "aud": audience })), Err(TokenError::WrongAudience));
    }
    assert_eq!(with(json!({ "aud": ["other", "madang"] })), Ok(()));
}

#[test]
fn a_token_without_a_required_claim_is_refused() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    let cases = [
        ("exp", TokenError::Malformed),
        ("iss", TokenError::WrongIssuer),
        ("aud", TokenError::WrongAudience),
        ("sub", TokenError::NoSubject),
    ];
    for (name, expected) in cases {
        let mut claims = claims(json!({}));
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(refusal(&verifier, &key.token(&claims)), expected, "without {name}");
    }
}

#[test]
fn the_algorithm_none_is_refused_in_every_spelling() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    for algorithm in ["none", "None", "NONE", "nOnE", "", "ES256 "] {
        let header = json!({ "alg": algorithm, "kid": "a" }).to_string();
        let token = forged(&header, &claims(json!({})));
        assert_eq!(refusal(&verifier, &token), TokenError::Algorithm);
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(refusal(&verifier, &format!("{message}.")), TokenError::Algorithm);
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rsa.pem");
    std::fs::write(&file, RSA_PUBLIC).unwrap();
    let verifier = start(&IdentitySettings { public_key_file: Some(file), ..ours() });
    let public = EncodingKey::from_secret(RSA_PUBLIC.as_bytes());
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let token = sign(&Header::new(algorithm), &claims(json!({})), &public);
        assert_eq!(refusal(&verifier, &token), TokenError::Algorithm);
    }
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    let x = EncodingKey::from_secret(key.jwk["x"].as_str().unwrap().as_bytes());
    let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS256) };
    assert_eq!(refusal(&verifier, &sign(&header, &claims(json!({})), &x)), TokenError::Algorithm);
}

#[test]
fn a_key_in_the_token_or_at_a_url_of_the_token_is_not_used() {
    let (ours, theirs) = (TestKey::ec("a"), TestKey::ec("a"));
    let verifier = verifier_of(&[&ours]);
    let jwk = serde_json::from_value(theirs.jwk.clone()).unwrap();
    let header = Header {
        kid: Some("a".to_owned()),
        jwk: Some(jwk),
        jku: Some("https://theirs.example/jwks".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let token = theirs.token_with(&header, &claims(json!({})));
    assert_eq!(refusal(&verifier, &token), TokenError::BadSignature);
}

#[test]
fn a_token_with_a_critical_extension_is_refused_although_its_signature_is_valid() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    for critical in [vec!["b64".to_owned()], vec!["exp".to_owned()], vec![]] {
        let header = Header {
            kid: Some("a".to_owned()),
            crit: Some(critical),
            ..Header::new(Algorithm::ES256)
        };
        let token = key.token_with(&header, &claims(json!({})));
        assert_eq!(refusal(&verifier, &token), TokenError::Critical);
    }
    let header = r#"{"alg":"ES256","kid":"a","crit":null}"#;
    assert_eq!(refusal(&verifier, &forged(header, &claims(json!({})))), TokenError::Critical);
}

#[test]
fn a_token_is_verified_with_the_key_it_names_or_with_any_when_it_names_none() {
    let (first, second) = (TestKey::ec("a"), TestKey::ec("b"));
    let verifier = verifier_of(&[&first, &second]);
    let unnamed = second.token_with(&Header::new(Algorithm::ES256), &claims(json!({})));
    assert!(verify(&verifier, &unnamed).is_ok());
    let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::ES256) };
    let misnamed = second.token_with(&header, &claims(json!({})));
    assert_eq!(refusal(&verifier, &misnamed), TokenError::BadSignature);
    let unknown = TestKey::ec("c").token(&claims(json!({})));
    assert_eq!(refusal(&verifier, &unknown), TokenError::UnknownKey);
}

#[test]
fn a_token_without_a_usable_subject_is_refused() {
    let key = TestKey::ec("a");
    let verifier = verifier_of(&[&key]);
    for subject in [
        json!(null),
        json!(""),
        json!(" "),
        json!(7),
        json!("a\nb"),
        json!("x".repeat(SUBJECT_BYTES_MAX + 1)),
    ] {
        let token = key.token(&claims(json!({ "sub": subject })));
        assert_eq!(refusal(&verifier, &token), TokenError::NoSubject);
    }
    let longest = "x".repeat(SUBJECT_BYTES_MAX);
    let token = key.token(&claims(json!({ "sub": longest })));
    assert_eq!(*verify(&verifier, &token).unwrap().subject, longest);
}

#[test]
fn roles_are_read_from_all_configured_claims() {
    let (key, folder) = (TestKey::ec("a"), tempfile::tempdir().unwrap());
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, json!({ "keys": [key.jwk] }).to_string()).unwrap();
    let settings = IdentitySettings { jwks_file: Some(file), ..ours() };
    let roles = |settings: &IdentitySettings, more: Value| {
        let identity = verify(&start(settings), &key.token(&claims(more))).unwrap();
        identity.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    let keycloak = json!({ "realm_access": { "roles": ["clerk", "auditor"] }, "scope": "email" });
    assert_eq!(roles(&settings, keycloak), "auditor,clerk,email");
    assert_eq!(roles(&settings, json!({ "roles": ["a", 7, "b"], "scope": "b  c" })), "a,b,c");
    assert_eq!(roles(&settings, json!({ "roles": 7, "realm_access": [] })), "");
    let roles_claims = vec!["https://example.com/roles".to_owned(), "x.y.z".to_owned()];
    let settings = IdentitySettings { roles_claims, ..settings };
    let auth0 = json!({ "https://example.com/roles": ["admin"], "x.y": { "z": "clerk" } });
    assert_eq!(roles(&settings, auth0), "admin,clerk");
}

#[test]
fn an_overlong_token_is_refused_before_any_work() {
    let key = TestKey::ec("a");
    let long = key.token(&claims(json!({ "more": "x".repeat(16 * 1024) })));
    assert_eq!(refusal(&verifier_of(&[&key]), &long), TokenError::Malformed);
}

#[test]
fn a_refusal_and_a_verifier_show_neither_token_nor_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let settings = IdentitySettings { secret_file: Some(file), ..ours() };
    let verifier = start(&settings);
    let error = refusal(&verifier, "s3cret.t0ken.value");
    let shown = format!("{error} {error:?} {verifier:?} {settings:?}");
    assert!(!shown.contains("s3cret") && !shown.contains(SECRET), "{shown}");
    let bytes = format!("{:?}", SECRET.as_bytes());
    assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}
