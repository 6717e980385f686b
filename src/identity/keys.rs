//! The keys that verify tokens: a shared secret, a public key, or a JWK set.

use super::TokenError;
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Validation,
    jwk::{Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// The keys of a source.
#[derive(Debug)]
pub struct Keys(Vec<Key>);

/// A key with the algorithms that it accepts.
#[derive(Debug)]
pub struct Key {
    id: Option<String>,
    decoding: DecodingKey,
    /// Accepts the algorithms of this key. It checks no claims: that happens elsewhere, at a time
    /// that is a parameter.
    validation: Validation,
}

/// The most keys of a JWK set that are used.
const KEYS_MAX: usize = 64;

/// The shortest shared secret, in bytes: as long as the result of SHA-256 (RFC 7518, 3.2).
const SECRET_BYTES_MIN: usize = 32;

/// The shortest RSA modulus, in bytes.
const RSA_BYTES_MIN: usize = 256;

/// The lengths of uncompressed points, by the curve.
const P256_POINT_BYTES: usize = 65;
const P384_POINT_BYTES: usize = 97;

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

/// The length of an Ed25519 public key.
const ED25519_BYTES: usize = 32;

impl Keys {
    /// The key of a shared secret.
    ///
    /// # Errors
    /// When the secret is too short.
    pub fn of_secret(secret: &[u8]) -> Result<Self, String> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(format!("must have at least {SECRET_BYTES_MIN} bytes"));
        }
        Key::new(None, DecodingKey::from_secret(secret), None)
            .map(|key| Self(vec![key]))
            .ok_or_else(|| "is not usable".to_owned())
    }

    /// The key of a PEM file.
    ///
    /// # Errors
    /// When it is not a public key of a supported kind.
    pub fn of_pem(pem: &str) -> Result<Self, String> {
        // The library would take a part of these for a public key.
        if pem.contains("PRIVATE KEY") {
            return Err("contains a private key; only its public key is needed".to_owned());
        }
        if !pem.contains("PUBLIC KEY-----") {
            return Err("is not a PEM file with a public key".to_owned());
        }
        let readers =
            [DecodingKey::from_rsa_pem, DecodingKey::from_ec_pem, DecodingKey::from_ed_pem];
        let read = readers.iter().find_map(|read| read(pem.as_bytes()).ok());
        read.and_then(|decoding| Key::new(None, decoding, None))
            .map(|key| Self(vec![key]))
            .ok_or_else(|| {
                "must be an RSA key of at least 2048 bits, a P-256 or P-384 key, or an Ed25519 key"
                    .to_owned()
            })
    }

    /// The usable keys of a JWK set. Keys for encryption and of other kinds are left out.
    ///
    /// # Errors
    /// When it is not a JWK set, or has no usable key, or too many.
    pub fn of_jwk_set(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct JwkSet {
            keys: Vec<Value>,
        }
        let set: JwkSet =
            serde_json::from_slice(json).map_err(|_| "is not a JWK set".to_owned())?;
        if set.keys.len() > KEYS_MAX {
            return Err(format!("has more than {KEYS_MAX} keys"));
        }
        let keys: Vec<_> = set.keys.into_iter().filter_map(Key::of_jwk).collect();
        if keys.is_empty() {
            return Err("has no key that can verify a token".to_owned());
        }
        Ok(Self(keys))
    }

    /// The keys that may have signed a token with this algorithm and this key id. A key without an
    /// id may have signed every token.
    ///
    /// # Errors
    /// When no key has the id, or none of them accepts the algorithm.
    pub fn candidates(
        &self,
        id: Option<&str>,
        algorithm: &str,
    ) -> Result<impl Iterator<Item = &Key>, TokenError> {
        let has_id = move |key: &&Key| id.is_none() || key.id.is_none() || key.id.as_deref() == id;
        // The name of the algorithm in a token only excludes keys. It adds no algorithm to a key.
        let algorithm = algorithm.parse::<Algorithm>().map_err(|_| TokenError::Algorithm)?;
        let accepts = move |key: &&Key| key.validation.algorithms.contains(&algorithm);
        if !self.0.iter().any(|key| has_id(&key)) {
            return Err(TokenError::UnknownKey);
        }
        if !self.0.iter().filter(has_id).any(|key| accepts(&key)) {
            return Err(TokenError::Algorithm);
        }
        Ok(self.0.iter().filter(has_id).filter(accepts))
    }
}

impl Key {
    /// The key with the algorithms of its family, or only with `algorithm`; `None` when the key is
    /// not usable.
    fn new(id: Option<String>, decoding: DecodingKey, only: Option<Algorithm>) -> Option<Self> {
        let family = decoding.family();
        let mut validation = Validation::new_for_family(family);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let length = match decoding.kind() {
            DecodingKeyKind::SecretOrDer(bytes) => bytes.len(),
            DecodingKeyKind::RsaModulusExponent { n, .. } => n.len(),
        };
        match (family, length) {
            (AlgorithmFamily::Hmac, _) | (AlgorithmFamily::Ed, ED25519_BYTES) => {}
            (AlgorithmFamily::Rsa, length) if length >= RSA_BYTES_MIN => {}
            (AlgorithmFamily::Ec, P256_POINT_BYTES) => {
                validation.algorithms = vec![Algorithm::ES256];
            }
            (AlgorithmFamily::Ec, P384_POINT_BYTES) => {
                validation.algorithms = vec![Algorithm::ES384];
            }
            (AlgorithmFamily::Rsa | AlgorithmFamily::Ec | AlgorithmFamily::Ed, _) => return None,
        }
        let is_compressed = family == AlgorithmFamily::Ec
            && decoding.try_get_as_bytes().ok()?.first() != Some(&UNCOMPRESSED);
        if is_compressed {
            return None;
        }
        if let Some(only) = only {
            validation.algorithms.retain(|algorithm| *algorithm == only);
        }
        (!validation.algorithms.is_empty()).then_some(Self { id, decoding, validation })
    }

    fn of_jwk(jwk: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let common = &jwk.common;
        let is_for_signatures =
            matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let operations = common.key_operations.as_ref();
        if !is_for_signatures || operations.is_some_and(|all| !all.contains(&KeyOperations::Verify))
        {
            return None;
        }
        let only = common.key_algorithm.map(Algorithm::try_from).transpose().ok()?;
        let decoding = without_leading_zeros(DecodingKey::from_jwk(&jwk).ok()?);
        // A shared secret does not belong into a public document.
        (decoding.family() != AlgorithmFamily::Hmac)
            .then(|| Self::new(common.key_id.clone(), decoding, only))?
    }

    /// The key, for `jsonwebtoken`.
    pub const fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// The accepted algorithms, for `jsonwebtoken`.
    pub const fn validation(&self) -> &Validation {
        &self.validation
    }
}

/// Some authorization servers write the sign byte of a modulus, which `ring` refuses.
fn without_leading_zeros(key: DecodingKey) -> DecodingKey {
    let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return key };
    let trimmed = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes[zeros..].to_vec()
    };
    DecodingKey::from_rsa_raw_components(&trimmed(n), &trimmed(e))
}
