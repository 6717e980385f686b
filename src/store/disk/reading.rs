//! Reads of the disk: histories, the global order and the lists of streams.

use super::{
    ascending::{Ascending, Within},
    keys::{self, StreamGroup},
    layout::{self, Commit, Run, Totals},
    mark::Answers,
    tree::{Entries, Tree},
};
use crate::store::{
    codec::{self, CodecError},
    types::{KindId, Record, Snapshot, StoreError, Stream},
};
use std::{collections::HashMap, ops::RangeInclusive, sync::Arc};

/// The head of the journal: its last position, and the totals and checksums there.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The last position on disk.
    pub(in crate::store) position: u64,
    /// The totals there.
    pub(in crate::store) totals: Totals,
    /// The running checksum there; none when the last commit is of an older format.
    pub(in crate::store) chain: Option<u64>,
    /// The number and running checksum of the commits that held answers and no records.
    pub(in crate::store) answers: Answers,
}

/// Reads the head of the journal on disk.
pub(in crate::store) fn head(db: &Tree) -> Result<Head, StoreError> {
    let answers = value(db, keys::ANSWERS_ALONE, "the number of stored answers")?;
    let answers = answers.unwrap_or_default();
    let Some(last) = db.scan_prefix([keys::COMMIT]).next_back() else {
        return Ok(Head { answers, ..Head::default() });
    };
    let (_, value) = last?;
    let Commit { last_position: position, totals, chain, .. } = Commit::read(&value)
        .map_err(|error| StoreError::Failed(format!("the last commit cannot be read: {error}")))?;
    Ok(Head { position, totals, chain, answers })
}

/// Returns the running checksum of the commit that ends at this position; `None` when no commit
/// does, or it is of an older format.
pub(in crate::store) fn chain_at(db: &Tree, position: u64) -> Result<Option<u64>, StoreError> {
    let Some((key, value)) = db.get_lt(keys::behind_commit(position))? else { return Ok(None) };
    if keys::read_commit(&key).is_none() {
        return Ok(None);
    }
    let commit = Commit::read(&value).map_err(|error| {
        StoreError::Failed(format!("the commit before position {position}: {error}"))
    })?;
    Ok(commit.chain.filter(|_| commit.last_position == position))
}

/// Reads one value by its key.
pub(in crate::store) fn value<T: serde::de::DeserializeOwned>(
    db: &Tree,
    key: &[u8],
    what: &str,
) -> Result<Option<T>, StoreError> {
    let Some(value) = db.get(key)? else {
        return Ok(None);
    };
    let read = codec::unframe(&value);
    read.map(Some).map_err(|error| StoreError::Failed(format!("{what} cannot be read: {error}")))
}

/// Reads the latest snapshot of a stream.
pub(in crate::store) fn snapshot(
    db: &Tree,
    stream: Stream,
) -> Result<Option<Snapshot>, StoreError> {
    let value = db.get(keys::snapshot(stream))?;
    let snapshot = value.map(|value| codec::unframe(&value)).transpose();
    snapshot.map_err(|error| StoreError::Unreadable {
        stream,
        reason: format!("its snapshot: {error}"),
    })
}

/// Reads the young records of a stream: those after its first records that are stored together with
/// records of its group.
pub(in crate::store) fn young_record(db: &Tree, stream: Stream) -> Result<Vec<Record>, StoreError> {
    let all = young_records(db, stream, |of| of == stream, Err)?;
    Ok(all.into_iter().flatten().collect())
}

