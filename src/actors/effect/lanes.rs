//! The lanes of an effect runner: effects of one conversation run one after the other, others side
//! by side up to a limit.

use super::{EffectRunner, contract::Effect, execution::Execution, job::Job};
use crate::{actors::support::catch_panic, domain::kernel::Patience, store::Record};
use actix::{AsyncContext, Context as ActixContext};
use std::{collections::VecDeque, sync::Arc, time::Duration};

impl<E: Effect> EffectRunner<E> {
    pub(super) fn take_up(&mut self, job: Job) {
        let record = &job.record;
        match job.trip.patience {
            Patience::Limited => self.hurried.insert(record.position),
            Patience::UntilAnswered => self.patient.insert(record.position),
        };
        if let Some(lane) = self.lanes.get_mut(&record.correlation) {
            lane.push_back(job);
        } else {
            self.lanes.insert(record.correlation, VecDeque::new());
            self.ready.push_back(job);
        }
    }

    pub(super) fn finish(&mut self, record: &Record) {
        self.hurried.remove(&record.position);
        self.patient.remove(&record.position);
        self.poisoned.forget(record);
    }

    pub(super) fn job(
        &self,
        record: &Arc<Record>,
        heard: E::Hears,
        was_asked: bool,
    ) -> Result<Option<Job>, String> {
        let trip = catch_panic(|| self.errand.run(heard, record.meta(), was_asked))
            .map_err(|because| format!("record {}: {because}", record.position))?;
        Ok(trip.map(|trip| Job { record: Arc::clone(record), trip }))
    }

    /// The job for the effect of a record, if it asks for one.
    pub(super) fn job_of(
        &self,
        record: &Arc<Record>,
        was_asked: bool,
    ) -> Result<Option<Job>, String> {
        match self.services.rooms.hear::<E::Hears>(record)? {
            Some(heard) => self.job(record, heard, was_asked),
            None => Ok(None),
        }
    }

    pub(super) fn run_later(
        &self,
        record: Arc<Record>,
        pause: Duration,
        ctx: &mut ActixContext<Self>,
    ) {
        let generation = self.following.generation;
        ctx.run_later(pause, move |messenger, ctx| messenger.run_again(record, generation, ctx));
    }

    /// Runs an unsuccessful effect again, unless the runner has started over meanwhile.
    pub(super) fn run_again(
        &mut self,
        record: Arc<Record>,
        generation: u64,
        ctx: &mut ActixContext<Self>,
    ) {
        if !self.following.is_current(generation) {
            return;
        }
        match self.job_of(&record, true) {
            Ok(job) => self.ready.extend(job),
            Err(because) => self.crashed_on_its_way(record, because, ctx),
        }
        self.start_ready(ctx);
    }

    pub(super) fn start_ready(&mut self, ctx: &mut ActixContext<Self>) {
        while self.under_way < self.limits.under_way_max {
            let Some(job) = self.ready.pop_front() else { return };
            self.go_out(job, ctx);
        }
    }

    pub(super) fn go_out(&mut self, Job { record, trip }: Job, ctx: &mut ActixContext<Self>) {
        self.under_way += 1;
        let way = Execution {
            by: self.following.me,
            mandate: self.following.mandate(),
            rooms: Arc::clone(&self.services.rooms),
            contexts: Arc::clone(&self.services.contexts),
            journal: Arc::clone(&self.following.journal),
            messenger: ctx.address(),
            round: self.round.clone(),
        };
        actix::spawn(way.go(record, trip.running));
    }
}
