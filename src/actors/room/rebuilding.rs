//! Aggregates rebuilt from the journal, and how they are shown.

use crate::{
    actors::{
        crash::caught,
        facade::{Outcome, Reply, Trouble},
    },
    domain::kernel::{Aggregate, Standing},
    store::{
        Payload, Record, Stream, codec,
        journal::{Journal, StoreError},
    },
};

/// An aggregate rebuilt from the journal.
pub struct Rebuilt<A> {
    /// How it stands.
    pub state: A,
    /// The version of its last record, 0 without any.
    pub version: u32,
    /// The position of its last record after the snapshot.
    pub position: u64,
}

/// Rebuilds an aggregate from its snapshot and the records after it. Blocking.
pub fn rebuild<A: Aggregate>(journal: &Journal, stream: Stream) -> Result<Rebuilt<A>, StoreError> {
    let unreadable = |because| StoreError::Unreadable { stream, because };
    let history = journal.history(stream)?;
    let snapshot = history.snapshot.filter(|snapshot| snapshot.shape == A::SHAPE);
    let (mut state, mut version, records) = match snapshot {
        Some(snapshot) => {
            let state = codec::decode(&snapshot.state);
            let state = state.map_err(|error| unreadable(error.to_string()))?;
            (state, snapshot.version, history.records)
        }
        None if history.records.first().is_some_and(|record| record.version > 1) => {
            (A::default(), 0, journal.records(stream)?)
        }
        None => (A::default(), 0, history.records),
    };
    let mut position = 0;
    for record in &records {
        state = apply::<A>(state, record).map_err(unreadable)?;
        (version, position) = (record.version, record.position);
    }
    Ok(Rebuilt { state, version, position })
}

/// Takes one record into account; a panic in the domain is an error here.
pub fn apply<A: Aggregate>(state: A, record: &Record) -> Result<A, String> {
    let Payload::Event(bytes) = &record.payload else { return Ok(state) };
    let event = codec::decode(bytes).map_err(|error| error.to_string())?;
    caught(|| state.evolve(event))
}

/// How an aggregate is shown, or why it did not come about.
pub fn reply<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
    outcome: Outcome,
) -> Result<Reply, Trouble> {
    if let Standing::Fell { how, because } = state.standing() {
        return Err(Trouble::Fell { how, because, number });
    }
    shown(state, number, version, position, outcome)
}

/// How an aggregate is shown.
pub fn shown<A: Aggregate>(
    state: &A,
    number: u64,
    version: u32,
    position: u64,
    outcome: Outcome,
) -> Result<Reply, Trouble> {
    let body = serde_json::to_vec(&state.show(number))
        .map_err(|error| Trouble::Failed(error.to_string()))?;
    Ok(Reply { outcome, number, version, position, body, possible: state.possible() })
}