/// Reads the young records of those streams in the group of a stream that are wanted, as each commit
/// added them to one stream. `damaged` gets the error of each value that cannot be read, and returns it to end the read.
pub(super) fn young_records(
    db: &Tree,
    stream: Stream,
    is_wanted: impl Fn(Stream) -> bool,
    mut damaged: impl FnMut(StoreError) -> Result<(), StoreError>,
) -> Result<Vec<Vec<Record>>, StoreError> {
    let group = StreamGroup::of(stream);
    let mut young_records = Vec::new();
    for entry in db.scan_prefix(group.young_records()) {
        let (key, value) = entry?;
        match layout::young_records_of(group, &value, &is_wanted) {
            Ok(added) => young_records.extend(added),
            Err(error) => {
                let reason = format!("the later records of its group under {key:?}: {error}");
                damaged(StoreError::Unreadable { stream, reason })?;
            }
        }
    }
    Ok(young_records)
}

/// Returns the blocks of a stream.
pub(in crate::store) fn blocks(db: &Tree, stream: Stream) -> Entries {
    db.range(keys::block(stream, 0)..=keys::block(stream, u32::MAX))
}

/// Returns the blocks of a stream. Streams are mostly asked for in ascending order.
pub(in crate::store) fn ascending_blocks<'a>(
    blocks: &'a mut Ascending,
    db: &Tree,
    stream: Stream,
) -> Within<'a> {
    blocks.range(db, &keys::block(stream, 0), &keys::block(stream, u32::MAX))
}

/// Returns the range of keys of a stream's blocks from the one that holds this version.
pub(in crate::store) fn blocks_from(
    db: &Tree,
    stream: Stream,
    version: u32,
) -> Result<RangeInclusive<Vec<u8>>, StoreError> {
    let last = keys::block(stream, u32::MAX).to_vec();
    let before = db.get_lt(keys::behind_block(stream, version))?;
    let first = before
        .map(|(key, _)| key.to_vec())
        .filter(|key| keys::read_block(key).is_some_and(|(of, _)| of == stream))
        .unwrap_or_else(|| keys::block(stream, version).to_vec());
    Ok(first..=last)
}

/// Reads the first records of a stream, which are stored with those of adjacent streams. Empty when
/// there is no such stream.
pub(in crate::store) fn first_record(db: &Tree, stream: Stream) -> Result<Vec<Record>, StoreError> {
    let first_records = first_records(db, stream, |of| of == stream)?;
    Ok(first_records.into_iter().next().unwrap_or_default())
}

/// Reads the first records of a stream and of those streams stored with it that are wanted. Empty
/// when there is no such stream.
pub(in crate::store) fn first_records(
    db: &Tree,
    stream: Stream,
    is_wanted: impl Fn(Stream) -> bool,
) -> Result<Vec<Vec<Record>>, StoreError> {
    let Some((key, value)) = db.get_lt(keys::behind_first_records(stream))? else {
        return Ok(Vec::new());
    };
    let found = keys::read_first_records(&key).filter(|(first, streams)| {
        first.kind == stream.kind && stream.number - first.number < u64::from(*streams)
    });
    let Some((first, _)) = found else {
        return Ok(Vec::new());
    };
    layout::first_records_of(first, &value, is_wanted).map_err(|error| StoreError::Unreadable {
        stream,
        reason: format!("its first records: {error}"),
    })
}

/// Reads the first records of adjacent streams from their value.
pub(in crate::store) fn read_first_records(
    first: Stream,
    value: &[u8],
) -> Result<Vec<Vec<Record>>, CodecError> {
    layout::first_records_of(first, value, |_| true)
}

pub(in crate::store) fn read_block(key: &[u8], value: &[u8]) -> Result<Vec<Record>, CodecError> {
    let (stream, first_version) = keys::read_block(key)
        .ok_or_else(|| CodecError::Malformed("the key of a block cannot be read".to_owned()))?;
    layout::records_of(stream, first_version, value)
}

