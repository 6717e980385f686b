//! The copy of the keys of personal texts beside a backup.

use crate::store::{
    backup::{Backup, BackupError},
    evolution::keys_in,
    persons::{KeysId, check_keys, copy_keys},
};
use std::path::Path;

/// Copies the keys of personal texts.
///
/// # Errors
/// When there are none, or they cannot be read or written.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    match copy_keys(from, to) {
        Ok(true) => Ok(()),
        Ok(false) => Err(none(from)),
        Err(error) => Err(format!("the keys of personal texts cannot be copied: {error}")),
    }
}

/// Reads every key of this copy, and returns every flaw as a sentence. Keys of another store than
/// that of the backup are one.
///
/// # Errors
/// When the backup is damaged, or the disk fails.
pub(super) fn flaws(backup: &Backup, keys: &Path) -> Result<Vec<String>, BackupError> {
    let of_backup = keys_in(&backup.state()?)?;
    let checked = check_keys(keys);
    let checked = checked.map_err(|error| BackupError(format!("{}: {error}", keys.display())))?;
    let Some((found, mut flaws)) = checked else { return Ok(vec![none(keys)]) };
    flaws.extend(found.and_then(|found| of_another_store(keys, found, of_backup)));
    Ok(flaws)
}

/// Refuses keys that the store of this backup cannot use. It is called before anything is restored.
///
/// # Errors
/// Names the first flaw of the keys.
pub(super) fn check_usable(backup: &Backup, keys: &Path) -> Result<(), BackupError> {
    let Some(first) = flaws(backup, keys)?.into_iter().next() else { return Ok(()) };
    Err(BackupError(format!(
        "{first}: nothing is restored; name another copy, or restore without `--keys` and copy the \
         keys afterwards; `madang backup --check --keys` names all flaws"
    )))
}

fn of_another_store(keys: &Path, found: KeysId, of_backup: Option<KeysId>) -> Option<String> {
    let keys = keys.display();
    match of_backup {
        Some(id) if id == found => None,
        Some(id) => {
            Some(format!("{keys}: it has the keys of {found}, the backup needs those of {id}"))
        }
        None => Some(format!(
            "{keys}: it has the keys of {found}, the backup is of a store without keys"
        )),
    }
}

fn none(keys: &Path) -> String {
    format!("{}: there are no keys of personal texts here", keys.display())
}
