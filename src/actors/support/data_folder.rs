//! Keeps the data folder for its owner alone when it is opened.

use crate::store::permissions::{Tightened, create_private_folder, tighten};
use std::{fmt::Display, path::Path};

/// Opens what is in the data folder. The folder is created before, if need be, and others lose their
/// permissions for all that is in it: for what was there already with a line in the log, and for
/// what is created in it by the opening.
///
/// # Errors
/// When the folder cannot be created, or what is in it not be opened.
pub(in crate::actors) fn opened<T, E: Display>(
    data: &Path,
    open: impl FnOnce() -> Result<T, E>,
) -> Result<T, String> {
    create_private_folder(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let Tightened { changed, failed, because } = tighten(data);
    let folder = data.display();
    if changed > 0 {
        tracing::warn!(
            %folder,
            changed,
            "other users of this machine could read the data; files are 0600 and folders 0700 now"
        );
    }
    if let Some(because) = because {
        tracing::error!(%folder, failed, because, "other users of this machine may read the data");
    }
    let opened = open().map_err(|error| error.to_string())?;
    // An embedder may have another umask than the binary has.
    let _ = tighten(data);
    Ok(opened)
}
