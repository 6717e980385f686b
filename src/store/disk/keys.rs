//! The keys of the one tree: a letter for the type of value, then big-endian numbers, so that
//! related keys are adjacent on disk.
//!
//! ```text
//! b | kind u16 | first number u64 | streams u16   first records of adjacent streams in a commit
//! s | kind u16 | number u64 | first version u32   later records of one stream in one commit
//! t | kind u16 | stream group u64 | first position of the commit u64 | part u8
//!                                                 young records of one stream group in one commit
//! g | first position u64                          one commit: its runs of records, in global order
//! n | kind u16 | number u64                       the snapshot of a stream
//! c | hash u128                                   an answer under a key, in formats 1 to 3
//! a | hash u128                                   an answer under a key, and its expiry
//! x | expiry u64, ms | nonce u64                  hashes of the keys of answers that expire then
//! k | kind u16                                    the cursor of a subscriber
//! v | kind u16 | number u64                       the state of a subscriber's conversation
//! o | kind u16 | owner, bytes u8 | owner | number u64
//!                                                 a stream of this owner, in format 6
//! w | owner, bytes u16 | owner | position u64 | part u16
//!                                                 streams of this owner up to the position
//! m | f                                           the format version of the store
//! m | i                                           the identity of the store
//! m | k | kind u16                                the name of a kind
//! m | c                                           the expiry of the answers under `c`
//! m | a                                           the commits that hold answers and no records
//! m | n                                           numbers that are not assigned again, by kind
//! m | l                                           losses of history that were accepted
//! m | o                                           the position up to which `w` lists all streams
//! m | w                                           the last commit of the write-ahead log that sled
//!                                                 holds
//! ```
//! The keys of answers are idempotency keys.

use crate::store::types::{KindId, SUBJECT_BYTES_MAX, Stream};

/// The letter of first records.
pub(in crate::store) const FIRST_RECORDS: u8 = b'b';

pub(in crate::store) const BLOCK: u8 = b's';

/// The letter of young records.
pub(in crate::store) const YOUNG_RECORDS: u8 = b't';

pub(in crate::store) const COMMIT: u8 = b'g';

pub(in crate::store) const SNAPSHOT: u8 = b'n';

pub(in crate::store) const ANSWER: u8 = b'c';

pub(in crate::store) const KEPT_ANSWER: u8 = b'a';

pub(in crate::store) const EXPIRY: u8 = b'x';

pub(in crate::store) const SUBSCRIBER: u8 = b'k';

pub(in crate::store) const CONVERSATION: u8 = b'v';

/// The letter of single streams of owners, in format 6.
pub(in crate::store) const OWNED_SINGLY: u8 = b'o';

/// The letter of the streams of owners.
pub(in crate::store) const OWNED: u8 = b'w';

/// The key of the position up to which the streams of owners are listed.
pub(in crate::store) const OWNED_UP_TO: &[u8] = b"mo";

/// The key of the last commit of the write-ahead log that sled holds.
pub(in crate::store) const WRITTEN_BACK: &[u8] = b"mw";

/// The key of the format version.
pub(in crate::store) const FORMAT: &[u8] = b"mf";

/// The key of the store's identity.
pub(in crate::store) const STORE_ID: &[u8] = b"mi";

/// The key of the time until which answers of older formats are kept.
pub(in crate::store) const OLD_ANSWERS_UNTIL: &[u8] = b"mc";

/// The key of the number of commits that held answers and no records.
pub(in crate::store) const ANSWERS_ALONE: &[u8] = b"ma";

/// The key of the numbers that are not assigned again.
pub(in crate::store) const NUMBERS_TAKEN: &[u8] = b"mn";

/// The key of the losses that were accepted.
pub(in crate::store) const LOSSES: &[u8] = b"ml";

/// The number of streams of a kind, with consecutive numbers, that form a stream group.
const GROUP_STREAMS: u64 = 32;

/// The prefix of the keys of all kinds' names.
pub(in crate::store) const KIND_NAMES: &[u8] = b"mk";

pub(in crate::store) fn block(stream: Stream, first_version: u32) -> [u8; 15] {
    let mut key = [BLOCK; 15];
    key[1..11].copy_from_slice(&address(stream));
    key[11..].copy_from_slice(&first_version.to_be_bytes());
    key
}

/// Returns the smallest key after every block that begins at this version or before.
pub(in crate::store) fn behind_block(stream: Stream, version: u32) -> [u8; 16] {
    let mut key = [0; 16];
    key[..15].copy_from_slice(&block(stream, version));
    key
}

