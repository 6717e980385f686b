//! The clients and users that may get tokens from this server, and the hashes of their secrets.

use super::{IdentitySettings, is_role};
use crate::{files, store::SUBJECT_BYTES_MAX};
use argon2::{
    ARGON2ID_IDENT, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
};
use figment::{
    Figment,
    error::{Error, Kind},
    providers::{Format as _, Toml},
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

/// The accounts of a file.
#[derive(Debug)]
pub struct Accounts {
    clients: BTreeMap<String, Account>,
    users: BTreeMap<String, Account>,
    decoy: SecretHash,
}

/// A client or a user.
#[derive(Clone, Debug)]
pub struct Account {
    pub hash: SecretHash,
    pub roles: Vec<String>,
    /// The grants that a client may use.
    pub grants: Vec<Grant>,
}

/// Whether an account is that of a program or of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    Client,
    User,
}

/// A way to get a token (RFC 6749, 4.3 and 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    ClientCredentials,
    Password,
}

/// The argon2id hash of a secret. It is not shown.
#[derive(Clone)]
pub struct SecretHash(Arc<PasswordHash>);

/// The file: `[[client]]` and `[[user]]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AccountsFile {
    client: Vec<ClientRow>,
    user: Vec<UserRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientRow {
    id: String,
    secret_hash: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default = "client_credentials")]
    grants: Vec<Grant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserRow {
    name: String,
    password_hash: String,
    #[serde(default)]
    roles: Vec<String>,
}

/// The bounds of a hash: a greater memory (in KiB) or number of passes stops the server.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;

/// A hash with the cost of [`hash_secret`], of which no secret is known.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWFkYW5nLWRlY295LXNhbHQ$LDYX0AVVmrxVaXQRdM5vPf9tBs5F5VDp+fkZBE6ZPTQ";

/// Makes the argon2id hash of a secret, with a random salt: the value of `secret_hash` and
/// `password_hash` in the file of accounts.
///
/// # Panics
/// When the system has no random numbers, or the secret has 4 GiB.
#[must_use]
pub fn hash_secret(secret: &str) -> String {
    let hash: PasswordHash =
        Argon2::default().hash_password(secret.as_bytes()).expect("a random salt and a short text");
    hash.to_string()
}

fn client_credentials() -> Vec<Grant> {
    vec![Grant::ClientCredentials]
}

impl Accounts {
    /// Reads the file of these settings.
    ///
    /// # Errors
    /// The sentence of [`Self::read`], after the name of the setting.
    pub fn of_settings(settings: &IdentitySettings) -> Result<Self, String> {
        let read = Self::read(settings.accounts_file.as_deref());
        read.map_err(|reason| format!("identity.accounts_file: {reason}"))
    }

    /// Reads the file; without one there is no account.
    ///
    /// # Errors
    /// A sentence that names the file, the account and the reason, without any hash.
    pub fn read(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else { return Self::of(AccountsFile::default()) };
        let text = files::read_text(file)?;
        let rows = Figment::from(Toml::string(&text)).extract::<AccountsFile>();
        rows.map_err(|error| reason(&error))
            .and_then(Self::of)
            .map_err(|reason| format!("the file {}: {reason}", file.display()))
    }

    fn of(rows: AccountsFile) -> Result<Self, String> {
        let mut names = BTreeSet::new();
        let (mut clients, mut users) = (BTreeMap::new(), BTreeMap::new());
        for ClientRow { id, secret_hash, roles, grants } in rows.client {
            check_name(&id, &mut names)?;
            let account = Account::of(&secret_hash, roles, grants);
            clients.insert(id.clone(), account.map_err(|reason| format!("`{id}`: {reason}"))?);
        }
        for UserRow { name, password_hash, roles } in rows.user {
            check_name(&name, &mut names)?;
            let account = Account::of(&password_hash, roles, Vec::new());
            users.insert(name.clone(), account.map_err(|reason| format!("`{name}`: {reason}"))?);
        }
        let hashes = clients.values().chain(users.values()).map(|account| &account.hash);
        let decoy = hashes.max_by_key(|hash| hash.cost()).cloned();
        let decoy = decoy.map_or_else(|| SecretHash::of(DECOY), Ok)?;
        Ok(Self { clients, users, decoy })
    }

