//! Writing a backup: pages of a journal become files, and the manifest makes them valid.
//!
//! A run writes files that the manifest does not name yet. It replaces the manifest at its end, and
//! then deletes files that the new manifest does not name. A run that is interrupted at any point
//! leaves the last backup as it was.

use super::{
    BackupError,
    chunk::{self, Chunk, ChunkBuilder, Head, State},
    manifest::{self, Content, FileEntry, MANIFEST, Manifest},
};
use crate::store::{
    permissions::create_private_folder,
    types::{Record, StoreId},
};
use ring::digest::{Context, SHA256};
use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The size past which a file of records is closed, and a further one is begun, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// A backup that is being written.
pub struct BackupWriter {
    folder: PathBuf,
    /// The backup so far; `None` before the first one.
    before: Option<Manifest>,
    store: Option<StoreId>,
    run: u64,
    files: Vec<FileEntry>,
    open: Option<OpenFile>,
    position: u64,
    last_record: String,
    /// Keeps other runs out of the folder.
    _lock: File,
}

/// A file that is being written.
struct OpenFile {
    path: PathBuf,
    file: BufWriter<File>,
    digest: Context,
    entry: FileEntry,
}

impl BackupWriter {
    /// Opens a folder for a further run, or creates it. Files of a run that was interrupted are
    /// deleted; without a manifest, only when this run is finished.
    ///
    /// # Errors
    /// When the folder holds anything but a backup, another run uses it, its manifest is damaged, or
    /// a file that the manifest names is missing or has another size.
    pub fn open(folder: &Path) -> Result<Self, BackupError> {
        let failed = |error: &io::Error| BackupError::at(folder, error);
        create_private_folder(folder).map_err(|error| failed(&error))?;
        let lock = File::open(folder).map_err(|error| failed(&error))?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(BackupError(format!("{}: another backup runs", folder.display())));
        }
        let before = Manifest::read(folder)?;
        check_names(folder)?;
        before.as_ref().map_or(Ok(()), |before| check_sizes(folder, before))?;
        let files: Vec<FileEntry> = before.iter().flat_map(|it| &it.files).cloned().collect();
        // Without its manifest, a backup may be all that is left of a store.
        let unnamed = greatest_run(folder)?;
        let (run, position, last_record) = before.as_ref().map_or_else(
            || (unnamed + 1, 0, String::new()),
            |it| (it.run() + 1, it.position, it.last_record.clone()),
        );
        let (folder, store, open) = (folder.to_owned(), None, None);
        let writer =
            Self { folder, before, store, run, files, open, position, last_record, _lock: lock };
        if writer.is_incremental() {
            writer.delete_unnamed()?;
        }
        Ok(writer)
    }

    /// The position of the last record that is written.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Whether the folder holds a backup already.
    #[must_use]
    pub const fn is_incremental(&self) -> bool {
        self.before.is_some()
    }

    /// Begins with the store that this state belongs to.
    ///
    /// # Errors
    /// When the backup belongs to another store, or the store ends before it.
    pub fn begin(&mut self, state: &State) -> Result<(), BackupError> {
        self.store = state.store;
        let Some(before) = &self.before else { return Ok(()) };
        let folder = self.folder.display();
        if before.store != Manifest::shown(state.store) {
            return Err(BackupError(format!(
                "{folder} is the backup of another store; use another folder"
            )));
        }
        if before.position > state.position {
            return Err(BackupError(format!(
                "{folder} ends at position {}, but the store ends at {}: it has lost records, or \
                 was restored; use another folder",
                before.position, state.position
            )));
        }
        Ok(())
    }

    /// Checks that the store has the last record of the backup. `page` begins with the record at
    /// that position.
    ///
    /// # Errors
    /// When the store has another record there.
    pub fn check_last(&self, page: &[u8]) -> Result<(), BackupError> {
        let records = Chunk::records_of(page)?;
        let is_same = records.first().is_some_and(|first| {
            first.position == self.position && identity_of(first) == self.last_record
        });
        if is_same {
            return Ok(());
        }
        Err(BackupError(format!(
            "the store has another record at position {} than {}: it was restored to an earlier \
             position, and has gone on from there; use another folder",
            self.position,
            self.folder.display()
        )))
    }

    /// Adds a page of records. Returns the last position that is written.
    ///
    /// # Errors
    /// When the page does not follow on the last one, or cannot be written.
    pub fn records(&mut self, page: &[u8]) -> Result<u64, BackupError> {
        let mut last = None;
        for record in Chunk::records_of(page)? {
            if record.position != self.position + 1 {
                let (expected, found) = (self.position + 1, record.position);
                return Err(BackupError(format!(
                    "position {expected} is missing: the page has {found}"
                )));
            }
            self.position = record.position;
            last = Some(record);
        }
        let Some(last) = last else { return Ok(self.position) };
        self.last_record = identity_of(&last);
        let position = self.position;
        let file = self.file(Content::Records)?;
        file.write(page)?;
        file.entry.items += position - file.entry.last;
        file.entry.last = position;
        if file.entry.bytes > FILE_BYTES_MAX {
            self.close()?;
            self.run += 1;
        }
        Ok(position)
    }

    /// Adds a page of answers. Returns the hash of the last key; `None` after the last page.
    ///
    /// # Errors
    /// When the page holds anything else, or cannot be written.
    pub fn answers(&mut self, page: &[u8]) -> Result<Option<u128>, BackupError> {
        let (mut last, mut items) = (None, 0);
        for chunk in Chunk::all_of(page).map_err(BackupError)? {
            let Chunk::Answers(answers) = chunk else {
                return Err(BackupError("a page of answers holds something else".to_owned()));
            };
            items += answers.len() as u64;
            last = answers.last().map(|(key, _)| *key).or(last);
        }
        let file = self.file(Content::Answers)?;
        file.write(page)?;
        file.entry.items += items;
        Ok(last)
    }

    /// Adds the state beside the records, as of the last position that is written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn state(&mut self, page: &[u8]) -> Result<(), BackupError> {
        self.file(Content::State)?.write(page)
    }

    /// Adds a file of keys of the data folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn key(&mut self, name: &str, content: &[u8]) -> Result<(), BackupError> {
        let mut builder = ChunkBuilder::default();
        builder.key(name, content);
        let file = self.file(Content::Keys)?;
        file.write(&builder.finish())?;
        file.entry.items += 1;
        Ok(())
    }

    /// Ends the run: writes the manifest, and deletes what it does not name. Keys of an earlier run
    /// are kept when this one added none.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(mut self, time: String, answers_up_to: u64) -> Result<Manifest, BackupError> {
        self.close()?;
        let run_of = |file: &FileEntry| manifest::run_of(&file.name);
        let latest = |content: Content| {
            self.files.iter().filter(|file| file.content == content).filter_map(run_of).max()
        };
        let kept: Vec<(Content, Option<u64>)> =
            Content::ALL.into_iter().map(|content| (content, latest(content))).collect();
        let is_kept = |file: &FileEntry| {
            file.content == Content::Records || kept.contains(&(file.content, run_of(file)))
        };
        let mut files: Vec<FileEntry> =
            self.files.iter().filter(|file| is_kept(file)).cloned().collect();
        files.sort_by_key(|file| (file.content as u8, run_of(file)));
        let written = Manifest {
            format: manifest::FORMAT,
            madang: env!("CARGO_PKG_VERSION").to_owned(),
            time,
            store: Manifest::shown(self.store),
            position: self.position,
            answers_up_to,
            last_record: self.last_record.clone(),
            files,
        };
        // The names of the files are durable before the manifest is.
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| BackupError::at(&self.folder, &error))?;
        written.write(&self.folder)?;
        self.before = Some(written.clone());
        self.delete_unnamed()?;
        Ok(written)
    }

    /// The open file with this content; another one that is open is closed.
    fn file(&mut self, content: Content) -> Result<&mut OpenFile, BackupError> {
        if self.open.as_ref().is_some_and(|open| open.entry.content != content) {
            self.close()?;
        }
        if self.open.is_none() {
            let after = match (content, self.files.iter().rfind(|it| it.last > 0)) {
                (Content::Records, Some(last)) => last.last,
                _ => 0,
            };
            let name = manifest::file_name(content, self.run);
            let head = Head { format: manifest::FORMAT, store: self.store, name: name.clone() };
            self.open = Some(OpenFile::create(&self.folder, (content, after), &head)?);
        }
        Ok(self.open.as_mut().expect("a file is open"))
    }

    fn close(&mut self) -> Result<(), BackupError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.files.push(open.close()?);
        Ok(())
    }

    /// Deletes files of runs that the manifest does not name.
    fn delete_unnamed(&self) -> Result<(), BackupError> {
        let failed = |error: io::Error| BackupError::at(&self.folder, &error);
        let is_named = |name: &str| {
            self.before.iter().flat_map(|before| &before.files).any(|file| file.name == name)
        };
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if manifest::run_of(&name).is_some() && !is_named(&name) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl OpenFile {
    fn create(
        folder: &Path,
        (content, after): (Content, u64),
        head: &Head,
    ) -> Result<Self, BackupError> {
        let path = folder.join(&head.name);
        let file = manifest::create(&path).map_err(|error| BackupError::at(&path, &error))?;
        let entry = FileEntry {
            name: head.name.clone(),
            content,
            after,
            last: after,
            items: 0,
            bytes: 0,
            sha256: String::new(),
        };
        let (file, digest) = (BufWriter::with_capacity(1 << 20, file), Context::new(&SHA256));
        let mut open = Self { path, file, digest, entry };
        let mut builder = ChunkBuilder::default();
        builder.head(head);
        open.write(&builder.finish())?;
        Ok(open)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.file.write_all(bytes).map_err(|error| BackupError::at(&self.path, &error))?;
        self.digest.update(bytes);
        self.entry.bytes += bytes.len() as u64;
        Ok(())
    }

    fn close(self) -> Result<FileEntry, BackupError> {
        let Self { path, mut file, digest, mut entry } = self;
        let synced = file.flush().and_then(|()| file.get_ref().sync_all());
        synced.map_err(|error| BackupError::at(&path, &error))?;
        entry.sha256 = manifest::hexadecimal(&digest.finish());
        Ok(entry)
    }
}

/// The number of the last run whose files are in this folder; 0 when there are none.
fn greatest_run(folder: &Path) -> Result<u64, BackupError> {
    let read = || {
        let mut greatest = 0;
        for entry in fs::read_dir(folder)? {
            let run = manifest::run_of(&entry?.file_name().to_string_lossy());
            greatest = greatest.max(run.unwrap_or_default());
        }
        Ok(greatest)
    };
    read().map_err(|error: io::Error| BackupError::at(folder, &error))
}

/// Refuses a folder that holds something else than a backup.
fn check_names(folder: &Path) -> Result<(), BackupError> {
    let failed = |error: io::Error| BackupError::at(folder, &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(MANIFEST) || manifest::run_of(&name).is_some();
        if !is_ours && name != "lost+found" {
            let folder = folder.display();
            return Err(BackupError(format!(
                "{folder} holds {name}, which is no part of a backup"
            )));
        }
    }
    Ok(())
}

/// Refuses to continue a backup whose files are not all there.
fn check_sizes(folder: &Path, before: &Manifest) -> Result<(), BackupError> {
    let is_whole = |file: &&FileEntry| {
        fs::metadata(folder.join(&file.name)).is_ok_and(|found| found.len() == file.bytes)
    };
    let damaged = before.files.iter().find(|file| !is_whole(file));
    damaged.map_or(Ok(()), |file| {
        let (folder, name) = (folder.display(), &file.name);
        Err(BackupError(format!(
            "{folder} is damaged: {name} is missing or has another size than it was written with; \
             back up into another folder"
        )))
    })
}

fn identity_of(record: &Record) -> String {
    manifest::sha256(&chunk::alone(record))
}
