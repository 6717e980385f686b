//! The past of aggregates: an instance as it was, and what each record of its history changed.
//! Everything is read from the journal, so that instances in memory are not disturbed.

use super::{
    kind::AggregateKind,
    rehydration::{apply, first_event, shown_safely},
};
use crate::{
    actors::{
        api::{Collection, FieldChange, Moment, Page, PastReply, RequestError, Sight},
        support::{catch_panic, now, run_blocking},
    },
    domain::kernel::{Aggregate, Timestamp, representation},
    store::{Record, Stream, codec, journal::Journal},
};
use serde_json::{Map, Value};
use std::{mem, sync::Arc};

/// The most records that are applied to find a past state. Later states are found from a snapshot.
const REPLAYED_RECORDS_MAX: u32 = 100_000;

/// The records of one read.
const RECORDS_AT_ONCE: u32 = 256;

/// One record of a history, with what it changed in the representation.
pub struct HistoryStep {
    /// The record.
    pub record: Record,
    /// The changed fields; `None` when too many records would have to be applied to find them.
    pub changes: Option<Vec<FieldChange>>,
}

/// The history of one instance up to its last durable record.
struct Past<'a> {
    journal: &'a dyn Journal,
    stream: Stream,
    /// The version of the last record.
    last: u32,
    /// The most records that are applied.
    replayed_max: u32,
}

/// A state that the records of a history lead to.
#[derive(Default)]
struct Reached<A> {
    state: A,
    version: u32,
    /// The time of the record of that version.
    time: Timestamp,
}

impl<A: Aggregate> AggregateKind<A> {
    /// Returns an instance as it was at this moment.
    pub(super) async fn past(
        &self,
        number: u64,
        moment: Moment,
        sight: Sight,
    ) -> Result<PastReply, RequestError> {
        if matches!(moment, Moment::Instant(at) if at > now()) {
            let reason = "`at` lies in the future, and what will be then is not known yet";
            return Err(RequestError::BadQuery(reason.to_owned()));
        }
        self.in_the_past(number, sight, move |past| past.at::<A>(moment)).await
    }

    /// Returns a page of the history of an instance.
    pub(super) async fn history_page(
        &self,
        number: u64,
        page: Page,
        sight: Sight,
    ) -> Result<Collection<HistoryStep>, RequestError> {
        let is_newest_first = match page.sort.as_slice() {
            [] => false,
            [sort] if sort.field == "version" => sort.descending,
            [sort, ..] => {
                let reason =
                    format!("a history cannot be sorted by `{}`, only by `version`", sort.field);
                return Err(RequestError::BadQuery(reason));
            }
        };
        self.in_the_past(number, sight, move |past| {
            let total = u64::from(past.last);
            let skip = page.number.saturating_mul(page.size as u64).min(total);
            let end = (skip + page.size as u64).min(total);
            let (first, last) =
                if is_newest_first { (total - end + 1, total - skip) } else { (skip + 1, end) };
            let versions = |version| u32::try_from(version).unwrap_or(u32::MAX);
            let mut items = past.steps::<A>(versions(first), versions(last))?;
            if is_newest_first {
                items.reverse();
            }
            Ok(Collection { items, total })
        })
        .await
    }

    /// Reads the history of an instance that the client may see, on a thread where it may block. It
    /// counts as a page of a list: few are made at once, and each ends in time.
    async fn in_the_past<T: Send + 'static>(
        &self,
        number: u64,
        sight: Sight,
        read: impl FnOnce(&Past<'_>) -> Result<T, RequestError> + Send + 'static,
    ) -> Result<T, RequestError> {
        if !self.may_exist(number) {
            return Err(Self::not_found(number));
        }
        let (journal, stream) = (Arc::clone(&self.shared.journal), self.stream(number));
        let reading = |turn| {
            run_blocking(move || {
                // The read keeps its turn when the client disconnects.
                let _turn = turn;
                let first = first_event(&*journal, stream)?;
                let first = first.ok_or_else(|| Self::not_found(number))?;
                if !sight.sees(A::READERS, first.owner()) {
                    return Err(Self::not_found(number));
                }
                let last = journal.last_version(stream)?;
                if last == 0 {
                    return Err(Self::not_found(number));
                }
                let replayed_max = REPLAYED_RECORDS_MAX;
                read(&Past { journal: &*journal, stream, last, replayed_max })
            })
        };
        let run = |turn| async { reading(turn).await.map_err(RequestError::Failed)? };
        self.shared.lists.run(run).await
    }
}

