//! The binary: reads the command line, starts the application, waits for a signal.

use clap::Parser as _;
use madang::{
    app::App,
    cli::{Cli, Command, Serve},
    config::{Config, Flags},
    domain, verify,
};
use std::{error::Error, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // What clients send wrongly is their affair and answered to them; the library would log it as errors.
    let filter = || EnvFilter::new("info,actix_http=off");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| filter());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
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

async fn serve(how: Serve) -> Result<(), Box<dyn Error>> {
    let config = Config::read(Flags::from(how))?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let app = App::build(config, |catalogue| domain::install(catalogue)).await?;
    println!("{}", app.greeting());
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(app.run_until_stopped(stop).await?)
}
