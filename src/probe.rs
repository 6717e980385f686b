//! The command `health`: asks the server on this machine whether it is ready, for containers and
//! scripts.

use crate::{
    config::{Config, Flags},
    remote::{client, speaks_tls, url_of},
};
use clap::Args;
use std::{error::Error, net::SocketAddr, path::PathBuf, time::Duration};

/// The options of `health`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Read the address of the server from this TOML file; the environment counts, too
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the server at this address instead
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Ask whether the server lives, although a part of it may be down
    #[arg(long)]
    pub live: bool,
}

/// The longest time that the server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// Asks the server, and prints its answer. The result is whether it is ready, or whether it lives.
///
/// # Errors
/// When the settings are invalid, or no server answers.
pub fn ask(options: &Options) -> Result<(bool, String), Box<dyn Error>> {
    let flags =
        Flags { config: options.config.clone(), listen: options.listen, ..Flags::default() };
    let config = Config::read(flags)?;
    let probe = if options.live { "liveness" } else { "readiness" };
    let url = format!("{}/actuator/health/{probe}", url_of(&config)?);
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    event_loop.block_on(async {
        let response = match client(ANSWER_WITHIN, true)?.get(&url).send().await {
            Err(_) if speaks_tls(&url).await => {
                let reason = "speaks TLS: --config names its file of settings, with [tls]";
                return Err(format!("the server at {url} {reason}").into());
            }
            answered => answered.map_err(|error| unanswered(&url, error))?,
        };
        Ok((response.status().is_success(), response.text().await?))
    })
}

/// The reason why there is no answer, as a sentence.
fn unanswered(url: &str, error: reqwest::Error) -> Box<dyn Error> {
    if error.is_connect() {
        let reason = format!("no server answers at {url}: --config or --listen names another one");
        return reason.into();
    }
    error.into()
}
