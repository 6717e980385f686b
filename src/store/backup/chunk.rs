//! The chunks of a backup: what a journal returns, and what the files of a backup consist of.
//!
//! ```text
//! chunk     length u32 LE | codec u8 | letter u8 | content | crc32 u32 LE
//! H         the file that begins here
//! R         stream, version and record, again and again
//! A         hash of the key, and the answer with its expiry, again and again
//! S         the state of the journal beside the records
//! K         the name and the content of a file of keys
//! N         stream and snapshot, again and again; in pages only
//! ```

use crate::store::{
    codec::{self, CodecError, Frame},
    disk::{next_record, push_record},
    types::{KeptAnswer, KindId, Record, Snapshot, StoreId, Stream},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    io::{self, Read},
    sync::Arc,
};

/// The bytes of the length before each chunk.
const LENGTH_BYTES: usize = 4;

/// The longest chunk, in bytes. A longer one is damage. One record is shorter than 16 MiB.
const CHUNK_BYTES_MAX: usize = 64 << 20;

/// The length at which a chunk of records or answers is closed, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// The subscribers whose conversations a backup holds: the shapes of stored types, and the
/// subscriptions of other programs. Those of sagas, ports and lookups follow from the records.
pub(in crate::store) const KEPT_KINDS: [&str; 2] = ["madang/types", "madang/subscriptions"];

const HEAD: u8 = b'H';
const RECORDS: u8 = b'R';
const ANSWERS: u8 = b'A';
const STATE: u8 = b'S';
const KEY: u8 = b'K';
const SNAPSHOTS: u8 = b'N';

/// The first chunk of each file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The format of the backup.
    pub(super) format: u32,
    /// The store that the file belongs to.
    pub(super) store: Option<StoreId>,
    /// The name of the file.
    pub(super) name: String,
}

/// The state of a journal beside its records and answers, as of one position.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The format of the store.
    pub format: u32,
    /// The identity of the store; none when it was created by one of the first formats.
    pub store: Option<StoreId>,
    /// The position.
    pub position: u64,
    /// The names of all kinds, by number.
    pub kinds: Vec<String>,
    /// The numbers that are not assigned again, by kind.
    pub taken: Vec<u64>,
    /// The losses that were accepted, as they are stored; empty for none.
    pub(in crate::store) losses: Vec<u8>,
    /// The stored states of some subscribers: kind, number, state.
    pub(in crate::store) conversations: Vec<(KindId, u64, Vec<u8>)>,
}

/// One chunk, as it is read.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// The head of a file.
    Head(Head),
    /// Records, in order of position.
    Records(Vec<Record>),
    /// Answers, with the hashes of their keys.
    Answers(Vec<(u128, KeptAnswer)>),
    /// The state beside the records.
    State(State),
    /// A file of keys: its name and its content.
    Key(String, Vec<u8>),
    /// Snapshots, with their streams.
    Snapshots(Vec<(Stream, Snapshot)>),
}

/// Chunks under construction.
#[derive(Default)]
pub(in crate::store) struct ChunkBuilder {
    frame: Frame,
    /// The letter of the chunk under construction.
    open: Option<u8>,
    bytes: Vec<u8>,
}

impl ChunkBuilder {
    /// Adds a record.
    pub(in crate::store) fn record(&mut self, record: &Record) {
        self.open(RECORDS);
        self.frame.push(&(record.stream, record.version));
        push_record(&mut self.frame, record);
    }

    /// Adds an answer.
    pub(in crate::store) fn answer(&mut self, key: u128, answer: &KeptAnswer) {
        self.open(ANSWERS);
        self.frame.push(&(key, answer));
    }

    /// Adds a snapshot.
    pub(in crate::store) fn snapshot(&mut self, stream: Stream, snapshot: &Snapshot) {
        self.open(SNAPSHOTS);
        self.frame.push(&(stream, snapshot));
    }

    /// Adds the state beside the records.
    pub(in crate::store) fn state(&mut self, state: &State) {
        self.open(STATE);
        self.frame.push(state);
    }

    /// Adds a file of keys.
    pub(super) fn key(&mut self, name: &str, content: &[u8]) {
        self.open(KEY);
        self.frame.push(&(name, content));
    }

    /// Adds the head of a file.
    pub(super) fn head(&mut self, head: &Head) {
        self.open(HEAD);
        self.frame.push(head);
    }

    /// The bytes of the closed chunks so far.
    pub(in crate::store) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Closes the last chunk, and returns all chunks.
    pub(in crate::store) fn finish(mut self) -> Vec<u8> {
        self.close();
        self.bytes
    }

    fn open(&mut self, letter: u8) {
        if self.open == Some(letter) && self.frame.len() < CHUNK_BYTES {
            return;
        }
        self.close();
        self.open = Some(letter);
        self.frame.begin();
        self.frame.push(&letter);
    }

