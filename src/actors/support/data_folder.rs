//! Restricts the data folder to its owner when it is opened.

use crate::store::permissions::{Tightened, create_private_folder, tighten};
use std::{fmt::Display, path::Path};

/// Creates the data folder if needed, and takes the permissions for all its files from other users.
/// A warning is logged for files that were there already.
///
/// # Errors
/// When the folder cannot be created.
pub(in crate::actors) fn restrict(data: &Path) -> Result<(), String> {
    create_private_folder(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let Tightened { changed, failed, reason } = tighten(data);
    let folder = data.display();
    if changed > 0 {
        tracing::warn!(
            %folder,
            changed,
            "other users of this machine could read the data; files are 0600 and folders 0700 now"
        );
    }
    if let Some(reason) = reason {
        tracing::error!(%folder, failed, reason, "other users of this machine may read the data");
    }
    Ok(())
}

/// Opens the contents of the data folder between two restrictions, so that files that the opening
/// creates are restricted as well.
///
/// # Errors
/// When the folder cannot be created, or its contents cannot be opened.
pub(in crate::actors) fn opened<T, E: Display>(
    data: &Path,
    open: impl FnOnce() -> Result<T, E>,
) -> Result<T, String> {
    restrict(data)?;
    let opened = open().map_err(|error| error.to_string())?;
    // An embedding application may have another umask than the binary.
    let _ = tighten(data);
    Ok(opened)
}
