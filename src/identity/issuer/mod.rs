//! The authorization server: it issues tokens to the clients and users of a file.

mod answer;
mod attempts;
mod request;
mod signing;

pub use super::accounts::hash_secret;
pub use answer::{OAuthError, TokenAnswer};

use super::{
    IdentitySettings,
    accounts::{Account, AccountKind, Accounts, Grant},
    keys::Keys,
    provider, unix_now_s,
};
use crate::{random, sync};
use attempts::Attempts;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use request::{Credentials, TokenRequest};
use serde_json::{Value, json};
use signing::SigningKeys;
use std::{
    path::Path,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The authorization server of `issue = true`. All workers share it.
#[derive(Debug)]
pub struct TokenIssuer {
    keys: SigningKeys,
    accounts: RwLock<Arc<Accounts>>,
    attempts: Mutex<Attempts>,
    /// A hash needs 19 MiB and tens of milliseconds, so two are made at once.
    hashing: Arc<Semaphore>,
    /// The requests that wait for a hash.
    pub(super) waiting: Semaphore,
    issuer: String,
    audience: Vec<String>,
    lifetime_s: u64,
}

/// The longest lifetime of a token: 30 days, for `madang token`.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 86_400);

/// The number of hashes that are made at once.
const HASHES_AT_ONCE: usize = 2;

/// The most requests that wait for a hash.
const WAITING_MAX: usize = 64;

/// The `client_id` of tokens that no client asked for.
const OWN_CLIENT: &str = "madang";

/// Logs a warning when there are no accounts.
fn warn_without(accounts: &Accounts) {
    if accounts.are_none() {
        tracing::warn!("identity.accounts_file has no account: only `madang token` makes tokens");
    }
}

/// The public keys of this server. They are made if there are none.
pub(super) fn public_keys(data: &Path) -> Result<Keys, String> {
    SigningKeys::open(data, unix_now_s())?.verifying()
}

impl TokenIssuer {
    /// Starts the authorization server; `None` when `issue` is not set. Makes its keys at the first
    /// start, in the folder `identity` of the data folder.
    ///
    /// # Errors
    /// A sentence that names the unusable setting and the reason, without any secret.
    pub fn start(settings: &IdentitySettings, data: &Path) -> Result<Option<Arc<Self>>, String> {
        let invalid = settings.check();
        invalid.map_err(|error| format!("identity.{}: {}", error.key, error.reason))?;
        if !settings.issue {
            return Ok(None);
        }
        provider::install();
        let accounts = Accounts::of_settings(settings)?;
        let keys = SigningKeys::open(data, unix_now_s())
            .map_err(|reason| format!("identity.issue: {reason}"))?;
        warn_without(&accounts);
        Ok(Some(Arc::new(Self {
            keys,
            attempts: Mutex::new(Attempts::new(accounts.names())),
            accounts: RwLock::new(Arc::new(accounts)),
            hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            waiting: Semaphore::new(WAITING_MAX),
            issuer: settings.own_issuer().to_owned(),
            audience: settings.accepted_audience(),
            lifetime_s: settings.token_lifetime_s,
        })))
    }

    /// Reads the file of accounts again. They are in force once the returned function is called.
    ///
    /// # Errors
    /// A sentence that names the setting, the account and the reason, without any secret.
    pub fn read_accounts(
        self: &Arc<Self>,
        settings: &IdentitySettings,
    ) -> Result<impl FnOnce() + use<>, String> {
        let accounts = Accounts::of_settings(settings)?;
        let issuer = Arc::clone(self);
        Ok(move || {
            warn_without(&accounts);
            sync::lock(&issuer.attempts).replace_accounts(accounts.names());
            *sync::write(&issuer.accounts) = Arc::new(accounts);
        })
    }

    /// Whether this data folder has keys that this user can read: a server with it has issued tokens.
    #[must_use]
    pub fn has_keys(data: &Path) -> bool {
        SigningKeys::are_in(data)
    }

    /// Answers `POST /oauth/token` (RFC 6749, 4.3 and 4.4). `form` is the body, a form.
    /// `authorization` is the value of the header `Authorization`.
    ///
    /// # Errors
    /// When no token is issued.
    pub async fn token(
        &self,
        form: &[u8],
        authorization: Option<&str>,
    ) -> Result<TokenAnswer, OAuthError> {
        self.token_at(form, authorization, unix_now_s()).await
    }

    /// The metadata of the server (RFC 8414), for `/.well-known/openid-configuration` and
    /// `/.well-known/oauth-authorization-server`. `base_url` is the URL of this server without a
    /// slash at the end.
    #[must_use]
    pub fn metadata(&self, base_url: &str) -> Value {
        let base = base_url.trim_end_matches('/');
        json!({
            "issuer": self.issuer,
            "token_endpoint": format!("{base}/oauth/token"),
            "jwks_uri": format!("{base}/.well-known/jwks.json"),
            "grant_types_supported": ["client_credentials", "password"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    }

    /// The URL under which clients reach this server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.issuer
    }

    /// The public keys as a JWK set, for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.keys.jwk_set()
    }

    /// Makes a token for this subject with these roles: `madang token`. The lifetime is at most 30
    /// days.
    ///
    /// # Panics
    /// When the system has no random numbers.
    #[must_use]
    pub fn mint(&self, subject: &str, roles: &[String], lifetime: Duration) -> String {
        let lifetime_s = lifetime.min(LIFETIME_MAX).as_secs();
        let claims = self.claims(subject, OWN_CLIENT, roles, (unix_now_s(), lifetime_s));
        self.sign(&claims).expect("the system has random numbers")
    }

    pub(super) async fn token_at(
        &self,
        form: &[u8],
        authorization: Option<&str>,
        now_s: u64,
    ) -> Result<TokenAnswer, OAuthError> {
        let TokenRequest { grant, client, user, scope } = TokenRequest::read(form, authorization)?;
        let client_id = client.as_ref().map_or(OWN_CLIENT, |client| &client.name).to_owned();
        let of_client = match client {
            Some(client) => Some(self.client(client, grant, now_s).await?),
            None => None,
        };
        let (subject, roles) = match (user, of_client) {
            (Some(user), _) => {
                let name = user.name.clone();
                let account = self.authenticate(AccountKind::User, user, now_s).await?;
                let refusal = || {
                    OAuthError::new("invalid_grant", "the user is unknown or the password is wrong")
                };
                (name, account.ok_or_else(refusal)?.roles)
            }
            (None, Some(client)) => (client_id.clone(), client.roles),
            (None, None) => return Err(OAuthError::invalid_client()),
        };
        let roles = requested(&roles, scope.as_deref())?;
        let claims = self.claims(&subject, &client_id, &roles, (now_s, self.lifetime_s));
        let access_token = self.sign(&claims)?;
        let (expires_in, scope) = (self.lifetime_s, roles.join(" "));
        Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in, scope })
    }

    /// The account of a client with the right secret that may use this grant.
    async fn client(
        &self,
        credentials: Credentials,
        grant: Grant,
        now_s: u64,
    ) -> Result<Account, OAuthError> {
        let account = self.authenticate(AccountKind::Client, credentials, now_s).await?;
        let account = account.ok_or_else(OAuthError::invalid_client)?;
        if !account.grants.contains(&grant) {
            let description = "the client may not use this grant";
            return Err(OAuthError::new("unauthorized_client", description));
        }
        Ok(account)
    }

    /// The account with this name, if the secret is right. The time does not tell whether there is
    /// such an account.
    async fn authenticate(
        &self,
        kind: AccountKind,
        credentials: Credentials,
        now_s: u64,
    ) -> Result<Option<Account>, OAuthError> {
        let Credentials { name, secret } = credentials;
        let counted = sync::lock(&self.attempts).count(kind, &name, now_s);
        counted.map_err(OAuthError::too_many_attempts)?;
        let accounts = Arc::clone(&sync::read(&self.accounts));
        let account = accounts.find(kind, &name);
        let hash = account.map_or(accounts.decoy(), |account| &account.hash).clone();
        let _place = self.waiting.try_acquire().map_err(|_| OAuthError::busy())?;
        let permit = Arc::clone(&self.hashing).acquire_owned().await;
        let permit = permit.map_err(|_| OAuthError::internal())?;
        let matches = spawn_blocking(move || {
            let matches = hash.matches(secret.as_bytes());
            // Here and not in the future, which is dropped when the client goes away.
            drop(permit);
            matches
        });
        let matches = matches.await.map_err(|_| OAuthError::internal())?;
        let account = account.filter(|_| matches);
        match account {
            Some(_) => sync::lock(&self.attempts).forgive(kind, &name),
            // An unknown name is not logged: it may be a password in the wrong field.
            None if accounts.find(kind, &name).is_some() => {
                tracing::warn!(?kind, name, "a secret is wrong");
            }
            None => tracing::warn!(?kind, "an account is not known"),
        }
        Ok(account.cloned())
    }

    /// The claims of an access token (RFC 9068). The last parameter is the present time and the
    /// lifetime, both in seconds.
    fn claims(
        &self,
        subject: &str,
        client_id: &str,
        roles: &[String],
        (now_s, lifetime_s): (u64, u64),
    ) -> Value {
        let audience = match self.audience.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        json!({
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "client_id": client_id,
            "iat": now_s,
            "exp": now_s.saturating_add(lifetime_s),
            "roles": roles,
            "scope": roles.join(" "),
        })
    }

    /// Signs the claims, with a unique `jti`.
    fn sign(&self, claims: &Value) -> Result<String, OAuthError> {
        let id = random::secret::<16>().map_err(|_| OAuthError::internal())?;
        let mut claims = claims.clone();
        claims["jti"] = BASE64_URL_SAFE_NO_PAD.encode(id).into();
        self.keys.sign(&claims).map_err(|_| OAuthError::internal())
    }
}

/// The roles of an account that a request asks for.
fn requested(roles: &[String], scope: Option<&str>) -> Result<Vec<String>, OAuthError> {
    let Some(scope) = scope else { return Ok(roles.to_vec()) };
    let requested = scope.split_whitespace().map(str::to_owned);
    let mut requested: Vec<_> = requested.collect();
    requested.dedup();
    if requested.iter().any(|role| !roles.contains(role)) {
        let description = "the scope contains a role that the account does not have";
        return Err(OAuthError::new("invalid_scope", description));
    }
    Ok(requested)
}
