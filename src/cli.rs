//! The command line: the commands and their options.

use crate::{
    Program, backup,
    config::{Config, Flags},
    contract, erasure, new, probe, sandbox, token, top, upgrade,
};
use clap::{
    ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    error::ErrorKind, parser::ValueSource,
};
use clap_complete::Shell;
use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

/// Event-driven businesses in one binary.
///
/// Every aggregate instance is an actor with a durable journal, reached over HTTP. The default
/// command is `serve`: it listens on 127.0.0.1:8080 and stores its data in ./data.
///
/// Settings come from these sources, each overriding the one before: defaults, the file of --config
/// (TOML), the environment (`MADANG_LISTEN`, `MADANG_HTTP__WAIT_MAX_MS`, ...), flags.
/// `RUST_LOG=debug` logs more.
#[derive(Debug, Parser)]
#[command(name = "madang", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// The command; `serve` when there is none.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `serve`, when no command is given.
    #[command(flatten)]
    pub serve: Serve,
}

impl Cli {
    /// Reads the command line of this program. Ends the process when it asks for help, or is wrong.
    #[must_use]
    pub fn of(program: Program) -> Self {
        let arguments = std::env::args_os().collect();
        Self::parsed(Self::declared_for(program), arguments).unwrap_or_else(|error| error.exit())
    }

    /// Reads these arguments. A command that gets a file of settings and no data folder takes the
    /// folder from the settings, as `serve` does.
    fn parsed(
        mut command: clap::Command,
        mut arguments: Vec<OsString>,
    ) -> clap::error::Result<Self> {
        let matches = command.try_get_matches_from_mut(&arguments)?;
        let named = matches.subcommand().and_then(|(_, of)| settings_without_data(of));
        let Some(config) = named else { return Self::from_arg_matches(&matches) };
        let flags = Flags { config: Some(config), ..Flags::default() };
        let data = Config::read(flags).map(|config| config.data);
        let data = data.map_err(|error| command.error(ErrorKind::ValueValidation, error))?;
        arguments.extend(["--data".into(), data.into_os_string()]);
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }

    /// The declaration of the command line of this program. Help, completions and man pages are
    /// made from it.
    #[must_use]
    pub fn declared_for(program: Program) -> clap::Command {
        let mut command = Self::command().name(program.name).version(program.version);
        if !program.about.is_empty() {
            let usual = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            let details = usual.split_once("\n\n").map_or("", |(_, details)| details);
            let long = format!("{}\n\n{details}", program.about);
            command = command.about(program.about).long_about(long);
        }
        command
    }
}

