//! The command `top`: a page of the figures of a running server, in the terminal.
//!
//! ```text
//! server ─▶ scrape ─▶ figures (rates between two scrapes) ─▶ page (lines) ─▶ terminal, or text
//! ```

mod figures;
mod page;
mod scrape;
mod table;
mod terminal;

use crate::remote::{Server, ServerOptions, Unanswered};
use clap::Args;
use page::{GateReason, Moment, Page, Status};
use reqwest::StatusCode;
use scrape::Scrape;
use serde_json::Value;
use std::{
    error::Error,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    time::Duration,
};

/// The longest time that the server may take for its figures.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The options of `top`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The server that is watched.
    #[command(flatten)]
    pub server: ServerOptions,
    /// The data folder of the server, when the settings do not name it; its owner needs no token
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The pause between two looks, in seconds
    #[arg(long, value_name = "SECS", default_value = "2", value_parser = pause)]
    pub every: Duration,
    /// Print one page as text and exit; its rates are those between two looks
    #[arg(long)]
    pub once: bool,
}

fn pause(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=3_600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be from 0.1 to 3600".to_owned())
}

/// Shows the page until the operator leaves it, or once.
///
/// # Errors
/// When the settings are invalid; with `--once` also when the server gives no figures; without it
/// when there is no terminal.
pub fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let server = Server::of(&options.server, options.data.as_deref(), ANSWER_WITHIN)?;
    let page = Page { url: server.url().to_owned(), ..Page::default() };
    if options.once {
        return once(&server, page, options.every);
    }
    if !io::stdout().is_terminal() {
        return Err("the output is no terminal; --once prints one page as text".into());
    }
    terminal::show(server, page, options.every)?;
    Ok(true)
}

fn once(server: &Server, mut page: Page, pause: Duration) -> Result<bool, Box<dyn Error>> {
    for look in 0..2 {
        if look > 0 {
            server.wait(pause);
        }
        match look_at(server) {
            Ok(moment) => page.take(moment),
            Err(status) => {
                page.status = status;
                break;
            }
        }
    }
    let mut text = String::new();
    for line in page.lines() {
        text.push_str(line.to_string().trim_end());
        text.push('\n');
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(page.status == Status::Current)
}

/// Asks for the figures, and for the reasons of gates. Without the right to read the latter, they
/// are missing.
fn look_at(server: &Server) -> Result<Moment, Status> {
    let figures = server.get("/metrics").map_err(|unanswered| match unanswered {
        Unanswered::Refused(StatusCode::NOT_FOUND, _) => Status::MetricsOff,
        other => Status::Away(other.to_string()),
    })?;
    let scrape = Scrape::of(&String::from_utf8_lossy(&figures));
    let gates = server.get("/admin/gates").map(|body| reasons(&body)).unwrap_or_default();
    Ok(Moment { scrape, gates })
}

/// The reasons in the list of gates.
fn reasons(body: &[u8]) -> Vec<GateReason> {
    let list: Value = serde_json::from_slice(body).unwrap_or_default();
    let gates = list["_embedded"]["gates"].as_array().into_iter().flatten();
    let text = |gate: &Value, key: &str| gate[key].as_str().unwrap_or_default().to_owned();
    gates
        .map(|gate| GateReason { gate: text(gate, "name"), reason: text(gate, "reason") })
        .collect()
}