impl Past<'_> {
    /// The instance as it was at this moment.
    fn at<A: Aggregate>(&self, moment: Moment) -> Result<PastReply, RequestError> {
        let last = self.last;
        if let Moment::Version(version) = moment
            && version > last
        {
            let reason = format!("the last version is {last}; there is no version {version} yet");
            return Err(RequestError::BadQuery(reason));
        }
        let is_later = |record: &Record| match moment {
            Moment::Version(version) => record.version > version,
            Moment::Instant(at) => record.time > at,
        };
        let mut reached = self.snapshot_until::<A>(&is_later)?.unwrap_or_default();
        self.replay(&mut reached, &is_later)?;
        let (number, Reached { state, version, time }) = (self.stream.number, reached);
        if state == A::default() {
            return Err(AggregateKind::<A>::not_found(number));
        }
        let body = shown_safely(&state, number, version, 0)?.body;
        Ok(PastReply { number, version, time, is_present: version == last, body })
    }

    /// Applies the records after a state that are not later than wanted.
    fn replay<A: Aggregate>(
        &self,
        reached: &mut Reached<A>,
        is_later: &dyn Fn(&Record) -> bool,
    ) -> Result<(), RequestError> {
        let start = reached.version;
        loop {
            let records = self.records(reached.version, RECORDS_AT_ONCE)?;
            if records.is_empty() {
                return Ok(());
            }
            for record in records {
                if is_later(&record) {
                    return Ok(());
                }
                if record.version - start > self.replayed_max {
                    return Err(RequestError::BadQuery(format!(
                        "that moment lies more than {} records after the beginning, and before \
                         the last snapshot, so it cannot be shown",
                        self.replayed_max
                    )));
                }
                let state = mem::take(&mut reached.state);
                reached.state = apply::<A>(state, &record).map_err(RequestError::Failed)?;
                (reached.version, reached.time) = (record.version, record.time);
            }
        }
    }

    /// The records of these versions, each with what it changed.
    fn steps<A: Aggregate>(&self, first: u32, last: u32) -> Result<Vec<HistoryStep>, RequestError> {
        let mut start = self.start::<A>(first - 1, last)?;
        let mut version =
            start.as_ref().map_or(first - 1, |(_, version)| first.min(version + 1) - 1);
        let (mut state, mut steps) = (None, Vec::new());
        while version < last {
            let records = self.records(version, RECORDS_AT_ONCE.min(last - version))?;
            if records.is_empty() {
                break;
            }
            for record in records {
                version = record.version;
                if let Some((begun, _)) = start.take_if(|(_, after)| *after + 1 == version) {
                    state = Some(begun);
                }
                let changes = self.changes_of::<A>(&mut state, &record, version >= first)?;
                if version >= first {
                    steps.push(HistoryStep { record, changes });
                }
            }
        }
        Ok(steps)
    }

    /// Applies a record to the state, if there is one, and returns the fields that it changed, if
    /// they are wanted.
    fn changes_of<A: Aggregate>(
        &self,
        state: &mut Option<A>,
        record: &Record,
        is_wanted: bool,
    ) -> Result<Option<Vec<FieldChange>>, RequestError> {
        let Some(state) = state else { return Ok(None) };
        let number = self.stream.number;
        let before = is_wanted.then(|| fields_of(state, number)).transpose()?;
        *state = apply::<A>(mem::take(state), record).map_err(RequestError::Failed)?;
        before.map(|before| Ok(changes(before, fields_of(state, number)?))).transpose()
    }

    /// A state from which the records after `before` can be told, with its version: the last snapshot
    /// or the blank state, if that is near enough, otherwise a snapshot before `last`.
    fn start<A: Aggregate>(
        &self,
        before: u32,
        last: u32,
    ) -> Result<Option<(A, u32)>, RequestError> {
        let is_near = |version: u32| version <= before && before - version <= self.replayed_max;
        let snapshot = self.snapshot::<A>()?;
        Ok(match snapshot {
            Some((state, version)) if is_near(version) => Some((state, version)),
            _ if is_near(0) => Some((A::default(), 0)),
            Some((state, version)) if version < last => Some((state, version)),
            _ => None,
        })
    }

    /// The last snapshot, if it can be read, with its version.
    fn snapshot<A: Aggregate>(&self) -> Result<Option<(A, u32)>, RequestError> {
        let snapshot = self.journal.snapshot(self.stream)?;
        let usable = snapshot.filter(|snapshot| {
            snapshot.shape == A::SHAPE && (1..=self.last).contains(&snapshot.version)
        });
        let Some(snapshot) = usable else { return Ok(None) };
        match codec::decode(&snapshot.state) {
            Ok(state) => Ok(Some((state, snapshot.version))),
            Err(error) => Err(RequestError::Failed(error.to_string())),
        }
    }

    /// The last snapshot, unless its record is later than wanted.
    fn snapshot_until<A: Aggregate>(
        &self,
        is_later: &dyn Fn(&Record) -> bool,
    ) -> Result<Option<Reached<A>>, RequestError> {
        let Some((state, version)) = self.snapshot::<A>()? else { return Ok(None) };
        let record = self.records(version - 1, 1)?.pop().filter(|record| !is_later(record));
        Ok(record.map(|Record { version, time, .. }| Reached { state, version, time }))
    }

    /// Some records after a version, in order, up to the last one.
    fn records(&self, after: u32, records_max: u32) -> Result<Vec<Record>, RequestError> {
        let records_max = records_max.min(self.last.saturating_sub(after));
        if records_max == 0 {
            return Ok(Vec::new());
        }
        Ok(self.journal.some_records(self.stream, after, records_max)?)
    }
}

/// The fields of the representation of a state. The blank state has none.
fn fields_of<A: Aggregate>(state: &A, number: u64) -> Result<Map<String, Value>, RequestError> {
    if *state == A::default() {
        return Ok(Map::new());
    }
    let value = catch_panic(|| serde_json::to_value(representation(state, number)));
    match value.map_err(RequestError::Failed)? {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(RequestError::Failed("a representation is no object".to_owned())),
        Err(error) => Err(RequestError::Failed(error.to_string())),
    }
}

/// The fields that differ between two representations, in their order.
fn changes(before: Map<String, Value>, mut after: Map<String, Value>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (field, from) in before {
        let to = after.remove(&field);
        if to.as_ref() != Some(&from) {
            changes.push(FieldChange { field, from: Some(from), to });
        }
    }
    changes.extend(after.into_iter().map(|(field, to)| FieldChange {
        field,
        from: None,
        to: Some(to),
    }));
    changes
}

#[cfg(test)]
mod tests;
