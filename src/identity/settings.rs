//! The section `[identity]` of the configuration.

use crate::{
    actors::{InvalidSetting, within},
    described,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::PathBuf;

described! {
    /// Section `[identity]`. When no source of keys is set, identity is not configured.
    ///
    /// Exactly one source of keys may be set: `secret_env`, `secret_file`, `public_key_file`,
    /// `jwks_file`, `jwks_url` or `issue`.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct IdentitySettings {
        /// The environment variable that holds the shared secret (HS256), at least 32 bytes. One of
        /// the sources of keys: `secret_env`, `secret_file`, `public_key_file`, `jwks_file`,
        /// `jwks_url` and `issue`. With one of them, identity is configured.
        pub secret_env: Option<String>,
        /// The file that holds the shared secret (HS256), without the white space around it.
        pub secret_file: Option<PathBuf>,
        /// The PEM file of a public key (RSA, EC or Ed25519).
        pub public_key_file: Option<PathBuf>,
        /// The file of a JWK set (RFC 7517).
        pub jwks_file: Option<PathBuf>,
        /// The URL of a JWK set. It is fetched in the background.
        pub jwks_url: Option<String>,
        /// Whether `jwks_url` may be fetched without TLS from another machine.
        pub jwks_over_http: bool,
        /// The time between two fetches of `jwks_url`, in seconds, from 60 to 86400.
        pub jwks_refresh_s: u64,
        /// Whether this server issues the tokens itself.
        pub issue: bool,
        /// The accepted values of `iss`, text or a list. When it is empty, `iss` is not checked.
        #[serde(deserialize_with = "one_or_many")]
        pub issuer: Vec<String>,
        /// The accepted values of `aud`, text or a list. When it is empty, `aud` is not checked.
        /// The tokens of this server are for this audience.
        #[serde(deserialize_with = "one_or_many")]
        pub audience: Vec<String>,
        /// The difference of clocks that `exp` and `nbf` allow, in seconds, at most 600.
        pub leeway_s: u64,
        /// The claims that hold roles; all that are present count. A dot leads into an object. Text
        /// is split at spaces.
        #[serde(deserialize_with = "one_or_many")]
        pub roles_claims: Vec<String>,
        /// The claim that names the subject.
        pub subject_claim: String,
        /// The TOML file of the clients and users that may get tokens from this server. It is read
        /// again with the settings, and within 2 s of a change.
        pub accounts_file: Option<PathBuf>,
        /// The lifetime of the tokens of this server, in seconds, at most 86400.
        pub token_lifetime_s: u64,
        /// The `iss` of the tokens of this server: the URL under which clients reach it;
        /// `http://127.0.0.1:8080` when not given.
        pub issuer_url: Option<String>,
    }
}

/// The largest `leeway_s`: a greater difference is a wrong clock.
const LEEWAY_S_MAX: u64 = 600;

/// The longest lifetime of a token of the token endpoint: a day.
const TOKEN_LIFETIME_S_MAX: u64 = 86_400;

/// The shortest and the longest time between two fetches of the keys.
const JWKS_REFRESH_S: std::ops::RangeInclusive<u64> = 60..=86_400;

/// The `iss` and the `aud` of the tokens of this server when nothing else is set.
const ISSUER_DEFAULT: &str = "http://127.0.0.1:8080";
const AUDIENCE_DEFAULT: &str = "madang";

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            secret_env: None,
            secret_file: None,
            public_key_file: None,
            jwks_file: None,
            jwks_url: None,
            jwks_over_http: false,
            jwks_refresh_s: 300,
            issue: false,
            issuer: Vec::new(),
            audience: Vec::new(),
            leeway_s: 30,
            roles_claims: ["roles", "scope", "realm_access.roles"].map(str::to_owned).to_vec(),
            subject_claim: "sub".to_owned(),
            accounts_file: None,
            token_lifetime_s: 900,
            issuer_url: None,
        }
    }
}

