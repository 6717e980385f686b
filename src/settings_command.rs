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
    read_with_files(flags, declarations, &|_| Vec::new())
}

/// Does the same. `files` returns what is wrong with the files that settings name.
fn read_with_files(
    flags: &Flags,
    declarations: &Declarations,
    files: &impl Fn(&Config) -> Vec<String>,
) -> Result<Config, Vec<String>> {
    let install = |installation: &mut _| declarations.install(installation);
    let install = |settings| Installation::check_settings(settings, install);
    config::checked(flags, &install, files)
}

/// What is wrong with a file of settings and with the files that it names, beside the present
/// environment.
fn checked(file: &Path, declarations: &Declarations) -> (bool, String) {
    let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
    match read_with_files(&flags, declarations, &unusable_files) {
        Ok(_) => (true, format!("{}: valid\n", file.display())),
        Err(errors) => (false, errors.join("\n") + "\n"),
    }
}

/// What is wrong with the files that the settings name, as a server would find it at its start.
fn unusable_files(config: &Config) -> Vec<String> {
    let certificate = Certificate::of_settings(&config.tls).err();
    certificate.into_iter().chain(Verifier::unusable_files(&config.identity)).collect()
}
