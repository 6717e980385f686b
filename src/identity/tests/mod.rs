//! Tests of identity. Keys are made by each test; only RSA keys, which `ring` cannot make, are in
//! files.

mod garbage;
mod issuer;
mod remote;
mod settings;
mod sources;
mod tokens;
mod worker_cache;

use super::{IdentitySettings, Verifier, provider};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    },
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// The present time of all tests, in seconds since 1970.
const NOW_S: u64 = 1_800_000_000;

const RSA_PRIVATE: &str = include_str!("rsa_test_key.pem");
const RSA_PUBLIC: &str = include_str!("rsa_test_key_public.pem");

/// A shared secret of the shortest length.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A key that signs tokens, and its public part as a JWK.
struct TestKey {
    id: &'static str,
    algorithm: Algorithm,
    signing: EncodingKey,
    jwk: Value,
}

impl TestKey {
    fn ec(id: &'static str) -> Self {
        Self::on_curve(id, "P-256", Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    fn ec_384(id: &'static str) -> Self {
        Self::on_curve(id, "P-384", Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    fn on_curve(
        id: &'static str,
        curve: &str,
        algorithm: Algorithm,
        parameters: &'static EcdsaSigningAlgorithm,
    ) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(parameters, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(parameters, pkcs8.as_ref(), &random).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let jwk = json!({ "kty": "EC", "crv": curve, "kid": id, "x": base64(x), "y": base64(y) });
        let signing = EncodingKey::from_ec_der(pkcs8.as_ref());
        Self { id, algorithm, signing, jwk }
    }

    fn ed(id: &'static str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = base64(pair.public_key().as_ref());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x });
        let signing = EncodingKey::from_ed_der(pkcs8.as_ref());
        Self { id, algorithm: Algorithm::EdDSA, signing, jwk }
    }

    fn token(&self, claims: &Value) -> String {
        self.token_with(
            &Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) },
            claims,
        )
    }

    fn token_with(&self, header: &Header, claims: &Value) -> String {
        sign(header, claims, &self.signing)
    }
}

fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    provider::install();
    jsonwebtoken::encode(header, claims, key).unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a token that is accepted, with these claims in addition or instead.
fn claims(more: Value) -> Value {
    let mut claims = json!({ "sub": "min", "exp": NOW_S + 60, "iss": "ours", "aud": "madang" });
    let Value::Object(more) = more else { panic!("not an object") };
    claims.as_object_mut().unwrap().extend(more);
    claims
}

/// A token with this text as its header, and no true signature.
fn forged(header: &str, claims: &Value) -> String {
    format!("{}.{}.{}", base64(header), base64(claims.to_string()), base64([0; 64]))
}

/// A verifier of these public keys, with the issuer `ours` and the audience `madang`.
fn verifier_of(keys: &[&TestKey]) -> Arc<Verifier> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    let set = json!({ "keys": keys.iter().map(|key| &key.jwk).collect::<Vec<_>>() });
    std::fs::write(&file, set.to_string()).unwrap();
    start(&IdentitySettings { jwks_file: Some(file), ..ours() })
}

fn ours() -> IdentitySettings {
    let (issuer, audience) = (vec!["ours".to_owned()], vec!["madang".to_owned()]);
    IdentitySettings { issuer, audience, ..IdentitySettings::default() }
}

fn start(settings: &IdentitySettings) -> Arc<Verifier> {
    Verifier::start(settings, Path::new("/no/such")).unwrap()
}
