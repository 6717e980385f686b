//! The layout of the values in the tree: records of one stream and of several, commits, totals.

use super::keys::StreamGroup;
use crate::{
    domain::kernel::Timestamp,
    store::{
        codec::{self, CodecError, Frame},
        types::{Cause, KindId, Origin, Payload, Principals, Record, Stream},
    },
    traces::TraceContext,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The format of the whole store. Raised when an older binary could misread what a newer wrote.
pub const FORMAT: u32 = 9;

/// The oldest format that this binary reads. Formats 1 and 2 have no identity of the store. Format
/// 1 does not store the young records of a group together. Commits of formats 1 to 3 have no
/// running checksum. Formats 1 to 4 name no shapes of stored types.
/// Records of formats 1 to 5 have no principals. Format 6 lists each stream of an owner under a key
/// of its own, in the commit that begins it. Formats 1 to 7 have no write-ahead log. Records of
/// formats 1 to 8 have no traces.
pub const FORMAT_READ_MIN: u32 = 1;

/// A stream is young up to this version. Its later records up to there may be stored together with
/// those of its stream group. They are then read together as well.
pub const YOUNG_VERSIONS_MAX: u32 = 16;

/// One commit: the runs of records in global order, and the totals after it.
#[derive(Clone, Debug)]
pub struct Commit {
    pub(in crate::store) last_position: u64,
    pub(in crate::store) runs: Vec<Run>,
    pub(in crate::store) totals: Totals,
    /// The running checksum over this commit and all before it; none in older formats.
    pub(in crate::store) chain: Option<u64>,
}

impl Commit {
    /// Reads the value of a commit's key.
    pub(in crate::store) fn read(value: &[u8]) -> Result<Self, CodecError> {
        let mut rest = codec::checked(value)?;
        let (last_position, runs, totals) = codec::next(&mut rest)?;
        let chain = if rest.is_empty() { None } else { Some(codec::next(&mut rest)?) };
        if !rest.is_empty() {
            return Err(CodecError::Malformed(format!("{} bytes are left over", rest.len())));
        }
        Ok(Self { last_position, runs, totals, chain })
    }
}

/// Records of one stream that are adjacent in the global order as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub(in crate::store) stream: Stream,
    pub(in crate::store) first_version: u32,
    pub(in crate::store) records: u32,
}

/// For each kind, by its number from 0: the number of its streams, and the last number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals(Vec<Total>);

/// Number of streams of a kind, and the last number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Total {
    pub(in crate::store) streams: u64,
    pub(in crate::store) last_number: u64,
}

impl Totals {
    /// Counts a record: the first of a stream adds a stream.
    pub(in crate::store) fn add(&mut self, stream: Stream, version: u32) {
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

    pub(in crate::store) fn of(&self, kind: KindId) -> Total {
        self.0.get(usize::from(kind.0)).copied().unwrap_or_default()
    }
}

/// A record as it is written. Its stream and version follow from the key and its place in the
/// value.
#[derive(Serialize)]
struct Written<'a> {
    position: u64,
    time: Timestamp,
    correlation: u64,
    cause: WrittenCause<'a>,
    payload: &'a Payload,
}

/// The cause of a record as it is written, with its principals and the trace of the client if it has
/// any.
#[derive(Serialize)]
enum WrittenCause<'a> {
    Request(Option<u128>),
    Dispatch(Origin),
    Timer,
    Attributed(Cause, &'a Principals),
    Traced(&'a TraceContext, Cause, Option<&'a Principals>),
}

/// The same record as it is read. It borrows from the value: of those that are stored together, most
/// are often passed over.
#[derive(Deserialize)]
struct Stored<'a> {
    position: u64,
    time: Timestamp,
    correlation: u64,
    cause: StoredCause,
    #[serde(borrow)]
    payload: StoredPayload<'a>,
}

