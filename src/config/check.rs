//! Settings that are checked as a whole: all errors, not the first one alone.

use super::{
    Config, Flags,
    error::{key, named},
    sources,
};
use crate::actors::{Settings, StartError};

/// The most errors that are searched for: more than a file has keys.
const ERRORS_MAX: usize = 1_000;

/// The settings of all sources. `install` checks the sections of businesses, ports and gates against
/// those that exist. `files` returns what is wrong with the files that settings name.
///
/// A wrong key is left out, and the others are checked again, so an error that follows from a
/// missing key can be named as well.
///
/// # Errors
/// Every error of the settings, as a sentence with its key and place.
pub fn checked(
    flags: &Flags,
    install: &impl Fn(Settings) -> Result<(), StartError>,
    files: &impl Fn(&Config) -> Vec<String>,
) -> Result<Config, Vec<String>> {
    let mut found = Vec::new();
    let mut without: Vec<String> = Vec::new();
    while found.len() < ERRORS_MAX {
        let (sentences, keys) = match read(flags, &without, install) {
            Ok(config) => {
                let unusable = files(&config);
                found.extend(unusable.iter().map(|line| config.with_sources(line)));
                return if found.is_empty() { Ok(config) } else { Err(found) };
            }
            Err(wrong) => wrong,
        };
        found.extend(sentences);
        let given = sources::given(flags, &without);
        let is_given = |key: &str| given.as_ref().is_ok_and(|it| it.find_value(key).is_ok());
        let removable: Vec<_> =
            keys.into_iter().filter_map(|key| given_part(key, &is_given)).collect();
        if removable.is_empty() {
            break;
        }
        without.extend(removable);
    }
    Err(found)
}

/// The key, or the section of a key that is missing.
fn given_part(mut key: String, is_given: &impl Fn(&str) -> bool) -> Option<String> {
    while !is_given(&key) {
        key.truncate(key.rfind('.')?);
    }
    (!key.is_empty()).then_some(key)
}

/// The settings without these keys, or the errors that are found at once, and the keys that they are
/// about.
fn read(
    flags: &Flags,
    without: &[String],
    install: &impl Fn(Settings) -> Result<(), StartError>,
) -> Result<Config, (Vec<String>, Vec<String>)> {
    let figment =
        sources::all(flags, without).map_err(|error| (vec![error.to_string()], vec![]))?;
    let config = Config::of(&figment, flags.clone());
    let config = config.map_err(|error| (vec![named(&error).to_string()], vec![key(&error)]))?;
    match install(config.settings()) {
        Ok(()) => Ok(config),
        Err(StartError::Settings(lines)) => {
            let keys = lines.lines().map(Config::key_of_line).collect();
            Err((config.with_sources(&lines).lines().map(str::to_owned).collect(), keys))
        }
        Err(other) => Err((vec![other.to_string()], vec![])),
    }
}
