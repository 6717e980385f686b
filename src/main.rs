//! The binary: reads the command line, starts the application, waits for a signal.

use clap::Parser as _;
use madang::{
    app::App,
    cli::{Cli, Command, Serve},
    config::{Config, Flags},
    domain, verify,
};
use std::{error::Error, io::IsTerminal as _, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    listen_to_log();
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(how) => actix::System::new().block_on(serve(how)).map(|()| true),
        Command::Verify { data } => verify::run(&data).map_err(Into::into),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("madang: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the log to standard error, in colours only when somebody looks.
fn listen_to_log() {
    // What clients send wrongly is their affair and answered to them; the library logs it as errors.
    let usual = || EnvFilter::new("info,actix_http=off,actix_server=warn");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| usual());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(std::io::stderr().is_terminal()).init();
}

async fn serve(how: Serve) -> Result<(), Box<dyn Error>> {
    let config = Config::read(Flags::from(how))?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let app = App::build(config, domain::install).await?;
    println!("{}", app.greeting());
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(app.run_until_stopped(stop).await?)
}
