//! The paths of the files of a view.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Returns the path with this ending appended.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
