//! Recovery of an instance: it is rebuilt from the journal, or quarantined.

use super::{Condition, Instance, pending_reply::PendingReply, waiters::Client};
use crate::{
    actors::{
        aggregate::{
            envelope::Sender,
            rehydration::{Rebuilt, rebuild},
        },
        api::{QuarantineEntry, RequestError, begin_read, busy},
        operations::OperationsEvent,
        supervision::RestartDecision,
        support::{millis, now},
    },
    domain::kernel::Aggregate,
    store::journal::StoreError,
    traces::Correlation,
};
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The result of reading the history. The read may panic, or the store may fail.
type Reading<A> = Result<Result<Rebuilt<A>, StoreError>, RequestError>;

impl<A: Aggregate> Instance<A> {
    /// Crashes the instance on a command, and refuses the command with the time to retry.
    pub(super) fn crash_on(
        &mut self,
        command: &A::Command,
        reason: String,
        sender: Sender,
        ctx: &mut Context<Self>,
    ) {
        let (resource, number) = (A::NAME, self.number);
        let retry_after = self.crash(reason.clone(), Some(format!("{command:?}")), ctx);
        sender.refuse(match retry_after {
            Some(retry_after) => RequestError::Crashed { resource, number, reason, retry_after },
            None => RequestError::Quarantined { resource, number, reason },
        });
    }

    /// Discards the state. Rebuilds it after a pause, which is returned, or quarantines the
    /// instance. Clients wait on during a rebuild, because their outcome is in the journal.
    fn crash(
        &mut self,
        reason: String,
        command: Option<String>,
        ctx: &mut Context<Self>,
    ) -> Option<Duration> {
        let (resource, number) = (A::NAME, self.number);
        tracing::error!(resource, number, reason, command, "an aggregate crashed");
        self.state = A::default();
        let decision = self.crashes.count(Instant::now(), &self.aggregate.shared.settings);
        if let RestartDecision::Rebuild(pause) = decision {
            self.condition = Condition::Absent;
            self.crashed.get_or_insert_with(|| (Instant::now(), reason));
            self.rehydrate_after(pause, ctx);
            return Some(pause);
        }
        self.crashed = None;
        let crashes = self.crashes.number();
        let since_ms = now().0;
        self.aggregate.shared.quarantine.admit(QuarantineEntry {
            resource,
            number,
            reason: reason.clone(),
            command,
            position: None,
            crashes,
            since_ms,
        });
        self.waiting.refuse_all(&RequestError::Quarantined {
            resource,
            number,
            reason: reason.clone(),
        });
        self.condition = Condition::Quarantined(reason);
        self.aggregate.shared.representations.invalidate(self.aggregate.stream(number));
        self.unstash(ctx);
        None
    }

    /// Rebuilds the state off the event loop; messages that arrive meanwhile wait in the mailbox.
    pub(super) fn rehydrate_after(&mut self, pause: Duration, ctx: &mut Context<Self>) {
        let (journal, stream) =
            (Arc::clone(&self.aggregate.shared.journal), self.aggregate.stream(self.number));
        let (position, decided_in) = (self.position, self.generation);
        let has_identity = self.aggregate.shared.has_identity;
        let reading = async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            // The instance's own last records may not have reached the disk yet.
            if journal.generation() == decided_in {
                let (sender, settled) = oneshot::channel();
                let done = Box::new(move |_| {
                    let _ = sender.send(());
                });
                journal.when_durable(position, done);
                let _ = settled.await;
            }
            let generation = journal.generation();
            let read = move || Ok(rebuild::<A>(&*journal, stream, has_identity));
            let rebuilt = begin_read(read).await;
            (generation, rebuilt)
        };
        ctx.wait(reading.into_actor(self).map(|(generation, rebuilt), active, ctx| {
            active.generation = generation;
            active.on_rehydrated(rebuilt, ctx);
            active.take_activity();
        }));
    }

    fn on_rehydrated(&mut self, rebuilt: Reading<A>, ctx: &mut Context<Self>) {
        let _entered = Correlation::of(self.number, None).enter();
        match rebuilt {
            Ok(Ok(rebuilt)) => {
                let every = self.aggregate.shared.settings.snapshot_every_events;
                let needs_snapshot = rebuilt.needs_snapshot(every);
                let Rebuilt { state, version, is_born, owner, position, .. } = rebuilt;
                (self.state, self.version, self.position) = (state, version, position);
                (self.is_born, self.owner) = (is_born, owner);
                self.condition = Condition::Present;
                self.record_rebuilt();
                if needs_snapshot {
                    self.shorten_history();
                }
                self.answer_waiting(ctx);
                self.unstash(ctx);
            }
            // The journal recovers from a failure, which is no crash of this instance. All stashed
            // messages get the same error.
            Ok(Err(StoreError::Failed(reason))) => {
                tracing::debug!(resource = A::NAME, number = self.number, reason, "not rehydrated");
                self.condition = Condition::Deferral;
                for content in mem::take(&mut self.stash) {
                    content.refuse(busy("the journal"));
                }
            }
            Ok(Err(unreadable)) => drop(self.crash(unreadable.to_string(), None, ctx)),
            Err(request_error) => drop(self.crash(request_error.to_string(), None, ctx)),
        }
    }

    fn record_rebuilt(&mut self) {
        let Some((since, reason)) = self.crashed.take() else { return };
        let (resource, number, after_ms) = (A::NAME.to_owned(), self.number, millis(since));
        self.aggregate.shared.operations_log.record(OperationsEvent::Rebuilt {
            resource,
            number,
            reason,
            after_ms,
        });
    }

    /// Answers the waiting clients when nothing is pending any more. It must be called after a
    /// journal failure. The awaited records are then lost or on disk already, so no message may
    /// follow them.
    pub(super) fn answer_waiting(&mut self, ctx: &mut Context<Self>) {
        if self.waiting.is_empty() || self.version > 0 && self.is_pending() {
            return;
        }
        if self.version > 0 {
            return self.answer_now(ctx);
        }
        for Client { to, .. } in self.waiting.take() {
            let lost = RequestError::Failed("the record was lost before it was durable".into());
            self.land(PendingReply::of(to, Err(lost)));
        }
    }

    /// Writes a snapshot. The next rebuild reads only the records after it.
    fn shorten_history(&self) {
        let journal = &self.aggregate.shared.journal;
        // If the journal does not accept the snapshot now, the next rebuild writes it.
        if journal.check_accepting().is_ok() {
            self.submit_snapshot();
        }
    }

    fn unstash(&mut self, ctx: &mut Context<Self>) {
        for content in mem::take(&mut self.stash) {
            self.open(content, ctx);
        }
    }
}
