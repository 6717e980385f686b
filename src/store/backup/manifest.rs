//! The manifest of a backup: its files with their sizes and checksums, as JSON. The last line is
//! the checksum of everything before.

use super::BackupError;
use crate::store::types::StoreId;
use ring::digest::{self, SHA256};
use serde::{Deserialize, Serialize};
use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The format of backups that this binary writes and reads.
pub(super) const FORMAT: u32 = 1;

/// The name of the file.
pub(super) const MANIFEST: &str = "manifest.json";

/// The word before the checksum in the last line.
const CHECKSUM: &str = "sha256 ";

/// The largest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// What a file of a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Records, in order of position.
    Records,
    /// The state beside the records.
    State,
    /// Answers under idempotency keys.
    Answers,
    /// Files of keys.
    Keys,
}

impl Content {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Records, Self::State, Self::Answers, Self::Keys];

    /// The first part of the names of such files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::State => "state",
            Self::Answers => "answers",
            Self::Keys => "keys",
        }
    }
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub content: Content,
    /// The position before its first record; 0 for a file without records.
    pub after: u64,
    /// The position of its last record; 0 for a file without records.
    pub last: u64,
    /// The number of its records or answers.
    pub items: u64,
    /// Its size.
    pub bytes: u64,
    /// Its checksum (SHA-256), in hexadecimal digits.
    pub sha256: String,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The format of the backup.
    pub format: u32,
    /// The version of madang that wrote it.
    pub madang: String,
    /// The time at which it was finished (RFC 3339).
    pub time: String,
    /// The identity of the store, in hexadecimal digits; none for a store without one.
    pub store: Option<String>,
    /// The position of the last record. The backup holds all records up to there.
    pub position: u64,
    /// The greatest position of answers that were stored before any later record. An answer
    /// without a record has the position of the next one.
    pub answers_up_to: u64,
    /// The checksum of the last record alone, which shows that a store has the same history.
    pub last_record: String,
    /// The files, in the order in which they are read.
    pub files: Vec<FileEntry>,
}

impl Manifest {
    /// Reads the manifest in this folder; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, is not what was written, or has a format of a newer binary.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, BackupError> {
        let path = folder.join(MANIFEST);
        let text = match read_bounded(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BackupError::at(&path, &error)),
        };
        Self::parse(&text)
            .map(Some)
            .map_err(|reason| BackupError(format!("{}: {reason}", path.display())))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let damaged = || "the checksum of the manifest does not match".to_owned();
        let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
        let body = text.rfind(CHECKSUM).map(|at| &text[..at]).ok_or_else(damaged)?;
        if last_line(body) != text[body.len()..] {
            return Err(damaged());
        }
        let manifest: Self = serde_json::from_str(body).map_err(|error| error.to_string())?;
        if manifest.format != FORMAT {
            let found = manifest.format;
            return Err(format!(
                "the backup has format {found}, this binary knows format {FORMAT}"
            ));
        }
        Ok(manifest)
    }

    /// Replaces the manifest in this folder as a whole; it is durable on return.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let mut text = serde_json::to_string_pretty(self).expect("plain text and numbers");
        text.push('\n');
        text.push_str(&last_line(&text));
        let draft = folder.join("manifest.json.new");
        let write = || {
            let mut file = create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error: io::Error| BackupError::at(&path, &error))
    }

    /// The identity of the store as it is shown in a manifest.
    pub(super) fn shown(store: Option<StoreId>) -> Option<String> {
        store.map(|store| store.to_string())
    }

    /// The number of the last run that wrote a file.
    pub(super) fn run(&self) -> u64 {
        let numbers = self.files.iter().filter_map(|file| run_of(&file.name));
        numbers.max().unwrap_or_default()
    }

    /// The greatest position of answers that were known when the journal ended at a position.
    pub(in crate::store) const fn answers_known_at(&self, position: u64) -> u64 {
        if position == self.position { self.answers_up_to } else { position }
    }

    /// The size of all files, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// The name of the file with this content that this run writes.
pub(super) fn file_name(content: Content, run: u64) -> String {
    format!("{}-{run:08}.part", content.name())
}

/// The run that wrote the file of this name; `None` when the name is not that of such a file.
pub(super) fn run_of(name: &str) -> Option<u64> {
    let (content, number) = name.strip_suffix(".part")?.split_once('-')?;
    let is_known = Content::ALL.iter().any(|known| known.name() == content);
    number.parse().ok().filter(|_| is_known)
}

/// Creates a file for its owner alone.
pub(super) fn create(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A checksum in hexadecimal digits.
pub(super) fn hexadecimal(digest: &digest::Digest) -> String {
    digest.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The checksum of these bytes, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&digest::digest(&SHA256, bytes))
}

fn last_line(body: &str) -> String {
    format!("{CHECKSUM}{}\n", sha256(body.as_bytes()))
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::metadata(path)?.len();
    if bytes > MANIFEST_BYTES_MAX {
        let reason = format!("it is larger than {MANIFEST_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    fs::read(path)
}
