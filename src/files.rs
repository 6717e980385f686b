//! Files of keys and accounts: read with a limit, written for the owner alone. Also the names of files
//! that belong to another one, and the look for changes of files.

use rustix::process::geteuid;
use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The pause between two looks at files that are read again when they change.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The mode of a folder that only the owner can access.
const FOLDER_MODE: u32 = 0o700;
/// The mode of a private file.
pub const FILE_MODE: u32 = 0o600;

/// The bits of a mode that are shown.
const MODE_BITS: u32 = 0o7777;

/// The access of other users.
const OTHERS: u32 = 0o077;

/// Returns the result of an access to a file; `None` when the file does not exist.
pub fn unless_missing<T>(accessed: io::Result<T>) -> io::Result<Option<T>> {
    match accessed {
        Ok(result) => Ok(Some(result)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the path with this ending appended: the name of a file that belongs to another one.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the absolute path without links, also of what does not exist yet.
pub fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let joined = there.and_then(|(part, found)| {
        let rest = path.strip_prefix(part).ok()?;
        Some(if rest.as_os_str().is_empty() { found } else { found.join(rest) })
    });
    joined.unwrap_or(path)
}

/// Removes a file, if there is one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    unless_missing(fs::remove_file(path)).map(drop)
}

/// Reads a text file. The error names the file and never shows its content.
pub fn read_text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let bytes = read(path).map_err(|error| denied(path, error));
    let bytes = bytes.map_err(|error| format!("the file {shown} cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("the file {shown} is not text"))
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let reason = format!("it is larger than {FILE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

/// Reads a file of the data folder, if it exists. Other users lose their access to it.
pub fn read_private(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let read = read(path).map_err(|error| denied(path, error));
    let Some(bytes) = unless_missing(read)? else { return Ok(None) };
    make_private(path, FILE_MODE).map_err(|error| denied(path, error))?;
    Ok(Some(bytes))
}

/// Adds to an error of a denied access to a private file: the owner and the mode that it has, those
/// that are expected, and the command that sets them.
pub fn denied(path: &Path, error: io::Error) -> io::Error {
    let found = fs::metadata(path).ok().filter(|_| error.kind() == io::ErrorKind::PermissionDenied);
    let Some(found) = found else { return error };
    let (owner, me) = (found.uid(), geteuid().as_raw());
    let chmod = mending_mode(path);
    let mend = if owner == me {
        format!("`{chmod}`")
    } else {
        format!("`chown {me} {} && {chmod}`, as root,", path.display())
    };
    let mode = found.permissions().mode() & MODE_BITS;
    let reason = format!(
        "{error}: the mode of the file is {mode:04o} and its owner is the user {owner}; expected are \
         {FILE_MODE:04o} and the user of this process, {me}; {mend} sets them"
    );
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}

/// The command that gives a private file its mode.
pub fn mending_mode(path: &Path) -> String {
    format!("chmod {FILE_MODE:o} {}", path.display())
}

/// Creates a folder and those above it, if they do not exist. Other users lose their access to it.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)?;
    make_private(path, FOLDER_MODE)
}

/// Writes a new file. Returns `false` and changes nothing when the file exists: another process
/// wrote it.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let draft = write_draft(path, bytes)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => sync_folder_of(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a file, or replaces it as a whole.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::rename(write_draft(path, bytes)?, path)?;
    sync_folder_of(path)
}

/// Writes the bytes durably into a file beside `path`. The name contains the process, because
/// `madang token` may run beside the server.
fn write_draft(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{:?}.new", std::process::id(), std::thread::current().id()));
    let draft = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(FILE_MODE);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    make_private(&draft, FILE_MODE)?;
    Ok(draft)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Sets the mode, if others have access.
fn make_private(path: &Path, mode: u32) -> io::Result<()> {
    let is_shared = fs::metadata(path)?.permissions().mode() & OTHERS != 0;
    if is_shared { fs::set_permissions(path, Permissions::from_mode(mode)) } else { Ok(()) }
}

/// The time of the last change of a file, and its size in bytes.
pub type Stamp = (SystemTime, u64);

/// The stamp of a file, if there is one.
pub fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// The times to look at files that are read again when their stamps change.
pub fn looks() -> Interval {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_access_names_the_modes_and_the_command_that_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("webhooks.key");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o044)).unwrap();
        let said = denied(&file, io::ErrorKind::PermissionDenied.into()).to_string();
        let command = format!("`chmod 600 {}` sets them", file.display());
        for words in ["the mode of the file is 0044", "expected are 0600", &command] {
            assert!(said.contains(words), "{words}: {said}");
        }
        let other = denied(&file, io::ErrorKind::NotFound.into());
        assert_eq!(other.kind(), io::ErrorKind::NotFound);
    }
}
