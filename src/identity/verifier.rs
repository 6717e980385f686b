//! The verification of tokens. All workers share one verifier.

use super::{
    Identity, IdentitySettings, TokenError,
    accounts::Accounts,
    claims::{ClaimRules, Claims},
    issuer,
    keys::Keys,
    provider,
    remote::Remote,
    unix_now_s,
};
use crate::{files, sync};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;
use serde_json::Value;
use std::{
    env,
    path::Path,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::task::JoinHandle;

/// Verifies tokens. [`TokenCache`](super::TokenCache) saves most of the work.
#[derive(Debug)]
pub struct Verifier {
    rules: ClaimRules,
    /// `None` until the keys of a URL are fetched.
    keys: RwLock<Option<Arc<Keys>>>,
    /// Counts the changes of the keys.
    epoch: AtomicU64,
    remote: Option<Remote>,
}

/// The part of the header of a token that decides which keys are tried.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Also present when it is `null`.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// The longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

impl Verifier {
    /// Creates the verifier and reads its keys. `data` is the data folder, where the keys of this
    /// server are. The keys of a URL are fetched later; see [`Self::spawn_refresh`].
    ///
    /// # Errors
    /// A sentence that names the unusable setting and the reason, without any secret.
    pub fn start(settings: &IdentitySettings, data: &Path) -> Result<Arc<Self>, String> {
        let invalid = settings.check();
        invalid.map_err(|error| format!("identity.{}: {}", error.key, error.reason))?;
        provider::install();
        let remote = settings.jwks_url.as_deref().map(|url| Remote::new(url, settings));
        let remote = remote.transpose().map_err(|reason| format!("identity.jwks_url: {reason}"))?;
        let keys = match remote {
            Some(_) => None,
            None => Some(Arc::new(read_keys(settings, data)?)),
        };
        let rules = ClaimRules::of(settings);
        if rules.accept_everyone() {
            tracing::warn!(
                "identity.issuer and identity.audience are not set: tokens for other services are accepted too"
            );
        }
        Ok(Arc::new(Self { rules, keys: RwLock::new(keys), epoch: AtomicU64::new(0), remote }))
    }

    /// What is wrong with the keys and accounts in files, and with the key in a variable: sentences
    /// that name the unusable setting and the reason, without any secret. Makes nothing.
    #[must_use]
    pub fn unusable_files(settings: &IdentitySettings) -> Vec<String> {
        provider::install();
        let accounts = Accounts::of_settings(settings).map(drop);
        let files = [&settings.secret_file, &settings.public_key_file, &settings.jwks_file];
        let has_keys = files.iter().any(|file| file.is_some()) || settings.secret_env.is_some();
        let keys = if has_keys { read_keys(settings, Path::new("")).map(drop) } else { Ok(()) };
        [accounts, keys].into_iter().filter_map(Result::err).collect()
    }

    /// Verifies a token at the present time. This never waits. When the key of the token is not
    /// known, the keys of a URL are fetched again in the background, at most once a minute.
    ///
    /// # Errors
    /// When the token is refused.
    pub fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        self.verify_at(token, unix_now_s())
    }

    /// Verifies a token like [`Self::verify`]. When its key is not known and the keys of a URL are
    /// being fetched because of that, it waits for them, at most a few seconds.
    ///
    /// # Errors
    /// When the token is refused.
    pub async fn verify_async(&self, token: &str) -> Result<Identity, TokenError> {
        match self.verify(token) {
            Err(error) if self.waited_for_keys(error).await => self.verify(token),
            answer => answer,
        }
    }

    /// Fetches the keys of a URL, now and again and again, in a task of the present runtime.
    /// Returns `None` when the keys are not those of a URL. Abort the task to end it.
    pub fn spawn_refresh(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        self.remote.as_ref()?;
        let verifier = Arc::clone(self);
        Some(tokio::spawn(async move {
            if let Some(remote) = &verifier.remote {
                remote.refresh_forever(|keys| verifier.replace_keys(keys)).await;
            }
        }))
    }

    /// The number of changes of the keys. A token that was verified before a change must be
    /// verified again.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether there are keys. `false` until the keys of a URL are fetched.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.keys().is_some()
    }

    /// Waits for keys that are being fetched after this error; `false` when that cannot help.
    pub(super) async fn waited_for_keys(&self, error: TokenError) -> bool {
        match &self.remote {
            Some(remote) if error.is_for_lack_of_keys() => remote.wait().await,
            _ => false,
        }
    }

    pub(super) fn verify_at(&self, token: &str, now_s: u64) -> Result<Identity, TokenError> {
        let verified = self.claims(token).and_then(|claims| self.rules.identity(&claims, now_s));
        if let (Err(TokenError::UnknownKey), Some(remote)) = (&verified, &self.remote) {
            remote.ask();
        }
        verified
    }

    /// The claims of a token with a valid signature. Nothing in them is checked yet.
    fn claims(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let header = Header::of(token)?;
        let keys = self.keys().ok_or(TokenError::KeysUnavailable)?;
        let mut refusal = TokenError::BadSignature;
        for key in keys.candidates(header.kid.as_deref(), &header.alg)? {
            match jsonwebtoken::decode::<Claims>(token, key.decoding(), key.validation()) {
                Ok(token) => return Ok(token.claims),
                Err(error) => refusal = refusal_for(error.kind()),
            }
        }
        Err(refusal)
    }

    fn keys(&self) -> Option<Arc<Keys>> {
        sync::read(&self.keys).clone()
    }

    pub(super) fn replace_keys(&self, keys: Keys) {
        *sync::write(&self.keys) = Some(Arc::new(keys));
        // After the keys: a token that is cached with the old number is verified again.
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

impl Header {
    fn of(token: &str) -> Result<Self, TokenError> {
        let mut parts = token.split('.');
        let header = parts.next().unwrap_or_default();
        if parts.count() != 2 {
            return Err(TokenError::Malformed);
        }
        let json = BASE64_URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
        let header: Self = serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        // No extension is understood, so every `crit` is refused (RFC 7515, 4.1.11).
        if header.crit { Err(TokenError::Critical) } else { Ok(header) }
    }
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Value::deserialize(deserializer).map(|_| true)
}

fn refusal_for(error: &ErrorKind) -> TokenError {
    match error {
        ErrorKind::InvalidSignature | ErrorKind::InvalidKeyFormat => TokenError::BadSignature,
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}

/// Reads the keys of a source on this machine. The error names the setting.
fn read_keys(settings: &IdentitySettings, data: &Path) -> Result<Keys, String> {
    let (key, keys) = if let Some(variable) = &settings.secret_env {
        // The error of the standard library shows the value.
        let secret = env::var(variable)
            .map_err(|_| format!("the variable {variable} is not set, or is not text"));
        let keys = secret.and_then(|secret| {
            Keys::of_secret(secret.trim().as_bytes())
                .map_err(|reason| format!("the variable {variable} {reason}"))
        });
        ("secret_env", keys)
    } else if let Some(file) = &settings.secret_file {
        ("secret_file", read_file(file, |secret| Keys::of_secret(secret.trim().as_bytes())))
    } else if let Some(file) = &settings.public_key_file {
        ("public_key_file", read_file(file, Keys::of_pem))
    } else if let Some(file) = &settings.jwks_file {
        ("jwks_file", read_file(file, |json| Keys::of_jwk_set(json.as_bytes())))
    } else if settings.issue {
        ("issue", issuer::public_keys(data))
    } else {
        return Err("identity: no source of keys is set".to_owned());
    };
    keys.map_err(|reason| format!("identity.{key}: {reason}"))
}

fn read_file(file: &Path, keys: impl Fn(&str) -> Result<Keys, String>) -> Result<Keys, String> {
    let text = files::read_text(file)?;
    keys(&text).map_err(|reason| format!("the file {} {reason}", file.display()))
}
