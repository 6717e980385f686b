//! The folder of the keys, with a file that says which keys it has. The store remembers the identity
//! of the folder. So a folder that is lost, or that of another store, is told apart from keys that
//! were destroyed.
//!
//! ```text
//! madang keys of 5f0c…                 the identity
//! lost keys are given up               only after that: what they encrypt is shown as erased
//! taxi-0.keys                          one line for each file of keys
//! ```

use crate::{files, sync};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The folder of the keys in the data folder.
pub const FOLDER: &str = "persons";

/// The file that names the identity and the files.
const CONTENTS: &str = "contents";

/// The end of the names of files of keys.
pub(super) const EXTENSION: &str = "keys";

const FIRST_LINE: &str = "madang keys of ";

const GIVEN_UP: &str = "lost keys are given up";

/// The identity of a folder of keys. Stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysId(pub [u8; 16]);

impl fmt::Display for KeysId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The folder of the keys of a store.
pub struct KeyFolder {
    path: PathBuf,
    id: KeysId,
    is_given_up: bool,
    files: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for KeyFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

impl KeyFolder {
    /// Opens the folder with this identity.
    ///
    /// # Errors
    /// When it is missing, belongs to another store, is damaged, or lacks a file.
    pub fn open(path: &Path, id: KeysId) -> io::Result<Self> {
        let Some(found) = Self::read(path)? else {
            return Err(because(path, ErrorKind::NotFound, "it is missing"));
        };
        if found.id != id {
            let reason = format!("it has the keys of {}, not those of {id}", found.id);
            return Err(because(path, ErrorKind::InvalidData, &reason));
        }
        let missing =
            sync::lock(&found.files).iter().find(|file| !path.join(file).is_file()).cloned();
        missing.map_or(Ok(found), |file| Err(lacks(path, &file)))
    }

    /// Begins the folder of a store that has encrypted nothing yet, durably. A folder without keys
    /// is taken as it is.
    ///
    /// # Errors
    /// When there are keys in it, or it cannot be written.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let has_keys = |path: &Path| path.extension().is_some_and(|name| name == EXTENSION);
        if files_in(path)?.iter().any(|file| has_keys(file)) {
            return Err(because(
                path,
                ErrorKind::AlreadyExists,
                "it has the keys of another store",
            ));
        }
        if let Some(found) = Self::read(path)?.filter(|found| sync::lock(&found.files).is_empty()) {
            return Ok(found);
        }
        let id = KeysId(crate::random::secret().map_err(io::Error::other)?);
        Self::written(path, id, false)
    }

    /// Gives up the keys that are lost: what they encrypt is shown as erased from now on. The keys
    /// that are there stay.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn give_up_lost(path: &Path, id: KeysId) -> io::Result<()> {
        let is_whole = |found: &Self| found.id == id;
        match Self::read(path) {
            Ok(None) => {}
            Ok(Some(found)) if is_whole(&found) => {}
            Ok(Some(found)) => {
                let reason = format!("it has the keys of {}, not those of {id}", found.id);
                return Err(because(path, ErrorKind::InvalidData, &reason));
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {}
            Err(error) => return Err(error),
        }
        Self::written(path, id, true).map(drop)
    }

    /// Whether a value whose key is missing is shown as erased. Otherwise it is an error.
    #[must_use]
    pub const fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    /// The identity.
    #[must_use]
    pub const fn id(&self) -> KeysId {
        self.id
    }

    /// The path of a file of keys.
    pub(super) fn path_of(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// Whether this file of keys is named.
    pub(super) fn has(&self, file: &str) -> bool {
        sync::lock(&self.files).contains(file)
    }

    /// The error that a named file is not there.
    pub(super) fn lacks(&self, file: &str) -> io::Error {
        lacks(&self.path, file)
    }

    /// Names a file of keys, durably. It is called before the first of its keys is used.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn add(&self, file: &str) -> io::Result<()> {
        let mut files = sync::lock(&self.files);
        let mut named = files.clone();
        named.insert(file.to_owned());
        self.write(&named)?;
        *files = named;
        Ok(())
    }