    pub fn find(&self, kind: AccountKind, name: &str) -> Option<&Account> {
        match kind {
            AccountKind::Client => self.clients.get(name),
            AccountKind::User => self.users.get(name),
        }
    }

    /// The hash that is compared when there is no such account, so that the time of an answer does
    /// not tell whether there is one. It is the most expensive hash of the file.
    pub const fn decoy(&self) -> &SecretHash {
        &self.decoy
    }

    /// Whether there is no account.
    pub fn are_none(&self) -> bool {
        self.clients.is_empty() && self.users.is_empty()
    }

    /// The kinds and names of all accounts.
    pub fn names(&self) -> impl Iterator<Item = (AccountKind, &str)> {
        let clients = self.clients.keys().map(|id| (AccountKind::Client, id.as_str()));
        clients.chain(self.users.keys().map(|name| (AccountKind::User, name.as_str())))
    }
}

impl Account {
    fn of(hash: &str, roles: Vec<String>, grants: Vec<Grant>) -> Result<Self, String> {
        if !roles.iter().all(|role| is_role(role)) {
            return Err("a role must be one word".to_owned());
        }
        Ok(Self { hash: SecretHash::of(hash)?, roles, grants })
    }
}

impl SecretHash {
    fn of(text: &str) -> Result<Self, String> {
        let advice = "`madang hash-secret` makes a hash";
        let hash = PasswordHash::new(text).ok();
        let hash = hash.filter(|it| it.algorithm == ARGON2ID_IDENT);
        let hash = hash.filter(|it| it.salt.is_some() && it.hash.is_some());
        let hash = hash.ok_or_else(|| format!("the hash is not one of argon2id; {advice}"))?;
        let params = Params::try_from(&hash)
            .map_err(|_| format!("the hash has invalid parameters; {advice}"))?;
        let is_expensive = params.m_cost() > MEMORY_KIB_MAX
            || params.t_cost() > PASSES_MAX
            || params.p_cost() > LANES_MAX;
        if is_expensive {
            return Err(format!(
                "the hash costs more than {MEMORY_KIB_MAX} KiB, {PASSES_MAX} passes or {LANES_MAX} lanes; {advice}"
            ));
        }
        Ok(Self(Arc::new(hash)))
    }

    /// Whether this is the hash of the secret. It takes tens of milliseconds.
    pub fn matches(&self, secret: &[u8]) -> bool {
        Argon2::default().verify_password(secret, &*self.0).is_ok()
    }

    fn cost(&self) -> u64 {
        let params = Params::try_from(&*self.0).unwrap_or_default();
        u64::from(params.m_cost()) * u64::from(params.t_cost())
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Checks the name of an account. A client and a user need different names, because a token names
/// only one subject.
fn check_name(name: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    let is_usable = !name.trim().is_empty()
        && name.len() <= SUBJECT_BYTES_MAX
        && !name.chars().any(char::is_control);
    if !is_usable {
        return Err(format!(
            "a name must have from 1 to {SUBJECT_BYTES_MAX} bytes and no control characters"
        ));
    }
    if !names.insert(name.to_owned()) {
        return Err(format!("`{name}`: there are two accounts with this name"));
    }
    Ok(())
}

/// The reason of an error, without any value of the file.
fn reason(error: &Error) -> String {
    let key = error.path.join(".");
    match &error.kind {
        Kind::MissingField(name) => format!("{key}: `{name}` is missing"),
        Kind::UnknownField(name, _) => format!("{key}: there is no field `{name}`"),
        Kind::UnknownVariant(..) => {
            format!("{key}: must be \"client_credentials\" or \"password\"")
        }
        Kind::Message(text) if text.starts_with("TOML parse error at line") => {
            text.lines().next().unwrap_or_default().replace("TOML parse error", "not valid TOML")
        }
        _ if key.is_empty() => "not a file of accounts".to_owned(),
        _ => format!("{key}: this has the wrong type"),
    }
}