/// Reads records in global order, after a position and up to the limit, gapless.
pub(in crate::store) fn global(
    db: &Tree,
    after: u64,
    limit: u64,
    records_max: usize,
) -> Result<Vec<Arc<Record>>, StoreError> {
    let mut records = Vec::new();
    let mut expected = after + 1;
    let Some((first, _)) = db.get_lt(keys::behind_commit(expected))? else {
        return gap_unless(expected > limit, expected).map(|()| records);
    };
    for commit in db.range(first..keys::behind_commit(limit).as_slice().into()) {
        if records.len() >= records_max || expected > limit {
            break;
        }
        let (key, value) = commit?;
        for record in commit_records(db, &key, &value)? {
            if record.position < expected {
                continue;
            }
            gap_unless(record.position == expected, expected)?;
            expected += 1;
            records.push(record);
        }
    }
    let surplus = usize::try_from(expected.saturating_sub(limit + 1)).unwrap_or(0);
    records.truncate(records.len().saturating_sub(surplus).min(records_max));
    gap_unless(!records.is_empty() || records_max == 0 || after >= limit, after + 1)?;
    Ok(records)
}

fn gap_unless(is_there: bool, position: u64) -> Result<(), StoreError> {
    if is_there {
        return Ok(());
    }
    Err(StoreError::Failed(format!("position {position} is missing on disk")))
}

/// Reads the records of one commit in order of position; each block is read once.
pub(in crate::store) fn commit_records(
    db: &Tree,
    key: &[u8],
    value: &[u8],
) -> Result<Vec<Arc<Record>>, StoreError> {
    let unreadable = |reason: String| {
        let at = keys::read_commit(key).unwrap_or_default();
        StoreError::Failed(format!("the commit at position {at} cannot be read: {reason}"))
    };
    let first_position =
        keys::read_commit(key).ok_or_else(|| unreadable("its key cannot be read".to_owned()))?;
    let commit = Commit::read(value).map_err(|error| unreadable(error.to_string()))?;
    let mut blocks: HashMap<Stream, Vec<Arc<Record>>> = HashMap::new();
    let mut records = Vec::new();
    let mut position = first_position;
    for Run { stream, first_version, records: of_run } in commit.runs {
        for nth in 0..of_run {
            let version = first_version.saturating_add(nth);
            let record = find(db, &mut blocks, first_position, (stream, version))?;
            if record.position != position {
                return Err(unreadable(format!(
                    "version {version} of {stream} is at position {} instead of {position}",
                    record.position
                )));
            }
            position += 1;
            records.push(record);
        }
    }
    if position != commit.last_position + 1 {
        return Err(unreadable(format!("its last position is {}", commit.last_position)));
    }
    Ok(records)
}

/// Finds one record of a commit, in the blocks already read if it is there. First records are
/// stored with those of adjacent streams. Young records may be stored with those of their group.
fn find(
    db: &Tree,
    blocks: &mut HashMap<Stream, Vec<Arc<Record>>>,
    commit: u64,
    (stream, version): (Stream, u32),
) -> Result<Arc<Record>, StoreError> {
    let unreadable = |reason: String| StoreError::Unreadable { stream, reason };
    let known = |blocks: &HashMap<Stream, Vec<Arc<Record>>>| {
        let known = blocks.get(&stream)?;
        let index = known.binary_search_by_key(&version, |record| record.version).ok()?;
        Some(Arc::clone(&known[index]))
    };
    let remember = |blocks: &mut HashMap<_, _>, read: Vec<Vec<Record>>| {
        for records in read.into_iter().filter(|records| !records.is_empty()) {
            blocks.insert(records[0].stream, records.into_iter().map(Arc::new).collect());
        }
    };
    if let Some(record) = known(blocks) {
        return Ok(record);
    }
    // The record of version 1 is read together with all first records of its stream.
    if version == 1 {
        remember(blocks, first_records(db, stream, |_| true)?);
    } else {
        remember(blocks, young_records_of(db, stream, commit)?);
        if known(blocks).is_none() {
            remember(blocks, block_with(db, stream, version)?);
        }
    }
    known(blocks).ok_or_else(|| unreadable(format!("version {version} is missing")))
}

