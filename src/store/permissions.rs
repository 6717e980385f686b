//! File permissions of the data: only the owner may read it. Files are 0600 and folders 0700.
//!
//! The mode of the data folder denies other users everything below it. The modes of the files below
//! matter when they are moved or copied elsewhere.

use rustix::process::geteuid;
use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The mode bits that let any user but the owner read, write or enter.
const OF_OTHERS: u32 = 0o077;

/// The mode bits of permission, without those of the file type.
const ALL: u32 = 0o7777;

/// The mode of folders that are created.
const FOLDER: u32 = 0o700;

/// Deepest level of nested folders that is visited; a store has three.
const DEPTH_MAX: u32 = 16;

/// The result of removing permissions of other users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tightened {
    /// Number of files and folders whose permissions for others were removed.
    pub changed: u64,
    /// Number of files and folders that others still have permissions for.
    pub failed: u64,
    /// The first failure, with its path.
    pub reason: Option<String>,
}

/// Creates a folder, and missing folders above it, for the owner alone. An existing folder is left
/// as it is.
///
/// # Errors
/// When it cannot be created.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)
}

/// Refuses a data folder that this process would make unusable for its server, or cannot use itself:
/// root in the folder of another user would leave files there that only root may write.
///
/// # Errors
/// What to do instead, as a sentence.
pub fn check_owner(home: &Path) -> Result<(), String> {
    let owner = |path: &Path| fs::metadata(path).map(|found| found.uid()).ok();
    let files = [home.join("journal.mark"), home.join("journal")];
    let files = files.map(|path| (owner(&path), path));
    refuse_foreign((home, owner(home)), &files, geteuid().as_raw())
}

/// Refuses a user by the numbers of the owners; `None` for what does not exist.
fn refuse_foreign(
    (home, owner): (&Path, Option<u32>),
    files: &[(Option<u32>, PathBuf)],
    me: u32,
) -> Result<(), String> {
    let home = home.display();
    if let (0, Some(owner @ 1..)) = (me, owner) {
        return Err(format!(
            "{home} belongs to the user with the number {owner}, and root would leave files in it \
             that this user cannot write: run the command as its owner, such as with \
             `sudo -u '#{owner}'`"
        ));
    }
    let is_foreign = |owner: &Option<u32>| me != 0 && owner.is_some_and(|owner| owner != me);
    let foreign = files.iter().find(|(owner, _)| is_foreign(owner));
    foreign.map_or(Ok(()), |(_, path)| {
        let path = path.display();
        Err(format!(
            "{path} belongs to another user than the one of this process, with the number {me}: run \
             the command as the owner, or change the owner as root, with `chown -R {me} {home}`"
        ))
    })
}

/// Removes every permission of other users for this folder and all files and folders in it.
/// Symbolic links in it are not followed. A failure is counted, and the rest continues. A folder
/// that belongs to another user can still be used.
#[must_use]
pub fn tighten(folder: &Path) -> Tightened {
    let mut tightened = Tightened::default();
    // The folder itself may be reached through a link that its owner has set.
    tightened.take(folder, fs::metadata(folder), DEPTH_MAX);
    tightened
}

impl Tightened {
    fn take(&mut self, path: &Path, metadata: io::Result<fs::Metadata>, depth_left: u32) {
        let metadata = match metadata {
            // A file deleted meanwhile needs no change.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.fail(path, &error),
            Ok(metadata) => metadata,
        };
        let (is_folder, mode) = (metadata.is_dir(), metadata.permissions().mode());
        if !is_folder && !metadata.is_file() {
            return;
        }
        if mode & OF_OTHERS != 0 {
            match fs::set_permissions(path, Permissions::from_mode(mode & ALL & !OF_OTHERS)) {
                Ok(()) => self.changed += 1,
                Err(error) => self.fail(path, &error),
            }
        }
        if is_folder && depth_left > 0 {
            self.take_all_in(path, depth_left - 1);
        }
    }

    fn take_all_in(&mut self, folder: &Path, depth_left: u32) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fail(folder, &error),
        };
        for entry in entries {
            match entry {
                // The metadata of a link is that of the link itself.
                Ok(entry) => self.take(&entry.path(), entry.metadata(), depth_left),
                Err(error) => self.fail(folder, &error),
            }
        }
    }

    fn fail(&mut self, path: &Path, error: &io::Error) {
        self.failed += 1;
        self.reason.get_or_insert_with(|| format!("{}: {error}", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & ALL
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn permissions_of_other_users_are_removed_for_a_folder_and_its_content() {
        let outside = tempfile::tempdir().unwrap();
        let data = outside.path().join("data");
        let inner = data.join("journal/blobs");
        fs::create_dir_all(&inner).unwrap();
        let (file, foreign) = (inner.join("db"), outside.path().join("foreign"));
        for path in [&file, &foreign] {
            fs::write(path, "x").unwrap();
            set_mode(path, 0o644);
        }
        for folder in [&data, &data.join("journal"), &inner] {
            set_mode(folder, 0o755);
        }
        symlink(&foreign, data.join("link")).unwrap();

        assert_eq!(tighten(&data), Tightened { changed: 4, failed: 0, reason: None });

        assert_eq!(mode(&file), 0o600);
        for folder in [&data, &data.join("journal"), &inner] {
            assert_eq!(mode(folder), 0o700);
        }
        assert_eq!(mode(&foreign), 0o644, "a link is not followed");
        assert_eq!(tighten(&data), Tightened::default(), "the second call changes nothing");
    }

    #[test]
    fn a_folder_is_created_for_its_owner_alone() {
        let outside = tempfile::tempdir().unwrap();
        let data = outside.path().join("a/data");
        create_private_folder(&data).unwrap();
        assert_eq!((mode(&data), mode(&outside.path().join("a"))), (0o700, 0o700));
        create_private_folder(&data).unwrap();
    }

    #[test]
    fn root_and_other_users_than_the_owner_are_refused() {
        let home = Path::new("/data");
        let refusal = |me: u32, home_of: Option<u32>, mark_of: Option<u32>| {
            let files = [(mark_of, home.join("journal.mark"))];
            refuse_foreign((home, home_of), &files, me).err()
        };
        for (me, home_of, mark_of) in
            [(0, Some(0), Some(0)), (7, Some(7), Some(7)), (7, None, None), (7, Some(0), Some(7))]
        {
            assert_eq!(refusal(me, home_of, mark_of), None, "{me}, {home_of:?}, {mark_of:?}");
        }
        let root = refusal(0, Some(7), Some(7)).unwrap();
        assert!(root.contains("sudo -u '#7'"), "{root}");
        let other = refusal(7, Some(7), Some(0)).unwrap();
        assert!(other.starts_with("/data/journal.mark belongs to another user"), "{other}");
        assert!(other.ends_with("with `chown -R 7 /data`"), "{other}");
        check_owner(tempfile::tempdir().unwrap().path()).unwrap();
    }

    #[test]
    fn a_missing_folder_is_no_error() {
        let outside = tempfile::tempdir().unwrap();
        assert_eq!(tighten(&outside.path().join("none")), Tightened::default());
    }
}
