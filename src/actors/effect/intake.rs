//! Deferred effects: those read while the component is suspended, and patient ones beyond
//! `patient_max`. Only the positions of the records are kept; the records are read again
//! afterwards.

use super::{
    EffectRunner,
    contract::{Effect, EffectTask},
    job::Job,
};
use crate::{
    actors::{subscription::TURN_RECORDS_MAX, support::catch_panic},
    domain::kernel::Patience,
    store::{Record, journal::ReadLevel},
};
use actix::Context as ActixContext;
use std::{collections::VecDeque, sync::Arc};

impl<E: Effect> EffectRunner<E> {
    /// Defers the effect of a record while the component is suspended. An effect that must not wait
    /// is refused instead.
    pub(super) fn put_aside(
        &mut self,
        record: &Arc<Record>,
        heard: E::Hears,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let is_free = self.is_closed() && !self.lanes.contains_key(&record.correlation);
        let in_record = |because| format!("record {}: {because}", record.position);
        let was_asked = self.was_asked(record);
        let refused = catch_panic(|| self.errand.refused(&heard, &record.meta(), was_asked));
        let refused = refused.map_err(in_record)?;
        if let Some(dispatch) = refused.filter(|_| is_free) {
            self.hurried.insert(record.position);
            self.lanes.insert(record.correlation, VecDeque::new());
            let trip = EffectTask {
                patience: Patience::Limited,
                running: Box::pin(async move { dispatch }),
            };
            self.go_out(Job { record: Arc::clone(record), trip }, ctx);
        } else if self.job(record, heard, was_asked)?.is_some() {
            self.aside.insert(record);
        }
        Ok(())
    }

    /// Defers all effects that have not started yet.
    pub(super) fn put_all_aside(&mut self, ctx: &mut ActixContext<Self>) {
        let mut records = Vec::new();
        for Job { record, .. } in std::mem::take(&mut self.ready) {
            let lane = self.lanes.remove(&record.correlation).unwrap_or_default();
            records.push(record);
            records.extend(lane.into_iter().map(|job| job.record));
        }
        for lane in self.lanes.values_mut() {
            records.extend(lane.drain(..).map(|job| job.record));
        }
        records.sort_unstable_by_key(|record| record.position);
        for record in &records {
            self.finish(record);
            let heard = self.services.rooms.hear::<E::Hears>(record);
            let put = heard.and_then(|heard| match heard {
                Some(heard) if !self.hold(record) => self.put_aside(record, heard, ctx),
                _ => Ok(()),
            });
            // The record is in no list any more, so it cannot be tried again.
            put.unwrap_or_else(|because| self.quarantine(record, because));
        }
    }

    /// Whether a deferred effect can be taken up.
    pub(super) fn may_take(&self) -> bool {
        !self.aside.is_empty()
            && self.has_room(Patience::Limited)
            && self.has_room(Patience::UntilAnswered)
    }

    /// Reads deferred records again and takes up their effects while there is room. It reads no
    /// more than that, because the records in between are read as well.
    pub(super) fn take_from_aside(&mut self) -> Result<(), String> {
        let Some(first) = self.aside.first().filter(|_| self.may_take()) else { return Ok(()) };
        let room = self.limits.patient_max - self.patient.len();
        let journal = &self.following.journal;
        let records = journal.read(first - 1, room.min(TURN_RECORDS_MAX), ReadLevel::Durable);
        for record in records.map_err(|error| error.to_string())? {
            if !self.aside.contains(&record) {
                continue;
            }
            let job = if self.hold(&record) {
                Ok(None)
            } else {
                self.job_of(&record, self.was_asked(&record))
            };
            match job {
                Ok(Some(job)) if !self.has_room(job.trip.patience) => return Ok(()),
                Ok(Some(job)) => self.take_up(job),
                Ok(None) => {}
                Err(because) => self.crashed_on(&record, because)?,
            }
            self.aside.remove(&record);
        }
        Ok(())
    }
}
