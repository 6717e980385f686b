//! Reading a backup: every byte of every file is checked against the manifest.

use super::{
    BackupError,
    chunk::{self, Chunk, Head, State},
    manifest::{self, Content, FileEntry, Manifest},
};
use ring::digest::{Context, SHA256};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

/// A backup in a folder.
pub struct Backup {
    folder: PathBuf,
    manifest: Manifest,
}

impl Backup {
    /// Opens the backup in this folder.
    ///
    /// # Errors
    /// When there is none, or its manifest is damaged.
    pub fn open(folder: &Path) -> Result<Self, BackupError> {
        let Some(manifest) = Manifest::read(folder)? else {
            let folder = folder.display();
            return Err(BackupError(format!("{folder}: there is no finished backup here")));
        };
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// What the backup holds.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads every byte, and returns every flaw as a sentence. `progress` receives the bytes read
    /// so far.
    #[must_use]
    pub fn check(&self, progress: &mut dyn FnMut(u64)) -> Vec<String> {
        let mut flaws: Vec<String> = self.gaps().into_iter().collect();
        let mut done = 0;
        for file in &self.manifest.files {
            let read = self.read_file(file, &mut |_| Ok(()), &mut |bytes| progress(done + bytes));
            flaws.extend(read.err().map(|error| error.0));
            done += file.bytes;
        }
        flaws
    }

    /// The state beside the records.
    ///
    /// # Errors
    /// When it is missing, or damaged.
    pub fn state(&self) -> Result<State, BackupError> {
        let mut state = None;
        let mut each = |chunk| {
            if let Chunk::State(found) = chunk {
                state = Some(found);
            }
            Ok(())
        };
        self.read(Content::State, &mut each, &mut |_| ())?;
        state.ok_or_else(|| BackupError("the backup has no state".to_owned()))
    }

    /// Passes the chunks of all files with this content to `each`, in order. `progress` receives
    /// the bytes read so far.
    ///
    /// # Errors
    /// When a byte is not what was written: at the latest after the last chunk of its file. Also
    /// any error that `each` returns.
    pub(in crate::store) fn read(
        &self,
        content: Content,
        each: &mut dyn FnMut(Chunk) -> Result<(), BackupError>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), BackupError> {
        self.gaps().map_or(Ok(()), |flaw| Err(BackupError(flaw)))?;
        let mut done = 0;
        for file in self.manifest.files.iter().filter(|file| file.content == content) {
            self.read_file(file, each, &mut |bytes| progress(done + bytes))?;
            done += file.bytes;
        }
        Ok(())
    }

    /// What is wrong with the order of the files, if anything is.
    fn gaps(&self) -> Option<String> {
        let mut position = 0;
        let of_records = self.manifest.files.iter().filter(|it| it.content == Content::Records);
        for file in of_records {
            if file.after != position {
                return Some(format!("{} does not follow on position {position}", file.name));
            }
            position = file.last;
        }
        let end = self.manifest.position;
        (position != end).then(|| format!("the files end at position {position} instead of {end}"))
    }

    fn read_file(
        &self,
        entry: &FileEntry,
        each: &mut dyn FnMut(Chunk) -> Result<(), BackupError>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), BackupError> {
        let path = self.folder.join(&entry.name);
        let flaw = |reason: String| BackupError(format!("{}: {reason}", path.display()));
        // The name is part of a manifest whose checksum matches, and leads to no other folder.
        if manifest::run_of(&entry.name).is_none() {
            return Err(flaw("this is not the name of a file of a backup".to_owned()));
        }
        let file = File::open(&path).map_err(|error| flaw(error.to_string()))?;
        let size = file.metadata().map_err(|error| flaw(error.to_string()))?.len();
        if size != entry.bytes {
            return Err(flaw(format!("it has {size} bytes instead of {}", entry.bytes)));
        }
        let file = BufReader::with_capacity(1 << 20, file);
        let mut input = Hashed { file, digest: Context::new(&SHA256), bytes: 0 };
        let mut order = Order { position: entry.after, items: 0 };
        match chunk::next(&mut input).map_err(flaw)? {
            Some(Chunk::Head(head)) => self.check_head(&head, entry).map_err(flaw)?,
            _ => return Err(flaw("it does not begin as a file of a backup".to_owned())),
        }
        while let Some(chunk) = chunk::next(&mut input).map_err(flaw)? {
            order.check(&chunk, entry.content).map_err(flaw)?;
            each(chunk)?;
            progress(input.bytes);
        }
        if order != (Order { position: entry.last, items: entry.items }) {
            return Err(flaw("it does not hold what the manifest says".to_owned()));
        }
        if manifest::hexadecimal(&input.digest.finish()) != entry.sha256 {
            return Err(flaw("its checksum does not match".to_owned()));
        }
        Ok(())
    }

    fn check_head(&self, head: &Head, entry: &FileEntry) -> Result<(), String> {
        if head.format != manifest::FORMAT {
            return Err(format!("it has format {}", head.format));
        }
        if head.name != entry.name || Manifest::shown(head.store) != self.manifest.store {
            return Err("it belongs to another backup".to_owned());
        }
        Ok(())
    }
}

/// The order of what was read of a file.
#[derive(PartialEq, Eq)]
struct Order {
    position: u64,
    items: u64,
}

impl Order {
    fn check(&mut self, chunk: &Chunk, content: Content) -> Result<(), String> {
        match (chunk, content) {
            (Chunk::Records(records), Content::Records) => {
                for record in records {
                    if record.position != self.position + 1 {
                        return Err(format!("position {} is missing", self.position + 1));
                    }
                    self.position = record.position;
                }
                self.items += records.len() as u64;
            }
            (Chunk::Answers(answers), Content::Answers) => self.items += answers.len() as u64,
            (Chunk::Key(..), Content::Keys) => self.items += 1,
            (Chunk::State(_), Content::State) => {}
            _ => return Err("it holds something else than its name says".to_owned()),
        }
        Ok(())
    }
}

/// A file, and the checksum of what was read of it.
struct Hashed<R> {
    file: R,
    digest: Context,
    bytes: u64,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