/// Reads the stream of a block, and the version at which it begins.
pub(in crate::store) fn read_block(key: &[u8]) -> Option<(Stream, u32)> {
    let (version, head) = (key.last_chunk::<4>()?, key.get(..key.len() - 4)?);
    Some((read_address(head, BLOCK)?, u32::from_be_bytes(*version)))
}

pub(in crate::store) fn first_records(first: Stream, streams: u16) -> [u8; 13] {
    let mut key = [FIRST_RECORDS; 13];
    key[1..11].copy_from_slice(&address(first));
    key[11..].copy_from_slice(&streams.to_be_bytes());
    key
}

/// Returns the smallest key after all first records that may hold this stream.
pub(in crate::store) fn behind_first_records(stream: Stream) -> [u8; 14] {
    let mut key = [0; 14];
    key[..13].copy_from_slice(&first_records(stream, u16::MAX));
    key
}

/// Reads the first of the adjacent streams, and the number of streams.
pub(in crate::store) fn read_first_records(key: &[u8]) -> Option<(Stream, u16)> {
    let (streams, head) = (key.last_chunk::<2>()?, key.get(..key.len() - 2)?);
    Some((read_address(head, FIRST_RECORDS)?, u16::from_be_bytes(*streams)))
}

/// A group of streams of one kind with consecutive numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamGroup {
    kind: KindId,
    nth: u64,
}

impl StreamGroup {
    pub(in crate::store) const fn of(stream: Stream) -> Self {
        Self { kind: stream.kind, nth: stream.number / GROUP_STREAMS }
    }

    /// Returns the index of this stream in its group.
    pub(in crate::store) const fn place_of(stream: Stream) -> u64 {
        stream.number % GROUP_STREAMS
    }

    /// Returns the stream at this index of the group.
    pub(in crate::store) const fn at(self, place: u64) -> Stream {
        Stream {
            kind: self.kind,
            number: self.nth.saturating_mul(GROUP_STREAMS).saturating_add(place),
        }
    }

    /// Returns the key prefix of all young records of this group.
    pub(in crate::store) fn young_records(self) -> [u8; 11] {
        addressed(YOUNG_RECORDS, Stream { kind: self.kind, number: self.nth })
    }

    /// Returns the key prefix of the young records that the commit at this position added.
    pub(in crate::store) fn young_records_of(self, commit: u64) -> [u8; 19] {
        let mut key = [0; 19];
        key[..11].copy_from_slice(&self.young_records());
        key[11..].copy_from_slice(&commit.to_be_bytes());
        key
    }
}

pub(in crate::store) fn young_records(group: StreamGroup, commit: u64, part: u8) -> [u8; 20] {
    let mut key = [part; 20];
    key[..19].copy_from_slice(&group.young_records_of(commit));
    key
}

pub(in crate::store) fn commit(first_position: u64) -> [u8; 9] {
    let mut key = [COMMIT; 9];
    key[1..].copy_from_slice(&first_position.to_be_bytes());
    key
}

/// Returns the smallest key after every commit that begins at this position or before.
pub(in crate::store) fn behind_commit(position: u64) -> [u8; 10] {
    let mut key = [0; 10];
    key[..9].copy_from_slice(&commit(position));
    key
}

/// Reads the first position of a commit.
pub(in crate::store) fn read_commit(key: &[u8]) -> Option<u64> {
    let key: &[u8; 9] = key.try_into().ok()?;
    (key[0] == COMMIT).then(|| u64::from_be_bytes(*key.last_chunk().expect("nine bytes")))
}

pub(in crate::store) fn snapshot(stream: Stream) -> [u8; 11] {
    addressed(SNAPSHOT, stream)
}

pub(in crate::store) fn conversation(stream: Stream) -> [u8; 11] {
    addressed(CONVERSATION, stream)
}

/// Returns the key prefix of the streams of a kind and an owner that format 6 listed singly; `None`
/// for an owner whom it could not list. It cut longer subjects.
pub(in crate::store) fn owned_singly_by(kind: KindId, owner: &str) -> Option<Vec<u8>> {
    let bytes = u8::try_from(owner.len()).ok().filter(|_| owner.len() <= SUBJECT_BYTES_MAX)?;
    let [high, low] = kind.0.to_be_bytes();
    Some([&[OWNED_SINGLY, high, low, bytes], owner.as_bytes()].concat())
}