/// The file of settings of a command whose data folder is the default.
fn settings_without_data(matches: &ArgMatches) -> Option<PathBuf> {
    matches.try_contains_id("data").ok().filter(|is_there| *is_there)?;
    (matches.value_source("data") == Some(ValueSource::DefaultValue))
        .then(|| matches.try_get_one("config").ok().flatten().cloned())?
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the businesses over HTTP until SIGTERM or SIGINT
    Serve(Serve),
    /// Show the effective settings, each with its place; secrets are hidden
    ///
    /// The options are those of `serve`.
    Config(ConfigOptions),
    /// Read all stored data and check it; exit code 1 when a flaw is found
    ///
    /// While a server runs, a copy of its data is checked: as it is at one position of the journal.
    Verify(backup::Source),
    /// Read all stored data, and repair what can be made again from the records: views, the index
    /// of conversations, and snapshots
    ///
    /// Without `--yes` it only says what it would do. The server must be stopped. Exit code 1 when a
    /// flaw is left.
    Repair {
        /// The data folder
        #[arg(long, value_name = "DIR", default_value = "./data")]
        data: PathBuf,
        /// Carry out the repairs
        #[arg(long)]
        yes: bool,
    },
    /// Write the journal into new files, without the space that its old values took
    ///
    /// The server must be stopped. The new files need space beside the old ones meanwhile. All
    /// entries are compared before the new files take the place of the old ones. A run that is
    /// interrupted changes nothing, and the next one removes what it left.
    Compact {
        /// The data folder
        #[arg(long, value_name = "DIR", default_value = "./data")]
        data: PathBuf,
    },
    /// Check whether this binary can serve the data of a server, also while that runs; exit code 1
    /// when it cannot
    ///
    /// It copies the history into a folder of its own and checks the copy as `verify` does: every
    /// event decodes, every aggregate is rebuilt, snapshots and views match. It changes nothing of
    /// the server. A store that a newer binary has written is refused.
    CheckUpgrade(upgrade::Options),
    /// Back up the data of a server, also while it runs; a further run adds what is new
    ///
    /// While a server has the data folder open, its pages come from the server. The backup ends at
    /// one position. It holds names, addresses and the keys of webhooks: only its owner may read it.
    Backup(backup::Options),
    /// Make a new data folder from a backup: all of it, or up to a position or an instant
    ///
    /// Every byte of the backup is checked first. The views are built at the first start. A restore
    /// that is interrupted begins again.
    Restore(backup::RestoreOptions),
    /// Write all records as lines of JSON: events in the form of `CloudEvents` 1.0
    ///
    /// Works while a server runs, as `backup` does. The file has every value in clear.
    Export(backup::ExportOptions),
    /// Make a new data folder from the lines that `export` wrote
    ///
    /// It is a new store: with its own identity, and without subscriptions and answers to keys.
    Import(backup::ImportOptions),
    /// Erase a person: destroy the keys with which the personal texts of a customer are encrypted
    ///
    /// The journal, snapshots, stored answers and backups hold these texts only encrypted, so they
    /// are gone from all of them. They are shown as `[erased]`. While a server has the data folder
    /// open, the server does it. Without `--yes` the command only says what it would do. Exit code 1
    /// when something is left.
    Erase(erasure::Options),
    /// Ask the server on this machine whether it is ready; exit code 1 when it is not
    Health(probe::Options),
    /// Show the figures of a running server in the terminal: rates, times, gates, lags, files
    ///
    /// The keys are q to quit, p to pause, s to sort, and the arrows to scroll. The server is the one
    /// on this machine that the settings name, or the one of --url.
    Top(top::Options),
    /// Write a crate with a business of its own into the new folder NAME
    ///
    /// A customer orders and pays; the order is handed over, or the money goes back. The crate has
    /// this business in `src/NAME`, its specification, random worlds, and the story `story.sh`,
    /// which sends requests to the server. `cargo test` and `cargo run -- serve` work at once.
    /// `docs/business.md` of madang changes the business step by step.
    ///
    /// The folder must not exist. A name with another meaning in the crate is refused.
    New(new::Options),
    /// Draw the event-storming board of one business or of all, from their declarations
    Model(Model),
    /// Print the contract for clients, or compare two
    ///
    /// The server has the same documents at `/openapi.json` and `/asyncapi.json`, and a browser for
    /// them at `/docs`.
    Contract(contract::command::Options),
    /// Simulate the outside services: card payment, SMS, review desk and reward bank. They are
    /// slow, fail, decline and hang as configured, and keep a ledger of the calls they acted on
    Sandbox(sandbox::Options),
    /// Print a bearer token for development, signed by the server with this data folder
    ///
    /// The server accepts it when `identity.issue` is set. The first token makes the key.
    Token(token::Options),
    /// Read a secret from the standard input and print its argon2id hash, for the file of accounts
    HashSecret,
    /// Print the completions of the command line for a shell
    ///
    /// For bash: `madang completions bash > /etc/bash_completion.d/madang`
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write a man page for each command into a folder
    Man {
        /// The folder; it is made when it does not exist
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// The options of `config`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigOptions {
    /// What to do instead of showing the settings.
    #[command(subcommand)]
    pub action: Option<ConfigAction>,
    /// The options of `serve` whose settings are shown.
    #[command(flatten)]
    pub serve: Serve,
}

/// What `config` does instead of showing the settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigAction {
    /// Name every error in a file of settings, with its key and line; exit code 1 when there is one
    ///
    /// The file is read beside the variables of the environment, as `serve` reads it.
    Check {
        /// The file, in TOML
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the page `docs/configuration.md` with every key
    Doc,
}

/// The options of `model`: which boards to draw, and the output.
#[derive(Args, Clone, Debug)]
pub struct Model {
    /// The business; all when it is not given
    #[arg(value_name = "BUSINESS")]
    pub business: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value = "svg")]
    pub format: Format,
    /// Print nothing, and write a page, a drawing and a JSON file for each business into this folder
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
}

