//! Rehydration: rebuilds aggregates from the journal, and renders them for clients.

use crate::{
    actors::{
        api::{Outcome, Reply, RequestError},
        support::catch_panic,
    },
    domain::kernel::{Aggregate, Progress, representation},
    store::{
        Payload, Principals, Record, Stream, codec,
        journal::{Journal, Snapshot, StoreError},
    },
};
use std::{mem, sync::Arc};

/// The most records that are read to find the first event. Only refused commands come before it.
const FIRST_RECORDS_MAX: u32 = 16;

/// What is wrong with an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryFlaw {
    /// Its records, for this reason.
    History(String),
    /// Its snapshot alone, for this reason.
    Snapshot(String),
}

/// The function that receives each record of a history.
pub type EachRecord<'a> = dyn FnMut(&Record) -> Result<(), StoreError> + 'a;

/// An aggregate rebuilt from the journal.
pub struct Rebuilt<A> {
    /// Its state.
    pub state: A,
    /// The version of its last record, 0 without any.
    pub version: u32,
    /// Whether it has an event.
    pub is_born: bool,
    /// The principals of records that no client submits: the owner alone.
    pub owner: Option<Arc<Principals>>,
    /// The position of its last record after the snapshot.
    pub position: u64,
    /// The number of records read.
    pub records_read: u32,
}

impl<A> Rebuilt<A> {
    /// Whether more records had to be read than lie between two snapshots. In this case the latest
    /// snapshot was of another shape, or there was none.
    pub const fn needs_snapshot(&self, snapshot_every_events: u32) -> bool {
        self.version > 0 && self.records_read > snapshot_every_events
    }
}

/// Rebuilds an aggregate from its snapshot and the records after it. With `has_identity`, its owner
/// is read from its first event as well. Blocking.
pub fn rebuild<A: Aggregate>(
    journal: &dyn Journal,
    stream: Stream,
    has_identity: bool,
) -> Result<Rebuilt<A>, StoreError> {
    let unreadable = |reason| StoreError::Unreadable { stream, reason };
    // A snapshot of another shape is ignored. The whole history is read once, since the instance
    // writes a new snapshot then.
    let snapshot = journal.snapshot(stream)?.filter(|snapshot| snapshot.shape == A::SHAPE);
    let (mut state, mut version) = match snapshot {
        Some(snapshot) => {
            let state = codec::decode(&snapshot.state);
            (state.map_err(|error| unreadable(error.to_string()))?, snapshot.version)
        }
        None => (A::default(), 0),
    };
    // Refusals alone can lead to a snapshot as well.
    let mut is_born = version > 0 && state != A::default();
    let mut owner = if is_born && has_identity { owner_of(journal, stream)? } else { None };
    let (mut position, mut records_read) = (0, 0_u32);
    journal.each_record(stream, version, &mut |record| {
        if !is_born && matches!(record.payload, Payload::Event(_)) {
            is_born = true;
            owner = owner_in(&record);
        }
        state = apply::<A>(mem::take(&mut state), &record).map_err(unreadable)?;
        (version, position) = (record.version, record.position);
        records_read = records_read.saturating_add(1);
        Ok(())
    })?;
    Ok(Rebuilt { state, version, is_born, owner, position, records_read })
}

/// The owner of an aggregate, from its first event. Blocking.
fn owner_of(journal: &dyn Journal, stream: Stream) -> Result<Option<Arc<Principals>>, StoreError> {
    Ok(first_event(journal, stream)?.as_ref().and_then(owner_in))
}

/// The record of the first event of an aggregate; `None` when it has none. Blocking.
pub fn first_event(journal: &dyn Journal, stream: Stream) -> Result<Option<Record>, StoreError> {
    let first = journal.some_records(stream, 0, FIRST_RECORDS_MAX)?;
    Ok(first.into_iter().find(|record| matches!(record.payload, Payload::Event(_))))
}

fn owner_in(record: &Record) -> Option<Arc<Principals>> {
    let owner = record.principals.as_ref()?.owner.clone()?;
    Some(Arc::new(Principals { issuer: None, owner: Some(owner) }))
}

/// Applies one record. A panic of the domain code becomes an error.
pub fn apply<A: Aggregate>(state: A, record: &Record) -> Result<A, String> {
    let Payload::Event(bytes) = &record.payload else { return Ok(state) };
    let event = codec::decode(bytes).map_err(|error| error.to_string())?;
    catch_panic(|| state.evolve(event))
}

/// The reply that shows an aggregate, or the reason of its failure as an error.
pub fn reply<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
    outcome: Outcome,
) -> Result<Reply, RequestError> {
    if let Progress::Failed { how, reason } = state.progress() {
        return Err(RequestError::FailedLater { how, reason, number });
    }
    shown(state, number, version, position, outcome)
}

/// The reply that shows an aggregate after a read. A panic of the domain code becomes an error.
pub fn shown_safely<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
) -> Result<Reply, RequestError> {
    catch_panic(|| shown(state, number, version, position, Outcome::Done))
        .unwrap_or_else(|reason| Err(RequestError::Failed(reason)))
}

/// The reply that shows an aggregate.
fn shown<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
    outcome: Outcome,
) -> Result<Reply, RequestError> {
    let body = serde_json::to_vec(&representation(state, number))
        .map_err(|error| RequestError::Failed(error.to_string()))?;
    Ok(Reply {
        outcome,
        number,
        version,
        position,
        body,
        available_commands: state.available_commands().into(),
    })
}

/// Rebuilds an aggregate from its whole history and compares it with the snapshot. Blocking.
///
/// # Errors
/// The first version that is wrong, with the reason.
pub fn check_history<A: Aggregate>(
    snapshot: Option<Snapshot>,
    each_record: impl FnOnce(&mut EachRecord<'_>) -> Result<(), StoreError>,
) -> Result<(), HistoryFlaw> {
    let snapshot = snapshot.filter(|snapshot| snapshot.shape == A::SHAPE);
    let (mut state, mut flaw) = (A::default(), None);
    let folded = each_record(&mut |record| {
        let version = record.version;
        let mut is_wrong = |reason: String| {
            flaw = Some(HistoryFlaw::History(format!("version {version}: {reason}")));
            StoreError::Failed(String::new())
        };
        let before = mem::take(&mut state);
        state = apply::<A>(before, record).map_err(&mut is_wrong)?;
        let here = snapshot.as_ref().filter(|snapshot| snapshot.version == record.version);
        if here.is_some_and(|snapshot| snapshot.state != codec::encode(&state)) {
            let reason = "the snapshot differs from the state of the events";
            flaw = Some(HistoryFlaw::Snapshot(format!("version {version}: {reason}")));
            return Err(StoreError::Failed(String::new()));
        }
        Ok(())
    });
    match (flaw, folded) {
        (Some(flaw), _) => Err(flaw),
        (None, folded) => folded.map_err(|error| HistoryFlaw::History(error.to_string())),
    }
}
