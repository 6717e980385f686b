//! The command `config`: shows the effective settings, checks a file, writes the documentation.

use crate::{
    actors::Installation,
    cli::{ConfigAction, ConfigOptions},
    config::{self, Config, Flags, Keys, page},
    declarations::Declarations,
    identity::Verifier,
    tls::Certificate,
};
use std::{error::Error, path::Path};

/// The output of the command, and whether everything is in order.
///
/// # Errors
/// When the effective settings are asked for and are invalid.
pub fn run(
    options: ConfigOptions,
    declarations: &Declarations,
) -> Result<(bool, String), Box<dyn Error>> {
    let businesses = declarations.sections();
    match options.action {
        None => {
            let read = read(&Flags::from(options.serve), declarations);
            let config = read.map_err(|errors| errors.join("\n"))?;
            Ok((true, config.shown(&businesses)?))
        }
        Some(ConfigAction::Check { file }) => Ok(checked(&file, declarations)),
        Some(ConfigAction::Doc) => Ok((true, page(&Keys::with(&businesses)))),
    }
}

/// The settings of all sources, checked for these businesses.
///
/// # Errors
/// Every error of the settings, each with its key and place.
pub fn read(flags: &Flags, declarations: &Declarations) -> Result<Config, Vec<String>> {
    config::checked(flags, &|settings| {
        Installation::check_settings(settings, |installation| declarations.install(installation))
    })
}

/// What is wrong with a file of settings and with the files that it names, beside the present
/// environment.
fn checked(file: &Path, declarations: &Declarations) -> (bool, String) {
    let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
    match read(&flags, declarations) {
        Ok(config) => match unusable_files(&config) {
            errors if errors.is_empty() => (true, format!("{}: valid\n", file.display())),
            errors => (false, errors.join("\n") + "\n"),
        },
        Err(errors) => (false, errors.join("\n") + "\n"),
    }
}

/// What is wrong with the files that the settings name, as a server would find it at its start.
fn unusable_files(config: &Config) -> Vec<String> {
    let certificate = config.tls.files().map(|(chain, key)| Certificate::read(chain, key));
    let certificate = certificate.transpose().map(drop).map_err(|reason| format!("tls: {reason}"));
    let identity = Verifier::check_files(&config.identity);
    [certificate, identity].into_iter().filter_map(Result::err).collect()
}
