//! The commands `token` and `hash-secret`: a token for development, and the hash of a secret.

use crate::{
    config::{Config, Flags},
    identity::{IdentitySettings, TokenIssuer, Verifier, hash_secret, is_role},
    store::permissions::check_owner,
};
use clap::Args;
use std::{
    error::Error,
    io::{self, BufRead as _, IsTerminal as _},
    path::PathBuf,
    time::Duration,
};

/// The options of `token`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The data folder of the server
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// The file of settings of the server; its section `[identity]` says what the token must say
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The subject of the token: the name of a user or of a program
    #[arg(long, value_name = "NAME")]
    pub subject: String,
    /// A role that the token carries, may be repeated
    #[arg(long, value_name = "ROLE")]
    pub role: Vec<String>,
    /// The lifetime of the token, at most 30 days
    #[arg(long, value_name = "N", default_value_t = 3_600,
          value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
    pub lifetime_s: u64,
}

/// The longest secret of `hash-secret`, in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Makes a token that a server with these settings and this data folder accepts.
///
/// # Errors
/// When the settings are invalid, or the server would not accept the token.
pub fn mint(options: &Options) -> Result<String, Box<dyn Error>> {
    if let Some(role) = options.role.iter().find(|role| !is_role(role)) {
        return Err(format!("--role {role:?}: a role must be one word").into());
    }
    let settings = settings(options)?;
    check_owner(&options.data)?;
    if settings.issue && !TokenIssuer::has_keys(&options.data) {
        let data = options.data.display();
        eprintln!(
            "{data}: no server has issued tokens here: a new key is made, and only a server with this \
             data folder accepts the token"
        );
    }
    let issuer = TokenIssuer::start(&settings, &options.data)?
        .ok_or("identity.issue is not set, so this server accepts no tokens of its own")?;
    let lifetime = Duration::from_secs(options.lifetime_s);
    let token = issuer.mint(&options.subject, &options.role, lifetime);
    let accepted = Verifier::start(&settings, &options.data)?.verify(&token);
    accepted.map_err(|error| format!("the server would refuse the token: {error}"))?;
    Ok(token)
}

/// Reads a secret from the first line of the standard input and makes its hash.
///
/// # Errors
/// When there is no secret, or it cannot be read.
pub fn hash() -> Result<String, Box<dyn Error>> {
    let input = io::stdin();
    if input.is_terminal() {
        eprintln!("type the secret, which is shown, and press Enter:");
    }
    hash_of(input.lock())
}

fn hash_of(input: impl io::BufRead) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    input.take(SECRET_BYTES_MAX + 2).read_line(&mut line)?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err("there is no secret on the standard input".into());
    }
    if secret.len() as u64 > SECRET_BYTES_MAX {
        return Err(format!("the secret has more than {SECRET_BYTES_MAX} bytes").into());
    }
    Ok(hash_secret(secret))
}

/// The section `[identity]` of the file and of the environment. Without any source of keys, the
/// server is assumed to issue its tokens.
fn settings(options: &Options) -> Result<IdentitySettings, Box<dyn Error>> {
    let flags = Flags { config: options.config.clone(), ..Flags::default() };
    let mut settings = Config::read(flags)?.identity;
    if !settings.is_configured() {
        settings.issue = true;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn options(folder: &tempfile::TempDir, config: &str) -> Options {
        let file = folder.path().join("madang.toml");
        fs::write(&file, config).unwrap();
        Options {
            data: folder.path().join("data"),
            config: Some(file),
            subject: "min".to_owned(),
            role: vec!["clerk".to_owned()],
            lifetime_s: 60,
        }
    }

    #[test]
    fn a_minted_token_is_accepted_by_a_server_with_the_same_settings() {
        let folder = tempfile::tempdir().unwrap();
        let config =
            "[identity]\nissue = true\nissuer_url = \"https://m.example\"\naudience = \"a\"";
        let options = options(&folder, config);
        let token = mint(&options).unwrap();
        let verifier = Verifier::start(&settings(&options).unwrap(), &options.data).unwrap();
        let identity = verifier.verify(&token).unwrap();
        assert!(&*identity.subject == "min" && identity.has_role("clerk"));
    }

    #[test]
    fn no_token_is_minted_that_a_server_would_refuse() {
        let folder = tempfile::tempdir().unwrap();
        let error = |options: &Options| mint(options).unwrap_err().to_string();
        let other = options(&folder, "[identity]\nsecret_env = \"A\"");
        assert!(error(&other).starts_with("identity.issue is not set"));
        let plain = options(&folder, "");
        assert!(mint(&plain).is_ok());
        let unnamed = Options { subject: " ".to_owned(), ..plain.clone() };
        assert_eq!(
            error(&unnamed),
            "the server would refuse the token: the token names no subject"
        );
        let two_words = Options { role: vec!["a b".to_owned()], ..plain };
        assert!(error(&two_words).starts_with("--role \"a b\": a role must be one word"));
    }

    #[test]
    fn the_first_line_of_the_input_is_the_secret() {
        assert!(hash_of(&b"s3cret\r\nmore"[..]).unwrap().starts_with("$argon2id$"));
        assert!(hash_of(&b"\n"[..]).is_err() && hash_of(&b""[..]).is_err());
        let long = vec![b'x'; 4_097];
        assert!(hash_of(&long[..]).is_err() && hash_of(&long[1..]).is_ok());
    }
}
