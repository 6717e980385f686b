//! What stands in the tree: blocks of records, commits, totals; and how records become a batch.

use super::{
    Cause, KindId, Payload, Record, Stream, codec,
    codec::{CodecError, Frame},
    disk::Batch,
    keys,
};
use crate::domain::kernel::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The format of the whole store. Raised when an older binary could misread what a newer wrote.
pub(super) const FORMAT: u32 = 1;

/// A block is closed past this size, so that a tree node of sixteen of them stays far below
/// the size at which sled would move it into a file of its own.
const BLOCK_BYTES_MAX: usize = 8 * 1024;

/// The same for beginnings of neighbours: a cold stream is read with all of its tree node, so
/// what saves keys when writing costs bytes when reading.
const BIRTHS_BYTES_MAX: usize = 4 * 1024;

/// One commit: the runs of records in global order, and how things stood after it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) last_position: u64,
    pub(super) runs: Vec<Run>,
    pub(super) totals: Totals,
}

/// Records of one stream that are neighbours in the global order too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) stream: Stream,
    pub(super) first_version: u32,
    pub(super) records: u32,
}

/// For each kind, how many streams there are and which is the last; by kind, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals(Vec<Total>);

/// How many streams of a kind there are, and which is the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Total {
    pub(super) streams: u64,
    pub(super) last_number: u64,
}

impl Totals {
    /// Takes a record into account: the first of a stream is one more stream.
    pub(super) fn add(&mut self, stream: Stream, version: u32) {
        if version != 1 {
            return;
        }
        let index = usize::from(stream.kind.0);
        if self.0.len() <= index {
            self.0.resize_with(index + 1, Total::default);
        }
        let total = &mut self.0[index];
        total.streams += 1;
        total.last_number = total.last_number.max(stream.number);
    }

    pub(super) fn of(&self, kind: KindId) -> Total {
        self.0.get(usize::from(kind.0)).copied().unwrap_or_default()
    }
}

/// A record as it is written; its stream and version follow from the key and its place.
#[derive(Serialize)]
struct Written<'a> {
    position: u64,
    time: Timestamp,
    correlation: u64,
    cause: Cause,
    payload: &'a Payload,
}

/// The same as it is read.
#[derive(Deserialize)]
struct Stored {
    position: u64,
    time: Timestamp,
    correlation: u64,
    cause: Cause,
    payload: Payload,
}

/// Reads a block.
pub(super) fn records_of(
    stream: Stream,
    first_version: u32,
    value: &[u8],
) -> Result<Vec<Record>, CodecError> {
    let mut rest = codec::checked(value)?;
    let mut records = Vec::new();
    let mut version = first_version;
    while !rest.is_empty() {
        records.push(next_record(stream, version, &mut rest)?);
        version = version.saturating_add(1);
    }
    Ok(records)
}

/// Reads the beginnings of neighbouring streams, stream by stream.
pub(super) fn births_of(first: Stream, value: &[u8]) -> Result<Vec<Vec<Record>>, CodecError> {
    let mut rest = codec::checked(value)?;
    let mut births = Vec::new();
    let mut stream = first;
    while !rest.is_empty() {
        let records: u32 = codec::next(&mut rest)?;
        let birth = (1..=records).map(|version| next_record(stream, version, &mut rest));
        births.push(birth.collect::<Result<_, _>>()?);
        stream.number = stream.number.saturating_add(1);
    }
    Ok(births)
}

fn next_record(stream: Stream, version: u32, rest: &mut &[u8]) -> Result<Record, CodecError> {
    let Stored { position, time, correlation, cause, payload } = codec::next(rest)?;
    let typed = None;
    Ok(Record { position, stream, version, time, correlation, cause, payload, typed })
}

/// Adds the records of a commit, in order of position, to the batch: one key per stream, and
/// one for the commit. `totals` are those before it, and afterwards those after it.
pub(super) fn write_records(
    batch: &mut Batch,
    frame: &mut Frame,
    records: &[Arc<Record>],
    totals: &mut Totals,
) {
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return;
    };
    let mut runs: Vec<Run> = Vec::with_capacity(records.len());
    for record in records {
        totals.add(record.stream, record.version);
        match runs.last_mut() {
            Some(run) if run.stream == record.stream => run.records += 1,
            _ => {
                let first_version = record.version;
                runs.push(Run { stream: record.stream, first_version, records: 1 });
            }
        }
    }
    write_blocks(batch, frame, records, runs.len());
    let commit = Commit { last_position: last.position, runs, totals: totals.clone() };
    frame.begin();
    frame.push(&commit);
    batch.insert(&keys::commit(first.position), frame.seal());
}

fn write_blocks(batch: &mut Batch, frame: &mut Frame, records: &[Arc<Record>], runs: usize) {
    let mut by_stream: Vec<&Arc<Record>> = records.iter().collect();
    if runs > 1 {
        // Stable: within a stream the order of positions is the order of versions.
        by_stream.sort_by_key(|record| record.stream);
    }
    let mut born: Option<(Stream, u16)> = None;
    for of_stream in by_stream.chunk_by(|one, next| one.stream == next.stream) {
        let stream = of_stream[0].stream;
        let goes_on = born.filter(|(first, streams)| {
            let next = Stream { number: first.number + u64::from(*streams), ..*first };
            next == stream && *streams < u16::MAX && frame.len() <= BIRTHS_BYTES_MAX
        });
        if let Some((first, streams)) = born.filter(|_| goes_on.is_none()) {
            batch.insert(&keys::births(first, streams), frame.seal());
            born = None;
        }
        let mut later = of_stream;
        if of_stream[0].version == 1 {
            let birth;
            (birth, later) = of_stream.split_at(fitting(of_stream));
            let (first, streams) = goes_on.unwrap_or((stream, 0));
            if streams == 0 {
                frame.begin();
            }
            frame.push(&birth.len());
            for record in birth {
                push_record(frame, record);
            }
            born = Some((first, streams + 1));
        }
        if !later.is_empty() {
            if let Some((first, streams)) = born.take() {
                batch.insert(&keys::births(first, streams), frame.seal());
            }
            write_later(batch, frame, later);
        }
    }
    if let Some((first, streams)) = born {
        batch.insert(&keys::births(first, streams), frame.seal());
    }
}

/// How many records of a newborn stream are kept with its neighbours.
fn fitting(records: &[&Arc<Record>]) -> usize {
    let mut bytes = 0;
    let mut fitting = 0;
    for record in records {
        bytes += match &record.payload {
            Payload::Event(event) => event.len(),
            Payload::Refused { rejection, because, .. } => rejection.len() + because.len(),
            Payload::Unchanged { .. } | Payload::Woken => 0,
        };
        if bytes > BLOCK_BYTES_MAX && fitting > 0 {
            break;
        }
        fitting += 1;
    }
    fitting
}

fn write_later(batch: &mut Batch, frame: &mut Frame, records: &[&Arc<Record>]) {
    let stream = records[0].stream;
    let mut first_version = records[0].version;
    frame.begin();
    for record in records {
        if frame.len() > BLOCK_BYTES_MAX {
            batch.insert(&keys::block(stream, first_version), frame.seal());
            first_version = record.version;
            frame.begin();
        }
        push_record(frame, record);
    }
    batch.insert(&keys::block(stream, first_version), frame.seal());
}

fn push_record(frame: &mut Frame, record: &Record) {
    frame.push(&Written {
        position: record.position,
        time: record.time,
        correlation: record.correlation,
        cause: record.cause,
        payload: &record.payload,
    });
}
