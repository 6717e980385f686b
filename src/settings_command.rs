//! The command `config`: shows the effective settings, checks a file, writes the documentation.

use crate::{
    actors::Installation,
    cli::{ConfigAction, ConfigOptions},
    config::{Config, Flags, Keys, errors, page},
    declarations::Declarations,
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
            let flags = Flags::from(options.serve);
            let found = found(&flags, declarations);
            if !found.is_empty() {
                return Err(found.join("\n").into());
            }
            Ok((true, Config::read(flags)?.shown(&businesses)?))
        }
        Some(ConfigAction::Check { file }) => Ok(checked(&file, declarations)),
        Some(ConfigAction::Doc) => Ok((true, page(&Keys::with(&businesses)))),
    }
}

/// The errors of these settings for these businesses, each with its key and place.
pub fn found(flags: &Flags, declarations: &Declarations) -> Vec<String> {
    errors(flags, &|settings| {
        Installation::check_settings(settings, |installation| declarations.install(installation))
    })
}

/// What is wrong with a file of settings, beside the present environment.
fn checked(file: &Path, declarations: &Declarations) -> (bool, String) {
    let flags = Flags { config: Some(file.to_owned()), ..Flags::default() };
    let found = found(&flags, declarations);
    if found.is_empty() {
        return (true, format!("{}: valid\n", file.display()));
    }
    (false, found.join("\n") + "\n")
}
