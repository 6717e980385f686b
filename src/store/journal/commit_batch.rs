//! Encoding of a commit's records into a batch with as few keys as possible, because sled's cost is
//! per key.
//!
//! ```text
//! records by stream ──▶ new ──────────────────────────────▶ first records: adjacent new streams
//!                   └─▶ later ──▶ young, several in group ─▶ young records: streams of one group
//!                             └─▶ old, or alone ───────────▶ a block: one stream
//! ```

use crate::store::{
    codec::Frame,
    disk::{Batch, Run, StreamGroup, Totals, YOUNG_VERSIONS_MAX, YoungRecord, keys, push_record},
    types::{Payload, Record, Stream},
};
use std::sync::Arc;

/// Size in bytes past which a block is closed. A tree node of sixteen blocks then stays far below
/// the size at which sled moves it into a file of its own.
const BLOCK_BYTES_MAX: usize = 8 * 1024;

/// Size in bytes past which a value with records of several streams is closed. A cold stream is
/// read with its whole tree node. Larger values save keys at a write, and cost bytes at a read.
const SHARED_BYTES_MAX: usize = 4 * 1024;

/// The records that one commit added to one stream, in order of version.
type Added<'a> = &'a [&'a Arc<Record>];

/// Adds the records of a commit, in order of position, to the batch: keys for the streams, and one
/// for the commit. `totals` and `chain` are changed from their values before the commit to those
/// after it. The chain covers all writes that are in the batch at that time.
pub(in crate::store) fn write_records(
    batch: &mut Batch,
    frame: &mut Frame,
    records: &[Arc<Record>],
    totals: &mut Totals,
    chain: &mut Option<u64>,
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
    write_streams(batch, frame, records, runs.len());
    frame.begin();
    frame.push(&(last.position, runs, &*totals));
    let linked = batch.chained(chain.unwrap_or_default(), frame.content());
    *chain = Some(linked);
    frame.push(&linked);
    batch.insert(&keys::commit(first.position), frame.seal());
}

fn write_streams(batch: &mut Batch, frame: &mut Frame, records: &[Arc<Record>], runs: usize) {
    let mut by_stream: Vec<&Arc<Record>> = records.iter().collect();
    if runs > 1 {
        // The sort is stable: within a stream the order of positions is the order of versions.
        by_stream.sort_by_key(|record| record.stream);
    }
    let added = by_stream.chunk_by(|one, next| one.stream == next.stream);
    let (created, later): (Vec<Added>, Vec<_>) = added.partition(|added| added[0].version == 1);
    let mut created = created.as_slice();
    while !created.is_empty() {
        created = &created[write_first_records(batch, frame, created)..];
    }
    let (young, old): (Vec<_>, Vec<_>) = later.into_iter().partition(|added| is_young(added));
    let group = |added: &Added| StreamGroup::of(added[0].stream);
    for of_group in young.chunk_by(|one, next| group(one) == group(next)) {
        match of_group {
            [alone] => write_block(batch, frame, alone),
            _ => write_young_records(batch, frame, records[0].position, of_group),
        }
    }
    for of_stream in old {
        write_block(batch, frame, of_stream);
    }
}

/// Whether the new records of a stream may be stored together with those of its group.
fn is_young(added: Added) -> bool {
    let is_young = added.last().is_some_and(|last| last.version <= YOUNG_VERSIONS_MAX);
    is_young && fitting(added) == added.len()
}

/// Writes new streams with consecutive numbers, as many as fit under one key; returns their count.
fn write_first_records(batch: &mut Batch, frame: &mut Frame, added: &[Added]) -> usize {
    let first = added[0][0].stream;
    let (mut streams, mut beyond): (u16, Added) = (0, &[]);
    frame.begin();
    for of_stream in added {
        let next = first.number.checked_add(u64::from(streams));
        let is_next = next.is_some_and(|number| of_stream[0].stream == Stream { number, ..first });
        let is_full = streams == u16::MAX || frame.len() > SHARED_BYTES_MAX;
        if !is_next || !beyond.is_empty() || is_full && streams > 0 {
            break;
        }
        let first_records;
        (first_records, beyond) = of_stream.split_at(fitting(of_stream));
        frame.push(&first_records.len());
        for record in first_records {
            push_record(frame, record);
        }
        streams += 1;
    }
    batch.insert(&keys::first_records(first, streams), frame.seal());
    if !beyond.is_empty() {
        write_block(batch, frame, beyond);
    }
    usize::from(streams)
}

/// Writes the records that the streams of a group got in this commit, all of them together.
fn write_young_records(batch: &mut Batch, frame: &mut Frame, commit: u64, added: &[Added]) {
    let group = StreamGroup::of(added[0][0].stream);
    let mut part = 0;
    frame.begin();
    for of_stream in added {
        if frame.len() > SHARED_BYTES_MAX {
            batch.insert(&keys::young_records(group, commit, part), frame.seal());
            // The number of parts fits in a byte: a group has fewer streams than that.
            part += 1;
            frame.begin();
        }
        let Record { stream, version: first_version, .. } = *of_stream[0].as_ref();
        let records = u32::try_from(of_stream.len()).unwrap_or(u32::MAX);
        frame.push(&YoungRecord { place: StreamGroup::place_of(stream), first_version, records });
        for record in *of_stream {
            push_record(frame, record);
        }
    }
    batch.insert(&keys::young_records(group, commit, part), frame.seal());
}

/// Counts how many of these records of a stream may be stored with those of other streams.
fn fitting(records: Added) -> usize {
    let mut bytes = 0;
    let mut fitting = 0;
    for record in records {
        bytes += match &record.payload {
            Payload::Event(event) => event.len(),
            Payload::Refused { rejection, reason, .. } => rejection.len() + reason.len(),
            Payload::Unchanged { .. } | Payload::TimerFired => 0,
        };
        if bytes > BLOCK_BYTES_MAX && fitting > 0 {
            break;
        }
        fitting += 1;
    }
    fitting
}

/// Writes a block: records of a stream that is old or alone, or that do not fit into first records.
fn write_block(batch: &mut Batch, frame: &mut Frame, records: Added) {
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
