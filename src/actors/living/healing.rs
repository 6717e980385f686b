//! How an aggregate comes back: rebuilt from the journal, or put into quarantine.

use super::{Condition, Living};
use crate::{
    actors::{
        crash::Verdict,
        facade::{QuarantineEntry, Trouble},
        room::{Rebuilt, blocking, now, rebuild},
    },
    domain::kernel::Aggregate,
};
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use std::{mem, sync::Arc, time::Duration, time::Instant};

impl<A: Aggregate> Living<A> {
    /// Throws the state away; rebuilds it after a pause, or keeps it out of the way for good.
    pub(super) fn crash(
        &mut self,
        because: String,
        command: Option<String>,
        ctx: &mut Context<Self>,
    ) {
        let (resource, number) = (A::NAME, self.number);
        tracing::error!(resource, number, because, command, "an aggregate crashed");
        self.waiting.clear();
        self.state = A::default();
        let verdict = self.crashes.count(Instant::now(), &self.room.shared.settings);
        if let Verdict::Rebuild(pause) = verdict {
            self.condition = Condition::Absent;
            return self.rebuild_after(pause, ctx);
        }
        let crashes = self.crashes.number();
        let since_ms = now().0;
        self.room.shared.quarantine.admit(QuarantineEntry {
            resource,
            number,
            because: because.clone(),
            command,
            crashes,
            since_ms,
        });
        self.condition = Condition::Quarantined(because);
        self.open_held(ctx);
    }

    /// Reads the past off the loop; letters that come meanwhile wait in the mailbox.
    pub(super) fn rebuild_after(&mut self, pause: Duration, ctx: &mut Context<Self>) {
        let (journal, stream) =
            (Arc::clone(&self.room.shared.journal), self.room.stream(self.number));
        let reading = async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let generation = journal.generation();
            let rebuilt = blocking(move || rebuild::<A>(&journal, stream)).await;
            (generation, rebuilt)
        };
        ctx.wait(reading.into_actor(self).map(|(generation, rebuilt), living, ctx| {
            living.generation = generation;
            living.take_in(rebuilt, ctx);
            living.take_pulse();
        }));
    }

    fn take_in(&mut self, rebuilt: Result<Rebuilt<A>, Trouble>, ctx: &mut Context<Self>) {
        match rebuilt {
            Ok(Rebuilt { state, version, position }) => {
                (self.state, self.version, self.position) = (state, version, position);
                self.condition = Condition::Present;
                self.open_held(ctx);
            }
            Err(trouble) => self.crash(trouble.to_string(), None, ctx),
        }
    }

    fn open_held(&mut self, ctx: &mut Context<Self>) {
        for content in mem::take(&mut self.held) {
            self.open(content, ctx);
        }
    }
}
