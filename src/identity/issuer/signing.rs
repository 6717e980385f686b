//! The keys that sign the tokens of this server, in the folder `identity` of the data folder.
//!
//! `signing.pk8` holds the key that signs. It is made at the first start. `public.json` holds the
//! public keys: that of the signing key, and those of earlier keys, whose tokens may still be
//! valid. To rotate the key, remove `signing.pk8` and restart the server.

use crate::{files, identity::keys::Keys};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fs::File, io, path::Path};

/// The keys of this server.
#[derive(Debug)]
pub struct SigningKeys {
    id: String,
    signing: EncodingKey,
    public: Vec<PublicKey>,
}

/// A P-256 public key, as `public.json` stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKey {
    kid: String,
    x: String,
    y: String,
    /// When another key began to sign, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_s: Option<u64>,
}

/// How long a public key is kept after its last signature: as long as the longest token lives, and
/// a day.
const RETIRED_KEPT_S: u64 = super::LIFETIME_MAX.as_secs() + 86_400;

/// The file of the key in the folder `identity`.
const SIGNING_KEY: &str = "signing.pk8";

/// The length of a coordinate of P-256.
const COORDINATE_BYTES: usize = 32;

impl SigningKeys {
    /// Reads the keys, and makes them if there are none.
    ///
    /// # Errors
    /// A sentence that names the file and the reason.
    pub fn open(data: &Path, now_s: u64) -> Result<Self, String> {
        let folder = data.join("identity");
        let cannot = |file: &Path, error: io::Error| format!("{}: {error}", file.display());
        files::private_folder(&folder).map_err(|error| cannot(&folder, error))?;
        let file = folder.join(SIGNING_KEY);
        let secret = read_or_make(&file).map_err(|error| cannot(&file, error))?;
        let current = PublicKey::of(&secret)
            .ok_or_else(|| format!("{}: this is not a P-256 key (PKCS #8)", file.display()))?;
        let file = folder.join("public.json");
        let public = with_retired(&file, &current, now_s)?;
        Ok(Self { id: current.kid, signing: EncodingKey::from_ec_der(&secret), public })
    }

    /// Whether this user can read the key in this data folder.
    pub fn are_in(data: &Path) -> bool {
        File::open(data.join("identity").join(SIGNING_KEY)).is_ok()
    }

    /// The public keys as a JWK set (RFC 7517).
    pub fn jwk_set(&self) -> Value {
        json!({ "keys": self.public.iter().map(PublicKey::jwk).collect::<Vec<_>>() })
    }

    /// The public keys, to verify tokens.
    pub fn verifying(&self) -> Result<Keys, String> {
        Keys::of_jwk_set(self.jwk_set().to_string().as_bytes())
    }

    /// Signs these claims: an access token (RFC 9068).
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some(self.id.clone()),
            ..Header::new(Algorithm::ES256)
        };
        jsonwebtoken::encode(&header, claims, &self.signing)
    }
}

impl PublicKey {
    fn of(secret: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret, &random);
        let pair = pair.ok()?;
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(COORDINATE_BYTES)?;
        let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y));
        // The thumbprint of the key (RFC 7638).
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = digest::digest(&digest::SHA256, canonical.as_bytes());
        Some(Self { kid: BASE64_URL_SAFE_NO_PAD.encode(thumbprint), x, y, retired_s: None })
    }

    fn jwk(&self) -> Value {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "use": "sig",
            "alg": "ES256",
            "kid": self.kid,
            "x": self.x,
            "y": self.y,
        })
    }

    fn is_kept(&self, now_s: u64) -> bool {
        self.retired_s.is_none_or(|retired_s| now_s.saturating_sub(retired_s) < RETIRED_KEPT_S)
    }
}

fn read_or_make(file: &Path) -> io::Result<Vec<u8>> {
    if let Some(secret) = files::read_private(file)? {
        return Ok(secret);
    }
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let made = made.map_err(|_| io::Error::other("the system has no random numbers"))?;
    if files::create_private(file, made.as_ref())? {
        tracing::info!(file = %file.display(), "made a key that signs tokens");
        return Ok(made.as_ref().to_vec());
    }
    // Another process made one in the meantime.
    files::read_private(file)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The public keys of the file, with this one as the current one. Writes the file if that changes
/// it.
fn with_retired(file: &Path, current: &PublicKey, now_s: u64) -> Result<Vec<PublicKey>, String> {
    let cannot = |reason: &dyn std::fmt::Display| format!("{}: {reason}", file.display());
    let stored = files::read_private(file).map_err(|error| cannot(&error))?;
    let stored: Vec<PublicKey> = match stored {
        Some(json) => serde_json::from_slice(&json)
            .map_err(|_| cannot(&"this is not a list of public keys"))?,
        None => Vec::new(),
    };
    let mut keys = vec![current.clone()];
    let earlier = stored.iter().filter(|key| key.kid != current.kid).cloned();
    let retired = earlier.map(|mut key| {
        key.retired_s.get_or_insert(now_s);
        key
    });
    keys.extend(retired.filter(|key| key.is_kept(now_s)));
    if keys != stored {
        let json = serde_json::to_vec_pretty(&keys).map_err(|error| cannot(&error))?;
        files::replace_private(file, &json).map_err(|error| cannot(&error))?;
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn ids(keys: &SigningKeys) -> Vec<&str> {
        keys.public.iter().map(|key| key.kid.as_str()).collect()
    }

    #[test]
    fn a_retired_key_is_kept_as_long_as_its_tokens_live() {
        let folder = tempfile::tempdir().unwrap();
        let open = |now_s| SigningKeys::open(folder.path(), now_s).unwrap();
        let first = open(1_000);
        fs::remove_file(folder.path().join("identity/signing.pk8")).unwrap();
        let second = open(2_000);
        assert_eq!(ids(&second), [&second.id, &first.id]);
        assert_eq!(ids(&open(2_000 + RETIRED_KEPT_S - 1)), ids(&second));
        assert_eq!(ids(&open(2_000 + RETIRED_KEPT_S)), [&second.id]);
        assert_eq!(ids(&open(2_000)), [&second.id], "it was removed from the file");
    }

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SigningKeys::open(folder.path(), 0).unwrap();
        assert_eq!(ids(&keys), [&keys.id]);
        assert_eq!(keys.id.len(), 43, "SHA-256 in base64");
    }
}
