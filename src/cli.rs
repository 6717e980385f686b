//! The command line.

use crate::{config::Flags, sandbox};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

/// Event-driven businesses in one binary.
///
/// Every instance of everything is an actor with a durable journal, reached over HTTP. Without
/// a command, `serve` is meant: it listens on 127.0.0.1:8080 and remembers in ./data.
///
/// Settings come from, each over the one before: defaults, the file of --config (TOML), the
/// environment (`MADANG_LISTEN`, `MADANG_HTTP__PATIENCE_MS`, ...), flags. `RUST_LOG=debug` says more.
#[derive(Debug, Parser)]
#[command(name = "madang", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve, when no command is given.
    #[command(flatten)]
    pub serve: Serve,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the businesses over HTTP until SIGTERM or SIGINT
    Serve(Serve),
    /// Read everything that is remembered and check it; exit code 1 when something is wrong
    Verify {
        /// The folder that holds everything remembered
        #[arg(long, value_name = "DIR", default_value = "./data")]
        data: PathBuf,
    },
    /// Draw the event-storming board of a business, or of all, from what they declare
    Model(Model),
    /// Play the outside services: card payment, SMS, review desk and reward bank, which are slow,
    /// fail, decline and hang as told, and keep a ledger of what was really done
    Sandbox(sandbox::Options),
}

/// What to draw, and where.
#[derive(Args, Clone, Debug)]
pub struct Model {
    /// The business; all when there is no name
    #[arg(value_name = "BUSINESS")]
    pub business: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "mermaid")]
    pub format: Format,
    /// Print nothing, and write a page and a JSON file for each business into this folder
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
}

/// How a board is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A Mermaid flowchart
    Mermaid,
    /// JSON, with the fields and types of commands and events
    Json,
}

/// How to serve.
#[derive(Args, Clone, Debug, Default)]
pub struct Serve {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Remember everything in this folder [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Listen on this address; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Run this business only, or these when repeated; alone, also at the root
    #[arg(long, value_name = "NAME")]
    business: Vec<String>,
    /// Listen on an address that others can reach, although nobody is asked who he is
    #[arg(long)]
    insecure: bool,
    /// Let `POST /admin/faults` break something on purpose, for drills
    #[arg(long)]
    allow_faults: bool,
    /// Serve although acknowledged history is missing: record the loss, give no missing number
    /// again, and take a new identity towards outside services; does nothing when all is there
    #[arg(long)]
    accept_loss: bool,
}

impl From<Serve> for Flags {
    fn from(serve: Serve) -> Self {
        let Serve { config, data, listen, business, insecure, allow_faults, accept_loss } = serve;
        Self { config, data, listen, only: business, insecure, allow_faults, accept_loss }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn serving_is_what_is_done_without_a_command() {
        let cli = parse("madang --listen 127.0.0.1:0 --business taxi").unwrap();
        assert!(cli.command.is_none());
        assert_eq!(Flags::from(cli.serve).only, ["taxi"]);
    }

    #[test]
    fn a_board_is_drawn_in_mermaid_unless_said_otherwise() {
        let Some(Command::Model(model)) = parse("madang model taxi").unwrap().command else {
            panic!("a model");
        };
        assert_eq!((model.business.as_deref(), model.format), (Some("taxi"), Format::Mermaid));
        assert!(parse("madang model --format pdf").is_err());
    }

    #[test]
    fn a_bad_address_is_refused() {
        assert!(parse("madang serve --listen nowhere").is_err());
    }
}
