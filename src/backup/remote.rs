//! The journal of a running server, read page by page.

use crate::{
    actors::with_causes,
    config::{Config, Flags},
    files, probe,
    store::backup::{BackupError, Part},
};
use clap::Args;
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::Value;
use std::{error::Error, path::PathBuf, time::Duration};
use tokio::runtime::Runtime;

/// The longest time that the server may take for one page. A page waits for a busy disk.
const PAGE_WITHIN: Duration = Duration::from_secs(120);

/// The options that name the running server.
#[derive(Args, Clone, Debug, Default)]
pub struct ServerOptions {
    /// Read the address of the running server from this TOML file; the environment counts, too
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the server at this address, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The file with the bearer token for the server; its role must be `admin`
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// A server that is asked for pages.
pub(super) struct Remote {
    client: Client,
    event_loop: Runtime,
    url: String,
    token: Option<String>,
}

impl Remote {
    /// The server of these options: the one at the address, or the one on this machine.
    pub(super) fn of(options: &ServerOptions) -> Result<Self, Box<dyn Error>> {
        let url = match &options.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => address(options)?,
        };
        let token = options.token_file.as_deref().map(files::read_text).transpose()?;
        let token = token.map(|token| token.trim().to_owned());
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = client(options.url.is_none())?;
        Ok(Self { client, event_loop, url, token })
    }

    /// Asks for one page.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub(super) fn page(&mut self, part: Part) -> Result<Vec<u8>, BackupError> {
        let url = format!("{}/admin/backup?{part}", self.url);
        let mut request = self.client.get(&url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let failed = |reason: String| BackupError(format!("the server at {}: {reason}", self.url));
        self.event_loop.block_on(async {
            let answer = request.send().await.map_err(|error| failed(with_causes(&error)))?;
            let status = answer.status();
            let body = answer.bytes().await.map_err(|error| failed(with_causes(&error)))?;
            if status == StatusCode::OK {
                Ok(body.into())
            } else {
                Err(failed(refusal(status, &body)))
            }
        })
    }
}

/// The address of the server on this machine, as its settings say.
fn address(options: &ServerOptions) -> Result<String, Box<dyn Error>> {
    let config = Config::read(Flags { config: options.config.clone(), ..Flags::default() })?;
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{}", probe::reachable(config.listen)?))
}

/// A client. The certificate of the server on this machine names no address of the machine, so it
/// is not checked; no other machine receives the token.
fn client(is_here: bool) -> Result<Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .danger_accept_invalid_certs(is_here)
        .timeout(PAGE_WITHIN)
        .build()
}

fn refusal(status: StatusCode, body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let reason = problem["detail"].as_str().unwrap_or_default();
    let advice = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; --token-file names a token with the role `admin`"
        }
        _ => "",
    };
    format!("{status}: {reason}{advice}")
}