    fn close(&mut self) {
        if self.open.take().is_none() {
            return;
        }
        let sealed = self.frame.seal();
        let length = u32::try_from(sealed.len()).expect("a record is shorter than 4 GiB");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(sealed);
    }
}

/// Reads the next chunk; `None` at the end.
///
/// # Errors
/// When it is cut short, or is not what was written.
pub(super) fn next(input: &mut impl Read) -> Result<Option<Chunk>, String> {
    let mut length = [0; LENGTH_BYTES];
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut short".to_owned(),
        _ => error.to_string(),
    };
    // Nothing at all is the end.
    let first = loop {
        match input.read(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            first => break first.map_err(cut)?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    input.read_exact(&mut length[first..]).map_err(cut)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > CHUNK_BYTES_MAX {
        return Err("the length of a chunk is not what was written".to_owned());
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes).map_err(cut)?;
    read(&bytes).map(Some).map_err(|error| error.to_string())
}

fn read(bytes: &[u8]) -> Result<Chunk, CodecError> {
    let mut rest = codec::checked(bytes)?;
    let chunk = match codec::next::<u8>(&mut rest)? {
        HEAD => Chunk::Head(codec::next(&mut rest)?),
        STATE => Chunk::State(codec::next(&mut rest)?),
        KEY => {
            let (name, content) = codec::next(&mut rest)?;
            Chunk::Key(name, content)
        }
        RECORDS => Chunk::Records(records(&mut rest)?),
        ANSWERS => Chunk::Answers(all(&mut rest)?),
        SNAPSHOTS => Chunk::Snapshots(all(&mut rest)?),
        letter => return Err(CodecError::Malformed(format!("chunk {letter} is not known"))),
    };
    if rest.is_empty() {
        return Ok(chunk);
    }
    Err(CodecError::Malformed(format!("{} bytes are left over", rest.len())))
}

/// All values of one type.
fn all<T: DeserializeOwned>(rest: &mut &[u8]) -> Result<Vec<T>, CodecError> {
    let mut values = Vec::new();
    while !rest.is_empty() {
        values.push(codec::next(rest)?);
    }
    Ok(values)
}

fn records(rest: &mut &[u8]) -> Result<Vec<Record>, CodecError> {
    let mut records = Vec::new();
    while !rest.is_empty() {
        let (stream, version): (Stream, u32) = codec::next(rest)?;
        records.push(next_record(stream, version, rest)?);
    }
    Ok(records)
}

/// The chunk of one record alone, which identifies it.
pub(super) fn alone(record: &Record) -> Vec<u8> {
    let mut builder = ChunkBuilder::default();
    builder.record(record);
    builder.finish()
}

impl Chunk {
    /// The records in a page of [`super::Part::Records`].
    ///
    /// # Errors
    /// When the page holds anything else.
    pub fn records_of(page: &[u8]) -> Result<Vec<Record>, super::BackupError> {
        let mut records = Vec::new();
        for chunk in Self::all_of(page).map_err(super::BackupError)? {
            let Self::Records(some) = chunk else {
                let reason = "a page of records holds something else";
                return Err(super::BackupError(reason.to_owned()));
            };
            records.extend(some);
        }
        Ok(records)
    }

    /// The chunks of a page.
    ///
    /// # Errors
    /// When one of them is not what was written.
    pub(in crate::store) fn all_of(mut page: &[u8]) -> Result<Vec<Self>, String> {
        let mut chunks = Vec::new();
        while let Some(chunk) = next(&mut page)? {
            chunks.push(chunk);
        }
        Ok(chunks)
    }
}

impl State {
    /// The state in a page of [`super::Part::State`].
    ///
    /// # Errors
    /// When the page holds anything else.
    pub fn of_page(page: &[u8]) -> Result<Self, super::BackupError> {
        match Chunk::all_of(page) {
            Ok(chunks) => match <[Chunk; 1]>::try_from(chunks) {
                Ok([Chunk::State(state)]) => Ok(state),
                _ => Err(super::BackupError("the journal returned no state".to_owned())),
            },
            Err(reason) => Err(super::BackupError(format!("the state of the journal: {reason}"))),
        }
    }

    /// The stored states of this subscriber, by number.
    pub fn conversations_of(&self, subscriber: &str) -> impl Iterator<Item = (u64, &[u8])> {
        let of_subscriber = move |kind: &KindId| self.name_of(*kind) == subscriber;
        let all = self.conversations.iter().filter(move |(kind, ..)| of_subscriber(kind));
        all.map(|(_, number, state)| (*number, state.as_slice()))
    }

    /// Returns the name of a kind.
    #[must_use]
    pub fn name_of(&self, kind: KindId) -> &str {
        self.kinds.get(usize::from(kind.0)).map_or("", String::as_str)
    }
}

/// Adds records that are shared.
impl Extend<Arc<Record>> for ChunkBuilder {
    fn extend<I: IntoIterator<Item = Arc<Record>>>(&mut self, records: I) {
        records.into_iter().for_each(|record| self.record(&record));
    }
}