/// The output format of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A drawing, for a browser
    Svg,
    /// Tables in Markdown, with the drawing in a file beside them
    Markdown,
    /// JSON, with the fields and types of commands and events
    Json,
}

/// The options of `serve`.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each one is a flag of the command line")]
pub struct Serve {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Store all data in this folder [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Listen on this address; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Run this business only, may be repeated; a single business is also served at the root path
    #[arg(long, value_name = "NAME")]
    business: Vec<String>,
    /// Listen on an address that other machines can reach, although clients are not authenticated
    #[arg(long)]
    insecure: bool,
    /// Allow `POST /admin/faults` to inject faults, for drills
    #[arg(long)]
    allow_faults: bool,
    /// Serve although acknowledged records are missing: record the loss, reuse no lost number, and
    /// take a new identity towards outside services; without effect when the journal is complete
    #[arg(long)]
    accept_loss: bool,
    /// Continue for the server that has the data folder open: check its history with this binary,
    /// then take over its sockets and its store, while clients wait; starts as usual when there is
    /// no such server
    #[arg(long)]
    pub take_over: bool,
    /// Take over without the check of the history; types that this binary cannot read are refused
    /// nevertheless
    #[arg(long, requires = "take_over")]
    pub unchecked: bool,
}

impl From<Serve> for Flags {
    fn from(serve: Serve) -> Self {
        let Serve { config, data, listen, business, insecure, allow_faults, accept_loss, .. } =
            serve;
        Self {
            config,
            data,
            listen,
            only: business,
            insecure,
            allow_faults,
            accept_loss,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn serve_is_the_default_command() {
        let cli = parse("madang --listen 127.0.0.1:0 --business taxi").unwrap();
        assert!(cli.command.is_none());
        assert_eq!(Flags::from(cli.serve).only, ["taxi"]);
    }

    #[test]
    fn a_board_is_drawn_as_an_svg_by_default() {
        let Some(Command::Model(model)) = parse("madang model taxi").unwrap().command else {
            panic!("not the command `model`");
        };
        assert_eq!((model.business.as_deref(), model.format), (Some("taxi"), Format::Svg));
        assert!(parse("madang model --format pdf").is_err());
    }

    #[test]
    fn a_crate_is_written_by_its_name() {
        let Some(Command::New(options)) = parse("madang new hotel").unwrap().command else {
            panic!("not the command `new`");
        };
        assert_eq!((options.name.as_str(), options.madang), ("hotel", None));
        assert!(parse("madang new").is_err());
    }

    #[test]
    fn a_token_has_a_subject_roles_and_a_lifetime() {
        let line = "madang token --subject min --role clerk --role auditor --lifetime-s 60";
        let Some(Command::Token(options)) = parse(line).unwrap().command else {
            panic!("not the command `token`");
        };
        assert_eq!((options.subject.as_str(), options.lifetime_s), ("min", 60));
        assert_eq!(options.role, ["clerk", "auditor"]);
        assert!(parse("madang token").is_err());
        assert!(parse("madang token --subject min --lifetime-s 2592001").is_err());
    }

    #[test]
    fn a_command_with_settings_takes_the_data_folder_from_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("madang.toml");
        std::fs::write(&file, "data = \"/srv/madang\"").unwrap();
        let data_of = |more: &str| {
            let line = format!("madang verify --config {}{more}", file.display());
            let arguments = line.split(' ').map(Into::into).collect();
            match Cli::parsed(Cli::command(), arguments)?.command {
                Some(Command::Verify(of)) => Ok(of.data),
                other => panic!("not the command `verify`: {other:?}"),
            }
        };
        assert_eq!(data_of("").unwrap(), PathBuf::from("/srv/madang"));
        assert_eq!(data_of(" --data other").unwrap(), PathBuf::from("other"));
        std::fs::write(&file, "colour = 1").unwrap();
        let error: clap::Error = data_of("").unwrap_err();
        assert!(error.to_string().contains("there is no key `colour`"), "{error}");
    }

    #[test]
    fn a_bad_address_is_refused() {
        assert!(parse("madang serve --listen nowhere").is_err());
    }
}
