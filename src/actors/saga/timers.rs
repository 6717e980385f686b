//! The timers of saga instances. A timer is durable, and becomes a record when it fires.

use super::{SagaRunner, read};
use crate::{
    actors::{
        saga::Cursor,
        support::{RETRY_PAUSE, now},
    },
    domain::kernel::{Saga, Timestamp},
    store::{
        Cause, Payload, Principals, Record, Stream, Subject, codec,
        journal::{Entry, StoreError, Submission},
    },
    traces::Correlation,
};
use actix::{AsyncContext, Context as ActixContext};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// The longest time between two checks whether the next timer is due. The wall clock may have been
/// set forward meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The bit that marks the key of a timer; the other bits are the instance's number.
pub(super) const TIMER_BIT: u64 = 1 << 63;

impl<S: Saga> SagaRunner<S> {
    /// Replaces the timer of an instance after this record. Its own record will belong to the same
    /// owner, and to the same trace unless the server is restarted meanwhile.
    pub(super) fn set_timer(
        &mut self,
        number: u64,
        (before, after): (Option<Timestamp>, Option<Timestamp>),
        record: &Record,
        ctx: &mut ActixContext<Self>,
    ) {
        if before == after {
            return;
        }
        if let Some(time) = before {
            self.timers.remove(&(time, number));
            self.put_off.remove(&(time, number));
        }
        if let Some(time) = after {
            self.timers.insert((time, number));
            self.arm(ctx);
        }
        let owner = record.principals.as_ref().and_then(|all| all.owner.clone());
        match owner.filter(|_| after.is_some()) {
            Some(owner) => drop(self.timer_owners.insert(number, owner)),
            None => drop(self.timer_owners.remove(&number)),
        }
        match record.trace.clone().filter(|trace| trace.is_of_client() && after.is_some()) {
            Some(trace) => drop(self.timer_traces.insert(number, trace)),
            None => drop(self.timer_traces.remove(&number)),
        }
        self.timers_changed.insert(number, after);
    }

    /// The stored form of a timer.
    pub(super) fn stored_timer(&self, number: u64, time: Timestamp) -> Vec<u8> {
        match self.timer_owners.get(&number) {
            Some(owner) => codec::encode(&(time, owner)),
            None => codec::encode(&time),
        }
    }

    /// Takes a stored timer.
    pub(super) fn recall_timer(&mut self, number: u64, stored: &[u8]) -> Result<(), StoreError> {
        let time = match codec::decode::<(Timestamp, Subject)>(stored) {
            Ok((time, owner)) => {
                self.timer_owners.insert(number, owner);
                time
            }
            // Without an owner, and of an earlier version.
            Err(_) => read(stored)?,
        };
        self.timers.insert((time, number));
        Ok(())
    }

    /// Schedules the check of the next timer.
    pub(super) fn arm(&mut self, ctx: &mut ActixContext<Self>) {
        let Some((time, _)) = self.timers.first().copied() else { return };
        if self.armed.is_some_and(|(armed, _)| armed <= time) {
            return;
        }
        let pause = Duration::from_millis(time.0.saturating_sub(now().0));
        self.arm_in(pause.min(LOOK_EVERY), time, ctx);
    }

    fn arm_in(&mut self, pause: Duration, time: Timestamp, ctx: &mut ActixContext<Self>) {
        let handle = ctx.run_later(pause, Self::fire);
        if let Some((_, earlier)) = self.armed.replace((time, handle)) {
            ctx.cancel_future(earlier);
        }
    }

    /// Writes a record for every timer that is due. The instance reads it from the journal like any
    /// other record.
    pub(super) fn fire(&mut self, ctx: &mut ActixContext<Self>) {
        self.armed = None;
        // Some timers may have fired already, as records that are still to be read.
        let Cursor { is_started, after, .. } = self.cursor;
        if !is_started || after < self.recovered_head || self.is_suspended() {
            return self.arm_in(RETRY_PAUSE, Timestamp(0), ctx);
        }
        while let Some((time, number)) = self.timers.first().copied() {
            if time > now() {
                break;
            }
            if self.stops.holds(number) {
                self.put_off.extend(self.timers.pop_first());
                continue;
            }
            match self.write_fired(number) {
                Ok(()) => drop(self.timers.pop_first()),
                Err(reason) => {
                    let trace = self.timer_traces.get(&number).map(AsRef::as_ref);
                    let _entered = Correlation::of(number, trace).enter();
                    tracing::warn!(saga = S::NAME, number, reason, "a timer is late");
                    return self.arm_in(RETRY_PAUSE, Timestamp(0), ctx);
                }
            }
        }
        self.arm(ctx);
    }

    /// Makes postponed timers due again, unless their instance is still parked.
    pub(super) fn fire_timers(&mut self, ctx: &mut ActixContext<Self>) {
        let (put_off, due) = std::mem::take(&mut self.put_off)
            .into_iter()
            .partition(|(_, number)| self.stops.holds(*number));
        self.put_off = put_off;
        self.timers.extend::<BTreeSet<_>>(due);
        self.arm(ctx);
    }

    /// The principals of the record of a timer: it has no issuer, and it belongs to the owner of the
    /// record that set the timer.
    fn on_behalf_of(&self, number: u64) -> Option<Arc<Principals>> {
        let owner = self.timer_owners.get(&number)?.clone();
        Some(Arc::new(Principals { issuer: None, owner: Some(owner) }))
    }

    fn write_fired(&mut self, number: u64) -> Result<(), String> {
        let stream = Stream { kind: self.cursor.me, number };
        let after_version = if let Some(version) = self.versions.get(&number) {
            *version
        } else {
            self.cursor.journal.last_version(stream).map_err(|error| error.to_string())?
        };
        let submission = Submission {
            after_version,
            entries: vec![Entry { payload: Payload::TimerFired, typed: None }],
            correlation: number,
            cause: Cause::Timer,
            principals: self.on_behalf_of(number),
            trace: self.timer_traces.get(&number).cloned(),
            leases: [Some(self.cursor.lease.clone()), None],
            ..Submission::of(stream, self.cursor.generation, now())
        };
        self.cursor.journal.submit(submission).map_err(|error| error.to_string())?;
        self.versions.insert(number, after_version + 1);
        Ok(())
    }
}
