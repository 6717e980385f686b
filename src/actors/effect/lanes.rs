//! The lanes of an effect runner, one for each conversation.
//!
//! Effects of one conversation run one after the other. Effects of different conversations run
//! concurrently, up to a limit.

use super::{
    EffectRunner,
    contract::{Effect, EffectContext},
    execution::Execution,
    job::Job,
};
use crate::{
    actors::support::{catch_panic, spawn},
    domain::kernel::RetryPolicy,
    store::Record,
    traces::TraceContext,
};
use actix::{AsyncContext, Context as ActixContext};
use std::{collections::VecDeque, sync::Arc, time::Duration};

impl<E: Effect> EffectRunner<E> {
    pub(super) fn take_up(&mut self, job: Job) {
        let record = &job.record;
        match job.task.retry_policy {
            RetryPolicy::UntilDeadline => self.urgent.insert(record.position),
            RetryPolicy::UntilAnswered => self.background.insert(record.position),
        };
        if let Some(lane) = self.lanes.get_mut(&record.correlation) {
            lane.push_back(job);
        } else {
            self.lanes.insert(record.correlation, VecDeque::new());
            self.ready.push_back(job);
        }
    }

    pub(super) fn finish(&mut self, record: &Record) {
        self.urgent.remove(&record.position);
        self.background.remove(&record.position);
        self.poisoned.forget(record);
    }

    pub(super) fn job(
        &self,
        record: &Arc<Record>,
        event: E::Events,
        was_asked: bool,
    ) -> Result<Option<Job>, String> {
        let context = EffectContext {
            trace: self.trace_of(record),
            record: Arc::clone(record),
            journal: Arc::clone(&self.services.journal),
            registry: Arc::clone(&self.services.registry),
        };
        let task = catch_panic(|| self.effect.run(event, record.meta(), was_asked, context))
            .map_err(|reason| format!("record {}: {reason}", record.position))?;
        Ok(task.map(|task| Job { record: Arc::clone(record), task, was_asked }))
    }

    /// The trace of the effect of a record: in the span of the effect if it is recorded, and in the
    /// span of the request otherwise.
    fn trace_of(&self, record: &Record) -> Option<TraceContext> {
        let business = E::NAME.split('/').next().unwrap_or_default();
        let recorded = self.services.tracer.as_ref().and_then(|tracer| {
            let conversation = (business, record.correlation);
            let recorded = tracer.recorded(record.trace.as_deref(), conversation)?;
            let own = tracer.ids().reaction(record.position, self.cursor.me.0);
            Some(recorded.with_span(own))
        });
        let client = || record.trace.as_deref().filter(|trace| trace.is_of_client()).copied();
        recorded.or_else(client)
    }

    /// The job for the effect of a record, if the record requires one.
    pub(super) fn job_of(
        &self,
        record: &Arc<Record>,
        was_asked: bool,
    ) -> Result<Option<Job>, String> {
        match self.services.registry.decode::<E::Events>(record)? {
            Some(event) => self.job(record, event, was_asked),
            None => Ok(None),
        }
    }

    pub(super) fn run_later(
        &self,
        record: Arc<Record>,
        pause: Duration,
        ctx: &mut ActixContext<Self>,
    ) {
        let generation = self.cursor.generation;
        ctx.run_later(pause, move |effect_runner, ctx| {
            effect_runner.run_again(record, generation, ctx);
        });
    }

    /// Runs an unsuccessful effect again, unless the runner has started over in the meantime.
    pub(super) fn run_again(
        &mut self,
        record: Arc<Record>,
        generation: u64,
        ctx: &mut ActixContext<Self>,
    ) {
        if !self.cursor.is_current(generation) {
            return;
        }
        match self.job_of(&record, true) {
            Ok(job) => self.ready.extend(job),
            Err(reason) => self.crashed_on_its_way(record, reason, ctx),
        }
        self.start_ready(ctx);
    }

    pub(super) fn start_ready(&mut self, ctx: &mut ActixContext<Self>) {
        while self.under_way < self.limits.under_way_max {
            let Some(job) = self.ready.pop_front() else { return };
            self.go_out(job, ctx);
        }
    }

    pub(super) fn go_out(&mut self, Job { record, task, .. }: Job, ctx: &mut ActixContext<Self>) {
        self.under_way += 1;
        let execution = Execution {
            by: self.cursor.me,
            fence: self.cursor.fence(),
            registry: Arc::clone(&self.services.registry),
            components: Arc::clone(&self.services.components),
            journal: Arc::clone(&self.cursor.journal),
            effect_runner: ctx.address(),
            round: self.round.clone(),
        };
        spawn(execution.go(record, task.running));
    }
}
