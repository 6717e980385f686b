//! The main function of a binary: it reads the command line and runs the command.

use crate::{
    actors::panic_message,
    backup,
    cli::{Cli, Command, Format, Model},
    compact,
    contract::{self, ContractBuilder},
    declarations::Declarations,
    erasure, logging, model, new,
    panic_log::log_panics,
    probe,
    sandbox::{self, Sandbox},
    serving, settings_command, shell_files,
    stopping::{FLUSH_WITHIN, Stopping},
    token, top, upgrade, verify,
};
use std::{
    error::Error,
    io::{self, Write as _},
    panic,
    path::Path,
    process::ExitCode,
};

type Done = Result<bool, Box<dyn Error>>;

/// The allocator of [`main!`](crate::main): half of the time of a durable order went into that of
/// the system.
pub type Allocator = mimalloc::MiMalloc;

/// The value of the [`Allocator`].
pub const ALLOCATOR: Allocator = mimalloc::MiMalloc;

/// The name, version and description of a binary, for its command line.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The name of the binary.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it is, in one sentence; empty for the description of madang.
    pub about: &'static str,
}

/// The main function of a binary with these businesses, and the allocator of madang. Its name,
/// version and help are those of the crate that calls it.
///
/// ```no_run
/// mod library {
/// #   use madang::domain::kernel::{Business, Empty, Host};
/// #   pub struct Library;
/// #   impl Business for Library {
/// #       const NAME: &'static str = "library";
/// #       type Settings = Empty;
/// #       fn install(_host: &mut impl Host) {}
/// #   }
///     // pub struct Library; impl Business for Library { .. }
/// }
///
/// madang::main!(|host| {
///     host.business::<library::Library>();
/// });
/// ```
#[macro_export]
macro_rules! main {
    ($install:expr) => {
        #[global_allocator]
        static ALLOCATOR: $crate::Allocator = $crate::ALLOCATOR;

        fn main() -> ::std::process::ExitCode {
            let program = $crate::Program {
                name: match option_env!("CARGO_BIN_NAME") {
                    Some(name) => name,
                    None => env!("CARGO_PKG_NAME"),
                },
                version: env!("CARGO_PKG_VERSION"),
                about: env!("CARGO_PKG_DESCRIPTION"),
            };
            $crate::serve(program, $install)
        }
    };
}

/// Runs the command of the command line for the installed businesses; see
/// [`main!`](crate::main). Returns when the command is done. A server returns when a signal
/// requests a stop.
pub fn serve(program: Program, install: impl FnOnce(&mut Declarations)) -> ExitCode {
    let cli = Cli::of(program);
    logging::init();
    log_panics();
    let declarations = Declarations::of(install);
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    if !writes_for_others(&command) {
        keep_files_private();
    }
    let done = || run(command, program, &declarations);
    let done = panic::catch_unwind(panic::AssertUnwindSafe(done)).unwrap_or_else(|panic| {
        Err(format!("an internal error, please report it: {}", panic_message(&*panic)).into())
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}: {error}", program.name);
            ExitCode::FAILURE
        }
    }
}

/// Runs one command. The result is whether it found everything in order.
fn run(command: Command, program: Program, declarations: &Declarations) -> Done {
    match command {
        Command::Serve(how) => serving::run(how, declarations),
        Command::Config(options) => {
            let (is_valid, text) = settings_command::run(options, declarations)?;
            io::stdout().write_all(text.as_bytes())?;
            Ok(is_valid)
        }
        Command::Verify(of) if of.is_served() => upgrade::verify_served(&of, declarations),
        Command::Verify(of) => verify::run(&of.data, declarations).map_err(Into::into),
        Command::Repair { data, yes } => {
            verify::repair(&data, yes, declarations).map_err(Into::into)
        }
        Command::Compact { data } => compact::run(&data),
        Command::CheckUpgrade(options) => upgrade::run(&options, declarations),
        Command::Backup(options) => backup::run(&options),
        Command::Restore(options) => backup::restored(&options),
        Command::Export(options) => backup::export(&options, declarations),
        Command::Erase(options) => erasure::run(&options, declarations),
        Command::Import(options) => backup::import(&options, declarations),
        Command::Model(which) => draw(&which, declarations),
        Command::Health(options) => {
            let (is_well, answer) = probe::ask(&options)?;
            print_line(&answer).map(|_| is_well)
        }
        Command::Top(options) => top::run(&options),
        Command::New(options) => write_crate(&options),
        Command::Contract(options) => {
            let mut builder = ContractBuilder::default();
            declarations.describe(&mut builder);
            contract::command::run(&options, &builder, &mut io::stdout())
        }
        Command::Sandbox(options) => run_sandbox(options),
        Command::Token(options) => token::mint(&options).and_then(|token| print_line(&token)),
        Command::HashSecret => token::hash().and_then(|hash| print_line(&hash)),
        Command::Completions { shell } => {
            let declared = Cli::declared_for(program);
            shell_files::print_completions(declared, shell, &mut io::stdout())?;
            Ok(true)
        }
        Command::Man { folder } => {
            shell_files::write_man_pages(Cli::declared_for(program), &folder)?;
            Ok(true)
        }
    }
}

/// Whether the command writes files for other people and programs: a drawing, the contract, a new
/// crate or man pages.
const fn writes_for_others(command: &Command) -> bool {
    matches!(
        command,
        Command::Model(_) | Command::New(_) | Command::Contract(_) | Command::Man { .. }
    )
}

/// Sets the umask so that only the owner can access what this process creates: files 0600, folders
/// 0700.
fn keep_files_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

fn run_sandbox(options: sandbox::Options) -> Done {
    let stopping = Stopping::within(FLUSH_WITHIN)?;
    actix::System::new().block_on(async {
        let sandbox = Sandbox::open(options)?;
        print!("{}", sandbox.greeting());
        sandbox.run_until_stopped(stopping.requested()).await?;
        Ok(true)
    })
}

fn print_line(line: &str) -> Done {
    writeln!(io::stdout(), "{line}")?;
    Ok(true)
}

fn write_crate(options: &new::Options) -> Done {
    let folder = new::write(options, Path::new(""))?;
    print!("{}", new::next_steps(options, &folder));
    Ok(true)
}

fn draw(which: &Model, declarations: &Declarations) -> Done {
    let mut builder = model::ModelBuilder::default();
    declarations.draw(&mut builder);
    let boards = match &which.business {
        Some(business) => vec![builder.board(business).ok_or_else(|| {
            let known = builder.businesses().join(", ");
            format!("`{business}`: there is no such business; there are {known}")
        })?],
        None => builder.boards(),
    };
    if let Some(folder) = &which.write {
        model::write(&boards, folder)?;
        return Ok(true);
    }
    let text = match which.format {
        Format::Svg => model::svg(&boards),
        Format::Markdown => boards.iter().map(model::page).collect(),
        Format::Json => model::json(&boards),
    };
    // A closed pipe is not an error: the reading process ended early.
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(true),
    }
}
