//! A request to the token endpoint: a form, and the credentials of a client.

use super::answer::OAuthError;
use crate::identity::accounts::Grant;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use std::collections::HashMap;

/// A request for a token. It contains secrets, so it has no `Debug`.
pub struct TokenRequest {
    pub grant: Grant,
    pub client: Option<Credentials>,
    /// The user of the grant `password`.
    pub user: Option<Credentials>,
    /// The requested roles; all when it is absent.
    pub scope: Option<String>,
}

/// A name and a secret.
pub struct Credentials {
    pub name: String,
    pub secret: String,
}

/// The fields of a form, without empty ones.
struct Form(HashMap<String, String>);

/// The largest form, in bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// The most fields of a form.
const FIELDS_MAX: usize = 32;

impl TokenRequest {
    /// Reads the form in the body and the value of `Authorization`.
    ///
    /// # Errors
    /// When one of them is malformed, or the grant is not supported.
    pub fn read(form: &[u8], authorization: Option<&str>) -> Result<Self, OAuthError> {
        let mut form = Form::read(form)?;
        let client = match authorization {
            Some(value) => Some(form.take_no_client_but(basic(value)?)?),
            None => form.take_client()?,
        };
        let (grant, user) = match form.take("grant_type").as_deref() {
            Some("client_credentials") => (Grant::ClientCredentials, None),
            Some("password") => (Grant::Password, Some(form.take_user()?)),
            Some(_) => {
                let description = "grant_type must be client_credentials or password";
                return Err(OAuthError::new("unsupported_grant_type", description));
            }
            None => return Err(OAuthError::invalid_request("grant_type is missing")),
        };
        Ok(Self { grant, client, user, scope: form.take("scope") })
    }
}

impl Form {
    fn read(body: &[u8]) -> Result<Self, OAuthError> {
        let malformed = || OAuthError::invalid_request("the body is not a form");
        if body.len() > FORM_BYTES_MAX {
            return Err(OAuthError::invalid_request("the form is too large"));
        }
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let mut fields = HashMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).ok_or_else(malformed)?;
            let value = decoded(value).ok_or_else(malformed)?;
            if fields.insert(name, value).is_some() {
                return Err(OAuthError::invalid_request("a field is given twice"));
            }
            if fields.len() > FIELDS_MAX {
                return Err(OAuthError::invalid_request("there are too many fields"));
            }
        }
        // A field without a value counts as absent (RFC 6749, 3.2).
        fields.retain(|_, value| !value.is_empty());
        Ok(Self(fields))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn take_user(&mut self) -> Result<Credentials, OAuthError> {
        match (self.take("username"), self.take("password")) {
            (Some(name), Some(secret)) => Ok(Credentials { name, secret }),
            _ => Err(OAuthError::invalid_request("username or password is missing")),
        }
    }

    fn take_client(&mut self) -> Result<Option<Credentials>, OAuthError> {
        match (self.take("client_id"), self.take("client_secret")) {
            (Some(name), Some(secret)) => Ok(Some(Credentials { name, secret })),
            (None, None) => Ok(None),
            // Every client has a secret.
            (Some(_), None) => Err(OAuthError::invalid_client()),
            (None, Some(_)) => Err(OAuthError::invalid_request("client_id is missing")),
        }
    }

    /// The client of `Authorization`, if the form names no other client and has no secret.
    fn take_no_client_but(&mut self, client: Credentials) -> Result<Credentials, OAuthError> {
        let is_other = self.take("client_id").is_some_and(|id| id != client.name);
        if self.take("client_secret").is_some() || is_other {
            let description = "the client is given in the form and in Authorization";
            return Err(OAuthError::invalid_request(description));
        }
        Ok(client)
    }
}

/// Reads the value of `Authorization: Basic`. Both parts are encoded as in a form (RFC 6749,
/// 2.3.1).
fn basic(value: &str) -> Result<Credentials, OAuthError> {
    let credentials = || {
        let (scheme, encoded) = value.split_once(' ')?;
        let bytes = BASE64_STANDARD.decode(encoded.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (name, secret) = text.split_once(':')?;
        let credentials = Credentials { name: decoded(name)?, secret: decoded(secret)? };
        scheme.eq_ignore_ascii_case("Basic").then_some(credentials)
    };
    credentials().ok_or_else(OAuthError::invalid_client)
}

/// Decodes a name or value of a form.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}
