//! The intake of deferred effects.
//!
//! The effects of records that are read while the component is suspended are deferred. Background
//! effects beyond `background_max` are deferred too. Only the positions of the records are kept.
//! The records are read again afterwards.

use super::{
    EffectRunner,
    contract::{Effect, EffectTask},
    job::Job,
};
use crate::{
    actors::{subscription::TURN_RECORDS_MAX, support::catch_panic},
    domain::kernel::RetryPolicy,
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
        event: E::Events,
        was_asked: bool,
        ctx: &mut ActixContext<Self>,
    ) -> Result<(), String> {
        let is_free = self.is_closed() && !self.lanes.contains_key(&record.correlation);
        let in_record = |reason| format!("record {}: {reason}", record.position);
        let refused = catch_panic(|| self.effect.refused(&event, &record.meta(), was_asked));
        let refused = refused.map_err(in_record)?;
        if let Some(dispatch) = refused.filter(|_| is_free) {
            self.urgent.insert(record.position);
            self.lanes.insert(record.correlation, VecDeque::new());
            let task = EffectTask::answered(dispatch);
            self.go_out(Job { record: Arc::clone(record), task, was_asked }, ctx);
        } else if self.job(record, event, was_asked)?.is_some() {
            self.aside.insert(record, was_asked);
        }
        Ok(())
    }

    /// Defers all effects that have not started yet.
    pub(super) fn put_all_aside(&mut self, ctx: &mut ActixContext<Self>) {
        let mut jobs = Vec::new();
        for job in std::mem::take(&mut self.ready) {
            let lane = self.lanes.remove(&job.record.correlation).unwrap_or_default();
            jobs.push(job);
            jobs.extend(lane);
        }
        for lane in self.lanes.values_mut() {
            jobs.extend(lane.drain(..));
        }
        jobs.sort_unstable_by_key(|job| job.record.position);
        for Job { record, was_asked, .. } in &jobs {
            self.finish(record);
            let event = self.services.registry.decode::<E::Events>(record);
            let put = event.and_then(|event| match event {
                Some(event) if !self.hold(record) => self.put_aside(record, event, *was_asked, ctx),
                _ => Ok(()),
            });
            // The record is in no list any more, so it cannot be retried.
            put.unwrap_or_else(|reason| self.quarantine(record, reason));
        }
    }

    /// Whether a deferred effect can be queued.
    pub(super) fn may_take(&self) -> bool {
        !self.aside.is_empty()
            && self.has_room(RetryPolicy::UntilDeadline)
            && self.has_room(RetryPolicy::UntilAnswered)
    }

    /// Reads deferred records again and queues their effects while places are free. It reads no
    /// more records than places are free, because the records in between are read as well.
    pub(super) fn take_from_aside(&mut self) -> Result<(), String> {
        let Some(first) = self.aside.first().filter(|_| self.may_take()) else { return Ok(()) };
        let free = self.limits.background_max - self.background.len();
        let journal = &self.cursor.journal;
        let records = journal.read(first - 1, free.min(TURN_RECORDS_MAX), ReadLevel::Durable);
        for record in records.map_err(|error| error.to_string())? {
            let Some(was_asked) = self.aside.was_asked(&record) else { continue };
            let job = if self.hold(&record) { Ok(None) } else { self.job_of(&record, was_asked) };
            match job {
                Ok(Some(job)) if !self.has_room(job.task.retry_policy) => return Ok(()),
                Ok(Some(job)) => self.take_up(job),
                Ok(None) => {}
                Err(reason) => self.crashed_on(&record, reason)?,
            }
            self.aside.remove(&record);
        }
        Ok(())
    }
}