impl IdentitySettings {
    /// Whether a source of keys is set.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.sources().is_empty()
    }

    /// Checks the values, without reading any file.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.check_sources()?;
        within([
            ("leeway_s", self.leeway_s, 0..=LEEWAY_S_MAX),
            ("token_lifetime_s", self.token_lifetime_s, 1..=TOKEN_LIFETIME_S_MAX),
            ("jwks_refresh_s", self.jwks_refresh_s, JWKS_REFRESH_S),
        ])?;
        let lists = [
            ("issuer", self.issuer.as_slice()),
            ("audience", &self.audience),
            ("roles_claims", &self.roles_claims),
            ("subject_claim", std::slice::from_ref(&self.subject_claim)),
        ];
        for (key, values) in lists {
            if values.iter().any(String::is_empty) {
                return Err(InvalidSetting::new(key, "must not be empty text"));
            }
        }
        self.check_jwks_url()?;
        self.check_issuer()
    }

    /// The names of the sources of keys that are set.
    fn sources(&self) -> Vec<&'static str> {
        let all = [
            ("secret_env", self.secret_env.is_some()),
            ("secret_file", self.secret_file.is_some()),
            ("public_key_file", self.public_key_file.is_some()),
            ("jwks_file", self.jwks_file.is_some()),
            ("jwks_url", self.jwks_url.is_some()),
            ("issue", self.issue),
        ];
        all.into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).collect()
    }

    fn check_sources(&self) -> Result<(), InvalidSetting> {
        let depending = [
            ("issuer", !self.issuer.is_empty()),
            ("audience", !self.audience.is_empty()),
            ("accounts_file", self.accounts_file.is_some()),
            ("issuer_url", self.issuer_url.is_some()),
        ];
        match self.sources().as_slice() {
            // Else the server would accept all requests, although these settings restrict them.
            [] => match depending.into_iter().find(|(_, is_set)| *is_set) {
                Some((key, _)) => Err(InvalidSetting::new(
                    key,
                    "needs a source of keys: secret_env, secret_file, public_key_file, jwks_file, jwks_url or issue",
                )),
                None => Ok(()),
            },
            [_] => Ok(()),
            [first, second, ..] => {
                let reason = format!("cannot be combined with {first}; one source of keys is used");
                Err(InvalidSetting::new(second, reason))
            }
        }
    }

    fn check_jwks_url(&self) -> Result<(), InvalidSetting> {
        let Some(text) = &self.jwks_url else { return Ok(()) };
        let invalid = |reason: &str| Err(InvalidSetting::new("jwks_url", reason));
        let Ok(url) = text.parse::<reqwest::Url>() else { return invalid("is not a URL") };
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("must not contain a user name or a password");
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.jwks_over_http || is_loopback(&url) => Ok(()),
            "http" => invalid(
                "must be https, because anyone on the way could replace the keys; set jwks_over_http to allow it",
            ),
            _ => invalid("must be an https URL"),
        }
    }

    fn check_issuer(&self) -> Result<(), InvalidSetting> {
        if !self.issue {
            let alone = [
                ("accounts_file", self.accounts_file.is_some()),
                ("issuer_url", self.issuer_url.is_some()),
            ];
            let lonely = alone.into_iter().find(|(_, is_set)| *is_set);
            return lonely.map_or(Ok(()), |(key, _)| Err(InvalidSetting::new(key, "needs issue")));
        }
        if !self.issuer.is_empty() {
            let reason = "cannot be combined with issue; set issuer_url instead";
            return Err(InvalidSetting::new("issuer", reason));
        }
        let url = self.issuer_url.as_deref().map(str::parse::<reqwest::Url>);
        match url {
            None => Ok(()),
            Some(Ok(url))
                if matches!(url.scheme(), "http" | "https")
                    && url.query().is_none()
                    && url.fragment().is_none() =>
            {
                Ok(())
            }
            Some(_) => Err(InvalidSetting::new(
                "issuer_url",
                "must be an http or https URL without a query and a fragment",
            )),
        }
    }

    /// The `iss` of the tokens of this server.
    pub(super) fn own_issuer(&self) -> &str {
        self.issuer_url.as_deref().unwrap_or(ISSUER_DEFAULT)
    }

    /// The accepted values of `iss`; empty when it is not checked.
    pub(super) fn accepted_issuers(&self) -> Vec<String> {
        if self.issue { vec![self.own_issuer().to_owned()] } else { self.issuer.clone() }
    }

    /// The accepted values of `aud`; empty when it is not checked.
    pub(super) fn accepted_audience(&self) -> Vec<String> {
        if self.issue && self.audience.is_empty() {
            return vec![AUDIENCE_DEFAULT.to_owned()];
        }
        self.audience.clone()
    }
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Reads text or a list of texts. An environment variable can hold text only.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "must be text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}