/// The same [`Payload`] as it is read.
#[derive(Deserialize)]
enum StoredPayload<'a> {
    Event(&'a [u8]),
    Refused { command: &'a str, reason: &'a str, rejection: &'a [u8] },
    Unchanged { command: &'a str },
    TimerFired,
}

impl From<StoredPayload<'_>> for Payload {
    fn from(stored: StoredPayload<'_>) -> Self {
        match stored {
            StoredPayload::Event(event) => Self::Event(event.to_vec()),
            StoredPayload::Refused { command, reason, rejection } => Self::Refused {
                command: command.to_owned(),
                reason: reason.to_owned(),
                rejection: rejection.to_vec(),
            },
            StoredPayload::Unchanged { command } => Self::Unchanged { command: command.to_owned() },
            StoredPayload::TimerFired => Self::TimerFired,
        }
    }
}

/// The same cause as it is read. What few records have is behind a pointer, because a record is moved
/// several times while it is read.
#[derive(Deserialize)]
enum StoredCause {
    Request(Option<u128>),
    Dispatch(Origin),
    Timer,
    Attributed(Cause, Box<Principals>),
    Traced(Box<TraceContext>, Cause, Option<Box<Principals>>),
}

/// Reads a block.
pub(in crate::store) fn records_of(
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

/// Reads the first records of those of some adjacent streams that are wanted, stream by stream.
pub(in crate::store) fn first_records_of(
    first: Stream,
    value: &[u8],
    is_wanted: impl Fn(Stream) -> bool,
) -> Result<Vec<Vec<Record>>, CodecError> {
    let mut rest = codec::checked(value)?;
    let mut first_records = Vec::new();
    let mut stream = first;
    while !rest.is_empty() {
        let records: u32 = codec::next(&mut rest)?;
        if records == 0 {
            return Err(CodecError::Malformed("a stream without records".to_owned()));
        }
        first_records.extend(take(stream, 1..=records, &mut rest, is_wanted(stream))?);
        stream.number = stream.number.saturating_add(1);
    }
    Ok(first_records)
}

/// The header of the records that a commit added to one stream of a group. It holds the index of
/// the stream, the first version, and the number of records that follow.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct YoungRecord {
    pub(in crate::store) place: u64,
    pub(in crate::store) first_version: u32,
    pub(in crate::store) records: u32,
}

/// Reads the young records that a commit added to those streams of a group that are wanted, stream
/// by stream.
pub(in crate::store) fn young_records_of(
    group: StreamGroup,
    value: &[u8],
    is_wanted: impl Fn(Stream) -> bool,
) -> Result<Vec<Vec<Record>>, CodecError> {
    let mut rest = codec::checked(value)?;
    let mut young_records = Vec::new();
    while !rest.is_empty() {
        let YoungRecord { place, first_version, records } = codec::next(&mut rest)?;
        let (stream, last) = (group.at(place), first_version.saturating_add(records));
        young_records.extend(take(stream, first_version..last, &mut rest, is_wanted(stream))?);
    }
    Ok(young_records)
}

/// Reads the records of these versions of a stream, or passes over them.
fn take(
    stream: Stream,
    versions: impl Iterator<Item = u32>,
    rest: &mut &[u8],
    is_wanted: bool,
) -> Result<Option<Vec<Record>>, CodecError> {
    let mut taken = is_wanted.then(Vec::new);
    for version in versions {
        let stored: Stored<'_> = codec::next(rest)?;
        if let Some(taken) = &mut taken {
            taken.push(stored.record(stream, version));
        }
    }
    Ok(taken)
}

/// Reads the record that [`push_record`] wrote, and advances past it.
pub fn next_record(stream: Stream, version: u32, rest: &mut &[u8]) -> Result<Record, CodecError> {
    codec::next(rest).map(|stored: Stored<'_>| stored.record(stream, version))
}

impl Stored<'_> {
    fn record(self, stream: Stream, version: u32) -> Record {
        let Self { position, time, correlation, cause, payload } = self;
        let mut trace = None;
        let (cause, principals) = match cause {
            StoredCause::Request(key) => (Cause::Request(key), None),
            StoredCause::Dispatch(origin) => (Cause::Dispatch(origin), None),
            StoredCause::Timer => (Cause::Timer, None),
            StoredCause::Attributed(cause, principals) => (cause, Some(Arc::from(principals))),
            StoredCause::Traced(context, cause, principals) => {
                trace = Some(Arc::from(context));
                (cause, principals.map(Arc::from))
            }
        };
        Record {
            position,
            stream,
            version,
            time,
            correlation,
            cause,
            principals,
            trace,
            payload: payload.into(),
            typed: None,
        }
    }
}

/// Writes a record as [`records_of`], [`first_records_of`] and [`young_records_of`] read it.
pub fn push_record(frame: &mut Frame, record: &Record) {
    let trace = record.trace.as_deref().filter(|trace| trace.is_of_client());
    let cause = match (trace, record.principals.as_deref(), record.cause) {
        (Some(trace), principals, cause) => WrittenCause::Traced(trace, cause, principals),
        (None, Some(principals), cause) => WrittenCause::Attributed(cause, principals),
        (None, None, Cause::Request(key)) => WrittenCause::Request(key),
        (None, None, Cause::Dispatch(origin)) => WrittenCause::Dispatch(origin),
        (None, None, Cause::Timer) => WrittenCause::Timer,
    };
    frame.push(&Written {
        position: record.position,
        time: record.time,
        correlation: record.correlation,
        cause,
        payload: &record.payload,
    });
}
