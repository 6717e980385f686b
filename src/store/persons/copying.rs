//! A copy of the folder of the keys, beside backups. It is brought up to date in its place, so that
//! the copy of a destroyed key is overwritten as well.

use super::{folder::KeyFolder, keys::SLOT_BYTES};
use crate::files;
use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

/// The bytes that are copied at once.
const BYTES_AT_ONCE: u64 = 1 << 20;

/// Copies the keys of one folder to another, durably. A server may have them open meanwhile. Returns
/// `false` when there are none.
///
/// # Errors
/// When the other folder has the keys of another store, or a file cannot be read or written.
pub fn copy_keys(from: &Path, to: &Path) -> io::Result<bool> {
    // Files that are made after this have no key that the records of a backup before need.
    let Some(folder) = KeyFolder::read(from)? else { return Ok(false) };
    if let Some(there) = KeyFolder::read(to)?.filter(|there| there.id() != folder.id()) {
        let (shown, other) = (to.display(), there.id());
        let reason = format!("{shown} has the keys of another store, {other}");
        return Err(io::Error::new(ErrorKind::AlreadyExists, reason));
    }
    files::private_folder(to)?;
    for name in folder.files() {
        copy_file(&from.join(&name), &to.join(&name)).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", from.join(&name).display()))
        })?;
    }
    folder.write_to(to)?;
    Ok(true)
}

/// Copies the parts of a file that take space.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let from = File::open(from)?;
    let to = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(to)?;
    to.set_len(from.metadata()?.len())?;
    each_part(&from, &mut |start, bytes| to.write_all_at(bytes, start))?;
    to.sync_all()
}

/// Passes the parts of a file that take space, each with its place in bytes. A part begins with a
/// whole slot.
pub(super) fn each_part(
    file: &File,
    each: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (length, mut end) = (file.metadata()?.len(), 0);
    while end < length {
        let data = match seek(file, SeekFrom::Data(end)) {
            Ok(data) => data,
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let start = data - data % SLOT_BYTES as u64;
        end = seek(file, SeekFrom::Hole(data))?.min(start + BYTES_AT_ONCE);
        let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, start)?;
        each(start, &bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::persons::{BusinessKeys, Key, KeysId};
    use std::{fs, os::unix::fs::MetadataExt as _, sync::Arc};

    const FAR: u64 = 1 << 31;

    fn keys(path: &Path, id: KeysId) -> BusinessKeys {
        BusinessKeys::of(Arc::new(KeyFolder::open(path, id).unwrap()), "taxi".to_owned())
    }

    #[test]
    fn a_copy_has_the_keys_and_follows_those_that_are_destroyed() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("persons"), folder.path().join("copy"));
        assert!(!copy_keys(&from, &to).unwrap());
        let id = KeyFolder::begin(&from).unwrap().id();
        let made = keys(&from, id);
        for number in [7, FAR] {
            assert!(matches!(made.get_or_make(number).unwrap(), Key::Whole(_)));
            assert!(copy_keys(&from, &to).unwrap());
        }
        let space = fs::metadata(to.join("taxi-0.keys")).unwrap().blocks() * 512;
        assert!(space < 1 << 20, "{space}");
        let first = |path: &Path| {
            let mut bytes = vec![0; 4_096];
            File::open(path.join("taxi-0.keys")).unwrap().read_exact_at(&mut bytes, 0).unwrap();
            bytes
        };
        assert_eq!(first(&to), first(&from));
        assert!(matches!(keys(&to, id).get(FAR).unwrap(), Key::Whole(_)));
        made.destroy(7).unwrap();
        assert!(copy_keys(&from, &to).unwrap());
        assert!(matches!(keys(&to, id).get(7).unwrap(), Key::Destroyed));
        let other = folder.path().join("other");
        KeyFolder::begin(&other).unwrap();
        assert!(copy_keys(&from, &other).is_err(), "it is that of another store");
    }
}