/// Reads the kind, the owner and the number in a key of format 6.
pub(in crate::store) fn read_owned_singly(key: &[u8]) -> Option<(&[u8], Stream)> {
    let (head, rest) = key.split_first_chunk::<4>()?;
    let (owner, number) = rest.split_last_chunk::<8>()?;
    let kind = KindId(u16::from_be_bytes([head[1], head[2]]));
    let is_whole = head[0] == OWNED_SINGLY && usize::from(head[3]) == owner.len();
    is_whole.then_some((owner, Stream { kind, number: u64::from_be_bytes(*number) }))
}

/// Returns the key prefix of the streams of an owner. Of an owner of 64 KiB or more only the
/// beginning counts.
pub(in crate::store) fn owned_by(owner: &str) -> Vec<u8> {
    let bytes = u16::try_from(owner.len()).unwrap_or(u16::MAX);
    let owner = &owner.as_bytes()[..usize::from(bytes)];
    let [high, low] = bytes.to_be_bytes();
    [&[OWNED, high, low], owner].concat()
}

/// Returns the key of a part of the streams of an owner that begin up to this position.
pub(in crate::store) fn owned(owner: &str, up_to: u64, part: u16) -> Vec<u8> {
    let mut key = owned_by(owner);
    key.extend(up_to.to_be_bytes());
    key.extend(part.to_be_bytes());
    key
}

/// Reads the owner and the position in a key of [`owned`].
pub(in crate::store) fn read_owned(key: &[u8]) -> Option<(&[u8], u64)> {
    let (head, rest) = key.split_first_chunk::<3>()?;
    let (rest, _) = rest.split_last_chunk::<2>()?;
    let (owner, up_to) = rest.split_last_chunk::<8>()?;
    let bytes = usize::from(u16::from_be_bytes([head[1], head[2]]));
    let is_whole = head[0] == OWNED && bytes == owner.len();
    is_whole.then_some((owner, u64::from_be_bytes(*up_to)))
}

fn addressed(letter: u8, stream: Stream) -> [u8; 11] {
    let mut key = [letter; 11];
    key[1..].copy_from_slice(&address(stream));
    key
}

/// Reads the stream in a key that consists of a letter and a stream.
pub(in crate::store) fn read_address(key: &[u8], letter: u8) -> Option<Stream> {
    let key: &[u8; 11] = key.try_into().ok()?;
    let (kind, number) = key[1..].split_first_chunk::<2>()?;
    let number = u64::from_be_bytes(number.try_into().ok()?);
    (key[0] == letter).then_some(Stream { kind: KindId(u16::from_be_bytes(*kind)), number })
}

pub(in crate::store) fn answer(hash: u128) -> [u8; 17] {
    let mut key = [ANSWER; 17];
    key[1..].copy_from_slice(&hash.to_be_bytes());
    key
}

pub(in crate::store) fn kept_answer(hash: u128) -> [u8; 17] {
    let mut key = [KEPT_ANSWER; 17];
    key[1..].copy_from_slice(&hash.to_be_bytes());
    key
}

/// Reads the hash in a key of [`kept_answer`].
pub(in crate::store) fn read_kept_answer(key: &[u8]) -> Option<u128> {
    let key: &[u8; 17] = key.try_into().ok()?;
    (key[0] == KEPT_ANSWER).then(|| u128::from_be_bytes(*key.last_chunk().expect("17 bytes")))
}

/// Returns the key of an entry of the expiry index. The nonce distinguishes entries of the same
/// millisecond.
pub(in crate::store) fn expiry(until_ms: u64, nonce: u64) -> [u8; 17] {
    let mut key = [EXPIRY; 17];
    key[1..9].copy_from_slice(&until_ms.to_be_bytes());
    key[9..].copy_from_slice(&nonce.to_be_bytes());
    key
}

pub(in crate::store) fn subscriber(kind: KindId) -> [u8; 3] {
    let [high, low] = kind.0.to_be_bytes();
    [SUBSCRIBER, high, low]
}

pub(in crate::store) fn kind_name(kind: KindId) -> [u8; 4] {
    let [high, low] = kind.0.to_be_bytes();
    [KIND_NAMES[0], KIND_NAMES[1], high, low]
}

/// Reads the kind whose name is stored under this key.
pub(in crate::store) fn read_kind_name(key: &[u8]) -> Option<KindId> {
    let key: &[u8; 4] = key.try_into().ok()?;
    key.starts_with(KIND_NAMES).then(|| KindId(u16::from_be_bytes([key[2], key[3]])))
}

fn address(stream: Stream) -> [u8; 10] {
    let mut address = [0; 10];
    address[..2].copy_from_slice(&stream.kind.0.to_be_bytes());
    address[2..].copy_from_slice(&stream.number.to_be_bytes());
    address
}