/// Reads the young records that this commit added to the group of this stream.
fn young_records_of(
    db: &Tree,
    stream: Stream,
    commit: u64,
) -> Result<Vec<Vec<Record>>, StoreError> {
    let group = StreamGroup::of(stream);
    let mut young_records = Vec::new();
    for entry in db.scan_prefix(group.young_records_of(commit)) {
        let read = layout::young_records_of(group, &entry?.1, |_| true);
        young_records.extend(read.map_err(|error| StoreError::Unreadable {
            stream,
            reason: format!("its records of the commit at position {commit}: {error}"),
        })?);
    }
    Ok(young_records)
}

/// Reads the block of this stream that would hold this version.
fn block_with(db: &Tree, stream: Stream, version: u32) -> Result<Vec<Vec<Record>>, StoreError> {
    let before = db.get_lt(keys::behind_block(stream, version))?;
    let is_of_stream = |key: &sled::IVec| keys::read_block(key).is_some_and(|(of, _)| of == stream);
    let Some((key, value)) = before.filter(|(key, _)| is_of_stream(key)) else {
        return Ok(Vec::new());
    };
    let block = read_block(&key, &value).map_err(|error| StoreError::Unreadable {
        stream,
        reason: format!("version {version}: {error}"),
    })?;
    Ok(vec![block])
}

/// Reads the numbers of the existing streams of a kind from the keys of first records.
pub(in crate::store) fn numbers(
    db: &Tree,
    kind: KindId,
    skip: u64,
    take: usize,
    descending: bool,
) -> Result<Vec<u64>, StoreError> {
    let mut numbers = Vec::new();
    let mut left_to_skip = skip;
    let first = keys::first_records(Stream { kind, number: 0 }, 0).to_vec();
    let last = keys::first_records(Stream { kind, number: u64::MAX }, u16::MAX).to_vec();
    let mut first_records = db.range(first..=last);
    while numbers.len() < take {
        let Some(entry) =
            (if descending { first_records.next_back() } else { first_records.next() })
        else {
            break;
        };
        let (first, streams) = keys::read_first_records(&entry?.0).ok_or_else(|| {
            StoreError::Failed("the key of first records cannot be read".to_owned())
        })?;
        let streams = u64::from(streams);
        let skipped = left_to_skip.min(streams);
        left_to_skip -= skipped;
        let wanted = (skipped..streams).take(take - numbers.len());
        numbers.extend(
            wanted.map(|nth| first.number + if descending { streams - 1 - nth } else { nth }),
        );
    }
    Ok(numbers)
}

/// Adds the numbers of the streams of a kind and an owner, as far as they are listed on disk.
pub(in crate::store) fn owned(
    db: &Tree,
    kind: KindId,
    owner: &str,
    numbers: &mut Vec<u64>,
) -> Result<(), StoreError> {
    let unreadable = |reason: String| {
        StoreError::Failed(format!("a list of the streams of an owner cannot be read: {reason}"))
    };
    for entry in keys::owned_singly_by(kind, owner).iter().flat_map(|all| db.scan_prefix(all)) {
        let key = entry?.0;
        numbers.extend(keys::read_owned_singly(&key).map(|(_, stream)| stream.number));
    }
    for entry in db.scan_prefix(keys::owned_by(owner)) {
        let (key, value) = entry?;
        // Other owners may begin with this one and have other lengths, so their prefix differs.
        let is_of_owner = keys::read_owned(&key).is_some_and(|(of, _)| of == owner.as_bytes());
        if is_of_owner {
            let streams: Vec<Stream> =
                codec::unframe(&value).map_err(|error| unreadable(error.to_string()))?;
            let of_kind = streams.into_iter().filter(|stream| stream.kind == kind);
            numbers.extend(of_kind.map(|stream| stream.number));
        }
    }
    Ok(())
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        Self::Failed(error.to_string())
    }
}
