//! A running server, as commands find it and ask it.

use crate::{
    actors::{ADMIN, with_causes},
    config::{Config, Flags},
    files,
    identity::TokenIssuer,
};
use clap::Args;
use reqwest::{
    Certificate, Client, ClientBuilder, RequestBuilder, StatusCode, header::CONTENT_TYPE,
    redirect::Policy,
};
use serde_json::Value;
use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Runtime;

/// The lifetime of a token that a command makes for one request.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60);

/// The longest time of a look whether a server speaks TLS.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// The subject of a token that a command makes.
const OPERATOR: &str = "operator";

/// The options that name the running server.
#[derive(Args, Clone, Debug, Default)]
pub struct ServerOptions {
    /// Read the address of the running server from this TOML file; the environment counts, too
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the server at this address, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The file with the bearer token for the server; its role must be `admin`. Without it, a server
    /// on this machine that issues its own tokens gets one of its data folder
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Trust the certificate authorities in this file as well, in PEM
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca_file: Option<PathBuf>,
}

/// A running server that is asked.
pub struct Server {
    client: Client,
    event_loop: Runtime,
    url: String,
    token: Token,
}

/// The source of the bearer tokens.
enum Token {
    None,
    Given(String),
    /// A token is made for each request, with the key in the data folder.
    Made(Arc<TokenIssuer>),
}

impl Server {
    /// The server of these options: the one at the address, or the one on this machine, which may have
    /// this data folder. `within` is the longest time that it may take for an answer.
    ///
    /// # Errors
    /// When the settings are invalid, or the token cannot be read.
    pub fn of(
        options: &ServerOptions,
        data: Option<&Path>,
        within: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let is_here = options.url.is_none();
        let (url, made) = match &options.url {
            Some(url) => (url.trim_end_matches('/').to_owned(), None),
            None => here(options, data)?,
        };
        let token = match (&options.token_file, made) {
            (Some(file), _) => Token::Given(files::read_text(file)?.trim().to_owned()),
            (None, Some(issuer)) => Token::Made(issuer),
            (None, None) => Token::None,
        };
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut builder = builder(within, is_here);
        if let Some(file) = &options.ca_file {
            let authorities = authorities(file)?.into_iter();
            builder = authorities.fold(builder, ClientBuilder::add_root_certificate);
        }
        Ok(Self { client: builder.build()?, event_loop, url, token })
    }

    /// The URL of the server, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for this time.
    pub fn wait(&self, time: Duration) {
        self.event_loop.block_on(async { tokio::time::sleep(time).await });
    }

    /// Asks for this path.
    ///
    /// # Errors
    /// When the server does not answer, or with another status than 200.
    pub fn get(&self, path: &str) -> Result<Vec<u8>, Unanswered> {
        self.ask(self.client.get(format!("{}{path}", self.url)))
    }

    /// Sends a body to this path.
    ///
    /// # Errors
    /// When the server does not answer, or with another status than 200.
    pub fn post(&self, path: &str, body: &Value) -> Result<Vec<u8>, Unanswered> {
        let request = self.client.post(format!("{}{path}", self.url));
        let json = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        self.ask(json)
    }

    fn ask(&self, mut request: RequestBuilder) -> Result<Vec<u8>, Unanswered> {
        match &self.token {
            Token::None => {}
            Token::Given(token) => request = request.bearer_auth(token),
            Token::Made(issuer) => {
                let roles = [ADMIN.to_owned()];
                request = request.bearer_auth(issuer.mint(OPERATOR, &roles, TOKEN_LIFETIME));
            }
        }
        let away = |error: reqwest::Error| Unanswered::Away(with_causes(&error));
        self.event_loop.block_on(async {
            let answer = match request.send().await {
                Err(_) if speaks_tls(&self.url).await => {
                    let reason =
                        format!("the server at {} speaks TLS: ask it with https://", self.url);
                    return Err(Unanswered::Away(reason));
                }
                sent => sent.map_err(away)?,
            };
            let status = answer.status();
            let body = answer.bytes().await.map_err(away)?;
            match status {
                StatusCode::OK => Ok(body.into()),
                status => Err(Unanswered::Refused(status, detail(&body))),
            }
        })
    }
}

/// Why a server did not answer as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It cannot be reached, or its answer ended early.
    Away(String),
    /// It answered with this status, and this detail.
    Refused(StatusCode, String),
}

impl std::fmt::Display for Unanswered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Away(reason) => out.write_str(reason),
            Self::Refused(status, detail) => {
                write!(out, "{status}: {detail}")?;
                if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(status) {
                    out.write_str("; --token-file names a token with the role `admin`")?;
                }
                Ok(())
            }
        }
    }
}

/// The URL of a server, and the issuer of its tokens when this user can read its keys.
type Found = (String, Option<Arc<TokenIssuer>>);

/// The server on this machine, as its settings say. Its data folder is the given one, if there are
/// keys in it, or that of the settings.
fn here(options: &ServerOptions, data: Option<&Path>) -> Result<Found, Box<dyn Error>> {
    let config = Config::read(Flags { config: options.config.clone(), ..Flags::default() })?;
    // The keys of a server that has not started are not made here.
    let has_keys = |data: &&Path| config.identity.issue && TokenIssuer::has_keys(data);
    let data = data.into_iter().chain([&*config.data]).find(has_keys);
    let issuer = match (data, &options.token_file) {
        (Some(data), None) => TokenIssuer::start(&config.identity, data)?,
        _ => None,
    };
    Ok((url_of(&config)?, issuer))
}

/// The URL under which this machine reaches the server with these settings.
///
/// # Errors
/// When the port is not known.
pub fn url_of(config: &Config) -> Result<String, String> {
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{}", reachable(config.listen)?))
}

/// The address under which this machine reaches a server that listens on this address.
fn reachable(listen: SocketAddr) -> Result<SocketAddr, String> {
    if listen.port() == 0 {
        return Err(format!("{listen}: the port is not known; set it with --listen"));
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

/// A client. The certificate of the server on this machine names no address of the machine, so it
/// is not checked; no other machine receives the token.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client(within: Duration, is_here: bool) -> Result<Client, reqwest::Error> {
    builder(within, is_here).build()
}

/// Whether the server at this URL without TLS speaks TLS. It is asked without a token.
pub async fn speaks_tls(url: &str) -> bool {
    let (Some(place), Ok(client)) = (url.strip_prefix("http://"), client(LOOK_WITHIN, true)) else {
        return false;
    };
    client.head(format!("https://{place}")).send().await.is_ok()
}

fn builder(within: Duration, is_here: bool) -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .danger_accept_invalid_certs(is_here)
        .timeout(within)
}

/// The certificates in this file.
fn authorities(file: &Path) -> Result<Vec<Certificate>, String> {
    let read = || Ok::<_, Box<dyn Error>>(Certificate::from_pem_bundle(&files::read(file)?)?);
    match read() {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!("{}: there is no certificate in it", file.display())),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// The detail of a problem.
fn detail(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    problem["detail"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_loopback() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).map(|it| it.to_string());
        assert_eq!(asked("0.0.0.0:8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(asked("[::]:8080").unwrap(), "[::1]:8080");
        assert_eq!(asked("10.1.2.3:80").unwrap(), "10.1.2.3:80");
        assert!(asked("127.0.0.1:0").unwrap_err().contains("--listen"));
    }
}
