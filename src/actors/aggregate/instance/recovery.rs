//! Recovery of an instance: it is rebuilt from the journal, or quarantined.

use super::{Condition, Instance, pending_reply::PendingReply, waiters::Client};
use crate::{
    actors::{
        aggregate::{
            envelope::Sender,
            rehydration::{Rebuilt, rebuild},
        },
        api::{QuarantineEntry, RequestError, blocking, busy},
        operations::OperationsEvent,
        supervision::RestartDecision,
        support::{millis, now},
    },
    domain::kernel::Aggregate,
    store::journal::StoreError,
};
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The result of reading the history: the reading itself may panic, or the store may fail.
type Reading<A> = Result<Result<Rebuilt<A>, StoreError>, RequestError>;

impl<A: Aggregate> Instance<A> {
    /// Crashes the instance on a command, and refuses the command with the time to retry.
    pub(super) fn crash_on(
        &mut self,
        command: &A::Command,
        because: String,
        teller: Sender,
        ctx: &mut Context<Self>,
    ) {
        let (resource, number) = (A::NAME, self.number);
        let retry_after = self.crash(because.clone(), Some(format!("{command:?}")), ctx);
        teller.refuse(match retry_after {
            Some(retry_after) => RequestError::Crashed { resource, number, because, retry_after },
            None => RequestError::Quarantined { resource, number, because },
        });
    }

    /// Discards the state. Rebuilds it after a pause, which is returned, or quarantines the
    /// instance. After a rebuild clients go on waiting: what they wait for is in the journal.
    fn crash(
        &mut self,
        because: String,
        command: Option<String>,
        ctx: &mut Context<Self>,
    ) -> Option<Duration> {
        let (resource, number) = (A::NAME, self.number);
        tracing::error!(resource, number, because, command, "an aggregate crashed");
        self.state = A::default();
        let verdict = self.crashes.count(Instant::now(), &self.room.shared.settings);
        if let RestartDecision::Rebuild(pause) = verdict {
            self.condition = Condition::Absent;
            self.crashed.get_or_insert_with(|| (Instant::now(), because));
            self.rebuild_after(pause, ctx);
            return Some(pause);
        }
        self.crashed = None;
        let crashes = self.crashes.number();
        let since_ms = now().0;
        self.room.shared.quarantine.admit(QuarantineEntry {
            resource,
            number,
            because: because.clone(),
            command,
            position: None,
            crashes,
            since_ms,
        });
        self.waiting.refuse_all(&RequestError::Quarantined {
            resource,
            number,
            because: because.clone(),
        });
        self.condition = Condition::Quarantined(because);
        self.open_held(ctx);
        None
    }

    /// Rebuilds the state off the event loop; messages that arrive meanwhile wait in the mailbox.
    pub(super) fn rebuild_after(&mut self, pause: Duration, ctx: &mut Context<Self>) {
        let (journal, stream) =
            (Arc::clone(&self.room.shared.journal), self.room.stream(self.number));
        let (position, decided_in) = (self.position, self.generation);
        let reading = async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            // The instance's own last records may not have reached the disk yet.
            if journal.generation() == decided_in {
                let (said, settled) = oneshot::channel();
                let done = Box::new(move |_| {
                    let _ = said.send(());
                });
                journal.when_durable(position, done);
                let _ = settled.await;
            }
            let generation = journal.generation();
            let rebuilt = blocking(move || Ok(rebuild::<A>(&journal, stream))).await;
            (generation, rebuilt)
        };
        ctx.wait(reading.into_actor(self).map(|(generation, rebuilt), living, ctx| {
            living.generation = generation;
            living.take_in(rebuilt, ctx);
            living.take_pulse();
        }));
    }

    fn take_in(&mut self, rebuilt: Reading<A>, ctx: &mut Context<Self>) {
        match rebuilt {
            Ok(Ok(Rebuilt { state, version, position, records_read })) => {
                (self.state, self.version, self.position) = (state, version, position);
                self.condition = Condition::Present;
                self.note_healed();
                self.shorten_history(records_read);
                self.answer_waiting(ctx);
                self.open_held(ctx);
            }
            // The journal is healing, which is no fault of this instance: all held messages get the
            // same error.
            Ok(Err(StoreError::Failed(because))) => {
                tracing::debug!(resource = A::NAME, number = self.number, because, "put off");
                self.condition = Condition::PutOff;
                for content in mem::take(&mut self.held) {
                    content.refuse(busy("the journal"));
                }
            }
            Ok(Err(unreadable)) => drop(self.crash(unreadable.to_string(), None, ctx)),
            Err(trouble) => drop(self.crash(trouble.to_string(), None, ctx)),
        }
    }

    fn note_healed(&mut self) {
        let Some((since, because)) = self.crashed.take() else { return };
        let (resource, number, after_ms) = (A::NAME.to_owned(), self.number, millis(since));
        self.room.shared.diary.note(OperationsEvent::Rebuilt {
            resource,
            number,
            because,
            after_ms,
        });
    }

    /// Answers the waiting clients when nothing is pending any more. After a journal failure no
    /// further message may arrive to cause it, because the awaited records are lost, or already on
    /// disk.
    pub(super) fn answer_waiting(&mut self, ctx: &mut Context<Self>) {
        if self.waiting.is_empty() || self.version > 0 && self.is_pending() {
            return;
        }
        if self.version > 0 {
            return self.answer_now(ctx);
        }
        for Client { to, .. } in self.waiting.take() {
            let lost = RequestError::Failed("the journal lost it before it was durable".into());
            self.land(PendingReply::of(to, Err(lost)));
        }
    }

    /// Writes a snapshot when more records had to be read than lie between two snapshots. Then the
    /// latest snapshot was of another shape, or there was none. The next rebuild reads only the
    /// records after the new one.
    fn shorten_history(&self, records_read: u32) {
        if self.version == 0 || records_read <= self.room.shared.settings.snapshot_every_events {
            return;
        }
        let journal = &self.room.shared.journal;
        // If the journal does not take it, it is written after the next time the history is read.
        if journal.takes().is_ok() {
            self.submit_snapshot();
        }
    }

    fn open_held(&mut self, ctx: &mut Context<Self>) {
        for content in mem::take(&mut self.held) {
            self.open(content, ctx);
        }
    }
}