    /// Writes the contents with the files that are there.
    fn written(path: &Path, id: KeysId, is_given_up: bool) -> io::Result<Self> {
        files::private_folder(path)?;
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            File::open(above)?.sync_all()?;
        }
        let name = |file: &PathBuf| Some(file.file_name()?.to_str()?.to_owned());
        let files = files_in(path)?.iter().filter_map(name).collect::<BTreeSet<_>>();
        let files = files.into_iter().filter(|name| name.ends_with(EXTENSION)).collect();
        let folder = Self { path: path.to_owned(), id, is_given_up, files: Mutex::new(files) };
        folder.write(&sync::lock(&folder.files))?;
        Ok(folder)
    }

    /// The files of keys.
    pub(super) fn files(&self) -> BTreeSet<String> {
        sync::lock(&self.files).clone()
    }

    /// Writes the contents of a copy with the same files.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn write_to(&self, copy: &Path) -> io::Result<()> {
        let files = self.files();
        let path = copy.to_owned();
        let copy =
            Self { path, id: self.id, is_given_up: self.is_given_up, files: Mutex::default() };
        copy.write(&files)
    }

    fn write(&self, files: &BTreeSet<String>) -> io::Result<()> {
        let mut text = format!("{FIRST_LINE}{}\n", self.id);
        if self.is_given_up {
            text.push_str(GIVEN_UP);
            text.push('\n');
        }
        for file in files {
            let _ = writeln!(text, "{file}");
        }
        files::replace_private(&self.path.join(CONTENTS), text.as_bytes())
    }

    /// Reads the contents; `None` when there are none.
    ///
    /// # Errors
    /// When they cannot be read, or are damaged.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let Some(bytes) = files::unless_missing(files::read(&path.join(CONTENTS)))? else {
            return Ok(None);
        };
        let read = String::from_utf8(bytes).ok().and_then(|text| Self::of(path, &text));
        let damaged = || because(path, ErrorKind::InvalidData, "its file `contents` is damaged");
        read.ok_or_else(damaged).map(Some)
    }

    fn of(path: &Path, text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n').peekable();
        let hex = lines.next()?.strip_prefix(FIRST_LINE)?;
        let number = u128::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 32)?;
        let is_given_up = lines.next_if_eq(&GIVEN_UP).is_some();
        let files: BTreeSet<String> = lines.map(str::to_owned).collect();
        let id = KeysId(number.to_be_bytes());
        let is_file = |file: &String| file.ends_with(EXTENSION) && !file.contains('/');
        files.iter().all(is_file).then(|| Self {
            path: path.to_owned(),
            id,
            is_given_up,
            files: Mutex::new(files),
        })
    }
}

/// The files in a folder; none when there is no folder.
fn files_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(entries) = files::unless_missing(fs::read_dir(path))? else { return Ok(Vec::new()) };
    entries.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn lacks(path: &Path, file: &str) -> io::Error {
    because(path, ErrorKind::NotFound, &format!("its file {file} is missing"))
}

fn because(path: &Path, kind: ErrorKind, reason: &str) -> io::Error {
    let shown = path.display();
    io::Error::new(
        kind,
        format!(
            "the keys of personal texts in {shown} cannot be used: {reason}; copy the folder that \
             belongs to this store there, or, when it is lost, move this one away and run `madang \
             erase --lost-keys`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "taxi-0.keys";

    fn refusal(path: &Path, id: KeysId) -> String {
        KeyFolder::open(path, id).unwrap_err().to_string()
    }

    /// A folder with one file of keys.
    fn folder(path: &Path) -> KeysId {
        let folder = KeyFolder::begin(path).unwrap();
        fs::write(path.join(FILE), "").unwrap();
        folder.add(FILE).unwrap();
        folder.id()
    }

    #[test]
    fn a_folder_is_opened_again_by_its_store_alone() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let begun = KeyFolder::begin(&one.path().join(FOLDER)).unwrap().id();
        assert_eq!(KeyFolder::begin(&one.path().join(FOLDER)).unwrap().id(), begun, "no keys yet");
        let id = folder(&other.path().join(FOLDER));
        assert_eq!(KeyFolder::open(&other.path().join(FOLDER), id).unwrap().id(), id);
        assert!(refusal(&other.path().join(FOLDER), begun).contains("not those of"));
        let begun = KeyFolder::begin(&other.path().join(FOLDER)).unwrap_err();
        assert!(begun.to_string().contains("of another store"), "{begun}");
    }

    #[test]
    fn a_lost_folder_or_file_is_an_error_until_it_is_given_up() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(FOLDER);
        let id = folder(&path);
        fs::remove_file(path.join(FILE)).unwrap();
        assert!(refusal(&path, id).contains("its file taxi-0.keys is missing"));
        fs::write(path.join(CONTENTS), "madang keys of x\n").unwrap();
        assert!(refusal(&path, id).contains("is damaged"));
        fs::remove_dir_all(&path).unwrap();
        assert!(refusal(&path, id).contains("it is missing"));
        KeyFolder::give_up_lost(&path, id).unwrap();
        assert!(KeyFolder::open(&path, id).unwrap().is_given_up());
        let other = KeysId([7; 16]);
        assert!(
            KeyFolder::give_up_lost(&path, other).unwrap_err().to_string().contains("not those")
        );
    }
}
