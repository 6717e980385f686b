//! The target of a restore or an import: a folder that is empty, with a marker until all is done.

use super::at;
use crate::store::{backup::BackupError, disk::files, permissions::create_private_folder};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A data folder that is being filled. It is refused by everything else until [`Self::end`].
#[derive(Debug)]
pub struct Target {
    data: PathBuf,
    marker: PathBuf,
    /// The marker, locked: no other restore begins meanwhile.
    _lock: File,
}

impl Target {
    /// Refuses a folder with any content but that of an interrupted restore or import.
    ///
    /// # Errors
    /// When there is other content, or the folder cannot be read.
    pub fn check(data: &Path) -> Result<(), BackupError> {
        if marker_of(data).exists() {
            return Ok(());
        }
        match names_in(data) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at(data, &error)),
            Ok(names) if names.is_empty() => Ok(()),
            Ok(names) => Err(BackupError(format!(
                "{} is not empty: it holds {}; use a new folder",
                data.display(),
                names[0].display()
            ))),
        }
    }

    /// Creates the folder and the marker, and removes what an interrupted restore has left.
    ///
    /// # Errors
    /// As [`Self::check`], or when the folder cannot be written.
    pub fn begin(data: &Path) -> Result<Self, BackupError> {
        Self::check(data)?;
        let marker = marker_of(data);
        let begin = || {
            create_private_folder(data)?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&marker)?;
            if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
                return Err(io::Error::other("another restore writes into this folder"));
            }
            file.sync_all()?;
            File::open(data)?.sync_all()?;
            for path in names_in(data)?.into_iter().map(|name| data.join(name)) {
                match fs::symlink_metadata(&path)?.is_dir() {
                    _ if path == marker => {}
                    true => fs::remove_dir_all(&path)?,
                    false => fs::remove_file(&path)?,
                }
            }
            File::open(data)?.sync_all()?;
            Ok(file)
        };
        let lock = begin().map_err(|error: io::Error| at(data, &error))?;
        Ok(Self { data: data.to_owned(), marker, _lock: lock })
    }

    /// Removes the marker: the folder holds everything, durably.
    ///
    /// # Errors
    /// When the marker cannot be removed.
    pub fn end(self) -> Result<(), BackupError> {
        let end = || {
            fs::remove_file(&self.marker)?;
            File::open(&self.data)?.sync_all()
        };
        end().map_err(|error: io::Error| at(&self.marker, &error))
    }
}

fn marker_of(data: &Path) -> PathBuf {
    files::unfinished_marker(&data.join("journal"))
}

/// The names in a folder, without the one that file systems of their own have.
fn names_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(PathBuf::from(entry?.file_name())));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    Ok(names.into_iter().filter(|name| name != Path::new("lost+found")).collect())
}
